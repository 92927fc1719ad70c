/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-transfer-dialog.h"

#include "base/lk-error.h"
#include "console/lk-transfer-figures.h"
#include "domain/lk-job.h"
#include "ui/lk-field.h"
#include "ui/lk-job-words.h"
#include "ui/lk-line-list.h"
#include "ui/lk-order.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

/* What the button does. */
typedef enum
{
  STEP_NONE,
  STEP_UNSEAL,
  STEP_ANSWER,
  STEP_IMPORT,
  STEP_DEPOSIT,
} Step;

struct _LkTransferDialog
{
  AdwWindow parent_instance;

  LkDesk *desk;
  LkOpenOrder *order;
  LkLook *look; /* or NULL */
  GCancellable *cancellable;
  GArray *deposited; /* rows whose confirmation IDs came, or NULL */
  Step step;

  GtkButton *cancel;
  GtkButton *go;
  GtkStack *stack;
  GtkLabel *waiting;
  GtkEditable *passphrase;
  AdwStatusPage *refused;
  GtkWidget *salvage;
  GtkWidget *fault_group;
  AdwActionRow *fault;
  GtkWidget *switches;
  GtkWidget *anyway_row;
  GtkSwitch *anyway;
  GtkWidget *again_row;
  GtkSwitch *again;
  AdwPreferencesGroup *figures;
  GPtrArray *figure_rows; /* of the group */
  GtkWidget *remarks_group;
  AdwExpanderRow *remarks;
  GtkListView *remark_list;
};

G_DEFINE_FINAL_TYPE (LkTransferDialog, lk_transfer_dialog, ADW_TYPE_WINDOW)

/* @verb NULL: there is nothing to press. */
static void
set_step (LkTransferDialog *self, Step step, const char *verb)
{
  self->step = step;
  gtk_widget_set_visible (GTK_WIDGET (self->go), verb != NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (self->go), TRUE);
  if (verb == NULL)
    return;
  gtk_button_set_label (self->go, verb);
  lk_field_name_parts (GTK_WIDGET (self->go));
}

static void
wait (LkTransferDialog *self, const char *what)
{
  set_step (self, STEP_NONE, NULL);
  gtk_label_set_text (self->waiting, what);
  lk_field_show_page (self->stack, "wait");
}

static void
ask_for_passphrase (LkTransferDialog *self, const GError *error)
{
  gboolean was_wrong = self->order->passphrase != NULL;

  g_clear_pointer (&self->order->passphrase, lk_secret_free);
  lk_field_show_page (self->stack, "seal");
  set_step (self, STEP_UNSEAL, _ ("_Open"));
  lk_field_name_eye (ADW_PASSWORD_ENTRY_ROW (self->passphrase));
  gtk_widget_set_sensitive (GTK_WIDGET (self->go), FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (self->passphrase));
  gtk_editable_select_region (self->passphrase, 0, -1);
  lk_field_mark (GTK_WIDGET (self->passphrase), was_wrong ? error->message : NULL);
}

static void
refuse (LkTransferDialog *self, const GError *error)
{
  g_autofree char *markup = g_markup_escape_text (error->message, -1);

  adw_status_page_set_description (self->refused, markup);
  gtk_widget_set_visible (self->salvage, !self->order->salvage &&
                                             g_error_matches (error, LK_ERROR, LK_ERROR_INVALID));
  set_step (self, STEP_NONE, NULL);
  lk_field_show_page (self->stack, "refused");
}

/* The file is opened anew after that. */
static void
fail (LkTransferDialog *self, const GError *error)
{
  g_clear_pointer (&self->order->source, lk_transfer_source_unref);
  if (g_error_matches (error, LK_ERROR, LK_ERROR_DENIED))
    ask_for_passphrase (self, error);
  else
    refuse (self, error);
}

static void
add_figure (LkTransferDialog *self, const LkFigure *figure)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *count = g_strdup_printf ("%'u", figure->n);
  g_autofree char *name = g_strdup_printf ("%s: %s", figure->title, count);
  GtkWidget *label = gtk_label_new (count);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), figure->title);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 0);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), figure->text != NULL ? figure->text : "");
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  if (figure->is_warning)
    gtk_widget_add_css_class (label, "warning");
  gtk_widget_add_css_class (label, "numeric");
  gtk_widget_add_css_class (label, "title-3");
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
  lk_field_name (row, name);
  adw_preferences_group_add (self->figures, row);
  g_ptr_array_add (self->figure_rows, row);
}

/* Takes @figures. */
static void
show_figures (LkTransferDialog *self, const char *title, const char *about, GArray *figures)
{
  g_autofree char *markup = g_markup_escape_text (title, -1);
  g_autofree char *about_markup = about != NULL ? g_markup_escape_text (about, -1) : NULL;

  for (guint i = 0; i < self->figure_rows->len; i++)
    adw_preferences_group_remove (self->figures, self->figure_rows->pdata[i]);
  g_ptr_array_set_size (self->figure_rows, 0);
  adw_preferences_group_set_title (self->figures, markup);
  adw_preferences_group_set_description (self->figures, about_markup);
  for (guint i = 0; i < figures->len; i++)
    add_figure (self, &g_array_index (figures, LkFigure, i));
  g_array_unref (figures);
}

static void
show_remarks (LkTransferDialog *self, const LkImportResult *result)
{
  guint n = result != NULL && result->remarks != NULL ? result->remarks->len : 0;
  g_autoptr (GtkStringList) lines = gtk_string_list_new (NULL);
  g_autofree char *title = g_strdup_printf (ngettext ("%'u remark", "%'u remarks", n), n);

  for (guint i = 0; i < n; i++)
    gtk_string_list_append (lines, result->remarks->pdata[i]);
  lk_line_list_set (self->remark_list, G_LIST_MODEL (lines));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->remarks), title);
  gtk_widget_set_visible (self->remarks_group, n > 0);
}

/* What is wrong, above all else; @text NULL: nothing. */
static void
show_fault (LkTransferDialog *self, const char *title, const char *text)
{
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->fault), title);
  adw_action_row_set_subtitle (self->fault, text != NULL ? text : "");
  gtk_widget_set_visible (self->fault_group, text != NULL);
}

static void
offer_answer (LkTransferDialog *self)
{
  const LkAnswerPlan *plan = self->look->plan;
  guint n = lk_answer_plan_count (plan);
  g_autofree char *verb = g_strdup_printf (ngettext ("_Answer %'u Row", "_Answer %'u Rows", n), n);

  set_step (self, STEP_ANSWER, verb);
  gtk_widget_set_sensitive (GTK_WIDGET (self->go),
                            self->look->trouble == NULL && (plan->n_unknown_pool == 0 ||
                                                            gtk_switch_get_active (self->anyway)));
}

static void
on_anyway (LkTransferDialog *self)
{
  if (self->step == STEP_ANSWER)
    offer_answer (self);
}

static void
show_plan (LkTransferDialog *self)
{
  const LkAnswerPlan *plan = self->look->plan;
  g_autofree char *time = lk_job_describe_time (plan->created_at);
  g_autofree char *title =
      g_strdup_printf (ngettext ("A Request for %'u Row", "A Request for %'u Rows", plan->n_rows),
                       plan->n_rows);
  g_autofree char *about =
      plan->is_own ? g_strdup_printf (_ ("Saved: %s, by this very store"), time)
                   : g_strdup_printf (_ ("Saved: %s, by store %s"), time, plan->store_id);

  gtk_window_set_title (GTK_WINDOW (self), _ ("Answer a Request"));
  show_figures (self, title, about, lk_answer_plan_list_figures (plan));
  show_remarks (self, NULL);
  show_fault (self, _ ("It cannot be answered here"), self->look->trouble);
  gtk_widget_set_visible (self->anyway_row, plan->n_unknown_pool > 0);
  gtk_widget_set_visible (self->again_row, plan->n_refused > 0 || self->order->again);
  gtk_widget_set_visible (self->switches,
                          plan->n_unknown_pool + plan->n_refused > 0 || self->order->again);
  offer_answer (self);
}

static void
show_import (LkTransferDialog *self, const LkImportResult *result, const char *title)
{
  show_figures (self, title, NULL, lk_import_result_list_figures (result));
  show_remarks (self, result);
  show_fault (self, _ ("The file is not whole"), result->fault);
  gtk_widget_hide (self->switches);
}

static void
offer_import (LkTransferDialog *self)
{
  const LkImportResult *result = self->look->import;
  gboolean is_inventory = result->kind == LK_TRANSFER_INVENTORY && !result->is_vamt;
  guint n = lk_import_result_count (result);
  g_autofree char *title = lk_import_result_describe (result);
  g_autofree char *verb = g_strdup_printf (ngettext ("_Import %'u Row", "_Import %'u Rows", n), n);

  if (result->is_vamt)
    gtk_window_set_title (GTK_WINDOW (self), _ ("Import a File of VAMT"));
  else
    gtk_window_set_title (GTK_WINDOW (self),
                          is_inventory ? _ ("Merge an Inventory") : _ ("Open an Answer"));
  show_import (self, result, title);
  set_step (self, STEP_IMPORT, is_inventory ? _ ("_Merge") : verb);
}

static void
on_looked (gpointer answer, const GError *error, gpointer user_data)
{
  LkTransferDialog *self = user_data;

  if (answer == NULL)
    {
      fail (self, error);
      return;
    }
  g_clear_pointer (&self->look, lk_look_free);
  self->look = answer;
  if (self->order->source == NULL)
    self->order->source = lk_transfer_source_ref (self->look->source);
  if (self->look->plan != NULL)
    show_plan (self);
  else
    offer_import (self);
  lk_field_show_page (self->stack, "look");
  gtk_widget_grab_focus (GTK_WIDGET (self->cancel));
}

static void
ask (LkTransferDialog *self, LkDeskFunc func, GDestroyNotify free_answer, LkAnswerFunc answer)
{
  lk_desk_call_long (self->desk, func, lk_open_order_copy (self->order),
                     (GDestroyNotify) lk_open_order_free, free_answer, self->cancellable, answer,
                     self);
}

static void
look (LkTransferDialog *self)
{
  wait (self, _ ("The file is read…"));
  ask (self, lk_transfer_call_look, (GDestroyNotify) lk_look_free, on_looked);
}

/* What was refused would be paid for: the plan is made anew. */
static void
on_again (LkTransferDialog *self)
{
  self->order->again = gtk_switch_get_active (self->again);
  if (self->step == STEP_ANSWER)
    look (self);
}

static void
on_salvage_agreed (LkTransferDialog *self)
{
  self->order->salvage = TRUE;
  look (self);
}

static void
on_salvage (LkTransferDialog *self)
{
  lk_field_confirm (GTK_WIDGET (self), _ ("Salvage What Can Be Used?"),
                    _ ("The file was damaged or changed on its way, and nobody can say by whom."
                       " Only rows whose installation ID is known here are taken, and they are"
                       " marked as unverified. What they would do is shown before."),
                    _ ("_Salvage"), G_CALLBACK (on_salvage_agreed), self);
}

static void
on_taken (gpointer answer, const GError *error, gpointer user_data)
{
  LkTransferDialog *self = user_data;
  g_autofree gint64 *transfer = answer;
  GtkWidget *window = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (self)));

  if (transfer == NULL)
    {
      fail (self, error);
      return;
    }
  lk_transfer_keep_passphrase (self->desk, *transfer, self->order->passphrase);
  if (window != NULL)
    {
      gtk_widget_activate_action (window, "win.show-page", "s", "transfer");
      gtk_widget_activate_action (window, "page.follow", "x", *transfer);
    }
  gtk_window_close (GTK_WINDOW (self));
}

static char *
describe_done (const LkImportResult *result)
{
  guint n = result->n_new;

  if (result->is_vamt)
    return g_strdup (_ ("The File of VAMT Is Imported"));
  if (result->kind == LK_TRANSFER_INVENTORY)
    return g_strdup (_ ("The Inventory Is Merged"));
  return g_strdup_printf (ngettext ("%'u Confirmation ID Imported", "%'u Confirmation IDs Imported",
                                    n),
                          n);
}

static void
on_imported (gpointer answer, const GError *error, gpointer user_data)
{
  LkTransferDialog *self = user_data;
  g_autoptr (LkImportResult) result = answer;
  g_autofree char *title = NULL;

  if (result == NULL)
    {
      fail (self, error);
      return;
    }
  title = describe_done (result);
  show_import (self, result, title);
  lk_field_show_page (self->stack, "look");
  gtk_button_set_label (self->cancel, _ ("_Close"));
  lk_field_name (GTK_WIDGET (self->cancel), _ ("Close"));
  self->deposited = g_array_ref (result->keys);
  if (result->keys->len > 0)
    set_step (self, STEP_DEPOSIT, _ ("_Deposit Now…"));
  gtk_widget_grab_focus (GTK_WIDGET (self->step == STEP_DEPOSIT ? self->go : self->cancel));
}

static void
deposit (LkTransferDialog *self)
{
  GtkWidget *window = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (self)));

  if (window != NULL)
    lk_order_ask_rows (window, self->desk, LK_PLAN_DEPOSIT, self->deposited);
  gtk_window_close (GTK_WINDOW (self));
}

static void
unseal (LkTransferDialog *self)
{
  const char *typed = gtk_editable_get_text (self->passphrase);

  if (*typed == '\0')
    return;
  self->order->passphrase = lk_secret_new (typed, -1);
  look (self);
}

static void
on_typed (LkTransferDialog *self)
{
  lk_field_mark (GTK_WIDGET (self->passphrase), NULL);
  if (self->step == STEP_UNSEAL)
    gtk_widget_set_sensitive (GTK_WIDGET (self->go),
                              *gtk_editable_get_text (self->passphrase) != '\0');
}

static void
on_go (LkTransferDialog *self)
{
  switch (self->step)
    {
    case STEP_UNSEAL:
      unseal (self);
      break;
    case STEP_ANSWER:
      self->order->anyway = gtk_switch_get_active (self->anyway);
      lk_reader_expect_change (lk_desk_get_reader (self->desk));
      wait (self, _ ("The request is taken…"));
      ask (self, lk_transfer_call_take, g_free, on_taken);
      break;
    case STEP_IMPORT:
      lk_reader_expect_change (lk_desk_get_reader (self->desk));
      wait (self, _ ("The file is imported…"));
      ask (self, lk_transfer_call_import, (GDestroyNotify) lk_import_result_free, on_imported);
      break;
    case STEP_DEPOSIT:
      deposit (self);
      break;
    case STEP_NONE:
    default:
      break;
    }
}

static void
lk_transfer_dialog_dispose (GObject *object)
{
  LkTransferDialog *self = LK_TRANSFER_DIALOG (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->order, lk_open_order_free);
  g_clear_pointer (&self->look, lk_look_free);
  g_clear_pointer (&self->deposited, g_array_unref);
  g_clear_pointer (&self->figure_rows, g_ptr_array_unref);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_TRANSFER_DIALOG);

  G_OBJECT_CLASS (lk_transfer_dialog_parent_class)->dispose (object);
}

#define BIND(child) gtk_widget_class_bind_template_child (widget_class, LkTransferDialog, child)

static void
lk_transfer_dialog_class_init (LkTransferDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_transfer_dialog_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-transfer-dialog.ui");
  BIND (cancel);
  BIND (go);
  BIND (stack);
  BIND (waiting);
  BIND (passphrase);
  BIND (refused);
  BIND (salvage);
  BIND (fault_group);
  BIND (fault);
  BIND (switches);
  BIND (anyway_row);
  BIND (anyway);
  BIND (again_row);
  BIND (again);
  BIND (figures);
  BIND (remarks_group);
  BIND (remarks);
  BIND (remark_list);
  gtk_widget_class_bind_template_callback (widget_class, on_go);
  gtk_widget_class_bind_template_callback (widget_class, on_salvage);
  gtk_widget_class_bind_template_callback (widget_class, on_again);
  gtk_widget_class_bind_template_callback (widget_class, on_anyway);
  gtk_widget_class_bind_template_callback (widget_class, on_typed);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
lk_transfer_dialog_init (LkTransferDialog *self)
{
  self->cancellable = g_cancellable_new ();
  self->figure_rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
lk_transfer_dialog_open (GtkWidget *from, LkDesk *desk, const char *path)
{
  GtkWidget *window = gtk_widget_get_ancestor (from, LK_TYPE_WINDOW);
  g_autofree char *name = g_path_get_basename (path);
  LkTransferDialog *self =
      g_object_new (LK_TYPE_TRANSFER_DIALOG, "transient-for", window, "title", name, NULL);

  self->desk = g_object_ref (desk);
  self->order = g_new0 (LkOpenOrder, 1);
  self->order->path = g_strdup (path);
  look (self);
  gtk_window_present (GTK_WINDOW (self));
}
