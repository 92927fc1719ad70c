/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-challenge.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Each line is a header. What the description names must be found, and nothing else. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char *const schemes[] = { "Negotiate", "Kerberos", "Basic", "Digest" };
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 64);
  g_autoptr (LkHttpMessage) answer = g_new0 (LkHttpMessage, 1);
  g_autofree char *names = NULL;
  g_auto (GStrv) words = NULL;

  answer->headers = g_ptr_array_new_with_free_func (g_free);
  answer->body = g_byte_array_new ();
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_ptr_array_add (answer->headers, g_strdup ("WWW-Authenticate"));
      g_ptr_array_add (answer->headers, g_strdup (lines[i]));
    }

  names = lk_challenge_describe (answer);
  words = g_strsplit (names, ", ", -1);
  g_assert_cmpuint (strlen (names), <=, 32 * 34);
  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      GBytes *token = NULL;
      gboolean is_found = lk_challenge_find (answer, schemes[i], &token);
      gboolean is_named = FALSE;

      for (guint n = 0; words[n] != NULL; n++)
        is_named |= g_ascii_strcasecmp (words[n], schemes[i]) == 0;
      g_assert_true (is_found == is_named);
      g_assert_true (token == NULL || (is_found && g_bytes_get_size (token) > 0));
      g_clear_pointer (&token, g_bytes_unref);
    }
  return 0;
}
