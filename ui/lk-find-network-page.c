/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-find-network-page.h"

#include "console/lk-console-discover-network.h"
#include "ui/lk-field.h"
#include "ui/lk-find-bar.h"
#include "ui/lk-find-network.h"
#include "ui/lk-save-search-dialog.h"

#include <adwaita.h>
#include <glib/gi18n.h>

struct _LkFindNetworkPage
{
  GtkBox parent_instance;

  LkDesk *desk;
  char **interfaces; /* in the order of the row's choices, behind the first one */

  AdwComboRow *where;
  AdwEntryRow *workgroup;
  AdwEntryRow *pattern;
  LkFindBar *bar;
};

G_DEFINE_FINAL_TYPE (LkFindNetworkPage, lk_find_network_page, GTK_TYPE_BOX)

static char *
dup_text (AdwEntryRow *row)
{
  char *text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (row))));

  if (*text != '\0')
    return text;
  g_free (text);
  return NULL;
}

static LkFindNetwork *
make_order (LkFindNetworkPage *self)
{
  LkFindNetwork *order = g_new0 (LkFindNetwork, 1);
  guint chosen = adw_combo_row_get_selected (self->where);

  if (chosen > 0 && chosen != GTK_INVALID_LIST_POSITION)
    {
      const char *one[] = { self->interfaces[chosen - 1], NULL };

      order->interfaces = g_strdupv ((char **) one);
    }
  order->workgroup = dup_text (self->workgroup);
  order->pattern = dup_text (self->pattern);
  return order;
}

static void
on_search (LkFindNetworkPage *self)
{
  lk_find_bar_start (self->bar, self->desk, FALSE, lk_find_network_run, make_order (self),
                     (GDestroyNotify) lk_find_network_free);
}

static void
on_save (LkFindNetworkPage *self)
{
  LkFindNetwork *order = make_order (self);

  lk_save_search_ask (GTK_WIDGET (self), self->desk, lk_find_network_make_source (order));
  lk_find_network_free (order);
}

static void
fill_interfaces (LkFindNetworkPage *self)
{
  g_autoptr (GtkStringList) choices = gtk_string_list_new (NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) networks = NULL;

  self->interfaces = lk_network_list_interfaces (&networks, &error);
  gtk_string_list_append (choices, _ ("All networks of this computer"));
  for (guint i = 0; self->interfaces != NULL && self->interfaces[i] != NULL; i++)
    gtk_string_list_take (choices,
                          *networks[i] != '\0'
                              ? g_strdup_printf ("%s: %s", self->interfaces[i], networks[i])
                              : g_strdup (self->interfaces[i]));
  adw_combo_row_set_model (self->where, G_LIST_MODEL (choices));
  lk_field_mark (GTK_WIDGET (self->where), error != NULL ? error->message : NULL);
}

void
lk_find_network_page_set_desk (LkFindNetworkPage *self, LkDesk *desk)
{
  g_set_object (&self->desk, desk);
}

GListModel *
lk_find_network_page_get_list (LkFindNetworkPage *self)
{
  return lk_find_bar_get_list (self->bar);
}

static void
lk_find_network_page_dispose (GObject *object)
{
  LkFindNetworkPage *self = LK_FIND_NETWORK_PAGE (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_FIND_NETWORK_PAGE);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->interfaces, g_strfreev);

  G_OBJECT_CLASS (lk_find_network_page_parent_class)->dispose (object);
}

static void
lk_find_network_page_class_init (LkFindNetworkPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_find_network_page_dispose;
  g_type_ensure (LK_TYPE_FIND_BAR);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-find-network-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkFindNetworkPage, where);
  gtk_widget_class_bind_template_child (widget_class, LkFindNetworkPage, workgroup);
  gtk_widget_class_bind_template_child (widget_class, LkFindNetworkPage, pattern);
  gtk_widget_class_bind_template_child (widget_class, LkFindNetworkPage, bar);
  gtk_widget_class_bind_template_callback (widget_class, on_save);
  gtk_widget_class_bind_template_callback (widget_class, on_search);
}

static void
lk_find_network_page_init (LkFindNetworkPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  lk_find_bar_show_save (self->bar);
  fill_interfaces (self);
}
