/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-xml.h"

/**
 * LkWsmanReply:
 *
 * One parsed answer. Elements are matched by namespace and local name, never by prefix, and where
 * implementations differ by local name alone. Nodes belong to @doc.
 */
typedef struct
{
  xmlDoc *doc;
  const xmlNode *content; /* first child of the Body, NULL when it is empty */
  const xmlNode *fault;   /* the same, when it is a fault */
} LkWsmanReply;

/* @message_id: of the request; an answer that names another one is refused. */
LkWsmanReply *
lk_wsman_reply_parse (const void *data, gsize length, const char *message_id, GError **error);
void lk_wsman_reply_free (LkWsmanReply *self);

/**
 * LkWsmanBatch:
 *
 * What one answer to Enumerate or Pull brings. EndOfSequence decides whether it is the last one;
 * some servers keep giving a context after that.
 */
typedef struct
{
  GPtrArray *rows; /* of LkWsmanRow */
  char *context;   /* NULL for none */
  gboolean is_last;
} LkWsmanBatch;

/* NULL with an error when it is no answer to Enumerate or Pull. */
LkWsmanBatch *lk_wsman_reply_read_batch (const LkWsmanReply *self, GError **error);
void lk_wsman_batch_free (LkWsmanBatch *self);

/* The output of @method, named so or with _OUTPUT; NULL when it is not there. */
const xmlNode *lk_wsman_reply_find_output (const LkWsmanReply *self, const char *method);

/**
 * LkWsmanFault:
 *
 * A fault reduced to what matters.
 */
typedef struct
{
  guint32 code;  /* one HRESULT (or Win32 code), 0 for none */
  char *subcode; /* local name: "TimedOut"; or NULL */
  char *text;    /* one line for people, keys masked; or NULL */
} LkWsmanFault;

LkWsmanFault *lk_wsman_reply_read_fault (const LkWsmanReply *self);
void lk_wsman_fault_free (LkWsmanFault *self);
/* Says it as an error: @who and @doing begin the message. */
void lk_wsman_fault_to_error (const LkWsmanFault *self,
                              const char *who,
                              const char *doing,
                              GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWsmanReply, lk_wsman_reply_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWsmanBatch, lk_wsman_batch_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWsmanFault, lk_wsman_fault_free)
