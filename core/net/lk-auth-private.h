/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-auth.h"

/* Between lk-auth.c, which decides, and lk-auth-message.c, which writes and reads. */

typedef enum
{
  LK_WAY_CERTIFICATE,
  LK_WAY_NEGOTIATE_KERBEROS,
  LK_WAY_KERBEROS,
  LK_WAY_NTLM,
  LK_WAY_BASIC,
  LK_WAY_NONE, /* all are ruled out */
} LkWay;

struct _LkAuth
{
  LkLogin *login; /* or NULL */
  char *host;
  char *name; /* or NULL */
  gboolean tls;
  gboolean is_loopback;
  LkSealedForm form;

  LkWay way; /* what is tried, or what worked: later connections begin with it */
  gboolean has_offer;
  guint offered; /* a bit for each way, once has_offer */
  GString *trail;

  LkGssContext *context;
  GBytes *binding;
  GBytes *leg; /* the token that waits to be sent */
  guint n_legs;
  gboolean is_asking; /* a lk_login_tell() is owed */
  gboolean is_ready;
  LkGssTrouble trouble;    /* of the last failure */
  gboolean is_out_of_ways; /* it was that nothing is left to try */
};

/* "Negotiate", "Kerberos", "Basic". */
const char *lk_way_get_header (LkWay way);
/* "Kerberos (Negotiate)", for people. */
const char *lk_way_get_title (LkWay way);
void lk_auth_tell (LkAuth *self, LkLoginAnswer answer);
