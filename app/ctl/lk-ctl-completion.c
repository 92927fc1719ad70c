/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ctl/lk-ctl-completion.h"

#include "console/lk-console-settings.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

/* First words, or second words after @first, each once, separated by spaces; to be freed. */
static char *
join_words (const char *first)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  const LkCtlCommand *command;

  for (guint i = 0; (command = lk_ctl_get_command (i)) != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (command->name, " ", 2);
      const char *word = first == NULL ? parts[0] : g_str_equal (parts[0], first) ? parts[1] : NULL;

      if (word != NULL && !g_ptr_array_find_with_equal_func (words, word, g_str_equal, NULL))
        g_ptr_array_add (words, g_strdup (word));
    }

  g_ptr_array_add (words, NULL);
  return g_strjoinv (" ", (char **) words->pdata);
}

static char *
join_options (const LkCtlCommand *command)
{
  LkCtlOptions options = { 0 };
  g_autofree GOptionEntry *entries = lk_ctl_make_entries (command->takes, &options);
  GString *joined = g_string_new ("--help");

  for (guint i = 0; entries[i].long_name != NULL; i++)
    g_string_append_printf (joined, " --%s", entries[i].long_name);
  return g_string_free (joined, FALSE);
}

static char *
join_settings (void)
{
  GString *joined = g_string_new (NULL);

  for (const LkSetting *setting = lk_settings_get_all (); setting->name != NULL; setting++)
    g_string_append_printf (joined, "%s%s", joined->len > 0 ? " " : "", setting->name);
  return g_string_free (joined, FALSE);
}

/* A case of every command with its options, in the syntax that bash and zsh share. */
static void
print_option_cases (void)
{
  const LkCtlCommand *command;

  for (guint i = 0; (command = lk_ctl_get_command (i)) != NULL; i++)
    {
      g_autofree char *options = join_options (command);

      printf ("    '%s') options='%s' ;;\n", command->name, options);
    }
}

static void
print_word_cases (void)
{
  g_autofree char *verbs = join_words (NULL);
  g_auto (GStrv) list = g_strsplit (verbs, " ", -1);

  for (guint i = 0; list[i] != NULL; i++)
    {
      g_autofree char *words = join_words (list[i]);

      if (*words != '\0')
        printf ("    %s) words='%s' ;;\n", list[i], words);
    }
}

static void
print_bash (void)
{
  g_autofree char *verbs = join_words (NULL);
  g_autofree char *settings = join_settings ();

  printf (
      "# bash completion for latchkeyctl, made by “latchkeyctl completion bash”.\n"
      "_latchkeyctl ()\n{\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words= options= command\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
      "    COMPREPLY=($(compgen -W '%s --help --version' -- \"$current\"))\n"
      "    return\n  fi\n  case $verb in\n",
      verbs);
  print_word_cases ();
  printf ("  esac\n"
          "  if [ \"$COMP_CWORD\" = 2 ] && [ -n \"$words\" ]; then\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
          "    return\n  fi\n"
          "  command=$verb\n"
          "  [ -n \"$words\" ] && command=\"$verb ${COMP_WORDS[2]}\"\n"
          "  case $command in\n");
  print_option_cases ();
  printf ("  esac\n"
          "  case $current in\n"
          "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
          "    *) case $command in\n"
          "         'config get'|'config set'|'config unset')\n"
          "           COMPREPLY=($(compgen -W '%s' -- \"$current\")) ;;\n"
          "         'config secrets')\n"
          "           COMPREPLY=($(compgen -W 'file secret-service' -- \"$current\")) ;;\n"
          "         completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$current\")) ;;\n"
          "         *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
          "       esac ;;\n"
          "  esac\n}\n"
          "complete -o filenames -F _latchkeyctl latchkeyctl\n",
          settings);
}

static void
print_zsh (void)
{
  g_autofree char *verbs = join_words (NULL);
  g_autofree char *settings = join_settings ();

  printf ("#compdef latchkeyctl\n"
          "# zsh completion for latchkeyctl, made by “latchkeyctl completion zsh”.\n"
          "_latchkeyctl ()\n{\n"
          "  local verb=$words[2] second=$words[3] options command\n"
          "  if (( CURRENT == 2 )); then\n"
          "    compadd -- %s --help --version\n"
          "    return\n  fi\n"
          "  local current=$words[CURRENT]\n"
          "  local -a typed=($words)\n"
          "  local words=\n"
          "  case $verb in\n",
          verbs);
  print_word_cases ();
  printf ("  esac\n"
          "  if (( CURRENT == 3 )) && [[ -n $words ]]; then\n"
          "    compadd -- ${=words}\n"
          "    return\n  fi\n"
          "  command=$verb\n"
          "  [[ -n $words ]] && command=\"$verb $second\"\n"
          "  case $command in\n");
  print_option_cases ();
  printf ("  esac\n"
          "  words=($typed)\n"
          "  case $current in\n"
          "    -*) compadd -- ${=options} ;;\n"
          "    *) case $command in\n"
          "         'config get'|'config set'|'config unset') compadd -- %s ;;\n"
          "         'config secrets') compadd -- file secret-service ;;\n"
          "         completion) compadd -- bash zsh fish ;;\n"
          "         *) _files ;;\n"
          "       esac ;;\n"
          "  esac\n}\n"
          "_latchkeyctl \"$@\"\n",
          settings);
}

static char *
quote_for_fish (const char *text)
{
  g_autofree char *quoted = g_strescape (text, "…“”");
  GString *safe = g_string_new (quoted);

  g_string_replace (safe, "'", "\\'", 0);
  return g_string_free (safe, FALSE);
}

static void
print_fish_options (const LkCtlCommand *command, const char *condition)
{
  LkCtlOptions options = { 0 };
  g_autofree GOptionEntry *entries = lk_ctl_make_entries (command->takes, &options);

  for (guint i = 0; entries[i].long_name != NULL; i++)
    {
      g_autofree char *help = quote_for_fish (entries[i].description);

      printf ("complete -c latchkeyctl -n '%s' -l %s%s -d '%s'\n", condition, entries[i].long_name,
              entries[i].arg == G_OPTION_ARG_NONE ? "" : " -r", help);
    }
}

static void
print_fish (void)
{
  g_autofree char *verbs = join_words (NULL);
  const LkCtlCommand *command;

  printf ("# fish completion for latchkeyctl, made by “latchkeyctl completion fish”.\n"
          "complete -c latchkeyctl -n __fish_use_subcommand -f -a '%s'\n",
          verbs);
  for (guint i = 0; (command = lk_ctl_get_command (i)) != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (command->name, " ", 2);
      g_autofree char *condition =
          parts[1] == NULL ? g_strdup_printf ("__fish_seen_subcommand_from %s", parts[0])
                           : g_strdup_printf ("__fish_seen_subcommand_from %s; and "
                                              "__fish_seen_subcommand_from %s",
                                              parts[0], parts[1]);
      g_autofree char *help = quote_for_fish (_ (command->summary));

      if (parts[1] != NULL)
        printf ("complete -c latchkeyctl -n '__fish_seen_subcommand_from %s' -f -a %s -d '%s'\n",
                parts[0], parts[1], help);
      print_fish_options (command, condition);
    }
}

gboolean
lk_ctl_print_completion (const char *shell)
{
  if (g_str_equal (shell, "bash"))
    print_bash ();
  else if (g_str_equal (shell, "zsh"))
    print_zsh ();
  else if (g_str_equal (shell, "fish"))
    print_fish ();
  else
    return FALSE;

  return TRUE;
}
