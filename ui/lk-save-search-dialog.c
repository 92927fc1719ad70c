/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-save-search-dialog.h"

#include "console/lk-console-sources.h"
#include "ui/lk-field.h"

#include <glib/gi18n.h>

struct _LkSaveSearchDialog
{
  AdwWindow parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  LkSource *source;

  GtkWidget *save;
  AdwEntryRow *name;
  GtkLabel *what;
};

G_DEFINE_FINAL_TYPE (LkSaveSearchDialog, lk_save_search_dialog, ADW_TYPE_WINDOW)

/* A copy, with the name. */
static LkSource *
make_named (const LkSource *source, const char *name)
{
  LkSource *named = lk_source_new (name, source->kind);

  for (guint i = 0; i < source->names->len; i++)
    lk_source_set (named, source->names->pdata[i], source->values->pdata[i]);
  return named;
}

static gpointer
save (LkConsole *console, gpointer source, GCancellable *cancellable, GError **error)
{
  const LkSource *self = source;

  return lk_console_check_source_name (console, self->name, error) &&
                 lk_console_save_source (console, self, error)
             ? g_strdup ("")
             : NULL;
}

static void
on_saved (gpointer answer, const GError *error, gpointer user_data)
{
  LkSaveSearchDialog *self = user_data;
  g_autofree char *done = answer;

  if (done != NULL)
    {
      gtk_window_destroy (GTK_WINDOW (self));
      return;
    }
  lk_field_mark (GTK_WIDGET (self->name), error->message);
  gtk_widget_set_sensitive (self->save, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->name));
}

static void
on_save (LkSaveSearchDialog *self)
{
  const char *name = gtk_editable_get_text (GTK_EDITABLE (self->name));

  if (*name == '\0' || !gtk_widget_get_sensitive (self->save))
    return;
  gtk_widget_set_sensitive (self->save, FALSE);
  lk_desk_call (self->desk, save, make_named (self->source, name), (GDestroyNotify) lk_source_free,
                g_free, self->cancellable, on_saved, self);
}

static void
on_name (LkSaveSearchDialog *self)
{
  lk_field_mark (GTK_WIDGET (self->name), NULL);
  gtk_widget_set_sensitive (self->save, *gtk_editable_get_text (GTK_EDITABLE (self->name)) != '\0');
}

static void
lk_save_search_dialog_dispose (GObject *object)
{
  LkSaveSearchDialog *self = LK_SAVE_SEARCH_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_SAVE_SEARCH_DIALOG);
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_save_search_dialog_parent_class)->dispose (object);
}

static void
lk_save_search_dialog_finalize (GObject *object)
{
  LkSaveSearchDialog *self = LK_SAVE_SEARCH_DIALOG (object);

  g_object_unref (self->cancellable);
  lk_source_free (self->source);

  G_OBJECT_CLASS (lk_save_search_dialog_parent_class)->finalize (object);
}

static void
lk_save_search_dialog_class_init (LkSaveSearchDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_save_search_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = lk_save_search_dialog_finalize;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/latchkey/Latchkey/ui/lk-save-search-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, LkSaveSearchDialog, save);
  gtk_widget_class_bind_template_child (widget_class, LkSaveSearchDialog, name);
  gtk_widget_class_bind_template_child (widget_class, LkSaveSearchDialog, what);
  gtk_widget_class_bind_template_callback (widget_class, on_save);
  gtk_widget_class_bind_template_callback (widget_class, on_name);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
lk_save_search_dialog_init (LkSaveSearchDialog *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
lk_save_search_ask (GtkWidget *from, LkDesk *desk, LkSource *source)
{
  LkSaveSearchDialog *self =
      g_object_new (LK_TYPE_SAVE_SEARCH_DIALOG, "transient-for", gtk_widget_get_root (from), NULL);
  g_autofree char *what = lk_source_describe (source);

  self->desk = g_object_ref (desk);
  self->source = source;
  gtk_label_set_text (self->what, what);
  gtk_window_present (GTK_WINDOW (self));
}
