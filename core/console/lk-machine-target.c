/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-machine-target.h"

#include "console/lk-console-backend.h"
#include "console/lk-console-private.h"

void
lk_machine_target_free (LkMachineTarget *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_pointer (&self->sighting, lk_sighting_free);
  g_clear_pointer (&self->trust, lk_trust_unref);
  g_clear_pointer (&self->pin, lk_pin_row_free);
  g_free (self->full_name);
  g_free (self);
}

/* A row's address, or what was typed. FALSE with an error when it is neither. */
static gboolean
find_machine (LkMachineTarget *self, LkConsole *console, const char *name, GError **error)
{
  const char *names[] = { name, NULL };
  const LkChoice choice = { .names = names };
  g_autoptr (GError) cause = NULL;
  gboolean is_unknown = FALSE;

  self->rows = lk_console_list_rows (console, &choice, &is_unknown, &cause);
  if (self->rows != NULL)
    return TRUE;
  if (!is_unknown)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }

  self->sighting = lk_sighting_parse (name, error);
  return self->sighting != NULL;
}

static void
take_row (LkMachineTarget *self, LkStore *store, const LkRow *row)
{
  self->full_name =
      lk_machine_make_full_name (row->name, row->identity->fqdn, row->identity->domain);
  self->options.host = row->address != NULL ? row->address : row->name;
  self->options.name = self->full_name;
  self->options.port = row->port;
  self->options.tls = row->tls;
  self->options.pin = row->pin;
  self->pin = lk_store_get_pin (store, row->machine_id, NULL);
  self->options.pinned = self->pin != NULL ? self->pin->certificate : NULL;
  self->options.pinned_at = self->pin != NULL ? self->pin->pinned_at : 0;
  self->names = (LkMachineNames){ row->name, self->full_name, row->address, row->identity->domain };
}

static void
take_sighting (LkMachineTarget *self)
{
  const LkSighting *sighting = self->sighting;

  self->options.host = sighting->name;
  self->options.port = sighting->port != 0 ? sighting->port : sighting->tls ? 5986 : 5985;
  self->options.tls = sighting->tls;
  self->names.name = sighting->name;
}

/* What all machines have in common. */
static gboolean
complete (LkMachineTarget *self, LkConsole *console, LkTrust **trust, GError **error)
{
  g_autofree char *ca_file = NULL;

  self->options.path = "/wsman";
  self->options.connect_ms = (guint) lk_console_get_duration (console, LK_SETTING_CONNECT_TIMEOUT);
  self->options.first_byte_ms =
      (guint) lk_console_get_duration (console, LK_SETTING_ANSWER_TIMEOUT);
  if (!self->options.tls)
    return TRUE;

  if (*trust == NULL)
    {
      ca_file =
          lk_store_get_setting (lk_console_get_store (console, NULL), LK_SETTING_MACHINES_CA, NULL);
      *trust = lk_trust_new (ca_file, error);
    }
  if (*trust == NULL)
    return FALSE;
  self->trust = lk_trust_ref (*trust);
  self->options.trust = self->trust;
  return TRUE;
}

LkMachineTarget *
lk_machine_target_find (LkConsole *console, const char *name, GError **error)
{
  g_autoptr (LkMachineTarget) self = g_new0 (LkMachineTarget, 1);
  g_autoptr (LkTrust) trust = NULL;

  if (!find_machine (self, console, name, error))
    return NULL;
  if (self->rows != NULL)
    take_row (self, lk_console_get_store (console, NULL), g_ptr_array_index (self->rows, 0));
  else
    take_sighting (self);
  return complete (self, console, &trust, error) ? g_steal_pointer (&self) : NULL;
}

LkMachineTarget *
lk_machine_target_new_for_row (LkConsole *console,
                               GPtrArray *rows,
                               guint row,
                               LkTrust **trust,
                               GError **error)
{
  g_autoptr (LkMachineTarget) self = g_new0 (LkMachineTarget, 1);

  self->rows = g_ptr_array_ref (rows);
  self->row = row;
  take_row (self, lk_console_get_store (console, NULL), g_ptr_array_index (rows, row));
  return complete (self, console, trust, error) ? g_steal_pointer (&self) : NULL;
}

char *
lk_machine_target_describe (const LkMachineTarget *self)
{
  return g_strdup_printf (self->options.tls ? "%s:%u (TLS)" : "%s:%u", self->options.host,
                          self->options.port);
}
