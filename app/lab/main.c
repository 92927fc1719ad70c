/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab.h"

#include <glib-unix.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct
{
  int machines;
  int port;
  int tls_port;
  int control_port;
  int latency_ms;
  int threads;
  int ready_fd;
  gint64 seed;
  char *state;
  char *hosts;
  char *password_file;
  char *faults;
  char *mix;
  char *certificate;
  char *key;
  gboolean version;
} Arguments;

static Arguments arguments = {
  .machines = 10,
  .port = 5985,
  .tls_port = -1,
  .control_port = -1,
  .ready_fd = -1,
  .seed = 1,
};

static const GOptionEntry entries[] = {
  { "machines", 'n', 0, G_OPTION_ARG_INT, &arguments.machines, "How many machines, up to 20000",
    "N" },
  { "seed", 's', 0, G_OPTION_ARG_INT64, &arguments.seed, "The same seed makes the same fleet",
    "S" },
  { "state", 0, 0, G_OPTION_ARG_FILENAME, &arguments.state, "Keep what happens in this file",
    "FILE" },
  { "port", 'p', 0, G_OPTION_ARG_INT, &arguments.port, "Port of all machines, 0 for any", "P" },
  { "tls-port", 0, 0, G_OPTION_ARG_INT, &arguments.tls_port, "A second port with TLS", "P" },
  { "tls-certificate", 0, 0, G_OPTION_ARG_FILENAME, &arguments.certificate,
    "Certificate for TLS (PEM)", "FILE" },
  { "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &arguments.key, "Its private key (PEM)", "FILE" },
  { "control-port", 0, 0, G_OPTION_ARG_INT, &arguments.control_port,
    "Port of the controls, on 127.0.0.1", "P" },
  { "hosts", 0, 0, G_OPTION_ARG_FILENAME, &arguments.hosts, "Write the machines' addresses as CSV",
    "FILE" },
  { "ready-fd", 0, 0, G_OPTION_ARG_INT, &arguments.ready_fd,
    "Say there that the lab is ready, not on standard output", "FD" },
  { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &arguments.password_file,
    "Ask for this password of “administrator”", "FILE" },
  { "faults", 0, 0, G_OPTION_ARG_STRING, &arguments.faults, "As in “dead=2%,slow=5%:2000ms”",
    "SPEC" },
  { "latency", 0, 0, G_OPTION_ARG_INT, &arguments.latency_ms, "Of every answer", "MS" },
  { "profile-mix", 0, 0, G_OPTION_ARG_STRING, &arguments.mix,
    "Generations of Windows with weights, as in “10=3,2022=1”", "MIX" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &arguments.threads, "Serving threads, usually 2", "N" },
  { "version", 0, 0, G_OPTION_ARG_NONE, &arguments.version, "Show the version", NULL },
  { 0 },
};

static gboolean
on_signal (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

/* Each connection is a descriptor, and each dead machine two. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

static gboolean
check_arguments (GError **error)
{
  if (arguments.port < 0 || arguments.port > 65535 || arguments.tls_port > 65535 ||
      arguments.control_port > 65535 || arguments.machines < 1 || arguments.latency_ms < 0 ||
      arguments.threads < 0 || arguments.threads > 64 ||
      (arguments.certificate == NULL) != (arguments.key == NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "A number is out of its range, or a certificate has no key");
      return FALSE;
    }
  return TRUE;
}

static LkLab *
open_lab (GError **error)
{
  g_autoptr (LkSecret) password = NULL;
  g_autofree char *certificate = NULL;
  g_autofree char *key = NULL;
  LkLabOptions options = {
    .fleet = { .n_machines = (guint) arguments.machines,
               .seed = (guint64) arguments.seed,
               .profile_mix = arguments.mix,
               .faults = arguments.faults,
               .state_path = arguments.state },
    .port = (guint16) arguments.port,
    .with_tls = arguments.tls_port >= 0,
    .tls_port = (guint16) MAX (arguments.tls_port, 0),
    .latency_ms = (guint) arguments.latency_ms,
    .n_threads = (guint) arguments.threads,
  };

  if (!check_arguments (error))
    return NULL;
  if (arguments.password_file != NULL)
    {
      password = lk_secret_read_file (arguments.password_file, error);
      if (password == NULL)
        return NULL;
      options.password = password;
    }
  if (arguments.certificate != NULL)
    {
      if (!g_file_get_contents (arguments.certificate, &certificate, NULL, error) ||
          !g_file_get_contents (arguments.key, &key, NULL, error))
        return NULL;
      options.certificate = certificate;
      options.key = key;
    }
  return lk_lab_new (&options, error);
}

static void
say_ready (LkLab *lab)
{
  g_autofree char *text =
      g_strdup_printf ("ready port=%u tls=%u\n", lk_lab_get_port (lab), lk_lab_get_tls_port (lab));
  int fd = arguments.ready_fd >= 0 ? arguments.ready_fd : STDOUT_FILENO;

  if (write (fd, text, strlen (text)) < 0)
    g_debug ("Nobody reads that the lab is ready");
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("– a practice fleet");
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkLab) lab = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      fprintf (stderr, "latchkey-lab: %s\n", error->message);
      return 2;
    }
  if (arguments.version)
    {
      printf ("latchkey-lab %s\n", PACKAGE_VERSION);
      return 0;
    }

  raise_descriptor_limit ();
  g_unix_signal_add (SIGTERM, on_signal, loop);
  g_unix_signal_add (SIGINT, on_signal, loop);
  lab = open_lab (&error);
  if (lab == NULL ||
      (arguments.hosts != NULL && !lk_lab_write_hosts (lab, arguments.hosts, &error)))
    {
      fprintf (stderr, "latchkey-lab: %s\n", error->message);
      return error->domain == G_OPTION_ERROR ? 2 : 1;
    }

  say_ready (lab);
  g_main_loop_run (loop);
  return 0;
}
