// SPDX-License-Identifier: MIT
// A filter of system calls by their numbers (seccomp(2)). What is not on the list answers EPERM.
#include "confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
constexpr unsigned ARCHITECTURE = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned ARCHITECTURE = AUDIT_ARCH_AARCH64;
#endif

// Calls that both architectures have. Files are opened by openat2 and by the names of descriptors.
static const unsigned allowed[] = {
    SYS_read,       SYS_write,    SYS_close,     SYS_openat,       SYS_openat2,
    SYS_fstat,      SYS_fstatfs,  SYS_pread64,   SYS_pwrite64,     SYS_getdents64,
    SYS_lseek,      SYS_mkdirat,  SYS_symlinkat, SYS_readlinkat,   SYS_linkat,
    SYS_renameat,   SYS_unlinkat, SYS_utimensat, SYS_fchmodat,     SYS_truncate,
    SYS_ftruncate,  SYS_fsync,    SYS_fdatasync, SYS_newfstatat,   SYS_brk,
    SYS_mmap,       SYS_munmap,   SYS_mremap,    SYS_getrandom,    SYS_madvise,
    SYS_exit_group, SYS_exit,     SYS_futex,     SYS_rt_sigreturn, SYS_restart_syscall,
#if defined(__x86_64__)
    SYS_open,       SYS_chmod,
#endif
};
constexpr size_t ALLOWED = sizeof allowed / sizeof allowed[0];

// Each file of the guest is a descriptor here.
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

bool confine(void)
{
    struct sock_filter filter[ALLOWED + 6];
    size_t count = 0;
    filter[count++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    filter[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    filter[count++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < ALLOWED; i++) {
        filter[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
                                                       (unsigned char)(ALLOWED - i), 0);
    }
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = (unsigned short)count, .filter = filter};
    raise_limit();
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
