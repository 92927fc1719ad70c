/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "lk-site.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define N_MACHINES 40
#define N_ROUNDS   6

/* A gateway as a program of its own, with its files in one directory. */
typedef struct
{
  char *directory;
  char *state;
  char *digest_file;
  char *token_file;
  LkSecret *digest_key;
  LkSecret *token;
  GSubprocess *process;
  char *url;
} Program;

static char *
run_verb (const Program *self, const char *const *verb, int expected)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  char *output = NULL;

  g_ptr_array_add (argv, (gpointer) g_getenv ("LK_TEST_GATEWAY"));
  g_ptr_array_add (argv, (gpointer) "--state");
  g_ptr_array_add (argv, self->state);
  for (guint i = 0; verb[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) verb[i]);
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_newv ((const char *const *) argv->pdata,
                               G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                               &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, expected);
  return output;
}

#define VERB(...) ((const char *const[]){ __VA_ARGS__, NULL })

static Program *
program_new (void)
{
  static const char hex[] = "00112233445566778899aabbccddeeff";
  Program *self = g_new0 (Program, 1);
  g_autoptr (LkSecret) text = lk_secret_new (hex, -1);
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;

  self->directory = g_dir_make_tmp ("latchkey-gateway-XXXXXX", &error);
  g_assert_no_error (error);
  self->state = g_build_filename (self->directory, "state.db", NULL);
  self->digest_file = g_build_filename (self->directory, "digest", NULL);
  self->token_file = g_build_filename (self->directory, "token", NULL);
  g_file_set_contents_full (self->digest_file, hex, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
  self->digest_key = lk_batch_parse_digest_key (text, &error);
  output = run_verb (self, VERB ("client", "add", "console", "--token-file", self->token_file), 0);
  g_assert_cmpstr (output, ==, "");
  self->token = lk_secret_read_file (self->token_file, &error);
  g_assert_no_error (error);
  return self;
}

static void
program_start (Program *self, const char *const *options)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GDataInputStream) lines = NULL;
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  const char *const fixed[] = {
    g_getenv ("LK_TEST_GATEWAY"), "--state",        self->state, "serve",
    "--digest-key-file",          self->digest_file
  };

  for (guint i = 0; i < G_N_ELEMENTS (fixed); i++)
    g_ptr_array_add (argv, (gpointer) fixed[i]);
  for (guint i = 0; options[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) options[i]);
  g_ptr_array_add (argv, NULL);
  self->process =
      g_subprocess_newv ((const char *const *) argv->pdata,
                         G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                         &error);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  line = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_nonnull (line);
  g_assert_true (g_str_has_prefix (line, "ready port="));
  g_free (self->url);
  self->url = g_strdup_printf ("http://127.0.0.1:%s/", line + strlen ("ready port="));
}

static void
program_end (Program *self, int signal_number)
{
  g_subprocess_send_signal (self->process, signal_number);
  g_subprocess_wait (self->process, NULL, NULL);
  if (signal_number == SIGTERM)
    g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
  g_clear_object (&self->process);
}

static void
program_free (Program *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->directory, name, NULL);

      g_unlink (path);
    }
  g_rmdir (self->directory);
  g_free (self->directory);
  g_free (self->state);
  g_free (self->digest_file);
  g_free (self->token_file);
  g_free (self->url);
  lk_secret_free (self->digest_key);
  lk_secret_free (self->token);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Program, program_free)

/* One pass over all machines in batches of ten; whatever goes wrong is tried again by the next.
 * Gives how many have their confirmation ID. */
static gpointer
ask_for_all (gpointer user_data)
{
  const Program *program = user_data;
  const LkBackendOptions options = {
    .url = program->url,
    .digest_key = program->digest_key,
    .token = program->token,
  };
  g_autoptr (LkBackend) backend = lk_backend_new (&options, NULL);
  guint n_done = 0;

  for (guint first = 0; first < N_MACHINES; first += 10)
    {
      g_autoptr (GPtrArray) items = lk_site_new_items ();
      guint8 matched[10];

      for (guint i = 0; i < 10; i++)
        {
          g_autofree char *iid = lk_site_make_iid (first + i);

          g_ptr_array_add (items, lk_batch_item_new (LK_SITE_EPID, iid));
        }
      lk_backend_send (backend, LK_BATCH_CONFIRM, items, matched, NULL, NULL, NULL);
      for (guint i = 0; i < 10; i++)
        n_done += ((LkBatchItem *) g_ptr_array_index (items, i))->cid != NULL ? 1 : 0;
    }

  return GUINT_TO_POINTER (n_done);
}

static guint
count_lines (const Program *program, const char *needle)
{
  g_autofree char *text = run_verb (program, VERB ("records", "--csv"), 0);
  guint n = 0;

  for (const char *p = strstr (text, needle); p != NULL; p = strstr (p + 1, needle))
    n++;
  return n;
}

/* Two consoles ask for the same machines while gateway and service are killed again and again: in
 * the end each machine has cost one activation. */
static void
test_kill (void)
{
  g_autoptr (Program) service = program_new ();
  g_autoptr (Program) gateway = program_new ();
  const char *const service_options[] = { "--practice", "--pool", LK_SITE_KEY "=1000", NULL };
  g_autofree char *pools = NULL;

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      GThread *consoles[2];

      program_start (service, service_options);
      program_start (gateway, VERB ("--upstream", service->url, "--upstream-token-file",
                                    service->token_file, "--retry-after", "1"));
      for (guint i = 0; i < 2; i++)
        consoles[i] = g_thread_new ("console", ask_for_all, gateway);
      g_usleep ((gulong) g_test_rand_int_range (1000, 60000));
      program_end (round % 2 == 0 ? gateway : service, SIGKILL);
      g_usleep ((gulong) g_test_rand_int_range (0, 20000));
      program_end (round % 2 == 0 ? service : gateway, SIGKILL);
      for (guint i = 0; i < 2; i++)
        g_thread_join (consoles[i]);
    }

  program_start (service, service_options);
  program_start (gateway, VERB ("--upstream", service->url, "--upstream-token-file",
                                service->token_file, "--retry-after", "1"));
  while (GPOINTER_TO_UINT (ask_for_all (gateway)) < N_MACHINES)
    {
      /* What was asked about twice waits for a person. */
      for (guint i = 0; i < N_MACHINES; i++)
        {
          g_autofree char *iid = lk_site_make_iid (i);
          g_autofree char *output = NULL;
          g_autoptr (GSubprocess) process =
              g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE |
                                    G_SUBPROCESS_FLAGS_STDOUT_SILENCE,
                                NULL, g_getenv ("LK_TEST_GATEWAY"), "--state", gateway->state,
                                "retry", iid, NULL);

          g_subprocess_wait (process, NULL, NULL);
        }
    }
  g_assert_cmpuint (count_lines (gateway, ",confirmed,"), ==, N_MACHINES);
  g_assert_cmpuint (count_lines (service, ",confirmed,"), ==, N_MACHINES);
  pools = run_verb (service, VERB ("pool", "list", "--csv"), 0);
  g_assert_nonnull (strstr (pools, LK_SITE_KEY ",1000,960,40,0,"));
  program_end (gateway, SIGTERM);
  program_end (service, SIGTERM);
}

static void
test_statuses (void)
{
  g_autoptr (Program) program = program_new ();
  const struct
  {
    const char *const *verb;
    int status;
  } cases[] = {
    { VERB ("serve", "--practice"), 2 },
    { VERB ("serve", "--digest-key-file", program->digest_file), 2 },
    { VERB ("serve", "--digest-key-file", "/nonexistent", "--practice"), 9 },
    { VERB ("serve", "--digest-key-file", program->digest_file, "--practice"), 10 },
    { VERB ("dance"), 2 },
    { VERB ("client", "add", "console"), 2 },
    { VERB ("client", "add", "console", "--token-file", "-"), 1 },
    { VERB ("client", "add", "other", "--certificate", "--token-file", "-"), 2 },
    { VERB ("client", "rotate", "nobody", "--token-file", "-"), 1 },
    { VERB ("client", "rotate", "console", "--token-file", "-", "--overlap", "soon"), 2 },
    { VERB ("client", "rotate", "console", "--token-file", "-"), 0 },
    { VERB ("client", "remove", "nobody"), 3 },
    { VERB ("init", "--folder", "/nonexistent/tls"), 2 },
    { VERB ("init", "--folder", "/nonexistent/tls", "--name", "no name"), 1 },
    { VERB ("renew", "--folder", "/nonexistent/tls"), 1 },
    { VERB ("serve", "--digest-key-file", "/nonexistent", "--practice", "--client-ca", "/x"), 2 },
    { VERB ("retry", "123"), 3 },
    { VERB ("pool", "set", "nonsense", "5"), 1 },
    { VERB ("pool", "set", "90001-000000001", "5"), 0 },
    { VERB ("client", "remove", "console"), 0 },
    { VERB ("audit", "--csv"), 0 },
  };

  program_start (program, VERB ("--practice"));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *output = run_verb (program, cases[i].verb, cases[i].status);

      g_test_message ("%s: %d", cases[i].verb[0], cases[i].status);
    }
  program_end (program, SIGTERM);
}

/* Nobody else may read the files, and no secret is in them. */
static void
test_files (void)
{
  g_autoptr (Program) program = program_new ();
  g_autofree char *contents = NULL;
  gsize length = 0;
  GStatBuf info;

  g_assert_cmpint (g_stat (program->state, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_assert_cmpint (g_stat (program->token_file, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_file_get_contents (program->state, &contents, &length, NULL);
  g_assert_null (memmem (contents, length, lk_secret_peek (program->token),
                         lk_secret_get_length (program->token)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway-program/files", test_files);
  g_test_add_func ("/gateway-program/statuses", test_statuses);
  g_test_add_func ("/gateway-program/kill", test_kill);
  return g_test_run ();
}
