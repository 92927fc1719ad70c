/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "wsman/lk-wsman-reply.h"
#include "wsman/lk-wsman-row.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
look_at_rows (const LkWsmanReply *reply)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkWsmanBatch) batch = lk_wsman_reply_read_batch (reply, &error);

  g_assert_true ((batch == NULL) == (error != NULL));
  for (guint i = 0; batch != NULL && i < batch->rows->len; i++)
    {
      guint64 number = 0;

      lk_wsman_row_get_uint (batch->rows->pdata[i], "LicenseStatus", &number);
      lk_wsman_row_get_time (batch->rows->pdata[i], "TrustedTime");
      g_assert_cmpstr (lk_wsman_row_get_nth (batch->rows->pdata[i], "OA3xOriginalProductKey", 9),
                       ==, NULL);
    }
}

static void
look_at_fault (const LkWsmanReply *reply)
{
  g_autoptr (LkWsmanFault) fault = lk_wsman_reply_read_fault (reply);
  g_autoptr (GError) error = NULL;

  g_assert_true ((fault != NULL) == (reply->fault != NULL));
  if (fault == NULL)
    return;

  lk_wsman_fault_to_error (fault, "pc-7:5985", "Activate", &error);
  g_assert_true (error != NULL && error->domain == LK_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkWsmanReply) reply = lk_wsman_reply_parse (data, size, NULL, &error);

  g_assert_true ((reply == NULL) == (error != NULL));
  if (reply == NULL)
    return 0;

  look_at_rows (reply);
  look_at_fault (reply);
  lk_wsman_reply_find_output (reply, "Activate");
  return 0;
}
