/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "gateway/lk-gateway.h"

#define LK_SITE_EPID      "12345-90001-009-000002-03-1033-19045.0000-1942026"
#define LK_SITE_KEY       "90001-009000002"
#define LK_SITE_CONFIRMED "SELECT count (*) FROM spend WHERE state = 'confirmed'"
#define LK_SITE_N_SAME    5

/* One state file and the gateway that serves from it. */
typedef struct
{
  char *directory;
  char *state_path;
  LkSecret *digest_key;
  LkSecret *token;
  LkClock clock;
  gint64 skipped; /* milliseconds the clock was put forward */
  LkGatewayOptions options;
  LkGateway *gateway;
  char *url;
} LkSite;

/* In practice mode until its options are changed; nothing runs before lk_site_start(). */
LkSite *lk_site_new (void);
void lk_site_free (LkSite *self);
void lk_site_start (LkSite *self);
void lk_site_stop (LkSite *self);
/* Puts its clock forward. */
void lk_site_skip (LkSite *self, gint64 ms);
LkBackend *lk_site_connect (const LkSite *site);
GPtrArray *lk_site_new_items (void);
char *lk_site_make_iid (guint number);

/* Asks for machines @first to @first + @n - 1 in one batch; every item must be answered. */
GPtrArray *lk_site_ask (const LkSite *site, guint first, guint n);
/* However many consoles ask for the same LK_SITE_N_SAME machines at the same moment, each is told
 * the same. */
void lk_site_ask_at_once (LkSite *site);
void lk_site_assert_cid (GPtrArray *items, guint index);
void lk_site_assert_code (GPtrArray *items, guint index, guint32 code);

gint64 lk_site_get_int (const LkSite *site, const char *sql);
void lk_site_run (const LkSite *site, const char *sql);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSite, lk_site_free)
