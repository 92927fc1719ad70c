/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ctl/lk-ctl-list.h"

#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GAP       2
#define MIN_WIDTH 6

typedef struct
{
  char *text; /* NULL: none */
  gint64 number;
} Cell;

struct _LkCtlList
{
  const LkCtlColumn *columns;
  guint n_columns;
  GPtrArray *rows; /* of Cell[n_columns] */
};

LkCtlList *
lk_ctl_list_new (const LkCtlColumn *columns)
{
  LkCtlList *self = g_new0 (LkCtlList, 1);

  self->columns = columns;
  while (columns[self->n_columns].kind != 0)
    self->n_columns++;
  self->rows = g_ptr_array_new ();
  return self;
}

void
lk_ctl_list_free (LkCtlList *self)
{
  if (self == NULL)
    return;

  for (guint i = 0; i < self->rows->len; i++)
    {
      Cell *cells = g_ptr_array_index (self->rows, i);

      for (guint j = 0; j < self->n_columns; j++)
        g_free (cells[j].text);
      g_free (cells);
    }
  g_ptr_array_unref (self->rows);
  g_free (self);
}

void
lk_ctl_list_add (LkCtlList *self, ...)
{
  Cell *cells = g_new0 (Cell, self->n_columns);
  va_list args;

  va_start (args, self);
  for (guint i = 0; i < self->n_columns; i++)
    switch (self->columns[i].kind)
      {
      case 's':
        cells[i].text = g_strdup (va_arg (args, const char *));
        break;
      case 'b':
        cells[i].number = va_arg (args, int);
        break;
      case 'x':
        cells[i].number = va_arg (args, guint32);
        break;
      default:
        cells[i].number = va_arg (args, gint64);
      }
  va_end (args);

  g_ptr_array_add (self->rows, cells);
}

guint
lk_ctl_list_get_length (const LkCtlList *self)
{
  return self->rows->len;
}

char *
lk_ctl_format_time (gint64 ms)
{
  g_autoptr (GDateTime) time = ms != 0 ? g_date_time_new_from_unix_local (ms / 1000) : NULL;

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M") : g_strdup ("");
}

/* To be freed. @for_people: else as programs read it. */
static char *
format_cell (const Cell *cell, char kind, gboolean for_people)
{
  switch (kind)
    {
    case 's':
      return cell->text == NULL ? g_strdup ("")
             : for_people       ? lk_ctl_clean (cell->text)
                                : g_strdup (cell->text);
    case 'b':
      return g_strdup (for_people ? (cell->number ? _ ("yes") : _ ("no"))
                                  : (cell->number ? "true" : "false"));
    case 't':
      return for_people ? lk_ctl_format_time (cell->number) : lk_time_to_iso8601 (cell->number);
    case 'x':
      return cell->number != 0 ? g_strdup_printf ("0x%08X", (guint32) cell->number) : g_strdup ("");
    default:
      return cell->number != G_MININT64 ? g_strdup_printf ("%" G_GINT64_FORMAT, cell->number)
                                        : g_strdup ("");
    }
}

guint
lk_ctl_get_width (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      width += g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
    }

  return width;
}

char *
lk_ctl_fit (const char *text, guint width)
{
  GString *fitted = g_string_new (NULL);
  guint used = 0;

  if (lk_ctl_get_width (text) <= width)
    {
      g_string_free (fitted, TRUE);
      return g_strdup (text);
    }

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      guint more = g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;

      if (used + more + 1 > width)
        break;
      g_string_append_unichar (fitted, c);
      used += more;
    }
  g_string_append (fitted, "…");
  return g_string_free (fitted, FALSE);
}

static guint
get_terminal_width (void)
{
  struct winsize size;

  if (!isatty (STDOUT_FILENO) || ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return G_MAXUINT;
  return size.ws_col;
}

/* Takes from the widest columns until the table fits. */
static void
shrink (guint *widths, guint n, guint room)
{
  while (TRUE)
    {
      guint sum = 0;
      guint widest = 0;

      for (guint i = 0; i < n; i++)
        {
          sum += widths[i] + GAP;
          if (widths[i] > widths[widest])
            widest = i;
        }
      if (sum <= room + GAP || widths[widest] <= MIN_WIDTH)
        return;
      widths[widest]--;
    }
}

static void
print_padded (GString *line, const char *text, guint width, gboolean to_right, gboolean is_last)
{
  g_autofree char *fitted = lk_ctl_fit (text, width);
  guint padding = width - MIN (width, lk_ctl_get_width (fitted));

  if (to_right)
    g_string_append_printf (line, "%*s", (int) padding, "");
  g_string_append (line, fitted);
  if (!to_right && !is_last)
    g_string_append_printf (line, "%*s", (int) padding, "");
  if (!is_last)
    g_string_append_printf (line, "%*s", GAP, "");
}

/* @texts: the table's cells, row by row, the headings first. */
static void
print_texts (char **texts, guint n_rows, guint n, const gboolean *to_right)
{
  g_autofree guint *widths = g_new0 (guint, n);
  gboolean is_fancy = isatty (STDOUT_FILENO) && g_getenv ("NO_COLOR") == NULL;

  for (guint i = 0; i < n_rows * n; i++)
    widths[i % n] = MAX (widths[i % n], lk_ctl_get_width (texts[i]));
  if (get_terminal_width () != G_MAXUINT)
    shrink (widths, n, get_terminal_width ());

  for (guint row = 0; row < n_rows; row++)
    {
      g_autoptr (GString) line = g_string_new (NULL);

      for (guint i = 0; i < n; i++)
        print_padded (line, texts[row * n + i], widths[i], to_right[i], i + 1 == n);
      if (row == 0 && is_fancy)
        printf ("\033[1m%s\033[0m\n", line->str);
      else
        printf ("%s\n", line->str);
    }
}

static void
print_table (const LkCtlList *self)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree gboolean *to_right = g_new0 (gboolean, self->n_columns);
  guint n = 0;

  for (guint i = 0; i < self->n_columns; i++)
    if (self->columns[i].title != NULL)
      {
        to_right[n++] = self->columns[i].kind == 'i';
        g_ptr_array_add (texts, g_utf8_strup (_ (self->columns[i].title), -1));
      }

  for (guint row = 0; row < self->rows->len; row++)
    {
      const Cell *cells = g_ptr_array_index (self->rows, row);

      for (guint i = 0; i < self->n_columns; i++)
        if (self->columns[i].title != NULL)
          g_ptr_array_add (texts, format_cell (&cells[i], self->columns[i].kind, TRUE));
    }

  if (n > 0)
    print_texts ((char **) texts->pdata, self->rows->len + 1, n, to_right);
}

/* A spreadsheet must not take a machine's text for a formula. */
static void
print_csv_field (const char *text, gboolean is_text, gboolean is_first)
{
  gboolean is_formula = is_text && *text != '\0' && strchr ("=+-@\t\r", *text) != NULL;

  printf ("%s", is_first ? "" : ",");
  if (!is_formula && strpbrk (text, ",\"\r\n") == NULL)
    {
      printf ("%s", text);
      return;
    }

  printf ("\"%s", is_formula ? "'" : "");
  for (const char *p = text; *p != '\0'; p++)
    printf (*p == '"' ? "\"\"" : "%c", *p);
  printf ("\"");
}

static void
print_csv (const LkCtlList *self)
{
  gboolean is_first = TRUE;

  for (guint i = 0; i < self->n_columns; i++)
    if (self->columns[i].name != NULL)
      {
        print_csv_field (self->columns[i].name, FALSE, is_first);
        is_first = FALSE;
      }
  printf ("\n");

  for (guint row = 0; row < self->rows->len; row++)
    {
      const Cell *cells = g_ptr_array_index (self->rows, row);

      is_first = TRUE;
      for (guint i = 0; i < self->n_columns; i++)
        if (self->columns[i].name != NULL)
          {
            g_autofree char *text = format_cell (&cells[i], self->columns[i].kind, FALSE);

            print_csv_field (text, self->columns[i].kind == 's', is_first);
            is_first = FALSE;
          }
      printf ("\n");
    }
}

void
lk_ctl_list_build_row (const LkCtlList *self, guint row, JsonBuilder *json)
{
  const Cell *cells = g_ptr_array_index (self->rows, row);

  for (guint i = 0; i < self->n_columns; i++)
    {
      char kind = self->columns[i].kind;
      g_autofree char *text = NULL;

      if (self->columns[i].name == NULL)
        continue;
      json_builder_set_member_name (json, self->columns[i].name);
      if (kind == 'b')
        json_builder_add_boolean_value (json, cells[i].number != 0);
      else if (kind == 'i' && cells[i].number != G_MININT64)
        json_builder_add_int_value (json, cells[i].number);
      else if (kind == 's' && cells[i].text != NULL)
        {
          text = g_utf8_make_valid (cells[i].text, -1);
          json_builder_add_string_value (json, text);
        }
      else if ((kind == 't' || kind == 'x') && cells[i].number != 0)
        {
          text = format_cell (&cells[i], kind, FALSE);
          json_builder_add_string_value (json, text);
        }
      else
        json_builder_add_null_value (json);
    }
}

void
lk_ctl_list_print (LkCtlList *self, LkCtl *ctl, const char *name)
{
  if (ctl->options.json)
    {
      json_builder_set_member_name (ctl->json, name);
      json_builder_begin_array (ctl->json);
      for (guint i = 0; i < self->rows->len; i++)
        {
          json_builder_begin_object (ctl->json);
          lk_ctl_list_build_row (self, i, ctl->json);
          json_builder_end_object (ctl->json);
        }
      json_builder_end_array (ctl->json);
    }
  else if (ctl->options.csv)
    print_csv (self);
  else
    print_table (self);
}

void
lk_ctl_list_print_line (const LkCtlList *self, LkCtl *ctl, const char *type)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (json);
  json_builder_set_member_name (json, "type");
  json_builder_add_string_value (json, type);
  lk_ctl_list_build_row (self, 0, json);
  json_builder_end_object (json);
  node = json_builder_get_root (json);
  text = json_to_string (node, FALSE);
  lk_ctl_show_progress (ctl, NULL);
  printf ("%s\n", text);
  fflush (stdout);
}
