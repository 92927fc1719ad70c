/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-page.h"

G_DEFINE_INTERFACE (LkPage, lk_page, GTK_TYPE_WIDGET)

static void
lk_page_default_init (LkPageInterface *iface)
{
}

void
lk_page_set_desk (LkPage *self, LkDesk *desk)
{
  LK_PAGE_GET_IFACE (self)->set_desk (self, desk);
}

GtkWidget *
lk_page_get_search (LkPage *self)
{
  LkPageInterface *iface = LK_PAGE_GET_IFACE (self);

  return iface->get_search != NULL ? iface->get_search (self) : NULL;
}

GActionGroup *
lk_page_get_actions (LkPage *self)
{
  LkPageInterface *iface = LK_PAGE_GET_IFACE (self);

  return iface->get_actions != NULL ? iface->get_actions (self) : NULL;
}

GtkWidget *
lk_page_get_tools (LkPage *self)
{
  LkPageInterface *iface = LK_PAGE_GET_IFACE (self);

  return iface->get_tools != NULL ? iface->get_tools (self) : NULL;
}

void
lk_page_show_view (LkPage *self, const char *selection)
{
  LkPageInterface *iface = LK_PAGE_GET_IFACE (self);

  if (iface->show_view != NULL)
    iface->show_view (self, selection);
}
