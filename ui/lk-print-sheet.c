/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-print-sheet.h"

#include "base/lk-clock.h"
#include "console/lk-phone-sheet.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

/* A sheet on its way to the paper. */
typedef struct
{
  GtkWindow *window; /* behind the dialog; weak */
  LkDesk *desk;
  GArray *keys;
  char *path;
} Printing;

static void
printing_free (Printing *self)
{
  g_clear_weak_pointer (&self->window);
  g_object_unref (self->desk);
  g_array_unref (self->keys);
  g_free (self->path);
  g_free (self);
}

static void
say (Printing *self, const char *text)
{
  if (self->window != NULL)
    lk_window_say (GTK_WIDGET (self->window), text);
}

/* Question and answer are the desk's; only the path and the keys are looked at. */
static gpointer
write_sheet (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  const Printing *self = question;
  const LkChoice choice = { .keys = &g_array_index (self->keys, gint64, 0),
                            .n_keys = self->keys->len };
  g_autoptr (GPtrArray) lines = lk_console_list_phone (console, &choice, NULL, error);

  if (lines == NULL || !lk_phone_sheet_save (lines, lk_clock_now (NULL), self->path, error))
    return NULL;
  return g_strdup (self->path);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Printing *self = user_data;
  gboolean is_open = self->window != NULL && gtk_show_uri_full_finish (self->window, result, NULL);
  g_autofree char *text =
      g_strdup_printf (is_open ? _ ("The sheet is kept as %s")
                               : _ ("The sheet is kept as %s; open it in a browser to print it"),
                       self->path);

  say (self, text);
  printing_free (self);
}

static void
on_written (gpointer answer, const GError *error, gpointer user_data)
{
  Printing *self = user_data;
  g_autofree char *path = answer;
  g_autofree char *uri = path != NULL ? g_filename_to_uri (path, NULL, NULL) : NULL;

  if (uri == NULL || self->window == NULL)
    {
      if (error != NULL)
        say (self, error->message);
      printing_free (self);
      return;
    }
  gtk_show_uri_full (self->window, uri, GDK_CURRENT_TIME, NULL, on_opened, self);
}

static void
on_chosen (GtkNativeDialog *chooser, int response, Printing *self)
{
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT
                               ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser))
                               : NULL;

  self->path = file != NULL ? g_file_get_path (file) : NULL;
  if (self->path != NULL)
    lk_desk_call (self->desk, write_sheet, self, NULL, g_free, NULL, on_written, self);
  else
    printing_free (self);
  g_object_unref (chooser);
}

void
lk_print_sheet (GtkWindow *dialog, LkDesk *desk, GArray *keys)
{
  Printing *self = g_new0 (Printing, 1);
  GtkFileChooserNative *chooser =
      gtk_file_chooser_native_new (_ ("Save the Sheet to Print"), dialog,
                                   GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Save"), NULL);
  g_autoptr (GtkFileFilter) pages = gtk_file_filter_new ();

  g_set_weak_pointer (&self->window, gtk_window_get_transient_for (dialog));
  self->desk = g_object_ref (desk);
  self->keys = g_array_ref (keys);
  gtk_file_filter_set_name (pages, _ ("Web pages (HTML)"));
  gtk_file_filter_add_suffix (pages, "html");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), pages);
  /* TRANSLATORS: a file name; keep the ending. */
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), _ ("installation-ids.html"));
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect (chooser, "response", G_CALLBACK (on_chosen), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}
