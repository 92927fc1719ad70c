/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "report/lk-report.h"

#include "base/lk-error.h"
#include "domain/lk-codes.h"
#include "store/lk-fleet.h"
#include "store/lk-keys.h"

#include <glib/gi18n-lib.h>
#include <stdarg.h>
#include <string.h>

/* Names and titles of the columns by turns, NULL at the end; "" for a column that is only for
 * people or only for programs. */
static LkReport *
report_new (const char *title, ...)
{
  LkReport *self = g_new0 (LkReport, 1);
  const char *name;
  va_list args;

  self->title = g_strdup (title);
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->titles = g_ptr_array_new_with_free_func (g_free);
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  va_start (args, title);
  while ((name = va_arg (args, const char *)) != NULL)
    {
      g_ptr_array_add (self->names, g_strdup (name));
      g_ptr_array_add (self->titles, g_strdup (va_arg (args, const char *)));
    }
  va_end (args);
  g_assert (self->names->len <= LK_REPORT_MAX_COLUMNS);
  return self;
}

void
lk_report_free (LkReport *self)
{
  if (self == NULL)
    return;
  g_free (self->title);
  g_ptr_array_unref (self->names);
  g_ptr_array_unref (self->titles);
  g_ptr_array_unref (self->rows);
  g_free (self);
}

/* Takes the strings. */
static void
add_row (LkReport *self, char *first, ...)
{
  GPtrArray *row = g_ptr_array_new ();
  va_list args;

  va_start (args, first);
  for (char *value = first; value != NULL; value = va_arg (args, char *))
    g_ptr_array_add (row, value);
  va_end (args);
  g_ptr_array_add (row, NULL);
  g_ptr_array_add (self->rows, g_ptr_array_free (row, FALSE));
}

static char *
format_count (gint64 n)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, n);
}

/* How many products are in which licence state, by application. */
static LkReport *
report_licenses (LkStore *store, GError **error)
{
  static const LkLicenseStatus order[] = {
    LK_LICENSE_LICENSED,       LK_LICENSE_OOB_GRACE,        LK_LICENSE_OOT_GRACE,
    LK_LICENSE_EXTENDED_GRACE, LK_LICENSE_NONGENUINE_GRACE, LK_LICENSE_NOTIFICATION,
    LK_LICENSE_UNLICENSED,     LK_LICENSE_UNREAD,
  };
  g_autoptr (GPtrArray) rows = lk_store_list_rows (store, NULL, error);
  LkReport *report;

  if (rows == NULL)
    return NULL;

  report = report_new (_ ("Licence states"), "state", "", "", _ ("STATE"), "windows", _ ("WINDOWS"),
                       "other", _ ("OTHER PRODUCTS"), "all", _ ("ALL"), NULL);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      guint n_windows = 0;
      guint n_other = 0;

      for (guint j = 0; j < rows->len; j++)
        {
          const LkProduct *product = ((LkRow *) g_ptr_array_index (rows, j))->product;
          gboolean is_windows =
              product->application_id == NULL ||
              (g_ascii_strcasecmp (product->application_id, LK_APPLICATION_WINDOWS) == 0 &&
               !product->is_addon);

          if (product->status == order[i])
            *(is_windows ? &n_windows : &n_other) += 1;
        }
      if (n_windows + n_other > 0)
        add_row (report, g_strdup (lk_license_status_to_word (order[i])),
                 g_strdup (lk_license_status_to_title (order[i])), format_count (n_windows),
                 format_count (n_other), format_count (n_windows + n_other), NULL);
    }
  return report;
}

static int
compare_counts (gconstpointer a, gconstpointer b)
{
  const char *const *row_a = *(const char *const *const *) a;
  const char *const *row_b = *(const char *const *const *) b;

  return (int) (g_ascii_strtoll (row_b[0], NULL, 10) - g_ascii_strtoll (row_a[0], NULL, 10));
}

/* Without the address in front, so that the same trouble of two machines reads the same. */
static const char *
skip_peer (const char *message, const char *address)
{
  const char *colon = message != NULL && address != NULL && g_str_has_prefix (message, address)
                          ? strstr (message, ": ")
                          : NULL;

  return colon != NULL ? colon + 2 : message;
}

/* What went wrong last, grouped by code, with the machines it happened to. */
static LkReport *
report_failures (LkStore *store, GError **error)
{
  g_autoptr (GPtrArray) rows = lk_store_list_rows (store, NULL, error);
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer text;
  gpointer count;
  gint64 last_machine = 0;
  LkReport *report;

  if (rows == NULL)
    return NULL;

  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = g_ptr_array_index (rows, i);
      const LkCode *code = row->last_code != 0 ? lk_code_lookup (row->last_code) : NULL;
      char *key;

      if (row->last_ok || row->machine_id == last_machine)
        continue;
      last_machine = row->machine_id;
      key = row->last_code != 0
                ? g_strdup_printf ("0x%08X\t%s", row->last_code,
                                   code != NULL ? code->meaning : row->last_result)
                : g_strdup_printf ("\t%s", skip_peer (row->last_result, row->address));
      count = g_hash_table_lookup (counts, key);
      g_hash_table_insert (counts, key, GUINT_TO_POINTER (GPOINTER_TO_UINT (count) + 1));
    }

  report = report_new (_ ("Failures"), "machines", _ ("MACHINES"), "code", _ ("CODE"), "meaning",
                       _ ("WHAT HAPPENED"), NULL);
  g_hash_table_iter_init (&iter, counts);
  while (g_hash_table_iter_next (&iter, &text, &count))
    {
      g_auto (GStrv) parts = g_strsplit (text, "\t", 2);

      add_row (report, format_count (GPOINTER_TO_UINT (count)), g_strdup (parts[0]),
               g_strdup (parts[1]), NULL);
    }
  g_ptr_array_sort (report->rows, compare_counts);
  return report;
}

static char *
format_known (gboolean known, gint64 n, const char *otherwise)
{
  return known ? format_count (n) : g_strdup (otherwise);
}

static LkReport *
report_pools (LkStore *store, GError **error)
{
  g_autoptr (GPtrArray) keys = lk_store_list_keys (store, error);
  LkReport *report;

  if (keys == NULL)
    return NULL;

  report = report_new (_ ("Product keys and their activations"), "key", _ ("KEY"), "kind",
                       _ ("TYPE"), "remaining", "", "", _ ("REMAINING, OFFICIALLY"), "open",
                       _ ("RESERVED OR ASKED FOR"), "confirmed", _ ("CONFIRMED SINCE"), "left", "",
                       "", _ ("LEFT"), NULL);
  for (guint i = 0; i < keys->len; i++)
    {
      const LkKeyRow *key = g_ptr_array_index (keys, i);
      gboolean known = key->pool.remaining >= 0;

      add_row (report, lk_product_key_mask (key->last_five),
               g_strdup (lk_key_kind_to_word (key->kind)),
               format_known (known, key->pool.remaining, ""),
               format_known (known, key->pool.remaining, _ ("not known")),
               format_count (key->pool.open), format_count (key->pool.confirmed_since),
               format_known (known, key->pool.left, ""),
               format_known (known, key->pool.left, _ ("not known")), NULL);
    }
  return report;
}

static const struct
{
  const char *name;
  LkReport *(*ask) (LkStore *store, GError **error);
} reports[] = {
  { "licenses", report_licenses },
  { "failures", report_failures },
  { "pools", report_pools },
};

const char *const *
lk_report_get_names (void)
{
  static const char *names[G_N_ELEMENTS (reports) + 1];

  for (guint i = 0; i < G_N_ELEMENTS (reports); i++)
    names[i] = reports[i].name;
  return names;
}

LkReport *
lk_report_new (LkStore *store, const char *name, GError **error)
{
  g_autofree char *known = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (reports); i++)
    if (g_strcmp0 (reports[i].name, name) == 0)
      return reports[i].ask (store, error);

  known = g_strjoinv (", ", (char **) lk_report_get_names ());
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("There is no report “%s”; there are: %s"),
               name, known);
  return NULL;
}
