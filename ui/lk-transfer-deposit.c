/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-transfer-deposit.h"

#include "console/lk-console-machines.h"
#include "domain/lk-job.h"
#include "ui/lk-order.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

/* A deposit that is under way to its question. */
typedef struct
{
  GtkWidget *window; /* weak */
  LkDesk *desk;
} Deposit;

/* In the reader's thread. */
static gpointer
list_keys (LkStore *store, gpointer question, GError **error)
{
  g_autoptr (LkSelection) selection = lk_selection_parse ("stage=has-cid", error);

  return selection != NULL
             ? lk_store_list_keys_of_rows (store, selection, LK_SORT_MACHINE, FALSE, error)
             : NULL;
}

static void
on_keys (gpointer answer, const GError *error, gpointer user_data)
{
  Deposit *self = user_data;
  g_autoptr (GArray) keys = answer;

  if (self->window == NULL)
    ;
  else if (keys == NULL)
    lk_window_say (self->window, error->message);
  else if (keys->len == 0)
    lk_window_say (self->window, _ ("No confirmation ID waits to be deposited"));
  else
    lk_order_ask_rows (self->window, self->desk, LK_PLAN_DEPOSIT, keys);

  g_clear_weak_pointer (&self->window);
  g_object_unref (self->desk);
  g_free (self);
}

void
lk_transfer_deposit (GtkWidget *from, LkDesk *desk)
{
  Deposit *self = g_new0 (Deposit, 1);

  g_set_weak_pointer (&self->window, gtk_widget_get_ancestor (from, LK_TYPE_WINDOW));
  self->desk = g_object_ref (desk);
  lk_reader_ask (lk_desk_get_reader (desk), list_keys, NULL, NULL, (GDestroyNotify) g_array_unref,
                 NULL, on_keys, self);
}
