/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-transfer-seal.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#define MAGIC       "LATCHKEY SEALED TRANSFER "
#define MAGIC_LINE  MAGIC "1\n"
#define MAGIC_BYTES (sizeof MAGIC_LINE - 1)

#define PASSES_AT (MAGIC_BYTES)
#define MEMORY_AT (PASSES_AT + 4)
#define SALT_AT   (MEMORY_AT + 4)
#define STREAM_AT (SALT_AT + crypto_pwhash_SALTBYTES)

#define MAX_PASSES     8
#define MAX_MEMORY_KIB (512 * 1024)

G_STATIC_ASSERT (STREAM_AT + crypto_secretstream_xchacha20poly1305_HEADERBYTES ==
                 LK_SEAL_HEADER_BYTES);
G_STATIC_ASSERT (crypto_secretstream_xchacha20poly1305_ABYTES == LK_SEAL_EXTRA_BYTES);

static const LkSealCost usual_cost = { .n_passes = 3, .memory_kib = 256 * 1024 };

struct _LkSealer
{
  guint8 header[LK_SEAL_HEADER_BYTES];
  crypto_secretstream_xchacha20poly1305_state *state;
  gboolean is_first;
};

struct _LkUnsealer
{
  guint8 header[LK_SEAL_HEADER_BYTES];
  LkSecret *key;
  crypto_secretstream_xchacha20poly1305_state *state;
  gboolean is_first;
};

static void
put_number (guint8 *at, guint32 number)
{
  guint32 big = GUINT32_TO_BE (number);

  memcpy (at, &big, sizeof big);
}

static guint32
get_number (const guint8 *at)
{
  guint32 big;

  memcpy (&big, at, sizeof big);
  return GUINT32_FROM_BE (big);
}

gboolean
lk_seal_is_one (const void *data, gsize length)
{
  return length >= strlen (MAGIC) && memcmp (data, MAGIC, strlen (MAGIC)) == 0;
}

/* Makes the key of @passphrase as @header says. */
static LkSecret *
derive_key (const LkSecret *passphrase, const guint8 *header, GError **error)
{
  char key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
  LkSecret *secret = NULL;

  if (lk_secret_get_length (passphrase) == 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("the passphrase is empty"));
      return NULL;
    }

  if (crypto_pwhash ((guint8 *) key, sizeof key, lk_secret_peek (passphrase),
                     lk_secret_get_length (passphrase), header + SALT_AT,
                     get_number (header + PASSES_AT),
                     (gsize) get_number (header + MEMORY_AT) * 1024,
                     crypto_pwhash_ALG_ARGON2ID13) == 0)
    secret = lk_secret_new (key, sizeof key);
  else
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("there is not enough memory to work with its passphrase; it takes %u MiB"),
                 get_number (header + MEMORY_AT) / 1024);

  sodium_memzero (key, sizeof key);
  return secret;
}

static crypto_secretstream_xchacha20poly1305_state *
make_state (void)
{
  /* Aligned to 16 bytes, as guarded memory must be for it. */
  void *state =
      sodium_malloc ((sizeof (crypto_secretstream_xchacha20poly1305_state) + 15) & ~(gsize) 15);

  if (state == NULL)
    g_error ("Out of guarded memory for secrets");
  return state;
}

LkSealer *
lk_sealer_new (const LkSecret *passphrase, const LkSealCost *cost, GError **error)
{
  g_autoptr (LkSealer) self = g_new0 (LkSealer, 1);
  g_autoptr (LkSecret) key = NULL;

  if (cost == NULL)
    cost = &usual_cost;
  memcpy (self->header, MAGIC_LINE, MAGIC_BYTES);
  put_number (self->header + PASSES_AT, cost->n_passes);
  put_number (self->header + MEMORY_AT, cost->memory_kib);
  randombytes_buf (self->header + SALT_AT, crypto_pwhash_SALTBYTES);
  key = derive_key (passphrase, self->header, error);
  if (key == NULL)
    return NULL;

  self->state = make_state ();
  self->is_first = TRUE;
  crypto_secretstream_xchacha20poly1305_init_push (self->state, self->header + STREAM_AT,
                                                   (const guint8 *) lk_secret_peek (key));
  return g_steal_pointer (&self);
}

void
lk_sealer_free (LkSealer *self)
{
  if (self == NULL)
    return;

  sodium_free (self->state);
  g_free (self);
}

const guint8 *
lk_sealer_get_header (const LkSealer *self)
{
  return self->header;
}

void
lk_sealer_add (LkSealer *self, const void *piece, gsize length, gboolean is_last, GByteArray *out)
{
  guint start = out->len;

  g_assert (length <= LK_SEAL_PIECE_BYTES && (is_last || length == LK_SEAL_PIECE_BYTES));
  g_byte_array_set_size (out, start + (guint) length + LK_SEAL_EXTRA_BYTES);
  crypto_secretstream_xchacha20poly1305_push (
      self->state, out->data + start, NULL, piece, length, self->header,
      self->is_first ? LK_SEAL_HEADER_BYTES : 0,
      is_last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
              : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
  self->is_first = FALSE;
}

static gboolean
check_header (const guint8 *header, GError **error)
{
  guint32 n_passes = get_number (header + PASSES_AT);
  guint32 memory_kib = get_number (header + MEMORY_AT);
  gboolean is_sane = n_passes >= crypto_pwhash_OPSLIMIT_MIN && n_passes <= MAX_PASSES &&
                     memory_kib >= crypto_pwhash_MEMLIMIT_MIN / 1024 &&
                     memory_kib <= MAX_MEMORY_KIB;

  if (memcmp (header, MAGIC_LINE, MAGIC_BYTES) != 0)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("it was made by a newer Latchkey; update this one to read it"));
  else if (!is_sane)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("it is damaged: what it says of its passphrase makes no sense"));
  else
    return TRUE;

  return FALSE;
}

LkUnsealer *
lk_unsealer_new (const guint8 *header, const LkSecret *passphrase, GError **error)
{
  g_autoptr (LkUnsealer) self = NULL;

  if (!check_header (header, error))
    return NULL;

  self = g_new0 (LkUnsealer, 1);
  memcpy (self->header, header, LK_SEAL_HEADER_BYTES);
  self->key = derive_key (passphrase, header, error);
  if (self->key == NULL)
    return NULL;

  self->state = make_state ();
  lk_unsealer_rewind (self);
  return g_steal_pointer (&self);
}

void
lk_unsealer_free (LkUnsealer *self)
{
  if (self == NULL)
    return;

  lk_secret_free (self->key);
  sodium_free (self->state);
  g_free (self);
}

void
lk_unsealer_rewind (LkUnsealer *self)
{
  self->is_first = TRUE;
  crypto_secretstream_xchacha20poly1305_init_pull (self->state, self->header + STREAM_AT,
                                                   (const guint8 *) lk_secret_peek (self->key));
}

gboolean
lk_unsealer_add (LkUnsealer *self,
                 const guint8 *sealed,
                 gsize length,
                 GByteArray *out,
                 gboolean *is_last,
                 GError **error)
{
  guint start = out->len;
  guint8 tag = 0;
  gboolean is_open = FALSE;

  /* No piece is empty, the last one included. */
  if (length > LK_SEAL_EXTRA_BYTES)
    {
      g_byte_array_set_size (out, start + (guint) length - LK_SEAL_EXTRA_BYTES);
      is_open = crypto_secretstream_xchacha20poly1305_pull (self->state, out->data + start, NULL,
                                                            &tag, sealed, length, self->header,
                                                            self->is_first ? LK_SEAL_HEADER_BYTES
                                                                           : 0) == 0;
    }
  if (!is_open)
    {
      g_byte_array_set_size (out, start);
      if (self->is_first)
        g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                     _ ("the passphrase is wrong, or the file was damaged or cut off"));
      else
        g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                     _ ("its seal is broken: it was changed, damaged or cut off"));
      return FALSE;
    }

  self->is_first = FALSE;
  *is_last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
  return TRUE;
}
