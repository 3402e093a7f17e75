// SPDX-License-Identifier: MIT
// System calls about memory.
#include "../core/call.h"
#include "../core/caller.h"
#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/user.h"
#include "../file/descriptors.h"
#include "pages.h"
#include "shared.h"
#include "space.h"

enum map_flags : uint64_t {
    FLAG_SHARED = 1,
    FLAG_PRIVATE = 2,
    FLAG_SHARED_VALIDATE = 3,
    FLAG_KIND = 15,
    FLAG_FIXED = 0x10,
    FLAG_ANONYMOUS = 0x20,
    FLAG_FIXED_NEW = 0x10'0000,
};

constexpr uint64_t RIGHTS = AREA_READ | AREA_WRITE | AREA_EXECUTE;
constexpr uint64_t RIGHTS_IGNORED = 0x0300'0000 | 8; // PROT_GROWSDOWN and the like

static struct space *space_of_call(void)
{
    return strand_now->space;
}

static uint64_t whole_pages(uint64_t size)
{
    return (size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

// --- mmap -------------------------------------------------------------------------------------------

constexpr int LIMIT_SPACE = 9; // RLIMIT_AS
constexpr int LIMIT_DATA = 2;

static bool is_beyond_limit(const struct space *space, uint64_t more)
{
    return more > caller()->limit[LIMIT_SPACE].soft ||
           space->size > caller()->limit[LIMIT_SPACE].soft - more;
}

struct wish {
    uint64_t address, size, offset, flags;
    area_rights rights;
    area_kind kind;
    enum place place;
};

static int64_t map_anonymous(const struct wish *wish)
{
    struct file *file = nullptr;
    if ((wish->kind & AREA_SHARED) != 0) {
        file = shared_make(wish->size);
        if (file == nullptr) {
            return -ENOMEM;
        }
    }
    int64_t at = space_map(space_of_call(), wish->address, wish->size, wish->place, wish->rights,
                           wish->kind, file, 0);
    if (file != nullptr) {
        file_drop(file);
    }
    return at;
}

static int64_t map_file(const struct wish *wish, uint64_t descriptor)
{
    struct file *file = descriptor_file(descriptor);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = 0;
    bool writes = (wish->rights & AREA_WRITE) != 0 && (wish->kind & AREA_SHARED) != 0;
    if (!file_reads(file) || (writes && !file_writes(file))) {
        result = -EACCES;
    } else if (file->operations->pages == nullptr) {
        result = -ENODEV;
    } else {
        result = space_map(space_of_call(), wish->address, wish->size, wish->place, wish->rights,
                           wish->kind, file, wish->offset);
    }
    file_drop(file);
    return result;
}

int64_t call_mmap(const struct call *call)
{
    uint64_t flags = call->argument[3];
    uint64_t kind = flags & FLAG_KIND;
    struct wish wish = {
        .address = call->argument[0],
        .size = whole_pages(call->argument[1]),
        .rights = (area_rights)(call->argument[2] & RIGHTS),
        .kind = kind == FLAG_PRIVATE ? 0 : AREA_SHARED,
        .offset = call->argument[5],
        .flags = flags,
        .place = (flags & FLAG_FIXED_NEW) != 0 ? PLACE_NEW
                 : (flags & FLAG_FIXED) != 0   ? PLACE_FIXED
                                               : PLACE_HINT,
    };
    if (wish.offset % PAGE_BYTES != 0 || call->argument[1] == 0 ||
        (kind != FLAG_SHARED && kind != FLAG_PRIVATE && kind != FLAG_SHARED_VALIDATE)) {
        return -EINVAL;
    }
    if (wish.place == PLACE_HINT) {
        wish.address &= ~(PAGE_BYTES - 1);
    } else if (wish.address % PAGE_BYTES != 0) {
        return -EINVAL;
    }
    if (wish.size == 0 || wish.size > SPACE_END || is_beyond_limit(space_of_call(), wish.size)) {
        return -ENOMEM;
    }
    if ((flags & FLAG_ANONYMOUS) != 0) {
        wish.offset = 0;
        return map_anonymous(&wish);
    }
    if (wish.offset + wish.size < wish.offset) {
        return -EOVERFLOW;
    }
    return map_file(&wish, call->argument[4]);
}

// --- Ranges -----------------------------------------------------------------------------------------

// A range as munmap and its kin name it: whole pages, inside of what a program may have.
static int64_t check_range(uint64_t address, uint64_t size)
{
    if (address % PAGE_BYTES != 0 || size > SPACE_END || address > SPACE_END - size) {
        return -EINVAL;
    }
    return 0;
}

int64_t call_munmap(const struct call *call)
{
    uint64_t size = whole_pages(call->argument[1]);
    if (size == 0 || check_range(call->argument[0], size) != 0) {
        return -EINVAL;
    }
    return space_unmap(space_of_call(), call->argument[0], size);
}

static int64_t protect(const struct call *call)
{
    uint64_t size = whole_pages(call->argument[1]);
    if ((call->argument[2] & ~(RIGHTS | RIGHTS_IGNORED)) != 0 ||
        call->argument[0] % PAGE_BYTES != 0) {
        return -EINVAL;
    }
    if (size == 0) {
        return call->argument[1] == 0 ? 0 : -ENOMEM;
    }
    if (check_range(call->argument[0], size) != 0) {
        return -ENOMEM;
    }
    return space_protect(space_of_call(), call->argument[0], size,
                         (area_rights)(call->argument[2] & RIGHTS));
}

int64_t call_mprotect(const struct call *call)
{
    return protect(call);
}

int64_t call_pkey_mprotect(const struct call *call)
{
    return (int32_t)call->argument[3] != -1 ? -EINVAL : protect(call);
}

// Whether a range belongs to areas from its start to its end.
static bool is_covered(uint64_t address, uint64_t size)
{
    uint64_t end = address + size;
    while (address < end) {
        const struct area *area = space_area(space_of_call(), address);
        if (area == nullptr) {
            return false;
        }
        address = area->end;
    }
    return true;
}

int64_t call_madvise(const struct call *call)
{
    enum advice : int {
        DONT_NEED = 4,
        FREE = 8,
        REMOVE = 9,
        WIPE_ON_FORK = 18,
        COLD = 20,
        PAGE_OUT = 21,
        POPULATE_READ = 22,
        POPULATE_WRITE = 23,
        LAST = 25,
    };
    uint64_t address = call->argument[0];
    uint64_t size = whole_pages(call->argument[1]);
    int advice = (int)call->argument[2];
    if (check_range(address, size) != 0 || (size == 0 && call->argument[1] != 0) || advice < 0 ||
        advice > LAST || advice == 5 || advice == 6 || advice == 7) {
        return -EINVAL;
    }
    if (!is_covered(address, size)) {
        return -ENOMEM;
    }
    if (advice == DONT_NEED) {
        space_forget(space_of_call(), address, size);
    } else if (advice == POPULATE_READ || advice == POPULATE_WRITE) {
        for (uint64_t at = address; at < address + size; at += PAGE_BYTES) {
            if (space_reach(space_of_call(), at, advice == POPULATE_WRITE) == nullptr) {
                return -EFAULT;
            }
        }
    } else if (advice == REMOVE) {
        return -EINVAL;
    }
    return 0;
}

int64_t call_mincore(const struct call *call)
{
    uint64_t address = call->argument[0];
    uint64_t size = whole_pages(call->argument[1]);
    if (address % PAGE_BYTES != 0) {
        return -EINVAL;
    }
    if (check_range(address, size) != 0 || !is_covered(address, size)) {
        return -ENOMEM;
    }
    for (uint64_t i = 0; i < size / PAGE_BYTES; i++) {
        uint8_t there = space_is_present(space_of_call(), address + i * PAGE_BYTES) ? 1 : 0;
        if (user_write((struct user){call->argument[2] + i}, &there, 1) != 0) {
            return -EFAULT;
        }
    }
    return 0;
}

int64_t call_msync(const struct call *call)
{
    constexpr uint64_t asynchronous = 1, invalidate = 2, synchronous = 4;
    uint64_t address = call->argument[0];
    uint64_t end = address + whole_pages(call->argument[1]);
    uint64_t flags = call->argument[2];
    if (check_range(address, end - address) != 0 ||
        (flags & ~(asynchronous | invalidate | synchronous)) != 0 ||
        ((flags & asynchronous) != 0 && (flags & synchronous) != 0)) {
        return -EINVAL;
    }
    while (address < end) {
        const struct area *area = space_area(space_of_call(), address);
        if (area == nullptr) {
            return -ENOMEM;
        }
        address = area->end;
        struct file *file = area->file;
        if (file == nullptr || (area->kind & AREA_SHARED) == 0 ||
            file->operations->sync == nullptr || (flags & synchronous) == 0) {
            continue;
        }
        file_keep(file);
        int64_t error = file->operations->sync(file, true);
        file_drop(file);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

// Nothing is ever paged out: what is there, stays.
static int64_t lock(uint64_t address, uint64_t size)
{
    uint64_t start = address & ~(PAGE_BYTES - 1);
    uint64_t end = whole_pages(address + size);
    if (end < start) {
        return -EINVAL;
    }
    if (!is_covered(start, end - start)) {
        return -ENOMEM;
    }
    for (uint64_t at = start; at < end; at += PAGE_BYTES) {
        const struct area *area = space_area(space_of_call(), at);
        bool write = area != nullptr && (area->rights & AREA_WRITE) != 0;
        if (area != nullptr && area->rights != 0 &&
            space_reach(space_of_call(), at, write) == nullptr) {
            return -ENOMEM;
        }
    }
    return 0;
}

int64_t call_mlock(const struct call *call)
{
    return lock(call->argument[0], call->argument[1]);
}

int64_t call_mlock2(const struct call *call)
{
    return (call->argument[2] & ~1ul) != 0 ? -EINVAL : lock(call->argument[0], call->argument[1]);
}

int64_t call_munlock(const struct call *call)
{
    uint64_t start = call->argument[0] & ~(PAGE_BYTES - 1);
    uint64_t end = whole_pages(call->argument[0] + call->argument[1]);
    return end < start ? -EINVAL : is_covered(start, end - start) ? 0 : -ENOMEM;
}

int64_t call_mlockall(const struct call *call)
{
    return call->argument[0] == 0 || (call->argument[0] & ~7ul) != 0 || call->argument[0] == 4
               ? -EINVAL
               : 0;
}

int64_t call_munlockall(const struct call *call)
{
    (void)call;
    return 0;
}

// --- brk --------------------------------------------------------------------------------------------

int64_t call_brk(const struct call *call)
{
    struct space *space = space_of_call();
    uint64_t wanted = call->argument[0];
    uint64_t old_end = whole_pages(space->heap_end);
    uint64_t new_end = whole_pages(wanted);
    if (wanted < space->heap_start || wanted >= SPACE_END ||
        wanted - space->heap_start > caller()->limit[LIMIT_DATA].soft) {
        return (int64_t)space->heap_end;
    }
    if (new_end < old_end) {
        if (space_unmap(space, new_end, old_end - new_end) != 0) {
            return (int64_t)space->heap_end;
        }
    } else if (new_end > old_end) {
        if (is_beyond_limit(space, new_end - old_end) ||
            space_map(space, old_end, new_end - old_end, PLACE_NEW, AREA_READ | AREA_WRITE,
                      AREA_HEAP, nullptr, 0) < 0) {
            return (int64_t)space->heap_end;
        }
    }
    space->heap_end = wanted;
    return (int64_t)wanted;
}

// --- mremap -----------------------------------------------------------------------------------------

enum remap_flags : uint64_t {
    REMAP_MAY_MOVE = 1,
    REMAP_FIXED = 2,
    REMAP_KEEP = 4,
};

struct remap {
    uint64_t old, old_size, new_size, flags, to;
};

static int64_t move(const struct remap *remap)
{
    struct space *space = space_of_call();
    uint64_t to = remap->to;
    if ((remap->flags & REMAP_FIXED) == 0) {
        to = space_find(space, remap->new_size);
        if (to == 0) {
            return -ENOMEM;
        }
    } else if (space_unmap(space, to, remap->new_size) != 0) {
        return -ENOMEM;
    }
    uint64_t kept = remap->new_size < remap->old_size ? remap->new_size : remap->old_size;
    if (kept < remap->old_size) {
        int64_t error = space_unmap(space, remap->old + kept, remap->old_size - kept);
        if (error != 0) {
            return error;
        }
    }
    int64_t error = space_move(space, remap->old, kept, to);
    if (error != 0) {
        return error;
    }
    if (kept < remap->new_size) {
        struct area *area = space_area(space, to + kept - 1);
        if (!space_extend(space, area, to + remap->new_size)) {
            return -ENOMEM;
        }
    }
    return (int64_t)to;
}

int64_t call_mremap(const struct call *call)
{
    struct remap remap = {
        .old = call->argument[0],
        .old_size = whole_pages(call->argument[1]),
        .new_size = whole_pages(call->argument[2]),
        .flags = call->argument[3],
        .to = call->argument[4],
    };
    bool fixed = (remap.flags & REMAP_FIXED) != 0;
    if (remap.old % PAGE_BYTES != 0 || remap.new_size == 0 ||
        (remap.flags & ~(REMAP_MAY_MOVE | REMAP_FIXED)) != 0 ||
        (fixed && (remap.flags & REMAP_MAY_MOVE) == 0) ||
        (fixed && (remap.to % PAGE_BYTES != 0 || check_range(remap.to, remap.new_size) != 0)) ||
        (fixed && remap.to < remap.old + remap.old_size && remap.old < remap.to + remap.new_size)) {
        return -EINVAL;
    }
    struct space *space = space_of_call();
    struct area *area = space_area(space, remap.old);
    if (area == nullptr || remap.old_size > area->end - remap.old || (area->kind & AREA_SYSTEM)) {
        return -EFAULT;
    }
    if (remap.old_size == 0) {
        return -EINVAL;
    }
    if (fixed) {
        return move(&remap);
    }
    if (remap.new_size <= remap.old_size) {
        int64_t error =
            remap.new_size == remap.old_size
                ? 0
                : space_unmap(space, remap.old + remap.new_size, remap.old_size - remap.new_size);
        return error != 0 ? error : (int64_t)remap.old;
    }
    if (is_beyond_limit(space, remap.new_size - remap.old_size)) {
        return -ENOMEM;
    }
    if (remap.old + remap.old_size == area->end &&
        space_extend(space, area, remap.old + remap.new_size)) {
        return (int64_t)remap.old;
    }
    return (remap.flags & REMAP_MAY_MOVE) != 0 ? move(&remap) : -ENOMEM;
}

// --- Policies of memory with several nodes: there is one ---------------------------------------------

int64_t call_set_mempolicy(const struct call *call)
{
    (void)call;
    return 0;
}

int64_t call_mbind(const struct call *call)
{
    (void)call;
    return 0;
}

int64_t call_get_mempolicy(const struct call *call)
{
    int32_t policy = 0;
    struct user to = {call->argument[0]};
    struct user nodes = {call->argument[1]};
    uint64_t mask = 1;
    if (to.address != 0 && user_write(to, &policy, sizeof policy) != 0) {
        return -EFAULT;
    }
    if (nodes.address != 0 && user_write(nodes, &mask, sizeof mask) != 0) {
        return -EFAULT;
    }
    return 0;
}
