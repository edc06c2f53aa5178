/* SPDX-License-Identifier: MIT
 *
 * Random bytes: ChaCha20 (RFC 8439) with a key that each request replaces, so
 * that a key found later does not tell earlier output. The first key is mixed
 * from RDRAND, where the CPU has it, the clocks, and the lengths of short waits.
 */
#include "fs/random.h"
#include "core/io.h"

static uint32_t rotate(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void quarter(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

static void block(const uint32_t key[8], uint32_t counter, uint32_t out[16])
{
	static const uint32_t head[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	uint32_t s[16];
	unsigned i;

	memcpy(s, head, sizeof head);
	memcpy(s + 4, key, 32);
	s[12] = counter;
	s[13] = s[14] = s[15] = 0;
	memcpy(out, s, sizeof s);
	for (i = 0; i < 10; i++) {
		quarter(s, 0, 4, 8, 12);
		quarter(s, 1, 5, 9, 13);
		quarter(s, 2, 6, 10, 14);
		quarter(s, 3, 7, 11, 15);
		quarter(s, 0, 5, 10, 15);
		quarter(s, 1, 6, 11, 12);
		quarter(s, 2, 7, 8, 13);
		quarter(s, 3, 4, 9, 14);
	}
	for (i = 0; i < 16; i++)
		out[i] += s[i];
}

static uint64_t hardware(void)
{
	uint32_t a = 1, b, c = 0, d, tries;
	uint64_t v = 0;
	uint8_t ok = 0;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	for (tries = 0; (c & 1u << 30) && !ok && tries < 16; tries++)
		__asm__ volatile("rdrand %0; setc %1" : "=r"(v), "=qm"(ok) : : "cc");
	return v;
}

void random_init(void)
{
	uint32_t *key = (uint32_t *)vfs_state()->random, out[16];
	unsigned i, j;

	for (i = 0; i < 64; i++) {
		uint64_t noise = hardware() ^ rdtsc() ^ (uint64_t)real_ns() << 20;

		key[i % 8] ^= (uint32_t)noise;
		key[(i + 3) % 8] ^= (uint32_t)(noise >> 32);
		for (j = 0; j < (noise & 31); j++)
			__asm__ volatile("pause");
		if (i % 8 == 7) {
			block(key, i, out);
			memcpy(key, out, 32);
		}
	}
}

int random_put(struct io *io, size_t n)
{
	uint32_t key[8], out[16], counter = 0;
	int r = 0;

	vfs_lock();
	block((uint32_t *)vfs_state()->random, 0, out);
	memcpy(vfs_state()->random, out, 32);
	memcpy(key, out + 8, sizeof key);
	vfs_unlock();
	while (n && r == 0) {
		size_t part = n < sizeof out ? n : sizeof out;

		block(key, ++counter, out);
		r = io_put(io, out, part);
		n -= part;
	}
	return r;
}
