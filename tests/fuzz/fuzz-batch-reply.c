/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/lk-batch.h"

#include "base/lk-error.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

#define HEAD                                                                                       \
  "<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Body><ResponseXml><![CDATA["
#define TAIL "]]></ResponseXml></Body></Envelope>"

/* An input that begins with "!" is the inner document. */
static GBytes *
make_body (const guint8 *data, gsize size)
{
  GByteArray *body;

  if (size == 0 || data[0] != '!')
    return g_bytes_new (data, size);

  body = g_byte_array_new ();
  g_byte_array_append (body, (const guint8 *) HEAD, strlen (HEAD));
  g_byte_array_append (body, data + 1, (guint) size - 1);
  g_byte_array_append (body, (const guint8 *) TAIL, strlen (TAIL));
  return g_byte_array_free_to_bytes (body);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) body = make_body (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) answers = lk_batch_read_response (body, &error);
  g_autoptr (GPtrArray) asked =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
  guint8 matched[2];

  g_assert_true ((answers == NULL) == (error != NULL));
  if (answers == NULL)
    return 0;

  g_assert_cmpuint (answers->len, <=, LK_BATCH_MAX_ITEMS);
  g_ptr_array_add (asked, lk_batch_item_new ("p", "1"));
  g_ptr_array_add (asked, lk_batch_item_new ("p", NULL));
  lk_batch_match (asked, answers, matched);
  for (guint i = 0; i < asked->len; i++)
    {
      const LkBatchItem *item = g_ptr_array_index (asked, i);

      /* What counts as a confirmation ID is 48 digits, whatever came. */
      g_assert_true (item->cid == NULL || strspn (item->cid, "0123456789") == 48);
      g_assert_true (item->cid == NULL || matched[i]);
    }
  return 0;
}
