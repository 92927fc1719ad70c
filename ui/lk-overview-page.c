/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-overview-page.h"

struct _LkOverviewPage
{
  AdwBin parent_instance;

  LkDesk *desk;
};

static void
lk_overview_page_set_desk (LkPage *page, LkDesk *desk)
{
  LkOverviewPage *self = LK_OVERVIEW_PAGE (page);

  g_set_object (&self->desk, desk);
}

static void
lk_overview_page_init_page (LkPageInterface *iface)
{
  iface->set_desk = lk_overview_page_set_desk;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (LkOverviewPage,
                               lk_overview_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (LK_TYPE_PAGE, lk_overview_page_init_page))

static void
lk_overview_page_dispose (GObject *object)
{
  LkOverviewPage *self = LK_OVERVIEW_PAGE (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_OVERVIEW_PAGE);
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_overview_page_parent_class)->dispose (object);
}

static void
lk_overview_page_class_init (LkOverviewPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_overview_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-overview-page.ui");
}

static void
lk_overview_page_init (LkOverviewPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
