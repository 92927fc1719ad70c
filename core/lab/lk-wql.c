/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-wql.h"

#include "base/lk-error.h"

#include <string.h>

typedef enum
{
  TOKEN_END,
  TOKEN_WORD,
  TOKEN_TEXT, /* quoted */
  TOKEN_NUMBER,
  TOKEN_SIGN, /* "=", "<>", ",", "(", … */
  TOKEN_BAD,
} TokenKind;

typedef enum
{
  OP_AND,
  OP_OR,
  OP_NOT,
  OP_EQUAL,
  OP_NOT_EQUAL,
  OP_LESS,
  OP_GREATER,
  OP_LESS_EQUAL,
  OP_GREATER_EQUAL,
  OP_LIKE,
} Op;

typedef struct _Node Node;
struct _Node
{
  Op op;
  Node *left;
  Node *right;  /* of AND, OR */
  char *column; /* of a comparison */
  char *value;  /* NULL: the NULL literal */
};

struct _LkWql
{
  char *class_name;
  GPtrArray *columns; /* or NULL */
  GPtrArray *used;
  Node *where;
};

typedef struct
{
  const char *rest;
  TokenKind kind;
  GString *text;
  guint n_parts;
  LkWql *query;
  GError **error;
} Parser;

static void
node_free (Node *self)
{
  if (self == NULL)
    return;
  node_free (self->left);
  node_free (self->right);
  g_free (self->column);
  g_free (self->value);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Node, node_free)

void
lk_wql_free (LkWql *self)
{
  if (self == NULL)
    return;
  g_free (self->class_name);
  g_clear_pointer (&self->columns, g_ptr_array_unref);
  g_ptr_array_unref (self->used);
  node_free (self->where);
  g_free (self);
}

static gboolean
is_word_char (char c)
{
  return g_ascii_isalnum (c) || c == '_';
}

static void
take_quoted (Parser *self, char quote)
{
  self->kind = TOKEN_TEXT;
  for (self->rest++; *self->rest != quote; self->rest++)
    {
      if (*self->rest == '\\' && self->rest[1] != '\0')
        self->rest++;
      if (*self->rest == '\0')
        {
          self->kind = TOKEN_BAD;
          return;
        }
      g_string_append_c (self->text, *self->rest);
    }
  self->rest++;
}

static void
next (Parser *self)
{
  static const char *const signs[] = { "<>", "!=", "<=", ">=", "=", "<", ">", ",", "(", ")", "*" };

  g_string_truncate (self->text, 0);
  while (g_ascii_isspace (*self->rest))
    self->rest++;

  if (*self->rest == '\0')
    {
      self->kind = TOKEN_END;
      return;
    }
  if (*self->rest == '\'' || *self->rest == '"')
    {
      take_quoted (self, *self->rest);
      return;
    }
  if (is_word_char (*self->rest) || (*self->rest == '-' && g_ascii_isdigit (self->rest[1])))
    {
      self->kind = *self->rest == '-' || g_ascii_isdigit (*self->rest) ? TOKEN_NUMBER : TOKEN_WORD;
      do
        g_string_append_c (self->text, *self->rest++);
      while (is_word_char (*self->rest));
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (signs); i++)
    if (g_str_has_prefix (self->rest, signs[i]))
      {
        self->kind = TOKEN_SIGN;
        g_string_append (self->text, signs[i]);
        self->rest += strlen (signs[i]);
        return;
      }
  self->kind = TOKEN_BAD;
}

static gboolean
is_word (Parser *self, const char *word)
{
  return self->kind == TOKEN_WORD && g_ascii_strcasecmp (self->text->str, word) == 0;
}

static gboolean
take_word (Parser *self, const char *word)
{
  if (!is_word (self, word))
    return FALSE;
  next (self);
  return TRUE;
}

static gboolean
take_sign (Parser *self, const char *sign)
{
  if (self->kind != TOKEN_SIGN || !g_str_equal (self->text->str, sign))
    return FALSE;
  next (self);
  return TRUE;
}

static gboolean
is_reserved (const char *word)
{
  static const char *const words[] = { "select", "from", "where", "and",  "or",
                                       "not",    "is",   "null",  "like", NULL };
  g_autofree char *lower = g_ascii_strdown (word, -1);

  return g_strv_contains (words, lower);
}

static gboolean
fail (Parser *self, const char *wanted)
{
  if (self->error != NULL && *self->error == NULL)
    g_set_error (self->error, LK_ERROR, LK_ERROR_INVALID,
                 "The query is no WQL: %s expected before “%.20s”", wanted, self->rest);
  return FALSE;
}

static char *
take_name (Parser *self, const char *wanted)
{
  char *name;

  if (self->kind != TOKEN_WORD || is_reserved (self->text->str))
    {
      fail (self, wanted);
      return NULL;
    }
  name = g_strdup (self->text->str);
  next (self);
  return name;
}

static Node *
new_node (Parser *self, Op op, Node *left)
{
  Node *node = g_new0 (Node, 1);

  node->op = op;
  node->left = left;
  if (++self->n_parts > LK_WQL_MAX_PARTS)
    fail (self, "fewer conditions");
  return node;
}

static gboolean
is_too_long (Parser *self)
{
  return self->n_parts > LK_WQL_MAX_PARTS;
}

static gboolean
take_literal (Parser *self, char **value)
{
  if (take_word (self, "null"))
    {
      *value = NULL;
      return TRUE;
    }
  if (self->kind == TOKEN_TEXT || self->kind == TOKEN_NUMBER || is_word (self, "true") ||
      is_word (self, "false"))
    {
      *value = g_strdup (self->text->str);
      next (self);
      return TRUE;
    }
  return fail (self, "a value");
}

static gboolean
take_operator (Parser *self, Op *op)
{
  static const struct
  {
    const char *sign;
    Op op;
  } signs[] = {
    { "=", OP_EQUAL },   { "<>", OP_NOT_EQUAL },  { "!=", OP_NOT_EQUAL },     { "<", OP_LESS },
    { ">", OP_GREATER }, { "<=", OP_LESS_EQUAL }, { ">=", OP_GREATER_EQUAL },
  };

  if (take_word (self, "like"))
    {
      *op = OP_LIKE;
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (signs); i++)
    if (take_sign (self, signs[i].sign))
      {
        *op = signs[i].op;
        return TRUE;
      }
  return fail (self, "an operator");
}

static Node *
take_comparison (Parser *self)
{
  g_autoptr (Node) node = new_node (self, OP_EQUAL, NULL);

  node->column = take_name (self, "a column");
  if (node->column == NULL || is_too_long (self))
    return NULL;
  g_ptr_array_add (self->query->used, g_strdup (node->column));

  if (take_word (self, "is"))
    {
      node->op = take_word (self, "not") ? OP_NOT_EQUAL : OP_EQUAL;
      if (take_word (self, "null"))
        return g_steal_pointer (&node);
      fail (self, "NULL");
      return NULL;
    }
  if (!take_operator (self, &node->op) || !take_literal (self, &node->value))
    return NULL;
  return g_steal_pointer (&node);
}

static Node *take_or (Parser *self, guint depth);

static Node *
take_factor (Parser *self, guint depth)
{
  if (depth > LK_WQL_MAX_DEPTH)
    {
      fail (self, "less nesting");
      return NULL;
    }
  if (take_word (self, "not"))
    {
      Node *inner = take_factor (self, depth + 1);

      return inner != NULL ? new_node (self, OP_NOT, inner) : NULL;
    }
  if (take_sign (self, "("))
    {
      g_autoptr (Node) inner = take_or (self, depth + 1);

      if (inner == NULL)
        return NULL;
      if (take_sign (self, ")"))
        return g_steal_pointer (&inner);
      fail (self, "“)”");
      return NULL;
    }
  return take_comparison (self);
}

/* One level of the two: "AND" binds factors, "OR" binds what AND made. */
static Node *
take_chain (Parser *self, guint depth, Op op)
{
  g_autoptr (Node) left =
      op == OP_OR ? take_chain (self, depth, OP_AND) : take_factor (self, depth);

  while (left != NULL && take_word (self, op == OP_OR ? "or" : "and"))
    {
      Node *right = op == OP_OR ? take_chain (self, depth, OP_AND) : take_factor (self, depth);

      left = new_node (self, op, g_steal_pointer (&left));
      left->right = right;
      if (right == NULL || is_too_long (self))
        return NULL;
    }
  return g_steal_pointer (&left);
}

static Node *
take_or (Parser *self, guint depth)
{
  return take_chain (self, depth, OP_OR);
}

static gboolean
take_columns (Parser *self)
{
  if (take_sign (self, "*"))
    return TRUE;

  self->query->columns = g_ptr_array_new_with_free_func (g_free);
  do
    {
      char *name = take_name (self, "a column");

      if (name == NULL)
        return FALSE;
      g_ptr_array_add (self->query->columns, name);
      if (self->query->columns->len > LK_WQL_MAX_COLUMNS)
        return fail (self, "fewer columns");
    }
  while (take_sign (self, ","));
  g_ptr_array_add (self->query->columns, NULL);
  return TRUE;
}

static gboolean
take_query (Parser *self)
{
  next (self);
  if (!take_word (self, "select"))
    return fail (self, "SELECT");
  if (!take_columns (self))
    return FALSE;
  if (!take_word (self, "from"))
    return fail (self, "FROM");
  self->query->class_name = take_name (self, "a class");
  if (self->query->class_name == NULL)
    return FALSE;
  if (take_word (self, "where"))
    {
      self->query->where = take_or (self, 0);
      if (self->query->where == NULL)
        return FALSE;
    }
  return self->kind == TOKEN_END ? TRUE : fail (self, "the end");
}

LkWql *
lk_wql_parse (const char *text, GError **error)
{
  g_autoptr (LkWql) query = g_new0 (LkWql, 1);
  g_autoptr (GString) token = g_string_new (NULL);
  g_autoptr (GError) reason = NULL;
  Parser parser = { .rest = text, .text = token, .query = query, .error = &reason };

  query->used = g_ptr_array_new_with_free_func (g_free);
  if (strlen (text) > LK_WQL_MAX_BYTES)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "The query is too long");
      return NULL;
    }
  if (!take_query (&parser))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
  g_ptr_array_add (query->used, NULL);
  return g_steal_pointer (&query);
}

const char *
lk_wql_get_class (const LkWql *self)
{
  return self->class_name;
}

const char *const *
lk_wql_get_columns (const LkWql *self)
{
  return self->columns != NULL ? (const char *const *) self->columns->pdata : NULL;
}

const char *const *
lk_wql_get_used (const LkWql *self)
{
  return (const char *const *) self->used->pdata;
}

/* "[abc]" or "[a-c]", negated by "^"; gives what follows the bracket, NULL if it never closes. */
static const char *
match_set (const char *pattern, char c, gboolean *found)
{
  gboolean negated = pattern[1] == '^';
  const char *p = pattern + (negated ? 2 : 1);

  *found = FALSE;
  for (; *p != '\0' && *p != ']'; p++)
    {
      char from = g_ascii_tolower (*p);
      char to = from;

      if (p[1] == '-' && p[2] != ']' && p[2] != '\0')
        {
          to = g_ascii_tolower (p[2]);
          p += 2;
        }
      *found = *found || (c >= from && c <= to);
    }
  *found = *found != negated;
  return *p == ']' ? p + 1 : NULL;
}

/* Goes back to the last "%" only, which is enough and keeps the time to text × pattern. */
static gboolean
matches_like (const char *text, const char *pattern)
{
  const char *resume_pattern = NULL;
  const char *resume_text = NULL;

  for (;;)
    {
      char c = g_ascii_tolower (*text);
      const char *after = pattern + 1;
      gboolean fits;

      if (*pattern == '%')
        {
          resume_pattern = ++pattern;
          resume_text = text;
          continue;
        }
      if (c == '\0' && *pattern == '\0')
        return TRUE;

      fits = c != '\0' && *pattern != '\0' && (*pattern == '_' || g_ascii_tolower (*pattern) == c);
      if (c != '\0' && *pattern == '[')
        {
          after = match_set (pattern, c, &fits);
          if (after == NULL)
            return FALSE;
        }
      if (fits)
        {
          text++;
          pattern = after;
          continue;
        }
      if (resume_pattern == NULL || *resume_text == '\0')
        return FALSE;
      pattern = resume_pattern;
      text = ++resume_text;
    }
}

static int
compare (const char *value, const char *literal)
{
  gint64 one;
  gint64 other;

  if (g_ascii_string_to_signed (value, 10, G_MININT64, G_MAXINT64, &one, NULL) &&
      g_ascii_string_to_signed (literal, 10, G_MININT64, G_MAXINT64, &other, NULL))
    return one < other ? -1 : one > other;

  return g_ascii_strcasecmp (value, literal);
}

static gboolean
matches (const Node *self, LkWqlGet get, gpointer row)
{
  const char *value;
  int order;

  if (self->op == OP_AND)
    return matches (self->left, get, row) && matches (self->right, get, row);
  if (self->op == OP_OR)
    return matches (self->left, get, row) || matches (self->right, get, row);
  if (self->op == OP_NOT)
    return !matches (self->left, get, row);

  value = get (self->column, row);
  if (value == NULL || self->value == NULL)
    {
      if (self->op == OP_EQUAL)
        return value == NULL && self->value == NULL;
      return self->op == OP_NOT_EQUAL && value != NULL && self->value == NULL;
    }
  if (self->op == OP_LIKE)
    return matches_like (value, self->value);

  order = compare (value, self->value);
  switch (self->op)
    {
    case OP_EQUAL:
      return order == 0;
    case OP_NOT_EQUAL:
      return order != 0;
    case OP_LESS:
      return order < 0;
    case OP_GREATER:
      return order > 0;
    case OP_LESS_EQUAL:
      return order <= 0;
    case OP_GREATER_EQUAL:
      return order >= 0;
    case OP_AND:
    case OP_OR:
    case OP_NOT:
    case OP_LIKE:
    default:
      return FALSE;
    }
}

gboolean
lk_wql_matches (const LkWql *self, LkWqlGet get, gpointer row)
{
  return self->where == NULL || matches (self->where, get, row);
}
