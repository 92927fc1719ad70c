/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * LkSecret:
 *
 * Text that must not leak: it lives in guarded, unswappable memory (libsodium) and is wiped when
 * freed. Never print it; what a person may see comes from lk_product_key_mask().
 */
typedef struct _LkSecret LkSecret;

/* Copies @length bytes (-1: up to the NUL). The caller wipes its own copy. */
LkSecret *lk_secret_new (const char *text, gssize length);
/* The same text once more; each is freed. */
LkSecret *lk_secret_copy (const LkSecret *self);
void lk_secret_free (LkSecret *self);

/* The text, NUL-terminated, valid as long as @self. */
const char *lk_secret_peek (const LkSecret *self);
gsize lk_secret_get_length (const LkSecret *self);

/* Reads one secret, without its line end, from an open descriptor, up to 64 KiB. */
LkSecret *lk_secret_read_fd (int fd, GError **error);

/* Reads one secret from a file that nobody else may read: any permission for group or others is
 * refused, as is a symbolic link. */
LkSecret *lk_secret_read_file (const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSecret, lk_secret_free)
