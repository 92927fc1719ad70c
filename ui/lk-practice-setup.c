/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-practice-setup.h"

#include "base/lk-error.h"
#include "console/lk-console-credentials.h"
#include "console/lk-console-keys.h"
#include "console/lk-console-machines.h"
#include "console/lk-console-settings.h"
#include "console/lk-preview.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/random.h>
#include <unistd.h>

#define N_PASSWORD_BYTES 12
#define N_KEY_BYTES      32
#define GIVE_UP_AFTER    (15 * LK_SECOND)

/* Random bytes in hexadecimal digits, in a file that only we may read. */
static gboolean
make_secret (const char *folder, const char *name, guint n_bytes, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  guint8 bytes[N_KEY_BYTES];

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  if (getrandom (bytes, n_bytes, 0) != (ssize_t) n_bytes)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("No random numbers can be had"));
      return FALSE;
    }
  for (guint i = 0; i < n_bytes; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  return g_file_set_contents_full (path, text->str, (gssize) text->len,
                                   G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

gboolean
lk_practice_prepare_folder (const char *folder, GError **error)
{
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("The folder “%s” cannot be made: %s"),
                   folder, g_strerror (errno));
      return FALSE;
    }
  return make_secret (folder, LK_PRACTICE_PASSWORD, N_PASSWORD_BYTES, error) &&
         make_secret (folder, LK_PRACTICE_DIGEST_KEY, N_KEY_BYTES, error);
}

void
lk_practice_question_free (LkPracticeQuestion *self)
{
  g_free (self->folder);
  g_free (self);
}

static LkSecret *
read_secret (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return lk_secret_read_file (path, error);
}

static gboolean
set_up_backend (LkConsole *console, const LkPracticeQuestion *question, GError **error)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", question->gateway_port);
  g_autoptr (LkSecret) digest_key = NULL;
  g_autoptr (LkSecret) token = NULL;

  digest_key = read_secret (question->folder, LK_PRACTICE_DIGEST_KEY, error);
  token = digest_key != NULL ? read_secret (question->folder, LK_PRACTICE_TOKEN, error) : NULL;
  return token != NULL && lk_console_set_setting (console, LK_SETTING_BACKEND_URL, url, error) &&
         lk_console_set_secret (console, LK_SETTING_BACKEND_DIGEST_KEY, digest_key, error) &&
         lk_console_set_secret (console, LK_SETTING_BACKEND_TOKEN, token, error);
}

/* Simulated machines answer at once or not at all. */
static gboolean
set_up_runner (LkConsole *console, GError **error)
{
  return lk_console_set_setting (console, LK_SETTING_CONNECT_TIMEOUT, "3s", error) &&
         lk_console_set_setting (console, LK_SETTING_ANSWER_TIMEOUT, "5s", error) &&
         lk_console_set_setting (console, LK_SETTING_FIRST_BACK_OFF, "1s", error);
}

static gboolean
set_up_secrets (LkConsole *console, const LkPracticeQuestion *question, GError **error)
{
  g_autoptr (LkSecret) password = read_secret (question->folder, LK_PRACTICE_PASSWORD, error);
  g_autoptr (LkSecret) key =
      password != NULL ? read_secret (question->folder, LK_PRACTICE_MAK, error) : NULL;
  const LkCredentialDraft draft = {
    .name = "practice",
    .kind = LK_CREDENTIAL_PASSWORD,
    .user = "administrator",
    .secret = password,
  };
  g_autoptr (LkKeyRow) row = NULL;
  g_autoptr (LkKeyRow) told = NULL;
  gboolean is_new;

  if (key == NULL || !lk_console_put_credential (console, &draft, error) ||
      !lk_console_add_key (console, key, _ ("Practice key"), &row, &is_new, error))
    return FALSE;
  if (!is_new)
    return TRUE;
  /* What was bought is known, as it is for a real key: the cost can be held against it. */
  told = lk_console_set_remaining (console, row->last_five, LK_PRACTICE_POOL, error);
  return told != NULL;
}

static guint *
add_machines (LkConsole *console, const LkPracticeQuestion *question, GError **error)
{
  g_autofree char *path = g_build_filename (question->folder, LK_PRACTICE_HOSTS, NULL);
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  g_autoptr (LkFileList) list = NULL;
  guint n_added;
  guint n_known;

  if (fd < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot open “%s”: %s"), path,
                   g_strerror (errno));
      return NULL;
    }
  list = lk_file_list_read_fd (fd, path, error);
  close (fd);
  if (list == NULL || !lk_console_add_machines (console, list, &n_added, &n_known, error))
    return NULL;

  n_added += n_known;
  return g_memdup2 (&n_added, sizeof n_added);
}

gpointer
lk_practice_set_up (LkConsole *console,
                    gpointer question,
                    GCancellable *cancellable,
                    GError **error)
{
  if (!set_up_backend (console, question, error) || !set_up_runner (console, error) ||
      !set_up_secrets (console, question, error))
    return NULL;
  return add_machines (console, question, error);
}

gpointer
lk_practice_read_machines (LkConsole *console,
                           gpointer question,
                           GCancellable *cancellable,
                           GError **error)
{
  const LkOrder order = { .plan = LK_PLAN_REFRESH, .choice = { .select = "state=unread" } };
  const LkFiling filing = { .is_person_waiting = TRUE, .give_up_after = GIVE_UP_AFTER };
  g_autoptr (LkPreview) preview = lk_console_preview (console, &order, NULL, error);
  g_autoptr (GError) local_error = NULL;
  guint *n_rows = NULL;
  gint64 job_id;
  guint n_open;

  if (preview == NULL)
    return NULL;
  n_rows = g_new0 (guint, 1);
  if (preview->n_included == 0)
    return n_rows;
  if (lk_console_file (console, preview, &filing, &job_id, &n_open, &local_error))
    *n_rows = preview->n_included;
  else if (!g_error_matches (local_error, LK_ERROR, LK_ERROR_BUSY))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      g_clear_pointer (&n_rows, g_free);
    }
  return n_rows;
}
