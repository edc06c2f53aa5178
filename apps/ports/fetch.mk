# SPDX-License-Identifier: MIT
# Sources of ports: upstream tarballs out of Debian source packages, from wherever this machine gets its packages.

# $(call port,NAME,PACKAGE,TARBALL,SHA256): build/src/NAME/unpacked says that build/src/NAME holds the pinned upstream sources.
define port
build/dl/$3: | build/dl
	$$(call say,FETCH,$2)
	@apps/ports/fetch build/dl $2 $3 $4
build/src/$1/unpacked: build/dl/$3
	@rm -rf $$(@D) && mkdir -p $$(@D)
	@tar -xf $$< -C $$(@D) --strip-components=1
	@touch $$@
endef

build/dl:
	@mkdir -p $@
