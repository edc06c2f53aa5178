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
END {
    if (file) report()
    printf "%6d in the kernel's own headers, %d in the ABI's\n", total["header"], total["abi"]
    printf "%6d in C and assembly; the aim for all of ring 0 is %d\n", total["source"], aim
}

function report() {
    printf "%6d %s\n", lines, file
    total[file ~ /^include/ ? "abi" : file ~ /\.h$/ ? "header" : "source"] += lines
}

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
