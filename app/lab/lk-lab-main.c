/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-locale.h"
#include "base/lk-process.h"
#include "lab/lk-lab-control.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
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
  char *schemes;
  char *keytab;
  char *client_ca;
  char *dialect;
  gboolean allows_clear;
  gboolean wants_binding;
  int login_life;
  char *practice_key;
  char *key_file;
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
  { "auth", 0, 0, G_OPTION_ARG_STRING, &arguments.schemes,
    "How to sign in: some of basic,negotiate,kerberos,certificate (basic)", "SCHEMES" },
  { "keytab", 0, 0, G_OPTION_ARG_FILENAME, &arguments.keytab,
    "The machines' Kerberos keys, HTTP/NAME each", "FILE" },
  { "allow-clear", 0, 0, G_OPTION_ARG_NONE, &arguments.allows_clear,
    "Take messages in the clear after negotiate or kerberos, too", NULL },
  { "demand-binding", 0, 0, G_OPTION_ARG_NONE, &arguments.wants_binding,
    "Take only who is bound to the TLS connection", NULL },
  { "login-life", 0, 0, G_OPTION_ARG_INT, &arguments.login_life,
    "Forget who signed in after so long", "MS" },
  { "client-ca", 0, 0, G_OPTION_ARG_FILENAME, &arguments.client_ca,
    "Who vouches for clients' certificates (PEM)", "FILE" },
  { "dialect", 0, 0, G_OPTION_ARG_STRING, &arguments.dialect,
    "“windows”, or “foreign”: as OMI speaks", "WORD" },
  { "faults", 0, 0, G_OPTION_ARG_STRING, &arguments.faults, "As in “dead=2%,slow=5%:2000ms”",
    "SPEC" },
  { "latency", 0, 0, G_OPTION_ARG_INT, &arguments.latency_ms, "Of every answer", "MS" },
  { "profile-mix", 0, 0, G_OPTION_ARG_STRING, &arguments.mix,
    "Generations of Windows with weights, as in “10=3,2022=1”", "MIX" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &arguments.threads, "Serving threads, usually 2", "N" },
  { "practice-key", 0, 0, G_OPTION_ARG_STRING, &arguments.practice_key,
    "Write a practice key (mak:N, gvlk:N, office-mak:N, …) to --key-file and end", "KIND:N" },
  { "key-file", 0, 0, G_OPTION_ARG_FILENAME, &arguments.key_file, "Where to write it", "FILE" },
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

/* What the door needs; @password is read before, because NTLM finds it through the environment. */
static gboolean
read_door (LkLabDoorOptions *door, const LkSecret *password, GError **error)
{
  door->password = password;
  door->keytab = arguments.keytab;
  door->allows_clear = arguments.allows_clear;
  door->wants_binding = arguments.wants_binding;
  door->life_ms = (guint) MAX (arguments.login_life, 0);
  door->is_foreign = g_strcmp0 (arguments.dialect, "foreign") == 0;
  if (arguments.dialect != NULL && !door->is_foreign && !g_str_equal (arguments.dialect, "windows"))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--dialect is windows or foreign");
      return FALSE;
    }
  return arguments.schemes == NULL ||
         lk_lab_schemes_parse (arguments.schemes, &door->schemes, error);
}

static LkLab *
open_lab (const LkSecret *password, GError **error)
{
  g_autofree char *client_ca = NULL;
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
  if (!read_door (&options.door, password, error))
    return NULL;
  if (arguments.client_ca != NULL)
    {
      if (!g_file_get_contents (arguments.client_ca, &client_ca, NULL, error))
        return NULL;
      options.client_ca = client_ca;
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

/* "office-mak:2" into a file that nobody else may read. */
static gboolean
write_practice_key (GError **error)
{
  static const struct
  {
    const char *word;
    LkKeyKind kind;
    LkLabProductKind product;
  } kinds[] = {
    { "mak", LK_KEY_MAK, LK_LAB_WINDOWS },         { "gvlk", LK_KEY_GVLK, LK_LAB_WINDOWS },
    { "kms-host", LK_KEY_CSVLK, LK_LAB_WINDOWS },  { "office-mak", LK_KEY_MAK, LK_LAB_OFFICE },
    { "office-gvlk", LK_KEY_GVLK, LK_LAB_OFFICE }, { "esu-mak", LK_KEY_MAK, LK_LAB_ESU },
  };
  g_auto (GStrv) halves = g_strsplit (arguments.practice_key, ":", 2);
  guint64 number = 0;

  for (guint i = 0; arguments.key_file != NULL && i < G_N_ELEMENTS (kinds); i++)
    if (g_strcmp0 (halves[0], kinds[i].word) == 0 &&
        (halves[1] == NULL || g_ascii_string_to_unsigned (halves[1], 10, 0, 1000, &number, NULL)))
      {
        g_autoptr (LkSecret) key = lk_lab_key_new (kinds[i].kind, kinds[i].product, (guint) number);

        return g_file_set_contents_full (arguments.key_file, lk_secret_peek (key),
                                         (gssize) lk_secret_get_length (key),
                                         G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
      }

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "--practice-key wants a kind and a number, as in “mak:1”, and --key-file");
  return FALSE;
}

static void
say_ready (LkLab *lab, LkLabControl *control)
{
  g_autoptr (GString) line = g_string_new (NULL);
  int fd = arguments.ready_fd >= 0 ? arguments.ready_fd : STDOUT_FILENO;

  g_string_printf (line, "ready port=%u", lk_lab_get_port (lab));
  if (lk_lab_get_tls_port (lab) != 0)
    g_string_append_printf (line, " tls=%u", lk_lab_get_tls_port (lab));
  if (control != NULL)
    g_string_append_printf (line, " control=%u", lk_lab_control_get_port (control));
  g_string_append_c (line, '\n');
  if (write (fd, line->str, line->len) < 0)
    g_debug ("Nobody reads that the lab is ready");
}

static int
report (gboolean ok, const GError *error)
{
  if (ok)
    return 0;
  fprintf (stderr, "latchkey-lab: %s\n", error->message);
  return error->domain == G_OPTION_ERROR ? 2 : 1;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("– a practice fleet");
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSecret) password = NULL;
  g_autofree char *accounts = NULL;
  g_autoptr (LkLab) lab = NULL;
  g_autoptr (LkLabControl) control = NULL; /* freed before the lab */

  lk_process_protect ();
  lk_locale_open_numbers ();
  setlocale (LC_CTYPE, ""); /* what it says is a protocol, which has no language */
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

  if (arguments.practice_key != NULL)
    return report (write_practice_key (&error), error);

  /* Before there are threads: NTLM finds its accounts through the environment. */
  if (arguments.password_file != NULL)
    password = lk_secret_read_file (arguments.password_file, &error);
  if (password != NULL && arguments.schemes != NULL && strstr (arguments.schemes, "negotiate"))
    accounts = lk_lab_door_publish_account (password, &error);
  if (error != NULL)
    return report (FALSE, error);

  raise_descriptor_limit ();
  g_unix_signal_add (SIGTERM, on_signal, loop);
  g_unix_signal_add (SIGINT, on_signal, loop);
  lab = open_lab (password, &error);
  if (lab != NULL && arguments.control_port >= 0)
    control = lk_lab_control_new (lab, (guint16) arguments.control_port, &error);
  if (error == NULL &&
      (arguments.hosts == NULL || lk_lab_write_hosts (lab, arguments.hosts, &error)))
    {
      say_ready (lab, control);
      g_main_loop_run (loop);
    }
  if (accounts != NULL)
    g_unlink (accounts);
  return report (error == NULL, error);
}
