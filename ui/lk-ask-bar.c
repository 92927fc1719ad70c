/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-ask-bar.h"

#include "ui/lk-field.h"

#include <glib/gi18n.h>

struct _LkAskBar
{
  AdwBin parent_instance;

  LkDesk *desk;
  char *name; /* of the set that is asked for */

  GtkWidget *bar;
  GtkLabel *question;
  GtkWidget *password;
  GtkWidget *go;
};

G_DEFINE_FINAL_TYPE (LkAskBar, lk_ask_bar, ADW_TYPE_BIN)

static void
on_typed (LkAskBar *self)
{
  gtk_widget_set_sensitive (self->go, *gtk_editable_get_text (GTK_EDITABLE (self->password)) != 0);
}

static void
show (LkAskBar *self)
{
  const char *wanted = self->desk != NULL ? lk_desk_get_wanted (self->desk) : NULL;
  g_autofree char *question = NULL;

  gtk_widget_set_visible (self->bar, wanted != NULL);
  if (g_strcmp0 (wanted, self->name) == 0)
    return;

  g_free (self->name);
  self->name = g_strdup (wanted);
  gtk_editable_set_text (GTK_EDITABLE (self->password), "");
  if (wanted == NULL)
    return;
  question = g_strdup_printf (_ ("The password of the credential set “%s” is needed, and it is not"
                                 " kept. What waits for it goes on when it is given."),
                              wanted);
  gtk_label_set_text (self->question, question);
}

static void
on_go (LkAskBar *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->password));
  g_autoptr (LkSecret) password = NULL;

  if (*text == '\0' || self->desk == NULL || self->name == NULL)
    return;
  password = lk_secret_new (text, -1);
  gtk_root_set_focus (gtk_widget_get_root (GTK_WIDGET (self)), NULL); /* before it is hidden */
  gtk_editable_set_text (GTK_EDITABLE (self->password), "");
  lk_desk_answer_credential (self->desk, self->name, password);
  gtk_widget_set_visible (self->bar, FALSE); /* until the jobs say otherwise */
}

void
lk_ask_bar_set_desk (LkAskBar *self, LkDesk *desk)
{
  if (self->desk != NULL)
    g_signal_handlers_disconnect_by_data (self->desk, self);
  g_set_object (&self->desk, desk);
  if (desk != NULL)
    g_signal_connect_swapped (desk, "state-changed", G_CALLBACK (show), self);
  show (self);
}

static void
lk_ask_bar_dispose (GObject *object)
{
  LkAskBar *self = LK_ASK_BAR (object);

  if (self->desk != NULL)
    g_signal_handlers_disconnect_by_data (self->desk, self);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->name, g_free);
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_ask_bar_parent_class)->dispose (object);
}

static void
lk_ask_bar_class_init (LkAskBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_ask_bar_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-ask-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, LkAskBar, bar);
  gtk_widget_class_bind_template_child (widget_class, LkAskBar, question);
  gtk_widget_class_bind_template_child (widget_class, LkAskBar, password);
  gtk_widget_class_bind_template_child (widget_class, LkAskBar, go);
  gtk_widget_class_bind_template_callback (widget_class, on_typed);
  gtk_widget_class_bind_template_callback (widget_class, on_go);
}

static void
lk_ask_bar_init (LkAskBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  lk_field_name (GTK_WIDGET (gtk_editable_get_delegate (GTK_EDITABLE (self->password))),
                 _ ("Password"));
}
