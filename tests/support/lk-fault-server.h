/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

typedef enum
{
  LK_FAULT_REPLY,  /* sends the text it was given, whatever came */
  LK_FAULT_CLOSE,  /* reads a request and closes */
  LK_FAULT_RESET,  /* closes at once, unread */
  LK_FAULT_SILENT, /* reads and never answers */
  LK_FAULT_DRIP,   /* sends the text byte by byte, for ever */
} LkFault;

/**
 * LkFaultServer:
 *
 * A server on loopback that misbehaves as told, one connection after the other, and counts them.
 */
typedef struct _LkFaultServer LkFaultServer;

/* @certificate: NULL for clear text. @reply is copied. */
LkFaultServer *lk_fault_server_new (LkFault fault, const char *reply, GTlsCertificate *certificate);
void lk_fault_server_free (LkFaultServer *self);
guint16 lk_fault_server_get_port (LkFaultServer *self);
/* Requests of which anything was read (after the handshake, with TLS). */
guint lk_fault_server_get_requests (LkFaultServer *self);
/* The head of the last request, to be freed. */
char *lk_fault_server_dup_head (LkFaultServer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkFaultServer, lk_fault_server_free)
