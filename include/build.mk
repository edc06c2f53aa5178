# SPDX-License-Identifier: MIT
# What is derived from the ABI headers: offsets for assembly, the golden listing of the tests, the reference in docs/.

build/host/abigen: include/exo/gen/abigen.c build/flags/abigen
	@mkdir -p $(@D)
	@$(abigen.compile) -MMD -MP -MF $@.d -o $@ $<
abigen.compile := $(CC) -std=gnu11 -O1 -Wall -Wextra -Iinclude
$(call remember,abigen,$(abigen.compile))
-include build/host/abigen.d

build/gen/exo_offsets.inc: build/host/abigen
	@mkdir -p $(@D)
	@$< inc >$@

.PHONY: docs
docs: build/host/abigen
	@mkdir -p docs
	@$< md >docs/abi.md
