/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "licensing/lk-check.h"

#include "licensing/lk-licensing.h"

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
  g_free (self->trail);
  g_free (self);
}

/* Takes @text and @remedy. */
static void
add (GPtrArray *results, LkCheckStage stage, gboolean ok, char *text, char *remedy)
{
  LkCheckResult *result = g_new0 (LkCheckResult, 1);

  result->stage = stage;
  result->ok = ok;
  result->text = text;
  result->remedy = remedy;
  g_ptr_array_add (results, result);
}

static void
keep_trail (GPtrArray *results, LkLink *link)
{
  LkCheckResult *last = g_ptr_array_index (results, results->len - 1);

  last->trail = g_strdup (lk_link_get_trail (link));
}

static char *
advise_on_winrm (guint port)
{
  return g_strdup_printf (
      _ ("The machine is up, but WinRM does not answer on port %u.\n"
         "On the machine itself, as an administrator:\n"
         "    winrm quickconfig\n"
         "For many machines, by group policy, under Computer Configuration > Policies:\n"
         "  - Administrative Templates > Windows Components > Windows Remote Management (WinRM) > "
         "WinRM Service > Allow remote server management through WinRM: Enabled, with * as the "
         "filter\n"
         "  - Windows Settings > Security Settings > System Services > Windows Remote Management "
         "(WS-Management): Automatic\n"
         "  - Windows Settings > Security Settings > Windows Defender Firewall > Inbound Rules: "
         "the predefined rule Windows Remote Management\n"
         "If an HTTPS listener is wanted, it also needs a certificate: winrm quickconfig "
         "-transport:https"),
      port);
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

static char *
advise_on_tcp (const LkLinkOptions *options, LkLink *link, GCancellable *cancellable)
{
  LkLinkProblem problem = lk_link_get_problem (link);

  if (problem == LK_LINK_PROBLEM_CANCELLED)
    return NULL;
  if (problem == LK_LINK_PROBLEM_REFUSED || answers_on (options, 445, cancellable) ||
      answers_on (options, 135, cancellable))
    return advise_on_winrm (options->port);
  if (problem == LK_LINK_PROBLEM_NO_ROUTE)
    return g_strdup (_ ("There is no way to this network from here. Check the address, the VPN and "
                        "the routes."));

  return g_strdup (
      _ ("The machine does not answer at all, neither here nor on ports 445 and 135. "
         "It may be switched off, or a firewall drops everything from this computer."));
}

static char *
advise_on_tls (LkLink *link)
{
  if (lk_link_get_problem (link) == LK_LINK_PROBLEM_UNTRUSTED &&
      lk_link_get_peer_certificate (link) != NULL)
    return g_strdup (
        _ ("Compare the SHA-256 fingerprint with that of the certificate on the machine itself "
           "(exported to a file there: certutil -hashfile FILE SHA256).\n"
           "If it is the same, accept it for this machine: latchkeyctl trust accept NAME\n"
           "Or name the authorities that certify your machines: latchkeyctl config set machines.ca "
           "FILE"));

  return g_strdup (_ ("Check that this port has an HTTPS listener: winrm enumerate "
                      "winrm/config/listener"));
}

static char *
advise_on_http (LkLink *link)
{
  if (lk_link_get_status (link) == 404)
    return g_strdup (_ ("Something else answers on this port. Check the port, and the URL prefix: "
                        "winrm get winrm/config/service"));
  if (lk_link_get_status (link) == 503)
    return g_strdup (_ ("Try again later. If it stays so, restart the service WinRM there."));
  if (lk_link_get_problem (link) == LK_LINK_PROBLEM_NOT_HTTP)
    return g_strdup (
        _ ("Something that is not WinRM answers on this port; or the port wants HTTPS."));

  return g_strdup (_ ("The port is open, but nobody answers there as WinRM does. A restart of the "
                      "service WinRM on the machine may help."));
}

static char *
advise_on_auth (LkLink *link)
{
  if (lk_link_get_problem (link) == LK_LINK_PROBLEM_UNSAFE)
    return g_strdup (
        _ ("Use HTTPS for this machine, so that the password is not sent in the clear."));
  if (lk_link_get_status (link) != 401)
    return NULL; /* not the machine has refused it; the message says all */

  return g_strdup (
      _ ("Check the user name and the password, and that the way of signing in is allowed there: "
         "winrm get winrm/config/service/auth\n"
         "Local accounts other than the built-in Administrator also need the registry value "
         "LocalAccountTokenFilterPolicy = 1 under "
         "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System."));
}

static char *
advise_on_rights (void)
{
  return g_strdup (
      _ ("The account may sign in, but not do this. It needs to be an administrator of "
         "the machine."));
}

/* Says what went well before @failed. Each stage stands on the one before, so that a failure of one
 * proves those. */
static void
add_passed (GPtrArray *results, const LkLinkOptions *options, LkLink *link, LkCheckStage failed)
{
  const char *peer = lk_link_get_described (link);

  for (LkCheckStage stage = results->len > 0 ? LK_CHECK_WSMAN : LK_CHECK_NAME; stage < failed;
       stage++)
    switch (stage)
      {
      case LK_CHECK_NAME:
        add (results, stage, TRUE, g_strdup (peer), NULL);
        break;
      case LK_CHECK_TCP:
        add (results, stage, TRUE, g_strdup_printf (_ ("Port %u is open"), options->port), NULL);
        break;
      case LK_CHECK_TLS:
        if (options->tls)
          add (results, stage, TRUE, g_strdup (_ ("Its certificate is trusted")), NULL);
        break;
      case LK_CHECK_HTTP:
        add (results, stage, TRUE, g_strdup (_ ("It speaks HTTP")), NULL);
        break;
      case LK_CHECK_AUTH:
        add (results, stage, TRUE, g_strdup (_ ("It accepts the account")), NULL);
        keep_trail (results, link);
        break;
      case LK_CHECK_WSMAN:
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

static char *
advise (const LkLinkOptions *options,
        LkLink *link,
        LkCheckStage stage,
        const GError *error,
        GCancellable *cancellable)
{
  if (lk_link_get_problem (link) == LK_LINK_PROBLEM_CANCELLED)
    return NULL;

  switch (stage)
    {
    case LK_CHECK_NAME:
      return g_strdup (_ ("Check the spelling, and that this computer asks the name servers of the "
                          "machine's network; or use its address."));
    case LK_CHECK_TCP:
      return advise_on_tcp (options, link, cancellable);
    case LK_CHECK_TLS:
      return advise_on_tls (link);
    case LK_CHECK_HTTP:
      return advise_on_http (link);
    case LK_CHECK_AUTH:
      return advise_on_auth (link);
    case LK_CHECK_WSMAN:
    case LK_CHECK_LICENSING:
    default:
      return g_error_matches (error, LK_ERROR, LK_ERROR_DENIED) ? advise_on_rights () : NULL;
    }
}

/* @stage: when the link itself did its part. */
static GPtrArray *
finish (GPtrArray *results,
        const LkLinkOptions *options,
        LkLink *link,
        LkCheckStage stage,
        const GError *error,
        GCancellable *cancellable)
{
  LkCheckStage failed = lk_link_get_stage (link) == LK_LINK_DONE ? stage : find_stage (link);
  g_autofree char *text = g_strdup (error->message);

  /* What would be unsafe is found out before anyone is called. */
  add_passed (results, options, link,
              lk_link_get_problem (link) == LK_LINK_PROBLEM_UNSAFE ? LK_CHECK_TCP : failed);
  add (results, failed, FALSE, g_steal_pointer (&text),
       advise (options, link, failed, error, cancellable));
  ((LkCheckResult *) results->pdata[results->len - 1])->code =
      error->domain == LK_ERROR ? (LkError) error->code : LK_ERROR_INVALID;
  if (failed == LK_CHECK_AUTH)
    keep_trail (results, link);
  return results;
}

static void
add_identified (GPtrArray *results, LkWsman *wsman)
{
  const char *stack = lk_wsman_get_stack (wsman);
  const char *version = lk_wsman_get_os_version (wsman);

  add (results, LK_CHECK_WSMAN, TRUE,
       g_strdup_printf (_ ("WinRM stack %s, Windows %s"), stack != NULL ? stack : _ ("unknown"),
                        version != NULL ? version : _ ("unknown")),
       NULL);
}

GPtrArray *
lk_check_machine (const LkLinkOptions *options, GCancellable *cancellable)
{
  GPtrArray *results = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_check_result_free);
  g_autoptr (LkLink) link = lk_link_new (options);
  g_autoptr (LkWsman) wsman = lk_wsman_new (link);
  g_autoptr (LkLicensing) licensing = lk_licensing_new (wsman);
  g_autoptr (LkReading) reading = NULL;
  g_autoptr (GError) error = NULL;

  if (!lk_wsman_identify (wsman, cancellable, &error))
    return finish (results, options, link, LK_CHECK_WSMAN, error, cancellable);
  add_passed (results, options, link, LK_CHECK_WSMAN);
  add_identified (results, wsman);

  reading = lk_licensing_read (licensing, cancellable, &error);
  if (reading == NULL)
    return finish (results, options, link, LK_CHECK_LICENSING, error, cancellable);

  add (results, LK_CHECK_LICENSING, TRUE,
       g_strdup_printf (_ ("Licensing service %s, products with a key: %u"),
                        reading->service_version, reading->products->len),
       NULL);
  return results;
}
