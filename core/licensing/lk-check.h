/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-error.h"
#include "licensing/lk-check-advice.h"
#include "net/lk-link.h"

typedef enum
{
  LK_CHECK_NAME,
  LK_CHECK_TCP,
  LK_CHECK_TLS,
  LK_CHECK_HTTP,
  LK_CHECK_AUTH,
  LK_CHECK_WSMAN,
  LK_CHECK_RIGHTS,
  LK_CHECK_LICENSING,
} LkCheckStage;

/* "name", "tcp", "tls", "http", "authentication", "ws-man", "rights", "licensing": for JSON and
 * scripts. */
const char *lk_check_stage_to_word (LkCheckStage stage);
/* For people, translated. */
const char *lk_check_stage_to_title (LkCheckStage stage);

/**
 * LkCheckResult:
 *
 * How one stage of a conversation went.
 */
typedef struct
{
  LkCheckStage stage;
  gboolean ok;
  gint64 ms;          /* it took; -1: it was part of the next one */
  LkError code;       /* of a failure */
  LkCheckCause cause; /* of a failure, else READY */
  char *text;         /* what was found, or what failed */
  char *remedy;       /* what a person can do about a failure, several lines; or NULL */
  char *script;       /* PowerShell for the machine that may mend it, or NULL */
  char *trail;        /* of the sign-in: what was tried and what came of it, a line each; or NULL */
} LkCheckResult;

void lk_check_result_free (LkCheckResult *self);

/* Talks to a machine stage by stage, and changes nothing there. Gives an array of LkCheckResult, in
 * order, whose last one is the stage that failed, or licensing. Of an answering machine without
 * WinRM it says so: then ports 445 and 135 are tried, too. Cancelled: ends with that stage. Any
 * thread. */
GPtrArray *lk_check_machine (const LkLinkOptions *options, GCancellable *cancellable);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkCheckResult, lk_check_result_free)
