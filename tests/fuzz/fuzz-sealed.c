/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-sealed.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* What was read is written again in both forms, and reads the same. */
static void
write_again (const LkSealedParts *parts, LkSealedForm form)
{
  g_autoptr (GByteArray) header = g_byte_array_new ();
  g_autoptr (GByteArray) sealed = g_byte_array_new ();
  g_autoptr (GByteArray) body = NULL;
  LkSealedParts again;

  g_byte_array_append (header, parts->token, (guint) parts->header_length);
  g_byte_array_append (sealed, parts->token + parts->header_length,
                       (guint) (parts->token_length - parts->header_length));
  body =
      lk_sealed_write (form, "application/HTTP-SPNEGO-session-encrypted",
                       "application/soap+xml;charset=UTF-8", parts->plain_length, header, sealed);
  g_assert_true (lk_sealed_parse (body->data, body->len, &again, NULL));
  g_assert_cmpuint (again.plain_length, ==, parts->plain_length);
  g_assert_cmpuint (again.header_length, ==, parts->header_length);
  g_assert_cmpmem (again.token, again.token_length, parts->token, parts->token_length);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  LkSealedParts parts;
  gboolean ok = lk_sealed_parse (data, size, &parts, &error);

  g_assert_true (ok == (error == NULL));
  if (!ok)
    return 0;

  g_assert_true (parts.token >= data && parts.token_length <= size);
  g_assert_true (parts.token + parts.token_length <= data + size);
  g_assert_true (parts.header_length > 0 && parts.header_length <= parts.token_length);
  g_assert_cmpuint (parts.plain_length, <=, G_MAXINT32);
  write_again (&parts, LK_SEALED_WINDOWS);
  write_again (&parts, LK_SEALED_FOREIGN);
  return 0;
}
