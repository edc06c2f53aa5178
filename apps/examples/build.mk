# SPDX-License-Identifier: MIT
# The examples: apps/examples/NAME/*.c becomes /usr/lib/examples/NAME, and its main.c alone, which the library then serves as
# it is, /usr/lib/examples/NAME-without. A user builds them with the one line at the top of main.c.

examples.names := $(sort $(patsubst apps/examples/%/main.c,%,$(wildcard apps/examples/*/main.c)))
examples.cc := $(apps.cc)
examples.cflags := $(apps.cflags) -Ilibos
examples.generated := build/sdk/ready
$(eval $(call objects,examples,$(sort $(wildcard apps/examples/*/*.c))))

examples.root := build/examples/usr/lib/examples
examples.with := $(addprefix $(examples.root)/,$(examples.names))
examples.without := $(addsuffix -without,$(examples.with))
examples.objects-of = $(filter build/obj/examples/apps/examples/$1/%,$(examples.objects))

$(examples.root)/pager: examples.ldflags := -Wl,--wrap=exo_vm_fault

$(examples.with): $(examples.root)/%: $$(call examples.objects-of,$$*)
$(examples.without): $(examples.root)/%-without: build/obj/examples/apps/examples/%/main.c.o
$(examples.with) $(examples.without): build/sdk/ready
	$(call say,LINK)
	@mkdir -p $(@D)
	@$(examples.cc) -s $(examples.ldflags) -o $@ $(filter %.o,$^)

ports.built += $(examples.with) $(examples.without)
ports.roots += build/examples
