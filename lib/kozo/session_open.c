// SPDX-License-Identifier: MIT
// Apart from session.c, since init has sessions and no page that tells it of any.
#include <kozo/session.h>

#include <kozo/format.h>
#include <kozo/start.h>

bool kozo_session_open(struct kozo_session *session, const char *name)
{
    char part[24];
    kozo_format(part, sizeof part, "%s.page", name);
    uint64_t page = kozo_granted(part);
    if (page == 0) {
        return false;
    }
    kozo_format(part, sizeof part, "%s.arrival", name);
    kozo_session_start(session, (struct kozo_session_page *)page,
                       (struct kozo_endpoint){kozo_granted(name)},
                       (struct kozo_notification){kozo_granted(part)});
    kozo_format(part, sizeof part, "%s.data", name);
    session->data = (uint8_t *)kozo_granted(part);
    kozo_format(part, sizeof part, "%s.size", name);
    session->data_size = kozo_granted(part);
    return true;
}
