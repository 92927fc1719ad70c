/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-problem.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

const char *
lk_problem_from_errno (int code, LkLinkProblem *problem)
{
  switch (code)
    {
    case ECONNREFUSED:
      *problem = LK_LINK_PROBLEM_REFUSED;
      return _ ("it refused the connection");
    case EHOSTUNREACH:
    case ENETUNREACH:
      *problem = LK_LINK_PROBLEM_NO_ROUTE;
      return _ ("there is no route to it");
    case ECONNRESET:
      *problem = LK_LINK_PROBLEM_CLOSED;
      return _ ("it reset the connection");
    case ETIMEDOUT:
      *problem = LK_LINK_PROBLEM_TIMED_OUT;
      return _ ("no answer while connecting");
    default:
      *problem = LK_LINK_PROBLEM_OTHER;
      return NULL;
    }
}

static const LkStatusMeaning statuses[] = {
  { 401, TRUE, LK_LINK_AUTH, LK_ERROR_DENIED, N_ ("it did not accept the user name and password") },
  { 403, TRUE, LK_LINK_AUTH, LK_ERROR_DENIED, N_ ("access is forbidden") },
  { 404, TRUE, LK_LINK_HTTP, LK_ERROR_BAD_REPLY, N_ ("there is no WS-Management under this path") },
  { 413, TRUE, LK_LINK_HTTP, LK_ERROR_REJECTED, N_ ("the request is too large for it") },
  { 429, TRUE, LK_LINK_HTTP, LK_ERROR_BUSY, N_ ("it is overloaded") },
  { 503, TRUE, LK_LINK_HTTP, LK_ERROR_BUSY, N_ ("it is overloaded") },
  { 500, FALSE, LK_LINK_HTTP, LK_ERROR_BAD_REPLY, N_ ("it failed without saying why") },
  { 0, FALSE, LK_LINK_HTTP, LK_ERROR_BAD_REPLY, N_ ("that is no answer of WS-Management") },
};

const LkStatusMeaning *
lk_problem_from_status (guint status)
{
  guint i = 0;

  while (statuses[i].status != 0 && statuses[i].status != status)
    i++;
  return &statuses[i];
}

char *
lk_spell_time (guint ms)
{
  return ms % 1000 == 0 ? g_strdup_printf ("%u s", ms / 1000) : g_strdup_printf ("%u ms", ms);
}
