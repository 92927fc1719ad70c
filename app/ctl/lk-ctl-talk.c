/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ctl/lk-ctl-talk.h"

#include "base/lk-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_SECRET 1024

static gboolean progress_is_shown = FALSE;

char *
lk_ctl_clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *clean = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      GUnicodeType type = g_unichar_type (c);

      if (c == '\n' || c == '\t')
        g_string_append_c (clean, ' ');
      else if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
               type == G_UNICODE_SURROGATE || type == G_UNICODE_LINE_SEPARATOR ||
               type == G_UNICODE_PARAGRAPH_SEPARATOR)
        g_string_append_unichar (clean, 0xFFFD);
      else
        g_string_append_unichar (clean, c);
    }

  return g_string_free (clean, FALSE);
}

void
lk_ctl_show_progress (LkCtl *ctl, const char *text)
{
  if (ctl->options.quiet || !isatty (STDERR_FILENO) || (text == NULL && !progress_is_shown))
    return;

  fprintf (stderr, "\r\033[K%s", text != NULL ? text : "");
  fflush (stderr);
  progress_is_shown = text != NULL;
}

void
lk_ctl_say (LkCtl *ctl, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  va_list args;

  if (ctl->options.quiet)
    return;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  lk_ctl_show_progress (ctl, NULL);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *clean = lk_ctl_clean (lines[i]);

      fprintf (stderr, "%s\n", clean);
    }
}

gboolean
lk_ctl_confirm (LkCtl *ctl, const char *question, LkExit *status)
{
  char answer[16] = "";
  g_autofree char *clean = NULL;

  if (ctl->options.yes)
    return TRUE;
  if (!isatty (STDIN_FILENO) || !isatty (STDERR_FILENO))
    {
      *status = lk_ctl_fail_usage (
          ctl, _ ("%s\nThere is no terminal to ask on; add --yes to go on, or --dry-run to look"),
          question);
      return FALSE;
    }

  clean = lk_ctl_clean (question);
  fprintf (stderr, "%s [y/N] ", clean);
  fflush (stderr);
  if (fgets (answer, sizeof answer, stdin) != NULL &&
      (g_ascii_strncasecmp (answer, "y\n", 3) == 0 ||
       g_ascii_strncasecmp (answer, "yes\n", 5) == 0))
    return TRUE;

  lk_ctl_say (ctl, _ ("Nothing was changed"));
  *status = LK_EXIT_ERROR;
  return FALSE;
}

/* One line from the terminal, without an echo. */
static LkSecret *
ask_secret (int fd, const char *prompt, GError **error)
{
  char buffer[MAX_SECRET];
  gsize length = 0;
  char c = '\0';
  struct termios before, silent;
  LkSecret *secret = NULL;

  if (tcgetattr (fd, &before) != 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("There is no terminal to ask on"));
      return NULL;
    }

  silent = before;
  silent.c_lflag &= ~(tcflag_t) (ECHO | ECHOE | ECHOK | ECHONL);
  tcsetattr (fd, TCSAFLUSH, &silent);
  dprintf (fd, "%s: ", prompt);
  while (length < sizeof buffer && read (fd, &c, 1) == 1 && c != '\n')
    buffer[length++] = c;
  tcsetattr (fd, TCSAFLUSH, &before);
  dprintf (fd, "\n");

  if (length > 0 && length < sizeof buffer)
    secret = lk_secret_new (buffer, (gssize) length);
  else
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Nothing was entered"));
  explicit_bzero (buffer, sizeof buffer);
  return secret;
}

static LkSecret *
ask_on_terminal (const char *prompt, gboolean is_new, GError **error)
{
  int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  g_autoptr (LkSecret) secret = NULL;
  g_autoptr (LkSecret) again = NULL;
  g_autofree char *second = g_strdup_printf (_ ("%s, once more"), prompt);

  if (fd < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("There is no terminal to ask for the secret on; give it by a descriptor or a"
                      " file, see --help"));
      return NULL;
    }

  secret = ask_secret (fd, prompt, error);
  if (secret != NULL && is_new)
    again = ask_secret (fd, second, error);
  close (fd);
  if (secret == NULL || !is_new)
    return g_steal_pointer (&secret);
  if (again != NULL && g_str_equal (lk_secret_peek (secret), lk_secret_peek (again)))
    return g_steal_pointer (&secret);

  g_clear_error (error);
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The two entries differ"));
  return NULL;
}

LkSecret *
lk_ctl_ask_secret (const char *prompt, GError **error)
{
  return ask_on_terminal (prompt, FALSE, error);
}

LkSecret *
lk_ctl_get_secret (LkCtl *ctl, const char *prompt, gboolean is_new, GError **error)
{
  const LkCtlOptions *options = &ctl->options;

  if (options->secret_fd >= 0 && options->secret_file != NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("Give the secret by a descriptor or by a file, not by both"));
      return NULL;
    }
  if (options->secret_fd >= 0)
    return lk_secret_read_fd (options->secret_fd, error);
  if (options->secret_file != NULL)
    return lk_secret_read_file (options->secret_file, error);

  return ask_on_terminal (prompt, is_new, error);
}
