/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-summary.h"
#include "ui/lk-page.h"

/**
 * LkPageEntry:
 * @get_type: of a GtkWidget that implements LkPage
 *
 * One page of the window. A page is there when it has a line in the table.
 */
typedef struct
{
  const char *name;
  const char *title; /* to be translated */
  const char *icon;
  GType (*get_type) (void);
} LkPageEntry;

/* In the order of the sidebar; the last one's name is NULL. */
const LkPageEntry *lk_pages_get_all (void);

/**
 * LkPageView:
 *
 * A saved view of a page: a line below it in the sidebar.
 */
typedef struct
{
  const char *page;
  const char *title;     /* to be translated */
  const char *selection; /* for lk_page_show_view() */
  guint (*count) (const LkSummary *summary);
} LkPageView;

const LkPageView *lk_page_views_get_all (void);
