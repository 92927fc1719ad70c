/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-products-page.h"

#include "domain/lk-job.h"
#include "ui/lk-details-pane.h"
#include "ui/lk-field.h"
#include "ui/lk-filter-row.h"
#include "ui/lk-product-columns.h"
#include "ui/lk-row-picker.h"
#include "ui/lk-row-verbs.h"
#include "ui/lk-selection-text.h"
#include "ui/lk-window-state.h"

#include <glib/gi18n.h>

#define SETTING_DETAILS "details-shown"

struct _LkProductsPage
{
  AdwBin parent_instance;

  LkDesk *desk;
  LkRowList *list;
  LkRowPicker *picker;
  LkRowVerbs *verbs;
  LkProductColumns *columns;
  GSettings *state;
  GSimpleActionGroup *actions;
  GtkWidget *popover;
  char *wanted;       /* the selection that is shown, or is about to be */
  gboolean wants_top; /* of what is about to be shown */

  GtkWidget *tools;
  GtkWidget *activate_button;
  GtkWidget *activate_icon;
  GMenuModel *row_menu;
  AdwFlap *flap;
  LkDetailsPane *details;
  GtkEditable *search;
  GtkLabel *problem;
  GtkBox *filters;
  GtkStack *stack;
  GtkColumnView *view;
  GtkLabel *count;
  GtkMenuButton *columns_button;
};

static void lk_products_page_init_page (LkPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (LkProductsPage,
                               lk_products_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (LK_TYPE_PAGE, lk_products_page_init_page))

/* What needs selected rows. */
static const struct
{
  const char *action;
  const char *verb;
} verbs[] = {
  { "refresh", LK_PLAN_REFRESH },
  { "install-key", LK_PLAN_INSTALL_KEY },
  { "activate-proxy", LK_PLAN_ACTIVATE_PROXY },
  { "activate-online", LK_PLAN_ACTIVATE_ONLINE },
  { "phone", LK_VERB_PHONE },
  { "save-request", LK_VERB_SAVE },
  { "deposit", LK_PLAN_DEPOSIT },
  { "uninstall-key", LK_PLAN_UNINSTALL_KEY },
  { "rearm", LK_PLAN_REARM },
  { "check", LK_VERB_CHECK },
  { "certificate", LK_VERB_CERTIFICATE },
  { "merge", LK_VERB_MERGE },
  { "tags", LK_VERB_TAGS },
  { "forget", LK_VERB_FORGET },
};

static void
show_problem (LkProductsPage *self, const char *text)
{
  gtk_label_set_text (self->problem, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), text != NULL);
  if (text != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->search), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->search), "error");
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->search), GTK_ACCESSIBLE_STATE_INVALID,
                               text != NULL ? GTK_ACCESSIBLE_INVALID_TRUE
                                            : GTK_ACCESSIBLE_INVALID_FALSE,
                               -1);
}

static void
show_count (LkProductsPage *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->list));
  guint n_selected = lk_row_picker_get_n_selected (self->picker);
  g_autofree char *rows = g_strdup_printf (g_dngettext (NULL, "%'u row", "%'u rows", n), n);
  g_autofree char *selected =
      g_strdup_printf (g_dngettext (NULL, "%'u selected", "%'u selected", n_selected), n_selected);
  g_autofree char *both = n_selected > 0
                              ? g_strdup_printf (C_ ("rows, selected", "%s, %s"), rows, selected)
                              : g_strdup (rows);

  if (!g_str_equal (gtk_label_get_text (self->count), both))
    gtk_label_set_text (self->count, both);
}

static void
enable_verbs (LkProductsPage *self)
{
  gboolean has_rows = self->picker != NULL && lk_row_picker_get_n_selected (self->picker) > 0;

  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    g_simple_action_set_enabled (G_SIMPLE_ACTION (
                                     g_action_map_lookup_action (G_ACTION_MAP (self->actions),
                                                                 verbs[i].action)),
                                 has_rows);
  gtk_widget_set_sensitive (self->activate_button, has_rows);
  gtk_widget_set_sensitive (self->activate_icon, has_rows);
}

static void
show_details (LkProductsPage *self)
{
  guint first = lk_row_picker_get_first (self->picker);
  g_autoptr (LkRowItem) item = first != GTK_INVALID_LIST_POSITION
                                   ? g_list_model_get_item (G_LIST_MODEL (self->list), first)
                                   : NULL;

  lk_details_pane_set_item (self->details, adw_flap_get_reveal_flap (self->flap) ? item : NULL,
                            lk_row_picker_get_n_selected (self->picker));
}

static void
on_picked (LkProductsPage *self)
{
  show_count (self);
  enable_verbs (self);
  /* While the list is between two states, its rows are not those that are meant. */
  if (!lk_row_list_is_loading (self->list))
    show_details (self);
}

static void
on_loaded (LkProductsPage *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->list));

  lk_field_show_page (self->stack, n > 0 ? "rows" : "nothing");
  /* GtkListView stays with the rows that it shows, wherever these are now: right while the fleet
   * changes, but who asks for other rows wants the first ones. */
  if (self->wants_top && n > 0)
    gtk_widget_activate_action (gtk_widget_get_last_child (GTK_WIDGET (self->view)),
                                "list.scroll-to-item", "u", 0);
  self->wants_top = FALSE;
}

static void
on_failed (LkProductsPage *self, const GError *error)
{
  show_problem (self, error->message);
}

static void
on_sorter_changed (LkProductsPage *self)
{
  gboolean is_descending;
  LkRowSort sort;

  if (self->list == NULL || self->columns == NULL)
    return;
  sort = lk_product_columns_get_sort (self->columns, &is_descending);
  lk_row_list_set_order (self->list, sort, is_descending);
  self->wants_top = lk_row_list_is_loading (self->list);
}

static void
apply_selection (LkProductsPage *self)
{
  const char *text = gtk_editable_get_text (self->search);
  g_autoptr (GError) error = NULL;

  g_free (self->wanted);
  self->wanted = g_strdup (text);
  lk_filter_row_show (self->filters, text);
  if (self->list == NULL)
    return;
  self->wants_top = lk_row_list_set_selection (self->list, text, &error);
  show_problem (self, error != NULL ? error->message : NULL);
}

/* Comes a moment after the typing. */
static void
on_search_changed (LkProductsPage *self)
{
  if (g_strcmp0 (self->wanted, gtk_editable_get_text (self->search)) != 0)
    apply_selection (self);
}

static void
set_text (LkProductsPage *self, const char *text)
{
  if (!g_str_equal (gtk_editable_get_text (self->search), text))
    {
      gtk_editable_set_text (self->search, text);
      gtk_editable_set_position (self->search, -1);
    }
  apply_selection (self);
}

static void
on_filter_chosen (const char *field, const char *value, gpointer user_data)
{
  LkProductsPage *self = user_data;
  g_autofree char *text =
      lk_selection_text_set (gtk_editable_get_text (self->search), field, value);

  set_text (self, text);
}

static void
on_verb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkProductsPage *self = user_data;
  g_autoptr (GArray) keys = NULL;

  if (self->picker == NULL)
    return;
  keys = lk_row_picker_get_keys (self->picker);
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i].action, g_action_get_name (G_ACTION (action))))
      lk_row_verbs_do (self->verbs, verbs[i].verb, keys);
}

static void
on_show_all (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  set_text (user_data, "");
}

static void
on_select_all (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkProductsPage *self = user_data;

  if (self->picker != NULL)
    gtk_selection_model_select_all (lk_row_picker_get_model (self->picker));
}

static void
on_row_activated (LkProductsPage *self, guint position)
{
  gtk_selection_model_select_item (lk_row_picker_get_model (self->picker), position, TRUE);
  adw_flap_set_reveal_flap (self->flap, TRUE);
}

static void
on_reveal (LkProductsPage *self)
{
  /* What is not shown is hidden, too, or a screen reader reads it. */
  gtk_widget_set_visible (GTK_WIDGET (self->details), adw_flap_get_reveal_flap (self->flap));
  if (self->picker != NULL)
    show_details (self);
}

/* The focus was in the menu, and would be nowhere. */
static void
on_menu_closed (LkProductsPage *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

static void
pop_up (LkProductsPage *self, guint position, double x, double y)
{
  GtkSelectionModel *model;

  if (self->picker == NULL)
    return;
  model = lk_row_picker_get_model (self->picker);
  if (position != GTK_INVALID_LIST_POSITION && !gtk_selection_model_is_selected (model, position))
    gtk_selection_model_select_item (model, position, TRUE);
  if (lk_row_picker_get_n_selected (self->picker) == 0)
    return;

  gtk_popover_set_pointing_to (GTK_POPOVER (self->popover),
                               &(GdkRectangle){ (int) x, (int) y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->popover));
}

/* From the view's place to ours, where the menu hangs. */
static void
pop_up_at (LkProductsPage *self, GtkWidget *from, guint position, double x, double y)
{
  double here_x;
  double here_y;

  if (gtk_widget_translate_coordinates (from, GTK_WIDGET (self), x, y, &here_x, &here_y))
    pop_up (self, position, here_x, here_y);
}

static void
pop_up_below (LkProductsPage *self, double x, double y)
{
  GtkWidget *widget = gtk_widget_pick (GTK_WIDGET (self->view), x, y, GTK_PICK_DEFAULT);
  guint position =
      widget != NULL ? lk_product_columns_find_row (widget) : GTK_INVALID_LIST_POSITION;

  if (position != GTK_INVALID_LIST_POSITION)
    pop_up_at (self, GTK_WIDGET (self->view), position, x, y);
}

static void
on_secondary_click (LkProductsPage *self, int n_press, double x, double y)
{
  pop_up_below (self, x, y);
}

static void
on_long_press (LkProductsPage *self, double x, double y)
{
  pop_up_below (self, x, y);
}

static gboolean
on_key (LkProductsPage *self, guint key, guint code, GdkModifierType modifiers)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  gboolean is_shifted = (modifiers & gtk_accelerator_get_default_mod_mask ()) == GDK_SHIFT_MASK;

  if (focus == NULL || (key != GDK_KEY_Menu && !(key == GDK_KEY_F10 && is_shifted)))
    return GDK_EVENT_PROPAGATE;
  pop_up_at (self, focus, lk_product_columns_find_row (focus), 24,
             gtk_widget_get_height (focus) / 2.0);
  return GDK_EVENT_STOP;
}

static void
drop_desk (LkProductsPage *self)
{
  if (self->desk == NULL)
    return;
  lk_row_verbs_stop (self->verbs);
  lk_details_pane_set_desk (self->details, NULL);
  gtk_column_view_set_model (self->view, NULL);
  g_signal_handlers_disconnect_by_data (self->list, self);
  g_signal_handlers_disconnect_by_data (self->picker, self);
  g_clear_object (&self->verbs);
  g_clear_object (&self->picker);
  g_clear_object (&self->list);
  g_clear_object (&self->desk);
}

static void
lk_products_page_set_desk (LkPage *page, LkDesk *desk)
{
  LkProductsPage *self = LK_PRODUCTS_PAGE (page);

  drop_desk (self);
  enable_verbs (self);
  if (desk == NULL)
    return;

  self->desk = g_object_ref (desk);
  self->verbs = lk_row_verbs_new (GTK_WIDGET (self), desk);
  self->list = lk_row_list_new (lk_desk_get_reader (desk));
  self->picker = lk_row_picker_new (self->list);
  g_signal_connect_swapped (self->list, "loaded", G_CALLBACK (on_loaded), self);
  g_signal_connect_swapped (self->list, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect_swapped (self->picker, "changed", G_CALLBACK (on_picked), self);
  lk_details_pane_set_desk (self->details, desk);
  gtk_column_view_set_model (self->view, lk_row_picker_get_model (self->picker));
  on_sorter_changed (self);
  apply_selection (self);
}

static GtkWidget *
lk_products_page_get_search (LkPage *page)
{
  return GTK_WIDGET (LK_PRODUCTS_PAGE (page)->search);
}

static GActionGroup *
lk_products_page_get_actions (LkPage *page)
{
  return G_ACTION_GROUP (LK_PRODUCTS_PAGE (page)->actions);
}

static GtkWidget *
lk_products_page_get_tools (LkPage *page)
{
  return LK_PRODUCTS_PAGE (page)->tools;
}

static void
lk_products_page_show_view (LkPage *page, const char *selection)
{
  set_text (LK_PRODUCTS_PAGE (page), selection);
}

static void
lk_products_page_init_page (LkPageInterface *iface)
{
  iface->set_desk = lk_products_page_set_desk;
  iface->get_search = lk_products_page_get_search;
  iface->get_actions = lk_products_page_get_actions;
  iface->get_tools = lk_products_page_get_tools;
  iface->show_view = lk_products_page_show_view;
}

static void
lk_products_page_dispose (GObject *object)
{
  LkProductsPage *self = LK_PRODUCTS_PAGE (object);

  drop_desk (self);
  g_clear_pointer (&self->columns, lk_product_columns_free);
  g_clear_pointer (&self->popover, gtk_widget_unparent);
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */
  g_clear_object (&self->actions);
  g_clear_object (&self->state);
  g_clear_pointer (&self->wanted, g_free);

  G_OBJECT_CLASS (lk_products_page_parent_class)->dispose (object);
}

static void
lk_products_page_class_init (LkProductsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_products_page_dispose;

  g_type_ensure (LK_TYPE_DETAILS_PANE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-products-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, tools);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, activate_button);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, activate_icon);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, row_menu);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, flap);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, details);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, search);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, problem);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, filters);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, stack);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, view);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, count);
  gtk_widget_class_bind_template_child (widget_class, LkProductsPage, columns_button);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_row_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_secondary_click);
  gtk_widget_class_bind_template_callback (widget_class, on_long_press);
  gtk_widget_class_bind_template_callback (widget_class, on_key);
}

static void
add_actions (LkProductsPage *self)
{
  static const GActionEntry entries[] = {
    { .name = "show-all", .activate = on_show_all },
    { .name = "select-all", .activate = on_select_all },
  };
  g_autoptr (GPropertyAction) details =
      g_property_action_new ("details", self->flap, "reveal-flap");

  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries),
                                   self);
  g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (details));
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      g_autoptr (GSimpleAction) action = g_simple_action_new (verbs[i].action, NULL);

      g_signal_connect (action, "activate", G_CALLBACK (on_verb), self);
      g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (action));
    }
}

static void
lk_products_page_init (LkProductsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->state = lk_window_state_open ();
  add_actions (self);
  self->columns = lk_product_columns_new (self->view, self->state);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "columns",
                                  lk_product_columns_get_actions (self->columns));
  gtk_menu_button_set_menu_model (self->columns_button,
                                  lk_product_columns_get_menu (self->columns));
  g_signal_connect_object (gtk_column_view_get_sorter (self->view), "changed",
                           G_CALLBACK (on_sorter_changed), self, G_CONNECT_SWAPPED);
  lk_filter_row_fill (self->filters, on_filter_chosen, self);

  self->popover = gtk_popover_menu_new_from_model (self->row_menu);
  gtk_widget_set_parent (self->popover, GTK_WIDGET (self));
  gtk_popover_set_has_arrow (GTK_POPOVER (self->popover), FALSE);
  gtk_widget_set_halign (self->popover, GTK_ALIGN_START);
  g_signal_connect_swapped (self->popover, "closed", G_CALLBACK (on_menu_closed), self);

  g_signal_connect_swapped (self->flap, "notify::reveal-flap", G_CALLBACK (on_reveal), self);
  if (self->state != NULL)
    g_settings_bind (self->state, SETTING_DETAILS, self->flap, "reveal-flap",
                     G_SETTINGS_BIND_DEFAULT);
  on_reveal (self);
}
