/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-check-window.h"

#include "console/lk-console-check.h"
#include "ui/lk-field.h"

#include <glib/gi18n.h>

#define MAX_NAMES 100 /* of one group */

struct _LkCheckWindow
{
  AdwWindow parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  GArray *keys; /* a row of each machine; also read by the console's thread */

  AdwWindowTitle *title;
  GtkWidget *again;
  GtkWidget *waiting;
  GtkListBox *stages;
};

G_DEFINE_FINAL_TYPE (LkCheckWindow, lk_check_window, ADW_TYPE_WINDOW)

/* In a thread of its own: silent machines take a while. */
static gpointer
check (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  GArray *keys = question;
  const LkChoice choice = { .keys = (const gint64 *) (gpointer) keys->data, .n_keys = keys->len };

  return lk_console_check_machines (console, &choice, 0, NULL, NULL, cancellable, error);
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

/* The text to be copied lives as long as the button. */
static void
on_copy (GtkWidget *button, gpointer text)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (button), text);
}

static void
add_copy_button (GtkBox *box, const char *label, const char *name, const char *text)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (label);
  char *copy = g_strdup (text);

  g_object_set_data_full (G_OBJECT (button), "text", copy, g_free);
  g_signal_connect (button, "clicked", G_CALLBACK (on_copy), copy);
  gtk_widget_add_css_class (button, "flat");
  lk_field_name (button, name);
  gtk_box_append (box, button);
}

static void
add_advice (GtkBox *texts, const char *said, const char *remedy, const char *script)
{
  GtkWidget *buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  g_autofree char *copy = g_strdup_printf (_ ("Copy what to do: %s"), said);
  g_autofree char *copy_script = g_strdup_printf (_ ("Copy the script: %s"), said);

  gtk_box_append (texts, make_text (_ ("What to do"), "caption-heading"));
  gtk_box_append (texts, make_text (remedy, NULL));
  add_copy_button (GTK_BOX (buttons), _ ("_Copy"), copy, remedy);
  if (script != NULL)
    add_copy_button (GTK_BOX (buttons), _ ("Copy _Script"), copy_script, script);
  gtk_widget_set_halign (buttons, GTK_ALIGN_END);
  gtk_box_append (texts, buttons);
}

/* @trail: NULL unless something was tried. */
static void
add_row (LkCheckWindow *self,
         const char *said,
         gboolean is_good,
         const char *text,
         const char *remedy,
         const char *script,
         const char *trail)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *icon =
      gtk_image_new_from_icon_name (is_good ? "emblem-ok-symbolic" : "dialog-warning-symbolic");
  g_autofree char *name = g_strdup_printf ("%s: %s", said, text != NULL ? text : "");

  gtk_widget_set_valign (icon, GTK_ALIGN_START);
  gtk_widget_add_css_class (icon, is_good ? "state-licensed" : "state-attention");
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_box_append (GTK_BOX (texts), make_text (said, "heading"));
  if (text != NULL)
    gtk_box_append (GTK_BOX (texts), make_text (text, NULL));
  if (remedy != NULL)
    add_advice (GTK_BOX (texts), said, remedy, script);
  if (trail != NULL)
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
show_stages (LkCheckWindow *self, const LkMachineCheck *check_)
{
  for (guint i = 0; i < check_->results->len; i++)
    {
      const LkCheckResult *result = check_->results->pdata[i];
      g_autofree char *said = g_strdup_printf (result->ok ? _ ("%s – good") : _ ("%s – failed"),
                                               lk_check_stage_to_title (result->stage));
      g_autofree char *text =
          result->ms >= 0 ? g_strdup_printf (_ ("%s (%u ms)"), result->text, (guint) result->ms)
                          : g_strdup (result->text);

      add_row (self, said, result->ok, text, result->remedy, result->script,
               result->ok ? NULL : result->trail);
    }
}

/* Machines that need the same, with one advice for all. */
static void
show_group (LkCheckWindow *self, const LkCheckGroup *group)
{
  const LkCheckResult *last = lk_machine_check_get_last (group->checks->pdata[0]);
  guint n = group->checks->len;
  g_autofree char *count = g_strdup_printf (ngettext ("%u machine", "%u machines", n), n);
  g_autofree char *said =
      g_strdup_printf ("%s – %s", lk_check_cause_to_title (group->cause), count);
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < MIN (n, MAX_NAMES); i++)
    g_string_append_printf (names, i == 0 ? "%s" : ", %s",
                            ((const LkMachineCheck *) group->checks->pdata[i])->name);
  if (n > MAX_NAMES)
    g_string_append (names, " …");
  /* One machine's own words tell more than a kind. */
  if (n == 1 && group->cause != LK_CAUSE_READY)
    g_string_append_printf (names, "\n%s", last->text);
  add_row (self, said, group->cause == LK_CAUSE_READY, names->str, last->remedy, last->script,
           NULL);
}

static void
show_checks (LkCheckWindow *self, GPtrArray *checks)
{
  g_autoptr (GPtrArray) groups = lk_check_group (checks);
  g_autofree char *summary = lk_check_groups_describe (groups, checks->len);

  if (checks->len == 1)
    {
      show_stages (self, checks->pdata[0]);
      return;
    }
  adw_window_title_set_subtitle (self->title, summary);
  /* What somebody has to do comes first. */
  for (guint i = 0; i < groups->len; i++)
    if (((LkCheckGroup *) groups->pdata[i])->cause != LK_CAUSE_READY)
      show_group (self, groups->pdata[i]);
  for (guint i = 0; i < groups->len; i++)
    if (((LkCheckGroup *) groups->pdata[i])->cause == LK_CAUSE_READY)
      show_group (self, groups->pdata[i]);
}

static void
on_checked (gpointer answer, const GError *error, gpointer user_data)
{
  LkCheckWindow *self = user_data;
  g_autoptr (GPtrArray) checks = answer;

  gtk_widget_set_visible (self->waiting, FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->stages), TRUE);
  gtk_widget_set_sensitive (self->again, TRUE);
  if (checks == NULL)
    add_row (self, _ ("Check – failed"), FALSE, error->message, NULL, NULL, NULL);
  else
    show_checks (self, checks);
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
  lk_desk_call_long (self->desk, check, g_array_ref (self->keys), (GDestroyNotify) g_array_unref,
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
  g_clear_pointer (&LK_CHECK_WINDOW (object)->keys, g_array_unref);

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
lk_check_window_new (GtkWindow *parent, LkDesk *desk, GPtrArray *rows)
{
  LkCheckWindow *self = g_object_new (LK_TYPE_CHECK_WINDOW, "transient-for", parent, NULL);
  const LkRow *first = rows->pdata[0];
  g_autofree char *title = rows->len == 1
                               ? g_strdup_printf (_ ("Check of %s"), first->name)
                               : g_strdup_printf (g_dngettext (NULL, "Check of %u machine",
                                                               "Check of %u machines", rows->len),
                                                  rows->len);

  self->desk = g_object_ref (desk);
  self->keys = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < rows->len; i++)
    {
      gint64 key = lk_row_get_key (rows->pdata[i]);

      g_array_append_val (self->keys, key);
    }
  adw_window_title_set_title (self->title, title);
  gtk_window_set_title (GTK_WINDOW (self), title);
  begin (self);
  return self;
}
