/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-order.h"

#include "domain/lk-job.h"
#include "ui/lk-order-dialog.h"
#include "ui/lk-order-text.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

/* A reading that is under way to its job. */
typedef struct
{
  GtkWidget *window; /* weak */
  LkDesk *desk;
  LkOrderAsk *order; /* until the dialog takes it */
} Reading;

static void
tell (GtkWidget *window, const char *text, gboolean has_job)
{
  if (has_job)
    lk_window_say_with (window, text, _ ("_Show"), "win.show-page", g_variant_new_string ("jobs"));
  else
    lk_window_say (window, text);
}

static void
on_filed (LkOrderDialog *dialog, const char *text, gboolean has_job, gpointer window)
{
  tell (window, text, has_job);
}

/* Takes @order. */
static void
open_dialog (GtkWidget *window, LkDesk *desk, LkOrderAsk *order)
{
  LkOrderDialog *dialog = lk_order_dialog_new (GTK_WINDOW (window), desk, order);

  g_signal_connect_object (dialog, "filed", G_CALLBACK (on_filed), window, 0);
}

static void
reading_free (Reading *self)
{
  g_clear_weak_pointer (&self->window);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->order, lk_order_ask_free);
  g_free (self);
}

static void
on_reading_filed (gpointer answer, const GError *error, gpointer user_data)
{
  Reading *self = user_data;
  g_autofree LkOrderFiled *filed = answer;
  g_autofree char *text =
      filed != NULL ? lk_order_text_filed (LK_PLAN_REFRESH, filed) : g_strdup (error->message);

  if (self->window != NULL)
    tell (self->window, text, filed != NULL);
  reading_free (self);
}

/* A reading asks nothing, unless it needs a password. */
static void
on_reading_sheet (gpointer answer, const GError *error, gpointer user_data)
{
  Reading *self = user_data;
  LkOrderSheet *sheet = answer;
  LkOrderFiling *filing = NULL;

  if (self->window == NULL)
    ;
  else if (sheet == NULL)
    lk_window_say (self->window, error->message);
  else if (sheet->trouble != NULL)
    lk_window_say (self->window, sheet->trouble);
  else if (sheet->preview->n_included == 0)
    lk_window_say (self->window, sheet->preview->n_left_out > 0 ? _ ("They are being read already")
                                                                : _ ("There are no such machines"));
  else if (sheet->asked->len > 0)
    open_dialog (self->window, self->desk, g_steal_pointer (&self->order));
  else
    {
      filing = g_new0 (LkOrderFiling, 1);
      filing->sheet = lk_order_sheet_ref (sheet);
      lk_desk_call (self->desk, lk_order_call_file, filing, (GDestroyNotify) lk_order_filing_free,
                    g_free, NULL, on_reading_filed, self);
    }

  g_clear_pointer (&sheet, lk_order_sheet_unref);
  if (filing == NULL)
    reading_free (self);
}

/* Takes @order. */
static void
read_at_once (GtkWidget *window, LkDesk *desk, LkOrderAsk *order)
{
  Reading *self = g_new0 (Reading, 1);

  g_set_weak_pointer (&self->window, window);
  self->desk = g_object_ref (desk);
  self->order = order;
  lk_desk_call (desk, lk_order_call_preview, lk_order_ask_copy (order),
                (GDestroyNotify) lk_order_ask_free, (GDestroyNotify) lk_order_sheet_unref, NULL,
                on_reading_sheet, self);
}

/* Takes @order. */
static void
begin (GtkWidget *from, LkDesk *desk, LkOrderAsk *order)
{
  GtkWidget *window = gtk_widget_get_ancestor (from, LK_TYPE_WINDOW);

  g_return_if_fail (window != NULL);

  order->is_swept = lk_order_ask_is_of_several (order);
  order->suggests = TRUE;
  if (g_strcmp0 (order->plan, LK_PLAN_REFRESH) == 0)
    read_at_once (window, desk, order);
  else
    open_dialog (window, desk, order);
}

void
lk_order_ask (GtkWidget *from, LkDesk *desk, const char *plan, const char *const *machines)
{
  LkOrderAsk *order = g_new0 (LkOrderAsk, 1);

  order->plan = g_strdup (plan);
  order->names = g_strdupv ((char **) machines);
  begin (from, desk, order);
}

void
lk_order_ask_rows (GtkWidget *from, LkDesk *desk, const char *plan, GArray *keys)
{
  LkOrderAsk *order = g_new0 (LkOrderAsk, 1);

  order->plan = g_strdup (plan);
  order->keys = g_array_ref (keys);
  begin (from, desk, order);
}
