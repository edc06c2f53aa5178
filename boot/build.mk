# SPDX-License-Identifier: MIT
# Booting: the boot loader, and `make run`. (boot/*.c and *.asm belong to the kernel, see exokernel/build.mk.)

.PHONY: boot run
boot: build/boot/bios.img build/boot/efi.img

# GRUB for BIOS and for UEFI, made once; the launcher wraps them with the kernel, module and configuration of each run.
GRUB_MODULES := normal multiboot2 iso9660 all_video search search_fs_file configfile echo

build/boot/bios.img: boot/build.mk
	$(call say,GRUB)
	@mkdir -p $(@D)
	@grub-mkimage -O i386-pc-eltorito -p /boot/grub -o $@ biosdisk $(GRUB_MODULES)

# UEFI starts a file from a FAT image; from there GRUB has to look for the rest.
build/boot/efi.img: boot/build.mk
	$(call say,GRUB)
	@mkdir -p $(@D)
	@printf 'search --file --set=root /boot/exokernel.elf\nset prefix=($$root)/boot/grub\n' >$(@D)/efi.cfg
	@grub-mkimage -O x86_64-efi -p /boot/grub -c $(@D)/efi.cfg -o $(@D)/BOOTX64.EFI fat part_gpt $(GRUB_MODULES)
	@rm -f $@ && mformat -i $@ -C -f 1440 :: && mmd -i $@ ::EFI ::EFI/BOOT && mcopy -i $@ $(@D)/BOOTX64.EFI ::EFI/BOOT/

ifneq (,$(filter run,$(GOALS)))
ifneq (,$(filter-out run all kernel sdk root boot,$(GOALS)))
$(error `run` ends make with the status of the guest's command: give it alone, as in: make test && make run)
endif
# A failed recipe always ends make with status 2. So make does not run the launcher, it becomes it: this shared object gives make a
# function that calls exec() in make's own process. Status, terminal and signals are then the launcher's with nothing in between.
-load build/boot/become.so
build/boot/become.so: boot/host/become.c
	@mkdir -p $(@D)
	@$(CC) -O2 -Wall -Wextra -shared -fPIC -o $@ $<

# Expanded, and so executed, when all that it needs has been built.
run: build/exokernel.elf build/root.cpio boot
	$(become boot/launch,$(RUN_VARIABLES))
endif
