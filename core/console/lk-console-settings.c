/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-settings.h"

#include "backend/lk-backend.h"
#include "base/lk-error.h"
#include "console/lk-console-backend.h"
#include "console/lk-console-private.h"
#include "net/lk-certificate.h"
#include "net/lk-trust.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#define MAX_TEXT 2048

static const LkSetting settings[] = {
  { LK_SETTING_BACKEND_URL, LK_SETTING_TEXT, NULL, NULL, 0, 0,
    N_ ("Address of the gateway or the batch activation service, https://…") },
  { LK_SETTING_BACKEND_KIND, LK_SETTING_CHOICE, "gateway", "gateway|service", 0, 0,
    N_ ("What is at that address: a gateway answers a repeated question from its records") },
  { LK_SETTING_BACKEND_DIGEST_KEY, LK_SETTING_SECRET, NULL, NULL, 0, 0,
    N_ ("The key that signs batches, in hexadecimal or base64") },
  { LK_SETTING_BACKEND_TOKEN, LK_SETTING_SECRET, NULL, NULL, 0, 0,
    N_ ("This console's token at the gateway") },
  { LK_SETTING_BACKEND_CERTIFICATE, LK_SETTING_FILE, NULL, NULL, 0, 0,
    N_ ("File (PEM) of this console's certificate at the gateway, instead of a token") },
  { LK_SETTING_BACKEND_CERTIFICATE_KEY, LK_SETTING_SECRET, NULL, NULL, 0, 0,
    N_ ("The private key of that certificate (PEM)") },
  { LK_SETTING_BACKEND_CA, LK_SETTING_FILE, NULL, NULL, 0, 0,
    N_ ("File (PEM) of the authorities that certify the backend; else the system's") },
  { LK_SETTING_BACKEND_PIN, LK_SETTING_PIN, NULL, NULL, 0, 0,
    N_ ("SHA-256 of the backend's certificate: then this one and no other") },
  { LK_SETTING_BACKEND_PROXY, LK_SETTING_TEXT, NULL, NULL, 0, 0,
    N_ ("HTTP proxy on the way to the backend, http://HOST:PORT") },
  { LK_SETTING_BACKEND_BATCH_SIZE, LK_SETTING_NUMBER, "100", NULL, 1, LK_BATCH_MAX_ITEMS,
    N_ ("Installation IDs in one batch") },
  { LK_SETTING_BACKEND_TIMEOUT, LK_SETTING_DURATION, "30s", NULL, 1000, 600 * 1000,
    N_ ("How long to wait for an answer of the backend") },
  { LK_SETTING_MACHINES_CA, LK_SETTING_FILE, NULL, NULL, 0, 0,
    N_ ("File (PEM) of the authorities that certify the machines, in place of the system's") },
  { LK_SETTING_WORKERS, LK_SETTING_NUMBER, "64", NULL, 1, 512,
    N_ ("Machines that are talked to at the same time") },
  { LK_SETTING_FIRST_BACK_OFF, LK_SETTING_DURATION, "30s", NULL, 1, 3600 * 1000,
    N_ ("Pause before the second attempt; doubles with each further one") },
  { LK_SETTING_LONGEST_BACK_OFF, LK_SETTING_DURATION, "1h", NULL, 1, 24 * 3600 * 1000,
    N_ ("The longest pause between two attempts") },
  { LK_SETTING_CONNECT_TIMEOUT, LK_SETTING_DURATION, "5s", NULL, 10, 600 * 1000,
    N_ ("How long a machine may take to accept a connection") },
  { LK_SETTING_ANSWER_TIMEOUT, LK_SETTING_DURATION, "70s", NULL, 10, 3600 * 1000,
    N_ ("How long a machine may take to answer") },
  { NULL, LK_SETTING_TEXT, NULL, NULL, 0, 0, NULL },
};

const LkSetting *
lk_settings_get_all (void)
{
  return settings;
}

const LkSetting *
lk_setting_find (const char *name, GError **error)
{
  for (guint i = 0; settings[i].name != NULL; i++)
    if (g_str_equal (settings[i].name, name))
      return &settings[i];

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("There is no setting “%s”; see: latchkeyctl config list"), name);
  return NULL;
}

char *
lk_console_get_sealed_purpose (const char *name)
{
  return g_strconcat ("setting:", name, NULL);
}

char *
lk_console_get_setting (LkConsole *self, const char *name, GError **error)
{
  const LkSetting *setting = lk_setting_find (name, error);
  LkStore *store = setting != NULL ? lk_console_get_store (self, error) : NULL;
  g_autoptr (GBytes) ciphertext = NULL;

  if (store == NULL)
    return NULL;
  if (setting->kind != LK_SETTING_SECRET)
    return lk_store_get_setting (store, name, error);

  ciphertext = lk_store_get_sealed (store, name, error);
  return ciphertext != NULL ? g_strdup ("sealed") : NULL;
}

static gboolean
is_choice (const char *choices, const char *value)
{
  g_auto (GStrv) words = g_strsplit (choices, "|", -1);

  return g_strv_contains ((const char *const *) words, value);
}

static gboolean
check_value (const LkSetting *setting, const char *value, GError **error)
{
  gint64 number = 0;

  switch (setting->kind)
    {
    case LK_SETTING_NUMBER:
      if (g_ascii_string_to_signed (value, 10, setting->min, setting->max, &number, NULL))
        return TRUE;
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("%s must be a number from %" PRId64 " to %" PRId64), setting->name,
                   setting->min, setting->max);
      return FALSE;
    case LK_SETTING_DURATION:
      if (lk_duration_parse (value, &number) && number >= setting->min && number <= setting->max)
        return TRUE;
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("%s must be a time from %" PRId64 " to %" PRId64
                      " ms, like 500ms, 30s or 10m"),
                   setting->name, setting->min, setting->max);
      return FALSE;
    case LK_SETTING_CHOICE:
      if (is_choice (setting->choices, value))
        return TRUE;
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("%s must be one of %s"), setting->name,
                   setting->choices);
      return FALSE;
    case LK_SETTING_FILE:
      if (g_path_is_absolute (value) && g_file_test (value, G_FILE_TEST_IS_REGULAR))
        return TRUE;
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("%s must be the whole path of a file, and “%s” is none"), setting->name,
                   value);
      return FALSE;
    case LK_SETTING_PIN:
      {
        g_autofree char *pin = lk_pin_parse (value);

        if (pin != NULL)
          return TRUE;
        g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                     _ ("A pin is the SHA-256 of a certificate, 64 hexadecimal digits"));
        return FALSE;
      }
    case LK_SETTING_TEXT:
      if (strlen (value) <= MAX_TEXT && g_utf8_validate (value, -1, NULL))
        return TRUE;
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The value of %s cannot be used"),
                   setting->name);
      return FALSE;
    case LK_SETTING_SECRET:
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("%s is a secret, so its value is never taken from the command line"),
                   setting->name);
      return FALSE;
    }

  g_assert_not_reached ();
}

/* What the backend's client would refuse later is refused now. */
static gboolean
check_with_client (const LkSetting *setting, const char *value, GError **error)
{
  LkBackendOptions options = { .url = "https://localhost/" };
  g_autoptr (LkSecret) no_key = lk_secret_new ("", 0);
  g_autoptr (LkBackend) backend = NULL;

  if (g_str_equal (setting->name, LK_SETTING_BACKEND_URL))
    options.url = value;
  else if (g_str_equal (setting->name, LK_SETTING_BACKEND_PROXY))
    options.proxy = value;
  else if (g_str_equal (setting->name, LK_SETTING_BACKEND_CERTIFICATE))
    return lk_console_read_certificate (value, NULL, error);
  else
    return TRUE;

  options.digest_key = no_key;
  backend = lk_backend_new (&options, error);
  return backend != NULL;
}

gboolean
lk_setting_check (const char *name, const char *value, GError **error)
{
  const LkSetting *setting = lk_setting_find (name, error);

  return setting != NULL && check_value (setting, value, error) &&
         check_with_client (setting, value, error);
}

gboolean
lk_console_set_setting (LkConsole *self, const char *name, const char *value, GError **error)
{
  LkStore *store;

  if (!lk_setting_check (name, value, error))
    return FALSE;

  store = lk_console_get_store (self, error);
  return store != NULL && lk_store_set_setting (store, name, value, error);
}

/* @key gets what is kept instead of a digest key as it was typed, or stays NULL. */
static gboolean
check_secret (const char *name, const LkSecret *secret, LkSecret **key, GError **error)
{
  const LkSetting *setting = lk_setting_find (name, error);

  if (setting == NULL)
    return FALSE;
  if (setting->kind != LK_SETTING_SECRET)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("%s is no secret; give its value"), name);
      return FALSE;
    }
  if (g_str_equal (name, LK_SETTING_BACKEND_DIGEST_KEY))
    {
      *key = lk_batch_parse_digest_key (secret, error);
      return *key != NULL;
    }
  return !g_str_equal (name, LK_SETTING_BACKEND_CERTIFICATE_KEY) ||
         lk_certificate_is_key (secret, error);
}

gboolean
lk_setting_check_secret (const char *name, const LkSecret *secret, GError **error)
{
  g_autoptr (LkSecret) key = NULL;

  return check_secret (name, secret, &key, error);
}

gboolean
lk_console_set_secret (LkConsole *self, const char *name, const LkSecret *secret, GError **error)
{
  g_autofree char *purpose = lk_console_get_sealed_purpose (name);
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (GBytes) ciphertext = NULL;

  if (!check_secret (name, secret, &key, error))
    return FALSE;

  ciphertext = lk_console_seal (self, purpose, key != NULL ? key : secret, error);
  return ciphertext != NULL &&
         lk_store_set_sealed (lk_console_get_store (self, NULL), name, ciphertext, error);
}

gboolean
lk_console_unset_setting (LkConsole *self, const char *name, GError **error)
{
  const LkSetting *setting = lk_setting_find (name, error);
  LkStore *store = setting != NULL ? lk_console_get_store (self, error) : NULL;

  if (store == NULL)
    return FALSE;

  return setting->kind == LK_SETTING_SECRET ? lk_store_set_sealed (store, name, NULL, error)
                                            : lk_store_set_setting (store, name, NULL, error);
}
