/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-activations-page.h"

struct _LkActivationsPage
{
  AdwBin parent_instance;

  LkDesk *desk;
};

static void
lk_activations_page_set_desk (LkPage *page, LkDesk *desk)
{
  LkActivationsPage *self = LK_ACTIVATIONS_PAGE (page);

  g_set_object (&self->desk, desk);
}

static void
lk_activations_page_init_page (LkPageInterface *iface)
{
  iface->set_desk = lk_activations_page_set_desk;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (LkActivationsPage,
                               lk_activations_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (LK_TYPE_PAGE, lk_activations_page_init_page))

static void
lk_activations_page_dispose (GObject *object)
{
  LkActivationsPage *self = LK_ACTIVATIONS_PAGE (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_ACTIVATIONS_PAGE);
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_activations_page_parent_class)->dispose (object);
}

static void
lk_activations_page_class_init (LkActivationsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_activations_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-activations-page.ui");
}

static void
lk_activations_page_init (LkActivationsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
