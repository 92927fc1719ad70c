/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-find.h"

#include "console/lk-console-machines.h"

struct _LkFind
{
  LkFindFunc func;
  gpointer order;
  GDestroyNotify free_order;
  GCancellable *stop;
  LkFindEndedFunc ended; /* of the main thread, as is what follows */
  gpointer user_data;

  GMutex lock;
  GPtrArray *fresh; /* LkFound that nobody took yet */
  GString *notes;
  guint64 n_ended;
  guint64 n_all;
  GError *error; /* once it has ended */
};

static void
find_clear (gpointer data)
{
  LkFind *self = data;

  self->free_order (self->order);
  g_object_unref (self->stop);
  g_ptr_array_unref (self->fresh);
  g_string_free (self->notes, TRUE);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
}

void
lk_find_unref (LkFind *self)
{
  g_atomic_rc_box_release_full (self, find_clear);
}

static void
on_cancelled (GCancellable *cancellable, gpointer stop)
{
  g_cancellable_cancel (stop);
}

/* In the thread. Stopping is no cancellation of the call, which would get no answer. */
static gpointer
run (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  LkFind *self = question;
  gulong id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self->stop, NULL);

  if (!g_cancellable_set_error_if_cancelled (self->stop, &self->error))
    self->func (console, self->order, self, self->stop, &self->error);
  g_cancellable_disconnect (cancellable, id);
  return g_atomic_rc_box_acquire (self);
}

static void
on_answer (gpointer answer, const GError *error, gpointer user_data)
{
  g_autoptr (LkFind) self = answer;

  /* Without an answer it was cancelled, and nobody waits for it. */
  if (self != NULL)
    self->ended (self->error, self->user_data);
}

LkFind *
lk_find_start (LkDesk *desk,
               LkFindFunc func,
               gpointer order,
               GDestroyNotify free_order,
               GCancellable *cancellable,
               LkFindEndedFunc ended,
               gpointer user_data)
{
  LkFind *self = g_atomic_rc_box_new0 (LkFind);

  self->func = func;
  self->order = order;
  self->free_order = free_order;
  self->stop = g_cancellable_new ();
  self->ended = ended;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  self->fresh = g_ptr_array_new_with_free_func (g_object_unref);
  self->notes = g_string_new (NULL);
  lk_desk_call_long (desk, run, g_atomic_rc_box_acquire (self), (GDestroyNotify) lk_find_unref,
                     (GDestroyNotify) lk_find_unref, cancellable, on_answer, NULL);
  return self;
}

void
lk_find_stop (LkFind *self)
{
  g_cancellable_cancel (self->stop);
}

void
lk_find_add (LkFind *self,
             LkConsole *console,
             const LkSighting *sighting,
             const char *os,
             LkFoundMarks marks)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new ();
  gboolean is_known = FALSE;

  g_ptr_array_add (one, (gpointer) sighting);
  /* A store that cannot be read is said when the machines are added. */
  lk_console_find_known (console, one, &is_known, NULL);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->fresh,
                   lk_found_new (sighting, os, marks | (is_known ? LK_FOUND_KNOWN : 0)));
  g_mutex_unlock (&self->lock);
}

void
lk_find_set_progress (LkFind *self, guint64 n_ended, guint64 n_all)
{
  g_mutex_lock (&self->lock);
  self->n_ended = n_ended;
  self->n_all = n_all;
  g_mutex_unlock (&self->lock);
}

void
lk_find_note (LkFind *self, char *text)
{
  g_mutex_lock (&self->lock);
  g_string_append_printf (self->notes, "%s%s", self->notes->len > 0 ? "\n" : "", text);
  g_mutex_unlock (&self->lock);
  g_free (text);
}

GPtrArray *
lk_find_take (LkFind *self)
{
  GPtrArray *taken;

  g_mutex_lock (&self->lock);
  taken = self->fresh;
  self->fresh = g_ptr_array_new_with_free_func (g_object_unref);
  g_mutex_unlock (&self->lock);
  return taken;
}

void
lk_find_get_progress (LkFind *self, guint64 *n_ended, guint64 *n_all)
{
  g_mutex_lock (&self->lock);
  *n_ended = self->n_ended;
  *n_all = self->n_all;
  g_mutex_unlock (&self->lock);
}

char *
lk_find_get_notes (LkFind *self)
{
  char *notes;

  g_mutex_lock (&self->lock);
  notes = g_strdup (self->notes->str);
  g_mutex_unlock (&self->lock);
  return notes;
}
