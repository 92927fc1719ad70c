/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-products-page.h"

struct _LkProductsPage
{
  AdwBin parent_instance;

  LkDesk *desk;
};

static void
lk_products_page_set_desk (LkPage *page, LkDesk *desk)
{
  LkProductsPage *self = LK_PRODUCTS_PAGE (page);

  g_set_object (&self->desk, desk);
}

static void
lk_products_page_init_page (LkPageInterface *iface)
{
  iface->set_desk = lk_products_page_set_desk;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (LkProductsPage,
                               lk_products_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (LK_TYPE_PAGE, lk_products_page_init_page))

static void
lk_products_page_dispose (GObject *object)
{
  LkProductsPage *self = LK_PRODUCTS_PAGE (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_PRODUCTS_PAGE);
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_products_page_parent_class)->dispose (object);
}

static void
lk_products_page_class_init (LkProductsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_products_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-products-page.ui");
}

static void
lk_products_page_init (LkProductsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
