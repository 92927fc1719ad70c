/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-backend.h"

#include "base/lk-error.h"
#include "net/lk-certificate-facts.h"
#include "net/lk-certificate.h"

#include <glib/gi18n-lib.h>

void
lk_backend_setup_free (LkBackendSetup *self)
{
  if (self == NULL)
    return;
  g_free (self->url);
  g_free (self->ca_file);
  g_free (self->pin);
  g_free (self->proxy);
  g_clear_pointer (&self->digest_key, lk_secret_free);
  g_clear_pointer (&self->token, lk_secret_free);
  g_free (self->certificate);
  g_clear_pointer (&self->certificate_key, lk_secret_free);
  g_free (self);
}

static gboolean
unseal_setting (LkConsole *self, const char *name, LkSecret **secret, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GBytes) ciphertext =
      lk_store_get_sealed (lk_console_get_store (self, NULL), name, &local_error);
  g_autofree char *purpose = lk_console_get_sealed_purpose (name);

  if (ciphertext != NULL)
    *secret = lk_console_unseal (self, purpose, ciphertext, &local_error);
  if (local_error == NULL)
    return TRUE;

  g_propagate_prefixed_error (error, g_steal_pointer (&local_error), "%s: ", name);
  return FALSE;
}

static char *
get_text (LkConsole *self, const char *name)
{
  return lk_store_get_setting (lk_console_get_store (self, NULL), name, NULL);
}

gint64
lk_console_get_duration (LkConsole *self, const char *name)
{
  g_autofree char *text = get_text (self, name);
  gint64 ms = 0;

  return text != NULL && lk_duration_parse (text, &ms) ? ms : 0;
}

guint
lk_console_get_number (LkConsole *self, const char *name)
{
  g_autofree char *text = get_text (self, name);
  gint64 number = 0;

  return text != NULL && g_ascii_string_to_signed (text, 10, 0, G_MAXINT32, &number, NULL)
             ? (guint) number
             : 0;
}

gboolean
lk_console_has_backend (LkConsole *self)
{
  g_autofree char *url = NULL;

  if (lk_console_get_store (self, NULL) == NULL)
    return FALSE;
  url = get_text (self, LK_SETTING_BACKEND_URL);
  return url != NULL;
}

gboolean
lk_console_read_certificate (const char *path, char **pem, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (LkCertificateFacts) facts = NULL;
  g_autoptr (GError) cause = NULL;

  if (g_file_get_contents (path, &text, NULL, &cause))
    facts = lk_certificate_facts_new_pem (text, -1, &cause);
  if (facts == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The certificate in “%s” cannot be used: %s"), path, cause->message);
      return FALSE;
    }

  if (pem != NULL)
    *pem = g_steal_pointer (&text);
  return TRUE;
}

/* A certificate without its key, or the other way round, is a setup that somebody did not finish.
 */
static gboolean
read_identity (LkConsole *self, LkBackendSetup *setup, GError **error)
{
  g_autofree char *path = get_text (self, LK_SETTING_BACKEND_CERTIFICATE);

  if (!unseal_setting (self, LK_SETTING_BACKEND_CERTIFICATE_KEY, &setup->certificate_key, error))
    return FALSE;
  if (path == NULL && setup->certificate_key == NULL)
    return TRUE;
  if (path == NULL || setup->certificate_key == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   path == NULL
                       ? _ ("The key of this console's certificate is set, but not the"
                            " certificate: latchkeyctl config set backend.certificate FILE")
                       : _ ("The certificate of this console is set, but not its key:"
                            " latchkeyctl config set backend.certificate-key --file FILE"));
      return FALSE;
    }

  if (!lk_console_read_certificate (path, &setup->certificate, error))
    return FALSE;
  if (lk_certificate_check_key (setup->certificate, -1, setup->certificate_key, error))
    return TRUE;

  g_prefix_error (error, "backend.certificate, backend.certificate-key: ");
  return FALSE;
}

LkBackendSetup *
lk_console_get_backend (LkConsole *self, GError **error)
{
  g_autoptr (LkBackendSetup) setup = g_new0 (LkBackendSetup, 1);
  g_autofree char *kind = NULL;

  if (lk_console_get_store (self, error) == NULL)
    return NULL;

  setup->url = get_text (self, LK_SETTING_BACKEND_URL);
  if (setup->url == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("No backend is set up that could give confirmation IDs; set one up with:"
                      " latchkeyctl config set backend.url https://…"));
      return NULL;
    }
  if (!unseal_setting (self, LK_SETTING_BACKEND_DIGEST_KEY, &setup->digest_key, error) ||
      !unseal_setting (self, LK_SETTING_BACKEND_TOKEN, &setup->token, error) ||
      !read_identity (self, setup, error))
    return NULL;
  if (setup->digest_key == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The backend's digest key is missing; enter it with: latchkeyctl config set"
                      " backend.digest-key"));
      return NULL;
    }

  setup->ca_file = get_text (self, LK_SETTING_BACKEND_CA);
  setup->pin = get_text (self, LK_SETTING_BACKEND_PIN);
  setup->proxy = get_text (self, LK_SETTING_BACKEND_PROXY);
  kind = get_text (self, LK_SETTING_BACKEND_KIND);
  setup->asks_again = g_strcmp0 (kind, "service") != 0;
  setup->batch_size = lk_console_get_number (self, LK_SETTING_BACKEND_BATCH_SIZE);
  if (setup->batch_size == 0 && !setup->asks_again)
    setup->batch_size = 1; /* the service takes them one by one */

  setup->options.url = setup->url;
  setup->options.digest_key = setup->digest_key;
  setup->options.token = setup->token;
  setup->options.certificate = setup->certificate;
  setup->options.certificate_key = setup->certificate_key;
  setup->options.ca_file = setup->ca_file;
  setup->options.pin = setup->pin;
  setup->options.proxy = setup->proxy;
  setup->options.timeout_s =
      (guint) (lk_console_get_duration (self, LK_SETTING_BACKEND_TIMEOUT) / LK_SECOND);
  return g_steal_pointer (&setup);
}
