/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-open-file.h"

#include "ui/lk-add-machines-dialog.h"
#include "ui/lk-transfer-dialog.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

/* A file that is under way to its dialog. */
typedef struct
{
  GtkWidget *window; /* weak */
  LkDesk *desk;
  GFile *file; /* NULL while it is being chosen */
} Opening;

static void
opening_free (Opening *self)
{
  g_clear_weak_pointer (&self->window);
  g_object_unref (self->desk);
  g_clear_object (&self->file);
  g_free (self);
}

static void
on_sniffed (gpointer answer, const GError *error, gpointer user_data)
{
  Opening *self = user_data;
  g_autofree char *kind = answer;

  if (self->window == NULL)
    ;
  else if (kind == NULL)
    lk_window_say (self->window, error->message);
  else if (*kind != '\0')
    lk_transfer_dialog_open (self->window, self->desk, kind);
  else
    gtk_window_present (GTK_WINDOW (
        lk_add_machines_dialog_new (GTK_WINDOW (self->window), self->desk, self->file)));
  opening_free (self);
}

void
lk_open_file (GtkWidget *from, LkDesk *desk, GFile *file)
{
  char *path = g_file_get_path (file);
  Opening *self;

  if (path == NULL)
    {
      lk_window_say (from, _ ("Only files of this computer can be opened"));
      return;
    }
  self = g_new0 (Opening, 1);
  g_set_weak_pointer (&self->window, gtk_widget_get_ancestor (from, LK_TYPE_WINDOW));
  self->desk = g_object_ref (desk);
  self->file = g_object_ref (file);
  lk_desk_call (desk, lk_transfer_call_sniff, path, g_free, g_free, NULL, on_sniffed, self);
}

static void
on_chosen (GtkNativeDialog *chooser, int response, Opening *self)
{
  if (response == GTK_RESPONSE_ACCEPT && self->window != NULL)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));

      lk_open_file (self->window, self->desk, file);
    }
  gtk_native_dialog_destroy (chooser);
  g_object_unref (chooser);
  opening_free (self);
}

static void
add_filter (GtkFileChooser *chooser, const char *name, const char *const *suffixes)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, name);
  for (guint i = 0; suffixes[i] != NULL; i++)
    gtk_file_filter_add_suffix (filter, suffixes[i]);
  if (suffixes[0] == NULL)
    gtk_file_filter_add_pattern (filter, "*");
  gtk_file_chooser_add_filter (chooser, filter);
}

void
lk_open_file_choose (GtkWidget *from, LkDesk *desk, const char *title)
{
  Opening *self = g_new0 (Opening, 1);
  GtkFileChooserNative *chooser;

  g_set_weak_pointer (&self->window, gtk_widget_get_ancestor (from, LK_TYPE_WINDOW));
  self->desk = g_object_ref (desk);
  chooser = gtk_file_chooser_native_new (title, GTK_WINDOW (self->window),
                                         GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);
  add_filter (GTK_FILE_CHOOSER (chooser), _ ("Transfer files, VAMT files, lists"),
              (const char *const[]){ "latchkey", "xml", "cil", "cilx", "csv", "txt", NULL });
  add_filter (GTK_FILE_CHOOSER (chooser), _ ("All files"), (const char *const[]){ NULL });
  g_signal_connect (chooser, "response", G_CALLBACK (on_chosen), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}
