/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/lk-backend-tls.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define REMEDY                                                                                     \
  _ ("have a new one made on the gateway with “latchkey-gateway client rotate”, then set"      \
     " backend.certificate and backend.certificate-key")

char *
lk_backend_normalize_pin (const char *pin, GError **error)
{
  g_autoptr (GString) hex = g_string_new (NULL);

  for (const char *p = pin; *p != '\0'; p++)
    if (*p != ':')
      g_string_append_c (hex, g_ascii_tolower (*p));
  if (hex->len == 64 && strspn (hex->str, "0123456789abcdef") == 64)
    return g_strdup (hex->str);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("A pin is the SHA-256 of a certificate, 64 hexadecimal digits"));
  return NULL;
}

GTlsDatabase *
lk_backend_load_authorities (const char *ca_file, GError **error)
{
  GTlsDatabase *database = NULL;
  g_autoptr (GError) cause = NULL;

  if (g_path_is_absolute (ca_file))
    database = g_tls_file_database_new (ca_file, &cause);
  if (database == NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The CA file “%s” cannot be used: %s"),
                 ca_file, cause != NULL ? cause->message : _ ("its path does not begin with “/”"));
  return database;
}

GTlsCertificate *
lk_backend_load_certificate (const char *pem, const LkSecret *key, GError **error)
{
  char *both = g_strconcat (lk_secret_peek (key), "\n", pem, NULL);
  g_autoptr (GError) cause = NULL;
  GTlsCertificate *certificate = g_tls_certificate_new_from_pem (both, -1, &cause);

  explicit_bzero (both, strlen (both));
  g_free (both);
  if (certificate == NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("This console's certificate or its key cannot be used: %s"), cause->message);
  return certificate;
}

gboolean
lk_backend_check_certificate (GTlsCertificate *certificate, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) end = g_tls_certificate_get_not_valid_after (certificate);
  g_autofree char *text = NULL;

  if (end == NULL || g_date_time_compare (now, end) < 0)
    return TRUE;

  text = g_date_time_format (end, "%Y-%m-%d");
  g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
               _ ("This console's certificate for the backend expired on %s; %s"), text, REMEDY);
  return FALSE;
}

/* GnuTLS knows more, but GIO passes on only the words of an alert. */
static gboolean
is_alert (const GError *cause)
{
  return g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED) ||
         g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_MISC) ||
         g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);
}

GError *
lk_backend_explain_tls (const GError *cause, const char *peer, GTlsCertificate *shown)
{
  if (!is_alert (cause))
    return g_error_new (LK_ERROR, LK_ERROR_DENIED, _ ("%s is not trusted: %s"), peer,
                        cause->message);
  if (shown != NULL)
    return g_error_new (LK_ERROR, LK_ERROR_DENIED,
                        _ ("%s does not accept this console's certificate (%s); %s"), peer,
                        cause->message, REMEDY);

  return g_error_new (LK_ERROR, LK_ERROR_DENIED,
                      _ ("%s does not go on with this console (%s); if it wants a certificate, set"
                         " backend.certificate and backend.certificate-key"),
                      peer, cause->message);
}
