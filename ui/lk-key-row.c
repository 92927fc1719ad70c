/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-key-row.h"

#include "console/lk-console-keys.h"
#include "ui/lk-field.h"
#include "ui/lk-order-text.h"

#include <glib/gi18n.h>

#define KEY_LEFT "lk-left"

static const char *
describe_kind (LkKeyKind kind)
{
  switch (kind)
    {
    case LK_KEY_MAK:
      return _ ("MAK");
    case LK_KEY_GVLK:
      return _ ("KMS client setup key");
    case LK_KEY_CSVLK:
      return _ ("KMS host key");
    case LK_KEY_RETAIL:
      return _ ("Retail");
    case LK_KEY_OEM:
      return _ ("OEM");
    case LK_KEY_UNKNOWN:
    default:
      return _ ("Kind not known");
    }
}

static char *
describe_check (const LkKeyRow *key)
{
  g_autoptr (GDateTime) time = key->pool.checked_at != 0
                                   ? g_date_time_new_from_unix_local (key->pool.checked_at / 1000)
                                   : NULL;
  g_autofree char *text = time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M") : NULL;

  return text != NULL ? g_strdup_printf (_ ("as of %s"), text) : g_strdup (_ ("never checked"));
}

/* "MAK · practice · Site licence 2026" above, what is left below. */
static char *
describe (const LkKeyRow *key)
{
  const char *title = lk_key_row_get_title (key);
  g_autofree char *pool = lk_order_text_pool (key);
  g_autofree char *check = describe_check (key);
  g_autoptr (GString) text = g_string_new (describe_kind (key->kind));

  if (key->is_practice)
    g_string_append_printf (text, " · %s", _ ("for practice only"));
  if (*title != '\0')
    g_string_append_printf (text, " · %s", title);
  if (key->edition != NULL && !g_str_equal (key->edition, title))
    g_string_append_printf (text, " · %s", key->edition);
  g_string_append_printf (text, "\n%s · %s", pool, check);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
fill (LkTableItem *item, AdwActionRow *row)
{
  const LkKeyRow *key = lk_table_item_get_value (item);
  GtkLabel *left = g_object_get_data (G_OBJECT (row), KEY_LEFT);
  g_autofree char *mask = lk_product_key_mask (key->last_five);
  g_autofree char *what = describe (key);
  g_autofree char *n = g_strdup_printf ("%d", (int) MAX (key->pool.left, 0));

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), mask);
  adw_action_row_set_subtitle (row, what);
  gtk_label_set_text (left, key->pool.remaining >= 0 ? n : "");
  if (key->pool.blocked_code != 0)
    gtk_widget_add_css_class (GTK_WIDGET (left), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (left), "error");
}

static void
append (GMenu *menu, const char *label, const char *action, gint64 id)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target_value (item, action, g_variant_new_int64 (id));
  g_menu_append_item (menu, item);
}

static GMenuModel *
make_menu (gint64 id)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) figures = g_menu_new ();
  g_autoptr (GMenu) rest = g_menu_new ();

  append (figures, _ ("_Check With the Backend"), "page.check-key", id);
  append (figures, _ ("_Set What Is Left…"), "page.set-remaining", id);
  append (rest, _ ("Re_veal…"), "page.reveal-key", id);
  append (rest, _ ("_Remove…"), "page.remove-key", id);
  g_menu_append_section (menu, NULL, G_MENU_MODEL (figures));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (rest));
  return G_MENU_MODEL (menu);
}

GtkWidget *
lk_key_row_widget_new (LkTableItem *item)
{
  const LkKeyRow *key = lk_table_item_get_value (item);
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *left = gtk_label_new (NULL);
  GtkWidget *button = gtk_menu_button_new ();
  g_autoptr (GMenuModel) menu = make_menu (key->id);
  g_autofree char *name =
      g_strdup_printf (_ ("What to do with the key that ends in %s"), key->last_five);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  gtk_widget_add_css_class (left, "numeric");
  gtk_widget_add_css_class (left, "title-2");
  gtk_widget_set_tooltip_text (left, _ ("Activations that are left"));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), left);
  g_object_set_data (G_OBJECT (row), KEY_LEFT, left);

  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), menu);
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (button), "view-more-symbolic");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, C_ ("menu button", "More"));
  lk_field_name (button, name);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), button);

  g_signal_connect_object (item, "filled", G_CALLBACK (fill), row, 0);
  fill (item, ADW_ACTION_ROW (row));
  return row;
}
