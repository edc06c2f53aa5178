# SPDX-License-Identifier: MIT
# Lines that are neither blank nor comment, per file and in all. C comments in .c and .h, ';' comments in .asm.

FNR == 1 { if (file) report(); file = FILENAME; lines = 0; inside = 0; assembly = file ~ /\.asm$/ }
{
    text = $0
    if (assembly)
        sub(/;.*/, "", text)
    else
        text = without_comments(text)
    if (text ~ /[^ \t\r]/)
        lines++
}
END { if (file) report(); printf "%6d of %d (the aim for all of ring 0)\n", total, aim }

function report() { printf "%6d %s\n", lines, file; total += lines }

function without_comments(text,    kept, at)
{
    kept = ""
    for (;;) {
        if (inside) {
            if (!(at = index(text, "*/")))
                return kept
            text = substr(text, at + 2)
            inside = 0
        }
        sub(/^[ \t]*\/\/.*/, "", text)
        if (!(at = index(text, "/*")))
            return kept text
        kept = kept substr(text, 1, at - 1)
        text = substr(text, at + 2)
        inside = 1
    }
}
