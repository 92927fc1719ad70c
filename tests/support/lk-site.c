/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-site.h"

#include "domain/lk-practice.h"
#include "gateway/lk-gateway-client.h"

#include <glib/gstdio.h>

#define DIGEST_KEY "a digest key of the test"

static gint64
now_of_site (gpointer user_data)
{
  return lk_clock_now (NULL) + __atomic_load_n (&((LkSite *) user_data)->skipped, __ATOMIC_SEQ_CST);
}

void
lk_site_skip (LkSite *self, gint64 ms)
{
  __atomic_add_fetch (&self->skipped, ms, __ATOMIC_SEQ_CST);
}

LkSite *
lk_site_new (void)
{
  LkSite *self = g_new0 (LkSite, 1);
  g_autoptr (GError) error = NULL;

  self->directory = g_dir_make_tmp ("latchkey-gateway-XXXXXX", &error);
  g_assert_no_error (error);
  self->state_path = g_build_filename (self->directory, "state.db", NULL);
  self->digest_key = lk_secret_new (DIGEST_KEY, -1);
  self->clock = (LkClock){ now_of_site, self };
  self->options = (LkGatewayOptions){
    .state_path = self->state_path,
    .clock = &self->clock,
    .digest_key = self->digest_key,
    .is_practice = TRUE,
  };
  return self;
}

void
lk_site_start (LkSite *self)
{
  g_autoptr (GError) error = NULL;
  guint16 port;

  self->gateway = lk_gateway_new (&self->options, &error);
  g_assert_no_error (error);
  if (self->token == NULL)
    {
      self->token = lk_gateway_token_new ();
      lk_gateway_client_add (lk_gateway_get_state (self->gateway), "console-1",
                             &(LkGatewayProof){ .token = self->token }, &error);
      g_assert_no_error (error);
    }
  port = lk_gateway_start (self->gateway, &error);
  g_assert_no_error (error);
  g_free (self->url);
  self->url = g_strdup_printf ("%s://127.0.0.1:%u/BatchActivation/BatchActivation.asmx",
                               self->options.tls_certificate != NULL ? "https" : "http", port);
}

void
lk_site_stop (LkSite *self)
{
  g_clear_pointer (&self->gateway, lk_gateway_free);
}

void
lk_site_free (LkSite *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->directory, 0, NULL);
  const char *name;

  lk_site_stop (self);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->directory, name, NULL);

      g_unlink (path);
    }
  g_rmdir (self->directory);
  g_free (self->directory);
  g_free (self->state_path);
  lk_secret_free (self->digest_key);
  lk_secret_free (self->token);
  g_free (self->url);
  g_free (self);
}

LkBackend *
lk_site_connect (const LkSite *site)
{
  const LkBackendOptions options = {
    .url = site->url,
    .digest_key = site->digest_key,
    .token = site->token,
  };
  g_autoptr (GError) error = NULL;
  LkBackend *backend = lk_backend_new (&options, &error);

  g_assert_no_error (error);
  return backend;
}

GPtrArray *
lk_site_new_items (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
}

char *
lk_site_make_iid (guint number)
{
  g_autofree char *hardware = g_strdup_printf ("machine-%u", number);

  return lk_practice_iid (hardware, LK_SITE_KEY, 63);
}

GPtrArray *
lk_site_ask (const LkSite *site, guint first, guint n)
{
  g_autoptr (LkBackend) backend = lk_site_connect (site);
  g_autoptr (GPtrArray) items = lk_site_new_items ();
  g_autofree guint8 *matched = g_new0 (guint8, n);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *iid = lk_site_make_iid (first + i);

      g_ptr_array_add (items, lk_batch_item_new (LK_SITE_EPID, iid));
    }
  lk_backend_send (backend, LK_BATCH_CONFIRM, items, matched, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (matched[i], ==, 1);
  return g_steal_pointer (&items);
}

void
lk_site_assert_cid (GPtrArray *items, guint index)
{
  const LkBatchItem *item = g_ptr_array_index (items, index);
  g_autofree char *expected = lk_practice_cid (item->iid, LK_SITE_KEY);

  g_assert_cmpuint (item->code, ==, 0);
  g_assert_cmpstr (item->cid, ==, expected);
}

void
lk_site_assert_code (GPtrArray *items, guint index, guint32 code)
{
  const LkBatchItem *item = g_ptr_array_index (items, index);

  g_assert_null (item->cid);
  g_assert_cmphex (item->code, ==, code);
}

static gboolean
count_rows (LkDb *db, gpointer user_data, GError **error)
{
  gpointer *pair = user_data;

  return lk_db_get_int (db, pair[1], 0, error, pair[0], "");
}

gint64
lk_site_get_int (const LkSite *site, const char *sql)
{
  gint64 n = -1;
  gpointer pair[] = { (gpointer) sql, &n };
  g_autoptr (GError) error = NULL;

  lk_gateway_state_read (lk_gateway_get_state (site->gateway), count_rows, pair, &error);
  g_assert_no_error (error);
  return n;
}

static gboolean
run_sql (LkDb *db, gpointer user_data, GError **error)
{
  return lk_db_exec (db, user_data, error);
}

void
lk_site_run (const LkSite *site, const char *sql)
{
  g_autoptr (GError) error = NULL;

  lk_gateway_state_write (lk_gateway_get_state (site->gateway), run_sql, (gpointer) sql, &error);
  g_assert_no_error (error);
}

#define N_THREADS      12
#define LK_SITE_N_SAME 5

static gpointer
ask_in_thread (gpointer user_data)
{
  return lk_site_ask (user_data, 0, LK_SITE_N_SAME);
}

void
lk_site_ask_at_once (LkSite *site)
{
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("console", ask_in_thread, site);
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_autoptr (GPtrArray) items = g_thread_join (threads[i]);

      for (guint j = 0; j < LK_SITE_N_SAME; j++)
        lk_site_assert_cid (items, j);
    }
}
