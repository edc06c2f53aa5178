# SPDX-License-Identifier: MIT
# Guest tests: images that take init's place and call the kernel without a libOS. Each prefix of test/guest/kernel/*_*.c is
# an image, build/test/guest/PREFIX, and a suite, test/guest/run:PREFIX.

guest.images := $(sort $(foreach f,$(wildcard test/guest/kernel/*_*.c),$(firstword $(subst _, ,$(notdir $f)))))
guest.images := $(filter-out rt,$(guest.images))
guest.sources := $(sort $(wildcard test/guest/kernel/*.c test/guest/kernel/*.asm))
guest.cc := $(CC)
guest.cflags := -std=gnu11 -O2 -g -ffreestanding -mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-pic \
    -fcf-protection=none -fno-asynchronous-unwind-tables -fno-toplevel-reorder -fno-tree-loop-distribute-patterns \
    -Wall -Wextra -Wno-clobbered -Wno-array-bounds -Werror -Iinclude
$(eval $(call objects,guest,$(guest.sources)))

guest.runtime := $(filter build/obj/guest/test/guest/kernel/rt% build/obj/guest/test/guest/kernel/%.asm.o,$(guest.objects))
guest.outputs := $(patsubst %,build/test/guest/%,$(guest.images))

define guest.image
build/test/guest/$1: $(guest.runtime) $(filter build/obj/guest/test/guest/kernel/$1_%,$(guest.objects)) build/flags/guest.objects
	$$(call say,LD)
	@mkdir -p $$(@D)
	@ld -m elf_x86_64 -nostdlib -static --build-id=none -z noexecstack -z max-page-size=4096 -z separate-code \
	    -Ttext-segment=0x400000 -o $$@ $$(filter %.o,$$^)
endef
$(foreach i,$(guest.images),$(eval $(call guest.image,$i)))

# The kernel's structures, for the oracle.
build/test/oracle/layout: test/oracle/layout.c $(wildcard exokernel/*.h exokernel/arch/x86_64/*.h include/exo/abi/*.h)
	$(call say,CC)
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 -O1 -Wall -Wextra -Werror -Iinclude -Iexokernel -Iexokernel/arch/x86_64 -o $@ $<

# `sched` compares times: a tick is an instruction there. `oracle` only leaves something to look at. On Bochs the same images
# meet another processor: one that checks alignment, and single-steps as real ones do.
guest.plain := $(filter-out oracle sched,$(guest.images))
guest.suites := $(guest.plain:%=test/guest/run:%) test/guest/run:sched:ICOUNT=1
guest.slow := $(patsubst %,test/guest/run:%:EMU=bochs:BOOT=grub,$(filter-out oracle boot,$(guest.images))) \
    $(patsubst %,test/guest/run:%:CPU=qemu64,$(guest.plain))
oracle.suites := test/oracle/run:oracle:selftest $(patsubst %,test/oracle/run:%,$(filter-out oracle boot,$(guest.images)))

.PHONY: guest-tests
guest-tests: $(guest.outputs) build/exokernel.elf build/test/oracle/layout
