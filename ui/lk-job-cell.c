/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-job-cell.h"

#include "ui/lk-job-words.h"

#include <glib/gi18n.h>

struct _LkJobCell
{
  AdwBin parent_instance;

  LkTableItem *item;

  GtkLabel *title;
  GtkImage *state_icon;
  GtkLabel *state;
  GtkProgressBar *progress;
  GtkLabel *counts;
  GtkLabel *origin;
};

G_DEFINE_FINAL_TYPE (LkJobCell, lk_job_cell, ADW_TYPE_BIN)

static void
show (LkJobCell *self, const LkJobRow *job, const char *pace)
{
  g_autofree char *counts = lk_job_describe_counts (job);
  g_autofree char *with_pace =
      pace != NULL ? g_strdup_printf ("%s · %s", counts, pace) : g_strdup (counts);
  g_autofree char *origin = lk_job_describe_origin (job);
  g_autofree char *tip = job->selection != NULL && *job->selection != '\0'
                             ? g_strdup_printf (_ ("Rows: %s"), job->selection)
                             : NULL;

  gtk_label_set_text (self->title, lk_job_get_title (job));
  gtk_image_set_from_icon_name (self->state_icon, lk_job_get_state_icon (job));
  gtk_label_set_text (self->state, lk_job_get_state_title (job));
  gtk_progress_bar_set_fraction (self->progress, lk_job_get_fraction (job));
  gtk_label_set_text (self->counts, with_pace);
  gtk_label_set_text (self->origin, origin);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), !lk_job_is_over (job));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), tip);
}

static void
fill (LkJobCell *self)
{
  const LkJobRow *job = lk_table_item_get_value (self->item);
  g_autofree char *pace = lk_job_describe_pace (self->item, job);

  show (self, job, pace);
}

void
lk_job_cell_set_item (LkJobCell *self, LkTableItem *item)
{
  if (self->item == item)
    return;
  if (self->item != NULL)
    g_signal_handlers_disconnect_by_data (self->item, self);
  g_set_object (&self->item, item);
  if (item == NULL)
    return;

  g_signal_connect_swapped (item, "filled", G_CALLBACK (fill), self);
  fill (self);
}

void
lk_job_cell_set_job (LkJobCell *self, const LkJobRow *job)
{
  show (self, job, NULL);
}

GtkWidget *
lk_job_cell_new (void)
{
  return g_object_new (LK_TYPE_JOB_CELL, NULL);
}

static void
lk_job_cell_dispose (GObject *object)
{
  LkJobCell *self = LK_JOB_CELL (object);

  lk_job_cell_set_item (self, NULL);
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_job_cell_parent_class)->dispose (object);
}

static void
lk_job_cell_class_init (LkJobCellClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_job_cell_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-job-cell.ui");
  gtk_widget_class_bind_template_child (widget_class, LkJobCell, title);
  gtk_widget_class_bind_template_child (widget_class, LkJobCell, state_icon);
  gtk_widget_class_bind_template_child (widget_class, LkJobCell, state);
  gtk_widget_class_bind_template_child (widget_class, LkJobCell, progress);
  gtk_widget_class_bind_template_child (widget_class, LkJobCell, counts);
  gtk_widget_class_bind_template_child (widget_class, LkJobCell, origin);
}

static void
lk_job_cell_init (LkJobCell *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
