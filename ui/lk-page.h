/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <gtk/gtk.h>

#define LK_TYPE_PAGE (lk_page_get_type ())
G_DECLARE_INTERFACE (LkPage, lk_page, LK, PAGE, GtkWidget)

/**
 * LkPageInterface:
 * @set_desk: the store that the page shows; NULL when the window closes. The page keeps a reference
 *   and cancels what it asked when it gets another one.
 * @get_search: what Ctrl+F goes to
 * @get_actions: are “page.NAME” while the page is shown; the page's
 * @get_tools: stands at the end of the header bar while the page is shown; the page's
 * @show_view: shows these rows; a selection in the language of `--select`, "" for all
 *
 * What a page of the window can do. All but the first may be left out.
 */
struct _LkPageInterface
{
  GTypeInterface parent_iface;

  void (*set_desk) (LkPage *self, LkDesk *desk);
  GtkWidget *(*get_search) (LkPage *self);
  GActionGroup *(*get_actions) (LkPage *self);
  GtkWidget *(*get_tools) (LkPage *self);
  void (*show_view) (LkPage *self, const char *selection);
};

void lk_page_set_desk (LkPage *self, LkDesk *desk);
GtkWidget *lk_page_get_search (LkPage *self);
GActionGroup *lk_page_get_actions (LkPage *self);
GtkWidget *lk_page_get_tools (LkPage *self);
void lk_page_show_view (LkPage *self, const char *selection);
