/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/lk-reader.h"

/* How often the thread looks whether something was written: closely while things happen, else
 * seldom enough not to keep a processor awake. */
#define LOOK_CLOSELY   (100 * G_TIME_SPAN_MILLISECOND)
#define LOOK_SELDOM    (1500 * G_TIME_SPAN_MILLISECOND)
#define CLOSELY_BEHIND (3 * G_TIME_SPAN_SECOND)

/* What both threads share; lives until the last answer is gone. */
typedef struct
{
  char *path;
  GMainContext *context;
  GAsyncQueue *questions;
  GWeakRef reader;
  gint stopped;    /* atomic */
  gint is_telling; /* atomic: "changed" is on its way */
} Desk;

typedef enum
{
  QUESTION_READ,
  QUESTION_LOOK, /* closely, for a while */
  QUESTION_STOP,
} QuestionKind;

typedef struct
{
  QuestionKind kind;
  Desk *desk; /* a reference, once it is an answer */
  LkReadFunc read;
  gpointer question;
  GDestroyNotify free_question;
  GDestroyNotify free_answer;
  GCancellable *cancellable;
  LkAnswerFunc answer;
  gpointer user_data;
  gpointer result;
  GError *error;
} Question;

struct _LkReader
{
  GObject parent_instance;

  Desk *desk;
  GThread *thread;
};

G_DEFINE_FINAL_TYPE (LkReader, lk_reader, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
desk_clear (gpointer data)
{
  Desk *desk = data;

  g_free (desk->path);
  g_async_queue_unref (desk->questions);
  g_clear_pointer (&desk->context, g_main_context_unref);
  g_weak_ref_clear (&desk->reader);
}

static void
desk_unref (Desk *desk)
{
  g_atomic_rc_box_release_full (desk, desk_clear);
}

static void
question_free (gpointer data)
{
  Question *self = data;

  if (self->question != NULL && self->free_question != NULL)
    self->free_question (self->question);
  if (self->result != NULL && self->free_answer != NULL)
    self->free_answer (self->result);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_clear_pointer (&self->desk, desk_unref);
  g_free (self);
}

static void
desk_invoke (Desk *desk, GSourceFunc func, gpointer data, GDestroyNotify free_data)
{
  /* Not g_main_context_invoke(): while nobody runs the context it would call from this thread. */
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, free_data);
  g_source_attach (source, desk->context);
}

static gboolean
is_cancelled (Question *question)
{
  return question->cancellable != NULL && g_cancellable_is_cancelled (question->cancellable);
}

static gboolean
give_answer (gpointer data)
{
  Question *question = data;

  if (!g_atomic_int_get (&question->desk->stopped) && !is_cancelled (question))
    question->answer (g_steal_pointer (&question->result), question->error, question->user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
tell_change (gpointer data)
{
  Desk *desk = data;
  g_autoptr (LkReader) reader = g_weak_ref_get (&desk->reader);

  g_atomic_int_set (&desk->is_telling, 0);
  if (reader != NULL && !g_atomic_int_get (&desk->stopped))
    g_signal_emit (reader, signals[SIGNAL_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

/* The thread's own. */
typedef struct
{
  Desk *desk;
  LkStore *store;
  gint64 version;
  gint64 looked_at;
  gint64 stirred_at; /* when something happened last */
} Watch;

static gboolean
open_store (Watch *watch, GError **error)
{
  if (watch->store != NULL)
    return TRUE;

  watch->store = lk_store_open (watch->desk->path, error);
  if (watch->store == NULL)
    return FALSE;
  watch->version = lk_store_get_version (watch->store);
  return TRUE;
}

static void
read_answer (Watch *watch, Question *question)
{
  if (is_cancelled (question) || g_atomic_int_get (&watch->desk->stopped))
    {
      question_free (question);
      return;
    }

  if (open_store (watch, &question->error))
    question->result = question->read (watch->store, question->question, &question->error);
  question->desk = g_atomic_rc_box_acquire (watch->desk);
  desk_invoke (watch->desk, give_answer, question, question_free);
}

static void
look (Watch *watch)
{
  gint64 now = g_get_monotonic_time ();
  gint64 version;

  if (watch->store == NULL || now - watch->looked_at < LOOK_CLOSELY)
    return;

  watch->looked_at = now;
  version = lk_store_get_version (watch->store);
  if (version == watch->version)
    return;

  watch->version = version;
  watch->stirred_at = now;
  if (g_atomic_int_compare_and_exchange (&watch->desk->is_telling, 0, 1))
    desk_invoke (watch->desk, tell_change, g_atomic_rc_box_acquire (watch->desk),
                 (GDestroyNotify) desk_unref);
}

static gpointer
run (gpointer data)
{
  Watch watch = { .desk = data, .stirred_at = g_get_monotonic_time () };
  gboolean stopped = FALSE;

  open_store (&watch, NULL);
  while (!stopped)
    {
      gint64 quiet = g_get_monotonic_time () - watch.stirred_at;
      Question *question =
          g_async_queue_timeout_pop (watch.desk->questions,
                                     quiet < CLOSELY_BEHIND ? LOOK_CLOSELY : LOOK_SELDOM);

      if (question != NULL)
        watch.stirred_at = g_get_monotonic_time ();
      if (question != NULL && question->kind == QUESTION_READ)
        read_answer (&watch, question);
      else if (question != NULL)
        {
          stopped = question->kind == QUESTION_STOP;
          question_free (question);
        }
      if (!stopped)
        look (&watch);
    }

  lk_store_free (watch.store);
  desk_unref (watch.desk);
  return NULL;
}

static void
push_sign (LkReader *self, QuestionKind kind)
{
  Question *sign = g_new0 (Question, 1);

  sign->kind = kind;
  if (kind == QUESTION_STOP)
    g_async_queue_push_front (self->desk->questions, sign);
  else
    g_async_queue_push (self->desk->questions, sign);
}

static void
lk_reader_finalize (GObject *object)
{
  LkReader *self = LK_READER (object);

  lk_reader_stop (self);
  desk_unref (self->desk);
  G_OBJECT_CLASS (lk_reader_parent_class)->finalize (object);
}

static void
lk_reader_class_init (LkReaderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lk_reader_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", LK_TYPE_READER, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
}

static void
lk_reader_init (LkReader *self)
{
  self->desk = g_atomic_rc_box_new0 (Desk);
  self->desk->context = g_main_context_ref_thread_default ();
  self->desk->questions = g_async_queue_new_full (question_free);
  g_weak_ref_init (&self->desk->reader, self);
}

LkReader *
lk_reader_new (const char *path)
{
  LkReader *self = g_object_new (LK_TYPE_READER, NULL);

  self->desk->path = g_strdup (path);
  self->thread = g_thread_new ("lk-reader", run, g_atomic_rc_box_acquire (self->desk));
  return self;
}

void
lk_reader_stop (LkReader *self)
{
  if (self->thread == NULL)
    return;

  g_atomic_int_set (&self->desk->stopped, 1);
  push_sign (self, QUESTION_STOP);
  g_thread_join (g_steal_pointer (&self->thread));
  /* Answers that nobody will fetch hold the desk, and the context holds them. */
  g_clear_pointer (&self->desk->context, g_main_context_unref);
}

void
lk_reader_expect_change (LkReader *self)
{
  if (self->thread != NULL)
    push_sign (self, QUESTION_LOOK);
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
  Question *asked = g_new0 (Question, 1);

  asked->read = read;
  asked->question = question;
  asked->free_question = free_question;
  asked->free_answer = free_answer;
  asked->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  asked->answer = answer;
  asked->user_data = user_data;
  if (self->thread == NULL)
    question_free (asked);
  else
    g_async_queue_push (self->desk->questions, asked);
}
