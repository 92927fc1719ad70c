/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-row-verbs.h"

#include "console/lk-console-machines.h"
#include "ui/lk-certificate-dialog.h"
#include "ui/lk-check-window.h"
#include "ui/lk-field.h"
#include "ui/lk-identity-call.h"
#include "ui/lk-order.h"
#include "ui/lk-phone-dialog.h"
#include "ui/lk-save-dialog.h"
#include "ui/lk-tags-dialog.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

struct _LkRowVerbs
{
  GObject parent_instance;

  GtkWidget *from; /* owns us */
  LkDesk *desk;
  GCancellable *cancellable;
  const char *verb;
  GPtrArray *rows; /* LkRow, one of each machine; also read by the console's thread */
};

G_DEFINE_FINAL_TYPE (LkRowVerbs, lk_row_verbs, G_TYPE_OBJECT)

static int
compare_machines (gconstpointer a, gconstpointer b)
{
  const LkRow *const *x = a;
  const LkRow *const *y = b;

  return ((*x)->machine_id > (*y)->machine_id) - ((*x)->machine_id < (*y)->machine_id);
}

static void
free_row (gpointer row)
{
  if (row != NULL)
    lk_row_free (row);
}

/* One row of each machine. In the reader's thread. */
static gpointer
read_machines (LkStore *store, gpointer question, GError **error)
{
  GArray *keys = question;
  g_autoptr (GPtrArray) all =
      lk_store_load_rows (store, &g_array_index (keys, gint64, 0), keys->len, error);
  GPtrArray *machines;

  if (all == NULL)
    return NULL;
  machines = g_ptr_array_new_with_free_func (free_row);
  g_ptr_array_set_free_func (all, free_row);
  for (guint i = 0; i < all->len; i++)
    if (all->pdata[i] != NULL)
      g_ptr_array_add (machines, g_steal_pointer (&all->pdata[i]));
  g_ptr_array_sort (machines, compare_machines);
  for (guint i = machines->len; i > 1; i--)
    if (compare_machines (&machines->pdata[i - 1], &machines->pdata[i - 2]) == 0)
      g_ptr_array_remove_index (machines, i - 1);
  return machines;
}

/* Gives something on success. In the console's thread. */
static gpointer
forget (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  guint n = 0;

  return lk_console_forget (console, question, &n, error) ? g_memdup2 (&n, sizeof n) : NULL;
}

static void
on_forgotten (gpointer answer, const GError *error, gpointer user_data)
{
  LkRowVerbs *self = user_data;
  g_autofree guint *n = answer;
  g_autofree char *text = NULL;

  if (n == NULL)
    {
      lk_window_say (self->from, error->message);
      return;
    }
  text =
      g_strdup_printf (g_dngettext (NULL, "%u machine forgotten", "%u machines forgotten", *n), *n);
  lk_window_say (self->from, text);
}

static void
on_forget_agreed (LkRowVerbs *self)
{
  if (self->desk == NULL || self->rows == NULL)
    return;
  lk_reader_expect_change (lk_desk_get_reader (self->desk));
  lk_desk_call (self->desk, forget, g_ptr_array_ref (self->rows),
                (GDestroyNotify) g_ptr_array_unref, g_free, self->cancellable, on_forgotten, self);
}

static void
ask_to_forget (LkRowVerbs *self)
{
  const LkRow *first = self->rows->pdata[0];
  guint n = self->rows->len;
  g_autofree char *heading =
      n == 1
          ? g_strdup_printf (_ ("Forget %s?"), first->name)
          : g_strdup_printf (g_dngettext (NULL, "Forget %u machine?", "Forget %u machines?", n), n);
  g_autofree char *verb =
      g_strdup_printf (g_dngettext (NULL, "_Forget %u Machine", "_Forget %u Machines", n), n);

  lk_field_confirm (self->from, heading,
                    _ ("What was read of them and their timeline are deleted here. Nothing changes"
                       " on the machines, and confirmation IDs that were paid for are kept."),
                    verb, G_CALLBACK (on_forget_agreed), self);
}

static void
on_merged (gpointer answer, const GError *error, gpointer user_data)
{
  LkRowVerbs *self = user_data;
  g_autofree char *done = answer;

  lk_window_say (self->from, done != NULL ? _ ("Merged; the details tell what, and split it off"
                                               " again")
                                          : error->message);
}

static void
on_merge_agreed (LkRowVerbs *self)
{
  char **names;

  if (self->desk == NULL || self->rows == NULL)
    return;
  names = g_new0 (char *, self->rows->len + 1);
  for (guint i = 0; i < self->rows->len; i++)
    names[i] = g_strdup_printf ("#%" G_GINT64_FORMAT, ((LkRow *) self->rows->pdata[i])->machine_id);
  lk_reader_expect_change (lk_desk_get_reader (self->desk));
  lk_desk_call (self->desk, lk_identity_call_merge, names, (GDestroyNotify) g_strfreev, g_free,
                self->cancellable, on_merged, self);
}

/* Into the row that was there first. */
static void
ask_to_merge (LkRowVerbs *self)
{
  const LkRow *first = self->rows->pdata[0];
  guint n = self->rows->len - 1;
  g_autofree char *heading = NULL;

  if (n == 0)
    {
      lk_window_say (self->from, _ ("Choose two machines or more to make one of them"));
      return;
    }
  heading = g_strdup_printf (g_dngettext (NULL, "Merge %u other row into %s?",
                                          "Merge %u other rows into %s?", n),
                             n, first->name);
  lk_field_confirm (self->from, heading,
                    _ ("Activations, jobs and timelines go along, and what was read last counts."
                       " Each can be split off again in the details of the machine."),
                    _ ("_Merge"), G_CALLBACK (on_merge_agreed), self);
}

static void
check (LkRowVerbs *self)
{
  GtkRoot *root = gtk_widget_get_root (self->from);

  if (root != NULL)
    gtk_window_present (
        GTK_WINDOW (lk_check_window_new (GTK_WINDOW (root), self->desk, self->rows)));
}

static void
show_certificate (LkRowVerbs *self)
{
  const LkRow *row = self->rows->pdata[0];

  if (self->rows->len > 1)
    lk_window_say (self->from, _ ("Choose one machine to see its certificate"));
  else if (!row->tls)
    lk_window_say (self->from, _ ("This machine is talked to without TLS, so it shows no"
                                  " certificate"));
  else
    lk_certificate_ask (self->from, self->desk, row->machine_id);
}

static void
ask_for_tags (LkRowVerbs *self)
{
  lk_tags_ask (self->from, self->desk, self->rows);
}

/* Verbs that are about machines, which must be known for them. */
static const struct
{
  const char *verb;
  void (*begin) (LkRowVerbs *self);
} of_machines[] = {
  { LK_VERB_CHECK, check },          { LK_VERB_CERTIFICATE, show_certificate },
  { LK_VERB_MERGE, ask_to_merge },   { LK_VERB_TAGS, ask_for_tags },
  { LK_VERB_FORGET, ask_to_forget },
};

static guint
find_of_machines (const char *verb)
{
  guint i = 0;

  while (i < G_N_ELEMENTS (of_machines) && !g_str_equal (of_machines[i].verb, verb))
    i++;
  return i;
}

static void
on_machines (gpointer answer, const GError *error, gpointer user_data)
{
  LkRowVerbs *self = user_data;

  if (answer == NULL)
    {
      lk_window_say (self->from, error->message);
      return;
    }
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  self->rows = answer;
  if (self->rows->len > 0)
    of_machines[find_of_machines (self->verb)].begin (self);
}

void
lk_row_verbs_do (LkRowVerbs *self, const char *verb, GArray *keys)
{
  if (self->desk == NULL || keys->len == 0)
    return;
  /* What was begun before and not answered is no longer meant. */
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->verb = verb;
  if (g_str_equal (verb, LK_VERB_PHONE))
    {
      lk_phone_ask (self->from, self->desk, keys);
      return;
    }
  if (g_str_equal (verb, LK_VERB_SAVE))
    {
      lk_save_request_ask (self->from, self->desk, keys);
      return;
    }
  if (find_of_machines (verb) == G_N_ELEMENTS (of_machines))
    {
      lk_order_ask_rows (self->from, self->desk, verb, keys);
      return;
    }
  lk_reader_ask (lk_desk_get_reader (self->desk), read_machines, g_array_ref (keys),
                 (GDestroyNotify) g_array_unref, (GDestroyNotify) g_ptr_array_unref,
                 self->cancellable, on_machines, self);
}

void
lk_row_verbs_stop (LkRowVerbs *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->desk);
}

static void
lk_row_verbs_finalize (GObject *object)
{
  LkRowVerbs *self = LK_ROW_VERBS (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->rows, g_ptr_array_unref);

  G_OBJECT_CLASS (lk_row_verbs_parent_class)->finalize (object);
}

static void
lk_row_verbs_class_init (LkRowVerbsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lk_row_verbs_finalize;
}

static void
lk_row_verbs_init (LkRowVerbs *self)
{
  self->cancellable = g_cancellable_new ();
}

LkRowVerbs *
lk_row_verbs_new (GtkWidget *from, LkDesk *desk)
{
  LkRowVerbs *self = g_object_new (LK_TYPE_ROW_VERBS, NULL);

  self->from = from;
  self->desk = g_object_ref (desk);
  return self;
}
