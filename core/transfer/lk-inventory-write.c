/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-inventory.h"

#include "base/lk-error.h"
#include "store/lk-inventory.h"
#include "transfer/lk-inventory-fields.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct
{
  const LkInventoryOrder *order;
  LkTransferWriter *writer;
  guint n_records;
} Output;

static GBytes *
bytes_from_hex (const char *hex)
{
  gsize n = strlen (hex) / 2;
  guint8 *data = g_malloc (n);

  for (gsize i = 0; i < n; i++)
    data[i] =
        (guint8) (g_ascii_xdigit_value (hex[2 * i]) * 16 + g_ascii_xdigit_value (hex[2 * i + 1]));
  return g_bytes_new_take (data, n);
}

static const char *
get_value (guint n, const char *const *fields, const char *const *values, const char *name)
{
  for (guint i = 0; i < n; i++)
    if (g_str_equal (fields[i], name))
      return values[i];

  g_assert_not_reached ();
}

/* In the place of its ciphertext, which is worthless elsewhere. */
static gboolean
set_key (Output *output,
         LkRecord *record,
         guint n,
         const char *const *fields,
         const char *const *values,
         GError **error)
{
  g_autoptr (GBytes) ciphertext = bytes_from_hex (get_value (n, fields, values, "ciphertext"));
  g_autoptr (LkSecret) key = output->order->open_key (get_value (n, fields, values, "fingerprint"),
                                                      ciphertext, output->order->user_data, error);

  if (key == NULL)
    return FALSE;
  lk_record_set (record, "value", lk_secret_peek (key));
  return TRUE;
}

static gboolean
write_row (const char *kind,
           guint n,
           const char *const *fields,
           const char *const *values,
           gpointer user_data,
           GError **error)
{
  Output *output = user_data;
  g_autoptr (LkRecord) record = lk_record_new (kind);
  gboolean is_key = g_str_equal (kind, "key");

  if (is_key && !set_key (output, record, n, fields, values, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *tidy =
          values[i] != NULL ? lk_inventory_tidy_value (kind, fields[i], values[i]) : NULL;

      if (!is_key ||
          (!g_str_equal (fields[i], "ciphertext") && !g_str_equal (fields[i], "fingerprint")))
        lk_record_set (record, fields[i], tidy != NULL ? tidy : values[i]);
    }

  output->n_records++;
  return lk_transfer_writer_add (output->writer, record, error);
}

gboolean
lk_inventory_write (LkStore *store, const LkInventoryOrder *order, guint *n_records, GError **error)
{
  g_autoptr (LkTransferWriter) writer = NULL;
  Output output = { .order = order };

  if (order->open_key != NULL && order->passphrase == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("Product keys leave only in a file that is sealed with a passphrase"));
      return FALSE;
    }

  writer = lk_transfer_writer_new (order->path, order->head, order->passphrase, error);
  output.writer = writer;
  if (writer == NULL ||
      !lk_store_read_inventory (store, order->open_key != NULL, write_row, &output, error) ||
      !lk_transfer_writer_finish (writer, error))
    return FALSE;

  *n_records = output.n_records;
  return TRUE;
}
