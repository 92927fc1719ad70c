/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-selection.h"

#include "base/lk-error.h"
#include "domain/lk-license.h"
#include "store/lk-stage.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_CONDITIONS 64
#define MAX_MIXED      60 /* bits of a whole number */
#define MAX_VALUES     256

typedef enum
{
  FIELD_TEXT,
  FIELD_NUMBER,
  FIELD_STATE,
  FIELD_APP,
  FIELD_RESULT,
  FIELD_STAGE,
  FIELD_TAG,
  FIELD_TRANSFER,
} FieldKind;

/* What a request that was written here asked for, by its number or by that of an answer to it. */
#define OF_TRANSFER                                                                                \
  "EXISTS (SELECT 1 FROM transfer_row AS t JOIN transfer AS r ON r.id = t.transfer_id AND"         \
  " r.is_written = 1 JOIN transfer AS a ON a.id = r.id OR a.request_id = r.file_id"                \
  " WHERE t.row_id = p.id AND a.id = %d)"

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
  { "stage", FIELD_STAGE, NULL },
  { "tag", FIELD_TAG, NULL },
  { "transfer", FIELD_TRANSFER, NULL },
};

/* One condition: what holds of the machine or of the product, alternatives joined by OR. Either may
 * be empty. */
typedef struct
{
  GString *machine;
  GString *product;
  GPtrArray *machine_values;
  GPtrArray *product_values;
} Condition;

/* All of them, as they come together. */
typedef struct
{
  GString *where;
  GString *any;
  GPtrArray *values;
  GPtrArray *any_values;
} Half;

/* Longest first, so that "<=" is not read as "<". */
static const char *const operators[] = { "!=", "<=", ">=", "=", "<", ">" };

static void
free_half (LkSelectionHalf *half)
{
  g_free (half->where);
  g_free (half->any);
  g_ptr_array_unref (half->values);
  g_ptr_array_unref (half->any_values);
}

void
lk_selection_free (LkSelection *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->where);
  g_ptr_array_unref (self->values);
  free_half (&self->machine);
  free_half (&self->product);
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
is_of_machine (const char *column)
{
  return strstr (column, "m.") != NULL;
}

/* Where the next alternative over @column is written. */
static GString *
begin_alternative (Condition *condition, const char *column)
{
  GString *sql = is_of_machine (column) ? condition->machine : condition->product;

  if (sql->len > 0)
    g_string_append (sql, " OR ");
  return sql;
}

/* A value without * and ? is compared as a whole, which ignores case as LIKE does and takes a
 * fraction of its time. */
static gboolean
append_text (Condition *condition, const char *column, const char *value)
{
  GPtrArray *values =
      is_of_machine (column) ? condition->machine_values : condition->product_values;
  GString *sql = begin_alternative (condition, column);
  char *like;

  if (strpbrk (value, "*?") == NULL)
    {
      g_string_append_printf (sql, "%s = ? COLLATE NOCASE", column);
      g_ptr_array_add (values, g_strdup (value));
      return TRUE;
    }

  /* To look for an escape takes as long as to compare. */
  like = glob_to_like (value);
  g_string_append_printf (sql, "%s LIKE ?%s", column,
                          strchr (like, '\\') != NULL ? " ESCAPE '\\'" : "");
  g_ptr_array_add (values, like);
  return TRUE;
}

static gboolean
append_state (Condition *condition, const char *column, const char *value, GError **error)
{
  LkLicenseStatus status;

  if (g_str_equal (value, "grace"))
    g_string_append_printf (begin_alternative (condition, column), "%s IN (2, 3, 4, 6)", column);
  else if (g_str_equal (value, "attention"))
    {
      g_string_append_printf (begin_alternative (condition, column), "%s IN (4, 5)", column);
      g_string_append (begin_alternative (condition, "m.last_ok"), "m.last_ok = 0");
    }
  else if (lk_license_status_from_word (value, &status))
    g_string_append_printf (begin_alternative (condition, column), "%s = %d", column, (int) status);
  else
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("“%s” is not a state; states are unread, licensed, grace, initial-grace,"
                      " out-of-tolerance-grace, non-genuine-grace, notification, extended-grace,"
                      " unlicensed, and attention for what a person should look at"),
                   value);
      return FALSE;
    }
  return TRUE;
}

static gboolean
parse_number (const char *value, gint64 *number, GError **error)
{
  if (g_ascii_string_to_signed (value, 10, G_MININT32, G_MAXINT32, number, NULL))
    return TRUE;
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” is not a whole number"), value);
  return FALSE;
}

static gboolean
append_number (Condition *condition,
               const char *column,
               const char *op,
               const char *value,
               GError **error)
{
  gint64 number;

  if (!parse_number (value, &number, error))
    return FALSE;
  g_string_append_printf (begin_alternative (condition, column), "%s %s %d", column,
                          g_str_equal (op, "!=") ? "=" : op, (int) number);
  return TRUE;
}

static gboolean
append_stage (Condition *condition, const char *value, GError **error)
{
  const LkStage *stage = lk_stage_find (value);

  if (stage != NULL)
    {
      g_string_append_printf (begin_alternative (condition, "p."), "(%s)", stage->product);
      if (stage->machine != NULL)
        g_string_append_printf (begin_alternative (condition, "m."), "(%s)", stage->machine);
      return TRUE;
    }

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("“%s” is not a stage of an activation; stages are needs-key, has-iid, waiting,"
                  " has-cid, deposited and licensed"),
               value);
  return FALSE;
}

/* The empty one: machines that have none. */
static gboolean
append_tag (Condition *condition, const char *value)
{
  static const char tags[] = "EXISTS (SELECT 1 FROM machine_tag AS g WHERE g.machine_id = m.id";
  GString *sql = begin_alternative (condition, "m.");

  if (*value == '\0')
    g_string_append_printf (sql, "NOT %s)", tags);
  else
    {
      g_string_append_printf (sql, "%s AND g.tag LIKE ? ESCAPE '\\')", tags);
      g_ptr_array_add (condition->machine_values, glob_to_like (value));
    }
  return TRUE;
}

static gboolean
append_value (Condition *condition, guint field, const char *op, const char *value, GError **error)
{
  const char *column = fields[field].sql;
  gint64 number;

  switch (fields[field].kind)
    {
    case FIELD_TEXT:
      return append_text (condition, column, value);
    case FIELD_NUMBER:
      return append_number (condition, column, op, value, error);
    case FIELD_STATE:
      return append_state (condition, column, value, error);
    case FIELD_APP:
      if (g_str_equal (value, "windows"))
        value = LK_APPLICATION_WINDOWS;
      else if (g_str_equal (value, "office"))
        value = LK_APPLICATION_OFFICE;
      return append_text (condition, column, value);
    case FIELD_RESULT:
      if (g_str_equal (value, "ok") || g_str_equal (value, "failed"))
        {
          g_string_append_printf (begin_alternative (condition, column), "%s = %d", column,
                                  g_str_equal (value, "ok"));
          return TRUE;
        }
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("A result is “ok” or “failed”, not “%s”"),
                   value);
      return FALSE;
    case FIELD_STAGE:
      return append_stage (condition, value, error);
    case FIELD_TAG:
      return append_tag (condition, value);
    case FIELD_TRANSFER:
      if (!parse_number (value, &number, error))
        return FALSE;
      g_string_append_printf (begin_alternative (condition, "p."), OF_TRANSFER, (int) number);
      return TRUE;
    }

  g_assert_not_reached ();
}

/* The same as LIKE with % on both sides of one of the columns, in a third of the time. */
static void
append_plain_word (Condition *condition, const char *columns, const char *word)
{
  g_string_append_printf (begin_alternative (condition, columns), "has_word (?, %s)", columns);
  g_ptr_array_add (is_of_machine (columns) ? condition->machine_values : condition->product_values,
                   g_strdup (word));
}

static gboolean
append_word (Condition *condition, const char *word)
{
  static const char *const columns[] = { "m.name", "coalesce (m.domain, '')",
                                         "coalesce (p.name, '')", "coalesce (p.partial_key, '')" };
  g_autofree char *glob = g_strdup_printf ("*%s*", word);

  if (strpbrk (word, "*?") == NULL)
    {
      append_plain_word (condition, "m.name, m.domain", word);
      append_plain_word (condition, "p.name, p.partial_key", word);
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    append_text (condition, columns[i], glob);
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
parse_condition (Condition *condition,
                 const char *text,
                 gboolean *is_negated,
                 gboolean *names_product,
                 GError **error)
{
  const char *at = NULL;
  const char *op = find_operator (text, &at);
  g_autofree char *name = NULL;
  g_auto (GStrv) values = NULL;
  guint field = 0;

  if (op == NULL)
    return append_word (condition, text);

  name = g_strstrip (g_strndup (text, (gsize) (at - text)));
  while (field < G_N_ELEMENTS (fields) && !g_str_equal (fields[field].name, name))
    field++;
  if (field == G_N_ELEMENTS (fields))
    {
      g_set_error (
          error, LK_ERROR, LK_ERROR_INVALID,
          _ ("“%s” is not something to select by; fields are name, domain, address, product,"
             " edition, state, days, kind, key, app, result, stage, tag, transfer, id"),
          name);
      return FALSE;
    }
  if (fields[field].kind != FIELD_NUMBER && strpbrk (op, "<>") != NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” can be compared with = and != only"),
                   name);
      return FALSE;
    }

  *names_product |= g_str_equal (name, "product") || g_str_equal (name, "app");
  values = g_strsplit (at + strlen (op), "|", -1);
  if (g_strv_length (values) > MAX_VALUES)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("More than %d values for “%s”"),
                   MAX_VALUES, name);
      return FALSE;
    }
  *is_negated = g_str_equal (op, "!=");
  /* "domain=" means those that have none; g_strsplit() gives no value for it. */
  if (values[0] == NULL && !append_value (condition, field, op, "", error))
    return FALSE;
  for (guint i = 0; values[i] != NULL; i++)
    if (!append_value (condition, field, op, g_strstrip (values[i]), error))
      return FALSE;
  return TRUE;
}

static void
add_values (GPtrArray *to, GPtrArray *values)
{
  for (guint i = 0; i < values->len; i++)
    g_ptr_array_add (to, g_strdup (g_ptr_array_index (values, i)));
}

static void
add_to_half (Half *half, GString *sql, GPtrArray *values, gboolean is_negated)
{
  if (sql->len == 0)
    return;
  g_string_append_printf (half->where, " AND %s(%s)", is_negated ? "NOT " : "", sql->str);
  add_values (half->values, values);
}

static void
add_to_any (Half *half, GString *sql, GPtrArray *values, guint bit)
{
  g_string_append_printf (half->any, " + (%s) * %" G_GUINT64_FORMAT, sql->str,
                          G_GUINT64_CONSTANT (1) << bit);
  add_values (half->any_values, values);
}

/* What is built of the conditions: the whole, and each half. */
typedef struct
{
  GString *where;
  GPtrArray *values;
  Half machine;
  Half product;
  guint n_mixed;
} Parse;

static void
add_condition (Parse *parse, Condition *condition, gboolean is_negated)
{
  gboolean is_mixed = condition->machine->len > 0 && condition->product->len > 0;

  g_string_append_printf (parse->where, " AND %s(%s%s%s)", is_negated ? "NOT " : "",
                          condition->machine->str, is_mixed ? " OR " : "", condition->product->str);
  add_values (parse->values, condition->machine_values);
  add_values (parse->values, condition->product_values);

  /* That neither holds can be said of each alone; that one of them holds cannot. */
  if (!is_mixed || is_negated)
    {
      add_to_half (&parse->machine, condition->machine, condition->machine_values, is_negated);
      add_to_half (&parse->product, condition->product, condition->product_values, is_negated);
      return;
    }
  add_to_any (&parse->machine, condition->machine, condition->machine_values, parse->n_mixed);
  add_to_any (&parse->product, condition->product, condition->product_values, parse->n_mixed);
  parse->n_mixed++;
}

static gboolean
parse_into (Parse *parse, const char *text, gboolean *names_product, GError **error)
{
  g_autoptr (GString) machine = g_string_new (NULL);
  g_autoptr (GString) product = g_string_new (NULL);
  g_autoptr (GPtrArray) machine_values = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) product_values = g_ptr_array_new_with_free_func (g_free);
  Condition condition = { machine, product, machine_values, product_values };
  gboolean is_negated = FALSE;

  if (!parse_condition (&condition, text, &is_negated, names_product, error))
    return FALSE;
  if (parse->n_mixed == MAX_MIXED)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The selection has more than %d words"),
                   MAX_MIXED);
      return FALSE;
    }

  add_condition (parse, &condition, is_negated);
  return TRUE;
}

static Half
half_new (void)
{
  return (Half){ g_string_new ("1"), g_string_new ("0"), g_ptr_array_new_with_free_func (g_free),
                 g_ptr_array_new_with_free_func (g_free) };
}

/* Takes what was built. */
static LkSelectionHalf
half_end (Half *half)
{
  return (LkSelectionHalf){ g_string_free (half->where, FALSE), half->values,
                            g_string_free (half->any, FALSE), half->any_values };
}

static LkSelection *
parse_end (Parse *parse)
{
  LkSelection *self = g_new0 (LkSelection, 1);

  self->where = g_string_free (parse->where, FALSE);
  self->values = parse->values;
  self->machine = half_end (&parse->machine);
  self->product = half_end (&parse->product);
  self->n_mixed = parse->n_mixed;
  return self;
}

static Parse
parse_begin (void)
{
  return (Parse){ g_string_new ("1"), g_ptr_array_new_with_free_func (g_free), half_new (),
                  half_new (), 0 };
}

LkSelection *
lk_selection_parse (const char *text, GError **error)
{
  g_auto (GStrv) conditions = g_strsplit (text != NULL ? text : "", ",", -1);
  g_autoptr (LkSelection) self = NULL;
  gboolean names_product = FALSE;
  gboolean is_good = TRUE;
  Parse parse;

  if (text != NULL && !g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The selection is not valid UTF-8"));
      return NULL;
    }

  if (g_strv_length (conditions) > MAX_CONDITIONS)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The selection has more than %d conditions"), MAX_CONDITIONS);
      return NULL;
    }

  parse = parse_begin ();
  for (guint i = 0; is_good && conditions[i] != NULL; i++)
    is_good = g_strstrip (conditions[i])[0] == '\0' ||
              parse_into (&parse, conditions[i], &names_product, error);

  self = parse_end (&parse);
  self->text = g_strdup (text != NULL ? text : "");
  self->names_product = names_product;
  return is_good ? g_steal_pointer (&self) : NULL;
}

/* A list is one node to SQLite, where a chain of OR would be too deep for a thousand machines. */
static void
add_list (Condition *condition, const char *column, const char *const *names)
{
  guint n = 0;

  for (guint i = 0; names[i] != NULL; i++)
    if (names[i][0] != '#')
      {
        if (n == 0)
          g_string_append_printf (condition->machine, " OR %s IN (", column);
        g_string_append (condition->machine, n++ == 0 ? "?" : ", ?");
        g_ptr_array_add (condition->machine_values, g_strdup (names[i]));
      }
  if (n > 0)
    g_string_append_c (condition->machine, ')');
}

static void
add_ids (Condition *condition, const char *const *names)
{
  g_string_append (condition->machine, " OR m.id IN (0");
  for (guint i = 0; names[i] != NULL; i++)
    if (names[i][0] == '#')
      g_string_append_printf (condition->machine, ", %" G_GINT64_FORMAT,
                              g_ascii_strtoll (names[i] + 1, NULL, 10));
  g_string_append_c (condition->machine, ')');
}

LkSelection *
lk_selection_from_names (const char *const *names)
{
  Parse parse = parse_begin ();
  g_autoptr (GString) sql = g_string_new ("0");
  g_autoptr (GString) none = g_string_new (NULL);
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) no_values = g_ptr_array_new ();
  Condition condition = { sql, none, values, no_values };
  LkSelection *self;

  add_ids (&condition, names);
  add_list (&condition, "m.name", names);
  add_list (&condition, "m.fqdn", names);
  add_list (&condition, "m.address", names);
  add_condition (&parse, &condition, FALSE);
  self = parse_end (&parse);
  self->text = g_strjoinv (" ", (char **) names);
  return self;
}
