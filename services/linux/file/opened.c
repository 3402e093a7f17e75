// SPDX-License-Identifier: MIT
#include "opened.h"

#include "linux.h"
#include "noted.h"

static struct noted_paths opened;
static bool wanted;

void opened_begin(void)
{
    wanted = true;
}

void opened_note(const struct entry *entry, uint32_t flags)
{
    if (!wanted || !entry->node->system->of_host || entry->gone) {
        return;
    }
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        opened.missed++;
        return;
    }
    struct noted *noted = noted_add(&opened, path_of(entry, path_top(), buffer));
    if (noted != nullptr) {
        uint32_t access = flags & O_ACCMODE;
        noted->how |= access != O_WRONLY ? OPENED_READ : 0;
        noted->how |= access != O_RDONLY ? OPENED_WRITE : 0;
    }
    path_buffer_give(buffer);
}

struct opened opened_at(unsigned place)
{
    return place < opened.count ? (struct opened){opened.path[place].path, opened.path[place].how}
                                : (struct opened){};
}

uint64_t opened_not_noted(void)
{
    return opened.missed;
}

void opened_clear(void)
{
    noted_take_out(&opened, "");
    opened.missed = 0;
    wanted = false;
}
