/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-job-words.h"

#include "console/lk-preview.h"

#include <glib/gi18n.h>
#include <string.h>

#define PACE_KEY    "lk-pace"
#define PACE_WINDOW (20 * G_TIME_SPAN_SECOND)
#define PACE_LEAST  (2 * G_TIME_SPAN_SECOND)

/* Where a job stood when we first looked, within the window of measuring. */
typedef struct
{
  gint64 from;
  guint n_from;
  gint64 middle; /* what @from becomes when the window is over */
  guint n_middle;
} Pace;

static guint
count_over (const LkJobRow *job)
{
  return job->n_done + job->n_failed + job->n_cancelled;
}

const char *
lk_job_get_title (const LkJobRow *job)
{
  const char *title = lk_plan_get_title (job->plan);

  return title != NULL ? title : job->plan;
}

gboolean
lk_job_is_over (const LkJobRow *job)
{
  return !g_str_equal (job->state, "open") && !g_str_equal (job->state, "paused");
}

const char *
lk_job_get_state_title (const LkJobRow *job)
{
  if (g_str_equal (job->state, "paused"))
    return _ ("Paused");
  if (g_str_equal (job->state, "cancelled"))
    return _ ("Cancelled");
  if (lk_job_is_over (job))
    return job->n_failed > 0 ? _ ("Ended with failures") : _ ("Done");
  if (job->n_running == 0 && job->n_ready == 0 && job->n_parked > 0)
    return _ ("Waiting for answers");
  return job->n_running > 0 ? _ ("Running") : _ ("Waiting");
}

const char *
lk_job_get_state_icon (const LkJobRow *job)
{
  if (g_str_equal (job->state, "paused"))
    return "media-playback-pause-symbolic";
  if (g_str_equal (job->state, "cancelled"))
    return "process-stop-symbolic";
  if (lk_job_is_over (job))
    return job->n_failed > 0 ? "dialog-warning-symbolic" : "emblem-ok-symbolic";
  return job->n_running > 0 ? "media-playback-start-symbolic" : "content-loading-symbolic";
}

char *
lk_job_describe_counts (const LkJobRow *job)
{
  g_autoptr (GString) text = g_string_new (NULL);

  /* Translators: of the rows of a job, how many are done */
  g_string_append_printf (text, _ ("%'u of %'u"), job->n_done, job->n_items);
  if (job->n_failed > 0)
    g_string_append_printf (text, ngettext (", %'u failed", ", %'u failed", job->n_failed),
                            job->n_failed);
  if (job->n_parked > 0)
    g_string_append_printf (text,
                            ngettext (", %'u waits for an answer", ", %'u wait for an answer",
                                      job->n_parked),
                            job->n_parked);
  if (job->n_cancelled > 0)
    g_string_append_printf (text, ngettext (", %'u cancelled", ", %'u cancelled", job->n_cancelled),
                            job->n_cancelled);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

double
lk_job_get_fraction (const LkJobRow *job)
{
  return job->n_items > 0 ? (double) count_over (job) / job->n_items : 1;
}

char *
lk_job_describe_time (gint64 ms)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (ms / 1000);
  g_autoptr (GDateTime) at = utc != NULL ? g_date_time_to_local (utc) : NULL;

  if (at == NULL)
    return g_strdup ("");
  if (g_date_time_get_year (at) == g_date_time_get_year (now) &&
      g_date_time_get_day_of_year (at) == g_date_time_get_day_of_year (now))
    return g_date_time_format (at, _ ("Today %H:%M"));
  return g_date_time_format (at, _ ("%-d %B %Y, %H:%M"));
}

char *
lk_job_describe_origin (const LkJobRow *job)
{
  g_autofree char *when = lk_job_describe_time (job->created_at);

  if (job->requested_by == NULL || *job->requested_by == '\0')
    return g_steal_pointer (&when);
  /* Translators: when a job was filed, and by whom */
  return g_strdup_printf (_ ("%s, by %s"), when, job->requested_by);
}

static char *
describe_left (double seconds)
{
  guint minutes = (guint) (seconds / 60 + 0.5);

  if (seconds < 60)
    return g_strdup_printf (ngettext ("%u second left", "%u seconds left", (guint) seconds + 1),
                            (guint) seconds + 1);
  if (minutes < 120)
    return g_strdup_printf (ngettext ("%u minute left", "%u minutes left", minutes), minutes);
  return g_strdup_printf (ngettext ("%u hour left", "%u hours left", (minutes + 30) / 60),
                          (minutes + 30) / 60);
}

static double
measure (LkTableItem *item, guint n_over)
{
  gint64 now = g_get_monotonic_time ();
  Pace *pace = g_object_get_data (G_OBJECT (item), PACE_KEY);

  if (pace == NULL || n_over < pace->n_from)
    {
      pace = g_new0 (Pace, 1);
      *pace = (Pace){ now, n_over, now, n_over };
      g_object_set_data_full (G_OBJECT (item), PACE_KEY, pace, g_free);
    }
  else if (now - pace->middle > PACE_WINDOW / 2)
    {
      pace->from = pace->middle;
      pace->n_from = pace->n_middle;
      pace->middle = now;
      pace->n_middle = n_over;
    }

  if (now - pace->from < PACE_LEAST)
    return 0;
  return (double) (n_over - pace->n_from) * G_TIME_SPAN_SECOND / (double) (now - pace->from);
}

char *
lk_job_describe_pace (LkTableItem *item, const LkJobRow *job)
{
  guint n_over = count_over (job);
  g_autofree char *rate_text = NULL;
  g_autofree char *left = NULL;
  double rate;

  if (lk_job_is_over (job) || job->n_running == 0)
    {
      g_object_set_data (G_OBJECT (item), PACE_KEY, NULL);
      return NULL;
    }
  rate = measure (item, n_over);
  if (rate <= 0)
    return NULL;

  rate_text = rate >= 1 ? g_strdup_printf (_ ("%.0f a second"), rate)
                        : g_strdup_printf (_ ("%.0f a minute"), MAX (rate * 60, 1));
  left = describe_left ((job->n_items - n_over) / rate);
  /* Translators: the rate of a job, and the time that is left */
  return g_strdup_printf (_ ("%s, %s"), rate_text, left);
}

/* What only waits for an answer, or is paused, is not at work. */
static const LkJobRow *
find_work (const GPtrArray *open, guint *n)
{
  const LkJobRow *first = NULL;

  *n = 0;
  for (guint i = 0; i < open->len; i++)
    {
      const LkJobRow *job = open->pdata[i];

      if (!g_str_equal (job->state, "open") || job->n_running + job->n_ready == 0)
        continue;
      if (first == NULL)
        first = job;
      ++*n;
    }
  return first;
}

char *
lk_jobs_describe_going_on (const GPtrArray *open)
{
  guint n;
  const LkJobRow *job = find_work (open, &n);

  if (n == 0)
    return NULL;
  if (n > 1)
    return g_strdup_printf (ngettext ("%u job goes on where it was",
                                      "%u jobs go on where they were", n),
                            n);
  return g_strdup_printf (_ ("Job %d, “%s”, goes on: %'u of %'u were done"), (int) job->id,
                          lk_job_get_title (job), job->n_done, job->n_items);
}

char *
lk_jobs_describe_stopping (const GPtrArray *open)
{
  guint n;
  const LkJobRow *job = find_work (open, &n);
  g_autofree char *what = NULL;

  if (n == 0)
    return NULL;
  if (n > 1)
    what = g_strdup_printf (ngettext ("%u job is not done.", "%u jobs are not done.", n), n);
  else
    what = g_strdup_printf (_ ("Job %d, “%s”: %'u of %'u are done."), (int) job->id,
                            lk_job_get_title (job), job->n_done, job->n_items);
  /* Translators: %s is a sentence that says which jobs are not done */
  return g_strdup_printf (
      _ ("%s This window runs the jobs of its store. They stop when it is closed"
         " and go on where they were when it is opened again; nothing is done"
         " or paid for twice. “latchkeyctl run” goes on without a window."),
      what);
}

static const struct
{
  const char *state;
  const char *title;
  const char *icon;
} item_states[] = {
  { "ready", N_ ("Waiting"), "content-loading-symbolic" },
  { "running", N_ ("Running"), "media-playback-start-symbolic" },
  { "parked", N_ ("Waits for an answer"), "mail-send-receive-symbolic" },
  { "paused", N_ ("Paused"), "media-playback-pause-symbolic" },
  { "done", N_ ("Done"), "emblem-ok-symbolic" },
  { "failed", N_ ("Failed"), "dialog-error-symbolic" },
  { "cancelled", N_ ("Cancelled"), "process-stop-symbolic" },
};

const char *
lk_item_get_state_title (const LkItemRow *item)
{
  for (guint i = 0; i < G_N_ELEMENTS (item_states); i++)
    if (g_str_equal (item_states[i].state, item->state))
      return _ (item_states[i].title);
  return item->state;
}

const char *
lk_item_get_state_icon (const LkItemRow *item)
{
  for (guint i = 0; i < G_N_ELEMENTS (item_states); i++)
    if (g_str_equal (item_states[i].state, item->state))
      return item_states[i].icon;
  return "dialog-question-symbolic";
}

const LkCode *
lk_item_find_code (const LkItemRow *item)
{
  /* The batch service's codes are small and would be found among Win32's. */
  const LkCode *entry =
      item->code != 0 && item->code < 0x1000 ? lk_batch_code_lookup (item->code) : NULL;

  return entry != NULL || item->code == 0 ? entry : lk_code_lookup (item->code);
}

const char *
lk_item_advise (const LkItemRow *item)
{
  const LkCode *code = lk_item_find_code (item);

  if (code != NULL && *code->action != '\0')
    return code->action;
  if (g_strcmp0 (item->error, "unreachable") == 0)
    return _ ("See whether the machine is on, reachable, and set up for WinRM, then retry.");
  if (g_strcmp0 (item->error, "denied") == 0)
    return _ ("See in the preferences which credential is used for the machine, then retry.");
  return NULL;
}

char *
lk_item_explain (const LkItemRow *item)
{
  const LkCode *code = lk_item_find_code (item);
  const char *next = lk_item_advise (item);
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, _ ("%s: failed in the step “%s”\n"), item->machine,
                          lk_step_get_title (item->step));
  if (item->message != NULL)
    g_string_append_printf (text, "%s\n", item->message);
  if (item->code != 0)
    g_string_append_printf (text, "0x%08X %s\n", item->code, code != NULL ? code->symbol : "");
  if (code != NULL)
    g_string_append_printf (text, _ ("Meaning: %s\n"), code->meaning);
  if (code != NULL && *code->cause != '\0')
    g_string_append_printf (text, _ ("Cause: %s\n"), code->cause);
  if (next != NULL)
    g_string_append_printf (text, _ ("Next: %s\n"), next);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
