/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-check.h"

#include "console/lk-console-backend.h"
#include "console/lk-console-credentials.h"
#include "console/lk-console-machines.h"
#include "store/lk-pins.h"

static guint16
get_port (const LkSighting *sighting)
{
  if (sighting->port != 0)
    return sighting->port;
  return sighting->tls ? 5986 : 5985;
}

/* Where the check leads: a row's address, or what was typed. FALSE with an error when it is
 * neither. */
static gboolean
find_machine (LkConsole *self,
              const char *name,
              GPtrArray **rows,
              LkSighting **sighting,
              GError **error)
{
  const char *names[] = { name, NULL };
  const LkChoice choice = { .names = names };
  gboolean is_unknown = FALSE;

  *rows = lk_console_list_rows (self, &choice, &is_unknown, error);
  if (*rows != NULL)
    return TRUE;
  if (!is_unknown)
    return FALSE;

  g_clear_error (error);
  *sighting = lk_sighting_parse (name, error);
  return *sighting != NULL;
}

GPtrArray *
lk_console_check_machine (LkConsole *self,
                          const char *name,
                          char **peer,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (LkSighting) sighting = NULL;
  g_autofree char *ca_file = NULL;
  g_autofree char *user = NULL;
  g_autoptr (LkSecret) password = NULL;
  g_autoptr (LkTrust) trust = NULL;
  g_autoptr (LkPinRow) pin = NULL;
  g_autoptr (GError) no_credential = NULL;
  LkLinkOptions options = { .path = "/wsman" };
  LkMachineNames names = { .name = name };

  if (!find_machine (self, name, &rows, &sighting, error))
    return NULL;
  if (rows != NULL)
    {
      const LkRow *row = g_ptr_array_index (rows, 0);

      options.host = row->address != NULL ? row->address : row->name;
      options.port = row->port;
      options.tls = row->tls;
      options.pin = row->pin;
      pin = lk_store_get_pin (lk_console_get_store (self, NULL), row->machine_id, NULL);
      options.pinned = pin != NULL ? pin->certificate : NULL;
      options.pinned_at = pin != NULL ? pin->pinned_at : 0;
      names.name = row->name;
      names.fqdn = row->identity->fqdn;
      names.address = row->address;
      names.domain = row->identity->domain;
    }
  else
    {
      options.host = sighting->name;
      options.port = get_port (sighting);
      options.tls = sighting->tls;
      names.name = sighting->name;
    }

  ca_file = lk_store_get_setting (lk_console_get_store (self, NULL), LK_SETTING_MACHINES_CA, NULL);
  trust = options.tls ? lk_trust_new (ca_file, error) : NULL;
  if (options.tls && trust == NULL)
    return NULL;
  /* Without a credential the stages before it still tell something. */
  lk_console_get_credential (self, &names, &user, &password, &no_credential);
  options.user = user;
  options.password = password;
  options.trust = trust;
  options.connect_ms = (guint) lk_console_get_duration (self, LK_SETTING_CONNECT_TIMEOUT);
  options.first_byte_ms = (guint) lk_console_get_duration (self, LK_SETTING_ANSWER_TIMEOUT);
  if (peer != NULL)
    *peer = g_strdup_printf (options.tls ? "%s:%u (TLS)" : "%s:%u", options.host, options.port);
  return lk_check_machine (&options, cancellable);
}
