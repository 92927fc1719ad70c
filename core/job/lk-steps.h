/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "job/lk-conversation.h"

/* Steps are functions: blocking and idempotent. A step may be run again after a crash, so it looks
 * before it leaps. It reads the verdict's item, talks through the conversation and fills the
 * verdict; it touches nothing else. */
typedef struct
{
  LkConversation *conversation;
  const LkAccess *access;
  const LkClock *clock;
  gint64 first_back_off;
  GCancellable *cancellable;
} LkStepContext;

/* Runs the item's step. FALSE with an error for whatever the step has no verdict of its own on. */
gboolean lk_step_run (const LkStepContext *context, LkVerdict *verdict, GError **error);
