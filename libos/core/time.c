/* SPDX-License-Identifier: MIT
 *
 * Clocks: the TSC, scaled by what the kernel measured, and the RTC read once for
 * the time of day.
 */
#include "arena.h"
#include "io.h"
#include "time.h"

#define NS_PER_MS 1000000ul
#define NS_PER_S  1000000000l
#define FAR (UINT64_MAX >> 1)
#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

static uint64_t ns_per_tick, ticks_per_ns; /* as fractions of 2^32 */
static uint64_t tsc_entry;

void time_init(void)
{
	uint64_t khz = info()->tsc_khz ? info()->tsc_khz : NS_PER_MS;

	ns_per_tick = (NS_PER_MS << 32) / khz;
	ticks_per_ns = (khz << 32) / NS_PER_MS;
	tsc_entry = info()->tsc_entry;
}

uint64_t time_of_tsc(uint64_t tsc)
{
	return (uint64_t)(((unsigned __int128)(tsc - tsc_entry) * ns_per_tick) >> 32);
}

uint64_t time_ns(void)
{
	return time_of_tsc(rdtsc());
}

/* Rounded up, so that time_ns() has reached ns when the TSC has; what is too far away
 * to be counted is never. */
uint64_t time_to_tsc(uint64_t ns)
{
	unsigned __int128 ticks = ((unsigned __int128)ns * ticks_per_ns) >> 32;

	return ticks > FAR ? FAR : tsc_entry + (uint64_t)ticks + 2;
}

uint64_t time_ticks(uint64_t ns)
{
	return (uint64_t)(((unsigned __int128)ns * ticks_per_ns) >> 32);
}

uint64_t time_boot_tsc(void)
{
	return tsc_entry;
}

static uint8_t cmos(uint8_t index)
{
	outb(CMOS_INDEX, index);
	return inb(CMOS_DATA);
}

enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };

/* Between updates; twice the same means that none came in between. */
static void cmos_read(uint8_t field[FIELDS])
{
	static const uint8_t index[FIELDS] = { 0, 2, 4, 7, 8, 9 };
	uint8_t again[FIELDS];

	for (int tries = 0; tries < 1000; tries++) {
		for (uint64_t wait = 0; wait < 1000000 && cmos(10) & 0x80; wait++)
			;
		for (int i = 0; i < FIELDS; i++)
			field[i] = cmos(index[i]);
		for (int i = 0; i < FIELDS; i++)
			again[i] = cmos(index[i]);
		if (!memcmp(field, again, FIELDS))
			return;
	}
}

/* Days since 1970 of a date of the Gregorian calendar, whose years begin in March here. */
static int64_t days(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	return 365 * year + year / 4 - year / 100 + year / 400
		+ (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1 - 719468;
}

static int64_t rtc_seconds(void)
{
	uint8_t f[FIELDS], mode = cmos(11);
	bool pm;

	cmos_read(f);
	pm = !(mode & 2) && f[HOUR] & 0x80;
	f[HOUR] &= 0x7f;
	if (!(mode & 4))
		for (int i = 0; i < FIELDS; i++)
			f[i] = (uint8_t)((f[i] >> 4) * 10 + (f[i] & 15));
	if (!(mode & 2))
		f[HOUR] = (uint8_t)(f[HOUR] % 12 + (pm ? 12 : 0));
	return days(2000 + f[YEAR], f[MONTH], f[DAY]) * 86400 + f[HOUR] * 3600 + f[MINUTE] * 60 + f[SECOND];
}

int64_t time_real_offset(void)
{
	if (!ARENA->real_offset && ports_open(CMOS_INDEX, 2) == 0)
		ARENA->real_offset = rtc_seconds() * NS_PER_S - (int64_t)time_ns();
	return ARENA->real_offset;
}
