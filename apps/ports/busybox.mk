# SPDX-License-Identifier: MIT
# busybox, linked with libexo-os: its default configuration with the answers of busybox.config.

$(eval $(call port,busybox,busybox,busybox_1.35.0.orig.tar.bz2,faeeb244c35a348a334f4a59e44626ee870fb07b6884d68c10ae8bc19f83a694))

ports.built += build/busybox/root/bin/busybox
ports.roots += build/busybox/root
busybox.make = $(MAKE) -C build/src/busybox O=$(CURDIR)/build/busybox CC=$(CURDIR)/build/sdk/bin/exo-gcc HOSTCC=$(CC) SKIP_STRIP=n

build/busybox/.config: apps/ports/busybox.config build/src/busybox/unpacked build/sdk/lib/libc.a build/sdk/bin/exo-gcc build/sdk/lib/exo-gcc.specs
	@mkdir -p build/busybox
	+@{ $(busybox.make) defconfig && sed -i $(foreach line,$(shell grep -o '^CONFIG_[A-Z0-9_]*' $<),-e '/^\(# \)\?$(line)[= ]/d') $@ && \
	    grep '^CONFIG_' $< | sed 's/^\(CONFIG_[A-Z0-9_]*\)=n$$/# \1 is not set/' >>$@ && \
	    yes '' | $(busybox.make) oldconfig; } >build/busybox/config.log 2>&1 \
	    || { rm -f $@; echo "busybox does not configure: see build/busybox/config.log" >&2; exit 1; }

# Its own makefile knows nothing of our libraries: the old program is removed, so that it links again.
build/busybox/root/bin/busybox: build/busybox/.config build/sdk/ready
	$(call say,BUSYBOX)
	@rm -rf build/busybox/busybox build/busybox/busybox_unstripped build/busybox/root
	+@$(busybox.make) CONFIG_PREFIX=$(CURDIR)/build/busybox/root install >build/busybox/log 2>&1 \
	    || { echo "busybox does not build: see build/busybox/log" >&2; exit 1; }
