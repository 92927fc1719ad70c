/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-desk.h"

#include "console/lk-console-credentials.h"
#include "ui/lk-desk-runner.h"

#include <string.h>

#define CLOSE_PATIENCE (5 * G_TIME_SPAN_SECOND)

/* The console's thread, and what it shares with the desk. */
typedef struct
{
  GThread *thread;
  LkConsole *console;
  GAsyncQueue *calls;
  gboolean is_closed; /* of the main thread, as is what follows */
  LkDesk *desk;       /* until it is closed */

  GMutex lock;
  GCond ended;
  GCancellable *current; /* of the call that is under way */
  gboolean is_closing;
  gboolean has_ended;
} Line;

typedef struct
{
  Line *line;
  LkDeskFunc func; /* NULL: the end */
  gpointer question;
  GDestroyNotify free_question;
  GDestroyNotify free_answer;
  GCancellable *cancellable; /* the caller's, or NULL */
  LkAnswerFunc answer;
  gpointer user_data;
  gpointer result;
  GError *error;
} Call;

struct _LkDesk
{
  GObject parent_instance;

  char *path;
  gboolean is_practice;
  gboolean is_closed;
  LkReader *reader;
  Line *line;
  Line *long_line; /* for what takes minutes */
  LkDeskRun *run;
  LkDeskRunner runner;
  char *trouble;
  char *wanted; /* by the jobs */
  char *missed; /* by a verb */
};

typedef enum
{
  SIGNAL_STATE_CHANGED,
  N_SIGNALS,
} LkDeskSignal;

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LkDesk, lk_desk, G_TYPE_OBJECT)

static void
line_clear (gpointer data)
{
  Line *self = data;

  g_clear_pointer (&self->console, lk_console_free);
  g_async_queue_unref (self->calls);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->ended);
}

static void
line_unref (Line *self)
{
  g_atomic_rc_box_release_full (self, line_clear);
}

static void
call_free (gpointer data)
{
  Call *self = data;

  if (self->free_question != NULL)
    self->free_question (self->question);
  if (self->result != NULL && self->free_answer != NULL)
    self->free_answer (self->result);
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->line, line_unref);
  g_free (self);
}

/* A verb may have missed a password, too. */
static void
look_for_wanted (LkDesk *self)
{
  g_auto (GStrv) names = lk_console_list_wanted (self->line->console);
  g_auto (GStrv) long_names = lk_console_list_wanted (self->long_line->console);
  const char *name = names[0] != NULL ? names[0] : long_names[0];

  if (g_strcmp0 (name, self->missed) == 0)
    return;
  g_free (self->missed);
  self->missed = g_strdup (name);
  g_signal_emit (self, signals[SIGNAL_STATE_CHANGED], 0);
}

static gboolean
deliver (gpointer user_data)
{
  Call *self = user_data;

  if (!self->line->is_closed)
    look_for_wanted (self->line->desk);
  if (!self->line->is_closed && !g_cancellable_is_cancelled (self->cancellable))
    self->answer (g_steal_pointer (&self->result), self->error, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
on_cancelled (GCancellable *outer, GCancellable *inner)
{
  g_cancellable_cancel (inner);
}

/* The call is interrupted by its caller or by the end of the desk, whichever comes first. */
static void
make_call (Line *self, Call *call)
{
  g_autoptr (GCancellable) inner = g_cancellable_new ();
  gulong id = 0;

  g_mutex_lock (&self->lock);
  self->current = inner;
  if (self->is_closing)
    g_cancellable_cancel (inner);
  g_mutex_unlock (&self->lock);
  if (call->cancellable != NULL)
    id = g_cancellable_connect (call->cancellable, G_CALLBACK (on_cancelled), inner, NULL);

  if (!g_cancellable_set_error_if_cancelled (inner, &call->error))
    call->result = call->func (self->console, call->question, inner, &call->error);

  if (call->cancellable != NULL)
    g_cancellable_disconnect (call->cancellable, id);
  g_mutex_lock (&self->lock);
  self->current = NULL;
  g_mutex_unlock (&self->lock);
}

static gpointer
serve (gpointer user_data)
{
  Line *self = user_data;

  while (TRUE)
    {
      Call *call = g_async_queue_pop (self->calls);

      if (call->func == NULL)
        {
          call_free (call);
          break;
        }
      make_call (self, call);
      g_idle_add_full (G_PRIORITY_DEFAULT, deliver, call, call_free);
    }

  g_mutex_lock (&self->lock);
  self->has_ended = TRUE;
  g_cond_broadcast (&self->ended);
  g_mutex_unlock (&self->lock);
  line_unref (self);
  return NULL;
}

static Line *
line_new (LkDesk *desk, const char *path)
{
  Line *self = g_atomic_rc_box_new0 (Line);

  self->desk = desk;
  self->console = lk_console_new (path, NULL);
  lk_console_expect_answers (self->console);
  self->calls = g_async_queue_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->ended);
  self->thread = g_thread_new ("console", serve, g_atomic_rc_box_acquire (self));
  return self;
}

/* Takes no more calls. */
static void
line_end (Line *self)
{
  self->is_closed = TRUE;
  g_async_queue_push (self->calls, g_new0 (Call, 1));
}

static void
line_close (Line *self, gint64 deadline)
{
  gboolean has_ended;

  g_mutex_lock (&self->lock);
  self->is_closing = TRUE;
  if (self->current != NULL)
    g_cancellable_cancel (self->current);
  while (!self->has_ended && g_cond_wait_until (&self->ended, &self->lock, deadline))
    ;
  has_ended = self->has_ended;
  g_mutex_unlock (&self->lock);

  if (has_ended)
    g_thread_join (self->thread);
  else
    g_thread_unref (self->thread);
  line_unref (self);
}

static void
on_run_changed (LkDeskRunner runner, const char *trouble, const char *wanted, gpointer user_data)
{
  LkDesk *self = user_data;

  self->runner = runner;
  g_free (self->trouble);
  g_free (self->wanted);
  self->trouble = g_strdup (trouble);
  self->wanted = wanted != NULL ? g_strndup (wanted, strcspn (wanted, "\n")) : NULL;
  g_signal_emit (self, signals[SIGNAL_STATE_CHANGED], 0);
}

LkDesk *
lk_desk_new (const char *path, gboolean is_practice)
{
  LkDesk *self = g_object_new (LK_TYPE_DESK, NULL);

  self->line = line_new (self, path);
  self->long_line = line_new (self, path);
  self->path = g_strdup (lk_console_get_path (self->line->console));
  self->is_practice = is_practice;
  self->reader = lk_reader_new (self->path);
  self->run = lk_desk_run_start (self->path, on_run_changed, self);
  return self;
}

void
lk_desk_close (LkDesk *self)
{
  gint64 deadline = g_get_monotonic_time () + CLOSE_PATIENCE;

  g_return_if_fail (LK_IS_DESK (self));

  if (self->is_closed)
    return;
  self->is_closed = TRUE;
  line_end (self->line);
  line_end (self->long_line);
  lk_reader_stop (self->reader);
  lk_desk_run_stop (g_steal_pointer (&self->run), deadline);
  line_close (g_steal_pointer (&self->line), deadline);
  line_close (g_steal_pointer (&self->long_line), deadline);
}

const char *
lk_desk_get_path (LkDesk *self)
{
  return self->path;
}

gboolean
lk_desk_is_practice (LkDesk *self)
{
  return self->is_practice;
}

LkReader *
lk_desk_get_reader (LkDesk *self)
{
  return self->reader;
}

static Call *
call_new (LkDeskFunc func,
          gpointer question,
          GDestroyNotify free_question,
          GDestroyNotify free_answer,
          GCancellable *cancellable,
          LkAnswerFunc answer,
          gpointer user_data)
{
  Call *self = g_new0 (Call, 1);

  self->func = func;
  self->question = question;
  self->free_question = free_question;
  self->free_answer = free_answer;
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->answer = answer;
  self->user_data = user_data;
  return self;
}

/* @line NULL: the desk is closed. */
static void
line_push (Line *self, Call *call)
{
  if (self == NULL || self->is_closed)
    {
      call_free (call);
      return;
    }
  call->line = g_atomic_rc_box_acquire (self);
  g_async_queue_push (self->calls, call);
}

void
lk_desk_call (LkDesk *self,
              LkDeskFunc func,
              gpointer question,
              GDestroyNotify free_question,
              GDestroyNotify free_answer,
              GCancellable *cancellable,
              LkAnswerFunc answer,
              gpointer user_data)
{
  g_return_if_fail (LK_IS_DESK (self));

  line_push (self->line,
             call_new (func, question, free_question, free_answer, cancellable, answer, user_data));
}

void
lk_desk_call_long (LkDesk *self,
                   LkDeskFunc func,
                   gpointer question,
                   GDestroyNotify free_question,
                   GDestroyNotify free_answer,
                   GCancellable *cancellable,
                   LkAnswerFunc answer,
                   gpointer user_data)
{
  g_return_if_fail (LK_IS_DESK (self));

  line_push (self->long_line,
             call_new (func, question, free_question, free_answer, cancellable, answer, user_data));
}

void
lk_desk_restart_runner (LkDesk *self)
{
  if (self->run != NULL)
    lk_desk_run_restart (self->run);
}

void
lk_desk_answer_credential (LkDesk *self, const char *name, const LkSecret *password)
{
  if (self->is_closed)
    return;
  lk_console_answer_credential (self->line->console, name, password);
  lk_console_answer_credential (self->long_line->console, name, password);
  lk_desk_run_answer (self->run, name, password);
  if (self->wanted != NULL)
    lk_desk_run_restart (self->run); /* what waited is due then */
  if (g_strcmp0 (self->wanted, name) == 0)
    g_clear_pointer (&self->wanted, g_free);
  look_for_wanted (self);
}

LkDeskRunner
lk_desk_get_runner (LkDesk *self)
{
  return self->runner;
}

const char *
lk_desk_get_trouble (LkDesk *self)
{
  return self->trouble;
}

const char *
lk_desk_get_wanted (LkDesk *self)
{
  return self->wanted != NULL ? self->wanted : self->missed;
}

static void
lk_desk_dispose (GObject *object)
{
  LkDesk *self = LK_DESK (object);

  if (self->line != NULL)
    lk_desk_close (self);
  g_clear_object (&self->reader);

  G_OBJECT_CLASS (lk_desk_parent_class)->dispose (object);
}

static void
lk_desk_finalize (GObject *object)
{
  LkDesk *self = LK_DESK (object);

  g_free (self->path);
  g_free (self->trouble);
  g_free (self->wanted);
  g_free (self->missed);

  G_OBJECT_CLASS (lk_desk_parent_class)->finalize (object);
}

static void
lk_desk_class_init (LkDeskClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = lk_desk_dispose;
  object_class->finalize = lk_desk_finalize;

  signals[SIGNAL_STATE_CHANGED] = g_signal_new ("state-changed", LK_TYPE_DESK, G_SIGNAL_RUN_LAST, 0,
                                                NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
lk_desk_init (LkDesk *self)
{
}
