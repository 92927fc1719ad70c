/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-cli.h"

#include <stdio.h>
#include <string.h>

static void
print_csv (const char *text)
{
  g_autofree char *guarded = NULL;

  /* A spreadsheet would run what begins like a formula. */
  if (*text != '\0' && strchr ("=+-@\t\r", *text) != NULL)
    {
      guarded = g_strconcat ("'", text, NULL);
      text = guarded;
    }
  if (strpbrk (text, ",\"\r\n") == NULL)
    {
      fputs (text, stdout);
      return;
    }

  putchar ('"');
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '"')
        putchar ('"');
      putchar (*p);
    }
  putchar ('"');
}

static void
print_json_text (const char *text)
{
  putchar ('"');
  for (const guchar *p = (const guchar *) text; *p != '\0'; p++)
    {
      if (*p == '"' || *p == '\\')
        printf ("\\%c", *p);
      else if (*p < 0x20)
        printf ("\\u%04x", *p);
      else
        putchar (*p);
    }
  putchar ('"');
}

static void
print_json_row (const LkOutput *self, const char *const *values)
{
  fputs (self->n_rows == 0 ? "\n  {" : ",\n  {", stdout);
  for (guint i = 0; i < self->n_columns; i++)
    {
      if (i > 0)
        putchar (',');
      print_json_text (self->columns[i].name);
      putchar (':');
      if (values[i] == NULL || *values[i] == '\0')
        fputs ("null", stdout);
      else if (self->columns[i].is_number)
        fputs (values[i], stdout);
      else
        print_json_text (values[i]);
    }
  putchar ('}');
}

static void
print_text_row (const LkOutput *self, const char *const *values)
{
  for (guint i = 0; i < self->n_columns; i++)
    {
      const char *value = values[i] != NULL && *values[i] != '\0' ? values[i] : "-";

      if (i + 1 < self->n_columns)
        printf ("%-*s  ", self->columns[i].width, value);
      else
        printf ("%s\n", value);
    }
}

static void
print_csv_row (const LkOutput *self, const char *const *values)
{
  for (guint i = 0; i < self->n_columns; i++)
    {
      if (i > 0)
        putchar (',');
      /* A number is no formula, whatever its sign. */
      if (self->columns[i].is_number)
        fputs (values[i] != NULL ? values[i] : "", stdout);
      else
        print_csv (values[i] != NULL ? values[i] : "");
    }
  fputs ("\r\n", stdout);
}

void
lk_output_begin (LkOutput *self)
{
  self->n_rows = 0;
  if (self->format == LK_OUTPUT_JSON)
    putchar ('[');
  for (guint i = 0; self->format != LK_OUTPUT_JSON && i < self->n_columns; i++)
    {
      gboolean is_last = i + 1 == self->n_columns;

      if (self->format == LK_OUTPUT_CSV)
        printf ("%s%s", self->columns[i].name, is_last ? "\r\n" : ",");
      else
        printf ("%-*s%s", is_last ? 0 : self->columns[i].width, self->columns[i].name,
                is_last ? "\n" : "  ");
    }
}

void
lk_output_row (LkOutput *self, const char *const *values)
{
  switch (self->format)
    {
    case LK_OUTPUT_JSON:
      print_json_row (self, values);
      break;
    case LK_OUTPUT_CSV:
      print_csv_row (self, values);
      break;
    case LK_OUTPUT_TEXT:
    default:
      print_text_row (self, values);
      break;
    }
  self->n_rows++;
}

void
lk_output_end (LkOutput *self)
{
  if (self->format == LK_OUTPUT_JSON)
    fputs (self->n_rows > 0 ? "\n]\n" : "]\n", stdout);
}
