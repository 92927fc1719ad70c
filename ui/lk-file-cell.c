/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-file-cell.h"

#include "ui/lk-field.h"
#include "ui/lk-transfer-text.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define KEY_PARTS "lk-parts"

typedef struct
{
  gint64 id;
  GtkImage *icon;
  GtkWidget *progress;
  GtkWidget *menu;
} Parts;

static Parts *
get_parts (GtkWidget *cell)
{
  return g_object_get_data (G_OBJECT (cell), KEY_PARTS);
}

static GtkWidget *
make_progress (void)
{
  GtkWidget *progress = gtk_progress_bar_new ();

  gtk_widget_set_valign (progress, GTK_ALIGN_CENTER);
  gtk_widget_set_size_request (progress, 60, -1);
  lk_field_name (progress, _ ("Rows that are answered"));
  return progress;
}

static GtkWidget *
make_menu_button (void)
{
  GtkWidget *button = gtk_menu_button_new ();

  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (button), "view-more-symbolic");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _ ("More"));
  return button;
}

GtkWidget *
lk_file_cell_new (gint64 id)
{
  GtkWidget *cell = adw_action_row_new ();
  Parts *parts = g_new0 (Parts, 1);

  parts->id = id;
  parts->icon = GTK_IMAGE (gtk_image_new ());
  parts->progress = make_progress ();
  parts->menu = make_menu_button ();
  g_object_set (parts->icon, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (cell), FALSE);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (cell), 0);
  adw_action_row_add_prefix (ADW_ACTION_ROW (cell), GTK_WIDGET (parts->icon));
  adw_action_row_add_suffix (ADW_ACTION_ROW (cell), parts->progress);
  adw_action_row_add_suffix (ADW_ACTION_ROW (cell), parts->menu);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (cell), parts->menu);
  g_object_set_data_full (G_OBJECT (cell), KEY_PARTS, parts, g_free);
  return cell;
}

gint64
lk_file_cell_get_id (GtkWidget *cell)
{
  return get_parts (cell)->id;
}

static gboolean
is_being_answered (const LkTransferRow *file)
{
  return file->kind == LK_TRANSFER_REQUEST && !file->is_written;
}

static void
append (GMenu *menu, const char *label, const char *action, GVariant *target)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target_value (item, action, target);
  g_menu_append_item (menu, item);
}

static void
fill_menu (GtkWidget *button, const LkTransferRow *file, const char *title)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autofree char *rows = g_strdup_printf ("transfer=%" G_GINT64_FORMAT, file->id);
  g_autofree char *name = g_strdup_printf (_ ("What to do with %s"), title);

  if (is_being_answered (file))
    append (menu, _ ("_Write the Answer…"), "page.write-answer", g_variant_new_int64 (file->id));
  else if (file->kind != LK_TRANSFER_INVENTORY)
    append (menu, _ ("Show the _Rows in Products"), "win.show-rows", g_variant_new_string (rows));
  if (file->kind == LK_TRANSFER_REQUEST)
    append (menu, _ ("_Drop…"), "page.drop-request", g_variant_new_int64 (file->id));
  append (menu, _ ("Show in _Folder"), "page.show-in-folder", g_variant_new_int64 (file->id));
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), G_MENU_MODEL (menu));
  lk_field_name (button, name);
}

static const char *
get_icon (const LkTransferRow *file)
{
  if (file->note != NULL)
    return "dialog-warning-symbolic";
  return file->is_written ? "document-send-symbolic" : "document-open-symbolic";
}

void
lk_file_cell_set (GtkWidget *cell, const LkTransferRow *file)
{
  Parts *parts = get_parts (cell);
  g_autofree char *title = g_path_get_basename (file->path);
  g_autofree char *what = lk_transfer_text_file (file);
  g_autofree char *counts = lk_transfer_text_file_counts (file);
  g_autofree char *text = g_strconcat (what, "\n", counts, file->note != NULL ? "\n" : "",
                                       file->note != NULL ? file->note : "", NULL);
  guint n_over = file->n_done + file->n_failed;

  if (gtk_menu_button_get_menu_model (GTK_MENU_BUTTON (parts->menu)) == NULL)
    fill_menu (parts->menu, file, title);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (cell), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (cell), text);
  gtk_widget_set_tooltip_text (cell, file->path);
  gtk_image_set_from_icon_name (parts->icon, get_icon (file));
  gtk_widget_set_visible (parts->progress, is_being_answered (file) && file->n_open > 0);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (parts->progress),
                                 file->n_rows > 0 ? MIN (1.0, (double) n_over / file->n_rows) : 0);
}
