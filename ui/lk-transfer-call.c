/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-transfer-call.h"

#include "base/lk-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define SNIFFED 256 /* bytes */

void
lk_transfer_view_free (LkTransferView *self)
{
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_pointer (&self->settled, g_array_unref);
  g_free (self);
}

static gboolean
note_settled (LkConsole *console, LkTransferView *view, const LkTransferRow *file, GError **error)
{
  g_autoptr (LkTransferRow) now = NULL;
  gboolean is_settled = file->n_open == 0;

  if (!is_settled && !lk_console_get_request_progress (console, file->id, &now, &is_settled, error))
    return FALSE;
  if (is_settled)
    g_array_append_val (view->settled, file->id);
  return TRUE;
}

gpointer
lk_transfer_call_view (LkConsole *console,
                       gpointer question,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (LkTransferView) view = g_new0 (LkTransferView, 1);

  view->settled = g_array_new (FALSE, FALSE, sizeof (gint64));
  view->files = lk_console_list_transfers (console, error);
  if (view->files == NULL || !lk_console_get_transfer_state (console, &view->state, error))
    return NULL;
  for (guint i = 0; i < view->files->len; i++)
    {
      const LkTransferRow *file = view->files->pdata[i];

      if (file->kind == LK_TRANSFER_REQUEST && !file->is_written &&
          !note_settled (console, view, file, error))
        return NULL;
    }
  return g_steal_pointer (&view);
}

LkSaveOrder *
lk_save_order_copy (const LkSaveOrder *self)
{
  LkSaveOrder *copy = g_memdup2 (self, sizeof *self);

  copy->path = g_strdup (self->path);
  copy->keys = self->keys != NULL ? g_array_ref (self->keys) : NULL;
  copy->passphrase = self->passphrase != NULL ? lk_secret_copy (self->passphrase) : NULL;
  return copy;
}

void
lk_save_order_free (LkSaveOrder *self)
{
  g_free (self->path);
  g_clear_pointer (&self->keys, g_array_unref);
  g_clear_pointer (&self->passphrase, lk_secret_free);
  g_free (self);
}

void
lk_saved_free (LkSaved *self)
{
  g_free (self->path);
  g_free (self);
}

static GPtrArray *
list_rows (LkConsole *console, const LkSaveOrder *order, GError **error)
{
  const LkChoice choice = {
    .keys = order->keys != NULL ? &g_array_index (order->keys, gint64, 0) : NULL,
    .n_keys = order->keys != NULL ? order->keys->len : 0,
  };

  return lk_console_list_rows (console, &choice, NULL, error);
}

gpointer
lk_transfer_call_preview (LkConsole *console,
                          gpointer question,
                          GCancellable *cancellable,
                          GError **error)
{
  const LkSaveOrder *order = question;
  g_autoptr (GPtrArray) rows = list_rows (console, order, error);
  const LkExportOrder export = { .rows = rows, .again = order->again };
  g_autofree LkExportResult *result = g_new0 (LkExportResult, 1);

  if (rows == NULL || !lk_console_preview_export (console, &export, result, error))
    return NULL;
  return g_steal_pointer (&result);
}

static gboolean
save_request (LkConsole *console, const LkSaveOrder *order, LkSaved *saved, GError **error)
{
  g_autoptr (GPtrArray) rows = list_rows (console, order, error);
  const LkExportOrder export = {
    .path = order->path,
    .rows = rows,
    .again = order->again,
    .passphrase = order->passphrase,
  };

  return rows != NULL && lk_console_export_request (console, &export, &saved->result, error);
}

static gboolean
save (LkConsole *console, const LkSaveOrder *order, LkSaved *saved, GError **error)
{
  g_autofree char *written = NULL;
  gboolean done;

  switch (order->kind)
    {
    case LK_SAVE_REQUEST:
      return save_request (console, order, saved, error);
    case LK_SAVE_ANSWER:
      done = lk_console_write_answer (console, order->transfer, order->path, order->passphrase,
                                      &written, NULL, error);
      if (done)
        {
          g_free (saved->path);
          saved->path = g_steal_pointer (&written);
        }
      return done;
    case LK_SAVE_INVENTORY:
      return lk_console_export_inventory (console, order->path, order->with_keys, order->passphrase,
                                          &saved->n_records, error);
    default:
      g_assert_not_reached ();
    }
}

gpointer
lk_transfer_call_save (LkConsole *console,
                       gpointer question,
                       GCancellable *cancellable,
                       GError **error)
{
  const LkSaveOrder *order = question;
  g_autoptr (LkSaved) saved = g_new0 (LkSaved, 1);

  saved->path = g_strdup (order->path);
  saved->stands =
      order->path != NULL && !order->replaces && g_file_test (order->path, G_FILE_TEST_EXISTS);
  if (!saved->stands && !save (console, order, saved, error))
    return NULL;
  return g_steal_pointer (&saved);
}

LkOpenOrder *
lk_open_order_copy (const LkOpenOrder *self)
{
  LkOpenOrder *copy = g_memdup2 (self, sizeof *self);

  copy->path = g_strdup (self->path);
  copy->passphrase = self->passphrase != NULL ? lk_secret_copy (self->passphrase) : NULL;
  copy->source = self->source != NULL ? lk_transfer_source_ref (self->source) : NULL;
  return copy;
}

void
lk_open_order_free (LkOpenOrder *self)
{
  g_free (self->path);
  g_clear_pointer (&self->passphrase, lk_secret_free);
  g_clear_pointer (&self->source, lk_transfer_source_unref);
  g_free (self);
}

void
lk_look_free (LkLook *self)
{
  g_clear_pointer (&self->source, lk_transfer_source_unref);
  g_clear_pointer (&self->plan, lk_answer_plan_free);
  g_clear_pointer (&self->import, lk_import_result_free);
  g_free (self->trouble);
  g_free (self);
}

/* What is on record is answered without a backend. */
static void
note_trouble (LkConsole *console, LkLook *look)
{
  g_autoptr (GError) error = NULL;

  if (look->plan != NULL && look->plan->n_to_spend + look->plan->n_in_flight > 0 &&
      !lk_console_check_backend (console, &error))
    look->trouble = g_strdup (error->message);
}

gpointer
lk_transfer_call_look (LkConsole *console,
                       gpointer question,
                       GCancellable *cancellable,
                       GError **error)
{
  const LkOpenOrder *order = question;
  g_autoptr (LkLook) look = g_new0 (LkLook, 1);

  look->source = order->source != NULL ? lk_transfer_source_ref (order->source)
                                       : lk_transfer_source_open (order->path, order->passphrase,
                                                                  order->salvage, error);
  if (look->source == NULL)
    return NULL;
  if (lk_transfer_source_get_kind (look->source) == LK_TRANSFER_REQUEST)
    look->plan = lk_console_preview_answer (console, look->source, order->again, error);
  else
    look->import = lk_console_import (console, look->source, TRUE, error);
  note_trouble (console, look);
  return look->plan != NULL || look->import != NULL ? g_steal_pointer (&look) : NULL;
}

gpointer
lk_transfer_call_take (LkConsole *console,
                       gpointer question,
                       GCancellable *cancellable,
                       GError **error)
{
  const LkOpenOrder *order = question;
  gint64 transfer;

  if (!lk_console_take_request (console, order->source, order->anyway, order->again, &transfer,
                                error))
    return NULL;
  return g_memdup2 (&transfer, sizeof transfer);
}

gpointer
lk_transfer_call_import (LkConsole *console,
                         gpointer question,
                         GCancellable *cancellable,
                         GError **error)
{
  const LkOpenOrder *order = question;

  return lk_console_import (console, order->source, FALSE, error);
}

/* XML in UTF-8 or UTF-16, with a mark or without. */
static gboolean
is_markup (const char *bytes, gssize n)
{
  for (gssize i = 0; i < n; i++)
    if (strchr ("\xEF\xBB\xBF\xFF\xFE \t\r\n", bytes[i]) == NULL) /* and NUL */
      return bytes[i] == '<';
  return FALSE;
}

gpointer
lk_transfer_call_sniff (LkConsole *console,
                        gpointer question,
                        GCancellable *cancellable,
                        GError **error)
{
  const char *path = question;
  gboolean is_sealed;
  char bytes[SNIFFED];
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  gssize n = fd >= 0 ? read (fd, bytes, sizeof bytes) : -1;

  if (n < 0)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot open “%s”: %s"), path,
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  if (n < 0)
    return NULL;
  return g_strdup (is_markup (bytes, n) || lk_transfer_file_is_one (path, &is_sealed) ? path : "");
}

static char *
get_slot (gint64 transfer)
{
  return g_strdup_printf ("lk-passphrase-%" G_GINT64_FORMAT, transfer);
}

void
lk_transfer_keep_passphrase (LkDesk *desk, gint64 transfer, const LkSecret *passphrase)
{
  g_autofree char *slot = get_slot (transfer);

  g_object_set_data_full (G_OBJECT (desk), slot,
                          passphrase != NULL ? lk_secret_copy (passphrase) : NULL,
                          (GDestroyNotify) lk_secret_free);
}

const LkSecret *
lk_transfer_get_passphrase (LkDesk *desk, gint64 transfer)
{
  g_autofree char *slot = get_slot (transfer);

  return g_object_get_data (G_OBJECT (desk), slot);
}
