/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-order-call.h"

/* The words of an order; everything is to be freed unless it is const. */

const char *lk_order_text_title (const char *plan);
/* "Activate 42 Products" */
char *lk_order_text_verb (const LkPreview *preview);
/* "Job 3: reading 60 machines" */
char *lk_order_text_filed (const char *plan, const LkOrderFiled *filed);
/* Why this way of activating, or why not; @is_suggested */
char *lk_order_text_method (const char *plan, const char *backend);
/* Who learns what. */
char *lk_order_text_leaves (const LkPreview *preview, const char *backend);
/* NULL: there is none. */
char *lk_order_text_obstacle (const LkPreview *preview);
/* "PC-0001 · Windows 11 Pro · uses one activation" */
char *lk_order_text_line (const LkPreview *preview, const LkPreviewLine *line);
/* The most frequent reasons why rows are left out. */
char *lk_order_text_left_out (const LkPreview *preview);

/* "310 left, 2 reserved, 5 used" */
char *lk_order_text_pool (const LkKeyRow *key);
