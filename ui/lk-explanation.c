/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-explanation.h"

#include "domain/lk-codes.h"

#include <glib/gi18n.h>

/* The batch service's codes are small and would be found among Win32's. */
static const LkCode *
find_code (guint32 code)
{
  const LkCode *entry = code < 0x1000 ? lk_batch_code_lookup (code) : NULL;

  return entry != NULL ? entry : lk_code_lookup (code);
}

static void
add (GtkWidget *box, const char *title, const char *text)
{
  GtkWidget *heading;
  GtkWidget *label;

  if (text == NULL || *text == '\0')
    return;
  heading = gtk_label_new (title);
  label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (heading), 0);
  gtk_widget_add_css_class (heading, "caption-heading");
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_box_append (GTK_BOX (box), heading);
  gtk_box_append (GTK_BOX (box), label);
}

GtkWidget *
lk_explanation_new (guint32 code, gboolean is_open)
{
  const LkCode *entry = find_code (code);
  g_autofree char *title = NULL;
  GtkWidget *expander;
  GtkWidget *label;
  GtkWidget *box;

  if (code == 0)
    return NULL;
  title = g_strdup_printf ("0x%08X %s", code, entry != NULL ? entry->symbol : "");
  label = gtk_label_new (g_strstrip (title));
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_CHAR);
  gtk_widget_add_css_class (label, "caption");
  box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  gtk_widget_set_margin_top (box, 3);
  if (entry == NULL)
    add (box, _ ("Meaning"), _ ("This code is not known here"));
  else
    {
      add (box, _ ("Meaning"), entry->meaning);
      add (box, _ ("Likely cause"), entry->cause);
      add (box, _ ("What to do"), entry->action);
    }

  expander = gtk_expander_new (NULL);
  gtk_expander_set_label_widget (GTK_EXPANDER (expander), label);
  gtk_expander_set_child (GTK_EXPANDER (expander), box);
  gtk_expander_set_expanded (GTK_EXPANDER (expander), is_open);
  gtk_accessible_update_property (GTK_ACCESSIBLE (expander), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                  -1);
  return expander;
}
