/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#define LK_TYPE_FACT (lk_fact_get_type ())
G_DECLARE_FINAL_TYPE (LkFact, lk_fact, LK, FACT, GtkWidget)

/**
 * LkFact:
 *
 * One thing that is known: what it is above, the value below, and a button that copies it. Is not
 * there while nothing is known. Properties: "title", "can-copy".
 */

/* @value NULL or "": not known. */
void lk_fact_set_value (LkFact *self, const char *value);
/* Shows @value, copies @bare. */
void lk_fact_set_value_and_copy (LkFact *self, const char *value, const char *bare);
