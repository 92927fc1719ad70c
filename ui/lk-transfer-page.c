/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-transfer-page.h"

#include "model/lk-watch.h"
#include "ui/lk-field.h"
#include "ui/lk-file-cell.h"
#include "ui/lk-open-file.h"
#include "ui/lk-save-dialog.h"
#include "ui/lk-transfer-deposit.h"
#include "ui/lk-transfer-text.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

#define N_HOPS 4

/* By LkHop, but for none. */
static const struct
{
  const char *title;
  const char *text;
  const char *verb;
  const char *name;
  const char *action;
} hops[N_HOPS] = {
  { N_ ("In the lab: save a request"),
    N_ ("Products with an installation ID that nothing was asked for yet"), N_ ("_Save Request…"),
    N_ ("Save request"), "page.save-request" },
  { N_ ("In the core network: answer a request"),
    N_ ("Rows of requests that were opened here, without an answer"), N_ ("_Answer Request…"),
    N_ ("Answer request"), "page.answer-request" },
  { N_ ("Back in the lab: open an answer"),
    N_ ("Rows that were asked for, and whose answer did not come yet"), N_ ("_Open Answer…"),
    N_ ("Open answer"), "page.open-answer" },
  { N_ ("Deposit"), N_ ("Confirmation IDs that are here and not on their machines yet"),
    N_ ("_Deposit…"), N_ ("Deposit"), "page.deposit" },
};

struct _LkTransferPage
{
  AdwBin parent_instance;

  LkDesk *desk;
  LkWatch *watch;
  GCancellable *cancellable;
  LkTransferView *view; /* or NULL */
  gboolean is_asking;
  gboolean is_stale;   /* the store changed while it was asked */
  gint64 dropping;     /* that a question is about */
  GHashTable *pending; /* requests (gint64) whose answers are to be written */
  GSimpleActionGroup *actions;

  GtkWidget *tools;
  GtkLabel *next;
  GtkLabel *about;
  GtkButton *go;
  GtkListBox *hops;
  GtkWidget *hop_rows[N_HOPS];
  GtkLabel *counts[N_HOPS];
  GtkWidget *none;
  GtkListBox *files;
};

static void lk_transfer_page_init_page (LkPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (LkTransferPage,
                               lk_transfer_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (LK_TYPE_PAGE, lk_transfer_page_init_page))

static const LkTransferRow *
find_file (LkTransferPage *self, gint64 id)
{
  for (guint i = 0; self->view != NULL && i < self->view->files->len; i++)
    {
      const LkTransferRow *file = self->view->files->pdata[i];

      if (file->id == id)
        return file;
    }
  return NULL;
}

static void
show_state (LkTransferPage *self, const LkTransferState *state)
{
  const guint n_of_hops[N_HOPS] = { state->n_to_request, state->n_to_answer, state->n_outstanding,
                                    state->n_to_deposit };
  g_autofree char *about = lk_transfer_state_to_text (state);
  gboolean has_verb = state->next < N_HOPS && state->next != LK_HOP_ANSWER;

  gtk_label_set_text (self->next, lk_transfer_text_hop (state->next));
  gtk_label_set_text (self->about, about);
  gtk_widget_set_visible (GTK_WIDGET (self->go), has_verb);
  if (has_verb)
    {
      gtk_button_set_label (self->go, _ (hops[state->next].verb));
      lk_field_name (GTK_WIDGET (self->go), _ (hops[state->next].name));
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->go), hops[state->next].action);
    }
  for (guint i = 0; i < N_HOPS; i++)
    {
      g_autofree char *count = g_strdup_printf ("%'u", n_of_hops[i]);
      g_autofree char *name = g_strdup_printf ("%s: %s", _ (hops[i].title), count);

      gtk_label_set_text (self->counts[i], count);
      lk_field_name (self->hop_rows[i], name);
    }
}

/* Files do not go away: new ones stand on top. */
static void
show_files (LkTransferPage *self, const GPtrArray *files)
{
  for (guint i = 0; i < files->len; i++)
    {
      const LkTransferRow *file = files->pdata[i];
      GtkWidget *cell = GTK_WIDGET (gtk_list_box_get_row_at_index (self->files, (int) i));

      if (cell == NULL || lk_file_cell_get_id (cell) != file->id)
        {
          cell = lk_file_cell_new (file->id);
          gtk_list_box_insert (self->files, cell, (int) i);
        }
      lk_file_cell_set (cell, file);
    }
  for (GtkListBoxRow *row;
       (row = gtk_list_box_get_row_at_index (self->files, (int) files->len)) != NULL;)
    gtk_list_box_remove (self->files, GTK_WIDGET (row));
  gtk_widget_set_visible (self->none, files->len == 0);
  gtk_widget_set_visible (GTK_WIDGET (self->files), files->len > 0);
}

static void
on_answer_written (gpointer answer, const GError *error, gpointer user_data)
{
  LkTransferPage *self = user_data;
  g_autoptr (LkSaved) saved = answer;
  g_autofree char *text =
      saved != NULL ? g_strdup_printf (_ ("The answer is written: %s"), saved->path)
                    : g_strdup_printf (_ ("The answer could not be written: %s"), error->message);

  lk_window_say (GTK_WIDGET (self), text);
}

static void
write_answer (LkTransferPage *self, gint64 transfer)
{
  const LkSecret *passphrase = lk_transfer_get_passphrase (self->desk, transfer);
  LkSaveOrder *order = g_new0 (LkSaveOrder, 1);

  order->kind = LK_SAVE_ANSWER;
  order->transfer = transfer;
  order->passphrase = passphrase != NULL ? lk_secret_copy (passphrase) : NULL;
  lk_transfer_keep_passphrase (self->desk, transfer, NULL);
  lk_desk_call_long (self->desk, lk_transfer_call_save, order, (GDestroyNotify) lk_save_order_free,
                     (GDestroyNotify) lk_saved_free, self->cancellable, on_answer_written, self);
}

static gboolean
is_settled (LkTransferPage *self, gint64 transfer)
{
  for (guint i = 0; i < self->view->settled->len; i++)
    if (g_array_index (self->view->settled, gint64, i) == transfer)
      return TRUE;
  return FALSE;
}

/* The answer to a sealed request is sealed, too: without its passphrase a person must write it. */
static gboolean
can_write (LkTransferPage *self, const LkTransferRow *file)
{
  return !file->is_sealed || lk_transfer_get_passphrase (self->desk, file->id) != NULL;
}

static void
follow_requests (LkTransferPage *self)
{
  for (guint i = 0; i < self->view->files->len; i++)
    {
      const LkTransferRow *file = self->view->files->pdata[i];

      if (file->kind != LK_TRANSFER_REQUEST || file->is_written || file->is_dropped)
        continue;
      if (!is_settled (self, file->id))
        g_hash_table_add (self->pending, g_memdup2 (&file->id, sizeof file->id));
      else if (g_hash_table_remove (self->pending, &file->id) && can_write (self, file))
        write_answer (self, file->id);
    }
}

static void ask (LkTransferPage *self);

static void
on_view (gpointer answer, const GError *error, gpointer user_data)
{
  LkTransferPage *self = user_data;

  self->is_asking = FALSE;
  if (answer == NULL)
    lk_window_say (GTK_WIDGET (self), error->message);
  else
    {
      g_clear_pointer (&self->view, lk_transfer_view_free);
      self->view = answer;
      show_state (self, &self->view->state);
      show_files (self, self->view->files);
      follow_requests (self);
    }
  if (self->is_stale)
    ask (self);
}

static void
ask (LkTransferPage *self)
{
  self->is_stale = self->is_asking;
  if (self->is_asking)
    return;
  self->is_asking = TRUE;
  lk_desk_call (self->desk, lk_transfer_call_view, NULL, NULL,
                (GDestroyNotify) lk_transfer_view_free, self->cancellable, on_view, self);
}

/* What is shown is the console's to say; the watch tells when to ask. */
static gpointer
notice (LkStore *store, gpointer question, GError **error)
{
  return g_strdup ("");
}

static void
on_noticed (gpointer answer, const GError *error, gpointer user_data)
{
  g_free (answer);
  ask (user_data);
}

static void
watch (LkTransferPage *self)
{
  gboolean is_shown = gtk_widget_get_mapped (GTK_WIDGET (self));

  if (self->watch != NULL)
    lk_watch_set_active (self->watch, is_shown || g_hash_table_size (self->pending) > 0);
}

static void
on_save_request (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkTransferPage *self = user_data;

  lk_save_request_ask (GTK_WIDGET (self), self->desk, NULL);
}

static void
on_answer_request (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkTransferPage *self = user_data;

  lk_open_file_choose (GTK_WIDGET (self), self->desk, _ ("The Request to Answer"));
}

static void
on_open_answer (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkTransferPage *self = user_data;

  lk_open_file_choose (GTK_WIDGET (self), self->desk, _ ("The Answer to Open"));
}

static void
on_deposit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkTransferPage *self = user_data;

  lk_transfer_deposit (GTK_WIDGET (self), self->desk);
}

static void
on_export (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkTransferPage *self = user_data;

  lk_save_inventory_ask (GTK_WIDGET (self), self->desk);
}

static void
on_merge (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkTransferPage *self = user_data;

  lk_open_file_choose (GTK_WIDGET (self), self->desk, _ ("The File to Merge"));
}

static void
on_follow (GSimpleAction *action, GVariant *id, gpointer user_data)
{
  LkTransferPage *self = user_data;
  gint64 transfer = g_variant_get_int64 (id);

  g_hash_table_add (self->pending, g_memdup2 (&transfer, sizeof transfer));
  ask (self);
}

static void
on_write_answer (GSimpleAction *action, GVariant *id, gpointer user_data)
{
  LkTransferPage *self = user_data;
  const LkTransferRow *file = find_file (self, g_variant_get_int64 (id));

  if (file != NULL)
    lk_save_answer_ask (GTK_WIDGET (self), self->desk, file->id, file->path);
}

/* Gives something on success. */
static gpointer
drop (LkConsole *console, gpointer id, GCancellable *cancellable, GError **error)
{
  return lk_console_drop_request (console, *(gint64 *) id, error) ? g_strdup ("") : NULL;
}

static void
on_dropped (gpointer answer, const GError *error, gpointer user_data)
{
  g_autofree char *done = answer;

  lk_window_say (user_data, done != NULL ? _ ("The request is dropped") : error->message);
}

static void
on_drop_agreed (LkTransferPage *self)
{
  if (self->desk == NULL)
    return;
  lk_reader_expect_change (lk_desk_get_reader (self->desk));
  lk_desk_call (self->desk, drop, g_memdup2 (&self->dropping, sizeof self->dropping), g_free,
                g_free, self->cancellable, on_dropped, self);
}

static void
on_drop_request (GSimpleAction *action, GVariant *id, gpointer user_data)
{
  LkTransferPage *self = user_data;

  self->dropping = g_variant_get_int64 (id);
  lk_field_confirm (GTK_WIDGET (self), _ ("Drop the Request?"),
                    _ ("Nobody waits for its answer any more, and what it reserved is given back."
                       " What was asked for already stays on record."),
                    _ ("_Drop"), G_CALLBACK (on_drop_agreed), self);
}

static void
on_folder_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GtkWidget) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!gtk_show_uri_full_finish (GTK_WINDOW (source), result, &error))
    lk_window_say (self, error->message);
}

static void
on_show_in_folder (GSimpleAction *action, GVariant *id, gpointer user_data)
{
  LkTransferPage *self = user_data;
  const LkTransferRow *file = find_file (self, g_variant_get_int64 (id));
  g_autofree char *folder = file != NULL ? g_path_get_dirname (file->path) : NULL;
  g_autofree char *uri = folder != NULL ? g_filename_to_uri (folder, NULL, NULL) : NULL;

  if (uri != NULL)
    gtk_show_uri_full (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), uri, GDK_CURRENT_TIME,
                       NULL, on_folder_shown, g_object_ref (self));
}

static void
lk_transfer_page_set_desk (LkPage *page, LkDesk *desk)
{
  LkTransferPage *self = LK_TRANSFER_PAGE (page);

  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->is_asking = FALSE;
  self->is_stale = FALSE;
  g_clear_pointer (&self->watch, lk_watch_free);
  g_clear_pointer (&self->view, lk_transfer_view_free);
  g_hash_table_remove_all (self->pending);
  g_set_object (&self->desk, desk);
  if (desk == NULL)
    return;

  self->watch = lk_watch_new (lk_desk_get_reader (desk), notice, g_free, on_noticed, self);
  watch (self);
}

static GActionGroup *
lk_transfer_page_get_actions (LkPage *page)
{
  return G_ACTION_GROUP (LK_TRANSFER_PAGE (page)->actions);
}

static GtkWidget *
lk_transfer_page_get_tools (LkPage *page)
{
  return LK_TRANSFER_PAGE (page)->tools;
}

static void
lk_transfer_page_init_page (LkPageInterface *iface)
{
  iface->set_desk = lk_transfer_page_set_desk;
  iface->get_actions = lk_transfer_page_get_actions;
  iface->get_tools = lk_transfer_page_get_tools;
}

static void
lk_transfer_page_dispose (GObject *object)
{
  LkTransferPage *self = LK_TRANSFER_PAGE (object);

  lk_transfer_page_set_desk (LK_PAGE (self), NULL);
  g_clear_object (&self->actions);
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_transfer_page_parent_class)->dispose (object);
}

static void
lk_transfer_page_finalize (GObject *object)
{
  LkTransferPage *self = LK_TRANSFER_PAGE (object);

  g_object_unref (self->cancellable);
  g_hash_table_unref (self->pending);

  G_OBJECT_CLASS (lk_transfer_page_parent_class)->finalize (object);
}

static void
lk_transfer_page_class_init (LkTransferPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_transfer_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = lk_transfer_page_finalize;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-transfer-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkTransferPage, tools);
  gtk_widget_class_bind_template_child (widget_class, LkTransferPage, next);
  gtk_widget_class_bind_template_child (widget_class, LkTransferPage, about);
  gtk_widget_class_bind_template_child (widget_class, LkTransferPage, go);
  gtk_widget_class_bind_template_child (widget_class, LkTransferPage, hops);
  gtk_widget_class_bind_template_child (widget_class, LkTransferPage, none);
  gtk_widget_class_bind_template_child (widget_class, LkTransferPage, files);
}

/* A hop is a button: it does the step. */
static void
add_hop (LkTransferPage *self, guint i)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *count = gtk_label_new ("0");

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (hops[i].title));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), _ (hops[i].text));
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 0);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  gtk_widget_add_css_class (count, "title-2");
  gtk_widget_add_css_class (count, "numeric");
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), count);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (row), hops[i].action);
  gtk_list_box_append (self->hops, row);
  self->hop_rows[i] = row;
  self->counts[i] = GTK_LABEL (count);
}

static void
lk_transfer_page_init (LkTransferPage *self)
{
  const GActionEntry entries[] = {
    { .name = "save-request", .activate = on_save_request },
    { .name = "answer-request", .activate = on_answer_request },
    { .name = "open-answer", .activate = on_open_answer },
    { .name = "deposit", .activate = on_deposit },
    { .name = "export-everything", .activate = on_export },
    { .name = "merge", .activate = on_merge },
    { .name = "follow", .activate = on_follow, .parameter_type = "x" },
    { .name = "write-answer", .activate = on_write_answer, .parameter_type = "x" },
    { .name = "drop-request", .activate = on_drop_request, .parameter_type = "x" },
    { .name = "show-in-folder", .activate = on_show_in_folder, .parameter_type = "x" },
  };

  self->cancellable = g_cancellable_new ();
  self->pending = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries),
                                   self);
  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; i < N_HOPS; i++)
    add_hop (self, i);
  g_signal_connect (self, "map", G_CALLBACK (watch), NULL);
  g_signal_connect (self, "unmap", G_CALLBACK (watch), NULL);
}
