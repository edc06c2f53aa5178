# SPDX-License-Identifier: MIT
# Unit tests of the kernel's core on the host: its sources as they are, with sanitizers, on the machine of machine.c.
# Each test/host/*_test.c becomes build/test/host/NAME_test.

host.sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
host.flags := -std=gnu11 -O1 -g $(host.sanitize) -fno-omit-frame-pointer -Wall -Wextra -Werror \
    -Itest/host -Iinclude -Iexokernel -Iexokernel/arch/x86_64 -include test/host/shim/arch.h

hostcore.sources := $(patsubst %,exokernel/%.c,cap env event frame pte release sched slice syscall syscall_env)
hostcore.cc := $(CC)
hostcore.cflags := $(host.flags) -fsanitize-coverage=trace-pc
$(eval $(call objects,hostcore,$(hostcore.sources)))

hosttest.sources := $(sort $(wildcard test/host/*.c))
hosttest.cc := $(CC)
hosttest.cflags := $(host.flags)
$(eval $(call objects,hosttest,$(hosttest.sources)))

host.tests := $(patsubst test/host/%.c,build/test/host/%,$(wildcard test/host/*_test.c))
host.common := $(filter-out %_test.c.o,$(hosttest.objects))

$(host.tests): build/test/host/%: build/obj/hosttest/test/host/%.c.o $(host.common) $(hostcore.objects) build/flags/hosttest.objects
	$(call say,LD)
	@mkdir -p $(@D)
	@$(CC) $(host.sanitize) -o $@ $(filter %.o,$^)

.PHONY: host-tests
host-tests: $(host.tests)
