/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-tag.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_LENGTH 64 /* bytes */

static gboolean
has (char **tags, guint n, const char *tag)
{
  g_autofree char *wanted = g_utf8_casefold (tag, -1);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *folded = g_utf8_casefold (tags[i], -1);

      if (g_str_equal (folded, wanted))
        return TRUE;
    }
  return FALSE;
}

/* Nothing that the selection language would take for a pattern, nothing that cannot be seen. */
static gboolean
is_good (const char *tag)
{
  if (strlen (tag) > MAX_LENGTH || !g_utf8_validate (tag, -1, NULL))
    return FALSE;
  for (const char *p = tag; *p != '\0'; p = g_utf8_next_char (p))
    if (!g_unichar_isprint (g_utf8_get_char (p)) || strchr ("*?", *p) != NULL)
      return FALSE;

  return TRUE;
}

char **
lk_tags_parse (const char *text, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (text, ",;|", -1);
  g_autoptr (GPtrArray) tags = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; words[i] != NULL; i++)
    {
      const char *tag = g_strstrip (words[i]);

      if (*tag == '\0' || has ((char **) tags->pdata, tags->len, tag))
        continue;
      if (!is_good (tag) || tags->len == LK_TAGS_MAX)
        {
          g_autofree char *shown = g_utf8_make_valid (tag, (gssize) MIN (strlen (tag), MAX_LENGTH));

          g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                       tags->len == LK_TAGS_MAX
                           ? _ ("“%s” is one tag too many; a machine has at most 32")
                           : _ ("“%s” is not a tag; tags are at most 64 bytes of text without *"
                                " and ?"),
                       shown);
          return NULL;
        }
      g_ptr_array_add (tags, g_strdup (tag));
    }

  g_ptr_array_add (tags, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&tags), FALSE);
}

char **
lk_tags_subtract (char **tags, char **others)
{
  guint n = g_strv_length (others);
  g_autoptr (GStrvBuilder) left = g_strv_builder_new ();

  for (guint i = 0; tags[i] != NULL; i++)
    if (!has (others, n, tags[i]))
      g_strv_builder_add (left, tags[i]);

  return g_strv_builder_end (left);
}
