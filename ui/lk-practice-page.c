/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-practice-page.h"

#include "ui/lk-practice.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

struct _LkPracticePage
{
  AdwBin parent_instance;

  LkDesk *desk;
  LkPractice *practice;

  AdwStatusPage *status;
  GtkSpinner *spinner;
  GtkWidget *again;
};

G_DEFINE_FINAL_TYPE (LkPracticePage, lk_practice_page, ADW_TYPE_BIN)

static void
show_waiting (LkPracticePage *self)
{
  adw_status_page_set_icon_name (self->status, "lk-practice-symbolic");
  adw_status_page_set_title (self->status, _ ("Starting the Practice Lab…"));
  adw_status_page_set_description (
      self->status, _ ("Simulated machines and a practice gateway start on this computer."));
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), TRUE);
  gtk_spinner_start (self->spinner);
  gtk_widget_set_visible (self->again, FALSE);
}

static void
show_failure (LkPracticePage *self, const char *message)
{
  g_autofree char *markup = g_markup_escape_text (message, -1);

  adw_status_page_set_icon_name (self->status, "dialog-warning-symbolic");
  adw_status_page_set_title (self->status, _ ("The Practice Lab Did Not Start"));
  adw_status_page_set_description (self->status, markup);
  gtk_spinner_stop (self->spinner);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), FALSE);
  gtk_widget_set_visible (self->again, TRUE);
  gtk_widget_grab_focus (self->again);
}

static void
on_changed (LkPracticePage *self)
{
  switch (lk_practice_get_state (self->practice))
    {
    case LK_PRACTICE_STARTING:
      break;
    case LK_PRACTICE_READY:
      lk_window_say (GTK_WIDGET (self), lk_practice_get_message (self->practice));
      break;
    case LK_PRACTICE_FAILED:
      show_failure (self, lk_practice_get_message (self->practice));
      /* The machines of last time are shown, or this page is, or soon will be. */
      if (lk_window_is_settled (LK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)))) &&
          !gtk_widget_get_mapped (GTK_WIDGET (self)))
        lk_window_say (GTK_WIDGET (self), lk_practice_get_message (self->practice));
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
stop (LkPracticePage *self)
{
  if (self->practice == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->practice, self);
  lk_practice_stop (self->practice);
  g_clear_object (&self->practice);
}

static void
start (LkPracticePage *self)
{
  stop (self);
  show_waiting (self);
  self->practice = lk_practice_new (self->desk);
  g_signal_connect_swapped (self->practice, "changed", G_CALLBACK (on_changed), self);
  on_changed (self);
}

void
lk_practice_page_set_desk (LkPracticePage *self, LkDesk *desk)
{
  g_set_object (&self->desk, desk);
  if (desk != NULL)
    start (self);
  else
    stop (self);
}

static void
lk_practice_page_dispose (GObject *object)
{
  LkPracticePage *self = LK_PRACTICE_PAGE (object);

  stop (self);
  g_clear_object (&self->desk);
  /* No gtk_widget_dispose_template(): it would unparent the status page, which the bin does, too.
   */

  G_OBJECT_CLASS (lk_practice_page_parent_class)->dispose (object);
}

static void
lk_practice_page_class_init (LkPracticePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_practice_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-practice-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkPracticePage, status);
  gtk_widget_class_bind_template_child (widget_class, LkPracticePage, spinner);
  gtk_widget_class_bind_template_child (widget_class, LkPracticePage, again);
  gtk_widget_class_bind_template_callback (widget_class, start);
}

static void
lk_practice_page_init (LkPracticePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
