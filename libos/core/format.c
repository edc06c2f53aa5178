/* SPDX-License-Identifier: MIT
 *
 * printf's conversions into a buffer: %d %i %u %x %X %o %p %c %s %%, with flags
 * 0 and -, width, precision (* too), and h, l, ll, z, t, j.
 */
#include "core.h"
#include <stdarg.h>

struct sink { char *buf; size_t size, used; };
struct spec { int width, precision, length; bool zero, left, plus; };

static void put(struct sink *s, char c)
{
	if (s->used + 1 < s->size)
		s->buf[s->used] = c;
	s->used++;
}

static void put_field(struct sink *s, const char *text, int n, const struct spec *f)
{
	for (int i = n; i < f->width && !f->left; i++)
		put(s, ' ');
	for (int i = 0; i < n; i++)
		put(s, text[i]);
	for (int i = n; i < f->width && f->left; i++)
		put(s, ' ');
}

static void put_number(struct sink *s, uint64_t v, unsigned base, char sign, bool upper,
                       const struct spec *f)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[72], *at = text + sizeof text;
	int least = f->precision >= 0 ? f->precision : 1;

	if (f->zero && !f->left && f->precision < 0)
		least = f->width - (sign ? 1 : 0);
	if (least > 64)
		least = 64;
	for (int n = 0; v || n < least; n++, v /= base)
		*--at = digits[v % base];
	if (sign)
		*--at = sign;
	put_field(s, at, (int)(text + sizeof text - at), f);
}

static uint64_t take(va_list *args, int length, bool is_signed)
{
	uint64_t v;

	if (length > 0)
		return va_arg(*args, uint64_t);
	v = is_signed ? (uint64_t)(int64_t)va_arg(*args, int) : va_arg(*args, unsigned);
	if (length == -1)
		v = is_signed ? (uint64_t)(int64_t)(short)v : (uint16_t)v;
	else if (length <= -2)
		v = is_signed ? (uint64_t)(int64_t)(signed char)v : (uint8_t)v;
	return v;
}

static void put_string(struct sink *s, const char *text, const struct spec *f)
{
	int n = 0;

	if (!text)
		text = "(null)";
	while ((f->precision < 0 || n < f->precision) && text[n])
		n++;
	put_field(s, text, n, f);
}

static void convert(struct sink *s, char c, struct spec *f, va_list *args)
{
	int64_t v;
	char one;

	switch (c) {
	case 'd': case 'i':
		v = (int64_t)take(args, f->length, true);
		put_number(s, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0 ? '-' : f->plus ? '+' : 0, false, f);
		break;
	case 'u': put_number(s, take(args, f->length, false), 10, 0, false, f); break;
	case 'o': put_number(s, take(args, f->length, false), 8, 0, false, f); break;
	case 'x': case 'X':
		put_number(s, take(args, f->length, false), 16, 0, c == 'X', f);
		break;
	case 'p':
		put(s, '0');
		put(s, 'x');
		put_number(s, (uint64_t)va_arg(*args, void *), 16, 0, false, f);
		break;
	case 's': put_string(s, va_arg(*args, const char *), f); break;
	case 'c':
		one = (char)va_arg(*args, int);
		put_field(s, &one, 1, f);
		break;
	default: put(s, c);
	}
}

static const char *parse_number(const char *p, int *out, va_list *args)
{
	if (*p == '*') {
		*out = va_arg(*args, int);
		return p + 1;
	}
	for (*out = 0; *p >= '0' && *p <= '9'; p++)
		*out = *out * 10 + (*p - '0');
	return p;
}

static const char *parse(const char *p, struct spec *f, va_list *args)
{
	*f = (struct spec){ .precision = -1 };
	for (;; p++) {
		if (*p == '0')
			f->zero = true;
		else if (*p == '-')
			f->left = true;
		else if (*p == '+')
			f->plus = true;
		else
			break;
	}
	p = parse_number(p, &f->width, args);
	if (f->width < 0) {
		f->left = true;
		f->width = -f->width;
	}
	if (*p == '.')
		p = parse_number(p + 1, &f->precision, args);
	for (;; p++) {
		if (*p == 'l' || *p == 'z' || *p == 't' || *p == 'j')
			f->length = 1;
		else if (*p == 'h')
			f->length--;
		else
			return p;
	}
}

int vformat(char *buf, size_t size, const char *fmt, va_list original)
{
	struct sink s = { buf, size, 0 };
	struct spec f;
	va_list args;

	va_copy(args, original);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&s, *fmt);
			continue;
		}
		fmt = parse(fmt + 1, &f, &args);
		if (!*fmt)
			break;
		convert(&s, *fmt, &f, &args);
	}
	va_end(args);
	if (size)
		buf[s.used < size ? s.used : size - 1] = 0;
	return (int)s.used;
}

int format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vformat(buf, size, fmt, args);
	va_end(args);
	return n;
}
