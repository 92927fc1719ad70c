/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-key-reveal.h"

#include <glib/gi18n.h>

#define SECONDS 30

typedef struct
{
  AdwMessageDialog *dialog;
  LkSecret *key;
  guint left;
  guint timer;
} Reveal;

static void
reveal_free (gpointer data, GClosure *closure)
{
  Reveal *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  lk_secret_free (self->key);
  g_free (self);
}

static void
say_left (Reveal *self)
{
  g_autofree char *text = g_strdup_printf (ngettext ("It is hidden in %u second.",
                                                     "It is hidden in %u seconds.", self->left),
                                           self->left);

  adw_message_dialog_set_body (self->dialog, text);
}

static gboolean
on_second (gpointer user_data)
{
  Reveal *self = user_data;

  if (--self->left > 0)
    {
      say_left (self);
      return G_SOURCE_CONTINUE;
    }
  self->timer = 0;
  gtk_window_close (GTK_WINDOW (self->dialog));
  return G_SOURCE_REMOVE;
}

/* What somebody else has put there since stays. */
static gboolean
clear_clipboard (gpointer provider)
{
  GdkClipboard *clipboard = gdk_display_get_clipboard (gdk_display_get_default ());

  if (gdk_clipboard_get_content (clipboard) == provider)
    gdk_clipboard_set_content (clipboard, NULL);
  return G_SOURCE_REMOVE;
}

static void
on_response (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  Reveal *self = user_data;
  GdkClipboard *clipboard = gtk_widget_get_clipboard (GTK_WIDGET (dialog));
  GdkContentProvider *provider;

  if (g_strcmp0 (response, "copy") != 0)
    return;
  provider = gdk_content_provider_new_typed (G_TYPE_STRING, lk_secret_peek (self->key));
  gdk_clipboard_set_content (clipboard, provider);
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, SECONDS, clear_clipboard, provider,
                              g_object_unref);
}

void
lk_key_reveal (GtkWidget *from, LkSecret *key)
{
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (from));
  Reveal *self = g_new0 (Reveal, 1);
  GtkWidget *label = gtk_label_new (lk_secret_peek (key));

  self->dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (window, _ ("Product Key"), NULL));
  self->key = key;
  self->left = SECONDS;
  self->timer = g_timeout_add_seconds (1, on_second, self);
  say_left (self);
  gtk_widget_add_css_class (label, "monospace");
  gtk_widget_add_css_class (label, "title-4");
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  adw_message_dialog_set_extra_child (self->dialog, label);
  adw_message_dialog_add_responses (self->dialog, "close", _ ("_Hide"), "copy",
                                    _ ("_Copy for 30 Seconds"), NULL);
  adw_message_dialog_set_default_response (self->dialog, "close");
  adw_message_dialog_set_close_response (self->dialog, "close");
  gtk_window_set_destroy_with_parent (GTK_WINDOW (self->dialog), TRUE);
  g_signal_connect_data (self->dialog, "response", G_CALLBACK (on_response), self, reveal_free, 0);
  gtk_window_present (GTK_WINDOW (self->dialog));
}
