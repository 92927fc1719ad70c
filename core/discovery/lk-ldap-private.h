/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "discovery/lk-ldap-connection.h"

/* Between lk-ldap-connection.c, lk-ldap-socket.c and lk-ldap-bind.c. */

struct _LkLdapConnection
{
  const LkLdapWay *way;
  char *host;
  guint16 port;
  char *peer;
  LkLdapStage stage;
  int cancel_fd;
  LDAP *ldap;
  LkChannel *channel;
  gboolean is_secure; /* TLS stands, and the server is trusted */
  LkGssContext *gss;  /* seals what goes over the wire; NULL: nothing does */
  GByteArray *opened; /* what was sealed and has not been read yet */
  guint opened_at;
  guint n_ms;          /* the present wait's */
  LkPatience patience; /* of the present wait */
  LkIo io;             /* how the last one ended */
  char *trouble;       /* why the connection is broken, where @io does not tell */
};

/* Before each exchange: how long its waits may last. */
void lk_ldap_connection_wait_for (LkLdapConnection *self, guint ms);
/* Puts our channel under libldap's handle. */
gboolean lk_ldap_socket_attach (LkLdapConnection *self, GError **error);
