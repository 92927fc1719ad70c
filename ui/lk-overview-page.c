/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-overview-page.h"

#include "console/lk-preview.h"
#include "model/lk-summary.h"
#include "model/lk-watch.h"
#include "ui/lk-day-histogram.h"
#include "ui/lk-field.h"
#include "ui/lk-item-cell.h"
#include "ui/lk-job-cell.h"
#include "ui/lk-pool-meter.h"
#include "ui/lk-state-ring.h"

#include <glib/gi18n.h>

#define MASK "•••••-•••••-•••••-•••••-"

struct _LkOverviewPage
{
  AdwBin parent_instance;

  LkDesk *desk;
  LkWatch *watch;

  GtkWidget *legend_buttons[LK_COUNT_N_STATES];
  GtkLabel *legend_counts[LK_COUNT_N_STATES];

  GtkStack *stack;
  LkStateRing *ring;
  GtkBox *legend;
  GtkWidget *soon;
  GtkLabel *soon_count;
  GtkWidget *month;
  GtkLabel *month_count;
  GtkWidget *attention;
  GtkLabel *attention_count;
  LkDayHistogram *histogram;
  GtkListBox *pools;
  GtkListBox *running;
  GtkLabel *failures_title;
  GtkListBox *failures;
};

static void lk_overview_page_init_page (LkPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (LkOverviewPage,
                               lk_overview_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (LK_TYPE_PAGE, lk_overview_page_init_page))

static void
show_rows (GtkWidget *widget, const char *selection)
{
  gtk_widget_activate_action (widget, "win.show-rows", "s", selection);
}

static void
show_states (LkOverviewPage *self, const LkSummary *summary)
{
  lk_state_ring_set_counts (self->ring, summary->by_state);
  for (guint i = 0; i < LK_COUNT_N_STATES; i++)
    {
      const char *title = lk_license_status_to_title ((LkLicenseStatus) ((int) i - 1));
      g_autofree char *count = g_strdup_printf ("%'u", summary->by_state[i]);
      g_autofree char *name = g_strdup_printf (_ ("%s: %s"), title, count);

      gtk_label_set_text (self->legend_counts[i], count);
      lk_field_name (self->legend_buttons[i], name);
      gtk_widget_set_visible (self->legend_buttons[i], summary->by_state[i] > 0);
    }
}

/* @caption has the name of the figure. */
static void
show_figure (GtkWidget *button, GtkLabel *label, guint n, const char *caption)
{
  g_autofree char *count = g_strdup_printf ("%'u", n);
  g_autofree char *name = g_strdup_printf (_ ("%s: %s"), caption, count);

  gtk_label_set_text (label, count);
  lk_field_name (button, name);
}

/* Lines stay as they are and are filled anew: what is looked at does not jump. */
static void
set_n_rows (GtkListBox *box, guint n, GtkWidget *(*make) (void) )
{
  GtkListBoxRow *row;
  guint n_now = 0;

  while (gtk_list_box_get_row_at_index (box, (int) n_now) != NULL)
    n_now++;
  for (; n_now < n; n_now++)
    {
      GtkWidget *child = make ();
      GtkWidget *line = gtk_list_box_row_new ();

      gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (line), child);
      gtk_list_box_append (box, line);
    }
  while ((row = gtk_list_box_get_row_at_index (box, (int) n)) != NULL)
    gtk_list_box_remove (box, GTK_WIDGET (row));
}

static GtkWidget *
get_cell (GtkListBox *box, guint i)
{
  return gtk_list_box_row_get_child (gtk_list_box_get_row_at_index (box, (int) i));
}

static GtkWidget *
make_pool (void)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *title = gtk_label_new (NULL);
  GtkWidget *text = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_label_set_ellipsize (GTK_LABEL (title), PANGO_ELLIPSIZE_START);
  gtk_label_set_xalign (GTK_LABEL (text), 0);
  gtk_label_set_wrap (GTK_LABEL (text), TRUE);
  gtk_widget_add_css_class (text, "caption");
  gtk_widget_add_css_class (text, "dim-label");
  gtk_box_append (GTK_BOX (box), title);
  gtk_box_append (GTK_BOX (box), lk_pool_meter_new ());
  gtk_box_append (GTK_BOX (box), text);
  gtk_widget_add_css_class (box, "lk-line");
  return box;
}

static void
show_pools (LkOverviewPage *self, const LkSummary *summary)
{
  set_n_rows (self->pools, summary->pools->len, make_pool);
  for (guint i = 0; i < summary->pools->len; i++)
    {
      const LkKeyRow *key = summary->pools->pdata[i];
      GtkWidget *title = gtk_widget_get_first_child (get_cell (self->pools, i));
      GtkWidget *meter = gtk_widget_get_next_sibling (title);
      g_autofree char *masked = g_strdup_printf (MASK "%s", key->last_five);
      g_autofree char *name = g_strdup_printf (_ ("Activations of the key %s"), key->last_five);
      g_autofree char *text = lk_pool_describe (&key->pool);

      gtk_label_set_text (GTK_LABEL (title), masked);
      gtk_widget_set_tooltip_text (title, key->edition);
      lk_pool_meter_set_pool (LK_POOL_METER (meter), name, &key->pool);
      gtk_label_set_text (GTK_LABEL (gtk_widget_get_next_sibling (meter)), text);
    }
}

static void
show_running (LkOverviewPage *self, const LkSummary *summary)
{
  set_n_rows (self->running, summary->running->len, lk_job_cell_new);
  for (guint i = 0; i < summary->running->len; i++)
    lk_job_cell_set_job (LK_JOB_CELL (get_cell (self->running, i)), summary->running->pdata[i]);
}

static void
show_failures (LkOverviewPage *self, const LkSummary *summary)
{
  g_autofree char *title =
      summary->n_failed_today > summary->failures->len
          ? g_strdup_printf (_ ("Failures of the Last Day (the Latest %u of %'u)"),
                             summary->failures->len, summary->n_failed_today)
          : g_strdup (_ ("Failures of the Last Day"));

  gtk_label_set_text (self->failures_title, title);
  set_n_rows (self->failures, summary->failures->len, lk_item_cell_new);
  for (guint i = 0; i < summary->failures->len; i++)
    {
      const LkItemRow *row = summary->failures->pdata[i];
      GtkWidget *cell = get_cell (self->failures, i);

      lk_item_cell_set_row (LK_ITEM_CELL (cell), row);
      g_object_set_data_full (G_OBJECT (cell), "lk-rows",
                              g_strdup_printf ("id=%" G_GINT64_FORMAT, row->machine_id), g_free);
    }
}

static void
on_summary (gpointer answer, const GError *error, gpointer user_data)
{
  LkOverviewPage *self = user_data;
  g_autoptr (LkSummary) summary = answer;

  if (summary == NULL)
    return; /* the window says it */

  show_states (self, summary);
  show_figure (self->soon, self->soon_count, summary->n_expiring_7, _ ("Lock out within 7 days"));
  show_figure (self->month, self->month_count, summary->n_expiring_30,
               _ ("Lock out within 30 days"));
  show_figure (self->attention, self->attention_count, summary->n_attention,
               _ ("Need attention now"));
  lk_day_histogram_set_counts (self->histogram, summary->by_day);
  show_pools (self, summary);
  show_running (self, summary);
  show_failures (self, summary);
  lk_field_show_page (self->stack, summary->n_machines > 0 ? "figures" : "empty");
}

static void
on_map (LkOverviewPage *self)
{
  if (self->watch != NULL)
    lk_watch_set_active (self->watch, TRUE);
}

static void
on_unmap (LkOverviewPage *self)
{
  if (self->watch != NULL)
    lk_watch_set_active (self->watch, FALSE);
}

static void
on_figure (GtkWidget *button)
{
  show_rows (button, gtk_widget_get_name (button));
}

static void
on_failure (GtkListBox *box, GtkListBoxRow *row)
{
  show_rows (GTK_WIDGET (box),
             g_object_get_data (G_OBJECT (gtk_list_box_row_get_child (row)), "lk-rows"));
}

static void
on_job (GtkListBox *box, GtkListBoxRow *row)
{
  gtk_widget_activate_action (GTK_WIDGET (box), "win.show-page", "s", "jobs");
}

static void
on_pool (GtkListBox *box, GtkListBoxRow *row)
{
  gtk_widget_activate_action (GTK_WIDGET (box), "win.show-page", "s", "keys");
}

static void
make_legend (LkOverviewPage *self)
{
  for (guint i = 0; i < LK_COUNT_N_STATES; i++)
    {
      LkLicenseStatus status = (LkLicenseStatus) ((int) i - 1);
      GtkWidget *button = gtk_button_new ();
      GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
      GtkWidget *title = gtk_label_new (lk_license_status_to_title (status));
      GtkWidget *count = gtk_label_new ("0");
      g_autofree char *selection = g_strconcat ("state=", lk_license_status_to_word (status), NULL);

      gtk_label_set_xalign (GTK_LABEL (title), 0);
      gtk_label_set_ellipsize (GTK_LABEL (title), PANGO_ELLIPSIZE_END);
      gtk_widget_set_hexpand (title, TRUE);
      gtk_widget_add_css_class (count, "numeric");
      gtk_box_append (GTK_BOX (box), lk_state_swatch_new (status));
      gtk_box_append (GTK_BOX (box), title);
      gtk_box_append (GTK_BOX (box), count);
      gtk_button_set_child (GTK_BUTTON (button), box);
      gtk_widget_add_css_class (button, "flat");
      gtk_widget_add_css_class (button, "lk-legend");
      gtk_widget_set_name (button, selection);
      g_signal_connect (button, "clicked", G_CALLBACK (on_figure), NULL);
      gtk_box_append (self->legend, button);
      self->legend_buttons[i] = button;
      self->legend_counts[i] = GTK_LABEL (count);
    }
}

static void
lk_overview_page_set_desk (LkPage *page, LkDesk *desk)
{
  LkOverviewPage *self = LK_OVERVIEW_PAGE (page);

  if (self->desk == desk)
    return;
  g_clear_pointer (&self->watch, lk_watch_free);
  g_set_object (&self->desk, desk);
  if (desk == NULL)
    return;

  self->watch = lk_watch_new (lk_desk_get_reader (desk), lk_summary_read,
                              (GDestroyNotify) lk_summary_free, on_summary, self);
  lk_watch_set_active (self->watch, gtk_widget_get_mapped (GTK_WIDGET (self)));
}

static void
lk_overview_page_init_page (LkPageInterface *iface)
{
  iface->set_desk = lk_overview_page_set_desk;
}

static void
lk_overview_page_dispose (GObject *object)
{
  LkOverviewPage *self = LK_OVERVIEW_PAGE (object);

  lk_overview_page_set_desk (LK_PAGE (self), NULL);
  adw_bin_set_child (ADW_BIN (self), NULL); /* the stack, or it would be let go of twice */
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_overview_page_parent_class)->dispose (object);
}

static void
lk_overview_page_class_init (LkOverviewPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_overview_page_dispose;

  g_type_ensure (LK_TYPE_DAY_HISTOGRAM);
  g_type_ensure (LK_TYPE_STATE_RING);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-overview-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, stack);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, ring);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, legend);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, soon);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, soon_count);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, month);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, month_count);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, attention);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, attention_count);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, histogram);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, pools);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, running);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, failures_title);
  gtk_widget_class_bind_template_child (widget_class, LkOverviewPage, failures);
  gtk_widget_class_bind_template_callback (widget_class, on_figure);
  gtk_widget_class_bind_template_callback (widget_class, on_failure);
  gtk_widget_class_bind_template_callback (widget_class, on_job);
  gtk_widget_class_bind_template_callback (widget_class, on_pool);
}

static void
lk_overview_page_init (LkOverviewPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  make_legend (self);
  g_signal_connect (self, "map", G_CALLBACK (on_map), NULL);
  g_signal_connect (self, "unmap", G_CALLBACK (on_unmap), NULL);
}
