# SPDX-License-Identifier: MIT
# From objdump -d: the offsets of the instructions between exo_resume_begin and exo_resume_end. Local labels in between
# are lines of their own, as "<exo_resume_begin.pending>:", and end nothing.
function number(hex,    i, value) {
    for (i = 1; i <= length(hex); i++)
        value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
    return value
}
/<exo_resume_begin>:$/ { within = 1; first = number(tolower($1)) }
/<exo_resume_end>:$/ { within = 0; last = number(tolower($1)) }
within && /^ *[0-9a-f]+:/ { sub(/:/, "", $1); steps = steps (steps ? ", " : "") (number($1) - first) }
END { printf "#define RESUME_STEPS %s\n#define RESUME_LENGTH %d\n", steps, last - first }
