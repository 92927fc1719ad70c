/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-keys.h"

#include "backend/lk-backend.h"
#include "base/lk-error.h"
#include "console/lk-console-backend.h"
#include "console/lk-console-private.h"
#include "domain/lk-identifiers.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_REMARKS 200

char *
lk_console_get_key_purpose (const char *fingerprint)
{
  return g_strconcat ("product-key:", fingerprint, NULL);
}

const char *
lk_key_row_get_title (const LkKeyRow *row)
{
  if (row->remarks != NULL && *row->remarks != '\0')
    return row->remarks;
  return row->edition != NULL ? row->edition : "";
}

gboolean
lk_console_check_remarks (const char *remarks, GError **error)
{
  if (remarks == NULL)
    return TRUE;
  if (!g_utf8_validate (remarks, -1, NULL))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The remarks are not text"));
      return FALSE;
    }
  if (g_utf8_strlen (remarks, -1) <= MAX_REMARKS)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Remarks have at most %d characters, not %d"),
               MAX_REMARKS, (int) g_utf8_strlen (remarks, -1));
  return FALSE;
}

LkKeyRow *
lk_console_draft_key (LkVault *vault, const char *typed, GError **error)
{
  LkKeyFacts facts;
  g_autoptr (LkSecret) key = lk_product_key_parse (typed, &facts, error);
  g_autofree char *purpose = NULL;
  LkKeyRow *draft;

  if (key == NULL)
    return NULL;

  draft = g_new0 (LkKeyRow, 1);
  draft->fingerprint = lk_vault_fingerprint (vault, key);
  purpose = lk_console_get_key_purpose (draft->fingerprint);
  draft->ciphertext = lk_vault_seal (vault, purpose, key);
  draft->last_five = g_strdup (facts.last_five);
  draft->kind = facts.kind;
  draft->edition = g_strdup (facts.edition);
  draft->is_practice = facts.is_practice;
  /* Group and serial of the key are those of its extended PIDs. */
  if (facts.is_practice || (facts.is_2009 && facts.checksum_ok))
    draft->key_identity = lk_key_identity_format (facts.group, facts.serial);
  return draft;
}

gboolean
lk_console_add_key (LkConsole *self,
                    const LkSecret *typed,
                    const char *remarks,
                    LkKeyRow **row,
                    gboolean *is_new,
                    GError **error)
{
  LkKeyFacts facts;
  /* A key that is none is said before a vault that cannot be opened. */
  g_autoptr (LkSecret) key = lk_product_key_parse (lk_secret_peek (typed), &facts, error);
  g_autoptr (LkKeyRow) draft = NULL;
  g_autofree char *ref = NULL;
  LkVault *vault;
  gint64 id = 0;

  if (key == NULL || !lk_console_check_remarks (remarks, error))
    return FALSE;
  vault = lk_console_get_vault (self, error);
  draft = vault != NULL ? lk_console_draft_key (vault, lk_secret_peek (key), error) : NULL;
  if (draft == NULL)
    return FALSE;

  draft->remarks = g_strdup (remarks);
  if (!lk_store_add_key (lk_console_get_store (self, NULL), draft, lk_console_now (self), &id,
                         is_new, error))
    return FALSE;

  ref = g_strdup_printf ("%" G_GINT64_FORMAT, id);
  *row = lk_store_find_key (lk_console_get_store (self, NULL), ref, error);
  return *row != NULL;
}

GPtrArray *
lk_console_list_keys (LkConsole *self, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_list_keys (store, error) : NULL;
}

LkKeyRow *
lk_console_find_key (LkConsole *self, const char *ref, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_find_key (store, ref, error) : NULL;
}

gboolean
lk_console_remove_key (LkConsole *self, const char *ref, GError **error)
{
  g_autoptr (LkKeyRow) row = lk_console_find_key (self, ref, error);

  return row != NULL && lk_store_remove_key (lk_console_get_store (self, NULL), row->id, error);
}

gboolean
lk_console_parse_remaining (const char *text, gint64 *remaining, GError **error)
{
  if (g_ascii_string_to_signed (text, 10, 0, G_MAXINT32, remaining, NULL))
    return TRUE;
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” is not a number of activations"), text);
  return FALSE;
}

LkKeyRow *
lk_console_set_remaining (LkConsole *self, const char *ref, gint64 remaining, GError **error)
{
  g_autoptr (LkKeyRow) row = lk_console_find_key (self, ref, error);

  if (row == NULL)
    return NULL;
  if (row->key_identity == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The pool of %s is not known yet: it shows when the key is first installed on"
                      " a machine and read"),
                   row->last_five);
      return NULL;
    }
  if (!lk_store_set_remaining (lk_console_get_store (self, NULL), row->key_identity, remaining,
                               lk_console_now (self), error))
    return NULL;

  return lk_console_find_key (self, ref, error);
}

LkKeyRow *
lk_console_check_key (LkConsole *self, const char *ref, GError **error)
{
  g_autoptr (LkKeyRow) row = lk_console_find_key (self, ref, error);
  g_autoptr (LkBackendSetup) setup = NULL;
  g_autoptr (LkBackend) backend = NULL;
  LkBackendStage stage;
  gint64 remaining = -1;

  if (row == NULL)
    return NULL;
  if (row->epid == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The backend asks by extended PID, and none is known for %s yet: install the"
                      " key on a machine and read it first"),
                   row->last_five);
      return NULL;
    }

  setup = lk_console_get_backend (self, error);
  if (setup == NULL)
    return NULL;
  backend = lk_backend_new (&setup->options, error);
  if (backend == NULL || !lk_backend_check (backend, row->epid, &stage, &remaining, NULL, error))
    return NULL;
  if (remaining >= 0)
    return lk_console_set_remaining (self, ref, remaining, error);

  g_set_error (error, LK_ERROR, LK_ERROR_REJECTED,
               _ ("%s answered, but did not say how many activations are left"),
               lk_backend_get_peer (backend));
  return NULL;
}

#define STEP_REVEAL "reveal-key"

LkSecret *
lk_console_reveal_key (LkConsole *self, const char *ref, GError **error)
{
  g_autoptr (LkKeyRow) row = lk_console_find_key (self, ref, error);
  g_autofree char *purpose = row != NULL ? lk_console_get_key_purpose (row->fingerprint) : NULL;
  g_autoptr (LkSecret) key =
      row != NULL ? lk_console_unseal (self, purpose, row->ciphertext, error) : NULL;
  g_autofree char *message = NULL;

  if (key == NULL)
    return NULL;

  message = g_strdup_printf ("%s %s@%s", row->last_five, g_get_user_name (), g_get_host_name ());
  return lk_store_note_event (lk_console_get_store (self, NULL), lk_console_now (self), STEP_REVEAL,
                              "done", message, error)
             ? g_steal_pointer (&key)
             : NULL;
}

static void
reveal_free (gpointer data)
{
  LkReveal *self = data;

  g_free (self->who);
  g_free (self);
}

GPtrArray *
lk_console_list_reveals (LkConsole *self, const LkKeyRow *row, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autofree char *prefix = g_strconcat (row->last_five, " ", NULL);
  g_autoptr (GPtrArray) events =
      store != NULL ? lk_store_list_own_events (store, STEP_REVEAL, prefix, error) : NULL;
  GPtrArray *reveals;

  if (events == NULL)
    return NULL;

  reveals = g_ptr_array_new_with_free_func (reveal_free);
  for (guint i = 0; i < events->len; i++)
    {
      const LkEvent *event = g_ptr_array_index (events, i);
      LkReveal *reveal = g_new0 (LkReveal, 1);

      reveal->at = event->at;
      reveal->who = g_strdup (event->message + strlen (prefix));
      g_ptr_array_add (reveals, reveal);
    }
  return reveals;
}
