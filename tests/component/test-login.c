/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "lk-peer.h"
#include "net/lk-login.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The guard that keeps an account from being locked out: who may prove the password, and when. */

#define LONG_US (20 * G_USEC_PER_SEC) /* never reached unless something is broken */

typedef struct
{
  LkLogin *login;
  LkSecret *password;
  GAsyncQueue *results; /* of askers in threads */
  gint n_stopped;
  char *stopped; /* "name version: why" */
} Fixture;

static void
on_stopped (const char *name, gint64 version, const char *why, gpointer user_data)
{
  Fixture *f = user_data;

  g_atomic_int_inc (&f->n_stopped);
  g_free (f->stopped);
  f->stopped = g_strdup_printf ("%s %" G_GINT64_FORMAT ": %s", name, version, why);
}

static LkLogin *
new_login (Fixture *f, LkCredentialKind kind, const char *user)
{
  return lk_login_new (&(LkLoginOptions){
      .name = "test",
      .version = 7,
      .kind = kind,
      .user = user,
      .password = f->password,
      .stopped = on_stopped,
      .user_data = f,
  });
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->password = lk_secret_new ("Sesame-1234567", -1);
  f->login = new_login (f, LK_CREDENTIAL_PASSWORD, "LAB\\bob");
  f->results = g_async_queue_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (g_async_queue_length (f->results), ==, 0);
  g_async_queue_unref (f->results);
  g_clear_pointer (&f->login, lk_login_unref);
  g_clear_pointer (&f->password, lk_secret_free);
  g_free (f->stopped);
}

/* Askers are told apart by their address; here each has a letter. */
static gconstpointer
asker (char letter)
{
  static const char letters[128];

  return &letters[(guint) letter];
}

#define MAY       (-1)
#define MUST_WAIT LK_ERROR_UNREACHABLE
#define STOPPED   LK_ERROR_DENIED

/* What whoever has no time to wait is told: MAY, else the code of the error. */
static int
ask_now (Fixture *f, char letter)
{
  const LkPatience none = { .until = 0, .cancel_fd = -1 };
  g_autoptr (GError) error = NULL;

  if (lk_login_ask (f->login, asker (letter), &none, &error))
    {
      g_assert_no_error (error);
      return MAY;
    }

  g_assert_true (error->domain == LK_ERROR);
  g_assert_nonnull (strstr (error->message, "test")); /* the set's name */
  return error->code;
}

static void
tell (Fixture *f, char letter, LkLoginAnswer answer)
{
  lk_login_tell (f->login, asker (letter), answer);
}

static void
meet (Fixture *f, char letter, LkLoginAnswer answer)
{
  g_assert_cmpint (ask_now (f, letter), ==, MAY);
  tell (f, letter, answer);
}

/* One that waits for its turn in a thread of its own. */
typedef struct
{
  Fixture *fixture;
  char letter;
  LkPatience patience;
  gint64 took;
  int result; /* as of ask_now() */
  GThread *thread;
} Waiter;

static gpointer
wait_in_thread (gpointer data)
{
  Waiter *self = data;
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  self->result = lk_login_ask (self->fixture->login, asker (self->letter), &self->patience, &error)
                     ? MAY
                     : error->code;
  self->took = g_get_monotonic_time () - start;
  g_async_queue_push (self->fixture->results, self);
  return NULL;
}

static Waiter *
start_waiter (Fixture *f, char letter, gint64 wait_us, int cancel_fd)
{
  Waiter *self = g_new0 (Waiter, 1);

  self->fixture = f;
  self->letter = letter;
  self->patience.until = g_get_monotonic_time () + wait_us;
  self->patience.cancel_fd = cancel_fd;
  self->thread = g_thread_new ("asker", wait_in_thread, self);
  return self;
}

/* The next one whose waiting ends. */
static Waiter *
join_waiter (Fixture *f)
{
  Waiter *self = g_async_queue_timeout_pop (f->results, LONG_US / 2);

  g_assert_nonnull (self);
  g_thread_join (self->thread);
  return self;
}

static void
assert_next (Fixture *f, char letter, int result)
{
  g_autofree Waiter *waiter = join_waiter (f);

  if (letter != '*')
    g_assert_cmpint (waiter->letter, ==, letter);
  g_assert_cmpint (waiter->result, ==, result);
}

static void
test_one_at_a_time (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (ask_now (f, 'a'), ==, MAY);
  g_assert_cmpint (ask_now (f, 'b'), ==, MUST_WAIT);
  start_waiter (f, 'b', LONG_US, -1);
  start_waiter (f, 'c', LONG_US, -1);
  g_assert_cmpint (ask_now (f, 'd'), ==, MUST_WAIT);
  g_assert_null (g_async_queue_try_pop (f->results));

  tell (f, 'a', LK_LOGIN_ACCEPTED);
  assert_next (f, '*', MAY); /* both, and neither has told yet */
  assert_next (f, '*', MAY);
  g_assert_cmpint (ask_now (f, 'd'), ==, MAY);
  g_assert_cmpint (f->n_stopped, ==, 0);
}

/* A machine that left has said nothing about the password. */
static void
test_unanswered (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (ask_now (f, 'a'), ==, MAY);
  start_waiter (f, 'b', LONG_US, -1);
  tell (f, 'a', LK_LOGIN_UNANSWERED);
  assert_next (f, 'b', MAY);
  g_assert_cmpint (ask_now (f, 'c'), ==, MUST_WAIT);
  for (guint i = 0; i < 10; i++)
    {
      tell (f, 'b', LK_LOGIN_UNANSWERED);
      g_assert_cmpint (ask_now (f, 'b'), ==, MAY);
    }
  g_assert_cmpint (f->n_stopped, ==, 0);
}

static void
test_two_refusals_stop (Fixture *f, gconstpointer data)
{
  LkGssTrouble trouble;
  g_autoptr (GError) error = NULL;

  meet (f, 'a', LK_LOGIN_REFUSED);
  g_assert_cmpint (f->n_stopped, ==, 0);
  g_assert_cmpint (ask_now (f, 'b'), ==, MAY);
  start_waiter (f, 'c', LONG_US, -1);
  start_waiter (f, 'd', LONG_US, -1);
  tell (f, 'b', LK_LOGIN_REFUSED);

  assert_next (f, '*', STOPPED); /* without any proving, and at once */
  assert_next (f, '*', STOPPED);
  g_assert_cmpint (ask_now (f, 'e'), ==, STOPPED);
  g_assert_null (lk_login_get_kerberos (f->login, "pc-1.lab.test", &trouble, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_assert_cmpint (trouble, ==, LK_GSS_REFUSED);
  g_assert_cmpint (f->n_stopped, ==, 1);
  g_assert_cmpstr (f->stopped, ==, "test 7: two machines in a row refused it");

  tell (f, 'b', LK_LOGIN_REFUSED);
  tell (f, 'b', LK_LOGIN_REFUSED);
  g_assert_cmpint (f->n_stopped, ==, 1);
  tell (f, 'b', LK_LOGIN_ACCEPTED); /* it is a person who puts a set in use again */
  g_assert_cmpint (ask_now (f, 'e'), ==, STOPPED);
}

/* After a success it is the machine that has a trouble of its own. */
static void
test_refusals_between_successes (Fixture *f, gconstpointer data)
{
  meet (f, 'a', LK_LOGIN_REFUSED);
  meet (f, 'b', LK_LOGIN_ACCEPTED);
  for (guint i = 0; i < 10; i++)
    {
      meet (f, 'c', LK_LOGIN_REFUSED);
      g_assert_cmpint (ask_now (f, 'd'), ==, MAY);
      g_assert_cmpint (ask_now (f, 'e'), ==, MAY); /* still side by side */
      tell (f, 'd', LK_LOGIN_UNANSWERED);
      tell (f, 'e', LK_LOGIN_ACCEPTED);
    }
  g_assert_cmpint (f->n_stopped, ==, 0);
}

/* The password was changed in the middle of a run. */
static void
test_refusals_after_a_success (Fixture *f, gconstpointer data)
{
  meet (f, 'a', LK_LOGIN_ACCEPTED);
  meet (f, 'b', LK_LOGIN_REFUSED);
  meet (f, 'c', LK_LOGIN_REFUSED);
  g_assert_cmpint (f->n_stopped, ==, 0);

  g_assert_cmpint (ask_now (f, 'd'), ==, MAY);
  g_assert_cmpint (ask_now (f, 'e'), ==, MUST_WAIT); /* one at a time again */
  tell (f, 'd', LK_LOGIN_REFUSED);
  g_assert_cmpint (f->n_stopped, ==, 0);
  meet (f, 'e', LK_LOGIN_REFUSED);
  g_assert_cmpint (f->n_stopped, ==, 1);
  g_assert_cmpint (ask_now (f, 'f'), ==, STOPPED);
}

static void
test_recovers (Fixture *f, gconstpointer data)
{
  meet (f, 'a', LK_LOGIN_ACCEPTED);
  meet (f, 'b', LK_LOGIN_REFUSED);
  meet (f, 'c', LK_LOGIN_REFUSED);
  meet (f, 'd', LK_LOGIN_REFUSED);
  meet (f, 'e', LK_LOGIN_ACCEPTED);
  g_assert_cmpint (ask_now (f, 'f'), ==, MAY);
  g_assert_cmpint (ask_now (f, 'g'), ==, MAY);
  g_assert_cmpint (f->n_stopped, ==, 0);
}

/* Who asked while the set was proven comes back when it no longer is: that does not give the turn
 * of the one who is asking now to somebody else. */
static void
test_late_answers (Fixture *f, gconstpointer data)
{
  static const LkLoginAnswer answers[] = { LK_LOGIN_UNANSWERED, LK_LOGIN_REFUSED };

  meet (f, 'a', LK_LOGIN_ACCEPTED);
  for (char letter = 'w'; letter <= 'z'; letter++)
    g_assert_cmpint (ask_now (f, letter), ==, MAY);
  tell (f, 'w', LK_LOGIN_REFUSED);
  tell (f, 'x', LK_LOGIN_REFUSED);
  g_assert_cmpint (ask_now (f, 'a'), ==, MAY);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      tell (f, (char) ('y' + i), answers[i]);
      g_assert_cmpint (ask_now (f, 'b'), ==, MUST_WAIT);
    }
  tell (f, 'a', LK_LOGIN_REFUSED);
  g_assert_cmpint (f->n_stopped, ==, 1); /* but it counts: it was refused after all */
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  int fd = eventfd (0, EFD_CLOEXEC);
  const guint64 one = 1;

  g_assert_cmpint (ask_now (f, 'a'), ==, MAY);
  start_waiter (f, 'b', LONG_US, fd);
  start_waiter (f, 'c', LONG_US, -1);
  g_assert_cmpint (write (fd, &one, sizeof one), ==, sizeof one);
  assert_next (f, 'b', MUST_WAIT);
  tell (f, 'a', LK_LOGIN_ACCEPTED); /* the other one has gone on waiting */
  assert_next (f, 'c', MAY);
  close (fd);
}

static void
test_deadline (Fixture *f, gconstpointer data)
{
  g_autofree Waiter *waiter = NULL;

  g_assert_cmpint (ask_now (f, 'a'), ==, MAY);
  start_waiter (f, 'b', 150000, -1);
  waiter = join_waiter (f);
  g_assert_cmpint (waiter->result, ==, MUST_WAIT);
  g_assert_cmpint (waiter->took, >=, 140000);
  g_assert_cmpint (waiter->took, <, LONG_US / 4);
  g_assert_cmpint (ask_now (f, 'c'), ==, MUST_WAIT); /* the turn is still the first one's */
}

/* Many workers that come and go. */
typedef struct
{
  Fixture *fixture;
  gint n_inside;
  gint n_turns;
} Crowd;

static gpointer
take_turns (gpointer data)
{
  Crowd *crowd = data;
  char own = 0;

  for (guint i = 0; i < 50; i++)
    {
      const LkPatience patience = { g_get_monotonic_time () + LONG_US, -1 };

      g_assert_true (lk_login_ask (crowd->fixture->login, &own, &patience, NULL));
      g_assert_cmpint (g_atomic_int_add (&crowd->n_inside, 1), ==, 0);
      g_thread_yield ();
      g_atomic_int_add (&crowd->n_inside, -1);
      g_atomic_int_inc (&crowd->n_turns);
      lk_login_tell (crowd->fixture->login, &own, LK_LOGIN_UNANSWERED);
    }
  return NULL;
}

static void
test_crowd (Fixture *f, gconstpointer data)
{
  Crowd crowd = { .fixture = f };
  GThread *threads[8];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("worker", take_turns, &crowd);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (crowd.n_turns, ==, 50 * G_N_ELEMENTS (threads));
}

static void
hang_up (LkPeerConnection *connection, gpointer data)
{
}

static void
write_krb5_conf (guint16 port)
{
  g_autofree char *text = g_strdup_printf ("[libdefaults]\n"
                                           "default_realm = LAB.TEST\n"
                                           "dns_lookup_kdc = false\n"
                                           "udp_preference_limit = 1\n"
                                           "[realms]\n"
                                           "LAB.TEST = {\n"
                                           "kdc = 127.0.0.1:%u\n"
                                           "}\n",
                                           port);

  g_assert_true (g_file_set_contents (g_getenv ("KRB5_CONFIG"), text, -1, NULL));
}

static void
assert_no_kerberos (LkLogin *login, LkGssTrouble expected, int code, const char *words)
{
  g_autoptr (GError) error = NULL;
  LkGssTrouble trouble;

  g_assert_null (lk_login_get_kerberos (login, "pc-1.lab.test", &trouble, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, LK_ERROR, code);
  g_assert_cmpint (trouble, ==, expected);
  g_assert_nonnull (strstr (error->message, words));
}

/* A domain controller that does not answer is not asked again for each of two thousand machines,
 * and says nothing about the password. */
static void
test_no_kdc (Fixture *f, gconstpointer data)
{
  g_autoptr (LkLogin) ticket = new_login (f, LK_CREDENTIAL_TICKET, NULL);
  g_autoptr (LkLogin) local = new_login (f, LK_CREDENTIAL_PASSWORD, "bob");
  g_autoptr (LkLogin) unknown = new_login (f, LK_CREDENTIAL_PASSWORD, "OTHER\\bob");
  LkPeer *kdc = lk_peer_new (NULL, hang_up, NULL);
  guint n_connections;

  write_krb5_conf (lk_peer_get_port (kdc));
  assert_no_kerberos (f->login, LK_GSS_NO_AUTHORITY, LK_ERROR_UNREACHABLE, "no domain controller");
  n_connections = lk_peer_get_n_connections (kdc);
  g_assert_cmpuint (n_connections, >, 0);
  assert_no_kerberos (f->login, LK_GSS_NO_AUTHORITY, LK_ERROR_UNREACHABLE, "no domain controller");
  g_assert_cmpuint (lk_peer_get_n_connections (kdc), ==, n_connections);
  g_assert_cmpint (ask_now (f, 'a'), ==, MAY);

  assert_no_kerberos (ticket, LK_GSS_NO_TICKET, LK_ERROR_DENIED, "kinit");
  assert_no_kerberos (local, LK_GSS_NO_AUTHORITY, LK_ERROR_DENIED, "user@REALM");
  assert_no_kerberos (unknown, LK_GSS_NO_AUTHORITY, LK_ERROR_DENIED, "OTHER\\bob");
  g_assert_cmpint (f->n_stopped, ==, 0);
  lk_peer_free (kdc);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = g_dir_make_tmp ("latchkey-login-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "krb5.conf", NULL);
  int result;

  g_test_init (&argc, &argv, NULL);
  g_setenv ("KRB5_CONFIG", path, TRUE);
  g_setenv ("KRB5CCNAME", "FILE:/nonexistent/ccache", TRUE);
#define ADD(name, func) g_test_add ("/login/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("one-at-a-time", test_one_at_a_time);
  ADD ("unanswered", test_unanswered);
  ADD ("two-refusals-stop", test_two_refusals_stop);
  ADD ("refusals-between-successes", test_refusals_between_successes);
  ADD ("refusals-after-a-success", test_refusals_after_a_success);
  ADD ("recovers", test_recovers);
  ADD ("late-answers", test_late_answers);
  ADD ("cancel", test_cancel);
  ADD ("deadline", test_deadline);
  ADD ("crowd", test_crowd);
  ADD ("no-kdc", test_no_kdc);
  result = g_test_run ();
  g_unlink (path);
  g_rmdir (folder);
  return result;
}
