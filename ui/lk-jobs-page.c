/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-jobs-page.h"

#include "ui/lk-failure-view.h"
#include "ui/lk-field.h"
#include "ui/lk-item-cell.h"
#include "ui/lk-job-cell.h"
#include "ui/lk-job-words.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

struct _LkJobsPage
{
  AdwBin parent_instance;

  LkDesk *desk;
  GCancellable *cancellable; /* of what was asked for this desk */
  LkTableList *jobs;
  LkTableList *items;
  GtkSortListModel *sorted_items;
  GtkSingleSelection *job_selection;
  GtkSingleSelection *item_selection;
  LkTableItem *job;  /* that the detail shows */
  LkTableItem *item; /* that is explained */
  gint64 cancelling;

  GtkStack *stack;
  AdwStatusPage *empty;
  AdwLeaflet *leaflet;
  GtkListView *jobs_view;
  GtkLabel *title;
  GtkProgressBar *progress;
  GtkLabel *counts;
  GtkLabel *about;
  GtkWidget *pause;
  GtkWidget *resume;
  GtkWidget *cancel;
  GtkWidget *retry;
  GtkListView *items_view;
  LkFailureView *failure;
};

static void lk_jobs_page_init_page (LkPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (LkJobsPage,
                               lk_jobs_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (LK_TYPE_PAGE, lk_jobs_page_init_page))

static void
show_job (LkJobsPage *self)
{
  const LkJobRow *job = lk_table_item_get_value (self->job);
  gboolean is_over = lk_job_is_over (job);
  gboolean is_paused = g_str_equal (job->state, "paused");
  g_autofree char *counts = lk_job_describe_counts (job);
  g_autofree char *pace = lk_job_describe_pace (self->job, job);
  g_autofree char *text = g_strdup_printf ("%s: %s%s%s", lk_job_get_state_title (job), counts,
                                           pace != NULL ? " · " : "", pace != NULL ? pace : "");
  g_autofree char *filed = lk_job_describe_origin (job);
  g_autofree char *ended = job->finished_at > 0 ? lk_job_describe_time (job->finished_at) : NULL;
  g_autoptr (GString) about = g_string_new (NULL);

  g_string_append_printf (about, _ ("Job %d, filed: %s"), (int) job->id, filed);
  if (ended != NULL)
    {
      g_string_append (about, " · ");
      g_string_append_printf (about, _ ("ended: %s"), ended);
    }
  if (job->selection != NULL && *job->selection != '\0')
    {
      g_string_append (about, " · ");
      g_string_append_printf (about, _ ("rows: %s"), job->selection);
    }

  gtk_label_set_text (self->title, lk_job_get_title (job));
  gtk_progress_bar_set_fraction (self->progress, lk_job_get_fraction (job));
  gtk_widget_set_visible (GTK_WIDGET (self->progress), !is_over);
  gtk_label_set_text (self->counts, text);
  gtk_label_set_text (self->about, about->str);
  gtk_widget_set_visible (self->pause, !is_over && !is_paused);
  gtk_widget_set_visible (self->resume, is_paused);
  gtk_widget_set_visible (self->cancel, !is_over);
  gtk_widget_set_visible (self->retry, job->n_failed > 0);
}

static void
show_item (LkJobsPage *self)
{
  lk_failure_view_set_row (self->failure,
                           self->item != NULL ? lk_table_item_get_value (self->item) : NULL);
}

/* Follows @item in @place; nothing to do when it is followed already. */
static gboolean
follow (LkJobsPage *self, LkTableItem **place, LkTableItem *item, void (*show) (LkJobsPage *self))
{
  if (*place == item)
    return FALSE;
  if (*place != NULL)
    g_signal_handlers_disconnect_by_func (*place, show, self);
  g_set_object (place, item);
  if (item != NULL)
    g_signal_connect_swapped (item, "filled", G_CALLBACK (show), self);
  return TRUE;
}

static void
on_job_selected (LkJobsPage *self)
{
  LkTableItem *item = gtk_single_selection_get_selected_item (self->job_selection);

  if (!follow (self, &self->job, item, show_job))
    return;
  if (item != NULL)
    show_job (self);
  if (self->items != NULL)
    lk_table_list_set_of (self->items, item != NULL ? lk_table_item_get_id (item) : 0);
}

static void
on_item_selected (LkJobsPage *self)
{
  follow (self, &self->item, gtk_single_selection_get_selected_item (self->item_selection),
          show_item);
  show_item (self);
}

static void
on_job_activated (LkJobsPage *self, guint position)
{
  gtk_single_selection_set_selected (self->job_selection, position);
  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
}

static void
on_back (LkJobsPage *self)
{
  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
}

static gboolean
is_failed (LkTableItem *item)
{
  const LkItemRow *row = lk_table_item_get_value (item);

  return g_str_equal (row->state, "failed");
}

/* Those that failed stand first: in a long list nobody would find them. */
static int
compare_items (gconstpointer one, gconstpointer other, gpointer user_data)
{
  return (int) is_failed ((gpointer) other) - (int) is_failed ((gpointer) one);
}

static gboolean
is_at_top (GtkListView *view)
{
  GtkAdjustment *adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (view));

  return gtk_adjustment_get_value (adjustment) <= gtk_adjustment_get_lower (adjustment);
}

/* What is wrong with the rows is said where the first failed one is. Whoever looks at the top of
 * the list goes on seeing it; the view would keep in place the row that stood there before. */
static void
on_items_loaded (LkJobsPage *self)
{
  g_autoptr (LkTableItem) first = NULL;
  gboolean keeps_top = is_at_top (self->items_view);

  gtk_sorter_changed (gtk_sort_list_model_get_sorter (self->sorted_items),
                      GTK_SORTER_CHANGE_DIFFERENT);
  first = g_list_model_get_item (G_LIST_MODEL (self->sorted_items), 0);
  if (gtk_single_selection_get_selected (self->item_selection) == GTK_INVALID_LIST_POSITION &&
      first != NULL && is_failed (first))
    gtk_single_selection_set_selected (self->item_selection, 0);
  if (keeps_top && first != NULL)
    gtk_widget_activate_action (GTK_WIDGET (self->items_view), "list.scroll-to-item", "u", 0);
}

static void
on_jobs_loaded (LkJobsPage *self)
{
  gboolean has_jobs = g_list_model_get_n_items (G_LIST_MODEL (self->jobs)) > 0;

  lk_field_show_page (self->stack, has_jobs ? "jobs" : "empty");
}

static void
on_failed (LkJobsPage *self, const GError *error)
{
  lk_window_say (GTK_WIDGET (self), error->message);
}

typedef gboolean (*Verb) (LkConsole *console, gint64 id, GError **error);

typedef struct
{
  Verb verb; /* NULL: retry */
  gint64 id;
} Order;

/* Gives how many rows it was about, for retry. */
static gpointer
carry_out (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  const Order *order = question;
  guint *n = g_new0 (guint, 1);
  gboolean done = order->verb != NULL ? order->verb (console, order->id, error)
                                      : lk_console_retry_job (console, order->id, n, error);

  if (!done)
    g_clear_pointer (&n, g_free);
  return n;
}

static void
on_carried_out (gpointer answer, const GError *error, gpointer user_data)
{
  LkJobsPage *self = user_data;
  g_autofree guint *n = answer;

  if (n == NULL)
    lk_window_say (GTK_WIDGET (self), error->message);
  else if (*n > 0)
    {
      g_autofree char *text = g_strdup_printf (ngettext ("%'u failed row is tried again",
                                                         "%'u failed rows are tried again", *n),
                                               *n);

      lk_window_say (GTK_WIDGET (self), text);
    }
}

static void
order (LkJobsPage *self, Verb verb, gint64 id)
{
  Order *what = g_new0 (Order, 1);

  what->verb = verb;
  what->id = id;
  lk_reader_expect_change (lk_desk_get_reader (self->desk));
  lk_desk_call (self->desk, carry_out, what, g_free, g_free, self->cancellable, on_carried_out,
                self);
}

static void
on_pause (LkJobsPage *self)
{
  if (self->job != NULL)
    order (self, lk_console_pause_job, lk_table_item_get_id (self->job));
}

static void
on_resume (LkJobsPage *self)
{
  if (self->job != NULL)
    order (self, lk_console_resume_job, lk_table_item_get_id (self->job));
}

static void
on_retry (LkJobsPage *self)
{
  if (self->job != NULL)
    order (self, NULL, lk_table_item_get_id (self->job));
}

static void
on_cancel_agreed (LkJobsPage *self)
{
  if (self->desk != NULL)
    order (self, lk_console_cancel_job, self->cancelling);
}

static void
on_cancel (LkJobsPage *self)
{
  const LkJobRow *job;
  guint n_left;
  g_autofree char *heading = NULL;
  g_autofree char *body = NULL;

  if (self->job == NULL)
    return;
  job = lk_table_item_get_value (self->job);
  n_left = job->n_items - job->n_done - job->n_failed - job->n_cancelled;
  self->cancelling = job->id;
  heading = g_strdup_printf (_ ("Cancel job %d, “%s”?"), (int) job->id, lk_job_get_title (job));
  body = g_strdup_printf (
      ngettext ("%'u row that is not done is dropped. Activations that were asked for already stay"
                " on record.",
                "%'u rows that are not done are dropped. Activations that were asked for already"
                " stay on record.",
                n_left),
      n_left);
  lk_field_confirm (GTK_WIDGET (self), heading, body, _ ("_Drop the Rest"),
                    G_CALLBACK (on_cancel_agreed), self);
}

static void
setup_job (GtkListItemFactory *factory, GtkListItem *list_item)
{
  gtk_list_item_set_child (list_item, lk_job_cell_new ());
}

static void
bind_job (GtkListItemFactory *factory, GtkListItem *list_item)
{
  lk_job_cell_set_item (LK_JOB_CELL (gtk_list_item_get_child (list_item)),
                        gtk_list_item_get_item (list_item));
}

static void
unbind_job (GtkListItemFactory *factory, GtkListItem *list_item)
{
  lk_job_cell_set_item (LK_JOB_CELL (gtk_list_item_get_child (list_item)), NULL);
}

static void
setup_item (GtkListItemFactory *factory, GtkListItem *list_item)
{
  gtk_list_item_set_child (list_item, lk_item_cell_new ());
}

static void
bind_item (GtkListItemFactory *factory, GtkListItem *list_item)
{
  lk_item_cell_set_item (LK_ITEM_CELL (gtk_list_item_get_child (list_item)),
                         gtk_list_item_get_item (list_item));
}

static void
unbind_item (GtkListItemFactory *factory, GtkListItem *list_item)
{
  lk_item_cell_set_item (LK_ITEM_CELL (gtk_list_item_get_child (list_item)), NULL);
}

static void
set_factory (GtkListView *view, gpointer setup, gpointer bind, gpointer unbind)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  g_signal_connect (factory, "setup", setup, NULL);
  g_signal_connect (factory, "bind", bind, NULL);
  g_signal_connect (factory, "unbind", unbind, NULL);
  gtk_list_view_set_factory (view, factory);
}

static void
leave_desk (LkJobsPage *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->job_selection != NULL)
    gtk_single_selection_set_model (self->job_selection, NULL);
  if (self->sorted_items != NULL)
    gtk_sort_list_model_set_model (self->sorted_items, NULL);
  follow (self, &self->job, NULL, show_job);
  follow (self, &self->item, NULL, show_item);
  if (self->jobs != NULL)
    g_signal_handlers_disconnect_by_data (self->jobs, self);
  if (self->items != NULL)
    g_signal_handlers_disconnect_by_data (self->items, self);
  g_clear_object (&self->jobs);
  g_clear_object (&self->items);
  g_clear_object (&self->desk);
}

static void
lk_jobs_page_set_desk (LkPage *page, LkDesk *desk)
{
  LkJobsPage *self = LK_JOBS_PAGE (page);

  if (self->desk == desk)
    return;
  leave_desk (self);
  if (desk == NULL)
    return;

  self->desk = g_object_ref (desk);
  self->cancellable = g_cancellable_new ();
  self->jobs = lk_table_list_new (lk_desk_get_reader (desk), &lk_table_jobs, 0);
  self->items = lk_table_list_new (lk_desk_get_reader (desk), &lk_table_items, 0);
  g_signal_connect_swapped (self->jobs, "loaded", G_CALLBACK (on_jobs_loaded), self);
  g_signal_connect_swapped (self->jobs, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect_swapped (self->items, "loaded", G_CALLBACK (on_items_loaded), self);
  gtk_single_selection_set_model (self->job_selection, G_LIST_MODEL (self->jobs));
  gtk_sort_list_model_set_model (self->sorted_items, G_LIST_MODEL (self->items));
}

static void
lk_jobs_page_init_page (LkPageInterface *iface)
{
  iface->set_desk = lk_jobs_page_set_desk;
}

static void
lk_jobs_page_dispose (GObject *object)
{
  LkJobsPage *self = LK_JOBS_PAGE (object);

  leave_desk (self);
  if (self->job_selection != NULL)
    g_signal_handlers_disconnect_by_data (self->job_selection, self);
  if (self->item_selection != NULL)
    g_signal_handlers_disconnect_by_data (self->item_selection, self);
  g_clear_object (&self->job_selection);
  g_clear_object (&self->item_selection);
  g_clear_object (&self->sorted_items);
  adw_bin_set_child (ADW_BIN (self), NULL); /* the stack, or it would be let go of twice */
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_jobs_page_parent_class)->dispose (object);
}

static void
lk_jobs_page_class_init (LkJobsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_jobs_page_dispose;

  g_type_ensure (LK_TYPE_FAILURE_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-jobs-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, stack);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, empty);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, leaflet);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, jobs_view);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, title);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, progress);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, counts);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, about);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, pause);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, resume);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, cancel);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, retry);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, items_view);
  gtk_widget_class_bind_template_child (widget_class, LkJobsPage, failure);
  gtk_widget_class_bind_template_callback (widget_class, on_job_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_back);
  gtk_widget_class_bind_template_callback (widget_class, on_pause);
  gtk_widget_class_bind_template_callback (widget_class, on_resume);
  gtk_widget_class_bind_template_callback (widget_class, on_cancel);
  gtk_widget_class_bind_template_callback (widget_class, on_retry);
}

static void
lk_jobs_page_init (LkJobsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->job_selection = gtk_single_selection_new (NULL);
  self->sorted_items =
      gtk_sort_list_model_new (NULL,
                               GTK_SORTER (gtk_custom_sorter_new (compare_items, NULL, NULL)));
  self->item_selection =
      gtk_single_selection_new (g_object_ref (G_LIST_MODEL (self->sorted_items)));
  gtk_single_selection_set_autoselect (self->item_selection, FALSE);
  gtk_single_selection_set_can_unselect (self->item_selection, TRUE);
  g_signal_connect_swapped (self->job_selection, "notify::selected-item",
                            G_CALLBACK (on_job_selected), self);
  g_signal_connect_swapped (self->item_selection, "notify::selected-item",
                            G_CALLBACK (on_item_selected), self);
  set_factory (self->jobs_view, setup_job, bind_job, unbind_job);
  set_factory (self->items_view, setup_item, bind_item, unbind_item);
  gtk_list_view_set_model (self->jobs_view, GTK_SELECTION_MODEL (self->job_selection));
  gtk_list_view_set_model (self->items_view, GTK_SELECTION_MODEL (self->item_selection));
}
