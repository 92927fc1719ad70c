/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-failure-view.h"

#include "console/lk-console-trust.h"
#include "console/lk-preview.h"
#include "ui/lk-certificate-dialog.h"
#include "ui/lk-job-words.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

struct _LkFailureView
{
  AdwBin parent_instance;

  char *text; /* for the clipboard */
  gint64 machine_id;

  GtkLabel *heading;
  GtkLabel *message;
  GtkLabel *code;
  GtkLabel *meaning;
  GtkLabel *cause;
  GtkLabel *next;
  GtkWidget *certificate;
};

G_DEFINE_FINAL_TYPE (LkFailureView, lk_failure_view, ADW_TYPE_BIN)

static void
set_line (GtkLabel *label, const char *caption, const char *text)
{
  g_autofree char *line = NULL;

  gtk_widget_set_visible (GTK_WIDGET (label), text != NULL && *text != '\0');
  if (text == NULL)
    return;
  line = caption != NULL ? g_strdup_printf ("%s %s", caption, text) : g_strdup (text);
  gtk_label_set_text (label, line);
}

void
lk_failure_view_set_row (LkFailureView *self, const LkItemRow *row)
{
  const LkCode *entry;
  g_autofree char *heading = NULL;
  g_autofree char *code = NULL;

  gtk_widget_set_visible (GTK_WIDGET (self), row != NULL && g_str_equal (row->state, "failed"));
  g_clear_pointer (&self->text, g_free);
  if (row == NULL)
    return;

  entry = lk_item_find_code (row);
  self->machine_id = row->machine_id;
  gtk_widget_set_visible (self->certificate, lk_failure_is_of_certificate (row->message));
  self->text = lk_item_explain (row);
  heading = g_strdup_printf (_ ("%s: failed in the step “%s”"), row->machine,
                             lk_step_get_title (row->step));
  if (row->code != 0)
    code = g_strdup_printf ("0x%08X %s", row->code, entry != NULL ? entry->symbol : "");
  gtk_label_set_text (self->heading, heading);
  set_line (self->message, NULL, row->message != NULL ? row->message : _ ("No reason was given"));
  set_line (self->code, _ ("Code:"), code);
  set_line (self->meaning, _ ("Meaning:"), entry != NULL ? entry->meaning : NULL);
  set_line (self->cause, _ ("Likely cause:"), entry != NULL ? entry->cause : NULL);
  set_line (self->next, _ ("What to do next:"), lk_item_advise (row));
}

static void
on_copy (LkFailureView *self)
{
  if (self->text == NULL)
    return;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), self->text);
  lk_window_say (GTK_WIDGET (self), _ ("The explanation was copied"));
}

static void
on_certificate (LkFailureView *self)
{
  GtkWidget *window = gtk_widget_get_ancestor (GTK_WIDGET (self), LK_TYPE_WINDOW);

  if (window != NULL)
    lk_certificate_ask (window, lk_window_get_desk (LK_WINDOW (window)), self->machine_id);
}

static void
lk_failure_view_dispose (GObject *object)
{
  LkFailureView *self = LK_FAILURE_VIEW (object);

  g_clear_pointer (&self->text, g_free);
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_failure_view_parent_class)->dispose (object);
}

static void
lk_failure_view_class_init (LkFailureViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_failure_view_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-failure-view.ui");
  gtk_widget_class_bind_template_child (widget_class, LkFailureView, heading);
  gtk_widget_class_bind_template_child (widget_class, LkFailureView, message);
  gtk_widget_class_bind_template_child (widget_class, LkFailureView, code);
  gtk_widget_class_bind_template_child (widget_class, LkFailureView, meaning);
  gtk_widget_class_bind_template_child (widget_class, LkFailureView, cause);
  gtk_widget_class_bind_template_child (widget_class, LkFailureView, next);
  gtk_widget_class_bind_template_child (widget_class, LkFailureView, certificate);
  gtk_widget_class_bind_template_callback (widget_class, on_copy);
  gtk_widget_class_bind_template_callback (widget_class, on_certificate);
}

static void
lk_failure_view_init (LkFailureView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
