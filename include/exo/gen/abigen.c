/* SPDX-License-Identifier: MIT
 *
 * Prints what is derived from the ABI headers: `abigen inc` the offsets for assembly, `abigen golden` the listing that
 * the tests compare, `abigen md` the reference in docs/abi.md. Built for and run on the host.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "exo/calls.h"

struct call {
    int number;
    const char *name, *arguments, *rights, *errors, *text;
};

#define A(t, a) #t " " #a
static const struct call calls[] = {
#define CALL0(nr, n, ...) {nr, #n, "", __VA_ARGS__},
#define CALL1(nr, n, t1, a1, ...) {nr, #n, A(t1, a1), __VA_ARGS__},
#define CALL2(nr, n, t1, a1, t2, a2, ...) {nr, #n, A(t1, a1) ", " A(t2, a2), __VA_ARGS__},
#define CALL3(nr, n, t1, a1, t2, a2, t3, a3, ...) {nr, #n, A(t1, a1) ", " A(t2, a2) ", " A(t3, a3), __VA_ARGS__},
#define CALL4(nr, n, t1, a1, t2, a2, t3, a3, t4, a4, ...) \
    {nr, #n, A(t1, a1) ", " A(t2, a2) ", " A(t3, a3) ", " A(t4, a4), __VA_ARGS__},
#define CALL5(nr, n, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, ...) \
    {nr, #n, A(t1, a1) ", " A(t2, a2) ", " A(t3, a3) ", " A(t4, a4) ", " A(t5, a5), __VA_ARGS__},
#define CALL6(nr, n, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6, ...) \
    {nr, #n, A(t1, a1) ", " A(t2, a2) ", " A(t3, a3) ", " A(t4, a4) ", " A(t5, a5) ", " A(t6, a6), __VA_ARGS__},
#include "exo/abi/syscalls.def"
};
#define CALLS (sizeof calls / sizeof calls[0])

static const struct {
    const char *name, *text;
    int number;
} errors[] = {
#define ERR(name, number, text) {#name, text, number},
#include "exo/abi/errors.def"
#undef ERR
};

/* STRUCT(name, fields): every structure that crosses the boundary */
static const struct field {
    const char *type, *name;
    size_t offset, size;
} fields[] = {
#define S(t) {#t, NULL, 0, sizeof(struct t)}
#define F(t, f) {#t, #f, offsetof(struct t, f), sizeof(((struct t *)0)->f)}
    S(exo_pte), F(exo_pte, table), F(exo_pte, object), F(exo_pte, value), F(exo_pte, index), F(exo_pte, op),
    S(exo_cap_info), F(exo_cap_info, handle), F(exo_cap_info, base), F(exo_cap_info, count), F(exo_cap_info, rights),
    F(exo_cap_info, type), F(exo_cap_info, depth), F(exo_cap_info, flags), F(exo_cap_info, parent),
    S(exo_regs), F(exo_regs, r15), F(exo_regs, r14), F(exo_regs, r13), F(exo_regs, r12), F(exo_regs, rbp),
    F(exo_regs, rbx), F(exo_regs, r11), F(exo_regs, r10), F(exo_regs, r9), F(exo_regs, r8), F(exo_regs, rdi),
    F(exo_regs, rsi), F(exo_regs, rdx), F(exo_regs, rcx), F(exo_regs, rax), F(exo_regs, vector), F(exo_regs, error),
    F(exo_regs, rip), F(exo_regs, cs), F(exo_regs, rflags), F(exo_regs, rsp), F(exo_regs, ss),
    S(exo_vcpu_page), F(exo_vcpu_page, mask), F(exo_vcpu_page, reserved), F(exo_vcpu_page, pending), F(exo_vcpu_page, enabled),
    F(exo_vcpu_page, self), F(exo_vcpu_page, fault_addr), F(exo_vcpu_page, slice_begin), F(exo_vcpu_page, slice_end),
    F(exo_vcpu_page, debt), F(exo_vcpu_page, save),
    S(exo_vcpu_config), F(exo_vcpu_config, entry), F(exo_vcpu_config, syscall_entry), F(exo_vcpu_config, nested_entry),
    F(exo_vcpu_config, stack), F(exo_vcpu_config, nested_stack), F(exo_vcpu_config, page_frame),
    F(exo_vcpu_config, page_pfn),
    S(exo_vcpu_state), F(exo_vcpu_state, regs), F(exo_vcpu_state, fs_base), F(exo_vcpu_state, gs_base),
    F(exo_vcpu_state, status),
    S(exo_info), F(exo_info, magic), F(exo_info, version), F(exo_info, size), F(exo_info, tsc_khz),
    F(exo_info, tsc_entry), F(exo_info, slot_ticks), F(exo_info, grace_ticks), F(exo_info, cpus),
    F(exo_info, cpus_running), F(exo_info, apic_id), F(exo_info, features), F(exo_info, irq_sources),
    F(exo_info, xsave_mask), F(exo_info, xsave_size), F(exo_info, phys_bits), F(exo_info, frames_total),
    F(exo_info, frames_kernel), F(exo_info, first), F(exo_info, rsdp),
    F(exo_info, mem_count), F(exo_info, module_count), F(exo_info, phase_count), F(exo_info, acpi_count), F(exo_info, framebuffer), F(exo_info, module),
    F(exo_info, acpi), F(exo_info, phase), F(exo_info, mem), F(exo_info, loader), F(exo_info, cmdline), F(exo_info, log),
    S(exo_cpu_info), F(exo_cpu_info, magic), F(exo_cpu_info, version), F(exo_cpu_info, size), F(exo_cpu_info, epoch),
    F(exo_cpu_info, slot_base), F(exo_cpu_info, idle_ticks), F(exo_cpu_info, switches), F(exo_cpu_info, upcalls),
    F(exo_cpu_info, interrupts), F(exo_cpu_info, forced_stops), F(exo_cpu_info, slot),
    S(exo_framebuffer), F(exo_framebuffer, base), F(exo_framebuffer, pitch), F(exo_framebuffer, width), F(exo_framebuffer, height),
    F(exo_framebuffer, bpp), F(exo_framebuffer, type), F(exo_framebuffer, red_pos), F(exo_framebuffer, red_size),
    F(exo_framebuffer, green_pos), F(exo_framebuffer, green_size), F(exo_framebuffer, blue_pos), F(exo_framebuffer, blue_size),
    S(exo_mem), F(exo_mem, base), F(exo_mem, size), F(exo_mem, type), F(exo_mem, node),
    S(exo_span), F(exo_span, base), F(exo_span, size), S(exo_phase), F(exo_phase, name), F(exo_phase, tsc),
    S(exo_slot), F(exo_slot, label), F(exo_slot, vcpu), F(exo_slot, table),
};
#define FIELDS (sizeof fields / sizeof fields[0])

/* name = NULL: the heading of those that follow */
static const struct {
    const char *name, *heading;
    unsigned long value;
} constants[] = {
#define G(text) {NULL, text, 0}
#define C(name) {#name, NULL, name}
    G("The interface"), C(EXO_ABI_VERSION), C(EXO_CALL_BASE), C(EXO_START_BOOT), C(EXO_PAGE_SIZE), C(EXO_USER_END), C(EXO_SELF_SLOT),
    C(EXO_SELF_MAP), C(EXO_USER_CS), C(EXO_USER_SS),
    G("Types of capabilities"), C(EXO_FRAME), C(EXO_PTE), C(EXO_SLICE), C(EXO_IRQ), C(EXO_PORT), C(EXO_ENV), C(EXO_VCPU), C(EXO_TABLE),
    C(EXO_CAP_TYPES),
    G("Rights"), C(EXO_R_READ), C(EXO_R_WRITE), C(EXO_R_EXEC), C(EXO_R_RETYPE), C(EXO_R_GRANT), C(EXO_R_BIND), C(EXO_R_RING),
    C(EXO_R_YIELD), C(EXO_R_CONTROL), C(EXO_R_ALL),
    G("Capability tables"), C(EXO_DEPTH_MAX), C(EXO_CAPS_PER_FRAME), C(EXO_TABLE_HEAD), C(EXO_TABLE_FRAMES_MAX), C(EXO_CAP_REVOKING),
    C(EXO_CAP_OBJECT), C(EXO_CAP_PARENT), C(EXO_CAP_FOREIGN),
    G("Slots of the first environment"), C(EXO_BOOT_TABLE), C(EXO_BOOT_ENV), C(EXO_BOOT_VCPU), C(EXO_BOOT_ROOT), C(EXO_BOOT_INFO),
    C(EXO_BOOT_REST),
    G("create: kinds of objects"), C(EXO_KIND_PT1), C(EXO_KIND_PT2), C(EXO_KIND_PT3), C(EXO_KIND_PT4), C(EXO_KIND_TABLE), C(EXO_KIND_ENV),
    C(EXO_KIND_VCPU),
    G("pte_update: operations, flags and bits of an entry"), C(EXO_PTE_SET), C(EXO_PTE_CLONE), C(EXO_CLONE_PROTECT),
    C(EXO_PTE_BATCH_MAX), C(EXO_PTE_SYNC), C(EXO_P), C(EXO_W), C(EXO_U), C(EXO_A), C(EXO_D), C(EXO_PS), C(EXO_NX), C(EXO_PTE_ADDR),
    C(EXO_PTE_SOFT), C(EXO_PTE_KEY),
    G("env_set, vcpu_control, yield, irq_bind, set_base"), C(EXO_ENV_ROOT), C(EXO_ENV_KEEPER), C(EXO_VCPU_START), C(EXO_VCPU_STOP),
    C(EXO_VCPU_GET), C(EXO_VCPU_SET), C(EXO_VCPU_IS_STOPPED), C(EXO_VCPU_IS_READY), C(EXO_VCPU_IS_WAITING), C(EXO_VCPU_IS_FAULTED),
    C(EXO_YIELD_WAIT), C(EXO_IRQ_LEVEL), C(EXO_IRQ_LOW), C(EXO_BASE_FS), C(EXO_BASE_GS),
    G("Slices"), C(EXO_SLOTS), C(EXO_SLOT_NS), C(EXO_GRACE_NS),
    G("Upcalls and pending bits"), C(EXO_UP_EVENT), C(EXO_UP_SYSCALL), C(EXO_EV_SLICE_BEGIN), C(EXO_EV_SLICE_END), C(EXO_EV_TIMER),
    C(EXO_EV_FIRST_BELL),
    G("Information pages"), C(EXO_INFO_MAGIC), C(EXO_CPU_INFO_MAGIC), C(EXO_INFO_FRAMES), C(EXO_CPUS_MAX), C(EXO_MEM_MAX),
    C(EXO_MODULES_MAX), C(EXO_PHASES_MAX), C(EXO_ACPI_MAX), C(EXO_CPU_FSGSBASE), C(EXO_CPU_PKU), C(EXO_CPU_XSAVE), C(EXO_CPU_XSAVEOPT),
    C(EXO_CPU_SMEP), C(EXO_CPU_SMAP), C(EXO_CPU_UMIP), C(EXO_CPU_RDTSCP),
};
#define CONSTANTS (sizeof constants / sizeof constants[0])

static void inc(void) {
    printf("; made by abigen from include/exo/abi\nCALL_BASE equ 0x%x\nCALL_COUNT equ %zu\n", EXO_CALL_BASE, CALLS);
    printf("VCPU_MASK equ %zu\nVCPU_PENDING equ %zu\nVCPU_ENABLED equ %zu\nVCPU_SELF equ %zu\n", offsetof(struct exo_vcpu_page, mask),
           offsetof(struct exo_vcpu_page, pending), offsetof(struct exo_vcpu_page, enabled),
           offsetof(struct exo_vcpu_page, self));
    printf("VCPU_SAVE equ %zu\nVCPU_SAVE1 equ %zu\nVCPU_SIZE equ %zu\n", offsetof(struct exo_vcpu_page, save),
           offsetof(struct exo_vcpu_page, save[1]), sizeof(struct exo_vcpu_page));
    for (size_t i = 0; i < FIELDS; i++)
        if (!strcmp(fields[i].type, "exo_regs") && fields[i].name)
            printf("REGS_%s equ %zu\n", fields[i].name, fields[i].offset);
    printf("REGS_SIZE equ %zu\n", sizeof(struct exo_regs));
    printf("VCPU_SAVE_RIP equ VCPU_SAVE + REGS_rip\nVCPU_SAVE_RFLAGS equ VCPU_SAVE + REGS_rflags\n"
           "VCPU_SAVE_RSP equ VCPU_SAVE + REGS_rsp\n");
}

static void golden(void) {
    for (size_t i = 0; i < CALLS; i++)
        printf("call %2d %s(%s)\n", calls[i].number, calls[i].name, calls[i].arguments);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        printf("error %2d %s\n", errors[i].number, errors[i].name);
    for (size_t i = 0; i < CONSTANTS; i++)
        if (constants[i].name)
            printf("constant %s 0x%lx\n", constants[i].name, constants[i].value);
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].name)
            printf("  %4zu %4zu %s\n", fields[i].offset, fields[i].size, fields[i].name);
        else
            printf("struct %s %zu\n", fields[i].type, fields[i].size);
}

static void md_calls(void) {
    printf("## The calls\n\n| number | call | needs |\n|---|---|---|\n");
    for (size_t i = 0; i < CALLS; i++)
        printf("| %d | [%s](#%s) | %s |\n", calls[i].number, calls[i].name, calls[i].name, *calls[i].rights ? calls[i].rights : "none");
    printf("\n");
    for (size_t i = 0; i < CALLS; i++) {
        const struct call *c = &calls[i];
        printf("### %s\n\n`long exo_%s(%s)`, number %d\n\n%s\n\n", c->name, c->name, *c->arguments ? c->arguments : "void", c->number, c->text);
        printf("- Rights: %s\n- Errors: %s\n\n", *c->rights ? c->rights : "none", *c->errors ? c->errors : "none");
    }
}

static void md_data(void) {
    printf("## Errors\n\n| number | name | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        printf("| -%d | `%s` | %s |\n", errors[i].number, errors[i].name, errors[i].text);
    printf("\n## Structures\n\nOffsets and sizes in bytes. What the fields mean: [`include/exo/abi/`](../include/exo/abi/).\n");
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].name)
            printf("| %zu | %zu | `%s` |\n", fields[i].offset, fields[i].size, fields[i].name);
        else
            printf("\n### struct %s\n\n%zu bytes\n\n| offset | size | field |\n|---|---|---|\n", fields[i].type, fields[i].size);
    printf("\n## Constants\n");
    for (size_t i = 0; i < CONSTANTS; i++)
        if (constants[i].name)
            printf("| `%s` | 0x%lx |\n", constants[i].name, constants[i].value);
        else
            printf("\n### %s\n\n| name | value |\n|---|---|\n", constants[i].heading);
}

static void md(void) {
    printf("# The exokernel's calls\n\nMade from `include/exo/abi/` by `make docs`; do not edit.\n\n"
           "`syscall` with `%%rax` = 0x%x + number, arguments in `%%rdi %%rsi %%rdx %%r10 %%r8 %%r9`, result in `%%rax`. A negative\n"
           "result is an error, and a call that fails has changed nothing; `EXO_EAGAIN` alone means that a bounded step was done\n"
           "and the call is to be made again. `%%rcx` and `%%r11` hold nothing afterwards, the argument registers are zero, all others\n"
           "are kept. Any other `%%rax` is not for the kernel: it is handed to the caller's own library OS (`syscall_entry`).\n\n"
           "A handle names a slot (low 32 bits) and its generation (high 32 bits) of the caller's capability table; 0 names nothing.\n"
           "Where a call takes `table`, 0 is the caller's own table, and a `TABLE` capability with `WRITE` means that the other handles\n"
           "are read in that one.\n\n",
           EXO_CALL_BASE);
    md_calls();
    md_data();
}

int main(int argc, char **argv) {
    const char *mode = argc == 2 ? argv[1] : "";

    if (!strcmp(mode, "inc"))
        inc();
    else if (!strcmp(mode, "golden"))
        golden();
    else if (!strcmp(mode, "md"))
        md();
    else
        return fprintf(stderr, "usage: abigen inc|golden|md\n"), 2;
    return 0;
}
