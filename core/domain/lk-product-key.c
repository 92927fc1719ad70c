/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-product-key.h"

#include "base/lk-error.h"
#include "domain/lk-identifiers.h"
#include "domain/lk-practice.h"
#include "domain/lk-table.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define N_LETTERS     25
#define DASHED_LENGTH 29

__extension__ typedef unsigned __int128 Wide;

/* Digits of the newer scheme (Windows 8 and later) in the order of their values; N marks a place
 * and is no digit. */
static const char alphabet[] = "BCDFGHJKMPQRTVWXY2346789";

static const char *const kind_words[] = {
  [LK_KEY_UNKNOWN] = "unknown", [LK_KEY_MAK] = "mak",       [LK_KEY_GVLK] = "gvlk",
  [LK_KEY_CSVLK] = "kms-host",  [LK_KEY_RETAIL] = "retail", [LK_KEY_OEM] = "oem",
};

const char *
lk_key_kind_to_word (LkKeyKind kind)
{
  g_return_val_if_fail ((guint) kind < G_N_ELEMENTS (kind_words), "unknown");

  return kind_words[kind];
}

LkKeyKind
lk_key_kind_from_word (const char *word)
{
  for (guint i = 0; i < G_N_ELEMENTS (kind_words); i++)
    if (g_strcmp0 (word, kind_words[i]) == 0)
      return (LkKeyKind) i;

  return LK_KEY_UNKNOWN;
}

LkKeyKind
lk_key_kind_from_channel (const char *channel, const char *description)
{
  /* In this order: VOLUME_KMSCLIENT begins like VOLUME_KMS. */
  static const struct
  {
    const char *channel;
    const char *word;
    LkKeyKind kind;
  } rules[] = {
    { "Volume:GVLK", "VOLUME_KMSCLIENT", LK_KEY_GVLK },
    { "Volume:CSVLK", "VOLUME_KMS", LK_KEY_CSVLK },
    { "Volume:MAK", "VOLUME_MAK", LK_KEY_MAK },
    { "Retail", "RETAIL", LK_KEY_RETAIL },
    { "OEM", "OEM_", LK_KEY_OEM },
  };

  for (guint i = 0; channel != NULL && i < G_N_ELEMENTS (rules); i++)
    if (g_ascii_strncasecmp (channel, rules[i].channel, strlen (rules[i].channel)) == 0)
      return rules[i].kind;
  for (guint i = 0; description != NULL && i < G_N_ELEMENTS (rules); i++)
    if (strstr (description, rules[i].word) != NULL)
      return rules[i].kind;

  return LK_KEY_UNKNOWN;
}

guint
lk_product_key_find_fault (const char *text)
{
  guint place = 1;

  if (!g_utf8_validate (text, -1, NULL))
    return 1;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      char c = (char) g_ascii_toupper (*p);

      if (lk_is_separator (g_utf8_get_char (p)))
        continue;
      if (c != 'N' && strchr (alphabet, c) == NULL)
        return place;
      place++;
    }
  return 0;
}

/* Fills @letters with the key in upper case. Messages tell places and numbers, never characters. */
static gboolean
read_letters (const char *text, char letters[N_LETTERS + 1], GError **error)
{
  guint wrong_place = lk_product_key_find_fault (text);
  guint n = 0;

  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The product key is not text"));
      return FALSE;
    }
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      char c = (char) g_ascii_toupper (*p);

      if (lk_is_separator (g_utf8_get_char (p)))
        continue;
      if (n < N_LETTERS)
        letters[n] = c;
      n++;
    }
  letters[MIN (n, N_LETTERS)] = '\0';

  if (n != N_LETTERS)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("A product key has 25 characters without its dashes, not %u"), n);
  else if (wrong_place != 0)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("Character %u of the product key is not one that product keys use"),
                 wrong_place);
  return n == N_LETTERS && wrong_place == 0;
}

/* A number in base 24: first the place of the N, then the other letters from the left. */
static Wide
decode (const char *letters)
{
  Wide value = (Wide) (strchr (letters, 'N') - letters);

  for (guint i = 0; i < N_LETTERS; i++)
    if (letters[i] != 'N')
      value = value * 24 + (Wide) (strchr (alphabet, letters[i]) - alphabet);

  return value;
}

static guint32
get_bits (Wide value, guint from, guint n)
{
  return (guint32) (value >> from) & ((1u << n) - 1);
}

/* The low 10 bits of a CRC-32 (polynomial 0x04C11DB7, not reflected, inverted at the end) over the
 * 16 bytes, lowest first, with the checksum's own bits cleared. */
static guint32
compute_checksum (Wide value)
{
  guint32 crc = 0xFFFFFFFF;

  value &= ~((Wide) 0x3FF << 103);
  for (guint i = 0; i < 16; i++)
    {
      crc ^= get_bits (value, 8 * i, 8) << 24;
      for (guint bit = 0; bit < 8; bit++)
        crc = crc << 1 ^ (crc >> 31 != 0 ? 0x04C11DB7 : 0);
    }

  return ~crc & 0x3FF;
}

static gboolean
read_2009 (const char *letters, LkKeyFacts *facts, GError **error)
{
  Wide value;

  if (strchr (letters, 'N') != strrchr (letters, 'N'))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The product key has more than one N, so it is mistyped"));
      return FALSE;
    }

  value = decode (letters);
  facts->is_2009 = TRUE;
  facts->group = get_bits (value, 0, 20);
  facts->serial = get_bits (value, 20, 30);
  facts->checksum_ok = get_bits (value, 103, 10) == compute_checksum (value);
  if (!facts->checksum_ok)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("The product key is mistyped: its checksum is wrong"));

  return facts->checksum_ok;
}

/* Published setup keys by key; the values are their editions. */
static GHashTable *
get_published (void)
{
  static GHashTable *published = NULL;
  static GPtrArray *rows = NULL;
  static gsize ready = 0;

  if (g_once_init_enter (&ready))
    {
      rows = lk_table_read ("gvlk.tsv", 3);
      published = g_hash_table_new (g_str_hash, g_str_equal);
      for (guint i = 0; i < rows->len; i++)
        {
          char **row = rows->pdata[i];

          g_hash_table_insert (published, row[2],
                               strstr (row[0], row[1]) != NULL
                                   ? row[0]
                                   : g_strdup_printf ("%s (%s)", row[0], row[1]));
        }
      g_once_init_leave (&ready, 1);
    }

  return published;
}

static void
look_up (const char *key, LkKeyFacts *facts)
{
  facts->edition = g_hash_table_lookup (get_published (), key);
  if (facts->edition != NULL)
    facts->kind = LK_KEY_GVLK;
  else
    facts->is_practice = lk_practice_key_decode (key, &facts->kind, &facts->group, &facts->serial);
}

static void
write_dashed (const char *letters, char *key)
{
  for (guint i = 0; i < DASHED_LENGTH; i++)
    key[i] = i % 6 == 5 ? '-' : letters[i - i / 6];
  key[DASHED_LENGTH] = '\0';
}

LkSecret *
lk_product_key_parse (const char *text, LkKeyFacts *facts, GError **error)
{
  char letters[N_LETTERS + 1];
  char key[DASHED_LENGTH + 1];
  LkKeyFacts found = { 0 };
  LkSecret *secret = NULL;

  if (read_letters (text, letters, error) &&
      (strchr (letters, 'N') == NULL || read_2009 (letters, &found, error)))
    {
      write_dashed (letters, key);
      look_up (key, &found);
      memcpy (found.last_five, letters + N_LETTERS - 5, 6);
      secret = lk_secret_new (key, DASHED_LENGTH);
    }
  if (facts != NULL)
    *facts = found;

  explicit_bzero (letters, sizeof letters);
  explicit_bzero (key, sizeof key);
  return secret;
}

char *
lk_product_key_mask (const char *last_five)
{
  return g_strconcat ("•••••-•••••-•••••-•••••-", last_five, NULL);
}
