# SPDX-License-Identifier: MIT
# The kernel: boot/ and exokernel/ in one ELF64 for Multiboot2 and PVH. New sources are found by their folder.

kernel.sources := $(sort $(wildcard boot/*.c boot/*.asm exokernel/*.c exokernel/*.asm exokernel/arch/x86_64/*.c exokernel/arch/x86_64/*.asm))
kernel.cc := $(CC)
kernel.cflags := -std=gnu11 -O2 -g -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-pic \
    -fcf-protection=none -fno-asynchronous-unwind-tables -fno-omit-frame-pointer -Wall -Wextra -Werror \
    -Iinclude -Iexokernel -Iexokernel/arch/x86_64
kernel.asflags := -Iinclude/ -Iexokernel/ -Iexokernel/arch/x86_64/ -Ibuild/gen/
kernel.generated := build/gen/exo_offsets.inc
$(eval $(call objects,kernel,$(kernel.sources)))

.PHONY: kernel loc
kernel: build/exokernel.elf

build/exokernel.elf: boot/kernel.ld build/flags/kernel.objects $(kernel.objects)
	$(call say,LD)
	@ld -m elf_x86_64 -nostdlib -static --build-id=none -z noexecstack -z max-page-size=4096 -T boot/kernel.ld -o $@ $(kernel.objects)

# Every source that the release kernel is made of: its own files and the ABI headers that the compiler says it read.
loc: build/exokernel.elf
	@awk -v aim=4000 -f test/loc.awk $(sort $(kernel.sources) $(wildcard exokernel/*.h exokernel/arch/x86_64/*.h boot/*.h) \
	    $(filter include/exo/abi/%,$(patsubst %:,%,$(shell cat $(wildcard $(kernel.objects:.o=.d)) /dev/null))))
