/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-event-row.h"

#include "console/lk-preview.h"
#include "ui/lk-explanation.h"
#include "ui/lk-product-columns.h"

#include <glib/gi18n.h>

static const struct
{
  const char *outcome;
  const char *icon;
  const char *style;
  const char *title;
} outcomes[] = {
  { "done", "emblem-ok-symbolic", "state-licensed", N_ ("done") },
  { "retry", "view-refresh-symbolic", "state-grace", N_ ("tried again later") },
  { "failed", "dialog-warning-symbolic", "state-attention", N_ ("failed") },
  { "cancelled", "process-stop-symbolic", "state-unread", N_ ("cancelled") },
};

static GtkWidget *
make_label (const char *text, const char *style)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  if (style != NULL)
    gtk_widget_add_css_class (label, style);
  return label;
}

GtkWidget *
lk_event_row_new (const LkEvent *event)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *icon = gtk_image_new_from_icon_name ("content-loading-symbolic");
  GtkWidget *explanation = lk_explanation_new (event->code, FALSE);
  g_autofree char *at = lk_time_to_text (event->at);
  const char *step = event->step != NULL ? lk_step_get_title (event->step) : "";
  const char *outcome = event->outcome;
  g_autofree char *when = NULL;
  g_autofree char *name = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    if (g_strcmp0 (event->outcome, outcomes[i].outcome) == 0)
      {
        gtk_image_set_from_icon_name (GTK_IMAGE (icon), outcomes[i].icon);
        gtk_widget_add_css_class (icon, outcomes[i].style);
        outcome = _ (outcomes[i].title);
      }
  when = outcome != NULL ? g_strdup_printf ("%s · %s", at, outcome) : g_strdup (at);
  name = g_strdup_printf ("%s, %s", step, when);

  gtk_widget_set_valign (icon, GTK_ALIGN_START);
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_box_append (GTK_BOX (texts), make_label (step, NULL));
  gtk_box_append (GTK_BOX (texts), make_label (when, "caption"));
  if (event->message != NULL && *event->message != '\0')
    gtk_box_append (GTK_BOX (texts), make_label (event->message, "caption"));
  if (explanation != NULL)
    gtk_box_append (GTK_BOX (texts), explanation);
  gtk_box_append (GTK_BOX (line), icon);
  gtk_box_append (GTK_BOX (line), texts);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), line);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  return row;
}
