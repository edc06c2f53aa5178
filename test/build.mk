# SPDX-License-Identifier: MIT
# Tests and benchmarks. A suite is a program that prints `PASS name` and `FAIL name: why`; test/run counts them.
# suites.check is the everyday part, suites.slow what only `make test` runs besides; suites.needs is what they are built from.

suites.check := test/build/sdk test/build/commandline
suites.slow :=
suites.needs := all

.PHONY: test check bench
check: $(suites.needs)
	@test/run $(suites.check)

test: $(suites.needs)
	@test/run $(suites.check) $(suites.slow)
