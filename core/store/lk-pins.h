/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-store.h"

/* Certificates that people accepted, one for a machine. */

#define LK_STEP_ACCEPT_CERTIFICATE "accept-certificate"
#define LK_STEP_FORGET_CERTIFICATE "forget-certificate"

typedef struct
{
  gint64 machine_id;
  char *name;    /* of the machine */
  char *address; /* NULL: by name */
  guint16 port;
  gboolean tls;
  char *pin;           /* SHA-256 of the certificate, 64 hexadecimal digits */
  GBytes *certificate; /* DER; NULL: only the pin is known */
  gint64 pinned_at;    /* 0: unknown */
} LkPinRow;

void lk_pin_row_free (LkPinRow *self);

/* All of them (LkPinRow), by the machines' names. */
GPtrArray *lk_store_list_pins (LkStore *self, GError **error);
/* The one of @machine_id; NULL without an error when none was accepted. */
LkPinRow *lk_store_get_pin (LkStore *self, gint64 machine_id, GError **error);

/* Puts pin and certificate in the place of what was accepted before, or with NULL for both takes
 * that away, and notes an event with @note, in one transaction. @changed tells whether the store is
 * another one now: FALSE when the machine is gone, or when there was nothing to take away. */
gboolean lk_store_set_pin (LkStore *self,
                           gint64 machine_id,
                           const char *pin,
                           GBytes *certificate,
                           gint64 now,
                           const char *note,
                           gboolean *changed,
                           GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkPinRow, lk_pin_row_free)
