/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-fact.h"

#include "ui/lk-window.h"

#include <glib/gi18n.h>

struct _LkFact
{
  GtkWidget parent_instance;

  char *title;
  char *bare;
  gboolean can_copy;

  GtkWidget *box;
  GtkLabel *caption;
  GtkLabel *label;
  GtkWidget *copy;
};

typedef enum
{
  PROP_TITLE = 1,
  PROP_CAN_COPY,
  N_PROPS,
} LkFactProperty;

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LkFact, lk_fact, GTK_TYPE_WIDGET)

void
lk_fact_set_value_and_copy (LkFact *self, const char *value, const char *bare)
{
  gboolean is_known = value != NULL && *value != '\0';

  gtk_widget_set_visible (GTK_WIDGET (self), is_known);
  if (!is_known ||
      (g_str_equal (gtk_label_get_text (self->label), value) && g_strcmp0 (self->bare, bare) == 0))
    return;
  g_free (self->bare);
  self->bare = g_strdup (bare);
  gtk_label_set_text (self->label, value);
}

void
lk_fact_set_value (LkFact *self, const char *value)
{
  lk_fact_set_value_and_copy (self, value, value);
}

static void
on_copy (LkFact *self)
{
  g_autofree char *text = g_strdup_printf (_ ("%s copied"), self->title);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), self->bare);
  lk_window_say (GTK_WIDGET (self), text);
}

static void
set_title (LkFact *self, const char *title)
{
  g_autofree char *copy = g_strdup_printf (_ ("Copy: %s"), title);

  g_free (self->title);
  self->title = g_strdup (title);
  gtk_label_set_text (self->caption, title);
  gtk_widget_set_tooltip_text (self->copy, copy);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->copy), GTK_ACCESSIBLE_PROPERTY_LABEL, copy,
                                  -1);
}

static void
lk_fact_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LkFact *self = LK_FACT (object);

  switch ((LkFactProperty) id)
    {
    case PROP_TITLE:
      set_title (self, g_value_get_string (value));
      break;
    case PROP_CAN_COPY:
      self->can_copy = g_value_get_boolean (value);
      gtk_widget_set_visible (self->copy, self->can_copy);
      break;
    case N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lk_fact_dispose (GObject *object)
{
  LkFact *self = LK_FACT (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_FACT);

  G_OBJECT_CLASS (lk_fact_parent_class)->dispose (object);
}

static void
lk_fact_finalize (GObject *object)
{
  g_free (LK_FACT (object)->title);
  g_free (LK_FACT (object)->bare);

  G_OBJECT_CLASS (lk_fact_parent_class)->finalize (object);
}

static void
lk_fact_class_init (LkFactClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->set_property = lk_fact_set_property;
  object_class->dispose = lk_fact_dispose;
  object_class->finalize = lk_fact_finalize;

  properties[PROP_TITLE] =
      g_param_spec_string ("title", NULL, NULL, "", G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_CAN_COPY] = g_param_spec_boolean ("can-copy", NULL, NULL, FALSE,
                                                    G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-fact.ui");
  gtk_widget_class_bind_template_child (widget_class, LkFact, box);
  gtk_widget_class_bind_template_child (widget_class, LkFact, caption);
  gtk_widget_class_bind_template_child (widget_class, LkFact, label);
  gtk_widget_class_bind_template_child (widget_class, LkFact, copy);
  gtk_widget_class_bind_template_callback (widget_class, on_copy);
}

static void
lk_fact_init (LkFact *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
