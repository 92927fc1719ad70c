/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-job.h"

void
lk_item_free (LkItem *self)
{
  if (self == NULL)
    return;
  g_free (self->plan);
  g_free (self->step);
  g_free (self->name);
  g_free (self->full_name);
  g_free (self->domain);
  g_free (self->address);
  g_free (self->pin);
  g_clear_pointer (&self->pinned, g_bytes_unref);
  g_free (self->stack);
  g_free (self->os_version);
  g_clear_pointer (&self->identity, lk_identity_free);
  g_free (self->application_id);
  g_free (self->partial_key);
  g_free (self->key_identity);
  g_free (self->iid);
  g_free (self->epid);
  g_free (self->cid);
  g_free (self);
}

void
lk_verdict_clear (LkVerdict *self)
{
  g_clear_pointer (&self->reading, lk_reading_free);
  g_clear_pointer (&self->products, g_ptr_array_unref);
  g_clear_pointer (&self->key_identity, g_free);
  g_clear_pointer (&self->iid, g_free);
  g_clear_pointer (&self->epid, g_free);
  g_clear_pointer (&self->partial_key, g_free);
  g_clear_pointer (&self->message, g_free);
  g_clear_pointer (&self->shown_pin, g_free);
  g_clear_pointer (&self->shown_names, g_strfreev);
}
