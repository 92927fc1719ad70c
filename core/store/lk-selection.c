/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-selection.h"

#include "base/lk-error.h"
#include "domain/lk-license.h"

#include <string.h>

#define MAX_CONDITIONS 64
#define MAX_VALUES     256

typedef enum
{
  FIELD_TEXT,
  FIELD_NUMBER,
  FIELD_STATE,
  FIELD_APP,
  FIELD_RESULT,
} FieldKind;

static const struct
{
  const char *name;
  FieldKind kind;
  const char *sql;
} fields[] = {
  { "name", FIELD_TEXT, "m.name" },
  { "domain", FIELD_TEXT, "coalesce (m.domain, '')" },
  { "address", FIELD_TEXT, "coalesce (m.address, '')" },
  { "product", FIELD_TEXT, "coalesce (p.name, '')" },
  { "edition", FIELD_TEXT, "coalesce (p.edition, '')" },
  { "kind", FIELD_TEXT, "coalesce (p.key_kind, '')" },
  { "key", FIELD_TEXT, "coalesce (p.partial_key, '')" },
  { "state", FIELD_STATE, "coalesce (p.status, -1)" },
  /* What is licensed without an end has no days left to compare. */
  { "days", FIELD_NUMBER,
    "CASE WHEN p.status <> 1 OR p.grace_minutes > 0 THEN p.grace_minutes / 1440 END" },
  { "id", FIELD_NUMBER, "m.id" },
  { "app", FIELD_APP, "coalesce (p.application_id, '')" },
  { "result", FIELD_RESULT, "m.last_ok" },
};

/* Longest first, so that "<=" is not read as "<". */
static const char *const operators[] = { "!=", "<=", ">=", "=", "<", ">" };

void
lk_selection_free (LkSelection *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->where);
  g_ptr_array_unref (self->values);
  g_free (self);
}

/* What a person writes with * and ? as a LIKE pattern, which ignores case. */
static char *
glob_to_like (const char *glob)
{
  GString *like = g_string_new (NULL);

  for (const char *p = glob; *p != '\0'; p++)
    switch (*p)
      {
      case '*':
        g_string_append_c (like, '%');
        break;
      case '?':
        g_string_append_c (like, '_');
        break;
      case '%':
      case '_':
      case '\\':
        g_string_append_c (like, '\\');
        g_string_append_c (like, *p);
        break;
      default:
        g_string_append_c (like, *p);
      }

  return g_string_free (like, FALSE);
}

static gboolean
append_text (GString *sql, GPtrArray *params, const char *column, const char *value)
{
  g_string_append_printf (sql, "%s LIKE ? ESCAPE '\\'", column);
  g_ptr_array_add (params, glob_to_like (value));
  return TRUE;
}

static gboolean
append_state (GString *sql, const char *column, const char *value, GError **error)
{
  LkLicenseStatus status;

  if (g_str_equal (value, "grace"))
    g_string_append_printf (sql, "%s IN (2, 3, 4, 6)", column);
  else if (g_str_equal (value, "attention"))
    g_string_append_printf (sql, "(%s IN (4, 5) OR m.last_ok = 0)", column);
  else if (lk_license_status_from_word (value, &status))
    g_string_append_printf (sql, "%s = %d", column, (int) status);
  else
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   "“%s” is not a state; states are unread, licensed, grace, initial-grace,"
                   " out-of-tolerance-grace, non-genuine-grace, notification, extended-grace,"
                   " unlicensed, and attention for what a person should look at",
                   value);
      return FALSE;
    }
  return TRUE;
}

static gboolean
append_number (GString *sql, const char *column, const char *op, const char *value, GError **error)
{
  gint64 number;

  if (!g_ascii_string_to_signed (value, 10, G_MININT32, G_MAXINT32, &number, NULL))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "“%s” is not a whole number", value);
      return FALSE;
    }

  g_string_append_printf (sql, "%s %s %d", column, g_str_equal (op, "!=") ? "=" : op, (int) number);
  return TRUE;
}

static gboolean
append_value (GString *sql,
              GPtrArray *params,
              guint field,
              const char *op,
              const char *value,
              GError **error)
{
  const char *column = fields[field].sql;

  switch (fields[field].kind)
    {
    case FIELD_TEXT:
      return append_text (sql, params, column, value);
    case FIELD_NUMBER:
      return append_number (sql, column, op, value, error);
    case FIELD_STATE:
      return append_state (sql, column, value, error);
    case FIELD_APP:
      if (g_str_equal (value, "windows"))
        value = LK_APPLICATION_WINDOWS;
      else if (g_str_equal (value, "office"))
        value = LK_APPLICATION_OFFICE;
      return append_text (sql, params, column, value);
    case FIELD_RESULT:
      if (g_str_equal (value, "ok") || g_str_equal (value, "failed"))
        {
          g_string_append_printf (sql, "%s = %d", column, g_str_equal (value, "ok"));
          return TRUE;
        }
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "A result is “ok” or “failed”, not “%s”",
                   value);
      return FALSE;
    }

  g_assert_not_reached ();
}

static gboolean
append_word (GString *sql, GPtrArray *params, const char *word)
{
  static const char *const columns[] = { "m.name", "coalesce (m.domain, '')",
                                         "coalesce (p.name, '')", "coalesce (p.partial_key, '')" };
  g_autofree char *glob = g_strdup_printf ("*%s*", word);

  g_string_append (sql, "(");
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    {
      g_string_append (sql, i > 0 ? " OR " : "");
      append_text (sql, params, columns[i], glob);
    }
  g_string_append (sql, ")");
  return TRUE;
}

static const char *
find_operator (const char *condition, const char **where)
{
  const char *at = strpbrk (condition, "=!<>");

  for (guint i = 0; at != NULL && i < G_N_ELEMENTS (operators); i++)
    if (g_str_has_prefix (at, operators[i]))
      {
        *where = at;
        return operators[i];
      }

  return NULL;
}

static gboolean
append_condition (GString *sql,
                  GPtrArray *params,
                  const char *condition,
                  gboolean *names_product,
                  GError **error)
{
  const char *at = NULL;
  const char *op = find_operator (condition, &at);
  g_autofree char *name = NULL;
  g_auto (GStrv) values = NULL;
  guint field = 0;

  if (op == NULL)
    return append_word (sql, params, condition);

  name = g_strstrip (g_strndup (condition, (gsize) (at - condition)));
  while (field < G_N_ELEMENTS (fields) && !g_str_equal (fields[field].name, name))
    field++;
  if (field == G_N_ELEMENTS (fields))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   "“%s” is not something to select by; fields are name, domain, address, product,"
                   " edition, state, days, kind, key, app, result, id",
                   name);
      return FALSE;
    }
  if (fields[field].kind != FIELD_NUMBER && strpbrk (op, "<>") != NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "“%s” can be compared with = and != only",
                   name);
      return FALSE;
    }

  *names_product |= g_str_equal (name, "product") || g_str_equal (name, "app");
  values = g_strsplit (at + strlen (op), "|", -1);
  if (g_strv_length (values) > MAX_VALUES)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "More than %d values for “%s”", MAX_VALUES,
                   name);
      return FALSE;
    }
  g_string_append (sql, g_str_equal (op, "!=") ? "NOT (" : "(");
  /* "domain=" means those that have none; g_strsplit() gives no value for it. */
  if (values[0] == NULL && !append_value (sql, params, field, op, "", error))
    return FALSE;
  for (guint i = 0; values[i] != NULL; i++)
    {
      g_string_append (sql, i > 0 ? " OR " : "");
      if (!append_value (sql, params, field, op, g_strstrip (values[i]), error))
        return FALSE;
    }
  g_string_append (sql, ")");
  return TRUE;
}

LkSelection *
lk_selection_parse (const char *text, GError **error)
{
  g_autoptr (GString) sql = g_string_new ("1");
  g_autoptr (GPtrArray) params = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) conditions = g_strsplit (text != NULL ? text : "", ",", -1);
  gboolean names_product = FALSE;
  LkSelection *self;

  if (text != NULL && !g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "The selection is not valid UTF-8");
      return NULL;
    }

  if (g_strv_length (conditions) > MAX_CONDITIONS)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "The selection has more than %d conditions",
                   MAX_CONDITIONS);
      return NULL;
    }

  for (guint i = 0; conditions[i] != NULL; i++)
    {
      if (g_strstrip (conditions[i])[0] == '\0')
        continue;
      g_string_append (sql, " AND ");
      if (!append_condition (sql, params, conditions[i], &names_product, error))
        return NULL;
    }

  self = g_new0 (LkSelection, 1);
  self->text = g_strdup (text != NULL ? text : "");
  self->where = g_strdup (sql->str);
  self->values = g_steal_pointer (&params);
  self->names_product = names_product;
  return self;
}

LkSelection *
lk_selection_from_names (const char *const *names)
{
  g_autoptr (GString) sql = g_string_new ("(0");
  LkSelection *self = g_new0 (LkSelection, 1);

  self->values = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; names[i] != NULL; i++)
    {
      if (names[i][0] == '#')
        g_string_append (sql, " OR m.id = CAST (? AS INTEGER)");
      else
        {
          g_string_append (sql, " OR m.name = ? OR m.fqdn = ? OR m.address = ?");
          g_ptr_array_add (self->values, g_strdup (names[i]));
          g_ptr_array_add (self->values, g_strdup (names[i]));
        }
      g_ptr_array_add (self->values, g_strdup (names[i][0] == '#' ? names[i] + 1 : names[i]));
    }
  g_string_append (sql, ")");

  self->where = g_strdup (sql->str);
  self->text = g_strjoinv (" ", (char **) names);
  return self;
}
