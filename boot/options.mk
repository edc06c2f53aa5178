# SPDX-License-Identifier: MIT
# The variables of a run: each bad value is one line, before anything is built.

comma := ,
nondigits = $(strip $(subst 0,,$(subst 1,,$(subst 2,,$(subst 3,,$(subst 4,,$(subst 5,,$(subst 6,,$(subst 7,,$(subst 8,,$(subst \
            9,,$1)))))))))))
# $(call one-of,VARIABLE,WORDS) and $(call number,VARIABLE): empty is fine, it means the default.
one-of = $(if $($1),$(if $(and $(filter $2,$($1)),$(filter 1,$(words $($1)))),,$(error $1=$($1): must be one of: $2)))
number = $(if $($1),$(if $(call nondigits,$($1))$(filter 0 00,$($1))$(word 2,$($1)),$(error $1=$($1): must be $2)))

$(call number,SMP,a number of processors$(comma) 1 or more)
$(call number,TIMEOUT,a number of seconds$(comma) 1 or more)
$(call one-of,ICOUNT,0 1)
$(call one-of,FIRMWARE,bios uefi)
$(call one-of,EMU,qemu bochs)
$(call one-of,BOOT,grub direct)
$(call one-of,MACHINE,q35 pc microvm)
$(call one-of,SCHED,$(patsubst libos/sched/policy_%.c,%,$(wildcard libos/sched/policy_*.c)))
$(if $(MEM),$(if $(call nondigits,$(patsubst %M,%,$(patsubst %G,%,$(MEM))))$(filter M G 0%,$(MEM))$(word 2,$(MEM)),$(error \
    MEM=$(MEM): must be a size such as 512M or 2G)))
$(if $(OVERLAY),$(if $(shell test -d '$(subst ','\'',$(OVERLAY))' && echo yes),,$(error OVERLAY=$(OVERLAY): no such folder)))
$(if $(filter bochs,$(EMU)),$(if $(filter uefi,$(FIRMWARE))$(filter direct,$(BOOT))$(filter 1,$(ICOUNT)),$(error \
    EMU=bochs boots through BIOS and GRUB only: leave out FIRMWARE=uefi$(comma) BOOT=direct and ICOUNT=1)))
$(if $(filter uefi,$(FIRMWARE)),$(if $(filter direct,$(BOOT))$(filter microvm,$(MACHINE)),$(error \
    FIRMWARE=uefi needs BOOT=grub and MACHINE=q35 or pc)))
