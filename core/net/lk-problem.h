/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-error.h"
#include "net/lk-link.h"

/* What a link says when something fails. */

/* Of connect(): gives the words, NULL when only g_strerror() knows some. */
const char *lk_problem_from_errno (int code, LkLinkProblem *problem);

/* @unread: the request was turned away before anyone looked into it. */
typedef struct
{
  guint status;
  gboolean unread;
  LkLinkStage stage;
  LkError code;
  const char *words;
} LkStatusMeaning;

/* Of an HTTP status that is no answer to work with. */
const LkStatusMeaning *lk_problem_from_status (guint status);

/* "5 s", "300 ms"; to be freed. */
char *lk_spell_time (guint ms);
