/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-field.h"

#include <glib/gi18n.h>

#define KEY_PROBLEM "lk-problem"

/* The line below the row, made when it is first needed. It can have the focus: Tab would not get
 * past one that cannot. */
static GtkWidget *
get_problem_row (GtkWidget *row)
{
  GtkWidget *problem = g_object_get_data (G_OBJECT (row), KEY_PROBLEM);
  GtkWidget *list = gtk_widget_get_parent (row);
  GtkWidget *label;

  if (problem != NULL || !GTK_IS_LIST_BOX (list))
    return problem;

  label = gtk_label_new (NULL);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "error");
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (label, "problem");
  problem = adw_preferences_row_new (); /* a group takes no other ones */
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (problem), label);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (problem), FALSE);
  gtk_list_box_row_set_selectable (GTK_LIST_BOX_ROW (problem), FALSE);
  gtk_list_box_insert (GTK_LIST_BOX (list), problem,
                       gtk_list_box_row_get_index (GTK_LIST_BOX_ROW (row)) + 1);
  g_object_set_data (G_OBJECT (row), KEY_PROBLEM, problem);
  return problem;
}

void
lk_field_mark (GtkWidget *row, const char *problem)
{
  GtkWidget *line =
      problem != NULL ? get_problem_row (row) : g_object_get_data (G_OBJECT (row), KEY_PROBLEM);

  if (problem != NULL)
    gtk_widget_add_css_class (row, "error");
  else
    gtk_widget_remove_css_class (row, "error");
  gtk_accessible_update_state (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_STATE_INVALID,
                               problem != NULL ? GTK_ACCESSIBLE_INVALID_TRUE
                                               : GTK_ACCESSIBLE_INVALID_FALSE,
                               -1);
  if (line == NULL)
    return;
  gtk_label_set_text (GTK_LABEL (gtk_list_box_row_get_child (GTK_LIST_BOX_ROW (line))),
                      problem != NULL ? problem : "");
  gtk_accessible_update_property (GTK_ACCESSIBLE (line), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  problem != NULL ? problem : "", -1);
  gtk_widget_set_visible (line, problem != NULL);
}

gboolean
lk_field_judge (GtkWidget *row, GError *error)
{
  g_autoptr (GError) owned = error;

  lk_field_mark (row, owned != NULL ? owned->message : NULL);
  return owned == NULL;
}

void
lk_field_name (GtkWidget *widget, const char *name)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static gboolean
name_eye (GtkWidget *widget)
{
  if (GTK_IS_BUTTON (widget) && gtk_widget_get_visible (widget)) /* the other one applies */
    {
      lk_field_name (widget, _ ("Show what is typed"));
      return TRUE;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (name_eye (child))
      return TRUE;
  return FALSE;
}

void
lk_field_name_eye (AdwPasswordEntryRow *row)
{
  name_eye (GTK_WIDGET (row));
}

/* Of a button with nothing but a picture, where the toolkit made it. */
static const struct
{
  const char *icon;
  const char *name;
} pictures[] = {
  { "edit-find-symbolic", N_ ("Search") },
  { "go-previous-symbolic", N_ ("Back") },
};

static void
name_button (GtkWidget *button)
{
  GtkWidget *child = gtk_button_get_child (GTK_BUTTON (button));
  const char *icon = GTK_IS_IMAGE (child) ? gtk_image_get_icon_name (GTK_IMAGE (child)) : NULL;

  if (GTK_IS_LABEL (child))
    {
      g_auto (GStrv) parts = g_strsplit (gtk_label_get_label (GTK_LABEL (child)), "_", -1);
      g_autofree char *name = g_strjoinv ("", parts);

      lk_field_name (button, name);
    }
  for (guint i = 0; icon != NULL && i < G_N_ELEMENTS (pictures); i++)
    if (g_str_equal (icon, pictures[i].icon))
      lk_field_name (button, _ (pictures[i].name));
}

void
lk_field_name_parts (GtkWidget *widget)
{
  if (GTK_IS_BUTTON (widget))
    name_button (widget);
  else if (GTK_IS_SEARCH_ENTRY (widget))
    lk_field_name (widget, _ ("Search"));
  else if (GTK_IS_MENU_BUTTON (widget))
    lk_field_name (widget, _ ("Menu"));
  else if (GTK_IS_TEXT_VIEW (widget))
    lk_field_name (widget, _ ("Text"));
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    lk_field_name_parts (child);
}

void
lk_field_confirm (GtkWidget *parent,
                  const char *heading,
                  const char *body,
                  const char *verb,
                  GCallback done,
                  gpointer user_data)
{
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (parent));
  GtkWidget *dialog = adw_message_dialog_new (window, heading, body);

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "go",
                                    verb, NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "go",
                                              ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  lk_field_name_parts (dialog);
  g_signal_connect_object (dialog, "response::go", done, user_data, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

void
lk_field_show_page (GtkStack *stack, const char *name)
{
  GtkWidget *page = gtk_stack_get_child_by_name (stack, name);

  gtk_widget_set_visible (page, TRUE);
  gtk_stack_set_visible_child (stack, page);
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (stack)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    gtk_widget_set_visible (child, child == page);
}
