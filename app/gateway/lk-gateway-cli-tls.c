/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-cli.h"

#include "gateway/lk-gateway-folder.h"

#include <glib/gi18n.h>
#include <stdio.h>

/* What the options leave behind; strings belong to it. */
typedef struct
{
  char *folder;
  char **names;
  int days;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->folder);
  g_strfreev (self->names);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_options (Options *self, gboolean needs_name, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &self->folder,
      _ ("Folder of the authority and the server's certificate"), "DIR" },
    { "name", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->names,
      _ ("DNS name or IP address that consoles use; may be given several times"), "NAME" },
    { "days", 0, 0, G_OPTION_ARG_INT, &self->days,
      _ ("How long the server's certificate is good for (398)"), "N" },
    G_OPTION_ENTRY_NULL,
  };
  const char *verb = argv[0];

  self->days = LK_AUTHORITY_DAYS;
  if (!lk_gateway_cli_parse (&argc, &argv, "", entries, error))
    return FALSE;
  if (argc > 1)
    lk_gateway_cli_set_usage (error, _ ("“%s” is not an option; names are given with --name"),
                              argv[1]);
  else if (self->folder == NULL || (needs_name && self->names == NULL))
    lk_gateway_cli_set_usage (error,
                              needs_name ? _ ("%s needs --folder DIR and --name NAME")
                                         : _ ("%s needs --folder DIR"),
                              verb);
  else if (self->days < 1)
    lk_gateway_cli_set_usage (error, _ ("--days needs a number of days"));
  else
    return TRUE;

  return FALSE;
}

static void
tell_file (const char *what, const char *folder, const char *file, const LkCertificateFacts *facts)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *until = lk_time_to_iso8601 (facts->not_after);
  g_autofree char *pin = lk_pin_to_text (facts->pin);

  printf (_ ("%s: %s, good until %s\n  SHA-256 %s\n"), what, path, until, pin);
}

static void
tell_server (const char *folder, const LkCertificateFacts *server)
{
  g_autofree char *names = g_strjoinv (", ", server->names);

  tell_file (_ ("Server certificate"), folder, LK_GATEWAY_SERVER, server);
  printf (_ ("  for %s\n"), names);
}

LkExit
lk_gateway_cli_init (const char *state_path, int argc, char **argv, GError **error)
{
  g_auto (Options) options = { 0 };
  g_autoptr (LkCertificateFacts) ca = NULL;
  g_autoptr (LkCertificateFacts) server = NULL;
  g_autofree char *folder = NULL;

  if (!parse_options (&options, TRUE, argc, argv, error))
    return LK_EXIT_USAGE;
  folder = g_canonicalize_filename (options.folder, NULL);
  if (!lk_gateway_folder_init (folder, (const char *const *) options.names, options.days, &ca,
                               &server, error))
    return LK_EXIT_GENERAL;

  tell_file (_ ("Authority"), folder, LK_GATEWAY_CA, ca);
  tell_server (folder, server);
  printf (_ ("\nOn the gateway:\n"
             "  latchkey-gateway --state FILE serve --listen 0.0.0.0:8443 --tls-cert %s/%s"
             " --tls-key %s/%s --client-ca %s/%s --digest-key-file FILE --upstream URL\n"
             "On each console, with a copy of %s (its SHA-256 is above):\n"
             "  latchkeyctl config set backend.ca /WHOLE/PATH/%s\n"),
          folder, LK_GATEWAY_SERVER, folder, LK_GATEWAY_SERVER_KEY, folder, LK_GATEWAY_CA,
          LK_GATEWAY_CA, LK_GATEWAY_CA);
  return LK_EXIT_DONE;
}

LkExit
lk_gateway_cli_renew (const char *state_path, int argc, char **argv, GError **error)
{
  g_auto (Options) options = { 0 };
  g_autoptr (LkCertificateFacts) server = NULL;

  if (!parse_options (&options, FALSE, argc, argv, error))
    return LK_EXIT_USAGE;
  if (!lk_gateway_folder_renew (options.folder, (const char *const *) options.names, options.days,
                                &server, error))
    return LK_EXIT_GENERAL;

  tell_server (options.folder, server);
  printf (_ ("\nThe old one is in %s. A gateway that serves takes up the new one on SIGHUP:\n"
             "  systemctl reload latchkey-gateway\n"),
          LK_GATEWAY_OLD_SERVER);
  return LK_EXIT_DONE;
}
