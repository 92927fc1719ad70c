/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-preferences.h"

#include "ui/lk-backend-page.h"
#include "ui/lk-credentials-page.h"
#include "ui/lk-general-page.h"
#include "ui/lk-trust-page.h"

struct _LkPreferences
{
  AdwPreferencesWindow parent_instance;

  LkGeneralPage *general;
  LkBackendPage *backend;
  LkCredentialsPage *credentials;
  LkTrustPage *trust;
};

G_DEFINE_FINAL_TYPE (LkPreferences, lk_preferences, ADW_TYPE_PREFERENCES_WINDOW)

GtkWidget *
lk_preferences_new (GtkWindow *parent, LkDesk *desk)
{
  LkPreferences *self = g_object_new (LK_TYPE_PREFERENCES, "transient-for", parent, NULL);

  if (lk_desk_is_practice (desk))
    gtk_widget_add_css_class (GTK_WIDGET (self), "practice");
  lk_general_page_set_desk (self->general, desk);
  lk_backend_page_set_desk (self->backend, desk);
  lk_credentials_page_set_desk (self->credentials, desk);
  lk_trust_page_set_desk (self->trust, desk);
  return GTK_WIDGET (self);
}

static void
lk_preferences_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), LK_TYPE_PREFERENCES);

  G_OBJECT_CLASS (lk_preferences_parent_class)->dispose (object);
}

static void
lk_preferences_class_init (LkPreferencesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_preferences_dispose;

  g_type_ensure (LK_TYPE_BACKEND_PAGE);
  g_type_ensure (LK_TYPE_CREDENTIALS_PAGE);
  g_type_ensure (LK_TYPE_GENERAL_PAGE);
  g_type_ensure (LK_TYPE_TRUST_PAGE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-preferences.ui");
  gtk_widget_class_bind_template_child (widget_class, LkPreferences, general);
  gtk_widget_class_bind_template_child (widget_class, LkPreferences, backend);
  gtk_widget_class_bind_template_child (widget_class, LkPreferences, credentials);
  gtk_widget_class_bind_template_child (widget_class, LkPreferences, trust);
}

static void
lk_preferences_init (LkPreferences *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
