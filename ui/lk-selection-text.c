/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-selection-text.h"

#include <string.h>

/* What follows the field's name in @condition, or NULL when it is about another one. */
static const char *
skip_field (const char *condition, const char *field)
{
  while (g_ascii_isspace (*condition))
    condition++;
  if (!g_str_has_prefix (condition, field))
    return NULL;
  condition += strlen (field);
  while (g_ascii_isspace (*condition))
    condition++;
  return *condition != '\0' && strchr ("=!<>", *condition) != NULL ? condition : NULL;
}

char *
lk_selection_text_get (const char *text, const char *field)
{
  g_auto (GStrv) conditions = g_strsplit (text, ",", -1);

  for (guint i = 0; conditions[i] != NULL; i++)
    {
      const char *rest = skip_field (conditions[i], field);

      if (rest != NULL)
        return *rest == '=' ? g_strstrip (g_strdup (rest + 1)) : g_strdup (rest);
    }
  return NULL;
}

char *
lk_selection_text_set (const char *text, const char *field, const char *value)
{
  g_auto (GStrv) conditions = g_strsplit (text, ",", -1);
  g_autoptr (GString) made = g_string_new (NULL);

  for (guint i = 0; conditions[i] != NULL; i++)
    if (*g_strstrip (conditions[i]) != '\0' && skip_field (conditions[i], field) == NULL)
      g_string_append_printf (made, "%s%s", made->len > 0 ? "," : "", conditions[i]);
  if (value != NULL)
    g_string_append_printf (made, "%s%s=%s", made->len > 0 ? "," : "", field, value);
  return g_string_free (g_steal_pointer (&made), FALSE);
}
