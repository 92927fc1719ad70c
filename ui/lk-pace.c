/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-pace.h"

#include "model/lk-row-list.h"

#include <stdio.h>
#include <time.h>

#define N_FRAMES       240
#define SCROLL_A_FRAME 300 /* pixels, as with a wheel that is spun */
#define WORD           "pro"
#define SORT_COLUMN    0 /* the one that differs in every row */

typedef struct _Pace Pace;

/* What is waited for, and what is done then. FALSE: not yet. */
typedef gboolean (*Stage) (Pace *self);

struct _Pace
{
  GtkWidget *window;
  FILE *out;
  guint stage;
  GtkColumnView *view;
  gboolean has_changed;
  guint n_frames;
  gint64 wall; /* at the end of the last frame, µs */
  gint64 cpu;
};

static gint64
read_cpu (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

/* A line with what happened and when, by the monotonic clock in µs. */
static void
note (Pace *self, const char *what)
{
  fprintf (self->out, "%s %" G_GINT64_FORMAT "\n", what, g_get_monotonic_time ());
  fflush (self->out);
}

static GtkColumnView *
find_view (GtkWidget *widget)
{
  GtkColumnView *view = GTK_IS_COLUMN_VIEW (widget) ? GTK_COLUMN_VIEW (widget) : NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && view == NULL;
       child = gtk_widget_get_next_sibling (child))
    view = find_view (child);
  return view;
}

/* The first row is there with all that it shows. */
static gboolean
has_rows (Pace *self)
{
  GListModel *model = G_LIST_MODEL (gtk_column_view_get_model (self->view));
  g_autoptr (LkRowItem) item = model != NULL ? g_list_model_get_item (model, 0) : NULL;

  return item != NULL && lk_row_item_get_row (item) != NULL;
}

static void
on_changed (Pace *self)
{
  self->has_changed = TRUE;
}

static gboolean
first_frame (Pace *self)
{
  note (self, "first-frame");
  return TRUE;
}

static gboolean
first_figures (Pace *self)
{
  if (!lk_window_is_settled (LK_WINDOW (self->window)))
    return FALSE;
  note (self, "figures");
  gtk_widget_activate_action (self->window, "win.show-page", "s", "products");
  return TRUE;
}

static gboolean
first_rows (Pace *self)
{
  self->view = find_view (self->window);
  if (self->view == NULL || !has_rows (self))
    return FALSE;
  note (self, "rows");
  g_signal_connect_swapped (gtk_column_view_get_model (self->view), "items-changed",
                            G_CALLBACK (on_changed), self);
  note (self, "filter");
  gtk_widget_activate_action (self->window, "win.show-rows", "s", WORD);
  return TRUE;
}

static gboolean
filtered (Pace *self)
{
  g_autoptr (GtkColumnViewColumn) column = NULL;

  if (!self->has_changed || !has_rows (self))
    return FALSE;
  note (self, "filtered");
  self->has_changed = FALSE;
  note (self, "sort");
  column = g_list_model_get_item (gtk_column_view_get_columns (self->view), SORT_COLUMN);
  gtk_column_view_sort_by_column (self->view, column, GTK_SORT_DESCENDING);
  return TRUE;
}

static gboolean
sorted (Pace *self)
{
  if (!self->has_changed || !has_rows (self))
    return FALSE;
  note (self, "sorted");
  self->wall = g_get_monotonic_time ();
  self->cpu = read_cpu ();
  return TRUE;
}

/* A frame's time is what passed since the end of the one before, and what this thread did in it. */
static gboolean
scrolled (Pace *self)
{
  GtkAdjustment *place = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (self->view));
  gint64 wall = g_get_monotonic_time ();
  gint64 cpu = read_cpu ();

  fprintf (self->out, "frame %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", wall - self->wall,
           cpu - self->cpu);
  self->wall = wall;
  self->cpu = cpu;
  gtk_adjustment_set_value (place, gtk_adjustment_get_value (place) + SCROLL_A_FRAME);
  return ++self->n_frames == N_FRAMES;
}

static const Stage stages[] = {
  first_frame, first_figures, first_rows, filtered, sorted, scrolled
};

static void
on_painted (GdkFrameClock *clock, Pace *self)
{
  if (self->stage < G_N_ELEMENTS (stages) && stages[self->stage](self))
    self->stage++;
}

/* Keeps the frames coming until the end. */
static gboolean
on_frame (GtkWidget *window, GdkFrameClock *clock, gpointer user_data)
{
  Pace *self = user_data;

  if (self->stage < G_N_ELEMENTS (stages))
    return G_SOURCE_CONTINUE;
  note (self, "end");
  return G_SOURCE_REMOVE;
}

static void
pace_free (gpointer data)
{
  Pace *self = data;

  g_signal_handlers_disconnect_by_data (gtk_widget_get_frame_clock (self->window), self);
  if (self->view != NULL)
    g_signal_handlers_disconnect_by_data (gtk_column_view_get_model (self->view), self);
  fclose (self->out);
  g_free (self);
}

void
lk_pace_arrange (LkWindow *window, GVariantDict *options)
{
  const char *path = NULL;
  FILE *out;
  Pace *self;

  if (!g_variant_dict_lookup (options, "pace", "^&ay", &path))
    return;
  out = fopen (path, "we");
  if (out == NULL)
    {
      g_critical ("%s cannot be written", path);
      return;
    }

  self = g_new0 (Pace, 1);
  self->window = GTK_WIDGET (window);
  self->out = out;
  g_signal_connect (gtk_widget_get_frame_clock (self->window), "after-paint",
                    G_CALLBACK (on_painted), self);
  gtk_widget_add_tick_callback (self->window, on_frame, self, pace_free);
}

void
lk_pace_add_options (GApplication *application)
{
  const GOptionEntry entries[] = {
    { "pace", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, NULL, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_application_add_main_option_entries (application, entries);
}
