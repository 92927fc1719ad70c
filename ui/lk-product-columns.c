/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-product-columns.h"

#include <glib/gi18n.h>

/* Kept with a cell and with a column. */
#define KEY_LIST_ITEM "lk-list-item"
#define KEY_FILLED    "lk-filled"
#define KEY_COLUMN    "lk-column"

#define DOTS (96 * 1024) /* an inch, at text of 100 %, in GTK's unit */

#define SETTING_HIDDEN     "products-hidden-columns"
#define SETTING_WIDTHS     "products-column-widths"
#define SETTING_SORT       "products-sort"
#define SETTING_DESCENDING "products-descending"

typedef char *(*CellFunc) (const LkRow *row);

typedef struct
{
  const char *name;
  const char *title;
  int width;
  gboolean is_number;
  LkRowSort sort;
  CellFunc text;    /* to be freed */
  CellFunc tooltip; /* the same, or NULL: the text */
} Column;

struct _LkProductColumns
{
  GtkColumnView *view;
  GSettings *state;
  GSimpleActionGroup *actions;
  GMenu *menu;
  GPtrArray *columns; /* GtkColumnViewColumn */
  GtkAdjustment *across;
  double from_end; /* of what is scrolled across */
};

const char *
lk_license_status_to_icon (LkLicenseStatus status)
{
  switch (status)
    {
    case LK_LICENSE_LICENSED:
      return "emblem-ok-symbolic";
    case LK_LICENSE_OOB_GRACE:
    case LK_LICENSE_OOT_GRACE:
    case LK_LICENSE_EXTENDED_GRACE:
      return "document-open-recent-symbolic";
    case LK_LICENSE_NONGENUINE_GRACE:
    case LK_LICENSE_NOTIFICATION:
      return "dialog-warning-symbolic";
    case LK_LICENSE_UNLICENSED:
      return "dialog-error-symbolic";
    case LK_LICENSE_UNREAD:
    default:
      return "dialog-question-symbolic";
    }
}

const char *
lk_license_status_to_style (LkLicenseStatus status)
{
  switch (status)
    {
    case LK_LICENSE_LICENSED:
      return "state-licensed";
    case LK_LICENSE_OOB_GRACE:
    case LK_LICENSE_OOT_GRACE:
    case LK_LICENSE_EXTENDED_GRACE:
      return "state-grace";
    case LK_LICENSE_NONGENUINE_GRACE:
    case LK_LICENSE_NOTIFICATION:
    case LK_LICENSE_UNLICENSED:
      return "state-attention";
    case LK_LICENSE_UNREAD:
    default:
      return "state-unread";
    }
}

const char *
lk_key_kind_to_title (LkKeyKind kind)
{
  switch (kind)
    {
    case LK_KEY_MAK:
      return _ ("MAK");
    case LK_KEY_GVLK:
      return _ ("KMS client");
    case LK_KEY_CSVLK:
      return _ ("KMS host");
    case LK_KEY_RETAIL:
      return _ ("Retail");
    case LK_KEY_OEM:
      return _ ("OEM");
    case LK_KEY_UNKNOWN:
    default:
      return _ ("Unknown");
    }
}

char *
lk_time_to_text (gint64 ms)
{
  g_autoptr (GDateTime) time = ms != 0 ? g_date_time_new_from_unix_local (ms / 1000) : NULL;

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M") : g_strdup ("");
}

static char *
text_of_machine (const LkRow *row)
{
  return g_strdup (row->name);
}

static char *
tip_of_machine (const LkRow *row)
{
  return g_strdup (row->identity->fqdn != NULL ? row->identity->fqdn : row->name);
}

static char *
text_of_domain (const LkRow *row)
{
  return g_strdup (row->identity->domain);
}

static char *
text_of_product (const LkRow *row)
{
  return g_strdup (row->product->name);
}

static char *
tip_of_product (const LkRow *row)
{
  return g_strdup (row->product->description != NULL ? row->product->description
                                                     : row->product->name);
}

static char *
text_of_edition (const LkRow *row)
{
  return g_strdup (row->product->edition);
}

static char *
text_of_state (const LkRow *row)
{
  return g_strdup (lk_license_status_to_title (row->product->status));
}

static char *
text_of_days (const LkRow *row)
{
  return row->product->grace_minutes > 0
             ? g_strdup_printf ("%u", LK_MINUTES_TO_DAYS (row->product->grace_minutes))
             : NULL;
}

static char *
tip_of_days (const LkRow *row)
{
  guint n = row->product->grace_minutes;

  return n > 0 ? g_strdup_printf (g_dngettext (NULL, "%'u minute", "%'u minutes", n), n) : NULL;
}

static char *
text_of_kind (const LkRow *row)
{
  return row->product->application_id != NULL
             ? g_strdup (lk_key_kind_to_title (row->product->key_kind))
             : NULL;
}

static char *
text_of_key (const LkRow *row)
{
  return g_strdup (row->product->partial_key);
}

static char *
text_of_read (const LkRow *row)
{
  return lk_time_to_text (row->read_at);
}

static char *
text_of_result (const LkRow *row)
{
  return g_strdup (row->last_result);
}

/* What is looked for first comes first: beside the details in a window as it opens, the first four
 * are seen without scrolling. */
static const Column columns[] = {
  { "machine", N_ ("Machine"), 120, FALSE, LK_SORT_MACHINE, text_of_machine, tip_of_machine },
  { "product", N_ ("Product"), 180, FALSE, LK_SORT_PRODUCT, text_of_product, tip_of_product },
  { "state", N_ ("State"), 150, FALSE, LK_SORT_STATE, text_of_state, NULL },
  { "days", N_ ("Days left"), 80, TRUE, LK_SORT_DAYS, text_of_days, tip_of_days },
  { "domain", N_ ("Domain/Workgroup"), 140, FALSE, LK_SORT_DOMAIN, text_of_domain, NULL },
  { "edition", N_ ("Edition"), 110, FALSE, LK_SORT_EDITION, text_of_edition, NULL },
  { "kind", N_ ("Key type"), 95, FALSE, LK_SORT_KIND, text_of_kind, NULL },
  { "key", N_ ("Partial key"), 95, FALSE, LK_SORT_KEY, text_of_key, NULL },
  { "read", N_ ("Last read"), 140, FALSE, LK_SORT_READ, text_of_read, NULL },
  { "result", N_ ("Last result"), 260, FALSE, LK_SORT_RESULT, text_of_result, NULL },
};

static gboolean
is_state (const Column *column)
{
  return column->sort == LK_SORT_STATE;
}

/* Whether the last thing that was done failed shows beside what came of it. */
static const char *
get_icon (const Column *column, const LkRow *row)
{
  if (is_state (column))
    return lk_license_status_to_icon (row->product->status);
  return row->last_ok || row->last_result == NULL ? NULL : "dialog-warning-symbolic";
}

static const char *
get_style (const Column *column, const LkRow *row)
{
  if (is_state (column))
    return lk_license_status_to_style (row->product->status);
  return row->last_ok || row->last_result == NULL ? "state-none" : "state-attention";
}

static gboolean
has_icon (const Column *column)
{
  return is_state (column) || column->sort == LK_SORT_RESULT;
}

/* What stands in it does not change an inscription's size: GTK need not lay the list out again for
 * each row that scrolls by. */
static void
show_row (GtkWidget *cell, const Column *column, const LkRow *row)
{
  GtkWidget *first = gtk_widget_get_first_child (cell);
  GtkWidget *words = has_icon (column) ? gtk_widget_get_last_child (cell) : cell;
  g_autofree char *text = row != NULL ? column->text (row) : NULL;

  gtk_inscription_set_text (GTK_INSCRIPTION (words), text);
  if (!has_icon (column))
    return;

  gtk_widget_set_css_classes (cell,
                              (const char *[]){
                                  row != NULL ? get_style (column, row) : "state-none", NULL });
  gtk_image_set_from_icon_name (GTK_IMAGE (first), row != NULL ? get_icon (column, row) : NULL);
  gtk_widget_set_visible (first, row != NULL && get_icon (column, row) != NULL);
}

/* Made when somebody points at the cell. */
static gboolean
on_query_tooltip (GtkWidget *cell, int x, int y, gboolean is_keyboard, GtkTooltip *tooltip)
{
  const Column *column = g_object_get_data (G_OBJECT (cell), KEY_COLUMN);
  GtkListItem *list_item = g_object_get_data (G_OBJECT (cell), KEY_LIST_ITEM);
  LkRowItem *item = gtk_list_item_get_item (list_item);
  const LkRow *row = item != NULL ? lk_row_item_get_row (item) : NULL;
  CellFunc describe = column->tooltip != NULL ? column->tooltip : column->text;
  g_autofree char *text = row != NULL ? describe (row) : NULL;

  gtk_tooltip_set_text (tooltip, text);
  return text != NULL && *text != '\0';
}

static void
on_filled (LkRowItem *item, GtkWidget *cell)
{
  show_row (cell, g_object_get_data (G_OBJECT (cell), KEY_COLUMN), lk_row_item_get_row (item));
}

static void
on_setup (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  const Column *column = user_data;
  GtkWidget *words = gtk_inscription_new (NULL);
  GtkWidget *cell = words;

  if (has_icon (column))
    {
      cell = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
      gtk_box_append (GTK_BOX (cell), g_object_new (GTK_TYPE_IMAGE, "accessible-role",
                                                    GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL));
      gtk_box_append (GTK_BOX (cell), words);
    }
  gtk_inscription_set_xalign (GTK_INSCRIPTION (words), column->is_number ? 1 : 0);
  gtk_inscription_set_text_overflow (GTK_INSCRIPTION (words),
                                     GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END);
  gtk_widget_set_hexpand (words, TRUE);
  if (column->is_number || column->sort == LK_SORT_READ || column->sort == LK_SORT_KEY)
    gtk_widget_add_css_class (words, "numeric");
  gtk_widget_set_has_tooltip (cell, TRUE);
  g_signal_connect (cell, "query-tooltip", G_CALLBACK (on_query_tooltip), NULL);
  g_object_set_data (G_OBJECT (cell), KEY_COLUMN, user_data);
  g_object_set_data (G_OBJECT (cell), KEY_LIST_ITEM, list_item);
  gtk_list_item_set_child (list_item, cell);
}

static void
on_bind (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  LkRowItem *item = gtk_list_item_get_item (list_item);
  GtkWidget *cell = gtk_list_item_get_child (list_item);
  gulong id = g_signal_connect (item, "filled", G_CALLBACK (on_filled), cell);

  g_object_set_data (G_OBJECT (cell), KEY_FILLED, GSIZE_TO_POINTER (id));
  on_filled (item, cell);
}

static void
on_unbind (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  GtkWidget *cell = gtk_list_item_get_child (list_item);
  gulong id = GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (cell), KEY_FILLED));

  g_signal_handler_disconnect (gtk_list_item_get_item (list_item), id);
}

static guint
find_in (GtkWidget *widget)
{
  GtkListItem *list_item = g_object_get_data (G_OBJECT (widget), KEY_LIST_ITEM);
  guint position =
      list_item != NULL ? gtk_list_item_get_position (list_item) : GTK_INVALID_LIST_POSITION;

  for (GtkWidget *child = gtk_widget_get_first_child (widget);
       child != NULL && position == GTK_INVALID_LIST_POSITION;
       child = gtk_widget_get_next_sibling (child))
    position = find_in (child);
  return position;
}

guint
lk_product_columns_find_row (GtkWidget *widget)
{
  while (widget != NULL && g_strcmp0 (gtk_widget_get_css_name (widget), "row") != 0)
    widget = gtk_widget_get_parent (widget);
  return widget != NULL ? find_in (widget) : GTK_INVALID_LIST_POSITION;
}

/* The headers want sorters, the sorting is the store's: a sorter notes that it is asked, and the
 * view's own asks the one of the column that comes first. */
static const Column *asked;

static int
note_column (gconstpointer a, gconstpointer b, gpointer user_data)
{
  asked = user_data;
  return GTK_ORDERING_SMALLER;
}

/* The column that comes first. */
static const Column *
get_sorted (LkProductColumns *self, gboolean *is_descending)
{
  GtkOrdering ordering;

  asked = NULL;
  ordering =
      gtk_sorter_compare (gtk_column_view_get_sorter (self->view), self->actions, self->menu);
  *is_descending = ordering == GTK_ORDERING_LARGER;
  return asked != NULL ? asked : columns;
}

LkRowSort
lk_product_columns_get_sort (LkProductColumns *self, gboolean *is_descending)
{
  return get_sorted (self, is_descending)->sort;
}

static void
keep_hidden (LkProductColumns *self)
{
  g_autoptr (GStrvBuilder) hidden = g_strv_builder_new ();
  g_auto (GStrv) names = NULL;

  for (guint i = 0; i < self->columns->len; i++)
    if (!gtk_column_view_column_get_visible (self->columns->pdata[i]))
      g_strv_builder_add (hidden, columns[i].name);
  names = g_strv_builder_end (hidden);
  if (self->state != NULL)
    g_settings_set_strv (self->state, SETTING_HIDDEN, (const char *const *) names);
}

/* As wide as it is at text of 100 %, and wider with larger text. */
static int
get_width (const Column *column)
{
  int dots = 0; /* an inch, times 1024 */

  g_object_get (gtk_settings_get_default (), "gtk-xft-dpi", &dots, NULL);
  return dots > DOTS ? (int) ((gint64) column->width * dots / DOTS) : column->width;
}

static void
restore (LkProductColumns *self)
{
  g_auto (GStrv) hidden = g_settings_get_strv (self->state, SETTING_HIDDEN);
  g_autoptr (GVariant) widths = g_settings_get_value (self->state, SETTING_WIDTHS);
  g_autofree char *sort = g_settings_get_string (self->state, SETTING_SORT);
  gboolean is_descending = g_settings_get_boolean (self->state, SETTING_DESCENDING);

  for (guint i = 0; i < self->columns->len; i++)
    {
      GtkColumnViewColumn *column = self->columns->pdata[i];
      int width;

      if (g_variant_lookup (widths, columns[i].name, "i", &width) && width > 0)
        gtk_column_view_column_set_fixed_width (column, width);
      /* The machine's name always stays. */
      if (i > 0 && g_strv_contains ((const char *const *) hidden, columns[i].name))
        gtk_column_view_column_set_visible (column, FALSE);
      if (g_str_equal (sort, columns[i].name))
        gtk_column_view_sort_by_column (self->view, column,
                                        is_descending ? GTK_SORT_DESCENDING : GTK_SORT_ASCENDING);
    }
}

static void
keep (LkProductColumns *self)
{
  GVariantBuilder widths;
  gboolean is_descending;
  const Column *sorted = get_sorted (self, &is_descending);

  g_variant_builder_init (&widths, G_VARIANT_TYPE ("a{si}"));
  for (guint i = 0; i < self->columns->len; i++)
    {
      int width = gtk_column_view_column_get_fixed_width (self->columns->pdata[i]);

      if (width != get_width (&columns[i]))
        g_variant_builder_add (&widths, "{si}", columns[i].name, width);
    }
  g_settings_set_value (self->state, SETTING_WIDTHS, g_variant_builder_end (&widths));
  g_settings_set_string (self->state, SETTING_SORT, sorted->name);
  g_settings_set_boolean (self->state, SETTING_DESCENDING, is_descending);
}

static void
add_column (LkProductColumns *self, const Column *kind)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkColumnViewColumn *column = gtk_column_view_column_new (_ (kind->title), factory);
  g_autoptr (GtkSorter) sorter =
      GTK_SORTER (gtk_custom_sorter_new (note_column, (gpointer) kind, NULL));
  g_autofree char *action = g_strconcat ("columns.", kind->name, NULL);
  g_autoptr (GPropertyAction) property = g_property_action_new (kind->name, column, "visible");

  g_signal_connect (factory, "setup", G_CALLBACK (on_setup), (gpointer) kind);
  g_signal_connect (factory, "bind", G_CALLBACK (on_bind), (gpointer) kind);
  g_signal_connect (factory, "unbind", G_CALLBACK (on_unbind), (gpointer) kind);
  gtk_column_view_column_set_sorter (column, sorter);
  gtk_column_view_column_set_resizable (column, TRUE);
  gtk_column_view_column_set_fixed_width (column, get_width (kind));
  gtk_column_view_column_set_expand (column, kind->sort == LK_SORT_RESULT);
  gtk_column_view_append_column (self->view, column);
  g_ptr_array_add (self->columns, column);
  if (kind == columns)
    return;
  g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (property));
  g_menu_append (self->menu, _ (kind->title), action);
}

/* A column view counts from the left even when its first column is on the right, and so would begin
 * with its last column. The distance from that end is kept instead. */
static void
on_width_changed (LkProductColumns *self, GtkAdjustment *across)
{
  double end = gtk_adjustment_get_upper (across) - gtk_adjustment_get_page_size (across);

  if (gtk_widget_get_direction (GTK_WIDGET (self->view)) == GTK_TEXT_DIR_RTL)
    gtk_adjustment_set_value (across, end - self->from_end);
}

static void
on_scrolled (LkProductColumns *self, GtkAdjustment *across)
{
  self->from_end = gtk_adjustment_get_upper (across) - gtk_adjustment_get_page_size (across) -
                   gtk_adjustment_get_value (across);
}

LkProductColumns *
lk_product_columns_new (GtkColumnView *view, GSettings *state)
{
  LkProductColumns *self = g_new0 (LkProductColumns, 1);

  self->view = g_object_ref (view);
  self->across = g_object_ref (gtk_scrollable_get_hadjustment (GTK_SCROLLABLE (view)));
  g_signal_connect_swapped (self->across, "changed", G_CALLBACK (on_width_changed), self);
  g_signal_connect_swapped (self->across, "value-changed", G_CALLBACK (on_scrolled), self);
  self->state = state != NULL ? g_object_ref (state) : NULL;
  self->actions = g_simple_action_group_new ();
  self->menu = g_menu_new ();
  self->columns = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    add_column (self, &columns[i]);
  for (guint i = 0; i < self->columns->len; i++)
    gtk_column_view_column_set_header_menu (self->columns->pdata[i], G_MENU_MODEL (self->menu));
  gtk_column_view_sort_by_column (view, self->columns->pdata[0], GTK_SORT_ASCENDING);
  if (state != NULL)
    restore (self);
  for (guint i = 0; i < self->columns->len; i++)
    g_signal_connect_swapped (self->columns->pdata[i], "notify::visible", G_CALLBACK (keep_hidden),
                              self);
  return self;
}

void
lk_product_columns_free (LkProductColumns *self)
{
  if (self->state != NULL)
    keep (self);
  for (guint i = 0; i < self->columns->len; i++)
    g_signal_handlers_disconnect_by_data (self->columns->pdata[i], self);
  g_ptr_array_unref (self->columns);
  g_object_unref (self->menu);
  g_object_unref (self->actions);
  g_signal_handlers_disconnect_by_data (self->across, self);
  g_object_unref (self->across);
  g_object_unref (self->view);
  g_clear_object (&self->state);
  g_free (self);
}

GActionGroup *
lk_product_columns_get_actions (LkProductColumns *self)
{
  return G_ACTION_GROUP (self->actions);
}

GMenuModel *
lk_product_columns_get_menu (LkProductColumns *self)
{
  return G_MENU_MODEL (self->menu);
}
