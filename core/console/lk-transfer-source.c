/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-transfer-private.h"
#include "transfer/lk-vamt-file.h"

LkTransferSource *
lk_transfer_source_open (const char *path,
                         const LkSecret *passphrase,
                         gboolean salvage,
                         GError **error)
{
  g_autoptr (LkTransferSource) self = g_atomic_rc_box_new0 (LkTransferSource);
  gboolean is_sealed;

  self->path = g_strdup (path);
  self->salvage = salvage;
  if (!lk_transfer_file_is_one (path, &is_sealed) && lk_vamt_file_is_one (path))
    return g_steal_pointer (&self);

  self->reader = lk_transfer_reader_open (path, passphrase, salvage, error);
  return self->reader != NULL ? g_steal_pointer (&self) : NULL;
}

LkTransferSource *
lk_transfer_source_ref (LkTransferSource *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (LkTransferSource *self)
{
  g_free (self->path);
  lk_transfer_reader_free (self->reader);
}

void
lk_transfer_source_unref (LkTransferSource *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, (GDestroyNotify) clear);
}

LkTransferKind
lk_transfer_source_get_kind (const LkTransferSource *self)
{
  return self->reader != NULL ? lk_transfer_reader_get_head (self->reader)->kind
                              : LK_TRANSFER_INVENTORY;
}
