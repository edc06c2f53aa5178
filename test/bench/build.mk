# SPDX-License-Identifier: MIT
# `make bench`: three programs, linked with the libOS, that test/bench/run boots and reads.

bench.cc := build/sdk/bin/exo-gcc
bench.cflags := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Ilibos
bench.generated := build/sdk/ready
bench.programs := build/bench/boot build/bench/root/bin/rows build/bench/root/bin/exec
$(eval $(call objects,bench,$(wildcard test/bench/*.c)))
bench.object = $(patsubst %,build/obj/bench/test/bench/%.c.o,$1)

build/bench/boot: $(call bench.object,boot)
build/bench/boot: bench.ldflags := -Wl,-e,bench_first
build/bench/root/bin/rows: $(call bench.object,rows kit rows_kernel rows_events handlers.exo rows_switch rows_memory)
build/bench/root/bin/exec: $(call bench.object,exec kit)
$(bench.programs): build/sdk/ready test/bench/build.mk
	$(call say,LINK)
	@mkdir -p $(@D)
	@$(bench.cc) -s $(bench.ldflags) -o $@ $(filter %.o,$^)

bench: all $(bench.programs)
	@test/bench/run
