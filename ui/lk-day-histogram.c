/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-day-histogram.h"

#include "ui/lk-field.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define N_BARS    (LK_SUMMARY_DAYS + 1)
#define HEIGHT    130
#define MIN_WIDTH 250
#define GAP       2
#define SCALE     18 /* below the bars, for the days */
#define SOON      7
#define LEAST     3.0f /* of a bar that is not empty */

struct _LkDayHistogram
{
  GtkWidget parent_instance;

  guint by_day[N_BARS];
  guint current; /* by keyboard or pointer */
};

G_DEFINE_FINAL_TYPE (LkDayHistogram, lk_day_histogram, GTK_TYPE_WIDGET)

static char *
describe (LkDayHistogram *self, guint day)
{
  g_autofree char *days =
      day >= LK_SUMMARY_DAYS ? g_strdup_printf (ngettext ("%u day or more left",
                                                          "%u days or more left", LK_SUMMARY_DAYS),
                                                LK_SUMMARY_DAYS)
                             : g_strdup_printf (ngettext ("%u day left", "%u days left", day), day);
  g_autofree char *products =
      g_strdup_printf (ngettext ("%'u product", "%'u products", self->by_day[day]),
                       self->by_day[day]);

  /* Translators: "5 days left: 3 products" */
  return g_strdup_printf (_ ("%s: %s"), days, products);
}

static void
name (LkDayHistogram *self)
{
  g_autoptr (GString) text = g_string_new (_ ("Products in grace by days left"));
  g_autofree char *current = describe (self, self->current);

  for (guint i = 0; i < N_BARS; i++)
    if (self->by_day[i] > 0)
      {
        g_autofree char *bar = describe (self, i);

        g_string_append_printf (text, "; %s", bar);
      }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text->str,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, current, -1);
}

void
lk_day_histogram_set_counts (LkDayHistogram *self, const guint *by_day)
{
  for (guint i = 0; i < N_BARS; i++)
    self->by_day[i] = by_day[i];
  name (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
open_bar (LkDayHistogram *self, guint day)
{
  g_autofree char *selection =
      g_strdup_printf ("state=grace,days%s%u", day >= LK_SUMMARY_DAYS ? ">=" : "=", day);

  if (self->by_day[day] > 0)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.show-rows", "s", selection);
}

static void
set_current (LkDayHistogram *self, guint day)
{
  if (self->current == day)
    return;
  self->current = day;
  name (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static gboolean
is_rtl (LkDayHistogram *self)
{
  return gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
}

static guint
find_bar (LkDayHistogram *self, double x)
{
  double width = MAX (gtk_widget_get_width (GTK_WIDGET (self)), 1);
  guint day = (guint) CLAMP (x * N_BARS / width, 0, N_BARS - 1);

  return is_rtl (self) ? N_BARS - 1 - day : day;
}

static void
on_click (GtkGestureClick *gesture, int n_press, double x, double y, LkDayHistogram *self)
{
  guint day = find_bar (self, x);

  gtk_widget_grab_focus (GTK_WIDGET (self));
  set_current (self, day);
  open_bar (self, day);
}

static gboolean
on_tooltip (GtkWidget *widget, int x, int y, gboolean by_keyboard, GtkTooltip *tooltip)
{
  LkDayHistogram *self = LK_DAY_HISTOGRAM (widget);
  g_autofree char *text = describe (self, by_keyboard ? self->current : find_bar (self, x));

  gtk_tooltip_set_text (tooltip, text);
  return TRUE;
}

static gboolean
on_key (GtkEventControllerKey *keys,
        guint key,
        guint code,
        GdkModifierType modifiers,
        LkDayHistogram *self)
{
  gboolean is_back = key == (is_rtl (self) ? GDK_KEY_Right : GDK_KEY_Left);

  if (key == GDK_KEY_Return || key == GDK_KEY_KP_Enter || key == GDK_KEY_space)
    open_bar (self, self->current);
  else if (key == GDK_KEY_Home || key == GDK_KEY_End)
    set_current (self, key == GDK_KEY_Home ? 0 : N_BARS - 1);
  else if (is_back && self->current > 0)
    set_current (self, self->current - 1);
  else if (!is_back && (key == GDK_KEY_Left || key == GDK_KEY_Right) && self->current + 1 < N_BARS)
    set_current (self, self->current + 1);
  else
    return FALSE;
  return TRUE;
}

static void
draw_scale (LkDayHistogram *self, GtkSnapshot *snapshot, float step, float top, const GdkRGBA *ink)
{
  for (guint day = 0; day < N_BARS; day += SOON)
    {
      g_autofree char *text = g_strdup_printf ("%u%s", day, day == LK_SUMMARY_DAYS ? "+" : "");
      g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
      int width = 0;
      float x = step * (float) (is_rtl (self) ? N_BARS - 1 - day : day);

      pango_layout_get_pixel_size (layout, &width, NULL);
      x = CLAMP (x + (step - (float) width) / 2, 0, step * N_BARS - (float) width);
      gtk_snapshot_save (snapshot);
      gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (x, top));
      gtk_snapshot_append_layout (snapshot, layout, ink);
      gtk_snapshot_restore (snapshot);
    }
}

static void
lk_day_histogram_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LkDayHistogram *self = LK_DAY_HISTOGRAM (widget);
  float step = (float) gtk_widget_get_width (widget) / N_BARS;
  float height = (float) gtk_widget_get_height (widget) - SCALE;
  gboolean has_focus = gtk_widget_has_visible_focus (widget);
  guint most = 1;
  GdkRGBA ink;
  GdkRGBA soon;
  GdkRGBA later;

  for (guint i = 0; i < N_BARS; i++)
    most = MAX (most, self->by_day[i]);
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &ink);
  gdk_rgba_parse (&soon, "#e01b24");
  gdk_rgba_parse (&later, "#3584e4");
  draw_scale (self, snapshot, step, height + 2, &ink);

  ink.alpha = 0.3f;
  gtk_snapshot_append_color (snapshot, &ink, &GRAPHENE_RECT_INIT (0, height - 1, step * N_BARS, 1));
  ink.alpha = 0.12f;
  for (guint i = 0; i < N_BARS; i++)
    {
      float x = step * (float) (is_rtl (self) ? N_BARS - 1 - i : i);
      float size = (height - 1) * (float) self->by_day[i] / (float) most;

      if (has_focus && i == self->current)
        gtk_snapshot_append_color (snapshot, &ink, &GRAPHENE_RECT_INIT (x, 0, step, height));
      if (self->by_day[i] == 0)
        continue;
      size = MAX (size, LEAST);
      gtk_snapshot_append_color (snapshot, i < SOON ? &soon : &later,
                                 &GRAPHENE_RECT_INIT (x + GAP / 2.0f, height - 1 - size, step - GAP,
                                                      size));
    }
}

static void
lk_day_histogram_class_init (LkDayHistogramClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->snapshot = lk_day_histogram_snapshot;
  widget_class->query_tooltip = on_tooltip;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
lk_day_histogram_init (LkDayHistogram *self)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();

  g_signal_connect (click, "released", G_CALLBACK (on_click), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
  gtk_widget_set_size_request (GTK_WIDGET (self), MIN_WIDTH, HEIGHT);
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), "pointer");
  gtk_widget_add_css_class (GTK_WIDGET (self), "caption");
}
