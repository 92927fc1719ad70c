/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-find-bar.h"

#include "ui/lk-field.h"

#include <glib/gi18n.h>
#include <inttypes.h>

#define LOOK_MS 100 /* so often at most does the list change */

struct _LkFindBar
{
  GtkBox parent_instance;

  GListStore *list;
  GHashTable *places; /* serial → place in the list */
  LkFind *find;       /* while it runs */
  GCancellable *cancellable;
  guint look;
  char *verb;
  char *name;

  GtkButton *test;
  GtkButton *search;
  GtkWidget *save;
  GtkSpinner *spinner;
  GtkLabel *status;
  GtkLabel *problem;
};

typedef enum
{
  SIGNAL_SEARCH,
  SIGNAL_TEST,
  SIGNAL_SAVE,
  SIGNAL_ENDED,
  N_SIGNALS,
} LkFindBarSignal;

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LkFindBar, lk_find_bar, GTK_TYPE_BOX)

static void
show_text (GtkLabel *label, const char *text)
{
  gtk_label_set_text (label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (label), text != NULL && *text != '\0');
}

static void
show_button (LkFindBar *self)
{
  gboolean is_busy = self->find != NULL;

  gtk_button_set_label (self->search, is_busy ? _ ("_Stop") : self->verb);
  lk_field_name (GTK_WIDGET (self->search), is_busy ? _ ("Stop") : self->name);
  gtk_widget_set_sensitive (GTK_WIDGET (self->search), TRUE);
  gtk_widget_set_sensitive (GTK_WIDGET (self->test), !is_busy);
  gtk_spinner_set_spinning (self->spinner, is_busy);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), is_busy);
}

static void
put (LkFindBar *self, GPtrArray *fresh, guint i)
{
  LkFound *found = fresh->pdata[i];
  guint serial = lk_found_get_sighting (found)->serial;
  gpointer place;

  if (serial != 0 &&
      g_hash_table_lookup_extended (self->places, GUINT_TO_POINTER (serial), NULL, &place))
    {
      g_autoptr (LkFound) old =
          g_list_model_get_item (G_LIST_MODEL (self->list), GPOINTER_TO_UINT (place));

      /* Whether a person wants it does not change with what becomes known of it. */
      if (lk_found_is_known (old) == lk_found_is_known (found))
        lk_found_set_chosen (found, lk_found_is_chosen (old));
      g_list_store_splice (self->list, GPOINTER_TO_UINT (place), 1, &fresh->pdata[i], 1);
      return;
    }

  if (serial != 0)
    g_hash_table_insert (self->places, GUINT_TO_POINTER (serial),
                         GUINT_TO_POINTER (g_list_model_get_n_items (G_LIST_MODEL (self->list))));
  g_list_store_append (self->list, found);
}

static void
take (LkFindBar *self)
{
  g_autoptr (GPtrArray) fresh = lk_find_take (self->find);

  for (guint i = 0; i < fresh->len; i++)
    put (self, fresh, i);
}

static gboolean
on_look (gpointer user_data)
{
  LkFindBar *self = user_data;
  guint64 n_ended;
  guint64 n_all;

  take (self);
  lk_find_get_progress (self->find, &n_ended, &n_all);
  if (n_all > 0)
    {
      g_autofree char *text =
          g_strdup_printf (_ ("Searching, probes ended: %" PRIu64 " of %" PRIu64), n_ended, n_all);

      show_text (self->status, text);
    }
  return G_SOURCE_CONTINUE;
}

static void
forget_find (LkFindBar *self)
{
  g_clear_handle_id (&self->look, g_source_remove);
  g_clear_pointer (&self->find, lk_find_unref);
  g_clear_object (&self->cancellable);
}

static void
on_ended (const GError *error, gpointer user_data)
{
  LkFindBar *self = user_data;
  g_autofree char *notes = lk_find_get_notes (self->find);
  gboolean is_stopped = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  guint n;

  take (self);
  n = g_list_model_get_n_items (G_LIST_MODEL (self->list));
  forget_find (self);
  show_button (self);
  if (is_stopped)
    show_text (self->status, n > 0 ? _ ("Stopped; what was found until then can be added")
                                   : C_ ("search", "Stopped"));
  else if (error == NULL && *notes == '\0')
    show_text (self->status, n > 0 ? _ ("The search is complete") : _ ("Nobody was found"));
  else
    show_text (self->status, notes);
  show_text (self->problem, error != NULL && !is_stopped ? error->message : NULL);
  g_signal_emit (self, signals[SIGNAL_ENDED], 0);
}

void
lk_find_bar_start (LkFindBar *self,
                   LkDesk *desk,
                   gboolean keeps,
                   LkFindFunc func,
                   gpointer order,
                   GDestroyNotify free_order)
{
  g_return_if_fail (LK_IS_FIND_BAR (self));
  g_return_if_fail (self->find == NULL);

  if (!keeps)
    {
      g_list_store_remove_all (self->list);
      g_hash_table_remove_all (self->places);
    }
  self->cancellable = g_cancellable_new ();
  self->find = lk_find_start (desk, func, order, free_order, self->cancellable, on_ended, self);
  self->look = g_timeout_add (LOOK_MS, on_look, self);
  show_text (self->status, keeps ? _ ("Testing…") : _ ("Searching…"));
  show_text (self->problem, NULL);
  show_button (self);
}

GListModel *
lk_find_bar_get_list (LkFindBar *self)
{
  return G_LIST_MODEL (self->list);
}

static void
cancel (LkFindBar *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  forget_find (self);
}

void
lk_find_bar_clear (LkFindBar *self)
{
  cancel (self);
  g_list_store_remove_all (self->list);
  g_hash_table_remove_all (self->places);
  show_text (self->status, NULL);
  show_text (self->problem, NULL);
  show_button (self);
}

void
lk_find_bar_set_verb (LkFindBar *self, const char *verb, const char *name)
{
  g_free (self->verb);
  g_free (self->name);
  self->verb = g_strdup (verb != NULL ? verb : _ ("_Search"));
  self->name = g_strdup (verb != NULL ? name : _ ("Search"));
  show_button (self);
}

void
lk_find_bar_show_test (LkFindBar *self)
{
  gtk_widget_show (GTK_WIDGET (self->test));
}

void
lk_find_bar_show_save (LkFindBar *self)
{
  gtk_widget_show (self->save);
}

static void
on_search (LkFindBar *self)
{
  if (self->find == NULL)
    {
      g_signal_emit (self, signals[SIGNAL_SEARCH], 0);
      return;
    }
  lk_find_stop (self->find);
  gtk_widget_set_sensitive (GTK_WIDGET (self->search), FALSE);
}

static void
on_test (LkFindBar *self)
{
  g_signal_emit (self, signals[SIGNAL_TEST], 0);
}

static void
on_save (LkFindBar *self)
{
  g_signal_emit (self, signals[SIGNAL_SAVE], 0);
}

static void
lk_find_bar_dispose (GObject *object)
{
  LkFindBar *self = LK_FIND_BAR (object);

  cancel (self);
  g_clear_object (&self->list);
  g_clear_pointer (&self->places, g_hash_table_unref);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_FIND_BAR);

  G_OBJECT_CLASS (lk_find_bar_parent_class)->dispose (object);
}

static void
lk_find_bar_finalize (GObject *object)
{
  LkFindBar *self = LK_FIND_BAR (object);

  g_free (self->verb);
  g_free (self->name);

  G_OBJECT_CLASS (lk_find_bar_parent_class)->finalize (object);
}

static void
lk_find_bar_class_init (LkFindBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_find_bar_dispose;
  G_OBJECT_CLASS (klass)->finalize = lk_find_bar_finalize;
  signals[SIGNAL_SEARCH] = g_signal_new ("search", LK_TYPE_FIND_BAR, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_TEST] = g_signal_new ("test", LK_TYPE_FIND_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                       NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_SAVE] = g_signal_new ("save", LK_TYPE_FIND_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                       NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_ENDED] = g_signal_new ("ended", LK_TYPE_FIND_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-find-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, LkFindBar, test);
  gtk_widget_class_bind_template_child (widget_class, LkFindBar, search);
  gtk_widget_class_bind_template_child (widget_class, LkFindBar, save);
  gtk_widget_class_bind_template_child (widget_class, LkFindBar, spinner);
  gtk_widget_class_bind_template_child (widget_class, LkFindBar, status);
  gtk_widget_class_bind_template_child (widget_class, LkFindBar, problem);
  gtk_widget_class_bind_template_callback (widget_class, on_save);
  gtk_widget_class_bind_template_callback (widget_class, on_search);
  gtk_widget_class_bind_template_callback (widget_class, on_test);
}

static void
lk_find_bar_init (LkFindBar *self)
{
  self->list = g_list_store_new (LK_TYPE_FOUND);
  self->places = g_hash_table_new (NULL, NULL);
  gtk_widget_init_template (GTK_WIDGET (self));
  lk_find_bar_set_verb (self, NULL, NULL);
}
