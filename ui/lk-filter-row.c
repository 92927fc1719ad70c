/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-filter-row.h"

#include "ui/lk-selection-text.h"

#include <glib/gi18n.h>

#define MAX_CHOICES 12
#define KEY_FILTER  "lk-filter"
#define KEY_OWNER   "lk-owner"

typedef struct
{
  const char *value;
  const char *title;
} Choice;

/* The first choice of each is any. */
typedef struct
{
  const char *field;
  const char *name; /* for assistive technology */
  Choice choices[MAX_CHOICES];
} Filter;

static const Filter filters[] = {
  { "state",
    N_ ("State filter"),
    {
        { NULL, N_ ("Any state") },
        { "unread", N_ ("Not read yet") },
        { "licensed", N_ ("Licensed") },
        { "grace", N_ ("In grace") },
        { "initial-grace", N_ ("Initial grace") },
        { "out-of-tolerance-grace", N_ ("Out-of-tolerance grace") },
        { "non-genuine-grace", N_ ("Non-genuine grace") },
        { "notification", N_ ("Notification") },
        { "extended-grace", N_ ("Extended grace") },
        { "unlicensed", N_ ("Unlicensed") },
        { "attention", N_ ("Needs attention") },
    } },
  { "app",
    N_ ("Product filter"),
    {
        { NULL, N_ ("Any product") },
        { "windows", N_ ("Windows") },
        { "office", N_ ("Office") },
    } },
  { "kind",
    N_ ("Key type filter"),
    {
        { NULL, N_ ("Any key type") },
        { "mak", N_ ("MAK") },
        { "gvlk", N_ ("KMS client") },
        { "kms-host", N_ ("KMS host") },
        { "retail", N_ ("Retail") },
        { "oem", N_ ("OEM") },
        { "unknown", N_ ("Unknown") },
    } },
  { "result",
    N_ ("Last result filter"),
    {
        { NULL, N_ ("Any result") },
        { "ok", N_ ("Last step succeeded") },
        { "failed", N_ ("Last step failed") },
    } },
};

typedef struct
{
  LkFilterFunc chosen;
  gpointer user_data;
  gboolean is_showing;
} Owner;

static void
on_selected (GtkDropDown *drop_down, GParamSpec *pspec, Owner *owner)
{
  const Filter *filter = g_object_get_data (G_OBJECT (drop_down), KEY_FILTER);
  guint n = gtk_drop_down_get_selected (drop_down);

  if (!owner->is_showing && n != GTK_INVALID_LIST_POSITION)
    owner->chosen (filter->field, filter->choices[n].value, owner->user_data);
}

static GtkWidget *
make_filter (const Filter *filter)
{
  GtkStringList *titles = gtk_string_list_new (NULL);
  GtkWidget *drop_down;

  for (guint i = 0; i < MAX_CHOICES && filter->choices[i].title != NULL; i++)
    gtk_string_list_append (titles, _ (filter->choices[i].title));
  drop_down = gtk_drop_down_new (G_LIST_MODEL (titles), NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (drop_down), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (filter->name), -1);
  g_object_set_data (G_OBJECT (drop_down), KEY_FILTER, (gpointer) filter);
  return drop_down;
}

void
lk_filter_row_fill (GtkBox *box, LkFilterFunc chosen, gpointer user_data)
{
  Owner *owner = g_new0 (Owner, 1);

  owner->chosen = chosen;
  owner->user_data = user_data;
  g_object_set_data_full (G_OBJECT (box), KEY_OWNER, owner, g_free);
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      GtkWidget *drop_down = make_filter (&filters[i]);

      g_signal_connect (drop_down, "notify::selected", G_CALLBACK (on_selected), owner);
      gtk_box_append (box, drop_down);
    }
}

/* Which choice the text makes; none of ours when it is written in another way. */
static guint
find_choice (const Filter *filter, const char *text)
{
  g_autofree char *value = lk_selection_text_get (text, filter->field);

  if (value == NULL)
    return 0;
  for (guint i = 1; i < MAX_CHOICES && filter->choices[i].title != NULL; i++)
    if (g_str_equal (filter->choices[i].value, value))
      return i;
  return GTK_INVALID_LIST_POSITION;
}

void
lk_filter_row_show (GtkBox *box, const char *text)
{
  Owner *owner = g_object_get_data (G_OBJECT (box), KEY_OWNER);

  owner->is_showing = TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (box)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    gtk_drop_down_set_selected (GTK_DROP_DOWN (child),
                                find_choice (g_object_get_data (G_OBJECT (child), KEY_FILTER),
                                             text));
  owner->is_showing = FALSE;
}
