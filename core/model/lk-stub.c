/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/lk-reader.h"
#include "model/lk-summary.h"
#include "store/lk-fleet.h"

/* A plain stand-in for lk-reader.c and lk-summary.c, so that the window can be linked before they
 * are there. Goes when they come. */

#define LOOK_EVERY (250 * G_TIME_SPAN_MILLISECOND)

struct _LkReader
{
  GObject parent_instance;

  char *path;
  GAsyncQueue *questions;
  GThread *thread;
  gboolean is_stopped;
};

typedef struct
{
  LkReader *reader;
  LkReadFunc read; /* NULL: end, or only say that something changed */
  gpointer question;
  GDestroyNotify free_question;
  GDestroyNotify free_answer;
  GCancellable *cancellable;
  LkAnswerFunc answer;
  gpointer user_data;
  gpointer result;
  GError *error;
} Question;

G_DEFINE_FINAL_TYPE (LkReader, lk_reader, G_TYPE_OBJECT)

static gboolean
deliver (gpointer user_data)
{
  Question *self = user_data;

  if (self->read == NULL)
    {
      if (!self->reader->is_stopped)
        g_signal_emit_by_name (self->reader, "changed");
    }
  else if (self->reader->is_stopped || g_cancellable_is_cancelled (self->cancellable))
    {
      if (self->result != NULL && self->free_answer != NULL)
        self->free_answer (self->result);
    }
  else
    self->answer (self->result, self->error, self->user_data);

  if (self->free_question != NULL)
    self->free_question (self->question);
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_object_unref (self->reader);
  g_free (self);
  return G_SOURCE_REMOVE;
}

static gpointer
run (gpointer user_data)
{
  LkReader *self = user_data;
  g_autoptr (LkStore) store = NULL;
  gint64 seen = -1;

  while (TRUE)
    {
      Question *question = g_async_queue_timeout_pop (self->questions, LOOK_EVERY);
      gint64 version;

      if (question != NULL && question->read == NULL)
        {
          g_object_unref (question->reader);
          g_free (question);
          return NULL;
        }
      if (question != NULL)
        {
          if (store == NULL)
            store = lk_store_open (self->path, &question->error);
          if (store != NULL)
            question->result = question->read (store, question->question, &question->error);
          g_idle_add_full (G_PRIORITY_DEFAULT, deliver, question, NULL);
          continue;
        }
      version = store != NULL ? lk_store_get_version (store) : seen;
      if (version != seen)
        {
          question = g_new0 (Question, 1);
          question->reader = g_object_ref (self);
          g_idle_add_full (G_PRIORITY_DEFAULT, deliver, question, NULL);
        }
      seen = version;
    }
}

LkReader *
lk_reader_new (const char *path)
{
  LkReader *self = g_object_new (LK_TYPE_READER, NULL);

  self->path = g_strdup (path);
  self->thread = g_thread_new ("reader", run, self);
  return self;
}

void
lk_reader_stop (LkReader *self)
{
  Question *end;

  if (self->is_stopped)
    return;
  self->is_stopped = TRUE;
  end = g_new0 (Question, 1);
  end->reader = g_object_ref (self);
  g_async_queue_push (self->questions, end);
  g_thread_join (g_steal_pointer (&self->thread));
}

void
lk_reader_ask (LkReader *self,
               LkReadFunc read,
               gpointer question,
               GDestroyNotify free_question,
               GDestroyNotify free_answer,
               GCancellable *cancellable,
               LkAnswerFunc answer,
               gpointer user_data)
{
  Question *item = g_new0 (Question, 1);

  *item = (Question){
    .reader = g_object_ref (self),
    .read = read,
    .question = question,
    .free_question = free_question,
    .free_answer = free_answer,
    .cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL,
    .answer = answer,
    .user_data = user_data,
  };
  g_async_queue_push (self->questions, item);
}

static void
lk_reader_finalize (GObject *object)
{
  LkReader *self = LK_READER (object);

  g_free (self->path);
  g_async_queue_unref (self->questions);

  G_OBJECT_CLASS (lk_reader_parent_class)->finalize (object);
}

static void
lk_reader_class_init (LkReaderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lk_reader_finalize;
  g_signal_new ("changed", LK_TYPE_READER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
lk_reader_init (LkReader *self)
{
  self->questions = g_async_queue_new ();
}

void
lk_summary_free (LkSummary *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->failures, g_ptr_array_unref);
  g_clear_pointer (&self->pools, g_ptr_array_unref);
  g_clear_pointer (&self->running, g_ptr_array_unref);
  g_free (self);
}

gpointer
lk_summary_read (LkStore *store, gpointer now, GError **error)
{
  g_autoptr (GPtrArray) rows = lk_store_list_rows (store, NULL, error);
  g_autoptr (GHashTable) machines = g_hash_table_new (g_int64_hash, g_int64_equal);
  LkSummary *self;

  if (rows == NULL)
    return NULL;
  self = g_new0 (LkSummary, 1);
  for (guint i = 0; i < rows->len; i++)
    {
      LkRow *row = rows->pdata[i];

      g_hash_table_add (machines, &row->machine_id);
      self->by_state[row->product->status + 1]++;
      self->n_products += row->product->status >= 0;
      self->n_attention += row->last_result != NULL && !row->last_ok;
    }
  self->n_machines = g_hash_table_size (machines);
  self->n_grace = self->by_state[3] + self->by_state[4] + self->by_state[5] + self->by_state[7];
  return self;
}
