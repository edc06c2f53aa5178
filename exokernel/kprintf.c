/* SPDX-License-Identifier: MIT */
#include "kprintf.h"

struct spec {
    unsigned width;
    bool zero, is_long;
};

char kernel_log[KERNEL_LOG_SIZE];
static unsigned logged;

static void put(char c) {
    if (logged < KERNEL_LOG_SIZE - 1)
        kernel_log[logged++] = c;
    if (c == '\n')
        serial_putc('\r');
    serial_putc(c);
}

static void put_field(const char *text, unsigned length, const struct spec *s) {
    for (unsigned i = length; i < s->width; i++)
        put(s->zero ? '0' : ' ');
    for (unsigned i = 0; i < length; i++)
        put(text[i]);
}

static void put_number(uint64_t value, unsigned base, bool negative, const struct spec *s) {
    char digits[24], *at = digits + sizeof digits;
    do
        *--at = "0123456789abcdef"[value % base];
    while (value /= base);
    if (negative)
        *--at = '-';
    put_field(at, digits + sizeof digits - at, s);
}

static void put_argument(char conversion, const struct spec *s, va_list *args) {
    if (conversion == 'd') {
        int64_t v = s->is_long ? va_arg(*args, int64_t) : va_arg(*args, int);
        put_number(v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0, s);
    } else if (conversion == 'u' || conversion == 'x') {
        uint64_t v = s->is_long ? va_arg(*args, uint64_t) : va_arg(*args, unsigned);
        put_number(v, conversion == 'u' ? 10 : 16, false, s);
    } else if (conversion == 'p') {
        put('0'), put('x');
        put_number((uint64_t)va_arg(*args, void *), 16, false, s);
    } else if (conversion == 's') {
        const char *text = va_arg(*args, const char *);
        unsigned length = 0;
        while (text[length])
            length++;
        put_field(text, length, s);
    } else {
        put(conversion == 'c' ? va_arg(*args, int) : conversion);
    }
}

void kvprintf(const char *f, va_list original) {
    va_list args;
    va_copy(args, original);
    for (; *f; f++) {
        if (*f != '%') {
            put(*f);
            continue;
        }
        struct spec s = {0};
        s.zero = f[1] == '0';
        for (f++; *f >= '0' && *f <= '9'; f++)
            s.width = s.width * 10 + *f - '0';
        for (; *f == 'l'; f++)
            s.is_long = true;
        if (!*f)
            break;
        put_argument(*f, &s, &args);
    }
    va_end(args);
}

void kprintf(const char *format, ...) {
    va_list args;
    va_start(args, format);
    kvprintf(format, args);
    va_end(args);
}
