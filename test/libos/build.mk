# SPDX-License-Identifier: MIT
# Programs that test the library OS from within. Each test/libos/NAME.c is linked with exo-gcc to build/test/libos/root/t/NAME.
# Those that use POSIX only are built for the host's C library too, as t/foreign-NAME, and so make their calls by trap. Those that
# use libos/ itself replace modules or run in critical sections: they lie among the library's pages, which are always there.

libostest.names := $(filter-out kit memory,$(patsubst test/libos/%.c,%,$(wildcard test/libos/*.c)))
libostest.foreign := $(filter files names descriptors pointers mappings clocks calls execs execfail,$(libostest.names))
libostest.inside := $(filter resume sections threads exhaust ends,$(libostest.names))

libostest.cc := build/sdk/bin/exo-gcc
libostest.cflags := -std=gnu11 -O2 -g -fno-builtin -Wall -Wextra -Werror -Iinclude -Itest/libos
libostest.generated := build/sdk/ready
$(eval $(call objects,libostest,$(patsubst %,test/libos/%.c,kit $(filter-out $(libostest.inside),$(libostest.names)))))

insidetest.cc := build/sdk/bin/exo-gcc
insidetest.cflags := $(libostest.cflags) -Ilibos -Ibuild/gen -mgeneral-regs-only -fno-stack-protector
insidetest.asflags := -Iinclude/ -Ilibos/
insidetest.generated := build/sdk/ready build/gen/resume_steps.h
$(eval $(call objects,insidetest,$(libostest.inside:%=test/libos/%.c) $(wildcard test/libos/*.asm)))

foreigntest.cc := $(CC)
foreigntest.cflags := -std=gnu11 -O2 -g -fno-builtin -Wall -Wextra -Werror -Wno-stringop-overread -Wno-stringop-overflow \
    -Wno-nonnull -Iinclude -Itest/libos
$(eval $(call objects,foreigntest,$(patsubst %,test/libos/%.c,kit $(libostest.foreign))))

libostest.root := build/test/libos/root/t
libostest.kit := build/obj/libostest/test/libos/kit.c.o
libostest.plain := $(addprefix $(libostest.root)/,$(filter-out $(libostest.inside),$(libostest.names)))
libostest.programs := $(libostest.plain) $(addprefix $(libostest.root)/,$(libostest.inside) $(libostest.foreign:%=foreign-%))
$(call remember,libostest.programs,$(notdir $(libostest.programs)))

$(libostest.plain): $(libostest.root)/%: build/obj/libostest/test/libos/%.c.o $(libostest.kit) build/sdk/ready
	$(call say,LINK)
	@mkdir -p $(@D)
	@$(libostest.cc) -Wl,-s -o $@ $(filter %.o,$^)

# libos/exo.ld knows the library's sections by the name of the archive.
$(libostest.inside:%=build/test/libos/%/libexo-os.a): build/test/libos/%/libexo-os.a: \
    build/obj/insidetest/test/libos/%.c.o $$(addprefix build/obj/insidetest/,$$(addsuffix .o,$$(wildcard test/libos/$$*_*.asm)))
	@mkdir -p $(@D) && rm -f $@
	@ar rcsD $@ $^

$(libostest.inside:%=$(libostest.root)/%): $(libostest.root)/%: build/test/libos/%/libexo-os.a $(libostest.kit) build/sdk/ready
	$(call say,LINK)
	@mkdir -p $(@D)
	@$(libostest.cc) -Wl,-s -o $@ $(libostest.kit) $<

$(libostest.foreign:%=$(libostest.root)/foreign-%): $(libostest.root)/foreign-%: build/obj/foreigntest/test/libos/%.c.o \
    build/obj/foreigntest/test/libos/kit.c.o
	$(call say,LINK)
	@mkdir -p $(@D)
	@$(CC) -static -s -o $@ $^

# Where the instructions of the resume range begin, as offsets from its beginning.
build/gen/resume_steps.h: test/libos/steps.awk build/obj/libos/libos/core/upcall.asm.o
	$(call say,GEN)
	@mkdir -p $(@D)
	@objdump -d --no-show-raw-insn -M intel $(word 2,$^) | awk -f $< >$@

.PHONY: libos-tests
libos-tests: $(libostest.programs)
