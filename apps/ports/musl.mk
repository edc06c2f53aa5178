# SPDX-License-Identifier: MIT
# musl, unchanged but for two things that need no edit: -iquote puts our syscall_arch.h before its own, and the members that hold
# a raw `syscall` instruction give way to those in libos/musl. It is built once; the overrides are compiled for themselves.

$(eval $(call port,musl,musl,musl_1.2.3.orig.tar.gz,7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4))

musl.cflags := -O2 -g -fno-pic -fno-pie -fcf-protection=none -fno-stack-protector -iquote $(CURDIR)/libos/musl
$(call remember,musl.cflags,$(CC) $(musl.cflags))
musl.raw := __set_thread_area clone __unmapself syscall_cp vfork restore

build/musl/built: build/src/musl/unpacked libos/musl/syscall_arch.h build/flags/musl.cflags
	$(call say,MUSL)
	@rm -rf build/musl && mkdir -p build/musl
	@cd build/musl && { ../src/musl/configure --disable-shared --prefix=/ --includedir=/include --libdir=/lib \
	    CC=$(CC) CFLAGS="$(musl.cflags)" && $(MAKE) && $(MAKE) DESTDIR=$(CURDIR)/build/musl/out install-libs install-headers; } >log 2>&1 \
	    || { echo "musl does not build: see build/musl/log" >&2; exit 1; }
	@touch $@

# The overrides are application code, so they may use what musl uses.
musl-overrides.cc := $(CC)
musl-overrides.cflags := -std=gnu11 -g -Wall -Wextra -Werror $(musl.cflags)
$(eval $(call objects,musl-overrides,$(sort $(wildcard libos/musl/*.c libos/musl/*.asm))))

# libc.a anew from musl's objects: `ar d` would not do, musl has two members of the name clone.o.
build/sdk/lib/libc.a: build/musl/built build/flags/musl-overrides.objects $(musl-overrides.objects)
	$(call say,AR)
	@mkdir -p build/sdk/lib build/sdk/include && rm -f $@
	@cp -a build/musl/out/include/. build/sdk/include/
	@cp -a build/musl/out/lib/*crt*.o build/musl/out/lib/lib{crypt,dl,m,pthread,resolv,rt,util}.a build/sdk/lib/
	@find build/musl/obj/src -name '*.o' $(musl.raw:%=! -path '*/x86_64/%.o') | sort | xargs ar qcsD $@ $(musl-overrides.objects)
	@! objdump -d $@ | grep -Pq '\tsyscall *$$' || { echo "libc.a still holds a raw syscall" >&2; rm $@; exit 1; }

# The kernel headers that programs include beside libc's: those of the machine that builds.
build/sdk/include/linux: build/sdk/lib/libc.a
	@cp -a /usr/include/linux /usr/include/asm-generic /usr/include/mtd build/sdk/include/
	@cp -a /usr/include/$$($(CC) -print-multiarch)/asm build/sdk/include/
	@touch $@
