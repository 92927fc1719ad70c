/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "net/lk-certificate-facts.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* What gets past here is shown on terminals and written into messages. */
static void
check_text (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpint (g_utf8_strlen (text, -1), <=, LK_CERTIFICATE_MAX_TEXT + 1);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_true (g_unichar_isprint (g_utf8_get_char (p)) &&
                   g_unichar_type (g_utf8_get_char (p)) != G_UNICODE_FORMAT);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) der = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkCertificateFacts) facts = lk_certificate_facts_new (der, &error);
  g_autofree char *names = NULL;
  g_autofree char *dates = NULL;
  g_autofree char *change = NULL;

  g_assert_true ((facts == NULL) == (error != NULL));
  if (facts == NULL)
    {
      g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
      return 0;
    }

  g_assert_cmpuint (g_strv_length (facts->names), <=, LK_CERTIFICATE_MAX_NAMES);
  for (guint i = 0; facts->names[i] != NULL; i++)
    check_text (facts->names[i]);
  if (facts->subject != NULL)
    check_text (facts->subject);
  if (facts->issuer != NULL)
    check_text (facts->issuer);
  check_text (facts->key);

  names = lk_certificate_facts_join_names (facts);
  dates = lk_certificate_facts_describe_dates (facts, 1);
  change = lk_certificate_facts_describe_change (facts, facts);
  g_assert_true (g_utf8_validate (change, -1, NULL));
  return 0;
}
