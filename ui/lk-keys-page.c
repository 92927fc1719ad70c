/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-keys-page.h"

struct _LkKeysPage
{
  AdwBin parent_instance;

  LkDesk *desk;
};

static void
lk_keys_page_set_desk (LkPage *page, LkDesk *desk)
{
  LkKeysPage *self = LK_KEYS_PAGE (page);

  g_set_object (&self->desk, desk);
}

static void
lk_keys_page_init_page (LkPageInterface *iface)
{
  iface->set_desk = lk_keys_page_set_desk;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (LkKeysPage,
                               lk_keys_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (LK_TYPE_PAGE, lk_keys_page_init_page))

static void
lk_keys_page_dispose (GObject *object)
{
  LkKeysPage *self = LK_KEYS_PAGE (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_KEYS_PAGE);
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_keys_page_parent_class)->dispose (object);
}

static void
lk_keys_page_class_init (LkKeysPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_keys_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-keys-page.ui");
}

static void
lk_keys_page_init (LkKeysPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
