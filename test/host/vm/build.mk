# SPDX-License-Identifier: MIT
# libos/vm on the host, with sanitizers: build/test/host/vm_test, a suite.

hostvm.sources := $(sort $(wildcard test/host/vm/*.c libos/vm/*.c))
hostvm.cc := $(CC)
# The libOS's objects cast what is aligned by construction, and have memory functions of their own.
hostvm.cflags := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fno-builtin \
    -Wall -Wextra -Werror -Itest/host/vm -Iinclude -Ilibos
$(eval $(call objects,hostvm,$(hostvm.sources)))

build/test/host/vm_test: $(hostvm.objects) build/flags/hostvm.objects
	$(call say,LD)
	@mkdir -p $(@D)
	@$(CC) -fsanitize=address,undefined -o $@ $(filter %.o,$^)

host.tests += build/test/host/vm_test
