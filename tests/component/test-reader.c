/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-test-fleet.h"

#include "base/lk-error.h"
#include "model/lk-reader.h"

#include <glib/gstdio.h>

/* The thread that reads for the window. Nothing here runs on the main thread's default context. */

typedef struct
{
  GMainContext *context;
  LkTestFleet *fleet;
  LkReader *reader;
  GString *answers;
  guint n_changed;
  GError *error;
} Fixture;

static gint n_questions; /* alive; atomic */
static gint n_results;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->context = g_main_context_new ();
  g_main_context_push_thread_default (f->context);
  f->fleet = lk_test_fleet_new ();
  f->reader = lk_reader_new (f->fleet->path);
  f->answers = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->reader);
  lk_test_fleet_free (f->fleet);
  g_main_context_pop_thread_default (f->context);
  g_main_context_unref (f->context);
  g_string_free (f->answers, TRUE);
  g_clear_error (&f->error);
  /* With the context, all that was on its way is gone. */
  g_assert_cmpint (g_atomic_int_get (&n_questions), ==, 0);
  g_assert_cmpint (g_atomic_int_get (&n_results), ==, 0);
}

typedef struct
{
  guint number;
  guint ms;
  GThread *asked_by;
} Question;

static void
question_free (gpointer question)
{
  g_atomic_int_dec_and_test (&n_questions);
  g_free (question);
}

static void
result_free (gpointer result)
{
  g_atomic_int_dec_and_test (&n_results);
  g_free (result);
}

static gpointer
read_number (LkStore *store, gpointer data, GError **error)
{
  Question *question = data;

  g_assert_true (question->asked_by != g_thread_self ());
  g_usleep (question->ms * 1000);
  g_atomic_int_inc (&n_results);
  return g_strdup_printf ("%u ", question->number);
}

static void
note_answer (gpointer answer, const GError *error, gpointer user_data)
{
  Fixture *f = user_data;

  if (answer == NULL)
    {
      f->error = g_error_copy (error);
      return;
    }
  g_assert_no_error (error);
  g_string_append (f->answers, answer);
  result_free (answer);
}

static void
ask (Fixture *f, guint number, guint ms, GCancellable *cancellable)
{
  Question *question = g_new0 (Question, 1);

  question->number = number;
  question->ms = ms;
  question->asked_by = g_thread_self ();
  g_atomic_int_inc (&n_questions);
  lk_reader_ask (f->reader, read_number, question, question_free, result_free, cancellable,
                 note_answer, f);
}

static gboolean
has_four (gpointer data)
{
  Fixture *f = data;

  return f->answers->len >= 8;
}

static void
test_order (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 4; i++)
    ask (f, i, 20 - 5 * i, NULL);
  g_assert_cmpstr (f->answers->str, ==, "");
  g_usleep (200 * 1000); /* all are read, and none comes before the context runs */
  g_assert_cmpstr (f->answers->str, ==, "");
  lk_test_wait (has_four, f);
  g_assert_cmpstr (f->answers->str, ==, "0 1 2 3 ");
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) before = g_cancellable_new ();
  g_autoptr (GCancellable) after = g_cancellable_new ();

  ask (f, 0, 50, NULL);
  ask (f, 1, 0, before);
  ask (f, 2, 0, after);
  ask (f, 3, 0, NULL);
  g_cancellable_cancel (before);
  g_usleep (200 * 1000);
  g_cancellable_cancel (after); /* it is read and on its way */
  lk_test_run_for (100);
  g_assert_cmpstr (f->answers->str, ==, "0 3 ");
  g_assert_cmpint (g_atomic_int_get (&n_questions), ==, 0);
}

static void
test_stop (Fixture *f, gconstpointer how)
{
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < 20; i++)
    ask (f, i, 50, NULL);
  g_usleep (120 * 1000); /* some are answered, one is being read, the others wait */
  if (how == NULL)
    lk_reader_stop (f->reader);
  else
    g_clear_object (&f->reader);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 700 * 1000);
  if (how == NULL)
    ask (f, 99, 0, NULL);
  lk_test_run_for (100);
  g_assert_cmpstr (f->answers->str, ==, "");
}

static void
note_changed (Fixture *f)
{
  f->n_changed++;
}

static gboolean
has_changed (gpointer data)
{
  Fixture *f = data;

  return f->n_changed > 0;
}

static void
write_once (LkStore *store)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *value = g_strdup_printf ("%u", g_random_int ());

  lk_store_set_setting (store, "test", value, &error);
  g_assert_no_error (error);
}

/* By another connection, after some quiet: within a second. */
static void
test_changed (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkStore) other = lk_store_open (f->fleet->path, &error);
  gint64 start;

  g_assert_no_error (error);
  ask (f, 0, 0, NULL);
  lk_test_run_for (200); /* open by now */
  g_signal_connect_swapped (f->reader, "changed", G_CALLBACK (note_changed), f);
  lk_test_run_for (3500);
  g_assert_cmpuint (f->n_changed, ==, 0);

  start = g_get_monotonic_time ();
  write_once (other);
  lk_test_wait (has_changed, f);
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_TIME_SPAN_SECOND);
  lk_test_run_for (300);
  g_assert_cmpuint (f->n_changed, ==, 1);
}

static gpointer
write_for_a_second (gpointer store)
{
  gint64 start = g_get_monotonic_time ();

  while (g_get_monotonic_time () - start < G_TIME_SPAN_SECOND)
    write_once (store);
  return NULL;
}

static void
test_changed_often (Fixture *f, gconstpointer data)
{
  GThread *writer;

  ask (f, 0, 0, NULL);
  lk_test_run_for (100);
  g_signal_connect_swapped (f->reader, "changed", G_CALLBACK (note_changed), f);
  writer = g_thread_new ("writer", write_for_a_second, f->fleet->store);
  lk_test_run_for (1300);
  g_thread_join (writer);
  g_assert_cmpuint (f->n_changed, >=, 3);
  g_assert_cmpuint (f->n_changed, <=, 12); /* ten a second, and the last */
}

/* A change that was told is not told any more once the reader is stopped. */
static void
test_changed_and_stopped (Fixture *f, gconstpointer data)
{
  ask (f, 0, 0, NULL);
  lk_test_run_for (100);
  g_signal_connect_swapped (f->reader, "changed", G_CALLBACK (note_changed), f);
  write_once (f->fleet->store);
  g_usleep (300 * 1000);
  lk_reader_stop (f->reader);
  lk_test_run_for (50);
  g_assert_cmpuint (f->n_changed, ==, 0);
}

static gboolean
has_error (gpointer data)
{
  Fixture *f = data;

  return f->error != NULL;
}

/* A store that cannot be opened: each question says so, until it can. */
static void
test_bad_store (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->fleet->folder, "bad.db", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "this is no database at all", -1, &error));
  g_clear_object (&f->reader);
  f->reader = lk_reader_new (path);
  ask (f, 0, 0, NULL);
  lk_test_wait (has_error, f);
  g_assert_error (f->error, LK_ERROR, LK_ERROR_STORE);

  g_unlink (path);
  for (guint i = 0; i < 4; i++)
    ask (f, i, 0, NULL);
  lk_test_wait (has_four, f);
}

#define ADD(name, func, data)                                                                      \
  g_test_add ("/model/reader/" name, Fixture, data, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("order", test_order, NULL);
  ADD ("cancel", test_cancel, NULL);
  ADD ("stop", test_stop, NULL);
  ADD ("let-go", test_stop, "unref");
  ADD ("changed", test_changed, NULL);
  ADD ("changed-often", test_changed_often, NULL);
  ADD ("changed-and-stopped", test_changed_and_stopped, NULL);
  ADD ("bad-store", test_bad_store, NULL);
  return g_test_run ();
}
