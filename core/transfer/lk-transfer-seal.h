/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"

/* Sealing a transfer file with a passphrase: Argon2id makes a key of it, XChaCha20-Poly1305 seals
 * piece by piece (libsodium's secretstream), so that pieces cannot be changed, left out, repeated,
 * moved or cut off. data/man/latchkey-transfer.5 has the bytes. Errors are words that do not name
 * the file. */

#define LK_SEAL_HEADER_BYTES 75
/* Of what is sealed: each piece has so many bytes, and only the last one fewer. */
#define LK_SEAL_PIECE_BYTES  (64 * 1024)
#define LK_SEAL_EXTRA_BYTES  17 /* by which a sealed piece is longer */

/**
 * LkSealCost:
 *
 * What guessing one passphrase costs, and what whoever opens the file has to spend once. It stands
 * in the file; one that asks for more than 8 passes or 512 MiB is refused.
 */
typedef struct
{
  guint32 n_passes;
  guint32 memory_kib;
} LkSealCost;

/* Whether a file that begins with @data is sealed, by this version or a newer one. */
gboolean lk_seal_is_one (const void *data, gsize length);

/**
 * LkSealer:
 */
typedef struct _LkSealer LkSealer;

/* @cost: NULL for the usual one, 3 passes over 256 MiB. Takes about a second. */
LkSealer *lk_sealer_new (const LkSecret *passphrase, const LkSealCost *cost, GError **error);
void lk_sealer_free (LkSealer *self);
/* What the file begins with, LK_SEAL_HEADER_BYTES. */
const guint8 *lk_sealer_get_header (const LkSealer *self);
/* Appends the next piece to @out. */
void
lk_sealer_add (LkSealer *self, const void *piece, gsize length, gboolean is_last, GByteArray *out);

/**
 * LkUnsealer:
 */
typedef struct _LkUnsealer LkUnsealer;

/* @header: the LK_SEAL_HEADER_BYTES at the file's beginning. */
LkUnsealer *lk_unsealer_new (const guint8 *header, const LkSecret *passphrase, GError **error);
void lk_unsealer_free (LkUnsealer *self);
/* Starts anew with the first piece. */
void lk_unsealer_rewind (LkUnsealer *self);
/* Appends what the next sealed piece of @length bytes holds to @out. LK_ERROR_DENIED when it is the
 * first one, since then the passphrase may be wrong. */
gboolean lk_unsealer_add (LkUnsealer *self,
                          const guint8 *sealed,
                          gsize length,
                          GByteArray *out,
                          gboolean *is_last,
                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSealer, lk_sealer_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkUnsealer, lk_unsealer_free)
