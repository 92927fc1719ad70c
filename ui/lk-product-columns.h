/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-row-list.h"

#include <gtk/gtk.h>

/* The columns of the main list: what stands in a cell, which order a click on the header asks for,
 * and what a person has chosen of it. The actions “columns.NAME” show and hide them. */

typedef struct _LkProductColumns LkProductColumns;

/* Adds the columns to @view, as @state (NULL: none) keeps them. */
LkProductColumns *lk_product_columns_new (GtkColumnView *view, GSettings *state);
/* Widths and order go to the settings. */
void lk_product_columns_free (LkProductColumns *self);

GActionGroup *lk_product_columns_get_actions (LkProductColumns *self);
/* One item for each column. Belongs to @self. */
GMenuModel *lk_product_columns_get_menu (LkProductColumns *self);

/* What the headers say now. */
LkRowSort lk_product_columns_get_sort (LkProductColumns *self, gboolean *is_descending);

/* The position of the row that @widget, a part of the list, belongs to, or
 * GTK_INVALID_LIST_POSITION. */
guint lk_product_columns_find_row (GtkWidget *widget);

/* How a state looks: an icon, and a class of the style sheet. */
const char *lk_license_status_to_icon (LkLicenseStatus status);
const char *lk_license_status_to_style (LkLicenseStatus status);

/* For people, translated. */
const char *lk_key_kind_to_title (LkKeyKind kind);
/* In this place's time; "" for 0. To be freed. */
char *lk_time_to_text (gint64 ms);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkProductColumns, lk_product_columns_free)
