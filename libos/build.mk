# SPDX-License-Identifier: MIT
# libexo-os.a, and the SDK around it in build/sdk: what `exo-gcc` needs, laid out as it is installed.

libos.sources := $(sort $(filter-out libos/musl/%,$(wildcard libos/*/*.c libos/*/*.asm)))
libos.cc := $(CC)
libos.cflags := -std=gnu11 -O2 -g -ffreestanding -fno-pic -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
    -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -Wall -Wextra -Werror -Iinclude -Ilibos
libos.asflags := -Iinclude/ -Ilibos/ -Ibuild/gen/
libos.generated := build/gen/exo_offsets.inc
$(eval $(call objects,libos,$(libos.sources)))

include apps/ports/fetch.mk
include apps/ports/musl.mk

.PHONY: sdk libos install
sdk: build/sdk/ready
libos: build/sdk/lib/libexo-os.a

# A program may use any name for itself: the libOS's own get the prefix exo_ in the archive, unless they have it. Who includes a
# header of libos/ includes <exo/names.h> before it, which says the same to the compiler.
build/sdk/lib/libexo-os.a: build/flags/libos.objects $(libos.objects)
	$(call say,AR)
	@mkdir -p $(@D) build/sdk/include/exo && rm -f $@
	@nm -g --defined-only $(libos.objects) | awk 'NF == 3 { print $$3 }' | sort >build/libos.names
	@! uniq -d build/libos.names | grep . || { echo "libexo-os.a: these names are defined twice" >&2; exit 1; }
	@! { grep '^exo_' build/libos.names; sed -n '/^exo_/!s/^/exo_/p' build/libos.names; } | sort | uniq -d | grep . || \
	    { echo "libexo-os.a: these names are there with and without exo_" >&2; exit 1; }
	@ar rcsD $@ $(libos.objects)
	@sed -n '/^exo_/!s/.*/& exo_&/p' build/libos.names >build/libos.renamed
	@objcopy -D --redefine-syms=build/libos.renamed $@
	@sed 's/^/#define /' build/libos.renamed >build/sdk/include/exo/names.h

sdk.files := build/sdk/bin/exo-gcc build/sdk/lib/exo.ld build/sdk/lib/exo-gcc.specs build/sdk/lib/pkgconfig/exo-os.pc
sdk.headers := $(patsubst include/%,build/sdk/include/%,$(wildcard include/exo/*.h include/exo/abi/*))

# The libOS's own headers, for those who replace a part of it (exo/module.h): exo-gcc looks there last.
sdk.headers += $(patsubst libos/%,build/sdk/include/exo/libos/%,$(filter-out libos/musl/%,$(wildcard libos/*/*.h)))
build/sdk/include/exo/libos/%: libos/%
	@mkdir -p $(@D)
	@cp $< $@

build/sdk/bin/exo-gcc: libos/exo-gcc
build/sdk/lib/exo.ld: libos/exo.ld
build/sdk/lib/exo-gcc.specs: libos/exo-gcc.specs
build/sdk/lib/pkgconfig/exo-os.pc: libos/exo-os.pc
$(sdk.files):
	@mkdir -p $(@D)
	@install -m $(if $(filter %/exo-gcc,$@),755,644) $< $@
build/sdk/include/exo/%: include/exo/%
	@mkdir -p $(@D)
	@cp $< $@

# Programs are relinked when a library or the layout changes; they see headers through their own .d files.
build/sdk/ready: $(sdk.files) $(sdk.headers) build/sdk/lib/libc.a build/sdk/include/linux build/sdk/lib/libexo-os.a
	@touch $@

PREFIX ?= /usr/local/exo-os
install: build/sdk/ready
	@mkdir -p '$(PREFIX)'
	@cp -a build/sdk/bin build/sdk/lib build/sdk/include '$(PREFIX)/'
	@echo "installed in $(PREFIX): try $(PREFIX)/bin/exo-gcc" >&2
