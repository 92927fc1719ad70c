/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/lk-watch.h"

#include "base/lk-clock.h"

struct _LkWatch
{
  LkReader *reader;
  LkReadFunc read;
  GDestroyNotify free_answer;
  LkAnswerFunc tell;
  gpointer user_data;
  GCancellable *cancellable;
  gulong changed_id;
  gboolean is_active;
  gboolean is_asking;
  gboolean is_stale; /* something changed since it was asked */
};

static void ask (LkWatch *self);

static void
on_answer (gpointer answer, const GError *error, gpointer user_data)
{
  LkWatch *self = user_data;
  g_autoptr (GCancellable) cancellable = g_object_ref (self->cancellable);

  self->is_asking = FALSE;
  self->tell (answer, error, self->user_data);
  if (!g_cancellable_is_cancelled (cancellable) && self->is_stale)
    ask (self);
}

static void
ask (LkWatch *self)
{
  gint64 *now;

  self->is_stale = self->is_asking || !self->is_active;
  if (self->is_stale)
    return;

  self->is_asking = TRUE;
  now = g_new (gint64, 1);
  *now = lk_clock_now (NULL);
  lk_reader_ask (self->reader, self->read, now, g_free, self->free_answer, self->cancellable,
                 on_answer, self);
}

LkWatch *
lk_watch_new (LkReader *reader,
              LkReadFunc read,
              GDestroyNotify free_answer,
              LkAnswerFunc tell,
              gpointer user_data)
{
  LkWatch *self = g_new0 (LkWatch, 1);

  self->reader = g_object_ref (reader);
  self->read = read;
  self->free_answer = free_answer;
  self->tell = tell;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->is_stale = TRUE;
  self->changed_id = g_signal_connect_swapped (reader, "changed", G_CALLBACK (ask), self);
  return self;
}

void
lk_watch_free (LkWatch *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_signal_handler (&self->changed_id, self->reader);
  g_object_unref (self->cancellable);
  g_object_unref (self->reader);
  g_free (self);
}

void
lk_watch_set_active (LkWatch *self, gboolean is_active)
{
  self->is_active = is_active;
  if (is_active && self->is_stale)
    ask (self);
}
