/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "base/lk-locale.h"
#include "base/lk-process.h"
#include "gateway/lk-gateway-cli.h"

#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

typedef struct
{
  const char *name;
  const char *summary;
  gboolean needs_state;
  LkGatewayCommand run;
} Command;

static const Command commands[] = {
  { "init", N_ ("Make an authority and the server's TLS certificate"), FALSE, lk_gateway_cli_init },
  { "renew", N_ ("Make a new server's TLS certificate"), FALSE, lk_gateway_cli_renew },
  { "serve", N_ ("Answer batches until SIGTERM"), TRUE, lk_gateway_cli_serve },
  { "client", N_ ("Add, list, rotate or remove the clients that may ask"), TRUE,
    lk_gateway_cli_client },
  { "pool", N_ ("Show or set what the keys have left"), TRUE, lk_gateway_cli_pool },
  { "records", N_ ("Show every spend and its confirmation ID"), TRUE, lk_gateway_cli_records },
  { "audit", N_ ("Show who asked for what, and the outcome"), TRUE, lk_gateway_cli_audit },
  { "retry", N_ ("Let an unknown or refused installation ID be asked for again"), TRUE,
    lk_gateway_cli_retry },
};

void
lk_gateway_cli_set_usage (GError **error, const char *format, ...)
{
  va_list args;

  if (error == NULL)
    return;

  va_start (args, format);
  *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_FAILED, format, args);
  va_end (args);
}

static LkExit
exit_for_error (const GError *error, LkExit fallback)
{
  if (error->domain == G_OPTION_ERROR)
    return LK_EXIT_USAGE;
  if (error->domain != LK_ERROR || fallback == LK_EXIT_NOTHING)
    return fallback;

  switch ((LkError) error->code)
    {
    case LK_ERROR_BUSY:
      return LK_EXIT_LOCKED;
    case LK_ERROR_UNREACHABLE:
      return LK_EXIT_UNREACHABLE;
    case LK_ERROR_DENIED:
      return LK_EXIT_DENIED;
    case LK_ERROR_STORE:
    case LK_ERROR_BAD_REPLY:
      return LK_EXIT_FILE;
    case LK_ERROR_INVALID:
    case LK_ERROR_REJECTED:
    default:
      return fallback;
    }
}

static char *
describe_commands (void)
{
  GString *text = g_string_new (_ ("Commands:"));

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "\n  %-10s %s", commands[i].name, _ (commands[i].summary));
  g_string_append (text, _ ("\n\nCOMMAND --help tells its options."));
  return g_string_free (text, FALSE);
}

static const Command *
find_command (const char *name, GError **error)
{
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (name, commands[i].name))
      return &commands[i];

  lk_gateway_cli_set_usage (error, _ ("“%s” is not a command; see --help"),
                            name != NULL ? name : "");
  return NULL;
}

static LkExit
run (int argc, char **argv, GError **error)
{
  g_autofree char *state_path = NULL;
  gboolean show_version = FALSE;
  const GOptionEntry entries[] = {
    { "state", 0, 0, G_OPTION_ARG_FILENAME, &state_path, _ ("File with the records"), "FILE" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &show_version, _ ("Print the version"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("COMMAND [ARGUMENT…]");
  g_autofree char *summary = describe_commands ();
  const Command *command;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context, summary);
  g_option_context_set_strict_posix (context, TRUE); /* options after COMMAND are its own */
  if (!g_option_context_parse (context, &argc, &argv, error))
    return LK_EXIT_USAGE;
  if (show_version)
    {
      printf ("latchkey-gateway %s\n", PACKAGE_VERSION);
      return LK_EXIT_DONE;
    }

  command = find_command (argc > 1 ? argv[1] : NULL, error);
  if (command == NULL)
    return LK_EXIT_USAGE;
  if (command->needs_state && state_path == NULL)
    {
      lk_gateway_cli_set_usage (error, _ ("--state FILE must be given before the command"));
      return LK_EXIT_USAGE;
    }

  return command->run (state_path, argc - 1, argv + 1, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  LkExit status;

  lk_process_protect ();
  lk_locale_init ();
  umask (077);
  signal (SIGPIPE, SIG_IGN);

  status = run (argc, argv, &error);
  if (error == NULL)
    return (int) status;

  g_printerr ("latchkey-gateway: %s\n", error->message);
  return (int) exit_for_error (error, status);
}
