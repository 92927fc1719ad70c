/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "licensing/lk-check.h"

#include "licensing/lk-licensing.h"
#include "net/lk-certificate-facts.h"
#include "net/lk-resolve.h"

#include <glib/gi18n-lib.h>

#define PROBE_MS 1500

static const struct
{
  const char *word;
  const char *title;
} stages[] = {
  [LK_CHECK_NAME] = { "name", N_ ("Name") },
  [LK_CHECK_TCP] = { "tcp", N_ ("Connection") },
  [LK_CHECK_TLS] = { "tls", N_ ("Encryption") },
  [LK_CHECK_HTTP] = { "http", N_ ("HTTP") },
  [LK_CHECK_AUTH] = { "authentication", N_ ("Sign-in") },
  [LK_CHECK_WSMAN] = { "ws-man", N_ ("Remote management") },
  [LK_CHECK_RIGHTS] = { "rights", N_ ("Rights") },
  [LK_CHECK_LICENSING] = { "licensing", N_ ("Licensing service") },
};

const char *
lk_check_stage_to_word (LkCheckStage stage)
{
  return stages[stage].word;
}

const char *
lk_check_stage_to_title (LkCheckStage stage)
{
  return _ (stages[stage].title);
}

void
lk_check_result_free (LkCheckResult *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->remedy);
  g_free (self->script);
  g_free (self->trail);
  g_free (self);
}

/* Takes @text. @us: how long it took, 0 when it had no time of its own. */
static LkCheckResult *
add (GPtrArray *results, LkCheckStage stage, gboolean ok, gint64 us, char *text)
{
  LkCheckResult *result = g_new0 (LkCheckResult, 1);

  result->stage = stage;
  result->ok = ok;
  result->ms = us > 0 ? (us + 999) / 1000 : -1;
  result->text = text;
  g_ptr_array_add (results, result);
  return result;
}

static void
keep_trail (GPtrArray *results, LkLink *link)
{
  LkCheckResult *last = g_ptr_array_index (results, results->len - 1);

  last->trail = g_strdup (lk_link_get_trail (link));
}

/* A refusal is an answer, too: somebody is there. */
static gboolean
answers_on (const LkLinkOptions *options, guint16 port, GCancellable *cancellable)
{
  LkLinkOptions probe = { .host = options->host, .port = port };
  g_autoptr (LkLink) link = NULL;

  probe.connect_ms = PROBE_MS;
  link = lk_link_new (&probe);
  return lk_link_connect (link, cancellable, NULL) ||
         lk_link_get_problem (link) == LK_LINK_PROBLEM_REFUSED;
}

static LkCheckCause
judge_tcp (const LkLinkOptions *options, LkLink *link, GCancellable *cancellable)
{
  LkLinkProblem problem = lk_link_get_problem (link);

  if (problem == LK_LINK_PROBLEM_REFUSED)
    return LK_CAUSE_NO_SERVICE;
  if (problem == LK_LINK_PROBLEM_NO_ROUTE)
    return LK_CAUSE_NO_ROUTE;
  if (problem == LK_LINK_PROBLEM_CLOSED)
    return LK_CAUSE_NO_ANSWER; /* it was there and hung up */
  return answers_on (options, 445, cancellable) || answers_on (options, 135, cancellable)
             ? LK_CAUSE_FIREWALL
             : LK_CAUSE_SILENT;
}

static LkCheckCause
judge_tls (LkLink *link)
{
  return lk_link_get_problem (link) == LK_LINK_PROBLEM_UNTRUSTED ? LK_CAUSE_CERTIFICATE
                                                                 : LK_CAUSE_NO_TLS;
}

static LkCheckCause
judge_http (LkLink *link)
{
  if (lk_link_get_status (link) == 503 || lk_link_get_status (link) == 429)
    return LK_CAUSE_BUSY;
  return lk_link_get_problem (link) == LK_LINK_PROBLEM_NOT_HTTP ||
                 lk_link_get_problem (link) == LK_LINK_PROBLEM_STATUS
             ? LK_CAUSE_NOT_WINRM
             : LK_CAUSE_NO_ANSWER;
}

static LkCheckCause
judge_auth (LkLink *link, const GError *error)
{
  switch (lk_link_get_problem (link))
    {
    case LK_LINK_PROBLEM_UNSAFE:
      return LK_CAUSE_CLEAR;
    case LK_LINK_PROBLEM_CLOCK:
      return LK_CAUSE_CLOCK;
    case LK_LINK_PROBLEM_NO_SERVICE:
      return LK_CAUSE_SPN;
    case LK_LINK_PROBLEM_NO_AUTHORITY:
      return LK_CAUSE_NO_KDC;
    case LK_LINK_PROBLEM_NO_WAY:
      return LK_CAUSE_SCHEME;
    case LK_LINK_PROBLEM_NONE:
    case LK_LINK_PROBLEM_NO_SUCH_NAME:
    case LK_LINK_PROBLEM_REFUSED:
    case LK_LINK_PROBLEM_NO_ROUTE:
    case LK_LINK_PROBLEM_TIMED_OUT:
    case LK_LINK_PROBLEM_CLOSED:
    case LK_LINK_PROBLEM_UNTRUSTED:
    case LK_LINK_PROBLEM_NOT_HTTP:
    case LK_LINK_PROBLEM_STATUS:
    case LK_LINK_PROBLEM_CANCELLED:
    case LK_LINK_PROBLEM_OTHER:
    default:
      return g_error_matches (error, LK_ERROR, LK_ERROR_DENIED) ? LK_CAUSE_PASSWORD
                                                                : LK_CAUSE_OTHER;
    }
}

static gboolean
is_local_account (const LkLinkOptions *options)
{
  const char *names[] = { options->host, options->name, NULL };

  return options->login != NULL && lk_login_is_local (options->login, names);
}

static LkCheckCause
judge_rights (const LkLinkOptions *options, const GError *error)
{
  if (lk_error_get_remote_code (error) == LK_WBEM_E_ACCESS_DENIED)
    return LK_CAUSE_NAMESPACE;
  return is_local_account (options) ? LK_CAUSE_LOCAL_RIGHTS : LK_CAUSE_RIGHTS;
}

/* "10.0.0.7, 10.0.0.8", of what the name leads to; @strange: no machine can be at any of them. To
 * be freed. */
static char *
describe_name (const LkLinkOptions *options, LkLink *link, gboolean *strange)
{
  LkPatience patience = { .until = g_get_monotonic_time () + PROBE_MS * 1000, .cancel_fd = -1 };
  g_autoptr (GString) text = g_string_new (lk_link_get_described (link));
  g_autoptr (GArray) addresses = NULL;
  const char *why = NULL;

  *strange = FALSE;
  if (g_hostname_is_ip_address (options->host) ||
      lk_resolve (options->host, options->port, &patience, &addresses, &why) != LK_IO_OK)
    return g_strdup (text->str);

  *strange = g_ascii_strcasecmp (options->host, "localhost") != 0;
  for (guint i = 0; i < addresses->len; i++)
    {
      const LkAddress *address = &g_array_index (addresses, LkAddress, i);
      g_autofree char *shown = lk_address_to_text (address);

      *strange &= lk_address_is_strange (address);
      if (addresses->len > 1)
        g_string_append_printf (text, "%s%s", i == 0 ? "; " : ", ", shown);
    }
  return g_strdup (text->str);
}

static char *
describe_certificate (LkLink *link)
{
  GBytes *bytes = lk_link_get_peer_certificate (link);
  g_autoptr (LkCertificateFacts) facts =
      bytes != NULL ? lk_certificate_facts_new (bytes, NULL) : NULL;
  g_autofree char *until = facts != NULL ? lk_date_to_text (facts->not_after) : NULL;

  if (facts == NULL)
    return g_strdup (_ ("Its certificate is trusted"));
  return g_strdup_printf (_ ("Its certificate is trusted: %s, until %s"), facts->subject, until);
}

/* Says what went well before @failed. Each stage stands on the one before, so that a failure of one
 * proves those. @us: how long the first request took after the connection. */
static void
add_passed (GPtrArray *results,
            const LkLinkOptions *options,
            LkLink *link,
            LkCheckStage failed,
            gint64 us)
{
  gboolean strange;

  for (LkCheckStage stage = results->len > 0 ? LK_CHECK_WSMAN : LK_CHECK_NAME; stage < failed;
       stage++)
    switch (stage)
      {
      case LK_CHECK_NAME:
        add (results, stage, TRUE, lk_link_get_duration (link, LK_LINK_NAME),
             describe_name (options, link, &strange));
        break;
      case LK_CHECK_TCP:
        add (results, stage, TRUE, lk_link_get_duration (link, LK_LINK_TCP),
             g_strdup_printf (_ ("Port %u is open"), options->port));
        break;
      case LK_CHECK_TLS:
        if (options->tls)
          add (results, stage, TRUE, lk_link_get_duration (link, LK_LINK_TLS),
               describe_certificate (link));
        break;
      case LK_CHECK_HTTP:
        add (results, stage, TRUE, us, g_strdup (_ ("It speaks HTTP")));
        break;
      case LK_CHECK_AUTH:
        add (results, stage, TRUE, lk_link_get_duration (link, LK_LINK_AUTH),
             g_strdup (_ ("It accepts the account")));
        keep_trail (results, link);
        break;
      case LK_CHECK_WSMAN:
      case LK_CHECK_RIGHTS:
      case LK_CHECK_LICENSING:
      default:
        break;
      }
}

static LkCheckStage
find_stage (LkLink *link)
{
  switch (lk_link_get_stage (link))
    {
    case LK_LINK_NAME:
      return LK_CHECK_NAME;
    case LK_LINK_TCP:
      return LK_CHECK_TCP;
    case LK_LINK_TLS:
      return LK_CHECK_TLS;
    case LK_LINK_HTTP:
      return LK_CHECK_HTTP;
    case LK_LINK_AUTH:
      return LK_CHECK_AUTH;
    case LK_LINK_DONE:
    default:
      return LK_CHECK_WSMAN;
    }
}

static LkCheckCause
judge (const LkLinkOptions *options,
       LkLink *link,
       LkCheckStage stage,
       const GError *error,
       GCancellable *cancellable)
{
  if (g_cancellable_is_cancelled (cancellable))
    return LK_CAUSE_CANCELLED;

  switch (stage)
    {
    case LK_CHECK_NAME:
      return LK_CAUSE_NO_ADDRESS;
    case LK_CHECK_TCP:
      return judge_tcp (options, link, cancellable);
    case LK_CHECK_TLS:
      return judge_tls (link);
    case LK_CHECK_HTTP:
      return judge_http (link);
    case LK_CHECK_AUTH:
      return judge_auth (link, error);
    case LK_CHECK_WSMAN:
    case LK_CHECK_RIGHTS:
    case LK_CHECK_LICENSING:
    default:
      break;
    }

  if (g_error_matches (error, LK_ERROR, LK_ERROR_DENIED))
    return judge_rights (options, error);
  if (g_error_matches (error, LK_ERROR, LK_ERROR_BUSY))
    return LK_CAUSE_BUSY;
  if (stage == LK_CHECK_WSMAN)
    return LK_CAUSE_NOT_WINRM;
  return g_error_matches (error, LK_ERROR, LK_ERROR_UNREACHABLE) ? LK_CAUSE_NO_ANSWER
                                                                 : LK_CAUSE_NO_LICENSING;
}

/* How far the machine's clock is ahead. One that was not asked yet tells it to a stranger, too. */
static gboolean
measure_clock (const LkLinkOptions *options,
               LkLink *link,
               GCancellable *cancellable,
               gint64 *seconds)
{
  LkLinkOptions stranger = *options;
  g_autoptr (LkLink) other = NULL;
  g_autoptr (LkHttpMessage) answer = NULL;

  if (lk_link_get_clock_lead (link, seconds))
    return TRUE;
  stranger.login = NULL;
  other = lk_link_new (&stranger);
  answer = lk_link_post (other, "application/soap+xml;charset=UTF-8", "", 0, FALSE, PROBE_MS,
                         cancellable, NULL);
  return lk_link_get_clock_lead (other, seconds);
}

static char *
spell_lead (gint64 seconds)
{
  g_autofree char *span =
      g_strdup_printf ("%u:%02u:%02u", (guint) (ABS (seconds) / 3600),
                       (guint) (ABS (seconds) / 60 % 60), (guint) (ABS (seconds) % 60));

  return g_strdup_printf (seconds < 0 ? _ ("the machine's clock is %s behind this computer's")
                                      : _ ("the machine's clock is %s ahead of this computer's"),
                          span);
}

/* What went wrong, and what helps. */
static void
add_failure (GPtrArray *results,
             const LkLinkOptions *options,
             LkLink *link,
             LkCheckStage failed,
             gint64 us,
             LkCheckCause cause,
             const GError *error,
             GCancellable *cancellable)
{
  g_autofree char *network = lk_find_local_network (options->host);
  const LkCheckPlace place = { options->port, network };
  LkCheckResult *result = add (results, failed, FALSE, us, g_strdup (error->message));
  gint64 lead;

  result->code = error->domain == LK_ERROR ? (LkError) error->code : LK_ERROR_INVALID;
  result->cause = cause;
  result->remedy = lk_check_advise (cause, &place);
  result->script = lk_check_write_script (cause, &place);
  if (failed == LK_CHECK_AUTH)
    keep_trail (results, link);
  if (cause == LK_CAUSE_CLOCK && measure_clock (options, link, cancellable, &lead))
    {
      g_autofree char *text = g_steal_pointer (&result->text);
      g_autofree char *clock = spell_lead (lead);

      result->text = g_strdup_printf ("%s; %s", text, clock);
    }
}

/* @stage: when the link itself did its part. @us: what the last request took. */
static GPtrArray *
finish (GPtrArray *results,
        const LkLinkOptions *options,
        LkLink *link,
        LkCheckStage stage,
        gint64 us,
        const GError *error,
        GCancellable *cancellable)
{
  LkLinkStage reached = lk_link_get_stage (link);
  LkCheckStage failed = reached == LK_LINK_DONE ? stage : find_stage (link);
  LkCheckCause cause = judge (options, link, failed, error, cancellable);
  gboolean strange = FALSE;

  if (failed == LK_CHECK_TCP && cause != LK_CAUSE_CANCELLED)
    g_free (describe_name (options, link, &strange));
  if (strange)
    {
      failed = LK_CHECK_NAME;
      cause = LK_CAUSE_STRANGE_ADDRESS;
    }
  if (results->len > 0) /* the connection broke, or another one was not to be had */
    failed = MAX (failed, stage);
  if (reached < LK_LINK_HTTP || reached == LK_LINK_AUTH)
    us = lk_link_get_duration (link, reached);
  /* What would be unsafe is found out before anyone is called. */
  add_passed (results, options, link,
              lk_link_get_problem (link) == LK_LINK_PROBLEM_UNSAFE ? LK_CHECK_TCP : failed, 0);
  add_failure (results, options, link, failed, us, cause, error, cancellable);
  return results;
}

static void
add_identified (GPtrArray *results, LkWsman *wsman)
{
  const char *stack = lk_wsman_get_stack (wsman);
  const char *version = lk_wsman_get_os_version (wsman);

  add (results, LK_CHECK_WSMAN, TRUE, 0,
       g_strdup_printf (_ ("WinRM stack %s, Windows %s"), stack != NULL ? stack : _ ("unknown"),
                        version != NULL ? version : _ ("unknown")));
}

/* The request's own time, without what connecting took. */
static gint64
get_request_time (LkLink *link, gint64 since)
{
  gint64 us = g_get_monotonic_time () - since;

  for (LkLinkStage stage = LK_LINK_NAME; stage < LK_LINK_DONE; stage++)
    us -= lk_link_get_duration (link, stage);
  return MAX (us, 1);
}

static void
add_licensing (GPtrArray *results, const LkReading *reading, gboolean has_office, gint64 us)
{
  add (results, LK_CHECK_LICENSING, TRUE, us,
       g_strdup_printf (has_office ? _ ("Licensing service %s, products with a key: %u; Office has "
                                        "a licensing service of its own (OSPP)")
                                   : _ ("Licensing service %s, products with a key: %u"),
                        reading->service_version, reading->products->len));
}

GPtrArray *
lk_check_machine (const LkLinkOptions *options, GCancellable *cancellable)
{
  GPtrArray *results = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_check_result_free);
  g_autoptr (LkLink) link = lk_link_new (options);
  g_autoptr (LkWsman) wsman = lk_wsman_new (link);
  g_autoptr (LkLicensing) licensing = lk_licensing_new (wsman);
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (LkReading) reading = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();

  if (!lk_wsman_identify (wsman, cancellable, &error))
    return finish (results, options, link, LK_CHECK_WSMAN, get_request_time (link, begun), error,
                   cancellable);
  add_passed (results, options, link, LK_CHECK_WSMAN, get_request_time (link, begun));
  add_identified (results, wsman);

  begun = g_get_monotonic_time ();
  rows = lk_wsman_query (wsman, "Win32_ComputerSystem", "SELECT Name FROM Win32_ComputerSystem", 16,
                         cancellable, &error);
  if (rows == NULL)
    return finish (results, options, link, LK_CHECK_RIGHTS, g_get_monotonic_time () - begun, error,
                   cancellable);
  add (results, LK_CHECK_RIGHTS, TRUE, g_get_monotonic_time () - begun,
       g_strdup (_ ("The account may read WMI")));

  begun = g_get_monotonic_time ();
  reading = lk_licensing_read (licensing, cancellable, &error);
  if (reading == NULL)
    return finish (results, options, link, LK_CHECK_LICENSING, g_get_monotonic_time () - begun,
                   error, cancellable);

  add_licensing (results, reading, lk_licensing_has_old_office (licensing, cancellable),
                 g_get_monotonic_time () - begun);
  return results;
}
