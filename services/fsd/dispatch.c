// SPDX-License-Identifier: MIT
// Which handler carries out which request.
#include "fsd.h"
#include "requests.h"

struct kozo_message fsd_dispatch(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_files_handlers handlers = {
        .walk = serve_walk,
        .look = serve_look,
        .close = serve_close,
        .stat = serve_stat,
        .read = serve_read,
        .write = serve_write,
        .list = serve_list,
        .make = serve_make,
        .link = serve_link,
        .remove = serve_remove,
        .rename = serve_rename,
        .change = serve_change,
        .sync = serve_sync,
        .describe = serve_describe,
        .pages = serve_pages,
        .mount = serve_mount,
        .unmount = serve_unmount,
        .mounted = serve_mounted,
        .refresh = serve_refresh,
        .lock = serve_lock,
        .find_lock = serve_find_lock,
        .attribute = serve_attribute,
        .attributes = serve_attributes,
        .set_attribute = serve_set_attribute,
        .remove_attribute = serve_remove_attribute,
    };
    return kozo_files_dispatch(&handlers, caller, message);
}
