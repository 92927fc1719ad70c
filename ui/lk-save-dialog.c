/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-save-dialog.h"

#include "ui/lk-field.h"
#include "ui/lk-transfer-text.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>
#include <string.h>

#define SUFFIX ".latchkey"

struct _LkSaveDialog
{
  AdwWindow parent_instance;

  LkDesk *desk;
  LkSaveOrder *order;
  GCancellable *cancellable;
  gboolean is_ready; /* there is something to write */
  gboolean is_busy;

  GtkButton *go;
  AdwActionRow *what;
  AdwActionRow *left_out;
  GtkWidget *again_row;
  GtkSwitch *again;
  GtkWidget *keys_row;
  GtkSwitch *with_keys;
  GtkEditable *path;
  GtkWidget *seal_row;
  GtkSwitch *seal;
  GtkEditable *first;
  GtkEditable *second;
};

G_DEFINE_FINAL_TYPE (LkSaveDialog, lk_save_dialog, ADW_TYPE_WINDOW)

static gboolean
is_sealed (LkSaveDialog *self)
{
  return gtk_switch_get_active (self->seal);
}

/* Why the passphrase cannot be taken, or NULL. */
static const char *
judge_passphrase (LkSaveDialog *self)
{
  const char *first = gtk_editable_get_text (self->first);

  if (!is_sealed (self) ||
      (*first != '\0' && g_str_equal (first, gtk_editable_get_text (self->second))))
    return NULL;
  return *first == '\0' ? _ ("Type a passphrase, or leave the file unsealed")
                        : _ ("The two are not the same");
}

static void
mark_passphrase (LkSaveDialog *self)
{
  const char *problem = judge_passphrase (self);
  gboolean is_empty = *gtk_editable_get_text (self->first) == '\0';

  lk_field_mark (GTK_WIDGET (self->first), is_empty ? problem : NULL);
  lk_field_mark (GTK_WIDGET (self->second), is_empty ? NULL : problem);
}

static void
enable (LkSaveDialog *self)
{
  gtk_widget_set_sensitive (GTK_WIDGET (self->go), self->is_ready && !self->is_busy &&
                                                       *gtk_editable_get_text (self->path) != '\0');
}

static void
on_changed (LkSaveDialog *self)
{
  lk_field_mark (GTK_WIDGET (self->path), NULL);
  if (judge_passphrase (self) == NULL)
    mark_passphrase (self);
  enable (self);
}

static void
on_seal (LkSaveDialog *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self->first), is_sealed (self));
  gtk_widget_set_visible (GTK_WIDGET (self->second), is_sealed (self));
  lk_field_name_eye (ADW_PASSWORD_ENTRY_ROW (self->first));
  lk_field_name_eye (ADW_PASSWORD_ENTRY_ROW (self->second));
  lk_field_mark (GTK_WIDGET (self->first), NULL);
  lk_field_mark (GTK_WIDGET (self->second), NULL);
  if (is_sealed (self))
    gtk_widget_grab_focus (GTK_WIDGET (self->first));
}

/* Keys leave in a sealed file only. */
static void
on_with_keys (LkSaveDialog *self)
{
  gboolean with_keys = gtk_switch_get_active (self->with_keys);

  self->order->with_keys = with_keys;
  if (with_keys)
    gtk_switch_set_active (self->seal, TRUE);
  gtk_widget_set_sensitive (self->seal_row, !with_keys);
}

static void
set_verb (LkSaveDialog *self, const char *verb)
{
  gtk_button_set_label (self->go, verb);
  lk_field_name_parts (GTK_WIDGET (self->go));
}

static void
show_left_out (LkSaveDialog *self, const LkExportResult *result)
{
  g_autofree char *reasons = lk_transfer_text_left_out (result);
  guint n = result->n_no_iid + result->n_licensed + result->n_on_record + result->n_in_flight +
            result->n_outstanding;
  g_autofree char *title =
      g_strdup_printf (ngettext ("%'u row is left out", "%'u rows are left out", n), n);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->left_out), title);
  adw_action_row_set_subtitle (self->left_out, reasons != NULL ? reasons : "");
  gtk_widget_set_visible (GTK_WIDGET (self->left_out), n > 0);
  if (result->n_outstanding > 0)
    gtk_widget_show (self->again_row);
}

static void
show_preview (LkSaveDialog *self, const LkExportResult *result)
{
  guint n = result->n_written;
  g_autofree char *title = n > 0 ? g_strdup_printf (ngettext ("%'u row goes into the request",
                                                              "%'u rows go into the request", n),
                                                    n)
                                 : g_strdup (_ ("No row waits for a confirmation ID"));
  g_autofree char *verb = g_strdup_printf (ngettext ("_Save %'u Row", "_Save %'u Rows", n), n);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->what), title);
  adw_action_row_set_subtitle (self->what,
                               _ ("With their installation IDs and extended PIDs: no names,"
                                  " addresses or product keys"));
  set_verb (self, verb);
  show_left_out (self, result);
  self->is_ready = n > 0;
  enable (self);
}

static void
on_previewed (gpointer answer, const GError *error, gpointer user_data)
{
  LkSaveDialog *self = user_data;
  g_autofree LkExportResult *result = answer;

  if (result != NULL)
    show_preview (self, result);
  else
    adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->what), error->message);
}

static void
preview (LkSaveDialog *self)
{
  self->is_ready = FALSE;
  enable (self);
  lk_desk_call (self->desk, lk_transfer_call_preview, lk_save_order_copy (self->order),
                (GDestroyNotify) lk_save_order_free, g_free, self->cancellable, on_previewed, self);
}

static void
on_again (LkSaveDialog *self)
{
  self->order->again = gtk_switch_get_active (self->again);
  preview (self);
}

static void
on_chosen (GtkNativeDialog *chooser, int response, LkSaveDialog *self)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
      g_autofree char *path = g_file_get_path (file);

      if (path != NULL)
        gtk_editable_set_text (self->path, path);
    }
  gtk_native_dialog_destroy (chooser);
  g_object_unref (chooser);
}

static void
on_choose (LkSaveDialog *self)
{
  GtkFileChooserNative *chooser =
      gtk_file_chooser_native_new (gtk_window_get_title (GTK_WINDOW (self)), GTK_WINDOW (self),
                                   GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);
  g_autofree char *folder = g_path_get_dirname (gtk_editable_get_text (self->path));
  g_autofree char *name = g_path_get_basename (gtk_editable_get_text (self->path));
  g_autoptr (GFile) place = g_file_new_for_path (folder);

  gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (chooser), place, NULL);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static char *
describe_saved (LkSaveDialog *self, const LkSaved *saved)
{
  g_autofree char *name = g_path_get_basename (saved->path);
  guint n = self->order->kind == LK_SAVE_REQUEST ? saved->result.n_written : saved->n_records;

  if (self->order->kind == LK_SAVE_ANSWER)
    return g_strdup_printf (_ ("The answer is written: %s"), name);
  return g_strdup_printf (ngettext ("%'u row is written into %s", "%'u rows are written into %s",
                                    n),
                          n, name);
}

static void save (LkSaveDialog *self);

static void
on_replace_agreed (LkSaveDialog *self)
{
  self->order->replaces = TRUE;
  save (self);
}

static void
ask_to_replace (LkSaveDialog *self, const char *path)
{
  lk_field_confirm (GTK_WIDGET (self), _ ("Replace the File?"), path, _ ("_Replace"),
                    G_CALLBACK (on_replace_agreed), self);
}

static void
on_saved (gpointer answer, const GError *error, gpointer user_data)
{
  LkSaveDialog *self = user_data;
  g_autoptr (LkSaved) saved = answer;
  GtkWidget *window = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (self)));
  g_autofree char *text = NULL;

  self->is_busy = FALSE;
  enable (self);
  if (saved == NULL)
    {
      lk_field_mark (GTK_WIDGET (self->path), error->message);
      return;
    }
  if (saved->stands)
    {
      ask_to_replace (self, saved->path);
      return;
    }

  text = describe_saved (self, saved);
  lk_transfer_keep_passphrase (self->desk, self->order->transfer, NULL);
  if (window != NULL)
    lk_window_say_with (window, text, _ ("_Show"), "win.show-page",
                        g_variant_new_string ("transfer"));
  gtk_window_close (GTK_WINDOW (self));
}

static void
save (LkSaveDialog *self)
{
  LkSaveOrder *order = self->order;

  g_free (order->path);
  order->path = g_canonicalize_filename (gtk_editable_get_text (self->path), g_get_home_dir ());
  g_clear_pointer (&order->passphrase, lk_secret_free);
  if (is_sealed (self))
    order->passphrase = lk_secret_new (gtk_editable_get_text (self->first), -1);
  self->is_busy = TRUE;
  enable (self);
  lk_reader_expect_change (lk_desk_get_reader (self->desk));
  lk_desk_call_long (self->desk, lk_transfer_call_save, lk_save_order_copy (order),
                     (GDestroyNotify) lk_save_order_free, (GDestroyNotify) lk_saved_free,
                     self->cancellable, on_saved, self);
  order->replaces = FALSE;
}

static void
on_go (LkSaveDialog *self)
{
  mark_passphrase (self);
  if (gtk_widget_get_sensitive (GTK_WIDGET (self->go)) && judge_passphrase (self) == NULL)
    save (self);
}

static void
lk_save_dialog_dispose (GObject *object)
{
  LkSaveDialog *self = LK_SAVE_DIALOG (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->order, lk_save_order_free);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_SAVE_DIALOG);

  G_OBJECT_CLASS (lk_save_dialog_parent_class)->dispose (object);
}

#define BIND(child) gtk_widget_class_bind_template_child (widget_class, LkSaveDialog, child)

static void
lk_save_dialog_class_init (LkSaveDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_save_dialog_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-save-dialog.ui");
  BIND (go);
  BIND (what);
  BIND (left_out);
  BIND (again_row);
  BIND (again);
  BIND (keys_row);
  BIND (with_keys);
  BIND (path);
  BIND (seal_row);
  BIND (seal);
  BIND (first);
  BIND (second);
  gtk_widget_class_bind_template_callback (widget_class, on_again);
  gtk_widget_class_bind_template_callback (widget_class, on_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_choose);
  gtk_widget_class_bind_template_callback (widget_class, on_go);
  gtk_widget_class_bind_template_callback (widget_class, on_seal);
  gtk_widget_class_bind_template_callback (widget_class, on_with_keys);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
lk_save_dialog_init (LkSaveDialog *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

/* NAME-2026-11-27.latchkey, where a person keeps documents. */
static char *
make_path (const char *name)
{
  const char *documents = g_get_user_special_dir (G_USER_DIRECTORY_DOCUMENTS);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *day = g_date_time_format (now, "%Y-%m-%d");
  g_autofree char *file = g_strconcat (name, "-", day, SUFFIX, NULL);

  return g_build_filename (documents != NULL ? documents : g_get_home_dir (), file, NULL);
}

static LkSaveDialog *
make (GtkWidget *from, LkDesk *desk, LkSaveKind kind, const char *title, const char *path)
{
  GtkWidget *window = gtk_widget_get_ancestor (from, LK_TYPE_WINDOW);
  LkSaveDialog *self =
      g_object_new (LK_TYPE_SAVE_DIALOG, "transient-for", window, "title", title, NULL);

  self->desk = g_object_ref (desk);
  self->order = g_new0 (LkSaveOrder, 1);
  self->order->kind = kind;
  gtk_editable_set_text (self->path, path);
  return self;
}

void
lk_save_request_ask (GtkWidget *from, LkDesk *desk, GArray *keys)
{
  g_autofree char *path = make_path ("request");
  LkSaveDialog *self = make (from, desk, LK_SAVE_REQUEST, _ ("Save a Request"), path);

  self->order->keys = keys != NULL ? g_array_ref (keys) : NULL;
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->what), _ ("Looking…"));
  set_verb (self, _ ("_Save"));
  preview (self);
  gtk_window_present (GTK_WINDOW (self));
}

/* Beside the request: NAME-answer.latchkey. */
static char *
make_answer_path (const char *request)
{
  const char *dot = strrchr (request, '.');
  const char *slash = strrchr (request, '/');
  gboolean has_suffix = dot != NULL && (slash == NULL || dot > slash + 1);
  g_autofree char *stem =
      has_suffix ? g_strndup (request, (gsize) (dot - request)) : g_strdup (request);

  return g_strconcat (stem, "-answer", has_suffix ? dot : SUFFIX, NULL);
}

void
lk_save_answer_ask (GtkWidget *from, LkDesk *desk, gint64 transfer, const char *path)
{
  g_autofree char *answer = make_answer_path (path);
  LkSaveDialog *self = make (from, desk, LK_SAVE_ANSWER, _ ("Write the Answer"), answer);

  self->order->transfer = transfer;
  self->is_ready = TRUE;
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->what),
                                 _ ("Every row with the answer that is known by now"));
  adw_action_row_set_subtitle (self->what, _ ("Rows without one can be brought by a later answer"));
  set_verb (self, _ ("_Write Answer"));
  enable (self);
  gtk_window_present (GTK_WINDOW (self));
}

void
lk_save_inventory_ask (GtkWidget *from, LkDesk *desk)
{
  g_autofree char *path = make_path ("inventory");
  LkSaveDialog *self = make (from, desk, LK_SAVE_INVENTORY, _ ("Export Everything"), path);

  self->is_ready = TRUE;
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->what), _ ("All that is known here"));
  adw_action_row_set_subtitle (self->what,
                               _ ("Machines, products, confirmation IDs and what was spent, to move"
                                  " this store or to merge it into another"));
  gtk_widget_show (self->keys_row);
  set_verb (self, _ ("_Export"));
  enable (self);
  gtk_window_present (GTK_WINDOW (self));
}
