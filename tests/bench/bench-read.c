/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-bench.h"

#include "licensing/lk-licensing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads every machine of a hosts file up to parsed rows, over a connection each; no store. Prints
 * how many were read, the seconds by the wall and those of the processor.
 *   bench-read [OPTION…] HOSTS PASSWORD-FILE THREADS */

typedef struct
{
  char *scheme;
  char *user;
  int tls_port;
  char *pin;
  char *certificate;
  char *key;
} Arguments;

static Arguments arguments;

static const GOptionEntry entries[] = {
  { "scheme", 0, 0, G_OPTION_ARG_STRING, &arguments.scheme, "How to sign in (basic)", "WORD" },
  { "user", 0, 0, G_OPTION_ARG_STRING, &arguments.user, "As whom (administrator)", "USER" },
  { "tls-port", 0, 0, G_OPTION_ARG_INT, &arguments.tls_port, "Over TLS, by this port", "P" },
  { "pin", 0, 0, G_OPTION_ARG_STRING, &arguments.pin, "The one certificate to trust", "SHA-256" },
  { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &arguments.certificate, "To sign in with (PEM)",
    "FILE" },
  { "private-key", 0, 0, G_OPTION_ARG_FILENAME, &arguments.key, "Its key (PEM)", "FILE" },
  { 0 },
};

typedef struct
{
  GPtrArray *names;     /* char *, "pc-0001.lab.test" */
  GPtrArray *addresses; /* char *, "127.1.0.1" */
  guint16 port;
  LkLogin *login;
  LkTrust *trust; /* of TLS */
  gint next;
  gint n_read;
  gint n_products;
} Fleet;

static void
load_hosts (Fleet *fleet, const char *path)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, &error))
    g_error ("%s", error->message);

  fleet->names = g_ptr_array_new_with_free_func (g_free);
  fleet->addresses = g_ptr_array_new_with_free_func (g_free);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[i] != NULL; i++)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i], ",", -1);

      if (g_strv_length (cells) < 3)
        continue;
      g_ptr_array_add (fleet->names, g_strdup (cells[0]));
      g_ptr_array_add (fleet->addresses, g_strdup (cells[1]));
      fleet->port = (guint16) strtoul (cells[2], NULL, 10);
    }
}

/* The set that all links share, as the console would have it. */
static void
set_up_login (Fleet *fleet, const char *password_file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSecret) password = lk_secret_read_file (password_file, &error);
  g_autoptr (LkSecret) key =
      arguments.key != NULL ? lk_secret_read_file (arguments.key, &error) : NULL;
  g_autoptr (LkClientCertificate) certificate = NULL;
  g_autofree char *pem = NULL;
  LkScheme scheme = LK_SCHEME_BASIC;

  if (arguments.scheme != NULL && !lk_scheme_parse (arguments.scheme, &scheme))
    g_error ("“%s” is no scheme", arguments.scheme);
  if (error == NULL && arguments.certificate != NULL &&
      g_file_get_contents (arguments.certificate, &pem, NULL, &error))
    certificate = lk_client_certificate_new (pem, key, &error);
  if (error == NULL && arguments.tls_port != 0)
    {
      fleet->port = (guint16) arguments.tls_port;
      fleet->trust = lk_trust_new (NULL, &error);
    }
  if (error != NULL)
    g_error ("%s", error->message);

  fleet->login = lk_login_new (&(LkLoginOptions){
      .name = "bench",
      .kind = certificate != NULL ? LK_CREDENTIAL_CERTIFICATE : LK_CREDENTIAL_PASSWORD,
      .scheme = scheme,
      .user = arguments.user != NULL ? arguments.user : "administrator",
      .password = certificate == NULL ? password : NULL,
      .certificate = certificate });
}

static void
read_machine (Fleet *fleet, guint i)
{
  LkLinkOptions options = {
    .host = g_ptr_array_index (fleet->addresses, i),
    .name = g_ptr_array_index (fleet->names, i),
    .port = fleet->port,
    .tls = fleet->trust != NULL,
    .trust = fleet->trust,
    .pin = arguments.pin,
    .path = "/wsman",
    .login = fleet->login,
  };
  g_autoptr (LkLink) link = lk_link_new (&options);
  g_autoptr (LkWsman) wsman = lk_wsman_new (link);
  g_autoptr (LkLicensing) licensing = lk_licensing_new (wsman);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkReading) reading = lk_licensing_read (licensing, NULL, &error);

  if (reading == NULL)
    {
      g_printerr ("%s\n", error->message);
      return;
    }
  g_atomic_int_inc (&fleet->n_read);
  g_atomic_int_add (&fleet->n_products, (gint) reading->products->len);
}

static gpointer
work (gpointer user_data)
{
  Fleet *fleet = user_data;

  for (;;)
    {
      gint i = g_atomic_int_add (&fleet->next, 1);

      if (i >= (gint) fleet->addresses->len)
        return NULL;
      read_machine (fleet, (guint) i);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("HOSTS PASSWORD-FILE THREADS");
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  Fleet fleet = { 0 };
  double start;
  double cpu;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 4)
    {
      g_printerr ("%s\n", error != NULL ? error->message : "see bench-read --help");
      return 2;
    }
  xmlInitParser ();
  load_hosts (&fleet, argv[1]);
  set_up_login (&fleet, argv[2]);

  start = lk_bench_now ();
  cpu = lk_bench_cpu ();
  for (guint i = 0; i < strtoul (argv[3], NULL, 10); i++)
    g_ptr_array_add (threads, g_thread_new ("reader", work, &fleet));
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
  printf ("%d %d %.4f %.4f\n", fleet.n_read, fleet.n_products, lk_bench_now () - start,
          lk_bench_cpu () - cpu);

  lk_login_unref (fleet.login);
  lk_trust_unref (fleet.trust);
  g_ptr_array_unref (fleet.names);
  g_ptr_array_unref (fleet.addresses);
  return 0;
}
