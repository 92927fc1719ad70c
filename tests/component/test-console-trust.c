/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-backend.h"
#include "console/lk-console-settings.h"
#include "console/lk-console-trust.h"
#include "lk-peer.h"
#include "lk-test-certificate.h"

#include <glib/gstdio.h>
#include <string.h>

/* What a console does about the certificates of its machines. */

typedef struct
{
  char *folder;
  char *path;
  LkConsole *console;
  LkTestCa *ca;
  GBytes *certificate; /* of the peer: a CA's, for 127.0.0.1 */
  gnutls_certificate_credentials_t credentials;
  LkPeer *peer;
} Fixture;

static void
serve_nothing (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);

  g_assert_null (request); /* a handshake and no more */
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("latchkey-trust-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "fleet.db", NULL);
  f->console = lk_console_new (f->path, NULL);
  f->ca = lk_test_ca_new ();
  f->credentials = lk_test_ca_issue_from (f->ca, "127.0.0.1", -9, 9, FALSE, &f->certificate);
  f->peer = lk_peer_new (f->credentials, serve_nothing, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };

  lk_console_free (f->console);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (f->path, suffixes[i], NULL);

      g_unlink (path);
    }
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->path);
  lk_peer_free (f->peer);
  gnutls_certificate_free_credentials (f->credentials);
  g_bytes_unref (f->certificate);
  lk_test_ca_free (f->ca);
}

/* @n machines at 127.0.0.1, which are known by other names. */
static void
add_machines (Fixture *f, guint n, guint16 port, gboolean tls)
{
  g_autoptr (GString) text = g_string_new ("name,address,port,tls\n");
  g_autoptr (LkFileList) list = NULL;
  g_autoptr (GError) error = NULL;
  guint n_added = 0;
  guint n_known = 0;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "pc-%s%u,127.0.0.1,%u,%s\n", tls ? "" : "plain-", i, port,
                            tls ? "yes" : "no");
  list = lk_file_list_parse (text->str, text->len, "the list", &error);
  g_assert_no_error (error);
  lk_console_add_machines (f->console, list, &n_added, &n_known, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_added, ==, n);
}

static GPtrArray *
get_rows (Fixture *f)
{
  const LkChoice all = { 0 };
  g_autoptr (GError) error = NULL;
  GPtrArray *rows = lk_console_list_rows (f->console, &all, NULL, &error);

  g_assert_no_error (error);
  return rows;
}

static GPtrArray *
fetch (Fixture *f, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) rows = get_rows (f);
  g_autoptr (GError) error = NULL;
  GPtrArray *list =
      lk_console_fetch_certificates (f->console, rows, NULL, NULL, cancellable, &error);

  g_assert_no_error (error);
  return list;
}

static GPtrArray *
list_accepted (Fixture *f)
{
  g_autoptr (GPtrArray) rows = get_rows (f);
  g_autoptr (GError) error = NULL;
  GPtrArray *list = lk_console_list_certificates (f->console, rows, &error);

  g_assert_no_error (error);
  return list;
}

static LkShownState
get_state (Fixture *f)
{
  g_autoptr (GPtrArray) list = fetch (f, NULL);

  g_assert_cmpuint (list->len, ==, 1);
  return ((LkShownCertificate *) g_ptr_array_index (list, 0))->state;
}

static void
assert_last_event (Fixture *f, gint64 machine_id, const char *step, const char *words)
{
  g_autoptr (GPtrArray) events = lk_console_list_events (f->console, machine_id, 1, NULL);
  const LkEvent *event = g_ptr_array_index (events, 0);
  g_autofree char *person = g_strdup_printf ("%s@%s ", g_get_user_name (), g_get_host_name ());

  g_assert_cmpstr (event->step, ==, step);
  g_assert_true (g_str_has_prefix (event->message, person));
  g_assert_nonnull (strstr (event->message, words));
}

static void
test_accept (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) shown = NULL;
  g_autoptr (GPtrArray) accepted = NULL;
  g_autoptr (GPtrArray) after = NULL;
  g_autofree char *pin = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, f->certificate);
  g_autofree char *pin_text = lk_pin_to_text (pin);
  g_autofree char *other = g_strnfill (64, 'a');
  g_autoptr (GError) error = NULL;
  LkShownCertificate *first;
  LkAcceptedCertificate *kept;

  add_machines (f, 1, lk_peer_get_port (f->peer), TRUE);
  shown = fetch (f, NULL);
  first = g_ptr_array_index (shown, 0);
  g_assert_cmpint (first->state, ==, LK_SHOWN_NEW);
  g_assert_true (g_bytes_equal (first->certificate, f->certificate));
  g_assert_false (first->is_ca_trusted);
  g_assert_nonnull (strstr (first->ca_reason, "a CA that is not trusted here"));

  g_assert_false (lk_console_accept_certificate (f->console, first, other, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_clear_error (&error);
  accepted = list_accepted (f);
  g_assert_cmpuint (accepted->len, ==, 0);

  g_assert_true (lk_console_accept_certificate (f->console, first, pin_text, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (lk_peer_get_n_connections (f->peer), ==,
                    1); /* what was shown, not asked again */
  assert_last_event (f, first->machine_id, "accept-certificate", pin_text);
  g_ptr_array_unref (accepted);
  accepted = list_accepted (f);
  g_assert_cmpuint (accepted->len, ==, 1);
  kept = g_ptr_array_index (accepted, 0);
  g_assert_cmpstr (kept->pin, ==, pin);
  g_assert_cmpstr (kept->facts->names[0], ==, "127.0.0.1");
  g_assert_cmpint (kept->accepted_at, >, 0);
  g_assert_cmpint (get_state (f), ==, LK_SHOWN_ACCEPTED);

  g_assert_true (lk_console_forget_certificate (f->console, kept, &error));
  assert_last_event (f, first->machine_id, "forget-certificate", pin_text);
  after = list_accepted (f);
  g_assert_cmpuint (after->len, ==, 0);
  g_assert_cmpint (get_state (f), ==, LK_SHOWN_NEW);
}

static void
test_states (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) other = NULL;
  gnutls_certificate_credentials_t unused =
      lk_test_ca_issue_from (f->ca, "pc-9.lab.test", -9, 9, TRUE, &other);
  g_autoptr (GPtrArray) shown = NULL;
  g_autoptr (GError) error = NULL;
  LkShownCertificate *first;

  add_machines (f, 1, lk_peer_get_port (f->peer), TRUE);
  lk_console_set_setting (f->console, LK_SETTING_MACHINES_CA, lk_test_ca_get_file (f->ca), &error);
  g_assert_no_error (error);
  shown = fetch (f, NULL);
  first = g_ptr_array_index (shown, 0);
  g_assert_cmpint (first->state, ==, LK_SHOWN_TRUSTED);

  /* As if another one had been shown before. */
  g_clear_pointer (&first->certificate, g_bytes_unref);
  first->certificate = g_bytes_ref (other);
  {
    g_autofree char *pin = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, other);

    g_assert_true (lk_console_accept_certificate (f->console, first, pin, &error));
  }
  g_ptr_array_unref (shown);
  shown = fetch (f, NULL);
  first = g_ptr_array_index (shown, 0);
  g_assert_cmpint (first->state, ==, LK_SHOWN_CHANGED);
  g_assert_true (first->is_ca_trusted);
  g_assert_nonnull (strstr (first->change, "other names: it was pc-9.lab.test, now 127.0.0.1; "));
  gnutls_certificate_free_credentials (unused);
}

/* Somebody who takes connections and says nothing. */
static GSocket *
listen_silently (guint16 *port)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  GSocket *socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);

  g_assert_no_error (error);
  g_socket_set_listen_backlog (socket, 1000);
  g_assert_true (g_socket_bind (socket, any, TRUE, NULL) && g_socket_listen (socket, NULL));
  bound = g_socket_get_local_address (socket, NULL);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return socket;
}

/* One after the other they would take half a minute. */
static void
test_many_at_once (Fixture *f, gconstpointer data)
{
  guint16 port = 0;
  g_autoptr (GSocket) silent = listen_silently (&port);
  g_autoptr (GPtrArray) shown = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start;

  lk_console_set_setting (f->console, LK_SETTING_CONNECT_TIMEOUT, "300ms", &error);
  g_assert_no_error (error);
  add_machines (f, 100, port, TRUE);
  add_machines (f, 3, 1, FALSE);
  start = g_get_monotonic_time ();
  shown = fetch (f, NULL);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_USEC_PER_SEC);
  g_assert_cmpuint (shown->len, ==, 103);
  for (guint i = 0; i < shown->len; i++)
    {
      const LkShownCertificate *one = g_ptr_array_index (shown, i);

      if (one->port == 1)
        g_assert_cmpint (one->state, ==, LK_SHOWN_NO_TLS);
      else
        g_assert_error (one->error, LK_ERROR, LK_ERROR_UNREACHABLE);
    }
}

static gpointer
cancel_soon (gpointer data)
{
  g_usleep (G_USEC_PER_SEC / 10);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  guint16 port = 0;
  g_autoptr (GSocket) silent = listen_silently (&port);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GPtrArray) shown = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  GThread *canceller;

  lk_console_set_setting (f->console, LK_SETTING_CONNECT_TIMEOUT, "60s", &error);
  g_assert_no_error (error);
  add_machines (f, 100, port, TRUE);
  canceller = g_thread_new ("canceller", cancel_soon, cancellable);
  shown = fetch (f, cancellable);
  g_thread_join (canceller);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_USEC_PER_SEC);
  for (guint i = 0; i < shown->len; i++)
    g_assert_error (((LkShownCertificate *) g_ptr_array_index (shown, i))->error, G_IO_ERROR,
                    G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/trust/accept", Fixture, NULL, set_up, test_accept, tear_down);
  g_test_add ("/trust/states", Fixture, NULL, set_up, test_states, tear_down);
  g_test_add ("/trust/many-at-once", Fixture, NULL, set_up, test_many_at_once, tear_down);
  g_test_add ("/trust/cancel", Fixture, NULL, set_up, test_cancel, tear_down);
  return g_test_run ();
}
