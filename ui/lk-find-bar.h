/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-find.h"

#include <gtk/gtk.h>

/**
 * LkFindBar:
 *
 * The button that searches, which stops while it does, with how far the search is and what it
 * found. Signals "search", "test" and "save": the button was pressed, and whoever knows what is
 * wanted calls lk_find_bar_start(), or keeps it; "ended": that is over.
 */
#define LK_TYPE_FIND_BAR (lk_find_bar_get_type ())
G_DECLARE_FINAL_TYPE (LkFindBar, lk_find_bar, LK, FIND_BAR, GtkBox)

/* @verb: with an underscore, what the button says; NULL: Search. */
void lk_find_bar_set_verb (LkFindBar *self, const char *verb, const char *name);
void lk_find_bar_show_test (LkFindBar *self);
void lk_find_bar_show_save (LkFindBar *self);

/* @keeps: what was found before stays in the list. Takes @order. */
void lk_find_bar_start (LkFindBar *self,
                        LkDesk *desk,
                        gboolean keeps,
                        LkFindFunc func,
                        gpointer order,
                        GDestroyNotify free_order);
/* Of LkFound. */
GListModel *lk_find_bar_get_list (LkFindBar *self);
/* Forgets what was found, and ends the search that runs without a word. */
void lk_find_bar_clear (LkFindBar *self);
