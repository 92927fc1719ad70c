/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "net/lk-certificate-facts.h"

#include <gnutls/x509.h>
#include <string.h>

#define JANUARY_2026 1767225600 /* 2026-01-01T00:00:00Z */

typedef struct
{
  const char *common_name;
  gsize common_name_size;
  const char *issuer; /* NULL: signed by itself */
  gnutls_x509_privkey_t key;
  time_t from;
  time_t until;
  void (*add_names) (gnutls_x509_crt_t certificate);
} Wanted;

static gnutls_x509_privkey_t
make_key (gnutls_pk_algorithm_t algorithm, guint bits)
{
  gnutls_x509_privkey_t key;

  g_assert_cmpint (gnutls_x509_privkey_init (&key), ==, 0);
  g_assert_cmpint (gnutls_x509_privkey_generate (key, algorithm, bits, 0), ==, 0);
  return key;
}

static gnutls_x509_privkey_t
make_ec_key (void)
{
  return make_key (GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1));
}

static void
set_name (gnutls_x509_crt_t certificate, const char *name, gsize size)
{
  g_assert_cmpint (gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                                  (guint) size),
                   ==, 0);
}

static GBytes *
make (const Wanted *wanted)
{
  gnutls_x509_privkey_t key = wanted->key != NULL ? wanted->key : make_ec_key ();
  gnutls_x509_privkey_t ca_key = wanted->issuer != NULL ? make_ec_key () : key;
  gnutls_x509_crt_t certificate, ca;
  gnutls_datum_t der = { NULL, 0 };
  GBytes *bytes;

  gnutls_x509_crt_init (&certificate);
  gnutls_x509_crt_set_version (certificate, 3);
  gnutls_x509_crt_set_serial (certificate, "\1", 1);
  gnutls_x509_crt_set_key (certificate, key);
  set_name (certificate, wanted->common_name,
            wanted->common_name_size != 0 ? wanted->common_name_size
                                          : strlen (wanted->common_name));
  gnutls_x509_crt_set_activation_time (certificate, wanted->from);
  gnutls_x509_crt_set_expiration_time (certificate, wanted->until);
  if (wanted->add_names != NULL)
    wanted->add_names (certificate);

  gnutls_x509_crt_init (&ca);
  set_name (ca, wanted->issuer != NULL ? wanted->issuer : "unused", 6);
  gnutls_x509_crt_set_key (ca, ca_key);
  g_assert_cmpint (gnutls_x509_crt_sign2 (certificate, wanted->issuer != NULL ? ca : certificate,
                                          ca_key, GNUTLS_DIG_SHA256, 0),
                   ==, 0);
  g_assert_cmpint (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_DER, &der), ==, 0);
  bytes = g_bytes_new (der.data, der.size);

  gnutls_free (der.data);
  gnutls_x509_crt_deinit (ca);
  gnutls_x509_crt_deinit (certificate);
  if (wanted->issuer != NULL)
    gnutls_x509_privkey_deinit (ca_key);
  if (wanted->key == NULL)
    gnutls_x509_privkey_deinit (key);
  return bytes;
}

static LkCertificateFacts *
read_facts (const Wanted *wanted)
{
  g_autoptr (GBytes) der = make (wanted);
  g_autoptr (GError) error = NULL;
  LkCertificateFacts *facts = lk_certificate_facts_new (der, &error);

  g_assert_no_error (error);
  return facts;
}

static void
add_dns (gnutls_x509_crt_t certificate, const char *name, gsize size)
{
  g_assert_cmpint (gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, name,
                                                         (guint) size, GNUTLS_FSAN_APPEND),
                   ==, 0);
}

static void
add_usual_names (gnutls_x509_crt_t certificate)
{
  static const guint8 v4[] = { 10, 0, 0, 7 };
  static const guint8 v6[16] = { 0xFD, [15] = 7 };

  add_dns (certificate, "pc-1.lab.test", strlen ("pc-1.lab.test"));
  gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_IPADDRESS, v4, sizeof v4,
                                        GNUTLS_FSAN_APPEND);
  gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_IPADDRESS, v6, sizeof v6,
                                        GNUTLS_FSAN_APPEND);
  gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_RFC822NAME, "a@lab.test", 10,
                                        GNUTLS_FSAN_APPEND);
}

static void
test_facts (void)
{
  const Wanted wanted = { .common_name = "PC-1",
                          .issuer = "Lab CA",
                          .from = JANUARY_2026,
                          .until = JANUARY_2026 + 59 * 86400,
                          .add_names = add_usual_names };
  g_autoptr (GBytes) der = make (&wanted);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkCertificateFacts) facts = lk_certificate_facts_new (der, &error);
  g_autofree char *pin = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);
  g_autofree char *names = NULL;
  g_autofree char *expired = NULL;
  g_autofree char *early = NULL;

  g_assert_no_error (error);
  names = lk_certificate_facts_join_names (facts);
  g_assert_cmpstr (names, ==, "pc-1.lab.test, 10.0.0.7, fd00::7");
  g_assert_cmpstr (facts->subject, ==, "CN=PC-1");
  g_assert_cmpstr (facts->issuer, ==, "CN=Lab CA");
  g_assert_cmpstr (facts->pin, ==, pin);
  g_assert_cmpstr (facts->key, ==, "EC/ECDSA 256 bits");
  g_assert_false (facts->is_self_signed);
  g_assert_cmpint (facts->not_before, ==, JANUARY_2026 * LK_SECOND);
  g_assert_cmpint (facts->not_after, ==, (JANUARY_2026 + 59 * 86400) * LK_SECOND);

  expired = lk_certificate_facts_describe_dates (facts, facts->not_after + 1);
  g_assert_cmpstr (expired, ==, "expired on 2026-03-01");
  early = lk_certificate_facts_describe_dates (facts, facts->not_before - 1);
  g_assert_cmpstr (early, ==, "not valid before 2026-01-01");
  g_assert_null (lk_certificate_facts_describe_dates (facts, facts->not_before));
}

static void
test_common_name (void)
{
  const Wanted wanted = { .common_name = "pc-1.lab.test", .until = JANUARY_2026 };
  g_autoptr (LkCertificateFacts) facts = read_facts (&wanted);

  g_assert_cmpuint (g_strv_length (facts->names), ==, 1);
  g_assert_cmpstr (facts->names[0], ==, "pc-1.lab.test");
  g_assert_true (facts->is_self_signed);
}

static void
test_rsa (void)
{
  gnutls_x509_privkey_t key = make_key (GNUTLS_PK_RSA, 2048);
  const Wanted wanted = { .common_name = "PC-1", .until = JANUARY_2026, .key = key };
  g_autoptr (LkCertificateFacts) facts = read_facts (&wanted);

  g_assert_cmpstr (facts->key, ==, "RSA 2048 bits");
  gnutls_x509_privkey_deinit (key);
}

static void
test_renewed (void)
{
  gnutls_x509_privkey_t key = make_ec_key ();
  const Wanted before = {
    .common_name = "PC-1", .from = JANUARY_2026 - 86400, .until = JANUARY_2026, .key = key
  };
  const Wanted after = {
    .common_name = "PC-1", .from = JANUARY_2026, .until = JANUARY_2026 + 86400, .key = key
  };
  g_autoptr (LkCertificateFacts) old = read_facts (&before);
  g_autoptr (LkCertificateFacts) new = read_facts (&after);
  g_autofree char *change = lk_certificate_facts_describe_change (old, new);
  g_autofree char *old_pin = lk_pin_to_text (old->pin);
  g_autofree char *new_pin = lk_pin_to_text (new->pin);
  g_autofree char *expected = g_strdup_printf (
      "other dates: it was 2025-12-31 to 2026-01-01, now 2026-01-01 to 2026-01-02; the same key,"
      " renewed (EC/ECDSA 256 bits); SHA-256: it was %s, now %s",
      old_pin, new_pin);

  g_assert_cmpstr (change, ==, expected);
  gnutls_x509_privkey_deinit (key);
}

static void
test_reinstalled (void)
{
  const Wanted before = { .common_name = "PC-1",
                          .issuer = "Lab CA",
                          .from = JANUARY_2026,
                          .until = JANUARY_2026 + 86400,
                          .add_names = add_usual_names };
  const Wanted after = { .common_name = "PC-2",
                         .from = JANUARY_2026,
                         .until = JANUARY_2026 + 86400 };
  g_autoptr (LkCertificateFacts) old = read_facts (&before);
  g_autoptr (LkCertificateFacts) new = read_facts (&after);
  g_autofree char *change = lk_certificate_facts_describe_change (old, new);

  g_test_message ("%s", change);
  g_assert_nonnull (strstr (change,
                            "other names: it was pc-1.lab.test, 10.0.0.7, fd00::7, now PC-2;"
                            " "));
  g_assert_nonnull (strstr (change, "another issuer: it was CN=Lab CA, now CN=PC-2; "));
  g_assert_nonnull (strstr (change, "a new key (EC/ECDSA 256 bits); "));
  g_assert_null (strstr (change, "dates"));
}

/* Hostile ones */

static void
assert_harmless (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpuint (g_utf8_strlen (text, -1), <=, LK_CERTIFICATE_MAX_TEXT + 1);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      g_assert_true (g_unichar_isprint (g_utf8_get_char (p)));
      g_assert_cmpint (g_unichar_type (g_utf8_get_char (p)), !=, G_UNICODE_FORMAT);
    }
}

/* As it stands in the certificate: GnuTLS itself would not write such names. */
static void
add_raw_names (gnutls_x509_crt_t certificate, const GByteArray *names)
{
  g_autoptr (GByteArray) extension = g_byte_array_new ();
  const guint8 header[] = { 0x30, 0x82, (guint8) (names->len >> 8), (guint8) names->len };

  g_byte_array_append (extension, header, sizeof header);
  g_byte_array_append (extension, names->data, names->len);
  g_assert_cmpint (gnutls_x509_crt_set_extension_by_oid (certificate, GNUTLS_X509EXT_OID_SAN,
                                                         extension->data, extension->len, 0),
                   ==, 0);
}

static void
add_odd_names (gnutls_x509_crt_t certificate)
{
  static const char names[] = "\x82\x18"
                              "pc-1.lab.test\0.evil.test"
                              "\x82\x09"
                              "pc-2\033[2J\n"
                              "\x82\x0A"
                              "b\xC3\xBC"
                              "ro.test"
                              "\x87\x03"
                              "abc";
  g_autoptr (GByteArray) raw = g_byte_array_new ();

  g_byte_array_append (raw, (const guint8 *) names, sizeof names - 1);
  add_raw_names (certificate, raw);
}

static void
test_control_characters (void)
{
  const Wanted wanted = { .common_name = "PC\0-1\033[31m\xE2\x80\xAE",
                          .common_name_size = 13,
                          .until = JANUARY_2026,
                          .add_names = add_odd_names };
  g_autoptr (LkCertificateFacts) facts = read_facts (&wanted);

  g_assert_cmpuint (g_strv_length (facts->names), ==, 3);
  for (guint i = 0; facts->names[i] != NULL; i++)
    {
      g_test_message ("%s", facts->names[i]);
      assert_harmless (facts->names[i]);
      g_assert_cmpstr (facts->names[i], !=, "pc-1.lab.test");
    }
  if (facts->subject != NULL)
    {
      g_test_message ("%s", facts->subject);
      assert_harmless (facts->subject);
    }
}

static void
test_huge_name (void)
{
  g_autofree char *name = g_strnfill (20000, 'x');
  const Wanted wanted = { .common_name = name, .until = JANUARY_2026 };
  g_autoptr (LkCertificateFacts) facts = read_facts (&wanted);

  if (facts->subject != NULL)
    assert_harmless (facts->subject);
  for (guint i = 0; facts->names[i] != NULL; i++)
    assert_harmless (facts->names[i]);
}

/* Short ones, so that they fit into what is read at all. */
static void
add_many_addresses (gnutls_x509_crt_t certificate)
{
  g_autoptr (GByteArray) names = g_byte_array_new ();

  for (guint i = 0; i < 10000; i++)
    g_byte_array_append (names, (guint8[]){ 0x87, 4, 10, 0, (guint8) (i >> 8), (guint8) i }, 6);
  add_raw_names (certificate, names);
}

static void
test_many_names (void)
{
  const Wanted wanted = { .common_name = "PC-1",
                          .until = JANUARY_2026,
                          .add_names = add_many_addresses };
  g_autoptr (GBytes) der = make (&wanted);
  gint64 start = g_get_monotonic_time ();
  g_autoptr (LkCertificateFacts) facts = lk_certificate_facts_new (der, NULL);
  g_autofree char *names = lk_certificate_facts_join_names (facts);

  g_test_message ("%" G_GINT64_FORMAT " us", g_get_monotonic_time () - start);
  g_assert_cmpuint (g_strv_length (facts->names), ==, LK_CERTIFICATE_MAX_NAMES);
  g_assert_true (facts->more_names);
  g_assert_true (g_str_has_prefix (names, "10.0.0.0, 10.0.0.1, "));
  g_assert_true (g_str_has_suffix (names, " and more"));
}

static void
add_long_names (gnutls_x509_crt_t certificate)
{
  g_autofree char *name = g_strnfill (7000, 'a');

  for (guint i = 0; i < 10; i++)
    add_dns (certificate, name, 7000);
}

static void
test_too_large (void)
{
  const Wanted wanted = { .common_name = "PC-1",
                          .until = JANUARY_2026,
                          .add_names = add_long_names };
  g_autoptr (GBytes) der = make (&wanted);
  g_autoptr (GError) error = NULL;

  g_assert_null (lk_certificate_facts_new (der, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
}

static void
test_broken (void)
{
  const Wanted wanted = { .common_name = "PC-1",
                          .until = JANUARY_2026,
                          .add_names = add_usual_names };
  g_autoptr (GBytes) der = make (&wanted);

  for (gsize size = 0; size < g_bytes_get_size (der); size++)
    {
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (der, 0, size);
      g_autoptr (GError) error = NULL;

      g_assert_null (lk_certificate_facts_new (part, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/certificate-facts/all", test_facts);
  g_test_add_func ("/certificate-facts/common-name", test_common_name);
  g_test_add_func ("/certificate-facts/rsa", test_rsa);
  g_test_add_func ("/certificate-facts/renewed", test_renewed);
  g_test_add_func ("/certificate-facts/reinstalled", test_reinstalled);
  g_test_add_func ("/certificate-facts/control-characters", test_control_characters);
  g_test_add_func ("/certificate-facts/huge-name", test_huge_name);
  g_test_add_func ("/certificate-facts/many-names", test_many_names);
  g_test_add_func ("/certificate-facts/too-large", test_too_large);
  g_test_add_func ("/certificate-facts/broken", test_broken);
  return g_test_run ();
}
