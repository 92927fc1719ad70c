/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-check-window.h"

#include "console/lk-console-check.h"

#include <glib/gi18n.h>

struct _LkCheckWindow
{
  AdwWindow parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  gint64 machine_id;

  AdwWindowTitle *title;
  GtkWidget *again;
  GtkWidget *waiting;
  GtkListBox *stages;
};

G_DEFINE_FINAL_TYPE (LkCheckWindow, lk_check_window, ADW_TYPE_WINDOW)

/* In the console's thread. */
static gpointer
check (LkConsole *console, gpointer name, GCancellable *cancellable, GError **error)
{
  return lk_console_check_machine (console, name, NULL, cancellable, error);
}

static GtkWidget *
make_text (const char *text, const char *style)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_widget_set_can_focus (label, FALSE);
  if (style != NULL)
    gtk_widget_add_css_class (label, style);
  return label;
}

static void
add_stage (LkCheckWindow *self,
           const char *title,
           gboolean is_good,
           const char *text,
           const char *remedy,
           const char *trail)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *icon =
      gtk_image_new_from_icon_name (is_good ? "emblem-ok-symbolic" : "dialog-warning-symbolic");
  GtkWidget *heading = gtk_label_new (NULL);
  g_autofree char *said = g_strdup_printf (is_good ? _ ("%s – good") : _ ("%s – failed"), title);
  g_autofree char *name = g_strdup_printf ("%s: %s", said, text != NULL ? text : "");

  gtk_label_set_text (GTK_LABEL (heading), said);
  gtk_label_set_xalign (GTK_LABEL (heading), 0);
  gtk_widget_add_css_class (heading, "heading");
  gtk_widget_set_valign (icon, GTK_ALIGN_START);
  gtk_widget_add_css_class (icon, is_good ? "state-licensed" : "state-attention");
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_box_append (GTK_BOX (texts), heading);
  if (text != NULL)
    gtk_box_append (GTK_BOX (texts), make_text (text, NULL));
  if (remedy != NULL)
    {
      gtk_box_append (GTK_BOX (texts), make_text (_ ("What to do"), "caption-heading"));
      gtk_box_append (GTK_BOX (texts), make_text (remedy, NULL));
    }
  if (trail != NULL && !is_good)
    {
      gtk_box_append (GTK_BOX (texts), make_text (_ ("What was tried"), "caption-heading"));
      gtk_box_append (GTK_BOX (texts), make_text (trail, "dim-label"));
    }
  gtk_widget_add_css_class (line, "fact");
  gtk_box_append (GTK_BOX (line), icon);
  gtk_box_append (GTK_BOX (line), texts);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), line);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_list_box_append (self->stages, row);
}

static void
on_checked (gpointer answer, const GError *error, gpointer user_data)
{
  LkCheckWindow *self = user_data;
  g_autoptr (GPtrArray) results = answer;

  gtk_widget_set_visible (self->waiting, FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->stages), TRUE);
  gtk_widget_set_sensitive (self->again, TRUE);
  if (results == NULL)
    {
      add_stage (self, _ ("Check"), FALSE, error->message, NULL, NULL);
      return;
    }
  for (guint i = 0; i < results->len; i++)
    {
      const LkCheckResult *result = results->pdata[i];

      add_stage (self, lk_check_stage_to_title (result->stage), result->ok, result->text,
                 result->remedy, result->trail);
    }
}

static void
begin (LkCheckWindow *self)
{
  GtkListBoxRow *row;

  while ((row = gtk_list_box_get_row_at_index (self->stages, 0)) != NULL)
    gtk_list_box_remove (self->stages, GTK_WIDGET (row));
  gtk_widget_set_visible (GTK_WIDGET (self->stages), FALSE);
  gtk_widget_set_visible (self->waiting, TRUE);
  gtk_widget_set_sensitive (self->again, FALSE);
  lk_desk_call (self->desk, check, g_strdup_printf ("#%" G_GINT64_FORMAT, self->machine_id), g_free,
                (GDestroyNotify) g_ptr_array_unref, self->cancellable, on_checked, self);
}

static void
on_again (LkCheckWindow *self)
{
  begin (self);
}

static gboolean
lk_check_window_close_request (GtkWindow *window)
{
  g_cancellable_cancel (LK_CHECK_WINDOW (window)->cancellable);
  return GTK_WINDOW_CLASS (lk_check_window_parent_class)->close_request (window);
}

static void
lk_check_window_dispose (GObject *object)
{
  LkCheckWindow *self = LK_CHECK_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_CHECK_WINDOW);
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_check_window_parent_class)->dispose (object);
}

static void
lk_check_window_finalize (GObject *object)
{
  g_clear_object (&LK_CHECK_WINDOW (object)->cancellable);

  G_OBJECT_CLASS (lk_check_window_parent_class)->finalize (object);
}

static void
lk_check_window_class_init (LkCheckWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_check_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = lk_check_window_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = lk_check_window_close_request;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-check-window.ui");
  gtk_widget_class_bind_template_child (widget_class, LkCheckWindow, title);
  gtk_widget_class_bind_template_child (widget_class, LkCheckWindow, again);
  gtk_widget_class_bind_template_child (widget_class, LkCheckWindow, waiting);
  gtk_widget_class_bind_template_child (widget_class, LkCheckWindow, stages);
  gtk_widget_class_bind_template_callback (widget_class, on_again);
}

static void
lk_check_window_init (LkCheckWindow *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

LkCheckWindow *
lk_check_window_new (GtkWindow *parent, LkDesk *desk, const char *name, gint64 machine_id)
{
  LkCheckWindow *self = g_object_new (LK_TYPE_CHECK_WINDOW, "transient-for", parent, NULL);
  g_autofree char *title = g_strdup_printf (_ ("Check of %s"), name);

  self->desk = g_object_ref (desk);
  self->machine_id = machine_id;
  adw_window_title_set_title (self->title, title);
  gtk_window_set_title (GTK_WINDOW (self), title);
  begin (self);
  return self;
}
