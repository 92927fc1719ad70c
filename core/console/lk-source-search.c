/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-source-search.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>

#define YES "yes"

/* How the value of an option lies in a search. */
typedef enum
{
  VALUE_TEXT,
  VALUE_FLAG,
  VALUE_NUMBER, /* guint; 0 is not kept */
  VALUE_LARGE,  /* the same of guint64 */
  VALUE_WORD,   /* of an enumeration, which begins with what is not kept */
} ValueType;

typedef struct
{
  const char *name;
  ValueType type;
  gsize offset;
  const char *const *words;
} Parameter;

#define FIELD(name) offsetof (LkDirectorySearch, name)
static const Parameter directory_parameters[] = {
  { "server", VALUE_TEXT, FIELD (server), NULL },
  { "domain", VALUE_TEXT, FIELD (domain), NULL },
  { "global-catalog", VALUE_FLAG, FIELD (is_global), NULL },
  { "base", VALUE_TEXT, FIELD (base), NULL },
  { "scope", VALUE_WORD, FIELD (scope), lk_directory_scopes },
  { "filter", VALUE_TEXT, FIELD (filter), NULL },
  { "name", VALUE_TEXT, FIELD (name), NULL },
  { "map", VALUE_TEXT, FIELD (map), NULL },
  { "disabled", VALUE_FLAG, FIELD (with_disabled), NULL },
  { "stale-days", VALUE_NUMBER, FIELD (stale_days), NULL },
  { "referrals", VALUE_WORD, FIELD (follow), lk_directory_referrals },
  { "max", VALUE_NUMBER, FIELD (max), NULL },
  { "tls", VALUE_WORD, FIELD (tls), lk_directory_tls_ways },
  { "bind", VALUE_WORD, FIELD (bind), lk_directory_bind_ways },
  { "allow-clear-password", VALUE_FLAG, FIELD (allow_clear), NULL },
  { "ca", VALUE_TEXT, FIELD (ca_file), NULL },
  { "fingerprint", VALUE_TEXT, FIELD (fingerprint), NULL },
  { "credential", VALUE_TEXT, FIELD (credential), NULL },
};
#undef FIELD

#define FIELD(name) offsetof (LkNetworkSearch, name)
static const Parameter network_parameters[] = {
  { "ports", VALUE_TEXT, FIELD (ports), NULL },
  { "rate", VALUE_NUMBER, FIELD (rate), NULL },
  { "pattern", VALUE_TEXT, FIELD (pattern), NULL },
  { "identify", VALUE_FLAG, FIELD (identify), NULL },
  { "max-addresses", VALUE_LARGE, FIELD (max_addresses), NULL },
};
#undef FIELD

/* Enumerations are as wide as an unsigned number: gcc's and clang's are, where none is negative. */
G_STATIC_ASSERT (sizeof (LkLdapScope) == sizeof (guint));
G_STATIC_ASSERT (sizeof (LkLdapTls) == sizeof (guint));
G_STATIC_ASSERT (sizeof (LkLdapBind) == sizeof (guint));

static void
keep (LkSource *source, const Parameter *parameter, const char *search)
{
  gconstpointer field = search + parameter->offset;
  g_autofree char *number = NULL;
  guint64 value = 0;

  switch (parameter->type)
    {
    case VALUE_TEXT:
      lk_source_set (source, parameter->name, *(const char *const *) field);
      return;
    case VALUE_FLAG:
      if (*(const gboolean *) field)
        lk_source_set (source, parameter->name, YES);
      return;
    case VALUE_WORD:
      if (*(const guint *) field != 0)
        lk_source_set (source, parameter->name, parameter->words[*(const guint *) field]);
      return;
    case VALUE_NUMBER:
      value = *(const guint *) field;
      break;
    case VALUE_LARGE:
    default:
      value = *(const guint64 *) field;
    }

  number = value != 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT, value) : NULL;
  lk_source_set (source, parameter->name, number);
}

static gboolean
take_word (const char *const *words, const char *given, guint *out)
{
  for (guint i = 0; words[i] != NULL; i++)
    if (g_str_equal (words[i], given))
      {
        *out = i;
        return TRUE;
      }

  return FALSE;
}

static gboolean
take (const Parameter *parameter, const char *value, char *search)
{
  gpointer field = search + parameter->offset;
  guint64 number;

  switch (parameter->type)
    {
    case VALUE_TEXT:
      *(const char **) field = value;
      return TRUE;
    case VALUE_FLAG:
      *(gboolean *) field = TRUE;
      return TRUE;
    case VALUE_WORD:
      return take_word (parameter->words, value, field);
    case VALUE_NUMBER:
      if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT, &number, NULL))
        return FALSE;
      *(guint *) field = (guint) number;
      return TRUE;
    case VALUE_LARGE:
    default:
      return g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT64, field, NULL);
    }
}

/* What the source has beside @passed, NULL-terminated. */
static gboolean
take_all (const LkSource *source,
          const Parameter *parameters,
          guint n_parameters,
          const char *const *passed,
          char *search,
          GError **error)
{
  for (guint i = 0; i < source->names->len; i++)
    {
      const char *name = source->names->pdata[i];
      guint j = 0;

      if (g_strv_contains (passed, name))
        continue;
      while (j < n_parameters && !g_str_equal (parameters[j].name, name))
        j++;
      if (j == n_parameters || !take (&parameters[j], source->values->pdata[i], search))
        {
          g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                       _ ("“%s” was saved by a newer version, and cannot be searched by this one"),
                       source->name);
          return FALSE;
        }
    }

  return TRUE;
}

LkSource *
lk_source_from_directory (const LkDirectorySearch *search)
{
  LkSource *source = lk_source_new (NULL, LK_SOURCE_KIND_DIRECTORY);
  LkDirectorySearch kept = *search;

  if (kept.stale_days == LK_DIRECTORY_STALE_DAYS)
    kept.stale_days = 0; /* the usual */
  for (guint i = 0; i < G_N_ELEMENTS (directory_parameters); i++)
    keep (source, &directory_parameters[i], (const char *) &kept);
  return source;
}

gboolean
lk_source_to_directory (const LkSource *source, LkDirectorySearch *search, GError **error)
{
  static const char *const none[] = { NULL };

  *search = (LkDirectorySearch){ .stale_days = LK_DIRECTORY_STALE_DAYS, .only_look = TRUE };
  return take_all (source, directory_parameters, G_N_ELEMENTS (directory_parameters), none,
                   (char *) search, error);
}

static void
keep_list (LkSource *source, const char *name, const char *const *values)
{
  for (; values != NULL && *values != NULL; values++)
    lk_source_set (source, name, *values);
}

LkSource *
lk_source_from_network (const LkNetworkSearch *search)
{
  gboolean is_range = search->ranges != NULL;
  LkSource *source =
      lk_source_new (NULL, is_range ? LK_SOURCE_KIND_RANGE : LK_SOURCE_KIND_WORKGROUP);
  LkNetworkSearch kept = *search;

  kept.identify = kept.identify && is_range; /* a workgroup is always asked who it is */
  keep_list (source, LK_SOURCE_ARGUMENT, search->ranges);
  if (!is_range)
    lk_source_set (source, LK_SOURCE_ARGUMENT, search->workgroup);
  keep_list (source, "interface", search->interfaces);
  for (guint i = 0; i < G_N_ELEMENTS (network_parameters); i++)
    keep (source, &network_parameters[i], (const char *) &kept);
  return source;
}

gboolean
lk_source_to_network (const LkSource *source, LkNetworkSearch *search, GError **error)
{
  static const char *const lists[] = { LK_SOURCE_ARGUMENT, "interface", NULL };
  gboolean is_range = g_str_equal (source->kind, LK_SOURCE_KIND_RANGE);

  *search = (LkNetworkSearch){ .identify = !is_range, .dry_run = TRUE };
  if (!take_all (source, network_parameters, G_N_ELEMENTS (network_parameters), lists,
                 (char *) search, error))
    return FALSE;

  if (is_range)
    search->ranges = (const char *const *) lk_source_list (source, LK_SOURCE_ARGUMENT);
  else
    search->workgroup = lk_source_get (source, LK_SOURCE_ARGUMENT);
  search->interfaces = (const char *const *) lk_source_list (source, "interface");
  return TRUE;
}

static const struct
{
  const char *kind;
  const char *title;
} kinds[] = {
  { LK_SOURCE_KIND_DIRECTORY, N_ ("Directory") }, { LK_SOURCE_KIND_RANGE, N_ ("Addresses") },
  { LK_SOURCE_KIND_WORKGROUP, N_ ("Network") },   { LK_SOURCE_KIND_FILE, N_ ("File") },
  { LK_SOURCE_KIND_ADDRESS, N_ ("Addresses") },
};

char *
lk_source_describe (const LkSource *source)
{
  const char *title = source->kind;
  g_autoptr (GString) text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].kind, source->kind))
      title = _ (kinds[i].title);
  text = g_string_new (title);
  for (guint i = 0; i < source->names->len; i++)
    {
      const char *name = source->names->pdata[i];
      const char *value = source->values->pdata[i];

      g_string_append (text, i == 0 ? ": " : ", ");
      if (!g_str_equal (name, LK_SOURCE_ARGUMENT))
        g_string_append (text, name);
      if (!g_str_equal (name, LK_SOURCE_ARGUMENT) && !g_str_equal (value, YES))
        g_string_append_c (text, ' ');
      if (!g_str_equal (value, YES))
        g_string_append (text, value);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
