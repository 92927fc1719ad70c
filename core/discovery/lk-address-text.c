/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-address-text.h"

#include "discovery/lk-range.h"

#include <string.h>

/* "10.0.0.0/24", "10.0.0.5-90", "fd00::/120", right or wrong; not "pc-1", "pc-1:5985",
 * "https://pc". */
static gboolean
is_range (const char *text)
{
  gsize head = strcspn (text, "/-");
  gboolean is_four = strspn (text, "0123456789.") == head && memchr (text, '.', head) != NULL;
  g_autofree char *first = g_strndup (text, head);
  LkAddress address;

  return text[head] != '\0' && (is_four || lk_address_parse (g_strstrip (first), 0, &address));
}

static void
add_fault (LkAddressText *self, guint line, const GError *reason, gboolean is_double)
{
  LkLineFault *fault = g_new0 (LkLineFault, 1);

  fault->line = line;
  fault->reason = g_strdup (reason->message);
  g_ptr_array_add (self->list->faults, fault);
  self->list->n_duplicates += is_double ? 1 : 0;
}

static int
compare_faults (gconstpointer a, gconstpointer b)
{
  const LkLineFault *const *x = a;
  const LkLineFault *const *y = b;

  return ((*x)->line > (*y)->line) - ((*x)->line < (*y)->line);
}

/* The ranges of the text, whose lines are emptied for who reads the rest. */
static void
take_ranges (char **lines, GPtrArray *lines_of_ranges, GArray *numbers)
{
  for (guint i = 0; lines[i] != NULL; i++)
    {
      guint number = i + 1;

      g_strstrip (lines[i]);
      if (!is_range (lines[i]))
        continue;
      g_ptr_array_add (lines_of_ranges, g_steal_pointer (&lines[i]));
      g_array_append_val (numbers, number);
      lines[i] = g_strdup ("");
    }
}

static void
read_ranges (LkAddressText *self, GPtrArray *texts, GArray *numbers)
{
  g_autoptr (LkRanges) ranges = lk_ranges_new (0);
  g_autoptr (GPtrArray) good = g_ptr_array_new ();

  for (guint i = 0; i < texts->len; i++)
    {
      g_auto (GStrv) parts = g_strsplit_set (texts->pdata[i], ", \t", -1);

      for (guint j = 0; parts[j] != NULL; j++)
        {
          g_autoptr (GError) reason = NULL;
          gboolean is_double = FALSE;

          if (*parts[j] == '\0')
            continue;
          if (lk_ranges_add (ranges, parts[j], &is_double, &reason))
            g_ptr_array_add (good, g_strdup (parts[j]));
          else
            add_fault (self, g_array_index (numbers, guint, i), reason, is_double);
        }
    }

  g_ptr_array_add (good, NULL);
  self->ranges = (char **) g_ptr_array_free (g_steal_pointer (&good), FALSE);
  self->n_addresses = lk_ranges_count (ranges);
}

LkAddressText *
lk_address_text_parse (const char *text)
{
  LkAddressText *self = g_new0 (LkAddressText, 1);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree char *rest = NULL;

  take_ranges (lines, texts, numbers);
  rest = g_strjoinv ("\n", lines);
  self->list = lk_file_list_parse_lines (rest, strlen (rest));
  read_ranges (self, texts, numbers);
  g_ptr_array_sort (self->list->faults, compare_faults);
  return self;
}

void
lk_address_text_free (LkAddressText *self)
{
  if (self == NULL)
    return;
  lk_file_list_free (self->list);
  g_strfreev (self->ranges);
  g_free (self);
}
