// SPDX-License-Identifier: MIT
// The handlers of the Files protocol, by what they are about.
#pragma once

#include <kozo/protocol.h>
#include <stddef.h>

struct node;
struct operation;

// look.c
struct kozo_message serve_walk(struct kozo_caller *caller,
                               const struct kozo_files_walk_arguments *asked);
struct kozo_message serve_look(struct kozo_caller *caller,
                               const struct kozo_files_look_arguments *asked);
struct kozo_message serve_close(struct kozo_caller *caller,
                                const struct kozo_files_close_arguments *asked);
struct kozo_message serve_stat(struct kozo_caller *caller,
                               const struct kozo_files_stat_arguments *asked);
struct kozo_message serve_list(struct kozo_caller *caller,
                               const struct kozo_files_list_arguments *asked);
struct kozo_message serve_describe(struct kozo_caller *caller,
                                   const struct kozo_files_describe_arguments *asked);

struct kozo_message serve_refresh(struct kozo_caller *caller);

// contents.c
struct kozo_message serve_read(struct kozo_caller *caller,
                               const struct kozo_files_read_arguments *asked);
struct kozo_message serve_write(struct kozo_caller *caller,
                                const struct kozo_files_write_arguments *asked);

// names.c
struct kozo_message serve_make(struct kozo_caller *caller,
                               const struct kozo_files_make_arguments *asked);
struct kozo_message serve_link(struct kozo_caller *caller,
                               const struct kozo_files_link_arguments *asked);
struct kozo_message serve_remove(struct kozo_caller *caller,
                                 const struct kozo_files_remove_arguments *asked);
struct kozo_message serve_rename(struct kozo_caller *caller,
                                 const struct kozo_files_rename_arguments *asked);

// Makes a folder for the file server itself. When the operation is STAGE_DONE, its error says how that went.
struct kozo_message names_make_folder(struct node *folder, const char *name, size_t length,
                                      struct operation *operation);

// change.c
struct kozo_message serve_change(struct kozo_caller *caller,
                                 const struct kozo_files_change_arguments *asked);
struct kozo_message serve_sync(struct kozo_caller *caller,
                               const struct kozo_files_sync_arguments *asked);

// lend.c
struct kozo_message serve_pages(struct kozo_caller *caller,
                                const struct kozo_files_pages_arguments *asked);

// lock.c
struct kozo_message serve_lock(struct kozo_caller *caller,
                               const struct kozo_files_lock_arguments *asked);
struct kozo_message serve_find_lock(struct kozo_caller *caller,
                                    const struct kozo_files_find_lock_arguments *asked);

// attribute.c
struct kozo_message serve_attribute(struct kozo_caller *caller,
                                    const struct kozo_files_attribute_arguments *asked);
struct kozo_message serve_attributes(struct kozo_caller *caller,
                                     const struct kozo_files_attributes_arguments *asked);
struct kozo_message serve_set_attribute(struct kozo_caller *caller,
                                        const struct kozo_files_set_attribute_arguments *asked);
struct kozo_message
serve_remove_attribute(struct kozo_caller *caller,
                       const struct kozo_files_remove_attribute_arguments *asked);

// mount.c
struct kozo_message serve_mount(struct kozo_caller *caller,
                                const struct kozo_files_mount_arguments *asked);
struct kozo_message serve_mounted(struct kozo_caller *caller,
                                  const struct kozo_files_mounted_arguments *asked);
struct kozo_message serve_unmount(struct kozo_caller *caller,
                                  const struct kozo_files_unmount_arguments *asked);
