/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-pool-meter.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define HEIGHT 10
#define WIDTH  120

struct _LkPoolMeter
{
  GtkWidget parent_instance;

  double used;
  double reserved;
  double left;
};

G_DEFINE_FINAL_TYPE (LkPoolMeter, lk_pool_meter, GTK_TYPE_WIDGET)

char *
lk_pool_describe (const LkPool *pool)
{
  g_autofree char *used =
      g_strdup_printf (ngettext ("%'u used", "%'u used", pool->confirmed), pool->confirmed);
  g_autofree char *reserved =
      g_strdup_printf (ngettext ("%'u reserved", "%'u reserved", pool->open), pool->open);
  g_autofree char *left =
      pool->remaining < 0
          ? g_strdup (_ ("what is left is not known"))
          : g_strdup_printf (ngettext ("%'d left", "%'d left", (gulong) MAX (pool->left, 0)),
                             (int) MAX (pool->left, 0));

  /* Translators: of a key's activations: used, reserved, left */
  return g_strdup_printf (_ ("%s, %s, %s"), used, reserved, left);
}

void
lk_pool_meter_set_pool (LkPoolMeter *self, const char *name, const LkPool *pool)
{
  g_autofree char *text = lk_pool_describe (pool);

  self->used = pool->confirmed;
  self->reserved = pool->open;
  self->left = pool->remaining >= 0 ? (double) MAX (pool->left, 0) : 0;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_MIN, 0.0,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_MAX,
                                  self->used + self->reserved + self->left,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, self->used + self->reserved,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), text);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
lk_pool_meter_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LkPoolMeter *self = LK_POOL_METER (widget);
  AdwStyleManager *style = adw_style_manager_get_default ();
  float width = (float) gtk_widget_get_width (widget);
  float height = (float) gtk_widget_get_height (widget);
  double all = self->used + self->reserved + self->left;
  float used = all > 0 ? (float) (width * self->used / all) : 0;
  float reserved = all > 0 ? (float) (width * self->reserved / all) : 0;
  gboolean is_rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  GskRoundedRect outline;
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  color.alpha = adw_style_manager_get_high_contrast (style) ? 0.35f : 0.15f;
  gsk_rounded_rect_init_from_rect (&outline, &GRAPHENE_RECT_INIT (0, 0, width, height), height / 2);
  gtk_snapshot_push_rounded_clip (snapshot, &outline);
  gtk_snapshot_append_color (snapshot, &color, &outline.bounds);
  gdk_rgba_parse (&color, "#3584e4");
  gtk_snapshot_append_color (snapshot, &color,
                             &GRAPHENE_RECT_INIT (is_rtl ? width - used : 0, 0, used, height));
  gdk_rgba_parse (&color, "#e5a50a");
  gtk_snapshot_append_color (snapshot, &color,
                             &GRAPHENE_RECT_INIT (is_rtl ? width - used - reserved : used, 0,
                                                  reserved, height));
  gtk_snapshot_pop (snapshot);
}

static void
lk_pool_meter_class_init (LkPoolMeterClass *klass)
{
  GTK_WIDGET_CLASS (klass)->snapshot = lk_pool_meter_snapshot;
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_METER);
}

static void
lk_pool_meter_init (LkPoolMeter *self)
{
  gtk_widget_set_size_request (GTK_WIDGET (self), WIDTH, HEIGHT);
}

GtkWidget *
lk_pool_meter_new (void)
{
  return g_object_new (LK_TYPE_POOL_METER, NULL);
}
