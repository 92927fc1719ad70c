/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/lk-batch.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Fuzzing would never make a right digest, so half of the inputs are put into an envelope with one:
 * an input that begins with "!" is the inner document, in UTF-8. */
static GBytes *
make_body (const guint8 *data, gsize size, const LkSecret *key)
{
  g_autofree char *text = NULL;

  if (size == 0 || data[0] != '!')
    return g_bytes_new (data, size);

  text = g_utf8_make_valid ((const char *) data + 1, (gssize) size - 1);
  return lk_batch_seal_request (text, key);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static LkSecret *key = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = NULL;
  LkBatchType type = 0;

  if (key == NULL)
    key = lk_secret_new ("sixteen bytes or more", -1);
  body = make_body (data, size, key);
  items = lk_batch_read_request (body, key, &type, &error);

  /* Exactly one of result and error, and nothing beyond the limits. */
  g_assert_true ((items == NULL) == (error != NULL));
  for (guint i = 0; items != NULL && i < items->len; i++)
    {
      const LkBatchItem *item = g_ptr_array_index (items, i);

      g_assert_nonnull (item->epid);
      g_assert_true ((item->iid != NULL) == (type == LK_BATCH_CONFIRM));
    }
  g_assert_true (items == NULL || items->len <= LK_BATCH_MAX_ITEMS);
  return 0;
}
