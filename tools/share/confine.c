// SPDX-License-Identifier: MIT
// Files are walled off by Landlock (landlock(7)), then system calls by a filter of their numbers
// (seccomp(2)): what is not on the list answers EPERM.
#include "confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
constexpr unsigned ARCHITECTURE = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned ARCHITECTURE = AUDIT_ARCH_AARCH64;
#endif

// Calls that both architectures have. Files are opened by openat2 and by the names of descriptors.
static const unsigned allowed[] = {
    SYS_read,       SYS_write,        SYS_close,     SYS_openat,       SYS_openat2,
    SYS_fstat,      SYS_fstatfs,      SYS_pread64,   SYS_pwrite64,     SYS_getdents64,
    SYS_lseek,      SYS_mkdirat,      SYS_symlinkat, SYS_readlinkat,   SYS_linkat,
    SYS_renameat,   SYS_unlinkat,     SYS_utimensat, SYS_fchmodat,     SYS_truncate,
    SYS_ftruncate,  SYS_fsync,        SYS_fdatasync, SYS_newfstatat,   SYS_brk,
    SYS_mmap,       SYS_munmap,       SYS_mremap,    SYS_getrandom,    SYS_madvise,
    SYS_exit_group, SYS_exit,         SYS_futex,     SYS_rt_sigreturn, SYS_restart_syscall,
    SYS_ppoll,      SYS_sendmsg,      SYS_recvmsg,   SYS_fgetxattr,    SYS_flistxattr,
    SYS_fsetxattr,  SYS_fremovexattr,
#if defined(__x86_64__)
    SYS_open,       SYS_chmod,        SYS_poll,
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

// --- Files

// Rights of Landlock by the version that brought them; headers may be older than the kernel.
constexpr uint64_t RIGHTS_FIRST = (1 << 13) - 1;
constexpr uint64_t RIGHT_REFER = 1 << 13;
constexpr uint64_t RIGHT_TRUNCATE = 1 << 14;
constexpr uint64_t RIGHTS_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t RIGHTS_WRITE = RIGHTS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_MAKE_SYM | RIGHT_REFER | RIGHT_TRUNCATE;

static bool allow_place(int rules, const struct place *place, uint64_t known)
{
    bool writes = place->write || place->writable != nullptr;
    struct landlock_path_beneath_attr rule = {
        .allowed_access = (writes ? RIGHTS_WRITE : RIGHTS_READ) & known,
        .parent_fd = place->root,
    };
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

// True also where Linux has no Landlock, or not in use.
static bool confine_files(const struct place *places, size_t count)
{
    long version =
        syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        return errno == ENOSYS || errno == EOPNOTSUPP;
    }
    struct landlock_ruleset_attr attributes = {
        .handled_access_fs =
            RIGHTS_FIRST | (version >= 2 ? RIGHT_REFER : 0) | (version >= 3 ? RIGHT_TRUNCATE : 0),
    };
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attributes,
                             sizeof attributes.handled_access_fs, 0);
    bool good = rules >= 0;
    for (size_t i = 0; i < count && good; i++) {
        good = allow_place(rules, &places[i], attributes.handled_access_fs);
    }
    good = good && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    if (rules >= 0) {
        (void)close(rules);
    }
    return good;
}

// --- System calls

static bool confine_calls(void)
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
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool confine(const struct place *places, size_t count)
{
    raise_limit();
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && confine_files(places, count) &&
           confine_calls();
}
