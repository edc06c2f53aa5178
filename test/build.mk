# SPDX-License-Identifier: MIT
# Tests and benchmarks. A suite is a program that prints `ok NAME` and `not ok NAME: why` (or PASS and FAIL); test/run counts them.
# suites.check is the everyday part, suites.slow what only `make test` runs besides; suites.needs is what they are built from.

include test/guest/build.mk
-include test/host/build.mk $(sort $(wildcard test/host/*/build.mk))

suites.check := test/build/sdk test/build/commandline $(host.tests) $(guest.suites) $(oracle.suites) $(wildcard test/guest/*.sh)
suites.slow := $(guest.slow) test/boot/paths:kernel test/boot/paths:command
suites.needs := all guest-tests $(host.tests)

# ---- the library OS from within, and the system from without
include test/libos/build.mk
suites.check += test/libos/run test/e2e/commands test/e2e/console
suites.slow += test/e2e/machines
suites.needs += libos-tests
# ----

# ---- the bench, the examples, programs of Linux as they come
include test/bench/build.mk
suites.check += test/build/examples test/linux/run
# ----

# ---- the interface and the layers
suites.check += test/abi.py test/layers.py
suites.needs += build/host/abigen

# Taken over deliberately, by a commit that says why the interface changes.
.PHONY: abi-golden
abi-golden: build/host/abigen
	@$< golden >test/abi.golden
# ----

.PHONY: test check bench
check: $(suites.needs)
	@test/run $(suites.check)

test: $(suites.needs)
	@test/run $(suites.check) $(suites.slow)
