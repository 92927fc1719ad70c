/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-practice.h"

#include "domain/lk-identifiers.h"

#include <string.h>

/* Five groups of five with four dashes. */
#define KEY_LENGTH 29
#define PREFIX     "PRCTC-"
#define KIND_PLACE 6
/* The last group seals the others, so that a real key that begins by chance like a practice key is
 * not taken for one. */
#define SEAL_PLACE 24

#define FIRST_GROUP 90000
#define N_GROUPS    10000
#define N_SERIALS   1000000000

static const char alphabet[] = "BCDFGHJKMPQRTVWXY2346789";

static const struct
{
  LkKeyKind kind;
  char letter;
} kinds[] = {
  { LK_KEY_MAK, 'M' },
  { LK_KEY_GVLK, 'G' },
  { LK_KEY_CSVLK, 'H' },
};

/* An endless row of bytes, a function of the purpose and the words: SHA-256 in counter mode. Keyed
 * with the purpose, so that no two purposes share a row. */
typedef struct
{
  const char *purpose;
  const char *const *words;
  guint8 block[32];
  guint next; /* byte of the block */
  guint n_blocks;
} Stream;

static Stream
stream_open (const char *purpose, const char *const *words)
{
  return (Stream){ .purpose = purpose, .words = words, .next = sizeof (((Stream *) 0)->block) };
}

static guint8
stream_read (Stream *self)
{
  if (self->next == sizeof self->block)
    {
      g_autofree char *counter = g_strdup_printf ("%u", self->n_blocks++);
      GHmac *hmac =
          g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) self->purpose, strlen (self->purpose));
      gsize length = sizeof self->block;

      /* The NUL is hashed with each word, so that moving a character from one to the next shows. */
      g_hmac_update (hmac, (const guchar *) counter, (gssize) strlen (counter) + 1);
      for (guint i = 0; self->words[i] != NULL; i++)
        g_hmac_update (hmac, (const guchar *) self->words[i], (gssize) strlen (self->words[i]) + 1);
      g_hmac_get_digest (hmac, self->block, &length);
      g_hmac_unref (hmac);
      self->next = 0;
    }

  return self->block[self->next++];
}

static guint32
stream_read_number (Stream *self, guint32 below)
{
  guint64 value = 0;

  for (guint i = 0; i < 8; i++)
    value = value << 8 | stream_read (self);

  return (guint32) (value % below);
}

static void
write_letters (Stream *stream, char *key, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    key[i] = i % 6 == 5 ? '-' : alphabet[stream_read_number (stream, 24)];
}

/* Writes the last group of a key whose other letters stand. */
static void
write_seal (char *key)
{
  g_autofree char *letters = g_strndup (key, SEAL_PLACE);
  Stream stream = stream_open ("latchkey practice key seal", (const char *[]){ letters, NULL });

  write_letters (&stream, key, SEAL_PLACE, KEY_LENGTH);
  key[KEY_LENGTH] = '\0';
}

LkSecret *
lk_practice_key_new (LkKeyKind kind, guint number)
{
  g_autofree char *text = g_strdup_printf ("%u", number);
  Stream stream = stream_open ("latchkey practice key",
                               (const char *[]){ lk_key_kind_to_word (kind), text, NULL });
  char key[KEY_LENGTH + 1] = PREFIX;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].kind == kind)
      key[KIND_PLACE] = kinds[i].letter;
  g_return_val_if_fail (key[KIND_PLACE] != '\0', NULL);

  write_letters (&stream, key, KIND_PLACE + 1, SEAL_PLACE);
  write_seal (key);
  return lk_secret_new (key, KEY_LENGTH);
}

gboolean
lk_practice_key_decode (const char *key, LkKeyKind *kind, guint *group, guint32 *serial)
{
  LkKeyKind found = LK_KEY_UNKNOWN;
  char expected[KEY_LENGTH + 1];
  Stream stream;

  if (strlen (key) != KEY_LENGTH || !g_str_has_prefix (key, PREFIX))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (key[KIND_PLACE] == kinds[i].letter)
      found = kinds[i].kind;
  memcpy (expected, key, KEY_LENGTH + 1);
  write_seal (expected);
  if (found == LK_KEY_UNKNOWN || strcmp (key, expected) != 0)
    return FALSE;

  stream = stream_open ("latchkey practice key fields", (const char *[]){ key, NULL });
  *kind = found;
  *group = FIRST_GROUP + stream_read_number (&stream, N_GROUPS);
  *serial = stream_read_number (&stream, N_SERIALS);
  return TRUE;
}

static char *
write_digits (Stream *stream, guint n_groups, guint group_length)
{
  char *digits = g_malloc (n_groups * group_length + 1);
  char *end = digits;

  for (guint i = 0; i < n_groups; i++, end += group_length)
    {
      for (guint j = 0; j + 1 < group_length; j++)
        end[j] = (char) ('0' + stream_read_number (stream, 10));
      end[group_length - 1] = lk_digits_get_check_digit (end, group_length - 1);
    }
  *end = '\0';

  return digits;
}

char *
lk_practice_iid (const char *hardware_id, const char *key_identity, guint n_digits)
{
  Stream stream = stream_open ("latchkey practice installation ID",
                               (const char *[]){ hardware_id, key_identity, NULL });

  g_return_val_if_fail (n_digits == 54 || n_digits == 63, NULL);
  return write_digits (&stream, 9, n_digits / 9);
}

char *
lk_practice_cid (const char *iid, const char *key_identity)
{
  Stream stream = stream_open ("latchkey practice confirmation ID",
                               (const char *[]){ iid, key_identity, NULL });

  return write_digits (&stream, 8, 6);
}
