/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-certificate-facts.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <string.h>

#define KEY_ID_BYTES 32

typedef gnutls_x509_crt_t Certificate;

static void
free_certificate (Certificate certificate)
{
  gnutls_x509_crt_deinit (certificate);
}

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (Certificate, free_certificate, NULL)

/* A text that was made by whoever made the certificate. Names of machines are ASCII; elsewhere
 * letters of any script may stand, but nothing that is invisible or turns the line around. */
static char *
clean (const void *data, gsize size, gboolean is_ascii)
{
  /* A character has up to 4 bytes; what is longer than that is cut off anyway. */
  g_autofree char *valid =
      g_utf8_make_valid (data, (gssize) MIN (size, 4 * LK_CERTIFICATE_MAX_TEXT + 4));
  GString *text = g_string_new (NULL);
  guint n = 0;

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p), n++)
    {
      gunichar c = g_utf8_get_char (p);
      gboolean is_shown = is_ascii ? c > ' ' && c < 0x7F : g_unichar_isprint (c);

      if (n == LK_CERTIFICATE_MAX_TEXT)
        {
          g_string_append (text, "…");
          break;
        }
      if (is_shown && g_unichar_type (c) != G_UNICODE_FORMAT)
        g_string_append_unichar (text, c);
      else
        g_string_append_unichar (text, 0xFFFD);
    }

  return g_string_free (text, FALSE);
}

/* Takes what GnuTLS allocated; NULL when there is nothing. */
static char *
take_text (int result, gnutls_datum_t *datum)
{
  char *text = result >= 0 && datum->size > 0 ? clean (datum->data, datum->size, FALSE) : NULL;

  if (result >= 0)
    gnutls_free (datum->data);
  return text;
}

static char *
read_name (guint type, const gnutls_datum_t *name)
{
  g_autoptr (GInetAddress) address = NULL;

  if (type == GNUTLS_SAN_DNSNAME)
    return clean (name->data, name->size, TRUE);
  if (type != GNUTLS_SAN_IPADDRESS || (name->size != 4 && name->size != 16))
    return NULL;

  address = g_inet_address_new_from_bytes (name->data, name->size == 4 ? G_SOCKET_FAMILY_IPV4
                                                                       : G_SOCKET_FAMILY_IPV6);
  return g_inet_address_to_string (address);
}

/* Ends after the first few, so that a certificate with thousands costs no more than others. */
static void
read_alternative_names (const gnutls_datum_t *extension, GPtrArray *names, gboolean *more)
{
  gnutls_subject_alt_names_t list;
  gnutls_datum_t name;
  guint type;

  if (gnutls_subject_alt_names_init (&list) < 0)
    return;
  if (gnutls_x509_ext_import_subject_alt_names (extension, list, 0) >= 0)
    for (guint i = 0; gnutls_subject_alt_names_get (list, i, &type, &name, NULL) >= 0; i++)
      {
        char *text = read_name (type, &name);

        *more = text != NULL && names->len == LK_CERTIFICATE_MAX_NAMES;
        if (*more)
          {
            g_free (text);
            break;
          }
        if (text != NULL)
          g_ptr_array_add (names, text);
      }
  gnutls_subject_alt_names_deinit (list);
}

static void
read_names (LkCertificateFacts *self, Certificate certificate)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  gnutls_datum_t extension = { NULL, 0 };
  char common[4 * LK_CERTIFICATE_MAX_TEXT];
  gsize size = sizeof common;
  guint critical;

  if (gnutls_x509_crt_get_extension_by_oid2 (certificate, GNUTLS_X509EXT_OID_SAN, 0, &extension,
                                             &critical) >= 0)
    {
      read_alternative_names (&extension, names, &self->more_names);
      gnutls_free (extension.data);
    }
  if (gnutls_x509_crt_get_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, common,
                                     &size) < 0)
    size = 0;
  self->common_name = clean (common, size, FALSE);
  if (names->len == 0 && size > 0)
    g_ptr_array_add (names, clean (common, size, TRUE));

  g_ptr_array_add (names, NULL);
  self->names = (char **) g_ptr_array_steal (names, NULL);
}

static gint64
to_ms (time_t seconds)
{
  return seconds == (time_t) -1 ? 0 : (gint64) seconds * LK_SECOND;
}

static void
read_key (LkCertificateFacts *self, Certificate certificate)
{
  guint bits = 0;
  int algorithm = gnutls_x509_crt_get_pk_algorithm (certificate, &bits);
  const char *name =
      algorithm > 0 ? gnutls_pk_get_name ((gnutls_pk_algorithm_t) algorithm) : _ ("unknown kind,");
  guint8 id[KEY_ID_BYTES];
  gsize size = sizeof id;

  self->key = g_strdup_printf ("%s %u bits", name != NULL ? name : _ ("unknown kind,"), bits);
  if (gnutls_x509_crt_get_key_id (certificate, GNUTLS_KEYID_USE_SHA256, id, &size) >= 0)
    self->key_id = g_compute_checksum_for_data (G_CHECKSUM_SHA256, id, size);
}

LkCertificateFacts *
lk_certificate_facts_new (GBytes *der, GError **error)
{
  LkCertificateFacts *self;
  g_auto (Certificate) certificate = NULL;
  gnutls_datum_t datum, text;
  gsize size = 0;
  int result;

  datum.data = (guint8 *) g_bytes_get_data (der, &size);
  if (size > LK_CERTIFICATE_MAX_BYTES)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
                   _ ("its certificate is too large (%zu bytes)"), size);
      return NULL;
    }

  datum.size = (guint) size;
  result = gnutls_x509_crt_init (&certificate);
  if (result >= 0)
    result = gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_DER);
  if (result < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("its certificate cannot be read: %s"),
                   gnutls_strerror (result));
      return NULL;
    }

  self = g_atomic_rc_box_new0 (LkCertificateFacts);
  self->pin = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);
  self->subject = take_text (gnutls_x509_crt_get_dn3 (certificate, &text, 0), &text);
  self->issuer = take_text (gnutls_x509_crt_get_issuer_dn3 (certificate, &text, 0), &text);
  self->not_before = to_ms (gnutls_x509_crt_get_activation_time (certificate));
  self->not_after = to_ms (gnutls_x509_crt_get_expiration_time (certificate));
  self->is_self_signed = gnutls_x509_crt_check_issuer (certificate, certificate) == 1;
  read_names (self, certificate);
  read_key (self, certificate);
  return self;
}

LkCertificateFacts *
lk_certificate_facts_new_pem (const char *pem, gssize length, GError **error)
{
  const gnutls_datum_t text = { (guchar *) pem,
                                length < 0 ? (guint) strlen (pem) : (guint) length };
  g_autoptr (LkCertificateFacts) facts = NULL;
  g_autoptr (GBytes) der = NULL;
  g_autoptr (GError) cause = NULL;
  gnutls_datum_t data = { NULL, 0 };
  int result = gnutls_pem_base64_decode2 ("CERTIFICATE", &text, &data);

  if (result >= 0)
    {
      der = g_bytes_new (data.data, data.size);
      gnutls_free (data.data);
      facts = lk_certificate_facts_new (der, &cause);
    }
  if (facts != NULL)
    return g_steal_pointer (&facts);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("This is no usable certificate: %s"),
               cause != NULL ? cause->message : gnutls_strerror (result));
  return NULL;
}

LkCertificateFacts *
lk_certificate_facts_ref (LkCertificateFacts *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
facts_clear (gpointer data)
{
  LkCertificateFacts *self = data;

  g_free (self->common_name);
  g_free (self->subject);
  g_free (self->issuer);
  g_strfreev (self->names);
  g_free (self->pin);
  g_free (self->key);
  g_free (self->key_id);
}

void
lk_certificate_facts_unref (LkCertificateFacts *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, facts_clear);
}

char *
lk_certificate_facts_join_names (const LkCertificateFacts *self)
{
  g_autofree char *joined = g_strjoinv (", ", self->names);

  if (*joined == '\0')
    return g_strdup (_ ("nobody"));
  return self->more_names ? g_strdup_printf (_ ("%s and more"), joined) : g_steal_pointer (&joined);
}

char *
lk_certificate_facts_describe_dates (const LkCertificateFacts *self, gint64 now)
{
  g_autofree char *from = lk_date_to_text (self->not_before);
  g_autofree char *until = lk_date_to_text (self->not_after);

  if (self->not_after < now)
    return g_strdup_printf (_ ("expired on %s"), until);
  return self->not_before > now ? g_strdup_printf (_ ("not valid before %s"), from) : NULL;
}

static void add_change (GString *text, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add_change (GString *text, const char *format, ...)
{
  va_list args;

  if (text->len > 0)
    g_string_append (text, "; ");
  va_start (args, format);
  g_string_append_vprintf (text, format, args);
  va_end (args);
}

static void
add_difference (GString *text, const char *what, const char *old, const char *new)
{
  if (g_strcmp0 (old, new) != 0)
    add_change (text, _ ("%s: it was %s, now %s"), what, old != NULL ? old : _ ("unreadable"),
                new != NULL ? new : _ ("unreadable"));
}

static char *
describe_validity (const LkCertificateFacts *self)
{
  g_autofree char *from = lk_date_to_text (self->not_before);
  g_autofree char *until = lk_date_to_text (self->not_after);

  return g_strdup_printf (_ ("%s to %s"), from, until);
}

char *
lk_certificate_facts_describe_change (const LkCertificateFacts *old, const LkCertificateFacts *new)
{
  g_autofree char *old_names = lk_certificate_facts_join_names (old);
  g_autofree char *new_names = lk_certificate_facts_join_names (new);
  g_autofree char *old_dates = describe_validity (old);
  g_autofree char *new_dates = describe_validity (new);
  g_autofree char *old_pin = lk_pin_to_text (old->pin);
  g_autofree char *new_pin = lk_pin_to_text (new->pin);
  gboolean is_same_key = old->key_id != NULL && g_strcmp0 (old->key_id, new->key_id) == 0;
  GString *text = g_string_new (NULL);

  add_difference (text, _ ("other names"), old_names, new_names);
  add_difference (text, _ ("another subject"), old->subject, new->subject);
  if (!old->is_self_signed || !new->is_self_signed)
    add_difference (text, _ ("another issuer"), old->issuer, new->issuer);
  add_difference (text, _ ("other dates"), old_dates, new_dates);
  if (is_same_key)
    add_change (text, _ ("the same key, renewed (%s)"), new->key);
  else if (strcmp (old->key, new->key) == 0)
    add_change (text, _ ("a new key (%s)"), new->key);
  else
    add_change (text, _ ("a new key (it was %s, now %s)"), old->key, new->key);
  add_change (text, _ ("SHA-256: it was %s, now %s"), old_pin, new_pin);
  return g_string_free (text, FALSE);
}

char *
lk_date_to_text (gint64 ms)
{
  g_autoptr (GDateTime) time = ms != 0 ? g_date_time_new_from_unix_utc (ms / LK_SECOND) : NULL;

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d") : g_strdup (_ ("an unreadable date"));
}

char *
lk_pin_to_text (const char *pin)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; pin[i] != '\0'; i++)
    g_string_append_printf (text, i > 0 && i % 2 == 0 ? ":%c" : "%c", pin[i]);
  return g_string_free (text, FALSE);
}
