/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

/* Marks a row of a form as wrong and says why below it; @problem NULL: it is right. */
void lk_field_mark (GtkWidget *row, const char *problem);
/* The same for what a check found; gives whether it found nothing. Frees @error. */
gboolean lk_field_judge (GtkWidget *row, GError *error);

/* Tells assistive technology what @widget is called. */
void lk_field_name (GtkWidget *widget, const char *name);

/* Names what a window of the toolkit's own leaves without a name, or with the underscore of a
 * label. */
void lk_field_name_parts (GtkWidget *window);

/* libadwaita 1.2 leaves the eye of a password row without a name. */
void lk_field_name_eye (AdwPasswordEntryRow *row);

/* Asks before something is lost; the default is Cancel. @done is called when the person agrees. */
void lk_field_confirm (GtkWidget *parent,
                       const char *heading,
                       const char *body,
                       const char *verb,
                       GCallback done,
                       gpointer user_data);

/* Shows one page of a stack and hides the others, or a screen reader reads them all. */
void lk_field_show_page (GtkStack *stack, const char *name);
