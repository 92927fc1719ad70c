/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-welcome-page.h"

struct _LkWelcomePage
{
  AdwBin parent_instance;
};

G_DEFINE_FINAL_TYPE (LkWelcomePage, lk_welcome_page, ADW_TYPE_BIN)

static void
lk_welcome_page_dispose (GObject *object)
{
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_welcome_page_parent_class)->dispose (object);
}

static void
lk_welcome_page_class_init (LkWelcomePageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = lk_welcome_page_dispose;

  gtk_widget_class_set_template_from_resource (GTK_WIDGET_CLASS (klass),
                                               "/org/latchkey/Latchkey/ui/lk-welcome-page.ui");
}

static void
lk_welcome_page_init (LkWelcomePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
