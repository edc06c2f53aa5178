# SPDX-License-Identifier: MIT
# What a fresh Debian 12 with git and make lacks. root gets it installed here, before any rule runs; others get the one line to copy.

# tool-or-file:package
NEEDED := gcc:gcc ld:binutils nasm:nasm python3:python3 bzip2:bzip2 cpio:cpio xorriso:xorriso mformat:mtools \
    /usr/include/stdlib.h:libc6-dev /usr/include/linux/fs.h:linux-libc-dev /etc/services:netbase \
    grub-mkrescue:grub-common /usr/lib/grub/i386-pc/multiboot2.mod:grub-pc-bin \
    /usr/lib/grub/x86_64-efi/multiboot2.mod:grub-efi-amd64-bin /usr/share/OVMF/OVMF_CODE_4M.fd:ovmf \
    qemu-system-x86_64:qemu-system-x86 bochs-bin:bochs

missing-packages = $(sort $(shell for pair in $(NEEDED); do IFS=: read -r tool package <<<$$pair; \
    command -v $$tool >/dev/null || test -e $$tool || echo $$package; done))
MISSING := $(missing-packages)

ifneq (,$(MISSING))
ifneq (0,$(shell id -u))
$(error missing packages; run as root: apt-get install --no-install-recommends -y $(MISSING))
endif
$(shell mkdir -p build; echo "installing $(MISSING)" >&2; exec </dev/null >build/packages.log 2>&1; apt-get -qq update; \
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y $(MISSING))
MISSING := $(missing-packages)
ifneq (,$(MISSING))
$(error apt-get could not install $(MISSING): see build/packages.log)
endif
endif
