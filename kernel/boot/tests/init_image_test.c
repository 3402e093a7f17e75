// SPDX-License-Identifier: MIT
#include "boot/init_image.h"

#include "arch/host/host.h"
#include "elf.h"
#include "kozo/abi.h"
#include "test.h"

constexpr uint64_t PAGE = ARCH_PAGE_SIZE;
constexpr physical_t BASE = 4 * PAGE;
constexpr physical_t END = BASE + 8 * PAGE;

static struct elf *elf;
static physical_t end;
static struct init_image image;

static void begin(void)
{
    host_reset();
    elf = elf_make(BASE);
    end = END;
}

static void read_image(void)
{
    image = init_image_read(BASE, end);
}

static bool is_refused(void)
{
    return host_panic_of(read_image) != nullptr;
}

TEST("the segments of init are read, and the rest of their last page is zero")
{
    begin();
    CHECK(!is_refused());
    CHECK(image.segments == 2 && image.entry == 2 * PAGE + 8);
    CHECK(image.base == 2 * PAGE && image.end == 9 * PAGE);
    CHECK(image.segment[0].address == 2 * PAGE && image.segment[0].file == BASE + PAGE);
    CHECK(image.segment[0].file_size == 2 * PAGE && image.segment[0].zero_size == 0);
    CHECK(image.segment[0].rights == (KOZO_RIGHT_READ | KOZO_RIGHT_EXECUTE));
    CHECK(image.segment[1].file_size == PAGE && image.segment[1].zero_size == 2 * PAGE);
    CHECK(image.segment[1].rights == (KOZO_RIGHT_READ | KOZO_RIGHT_WRITE));
    const unsigned char *file = arch_window(BASE);
    CHECK(file[2 * PAGE + 7] == 0x5a && file[2 * PAGE + 8] == 0 && file[3 * PAGE - 1] == 0);
    CHECK(file[4 * PAGE] == 0x5a && file[4 * PAGE + 1] == 0);
}

TEST("a segment without memory is passed over")
{
    begin();
    elf->segment[0].file_size = 0;
    elf->segment[0].memory_size = 0;
    CHECK(!is_refused());
    CHECK(image.segments == 1 && image.base == 6 * PAGE);
}

TEST("what is no ELF file for 64-bit little-endian machines is refused")
{
    for (unsigned i = 0; i < 6; i++) {
        begin();
        elf->identification[i] ^= 1;
        CHECK(is_refused());
    }
    begin();
    end = BASE + PAGE - 1;
    CHECK(is_refused());
    begin();
    end = BASE;
    CHECK(is_refused());
}

TEST("program headers that are elsewhere, of another size, or too many are refused")
{
    begin();
    elf->segments_at = 72;
    CHECK(is_refused());
    begin();
    elf->segments_at = UINT64_MAX;
    CHECK(is_refused());
    begin();
    elf->segment_size = 64;
    CHECK(is_refused());
    begin();
    elf->segments = UINT16_MAX;
    CHECK(is_refused());
    begin();
    elf->segments = (uint16_t)((PAGE - 64) / 56 + 1);
    CHECK(is_refused());
}

TEST("segments that are not in whole pages are refused")
{
    begin();
    elf->segment[0].offset += 8;
    CHECK(is_refused());
    begin();
    elf->segment[0].address += 8;
    CHECK(is_refused());
}

TEST("segments that reach out of the file are refused, also when they wrap")
{
    begin();
    elf->segment[0].offset = 7 * PAGE;
    CHECK(is_refused());
    begin();
    elf->segment[0].offset = 9 * PAGE;
    CHECK(is_refused());
    begin();
    elf->segment[0].offset = 0 - PAGE;
    CHECK(is_refused());
    begin();
    elf->segment[0].file_size = 8 * PAGE;
    elf->segment[0].memory_size = 8 * PAGE;
    CHECK(is_refused());
}

TEST("segments that reach out of user memory are refused, also when they wrap")
{
    begin();
    elf->segment[0].address = ARCH_USER_END;
    CHECK(is_refused());
    begin();
    elf->segment[0].address = ARCH_USER_END - PAGE;
    CHECK(is_refused());
    begin();
    elf->segment[0].address = 0 - PAGE;
    CHECK(is_refused());
    begin();
    elf->segment[2].memory_size = ARCH_USER_END;
    CHECK(is_refused());
    begin();
    elf->segment[2].memory_size = UINT64_MAX;
    CHECK(is_refused());
}

TEST("segments with more in the file than in memory are refused")
{
    begin();
    elf->segment[2].memory_size = 0;
    elf->segment[2].file_size = 1;
    CHECK(!is_refused() && image.segments == 1);
    begin();
    elf->segment[0].memory_size = 8;
    CHECK(is_refused());
    begin();
    elf->segment[0].file_size = UINT64_MAX;
    elf->segment[0].memory_size = UINT64_MAX;
    CHECK(is_refused());
}

TEST("a segment that is writable and executable is refused")
{
    begin();
    elf->segment[0].flags = 7;
    CHECK(is_refused());
}
