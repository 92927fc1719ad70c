/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-trust.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "net/lk-certificate-facts.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <gnutls/x509.h>
#include <string.h>

#define PIN_BYTES 32
#define PRIORITY  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct _LkTrust
{
  gatomicrefcount refs;
  gnutls_certificate_credentials_t credentials;
  gnutls_priority_t priority;
};

struct _LkPin
{
  gboolean is_set;
  char *expected; /* NULL although set: it was none */
  GBytes *certificate;
  gint64 accepted_at;
  GBytes *seen;
  char *seen_hex;
  char *accept; /* how, for people; NULL: as with machines */
  char *ca;
};

/* One credentials object serves all sessions, since reading the CAs takes long; what a session
 * shows hangs on the session. */
static int
choose_certificate (gnutls_session_t session,
                    const struct gnutls_cert_retr_st *info,
                    gnutls_pcert_st **chain,
                    guint *n_chain,
                    gnutls_ocsp_data_st **ocsp,
                    guint *n_ocsp,
                    gnutls_privkey_t *key,
                    guint *flags)
{
  const LkClientCertificate *certificate = gnutls_session_get_ptr (session);

  *ocsp = NULL;
  *n_ocsp = 0;
  *flags = 0; /* all of it stays ours */
  *n_chain = 0;
  if (certificate == NULL)
    return 0;

  *chain = lk_client_certificate_get_chain (certificate, n_chain);
  *key = lk_client_certificate_get_key (certificate);
  return 0;
}

LkTrust *
lk_trust_new (const char *ca_file, GError **error)
{
  LkTrust *self = g_new0 (LkTrust, 1);
  int n;

  g_atomic_ref_count_init (&self->refs);
  gnutls_certificate_allocate_credentials (&self->credentials);
  gnutls_certificate_set_retrieve_function3 (self->credentials, choose_certificate);
  gnutls_priority_init (&self->priority, PRIORITY, NULL);
  n = ca_file != NULL
          ? gnutls_certificate_set_x509_trust_file (self->credentials, ca_file, GNUTLS_X509_FMT_PEM)
          : gnutls_certificate_set_x509_system_trust (self->credentials);
  if (n > 0 || (n == 0 && ca_file == NULL)) /* a system without CAs still has pins */
    return self;

  if (ca_file != NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("%s: no CA certificate could be read: %s"),
                 ca_file, n < 0 ? gnutls_strerror (n) : _ ("there is none in it"));
  else
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The system's CAs cannot be read: %s"),
                 gnutls_strerror (n));
  lk_trust_unref (self);
  return NULL;
}

LkTrust *
lk_trust_ref (LkTrust *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
lk_trust_unref (LkTrust *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  gnutls_certificate_free_credentials (self->credentials);
  gnutls_priority_deinit (self->priority);
  g_free (self);
}

char *
lk_pin_parse (const char *text)
{
  g_autoptr (GString) pin = g_string_sized_new (2 * PIN_BYTES);

  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_isxdigit (*p))
      g_string_append_c (pin, g_ascii_tolower (*p));
    else if (*p != ':')
      return NULL;

  return pin->len == 2 * PIN_BYTES ? g_strdup (pin->str) : NULL;
}

LkPin *
lk_pin_new (const char *pin, GBytes *certificate, gint64 accepted_at)
{
  LkPin *self = g_new0 (LkPin, 1);

  self->is_set = pin != NULL;
  self->expected = pin != NULL ? lk_pin_parse (pin) : NULL;
  self->certificate = certificate != NULL ? g_bytes_ref (certificate) : NULL;
  self->accepted_at = accepted_at;
  return self;
}

void
lk_pin_free (LkPin *self)
{
  if (self == NULL)
    return;
  g_free (self->expected);
  g_clear_pointer (&self->certificate, g_bytes_unref);
  g_clear_pointer (&self->seen, g_bytes_unref);
  g_free (self->seen_hex);
  g_free (self->accept);
  g_free (self->ca);
  g_free (self);
}

void
lk_pin_set_remedies (LkPin *self, const char *accept, const char *ca)
{
  g_free (self->accept);
  self->accept = g_strdup (accept);
  g_free (self->ca);
  self->ca = g_strdup (ca);
}

gboolean
lk_pin_is_valid (const LkPin *self)
{
  return !self->is_set || self->expected != NULL;
}

GBytes *
lk_pin_get_seen (const LkPin *self)
{
  return self->seen;
}

const char *
lk_pin_get_seen_hex (const LkPin *self)
{
  return self->seen_hex;
}

gnutls_session_t
lk_trust_new_session (LkTrust *self, const char *host, LkClientCertificate *certificate)
{
  gnutls_session_t session = NULL;

  if (gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
                                 (certificate != NULL ? GNUTLS_POST_HANDSHAKE_AUTH : 0)) != 0)
    return NULL;
  gnutls_session_set_ptr (session, certificate);
  gnutls_priority_set (session, self->priority);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, self->credentials);
  if (!g_hostname_is_ip_address (host))
    gnutls_server_name_set (session, GNUTLS_NAME_DNS, host, strlen (host));
  return session;
}

/* What is wrong with a chain and cannot be told better from the certificate itself. */
static const struct
{
  guint flag;
  const char *why;
} reasons[] = {
  { GNUTLS_CERT_REVOKED, N_ ("its certificate was revoked") },
  { GNUTLS_CERT_SIGNER_NOT_CA, N_ ("its certificate was signed by something that is no CA") },
  { GNUTLS_CERT_SIGNATURE_FAILURE, N_ ("the signature on its certificate is wrong") },
  { GNUTLS_CERT_INSECURE_ALGORITHM,
    N_ ("its certificate uses an algorithm that is no longer safe") },
  { GNUTLS_CERT_PURPOSE_MISMATCH, N_ ("its certificate is not meant for servers") },
};

static void add_reason (GString *why, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add_reason (GString *why, const char *format, ...)
{
  va_list args;

  if (why->len > 0)
    g_string_append (why, "; ");
  va_start (args, format);
  g_string_append_vprintf (why, format, args);
  va_end (args);
}

/* The dates of the certificate itself; those of a CA above it may be what is wrong, too. */
static void
add_dates (GString *why, guint status, const LkCertificateFacts *facts)
{
  g_autofree char *from = lk_date_to_text (facts->not_before);
  g_autofree char *until = lk_date_to_text (facts->not_after);
  gint64 now = lk_clock_now (NULL);

  if ((status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED)) == 0)
    return;
  if (facts->not_after < now)
    add_reason (why, _ ("its certificate expired on %s"), until);
  else if (facts->not_before > now)
    add_reason (why, _ ("its certificate is not valid before %s"), from);
  else if ((status & GNUTLS_CERT_EXPIRED) != 0)
    add_reason (why, _ ("the certificate of a CA above it has expired"));
  else
    add_reason (why, _ ("the certificate of a CA above it is not valid yet"));
}

static char *
describe (guint status, const char *host, const LkPin *pin, const LkCertificateFacts *facts)
{
  g_autofree char *names = lk_certificate_facts_join_names (facts);
  g_autofree char *fingerprint = lk_pin_to_text (facts->pin);
  GString *why = g_string_new (NULL);

  add_dates (why, status, facts);
  if ((status & GNUTLS_CERT_UNEXPECTED_OWNER) != 0)
    add_reason (why, _ ("its certificate is for another name: not for %s, but for %s"), host,
                names);
  if ((status & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0 && facts->is_self_signed)
    add_reason (why, _ ("its certificate is self-signed, so that no CA vouches for it"));
  else if ((status & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0)
    add_reason (why, _ ("its certificate comes from a CA that is not trusted here: %s"),
                facts->issuer != NULL ? facts->issuer : _ ("one without a name"));
  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    if ((status & reasons[i].flag) != 0)
      add_reason (why, "%s", _ (reasons[i].why));
  if (why->len == 0)
    add_reason (why, _ ("its certificate cannot be trusted (%#x)"), status);

  if (pin->accept != NULL)
    add_reason (why, "SHA-256 %s; %s", fingerprint, pin->accept);
  else
    add_reason (why, _ ("SHA-256 %s; to accept this one for it: %s %s"), fingerprint,
                LK_TRUST_REMEDY, host);
  if ((status & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0 && !facts->is_self_signed)
    add_reason (why, "%s",
                pin->ca != NULL ? pin->ca
                                : _ ("to trust its CA: latchkeyctl config set machines.ca FILE"));
  return g_string_free (why, FALSE);
}

static gboolean
verify_chain (gnutls_session_t session,
              const char *host,
              const LkPin *pin,
              const LkCertificateFacts *facts,
              char **why)
{
  gnutls_typed_vdata_st data[] = {
    { .type = GNUTLS_DT_DNS_HOSTNAME, .data = (guint8 *) host },
    { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (guint8 *) GNUTLS_KP_TLS_WWW_SERVER },
  };
  guint status = 0;
  int result = gnutls_certificate_verify_peers (session, data, G_N_ELEMENTS (data), &status);

  if (result == 0 && status == 0)
    return TRUE;

  *why = result == 0
             ? describe (status, host, pin, facts)
             : g_strdup_printf (_ ("its certificate is unusable: %s"), gnutls_strerror (result));
  return FALSE;
}

/* What was accepted, and what is different now. */
static char *
compare (const LkPin *pin, const LkCertificateFacts *old, const LkCertificateFacts *new)
{
  g_autofree char *day =
      pin->accepted_at != 0 ? lk_date_to_text (pin->accepted_at) : g_strdup (_ ("an unknown day"));
  g_autofree char *names = lk_certificate_facts_join_names (old);
  g_autofree char *until = lk_date_to_text (old->not_after);
  g_autofree char *change = lk_certificate_facts_describe_change (old, new);

  if (old->is_self_signed)
    return g_strdup_printf (_ ("its certificate changed: the one accepted on %s was for %s,"
                               " self-signed, valid until %s. Different now: %s"),
                            day, names, until, change);
  return g_strdup_printf (_ ("its certificate changed: the one accepted on %s was for %s, issued by"
                             " %s, valid until %s. Different now: %s"),
                          day, names,
                          old->issuer != NULL ? old->issuer : _ ("an issuer without a name"), until,
                          change);
}

/* The same of one of which only the fingerprint was kept. */
static char *
compare_pins (const LkPin *pin, const LkCertificateFacts *new)
{
  g_autofree char *old_pin = lk_pin_to_text (pin->expected);
  g_autofree char *new_pin = lk_pin_to_text (new->pin);
  g_autofree char *day = lk_date_to_text (pin->accepted_at);

  if (pin->accepted_at != 0)
    return g_strdup_printf (_ ("its certificate changed: the one accepted on %s was SHA-256 %s, it"
                               " shows %s"),
                            day, old_pin, new_pin);
  return g_strdup_printf (_ ("its certificate changed: the accepted one was SHA-256 %s, it shows"
                             " %s"),
                          old_pin, new_pin);
}

static char *
describe_change (const LkPin *pin, const char *host, const LkCertificateFacts *facts)
{
  g_autoptr (LkCertificateFacts) old =
      pin->certificate != NULL ? lk_certificate_facts_new (pin->certificate, NULL) : NULL;
  g_autofree char *change = old != NULL ? compare (pin, old, facts) : compare_pins (pin, facts);
  g_autofree char *remedy = NULL;

  if (pin->accept != NULL)
    return g_strdup_printf ("%s; %s", change, pin->accept);
  remedy = g_strdup_printf (_ ("If there is a reason, such as a reinstallation: %s %s"),
                            LK_TRUST_REMEDY, host);
  return g_strdup_printf ("%s. %s", change, remedy);
}

static void
keep_seen (LkPin *pin, gnutls_session_t session)
{
  guint n = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (session, &n);

  g_clear_pointer (&pin->seen, g_bytes_unref);
  g_clear_pointer (&pin->seen_hex, g_free);
  if (chain == NULL || n == 0)
    return;
  pin->seen = g_bytes_new (chain[0].data, chain[0].size);
  pin->seen_hex = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, pin->seen);
}

gboolean
lk_trust_verify (LkTrust *self, gnutls_session_t session, const char *host, LkPin *pin, char **why)
{
  g_autoptr (LkCertificateFacts) facts = NULL;
  g_autoptr (GError) error = NULL;

  keep_seen (pin, session);
  if (pin->seen == NULL)
    {
      *why = g_strdup (_ ("it showed no certificate"));
      return FALSE;
    }
  if (pin->expected != NULL && strcmp (pin->expected, pin->seen_hex) == 0)
    return TRUE;

  facts = lk_certificate_facts_new (pin->seen, &error);
  if (facts == NULL)
    {
      *why = g_strdup (error->message);
      return FALSE;
    }
  if (!pin->is_set)
    return verify_chain (session, host, pin, facts, why);

  *why = describe_change (pin, host, facts);
  return FALSE;
}
