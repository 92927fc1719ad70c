/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "job/lk-runner.h"
#include "licensing/lk-licensing.h"

/**
 * LkConversation:
 *
 * A worker's talk with the machine of one item, over all steps that follow one another: opened when
 * the first step needs it, so that they share a connection.
 */
typedef struct _LkConversation LkConversation;

LkConversation *lk_conversation_new (const LkItem *item, const LkRunnerOptions *options);
void lk_conversation_free (LkConversation *self);

/* The same machine's next step: its item takes the place of the one before. */
void lk_conversation_set_item (LkConversation *self, const LkItem *item);

/* The machine's licensing verbs. NULL with LK_ERROR_DENIED when no credential fits. */
LkLicensing *lk_conversation_get_licensing (LkConversation *self, GError **error);

/* Whose certificate was met in the place of the one that was accepted for the machine, if any. */
void lk_conversation_note_stranger (LkConversation *self, LkVerdict *verdict);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkConversation, lk_conversation_free)
