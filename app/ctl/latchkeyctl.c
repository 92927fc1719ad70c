/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "base/lk-locale.h"
#include "base/lk-process.h"
#include "ctl/lk-ctl-talk.h"
#include "ctl/lk-ctl.h"

#include <glib/gi18n.h>
#include <libxml/parser.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define WANTED_DESCRIPTORS 4096

static void
set_limits (void)
{
  struct rlimit files;

  signal (SIGPIPE, SIG_IGN);
  if (getrlimit (RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < WANTED_DESCRIPTORS)
    {
      files.rlim_cur = MIN (files.rlim_max, WANTED_DESCRIPTORS);
      setrlimit (RLIMIT_NOFILE, &files);
    }
}

static void
print_overview (FILE *out)
{
  const LkCtlCommand *command;

  fprintf (out, _ ("Usage: latchkeyctl VERB [OPTION…] [ARGUMENT…]\n\n"
                   "Manages volume activation for the computers that you own.\n\n"));
  for (guint i = 0; (command = lk_ctl_get_command (i)) != NULL; i++)
    fprintf (out, "  %-18s %s\n", command->name, _ (command->summary));
  fprintf (out,
           _ ("\n“latchkeyctl VERB --help” shows options and examples; latchkeyctl(1) tells the"
              " rest.\n"));
}

/* The verbs that begin with @verb, when it is the first word of several. */
static LkExit
refuse_verb (LkCtl *ctl, const char *verb, const char *second)
{
  g_autofree char *prefix = g_strconcat (verb, " ", NULL);
  g_autoptr (GString) known = g_string_new (NULL);
  const LkCtlCommand *command;

  for (guint i = 0; (command = lk_ctl_get_command (i)) != NULL; i++)
    if (g_str_has_prefix (command->name, prefix))
      g_string_append_printf (known, "%s%s", known->len > 0 ? ", " : "",
                              command->name + strlen (prefix));

  if (known->len == 0)
    return lk_ctl_fail_usage (ctl, _ ("There is no verb “%s”; see: latchkeyctl --help"), verb);
  if (second == NULL || *second == '-')
    return lk_ctl_fail_usage (ctl, _ ("“%s” needs one of: %s"), verb, known->str);
  return lk_ctl_fail_usage (ctl, _ ("“%s” knows no “%s”, only: %s"), verb, second, known->str);
}

/* Takes the verb's words out of @args, wherever options stand before them. */
static const LkCtlCommand *
take_command (GPtrArray *args, guint *at)
{
  const LkCtlCommand *command;
  g_autofree char *both = NULL;
  const char *verb, *second;

  *at = 1;
  while (*at < args->len && ((const char *) args->pdata[*at])[0] == '-')
    *at += g_str_equal (args->pdata[*at], "--db") ? 2 : 1;
  if (*at >= args->len)
    return NULL;

  verb = args->pdata[*at];
  second = *at + 1 < args->len ? args->pdata[*at + 1] : "";
  both = g_strconcat (verb, " ", second, NULL);
  command = lk_ctl_find_command (both);
  if (command != NULL)
    g_ptr_array_remove_index (args, *at + 1);
  else
    command = lk_ctl_find_command (verb);
  if (command != NULL)
    g_ptr_array_remove_index (args, *at);
  return command;
}

static GOptionContext *
make_context (LkCtl *ctl)
{
  const LkCtlCommand *command = ctl->command;
  g_autofree GOptionEntry *entries = lk_ctl_make_entries (command->takes, &ctl->options);
  g_autofree char *program = g_strconcat ("latchkeyctl ", command->name, NULL);
  g_autoptr (GString) examples = g_string_new (_ ("Examples:"));
  g_auto (GStrv) lines = g_strsplit (command->examples, "\n", -1);
  GOptionContext *context =
      g_option_context_new (*command->arguments != '\0' ? _ (command->arguments) : NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (examples, "\n  %s%s",
                            strstr (lines[i], "latchkeyctl") != NULL ? "" : "latchkeyctl ",
                            lines[i]);
  g_set_prgname (program);
  g_option_context_set_summary (context, _ (command->summary));
  g_option_context_set_description (context, examples->str);
  g_option_context_add_main_entries (context, entries, NULL);
  return context;
}

/* --json has to count even when the other options cannot be read. */
static gboolean
wants_json (GPtrArray *args)
{
  for (guint i = 1; i < args->len; i++)
    if (g_str_equal (args->pdata[i], "--json"))
      return TRUE;

  return FALSE;
}

static LkExit
run_command (LkCtl *ctl, GPtrArray *args)
{
  const LkCtlCommand *command = ctl->command;
  g_autoptr (GOptionContext) context = make_context (ctl);
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  LkExit status;
  int n_args;

  ctl->defaults = ctl->options;
  g_ptr_array_add (args, NULL);
  words = g_strdupv ((char **) args->pdata);
  if (!g_option_context_parse_strv (context, &words, &error))
    return lk_ctl_fail_as (ctl, LK_EXIT_USAGE, g_steal_pointer (&error));

  if (ctl->options.stream)
    ctl->options.json = TRUE;
  n_args = (int) g_strv_length (words) - 1;
  if (n_args < command->min_args || (command->max_args >= 0 && n_args > command->max_args))
    return lk_ctl_fail_usage (ctl, _ ("“%s” takes these arguments: %s; see: latchkeyctl %s --help"),
                              command->name,
                              *command->arguments != '\0' ? _ (command->arguments) : _ ("none"),
                              command->name);
  if (ctl->options.json && ctl->options.csv)
    return lk_ctl_fail_usage (ctl, _ ("Choose --json or --csv, not both"));
  if (ctl->options.workers < 0 || ctl->options.workers > 512)
    return lk_ctl_fail_usage (ctl, _ ("--workers takes a number from 1 to 512"));

  ctl->args = words + 1;
  ctl->console = lk_console_new (ctl->options.db, NULL);
  if (lk_ctl_check_save (ctl, &status))
    status = command->run (ctl);
  g_clear_pointer (&ctl->source, lk_source_free);
  g_clear_pointer (&ctl->console, lk_console_free);
  ctl->args = NULL;
  return status;
}

/* Closes the one object that --json prints. */
static void
print_json (LkCtl *ctl, LkExit status)
{
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  if (ctl->options.stream)
    {
      json_builder_set_member_name (ctl->json, "type");
      json_builder_add_string_value (ctl->json, "summary");
    }
  json_builder_set_member_name (ctl->json, "exit");
  json_builder_add_int_value (ctl->json, status);
  json_builder_set_member_name (ctl->json, "error");
  if (ctl->error != NULL)
    {
      g_autofree char *message = g_utf8_make_valid (ctl->error->message, -1);

      json_builder_begin_object (ctl->json);
      json_builder_set_member_name (ctl->json, "kind");
      json_builder_add_string_value (ctl->json, ctl->error->domain == LK_ERROR
                                                    ? lk_error_code_to_word (ctl->error->code)
                                                    : "invalid");
      json_builder_set_member_name (ctl->json, "message");
      json_builder_add_string_value (ctl->json, message);
      json_builder_end_object (ctl->json);
    }
  else
    json_builder_add_null_value (ctl->json);
  json_builder_end_object (ctl->json);

  root = json_builder_get_root (ctl->json);
  text = json_to_string (root, !ctl->options.stream);
  printf ("%s\n", text);
}

static LkExit
run (LkCtl *ctl, GPtrArray *args)
{
  guint at;

  ctl->options.json = wants_json (args);
  ctl->command = take_command (args, &at);
  json_builder_begin_object (ctl->json);
  json_builder_set_member_name (ctl->json, "latchkey");
  json_builder_add_int_value (ctl->json, 1);
  json_builder_set_member_name (ctl->json, "verb");
  if (ctl->command != NULL)
    {
      json_builder_add_string_value (ctl->json, ctl->command->name);
      return run_command (ctl, args);
    }

  json_builder_add_null_value (ctl->json);
  if (at < args->len)
    return refuse_verb (ctl, args->pdata[at], at + 1 < args->len ? args->pdata[at + 1] : NULL);

  print_overview (stderr);
  return lk_ctl_fail_usage (ctl, _ ("No verb was given"));
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new_with_free_func (g_free);
  LkCtl ctl = { .options = { .secret_fd = -1, .stale_days = -1 } };
  LkExit status;

  lk_process_protect ();
  set_limits ();
  lk_locale_init ();
  xmlInitParser ();

  if (argc == 2 && (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h") ||
                    g_str_equal (argv[1], "help")))
    {
      print_overview (stdout);
      return LK_EXIT_OK;
    }
  if (argc == 2 && g_str_equal (argv[1], "--version"))
    {
      printf ("latchkeyctl %s\n", PACKAGE_VERSION);
      return LK_EXIT_OK;
    }

  for (int i = 0; i < argc; i++)
    g_ptr_array_add (args, g_strdup (argv[i]));
  ctl.json = json_builder_new ();
  status = run (&ctl, args);
  if (ctl.options.json)
    print_json (&ctl, status);

  g_clear_object (&ctl.json);
  g_clear_error (&ctl.error);
  lk_ctl_options_clear (&ctl.options);
  if (fflush (stdout) != 0 && status == LK_EXIT_OK)
    status = LK_EXIT_ERROR; /* a full disk must not look like success */
  return (int) status;
}
