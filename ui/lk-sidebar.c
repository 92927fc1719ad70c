/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-sidebar.h"

#include "ui/lk-pages.h"

#include <glib/gi18n.h>

struct _LkSidebar
{
  AdwBin parent_instance;

  GtkListBox *list;
  gboolean is_selecting;
};

/* What a row stands for, kept with it. */
#define KEY_PAGE  "lk-page"
#define KEY_VIEW  "lk-view"
#define KEY_COUNT "lk-count"

typedef enum
{
  SIGNAL_CHOSEN,
  N_SIGNALS,
} LkSidebarSignal;

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LkSidebar, lk_sidebar, ADW_TYPE_BIN)

static GtkWidget *
make_row (const char *icon, const char *title)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *label = gtk_label_new (title);
  GtkWidget *count = gtk_label_new (NULL);

  if (icon != NULL)
    gtk_box_append (GTK_BOX (box),
                    g_object_new (GTK_TYPE_IMAGE, "icon-name", icon, "accessible-role",
                                  GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL));
  else
    gtk_widget_add_css_class (row, "saved-view");
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), label);
  gtk_widget_add_css_class (count, "dim-label");
  gtk_widget_add_css_class (count, "numeric");
  gtk_box_append (GTK_BOX (box), count);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  g_object_set_data (G_OBJECT (row), KEY_COUNT, count);
  return row;
}

static void
fill (LkSidebar *self)
{
  for (const LkPageEntry *page = lk_pages_get_all (); page->name != NULL; page++)
    {
      GtkWidget *row = make_row (page->icon, _ (page->title));

      g_object_set_data (G_OBJECT (row), KEY_PAGE, (gpointer) page->name);
      gtk_list_box_append (self->list, row);
      for (const LkPageView *view = lk_page_views_get_all (); view->page != NULL; view++)
        {
          if (!g_str_equal (view->page, page->name))
            continue;
          row = make_row (NULL, _ (view->title));
          g_object_set_data (G_OBJECT (row), KEY_PAGE, (gpointer) page->name);
          g_object_set_data (G_OBJECT (row), KEY_VIEW, (gpointer) view);
          gtk_list_box_append (self->list, row);
        }
    }
}

static void
choose (LkSidebar *self, GtkListBoxRow *row, gboolean is_activated)
{
  const LkPageView *view = g_object_get_data (G_OBJECT (row), KEY_VIEW);

  g_signal_emit (self, signals[SIGNAL_CHOSEN], 0, g_object_get_data (G_OBJECT (row), KEY_PAGE),
                 view != NULL ? view->selection : NULL, is_activated);
}

static void
on_row_activated (LkSidebar *self, GtkListBoxRow *row)
{
  choose (self, row, TRUE);
}

/* Arrow keys show a page at once, as elsewhere. */
static void
on_row_selected (LkSidebar *self, GtkListBoxRow *row)
{
  if (row != NULL && !self->is_selecting)
    choose (self, row, FALSE);
}

void
lk_sidebar_set_summary (LkSidebar *self, const LkSummary *summary)
{
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (self->list, i)) != NULL; i++)
    {
      const LkPageView *view = g_object_get_data (G_OBJECT (row), KEY_VIEW);
      GtkLabel *count = g_object_get_data (G_OBJECT (row), KEY_COUNT);
      g_autofree char *text = NULL;
      g_autofree char *name = NULL;
      guint n;

      if (view == NULL)
        continue;
      n = view->count (summary);
      text = g_strdup_printf ("%'u", n);
      if (g_str_equal (gtk_label_get_text (count), text))
        continue;
      gtk_label_set_text (count, text);
      /* Translators: a saved view and how many rows it has, for screen readers */
      name = g_strdup_printf (_ ("%s, %s"), _ (view->title), text);
      gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                      -1);
    }
}

void
lk_sidebar_select (LkSidebar *self, const char *page, const char *selection)
{
  GtkListBoxRow *best = NULL;
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (self->list, i)) != NULL; i++)
    {
      const LkPageView *view = g_object_get_data (G_OBJECT (row), KEY_VIEW);

      if (g_str_equal (g_object_get_data (G_OBJECT (row), KEY_PAGE), page) &&
          (view == NULL || g_strcmp0 (view->selection, selection) == 0))
        best = row;
    }

  self->is_selecting = TRUE;
  gtk_list_box_select_row (self->list, best);
  self->is_selecting = FALSE;
}

static void
lk_sidebar_dispose (GObject *object)
{
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_sidebar_parent_class)->dispose (object);
}

/* Tab leaves the list: GTK would go to its next row, which would show another page. */
static gboolean
on_key (LkSidebar *self, guint key, guint code, GdkModifierType modifiers)
{
  GtkWidget *root = GTK_WIDGET (gtk_widget_get_root (GTK_WIDGET (self)));
  gboolean is_back = key == GDK_KEY_ISO_Left_Tab;

  if (root == NULL || (key != GDK_KEY_Tab && !is_back) || (modifiers & GDK_CONTROL_MASK) != 0)
    return GDK_EVENT_PROPAGATE;
  gtk_widget_set_can_focus (GTK_WIDGET (self->list), FALSE); /* it is passed over */
  gtk_widget_child_focus (root, is_back ? GTK_DIR_TAB_BACKWARD : GTK_DIR_TAB_FORWARD);
  gtk_widget_set_can_focus (GTK_WIDGET (self->list), TRUE);
  return GDK_EVENT_STOP;
}

static void
lk_sidebar_class_init (LkSidebarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_sidebar_dispose;

  signals[SIGNAL_CHOSEN] =
      g_signal_new ("chosen", LK_TYPE_SIDEBAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                    3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_BOOLEAN);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-sidebar.ui");
  gtk_widget_class_bind_template_child (widget_class, LkSidebar, list);
  gtk_widget_class_bind_template_callback (widget_class, on_key);
  gtk_widget_class_bind_template_callback (widget_class, on_row_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_row_selected);
}

static void
lk_sidebar_init (LkSidebar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  fill (self);
}
