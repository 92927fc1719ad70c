/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-add-machines-dialog.h"

#include "console/lk-console-discover-network.h"
#include "console/lk-console-machines.h"
#include "domain/lk-job.h"
#include "ui/lk-add-machines-call.h"
#include "ui/lk-field.h"
#include "ui/lk-find-bar.h"
#include "ui/lk-find-directory-page.h"
#include "ui/lk-find-network-page.h"
#include "ui/lk-find-network.h"
#include "ui/lk-find-saved-page.h"
#include "ui/lk-found-known.h"
#include "ui/lk-found-list.h"
#include "ui/lk-line-list.h"
#include "ui/lk-order.h"
#include "ui/lk-save-search-dialog.h"

#include <glib/gi18n.h>
#include <string.h>

struct _LkAddMachinesDialog
{
  AdwWindow parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  GCancellable *asking;   /* which of the listed ones are known */
  LkAddressText *typed;   /* what the text says */
  LkFileList *read;       /* what the file says, or NULL */
  LkFileList *added;      /* in the end */
  GListStore *typed_list; /* LkFound: of the text but for its ranges, and of the file */
  GListStore *read_list;
  GListModel *address_list; /* the text's, and who answered in its ranges */
  char *probed;             /* the ranges of the text, as the button means them */
  GtkTextTag *wrong;
  gboolean is_busy;
  char *path; /* of the file */

  GtkButton *cancel;
  GtkButton *add;
  GtkWidget *switcher;
  GtkStack *steps;
  GtkStack *sources;
  GtkTextView *text;
  GtkLabel *file_name;
  GtkWidget *save_file;
  GtkLabel *problem;
  LkFindDirectoryPage *directory;
  LkFindNetworkPage *network;
  LkFindSavedPage *saved;
  GtkWidget *ranges_box;
  AdwEntryRow *ports;
  LkFindBar *probe;
  LkFoundList *found;
  GtkWidget *faults_box;
  GtkLabel *faults_title;
  GtkListView *faults;
  AdwStatusPage *done;
  GtkWidget *read_button;
};

G_DEFINE_FINAL_TYPE (LkAddMachinesDialog, lk_add_machines_dialog, ADW_TYPE_WINDOW)

static gboolean
is_source (LkAddMachinesDialog *self, const char *name)
{
  return g_strcmp0 (gtk_stack_get_visible_child_name (self->sources), name) == 0;
}

static GListModel *
get_model (LkAddMachinesDialog *self)
{
  if (is_source (self, "directory"))
    return lk_find_directory_page_get_list (self->directory);
  if (is_source (self, "network"))
    return lk_find_network_page_get_list (self->network);
  if (is_source (self, "saved"))
    return lk_find_saved_page_get_list (self->saved);
  return is_source (self, "file") ? G_LIST_MODEL (self->read_list) : self->address_list;
}

/* NULL: it says nothing of lines. */
static GPtrArray *
get_faults (LkAddMachinesDialog *self)
{
  if (is_source (self, "addresses"))
    return self->typed->list->faults;
  return is_source (self, "file") && self->read != NULL ? self->read->faults : NULL;
}

static void
show_problem (LkAddMachinesDialog *self, const char *text)
{
  gtk_label_set_text (self->problem, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), text != NULL);
}

static void
on_chosen_changed (LkAddMachinesDialog *self)
{
  guint n = lk_found_list_count_chosen (self->found);
  g_autofree char *verb =
      n > 0 ? g_strdup_printf (ngettext ("A_dd %u Machine", "A_dd %u Machines", n), n)
            : g_strdup (_ ("A_dd"));
  g_autofree char *name =
      n > 0 ? g_strdup_printf (ngettext ("Add %u machine", "Add %u machines", n), n)
            : g_strdup (_ ("Add"));

  gtk_button_set_label (self->add, verb);
  lk_field_name (GTK_WIDGET (self->add), name);
  gtk_widget_set_sensitive (GTK_WIDGET (self->add), n > 0 && !self->is_busy);
}

static void
fill_faults (LkAddMachinesDialog *self)
{
  GPtrArray *list = get_faults (self);
  g_autoptr (GtkStringList) lines = gtk_string_list_new (NULL);
  guint n = list != NULL ? list->len : 0;
  g_autofree char *title =
      g_strdup_printf (ngettext ("%u line is left out", "%u lines are left out", n), n);

  for (guint i = 0; i < n; i++)
    {
      const LkLineFault *fault = list->pdata[i];

      gtk_string_list_take (lines, g_strdup_printf (_ ("Line %u: %s"), fault->line, fault->reason));
    }
  lk_line_list_set (self->faults, G_LIST_MODEL (lines));
  gtk_label_set_text (self->faults_title, title);
  gtk_widget_set_visible (self->faults_box, n > 0);
}

static void
fill (LkAddMachinesDialog *self)
{
  lk_found_list_set_model (self->found, get_model (self));
  on_chosen_changed (self);
  fill_faults (self);
}

/* A list is taken at its word: who is in it is chosen, also when it is known. */
static void
show_listed (LkAddMachinesDialog *self, GListStore *store, const LkFileList *list)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; list != NULL && i < list->sightings->len; i++)
    g_ptr_array_add (found, lk_found_new (list->sightings->pdata[i], NULL, 0));
  g_list_store_splice (store, 0, g_list_model_get_n_items (G_LIST_MODEL (store)), found->pdata,
                       found->len);

  g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
  self->asking = g_cancellable_new ();
  lk_found_ask_known (self->desk, found, self->asking, self->found);
}

static void
on_source (LkAddMachinesDialog *self)
{
  if (self->address_list == NULL) /* the template is still being made */
    return;
  lk_field_show_page (self->sources, gtk_stack_get_visible_child_name (self->sources));
  if (is_source (self, "saved"))
    lk_find_saved_page_reload (self->saved);
  show_problem (self, NULL);
  fill (self);
}

/* Underlines the lines that are left out. */
static void
mark_lines (LkAddMachinesDialog *self, GtkTextBuffer *buffer)
{
  GtkTextIter start;
  GtkTextIter end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  gtk_text_buffer_remove_tag (buffer, self->wrong, &start, &end);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->text), GTK_ACCESSIBLE_STATE_INVALID,
                               self->typed->list->faults->len > 0 ? GTK_ACCESSIBLE_INVALID_TRUE
                                                                  : GTK_ACCESSIBLE_INVALID_FALSE,
                               -1);
  for (guint i = 0; i < self->typed->list->faults->len; i++)
    {
      const LkLineFault *fault = self->typed->list->faults->pdata[i];

      if (!gtk_text_buffer_get_iter_at_line (buffer, &start, (int) fault->line - 1))
        continue;
      end = start;
      gtk_text_iter_forward_to_line_end (&end);
      gtk_text_buffer_apply_tag (buffer, self->wrong, &start, &end);
    }
}

/* What answered in other ranges is forgotten with them. */
static void
show_ranges (LkAddMachinesDialog *self)
{
  guint n = (guint) self->typed->n_addresses; /* at most LK_RANGES_MAX_ADDRESSES */
  g_autofree char *verb =
      g_strdup_printf (ngettext ("_Probe %u Address", "_Probe %u Addresses", n), n);
  g_autofree char *name =
      g_strdup_printf (ngettext ("Probe %u address", "Probe %u addresses", n), n);
  g_autofree char *ranges = g_strjoinv ("\n", self->typed->ranges);

  if (g_strcmp0 (ranges, self->probed) == 0)
    return;
  g_free (self->probed);
  self->probed = g_steal_pointer (&ranges);
  lk_find_bar_clear (self->probe);
  lk_find_bar_set_verb (self->probe, verb, name);
  gtk_widget_set_visible (self->ranges_box, n > 0);
}

static void
on_text (LkAddMachinesDialog *self, GtkTextBuffer *buffer)
{
  GtkTextIter start;
  GtkTextIter end;
  g_autofree char *text = NULL;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  text = gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
  lk_address_text_free (self->typed);
  self->typed = lk_address_text_parse (text);
  mark_lines (self, buffer);
  show_problem (self, NULL);
  show_ranges (self);
  show_listed (self, self->typed_list, self->typed->list);
  fill (self);
}

static LkFindNetwork *
make_probe (LkAddMachinesDialog *self)
{
  LkFindNetwork *order = g_new0 (LkFindNetwork, 1);
  g_autofree char *ports = g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->ports)));

  order->ranges = g_strdupv (self->typed->ranges);
  if (*g_strstrip (ports) != '\0')
    order->ports = g_steal_pointer (&ports);
  return order;
}

static void
on_probe (LkAddMachinesDialog *self)
{
  lk_find_bar_start (self->probe, self->desk, FALSE, lk_find_network_run, make_probe (self),
                     (GDestroyNotify) lk_find_network_free);
}

static void
on_save_probe (LkAddMachinesDialog *self)
{
  LkFindNetwork *order = make_probe (self);

  lk_save_search_ask (GTK_WIDGET (self), self->desk, lk_find_network_make_source (order));
  lk_find_network_free (order);
}

static void
on_save_file (LkAddMachinesDialog *self)
{
  LkSource *source = lk_source_new (NULL, LK_SOURCE_KIND_FILE);

  lk_source_set (source, LK_SOURCE_ARGUMENT, self->path);
  lk_save_search_ask (GTK_WIDGET (self), self->desk, source);
}

static void
on_file_read (gpointer answer, const GError *error, gpointer user_data)
{
  LkAddMachinesDialog *self = user_data;

  self->is_busy = FALSE;
  g_clear_pointer (&self->read, lk_file_list_free);
  self->read = answer;
  show_listed (self, self->read_list, self->read);
  gtk_widget_set_sensitive (self->save_file, answer != NULL);
  fill (self);
  show_problem (self, answer == NULL ? error->message : NULL);
}

static void
open_file (LkAddMachinesDialog *self, GFile *file)
{
  g_autofree char *path = g_file_get_path (file);
  g_autofree char *name = g_file_get_parse_name (file);

  lk_field_show_page (self->sources, "file");
  gtk_label_set_text (self->file_name, name);
  if (path == NULL)
    {
      show_problem (self, _ ("Only files of this computer can be read"));
      return;
    }
  self->is_busy = TRUE;
  g_free (self->path);
  self->path = g_strdup (path);
  lk_desk_call (self->desk, lk_add_machines_call_read, g_steal_pointer (&path), g_free,
                (GDestroyNotify) lk_file_list_free, self->cancellable, on_file_read, self);
}

static void
on_chosen (GtkNativeDialog *chooser, int response, LkAddMachinesDialog *self)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));

      open_file (self, file);
    }
  g_object_unref (chooser);
}

static void
on_choose (LkAddMachinesDialog *self)
{
  GtkFileChooserNative *chooser =
      gtk_file_chooser_native_new (_ ("A List of Machines"), GTK_WINDOW (self),
                                   GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Open"), NULL);
  g_autoptr (GtkFileFilter) lists = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  gtk_file_filter_set_name (lists, _ ("Lists (CSV, text)"));
  gtk_file_filter_add_suffix (lists, "csv");
  gtk_file_filter_add_suffix (lists, "txt");
  gtk_file_filter_set_name (all, _ ("All files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), lists);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), all);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
set_busy (LkAddMachinesDialog *self, gboolean is_busy)
{
  self->is_busy = is_busy;
  gtk_widget_set_sensitive (GTK_WIDGET (self->sources), !is_busy);
  gtk_widget_set_sensitive (self->switcher, !is_busy);
}

static void
on_added (gpointer answer, const GError *error, gpointer user_data)
{
  LkAddMachinesDialog *self = user_data;
  LkAdding *added = answer; /* NULL: the window closes */
  g_autofree char *title = NULL;
  g_autofree char *known = NULL;

  set_busy (self, FALSE);
  if (added == NULL)
    return;
  g_clear_pointer (&self->added, lk_file_list_free);
  self->added = g_steal_pointer (&added->list);
  if (added->problem != NULL)
    {
      fill (self);
      show_problem (self, added->problem);
      lk_adding_unref (added);
      return;
    }

  title = g_strdup_printf (ngettext ("%u Machine Added", "%u Machines Added", added->n_added),
                           added->n_added);
  if (added->n_known > 0)
    known =
        g_strdup_printf (ngettext ("%u was known already", "%u were known already", added->n_known),
                         added->n_known);
  adw_status_page_set_title (self->done, title);
  adw_status_page_set_description (self->done, known);
  gtk_widget_hide (self->switcher);
  gtk_widget_hide (GTK_WIDGET (self->add));
  gtk_button_set_label (self->cancel, _ ("_Close"));
  lk_field_name (GTK_WIDGET (self->cancel), _ ("Close"));
  lk_field_show_page (self->steps, "done");
  gtk_widget_grab_focus (self->read_button);
  lk_adding_unref (added);
}

static void
on_add (LkAddMachinesDialog *self)
{
  g_autoptr (GPtrArray) chosen = NULL;
  LkAdding *adding;

  if (self->is_busy || lk_found_list_count_chosen (self->found) == 0)
    return;
  chosen = lk_found_list_copy_chosen (self->found);
  adding = g_atomic_rc_box_new0 (LkAdding);
  adding->list = lk_file_list_parse_lines ("", 0);
  g_ptr_array_extend_and_steal (adding->list->sightings, g_steal_pointer (&chosen));
  set_busy (self, TRUE);
  gtk_widget_set_sensitive (GTK_WIDGET (self->add), FALSE);
  lk_desk_call (self->desk, lk_add_machines_call_add, adding, lk_adding_unref, lk_adding_unref,
                self->cancellable, on_added, self);
}

static void
on_read (LkAddMachinesDialog *self)
{
  const LkFileList *list = self->added;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (self));

  for (guint i = 0; i < list->sightings->len; i++)
    g_ptr_array_add (names, ((LkSighting *) list->sightings->pdata[i])->name);
  g_ptr_array_add (names, NULL);
  lk_order_ask (GTK_WIDGET (parent), self->desk, LK_PLAN_REFRESH,
                (const char *const *) names->pdata);
  gtk_window_close (GTK_WINDOW (self));
}

GtkWidget *
lk_add_machines_dialog_new (GtkWindow *parent, LkDesk *desk, GFile *file)
{
  LkAddMachinesDialog *self =
      g_object_new (LK_TYPE_ADD_MACHINES_DIALOG, "transient-for", parent, NULL);

  self->desk = g_object_ref (desk);
  gtk_window_set_focus (GTK_WINDOW (self), GTK_WIDGET (self->text));
  lk_find_directory_page_set_desk (self->directory, desk);
  lk_find_network_page_set_desk (self->network, desk);
  lk_find_saved_page_set_desk (self->saved, desk);
  if (file != NULL)
    open_file (self, file);
  return GTK_WIDGET (self);
}

static void
lk_add_machines_dialog_dispose (GObject *object)
{
  LkAddMachinesDialog *self = LK_ADD_MACHINES_DIALOG (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->asking != NULL)
    g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_ADD_MACHINES_DIALOG);
  g_clear_object (&self->address_list);
  g_clear_object (&self->typed_list);
  g_clear_object (&self->read_list);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->typed, lk_address_text_free);
  g_clear_pointer (&self->read, lk_file_list_free);
  g_clear_pointer (&self->added, lk_file_list_free);
  g_clear_pointer (&self->probed, g_free);
  g_clear_pointer (&self->path, g_free);

  G_OBJECT_CLASS (lk_add_machines_dialog_parent_class)->dispose (object);
}

#define BIND(child) gtk_widget_class_bind_template_child (widget_class, LkAddMachinesDialog, child)

static void
lk_add_machines_dialog_class_init (LkAddMachinesDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_add_machines_dialog_dispose;

  g_type_ensure (LK_TYPE_FIND_BAR);
  g_type_ensure (LK_TYPE_FIND_DIRECTORY_PAGE);
  g_type_ensure (LK_TYPE_FIND_NETWORK_PAGE);
  g_type_ensure (LK_TYPE_FIND_SAVED_PAGE);
  g_type_ensure (LK_TYPE_FOUND_LIST);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/latchkey/Latchkey/ui/lk-add-machines-dialog.ui");
  BIND (cancel);
  BIND (add);
  BIND (switcher);
  BIND (steps);
  BIND (sources);
  BIND (text);
  BIND (file_name);
  BIND (problem);
  BIND (directory);
  BIND (network);
  BIND (saved);
  BIND (save_file);
  BIND (ranges_box);
  BIND (ports);
  BIND (probe);
  BIND (found);
  BIND (faults_box);
  BIND (faults_title);
  BIND (faults);
  BIND (done);
  BIND (read_button);
  gtk_widget_class_bind_template_callback (widget_class, on_add);
  gtk_widget_class_bind_template_callback (widget_class, on_choose);
  gtk_widget_class_bind_template_callback (widget_class, on_chosen_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_probe);
  gtk_widget_class_bind_template_callback (widget_class, on_read);
  gtk_widget_class_bind_template_callback (widget_class, on_save_file);
  gtk_widget_class_bind_template_callback (widget_class, on_save_probe);
  gtk_widget_class_bind_template_callback (widget_class, on_source);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
make_lists (LkAddMachinesDialog *self)
{
  GListStore *both = g_list_store_new (G_TYPE_LIST_MODEL);

  self->typed_list = g_list_store_new (LK_TYPE_FOUND);
  self->read_list = g_list_store_new (LK_TYPE_FOUND);
  g_list_store_append (both, self->typed_list);
  g_list_store_append (both, lk_find_bar_get_list (self->probe));
  self->address_list = G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (both)));
}

static void
lk_add_machines_dialog_init (LkAddMachinesDialog *self)
{
  GtkTextBuffer *buffer;

  self->cancellable = g_cancellable_new ();
  self->typed = lk_address_text_parse ("");
  gtk_widget_init_template (GTK_WIDGET (self));
  lk_field_show_page (self->steps, "find");
  lk_field_show_page (self->sources, "addresses");
  make_lists (self);
  lk_find_bar_show_save (self->probe);
  buffer = gtk_text_view_get_buffer (self->text);
  self->wrong = gtk_text_buffer_create_tag (buffer, NULL, "underline", PANGO_UNDERLINE_ERROR, NULL);
  g_signal_connect_swapped (buffer, "changed", G_CALLBACK (on_text), self);
  fill (self);
}
