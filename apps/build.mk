# SPDX-License-Identifier: MIT
# The programs and the root file system. apps/NAME.c becomes /bin/NAME, apps/init.c the archive's init, apps/NAME/*.c one program.

apps.init := $(patsubst apps/%.c,%,$(wildcard apps/init.c))
apps.folders := $(filter-out ports root,$(sort $(patsubst apps/%/,%,$(dir $(wildcard apps/*/*.c)))))
apps.names := $(filter-out init,$(sort $(patsubst apps/%.c,%,$(wildcard apps/*.c)) $(apps.folders)))
apps.cc := build/sdk/bin/exo-gcc
apps.cflags := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Iinclude
apps.generated := build/sdk/ready
$(eval $(call objects,apps,$(sort $(wildcard apps/*.c $(apps.folders:%=apps/%/*.c)))))

apps.objects-of = $(filter build/obj/apps/apps/$1.c.o build/obj/apps/apps/$1/%,$(apps.objects))
.SECONDEXPANSION:
$(addprefix build/apps/,$(apps.init) $(apps.names)): build/apps/%: $$(call apps.objects-of,$$*) build/sdk/ready
	$(call say,LINK)
	@mkdir -p $(@D)/stripped
	@$(apps.cc) -o $@ $(call apps.objects-of,$*)
	@objcopy --strip-debug $@ $(@D)/stripped/$*

ifneq (,$(apps.init))
include apps/ports/busybox.mk
include apps/examples/build.mk
endif

# The archive: init, the skeleton apps/root, the programs, what the ports install, and this machine's list of services.
root.arguments := $(apps.init:%=--init build/apps/stripped/%) --dir tmp=1777 --dir dev=755 --dir proc=555 --dir run=755 --dir root=700 \
    --dir var/log=755 --dir mnt=755 --file etc/services=/etc/services $(foreach name,$(apps.names),--file bin/$(name)=build/apps/stripped/$(name)) \
    $(ports.roots) apps/root
$(call remember,root.arguments,$(root.arguments))

.PHONY: root
root: build/root.cpio
build/root.cpio: boot/mkroot.py build/flags/root.arguments $(addprefix build/apps/,$(apps.init) $(apps.names)) $(ports.built) \
    $(shell find apps/root)
	$(call say,PACK)
	@$(PYTHON) boot/mkroot.py -o $@ $(root.arguments)
