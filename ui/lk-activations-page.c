/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-activations-page.h"

#include "model/lk-pipeline.h"
#include "model/lk-watch.h"
#include "ui/lk-field.h"
#include "ui/lk-item-cell.h"

#include <glib/gi18n.h>

typedef struct
{
  const char *title;
  const char *text;
  const char *selection; /* of the rows behind it */
} Stage;

static const Stage stages[LK_PIPELINE_N_STAGES] = {
  { N_ ("Needs key"), N_ ("The key is being installed and the installation ID read"),
    "stage=needs-key" },
  { N_ ("Has IID"), N_ ("Nothing was asked for its installation ID yet"), "stage=has-iid" },
  { N_ ("Waiting for CID"), N_ ("The confirmation ID was asked for"), "stage=waiting" },
  { N_ ("Has CID"), N_ ("The confirmation ID is on record"), "stage=has-cid" },
  { N_ ("Deposited"), N_ ("The machine has yet to say that it is licensed"), "stage=deposited" },
  { N_ ("Licensed"), N_ ("Products with a MAK that are licensed"), "stage=licensed" },
};

/* By LkSpendState. */
static const char *const spends[LK_PIPELINE_N_SPENDS] = {
  N_ ("Reserved, not sent yet"),
  N_ ("Sent, no answer yet"),
  N_ ("Confirmed"),
  N_ ("Refused"),
  N_ ("Sent, what came of it is not known"),
};

struct _LkActivationsPage
{
  AdwBin parent_instance;

  LkDesk *desk;
  LkWatch *watch;

  GtkWidget *cards[LK_PIPELINE_N_STAGES];
  GtkLabel *counts[LK_PIPELINE_N_STAGES];
  GtkLabel *failed[LK_PIPELINE_N_STAGES];
  GtkLabel *spends[LK_PIPELINE_N_SPENDS];

  GtkStack *stack;
  GtkFlowBox *pipeline;
  GtkListBox *exchange;
  GtkListBox *failures;
};

static void lk_activations_page_init_page (LkPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (LkActivationsPage,
                               lk_activations_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (LK_TYPE_PAGE, lk_activations_page_init_page))

static void
show_stage (LkActivationsPage *self, guint i, const LkPipeline *pipeline)
{
  guint n_failed = pipeline->failed[i];
  g_autofree char *count = g_strdup_printf ("%'u", pipeline->counts[i]);
  g_autofree char *failed =
      g_strdup_printf (ngettext ("%'u failed here", "%'u failed here", n_failed), n_failed);
  g_autofree char *name = n_failed > 0
                              ? g_strdup_printf ("%s: %s, %s", _ (stages[i].title), count, failed)
                              : g_strdup_printf ("%s: %s", _ (stages[i].title), count);

  gtk_label_set_text (self->counts[i], count);
  gtk_label_set_text (self->failed[i], failed);
  gtk_widget_set_visible (GTK_WIDGET (self->failed[i]), n_failed > 0);
  lk_field_name (self->cards[i], name);
}

static void
show_failures (LkActivationsPage *self, const GPtrArray *failures)
{
  GtkListBoxRow *row;

  for (guint i = 0; i < failures->len; i++)
    {
      const LkItemRow *item = failures->pdata[i];
      GtkWidget *cell;

      row = gtk_list_box_get_row_at_index (self->failures, (int) i);
      if (row == NULL)
        {
          row = GTK_LIST_BOX_ROW (gtk_list_box_row_new ());
          gtk_list_box_row_set_child (row, lk_item_cell_new ());
          gtk_list_box_append (self->failures, GTK_WIDGET (row));
        }
      cell = gtk_list_box_row_get_child (row);
      lk_item_cell_set_row (LK_ITEM_CELL (cell), item);
      g_object_set_data_full (G_OBJECT (cell), "lk-rows",
                              g_strdup_printf ("id=%" G_GINT64_FORMAT, item->machine_id), g_free);
    }
  while ((row = gtk_list_box_get_row_at_index (self->failures, (int) failures->len)) != NULL)
    gtk_list_box_remove (self->failures, GTK_WIDGET (row));
}

static void
on_pipeline (gpointer answer, const GError *error, gpointer user_data)
{
  LkActivationsPage *self = user_data;
  g_autoptr (LkPipeline) pipeline = answer;

  if (pipeline == NULL)
    return; /* the window says it */

  for (guint i = 0; i < LK_PIPELINE_N_STAGES; i++)
    show_stage (self, i, pipeline);
  for (guint i = 0; i < LK_PIPELINE_N_SPENDS; i++)
    {
      g_autofree char *count = g_strdup_printf ("%'u", pipeline->by_spend[i]);

      gtk_label_set_text (self->spends[i], count);
    }
  show_failures (self, pipeline->failures);
  lk_field_show_page (self->stack, "pipeline");
}

static void
on_map (LkActivationsPage *self)
{
  if (self->watch != NULL)
    lk_watch_set_active (self->watch, TRUE);
}

static void
on_unmap (LkActivationsPage *self)
{
  if (self->watch != NULL)
    lk_watch_set_active (self->watch, FALSE);
}

static void
on_stage (GtkWidget *card, const Stage *stage)
{
  gtk_widget_activate_action (card, "win.show-rows", "s", stage->selection);
}

static void
on_failure (GtkListBox *box, GtkListBoxRow *row)
{
  const char *rows = g_object_get_data (G_OBJECT (gtk_list_box_row_get_child (row)), "lk-rows");

  gtk_widget_activate_action (GTK_WIDGET (box), "win.show-rows", "s", rows);
}

static GtkWidget *
add_label (GtkWidget *box, const char *text, const char *style)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 15);
  gtk_widget_add_css_class (label, style);
  gtk_box_append (GTK_BOX (box), label);
  return label;
}

/* A stage is a button: the list is behind it. */
static void
add_stage (LkActivationsPage *self, guint i)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *card = gtk_button_new ();
  GtkWidget *child = gtk_flow_box_child_new ();

  add_label (box, _ (stages[i].title), "heading");
  self->counts[i] = GTK_LABEL (add_label (box, "0", "title-1"));
  self->failed[i] = GTK_LABEL (add_label (box, "", "error"));
  gtk_widget_add_css_class (add_label (box, _ (stages[i].text), "caption"), "dim-label");
  gtk_button_set_child (GTK_BUTTON (card), box);
  g_signal_connect (card, "clicked", G_CALLBACK (on_stage), (gpointer) &stages[i]);
  gtk_widget_add_css_class (card, "card");
  gtk_widget_add_css_class (card, "lk-stage");
  gtk_widget_set_size_request (card, 118, -1);
  gtk_flow_box_child_set_child (GTK_FLOW_BOX_CHILD (child), card);
  gtk_widget_set_focusable (child, FALSE);
  gtk_flow_box_append (self->pipeline, child);
  self->cards[i] = card;
}

static void
add_spend (LkActivationsPage *self, guint i)
{
  GtkWidget *row = adw_action_row_new ();

  self->spends[i] = GTK_LABEL (gtk_label_new ("0"));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (spends[i]));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), GTK_WIDGET (self->spends[i]));
  gtk_list_box_append (self->exchange, row);
}

static void
lk_activations_page_set_desk (LkPage *page, LkDesk *desk)
{
  LkActivationsPage *self = LK_ACTIVATIONS_PAGE (page);

  if (self->desk == desk)
    return;
  g_clear_pointer (&self->watch, lk_watch_free);
  g_set_object (&self->desk, desk);
  if (desk == NULL)
    return;

  self->watch = lk_watch_new (lk_desk_get_reader (desk), lk_pipeline_read,
                              (GDestroyNotify) lk_pipeline_free, on_pipeline, self);
  lk_watch_set_active (self->watch, gtk_widget_get_mapped (GTK_WIDGET (self)));
}

static void
lk_activations_page_init_page (LkPageInterface *iface)
{
  iface->set_desk = lk_activations_page_set_desk;
}

static void
lk_activations_page_dispose (GObject *object)
{
  LkActivationsPage *self = LK_ACTIVATIONS_PAGE (object);

  lk_activations_page_set_desk (LK_PAGE (self), NULL);
  adw_bin_set_child (ADW_BIN (self), NULL); /* the stack, or it would be let go of twice */
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_activations_page_parent_class)->dispose (object);
}

static void
lk_activations_page_class_init (LkActivationsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_activations_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-activations-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkActivationsPage, stack);
  gtk_widget_class_bind_template_child (widget_class, LkActivationsPage, pipeline);
  gtk_widget_class_bind_template_child (widget_class, LkActivationsPage, exchange);
  gtk_widget_class_bind_template_child (widget_class, LkActivationsPage, failures);
  gtk_widget_class_bind_template_callback (widget_class, on_failure);
}

static void
lk_activations_page_init (LkActivationsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; i < LK_PIPELINE_N_STAGES; i++)
    add_stage (self, i);
  for (guint i = 0; i < LK_PIPELINE_N_SPENDS; i++)
    add_spend (self, i);
  g_signal_connect (self, "map", G_CALLBACK (on_map), NULL);
  g_signal_connect (self, "unmap", G_CALLBACK (on_unmap), NULL);
}
