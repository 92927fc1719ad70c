/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-state-ring.h"

#include "ui/lk-field.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define SIZE   180
#define HOLE   0.66f /* of the radius */
#define GAP    2     /* between two states */
#define SWATCH 12

struct _LkStateSwatch
{
  GtkWidget parent_instance;

  LkLicenseStatus status;
};

struct _LkStateRing
{
  GtkWidget parent_instance;

  guint by_state[LK_COUNT_N_STATES];
  guint n_all;
  GtkLabel *number;
};

G_DEFINE_FINAL_TYPE (LkStateSwatch, lk_state_swatch, GTK_TYPE_WIDGET)
G_DEFINE_FINAL_TYPE (LkStateRing, lk_state_ring, GTK_TYPE_WIDGET)

/* By LkLicenseStatus + 1: as they are, and for high contrast. */
static const char *const colors[LK_COUNT_N_STATES][2] = {
  { "#9a9996", "#5e5c64" }, /* not read yet */
  { "#a51d2d", "#800000" }, /* unlicensed */
  { "#2ec27e", "#1a7a4c" }, /* licensed */
  { "#3584e4", "#1a5fb4" }, /* initial grace */
  { "#e5a50a", "#9c6500" }, /* out-of-tolerance grace */
  { "#9141ac", "#613583" }, /* non-genuine grace */
  { "#e01b24", "#b0000b" }, /* notification */
  { "#ff7800", "#b34700" }, /* extended grace */
};

void
lk_state_get_color (LkLicenseStatus status, GdkRGBA *color)
{
  guint i = (guint) CLAMP ((int) status + 1, 0, LK_COUNT_N_STATES - 1);
  AdwStyleManager *style = adw_style_manager_get_default ();
  gboolean is_strong =
      adw_style_manager_get_high_contrast (style) && !adw_style_manager_get_dark (style);

  gdk_rgba_parse (color, colors[i][is_strong ? 1 : 0]);
}

static void
watch_style (GtkWidget *widget)
{
  AdwStyleManager *style = adw_style_manager_get_default ();

  g_signal_connect_object (style, "notify::dark", G_CALLBACK (gtk_widget_queue_draw), widget,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (style, "notify::high-contrast", G_CALLBACK (gtk_widget_queue_draw),
                           widget, G_CONNECT_SWAPPED);
}

static void
lk_state_swatch_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  float size = (float) MIN (gtk_widget_get_width (widget), gtk_widget_get_height (widget));
  GskRoundedRect dot;
  GdkRGBA color;

  lk_state_get_color (LK_STATE_SWATCH (widget)->status, &color);
  gsk_rounded_rect_init_from_rect (&dot, &GRAPHENE_RECT_INIT (0, 0, size, size), size / 2);
  gtk_snapshot_push_rounded_clip (snapshot, &dot);
  gtk_snapshot_append_color (snapshot, &color, &dot.bounds);
  gtk_snapshot_pop (snapshot);
}

static void
lk_state_swatch_class_init (LkStateSwatchClass *klass)
{
  GTK_WIDGET_CLASS (klass)->snapshot = lk_state_swatch_snapshot;
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
lk_state_swatch_init (LkStateSwatch *self)
{
  gtk_widget_set_size_request (GTK_WIDGET (self), SWATCH, SWATCH);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  watch_style (GTK_WIDGET (self));
}

GtkWidget *
lk_state_swatch_new (LkLicenseStatus status)
{
  LkStateSwatch *self = g_object_new (LK_TYPE_STATE_SWATCH, NULL);

  self->status = status;
  return GTK_WIDGET (self);
}

static void
name (LkStateRing *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text,
                          ngettext ("%'u product by state", "%'u products by state", self->n_all),
                          self->n_all);
  for (guint i = 0; i < LK_COUNT_N_STATES; i++)
    if (self->by_state[i] > 0)
      g_string_append_printf (text, "; %s: %'u",
                              lk_license_status_to_title ((LkLicenseStatus) ((int) i - 1)),
                              self->by_state[i]);
  lk_field_name (GTK_WIDGET (self), text->str);
}

void
lk_state_ring_set_counts (LkStateRing *self, const guint *by_state)
{
  g_autofree char *number = NULL;

  self->n_all = 0;
  for (guint i = 0; i < LK_COUNT_N_STATES; i++)
    {
      self->by_state[i] = by_state[i];
      self->n_all += by_state[i];
    }
  number = g_strdup_printf ("%'u", self->n_all);
  gtk_label_set_text (self->number, number);
  name (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* The states as sectors, with hard edges; gives how many stops there are. */
static gsize
make_stops (LkStateRing *self, GskColorStop *stops, float *edges, gsize *n_edges)
{
  guint n_before = 0;
  gsize n = 0;

  *n_edges = 0;
  for (guint i = 0; i < LK_COUNT_N_STATES; i++)
    {
      GdkRGBA color;

      if (self->by_state[i] == 0)
        continue;
      lk_state_get_color ((LkLicenseStatus) ((int) i - 1), &color);
      edges[(*n_edges)++] = (float) n_before / (float) self->n_all;
      stops[n++] = (GskColorStop){ (float) n_before / (float) self->n_all, color };
      n_before += self->by_state[i];
      stops[n++] = (GskColorStop){ (float) n_before / (float) self->n_all, color };
    }
  return n;
}

/* Of the card that we stand on: in dark style it lets the window's shine through. */
static void
get_background (GtkWidget *widget, GdkRGBA *color)
{
  GtkStyleContext *context = gtk_widget_get_style_context (widget);
  GdkRGBA card = { 1, 1, 1, 1 };

  gtk_style_context_lookup_color (context, "window_bg_color", color);
  gtk_style_context_lookup_color (context, "card_bg_color", &card);
  color->red += (card.red - color->red) * card.alpha;
  color->green += (card.green - color->green) * card.alpha;
  color->blue += (card.blue - color->blue) * card.alpha;
}

static void
lk_state_ring_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LkStateRing *self = LK_STATE_RING (widget);
  float width = (float) gtk_widget_get_width (widget);
  float height = (float) gtk_widget_get_height (widget);
  float radius = MIN (width, height) / 2;
  graphene_point_t center = { width / 2, height / 2 };
  GskColorStop stops[2 * LK_COUNT_N_STATES];
  float edges[LK_COUNT_N_STATES];
  gsize n_edges = 0;
  gsize n_stops = make_stops (self, stops, edges, &n_edges);
  float inner = radius * HOLE;
  GskRoundedRect outside;
  GskRoundedRect hole;
  GdkRGBA background = { 1, 1, 1, 1 };
  GdkRGBA faint = { 0.5f, 0.5f, 0.5f, 0.25f };

  get_background (widget, &background);
  gsk_rounded_rect_init_from_rect (&outside,
                                   &GRAPHENE_RECT_INIT (center.x - radius, center.y - radius,
                                                        2 * radius, 2 * radius),
                                   radius);
  gsk_rounded_rect_init_from_rect (
      &hole, &GRAPHENE_RECT_INIT (center.x - inner, center.y - inner, 2 * inner, 2 * inner), inner);

  gtk_snapshot_push_rounded_clip (snapshot, &outside);
  if (n_stops > 2)
    gtk_snapshot_append_conic_gradient (snapshot, &outside.bounds, &center, 0, stops, n_stops);
  else
    gtk_snapshot_append_color (snapshot, n_stops > 0 ? &stops[0].color : &faint, &outside.bounds);
  for (gsize i = 0; n_edges > 1 && i < n_edges; i++)
    {
      gtk_snapshot_save (snapshot);
      gtk_snapshot_translate (snapshot, &center);
      gtk_snapshot_rotate (snapshot, edges[i] * 360);
      gtk_snapshot_append_color (snapshot, &background,
                                 &GRAPHENE_RECT_INIT (-GAP / 2.0f, -radius, GAP, radius));
      gtk_snapshot_restore (snapshot);
    }
  gtk_snapshot_push_rounded_clip (snapshot, &hole);
  gtk_snapshot_append_color (snapshot, &background, &hole.bounds);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_pop (snapshot);

  GTK_WIDGET_CLASS (lk_state_ring_parent_class)->snapshot (widget, snapshot);
}

static void
lk_state_ring_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);

  G_OBJECT_CLASS (lk_state_ring_parent_class)->dispose (object);
}

static void
lk_state_ring_class_init (LkStateRingClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_state_ring_dispose;
  widget_class->snapshot = lk_state_ring_snapshot;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void
lk_state_ring_init (LkStateRing *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *caption = gtk_label_new (_ ("products"));

  self->number = GTK_LABEL (gtk_label_new ("0"));
  gtk_widget_add_css_class (GTK_WIDGET (self->number), "title-1");
  gtk_widget_add_css_class (caption, "dim-label");
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->number));
  gtk_box_append (GTK_BOX (box), caption);
  gtk_widget_set_halign (box, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  gtk_widget_set_parent (box, GTK_WIDGET (self));
  gtk_widget_set_size_request (GTK_WIDGET (self), SIZE, SIZE);
  watch_style (GTK_WIDGET (self));
}
