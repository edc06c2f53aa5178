# SPDX-License-Identifier: MIT
# The file system, the terminal and the system calls above them, against what POSIX and Linux say, with sanitizers.

vfs-test.cc := $(CC)
vfs-test.cflags := -std=gnu11 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=undefined \
    -Iinclude -Ilibos -Itest/host/vfs
vfs-test.sources := $(sort $(wildcard test/host/vfs/*.c libos/vfs/*.c libos/fs/*.c libos/posix/*.c) libos/core/format.c libos/core/string.c)
$(eval $(call objects,vfs-test,$(vfs-test.sources)))

host.tests += build/test/host/vfs_test
build/test/host/vfs_test: build/flags/vfs-test.objects $(vfs-test.objects)
	$(call say,LD)
	@mkdir -p $(@D)
	@$(CC) -fsanitize=address,undefined -o $@ $(vfs-test.objects)
