/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-authority.h"
#include "net/lk-certificate-facts.h"

/* A folder with what a gateway needs for TLS: ca.pem and ca-key.pem, its own authority; server.pem
 * and server-key.pem, the gateway's certificate. Files appear whole, and keys are for their owner
 * only. Errors are LK_ERROR_INVALID, for a file that is missing, in the way or unusable. */

#define LK_GATEWAY_CA         "ca.pem"
#define LK_GATEWAY_CA_KEY     "ca-key.pem"
#define LK_GATEWAY_SERVER     "server.pem"
#define LK_GATEWAY_SERVER_KEY "server-key.pem"
#define LK_GATEWAY_OLD_SERVER "server.pem.old"

/* Makes @folder if need be and everything in it, for a server with @names. Nothing is ever
 * overwritten. @ca and @server get what the certificates say. */
gboolean lk_gateway_folder_init (const char *folder,
                                 const char *const *names,
                                 int days,
                                 LkCertificateFacts **ca,
                                 LkCertificateFacts **server,
                                 GError **error);

/* Replaces the server's certificate by a new one for @names, or for the old one's names when that
 * is NULL. The private key stays, so that at no moment certificate and key differ; a new one is
 * made when its file is missing. */
gboolean lk_gateway_folder_renew (const char *folder,
                                  const char *const *names,
                                  int days,
                                  LkCertificateFacts **server,
                                  GError **error);

/* The authority of @folder, to be freed. */
LkAuthority *lk_gateway_folder_load_authority (const char *folder, GError **error);

/* Writes a new file that appears whole, or not at all when there is one at @path. */
gboolean lk_gateway_write_new_file (const char *path, const char *text, int mode, GError **error);
