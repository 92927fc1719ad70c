/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-practice.h"

#include "ui/lk-practice-setup.h"
#include "ui/lk-programs.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#define FAULTS "dead=3%,refusing=3%,slow=10%:300ms"
#define SEED   "7"

/* A server that says "ready port=N" when it is. */
typedef struct
{
  const char *name; /* of its log */
  GSubprocess *process;
  GDataInputStream *output;
  guint16 port;
} Server;

struct _LkPractice
{
  GObject parent_instance;

  LkDesk *desk;
  char *folder;
  GCancellable *cancellable;
  LkPracticeState state;
  char *message;
  guint step;
  gboolean is_any_port; /* the port of last time is taken */
  guint n_machines;
  Server lab;
  Server gateway;
};

typedef enum
{
  SIGNAL_CHANGED,
  N_SIGNALS,
} LkPracticeSignal;

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LkPractice, lk_practice, G_TYPE_OBJECT)

static void go_on (LkPractice *self);

char *
lk_practice_get_store_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "latchkey", "practice", "fleet.db", NULL);
}

static void
set_state (LkPractice *self, LkPracticeState state, const char *message)
{
  self->state = state;
  g_free (self->message);
  self->message = g_strdup (message);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
server_end (Server *self)
{
  if (self->process != NULL)
    g_subprocess_send_signal (self->process, SIGTERM);
  g_clear_object (&self->process);
  g_clear_object (&self->output);
}

static void
fail (LkPractice *self, const char *message)
{
  server_end (&self->lab);
  server_end (&self->gateway);
  set_state (self, LK_PRACTICE_FAILED, message);
}

static char *
get_path (LkPractice *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

/* The last that a program said before it ended. */
static char *
get_last_words (LkPractice *self, const char *name)
{
  g_autofree char *log = g_strconcat (name, ".log", NULL);
  g_autofree char *path = get_path (self, log);
  g_autofree char *text = NULL;
  char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("");
  g_strchomp (text);
  line = g_strrstr (text, "\n");
  return g_strdup (line != NULL ? line + 1 : text);
}

/* In the child: it ends with us, however we end. */
static void
tie_to_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

/* Starts @program of app/@folder; the words after it end with NULL and are freed. */
static GSubprocess *
launch (LkPractice *self, const char *program, const char *folder, GPtrArray *words, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autofree char *path = lk_programs_find (program, folder);
  g_autofree char *log_name = g_strconcat (program, ".log", NULL);
  g_autofree char *log = get_path (self, log_name);

  if (path == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("The program “%s” is neither beside this one nor in the PATH"), program);
      return NULL;
    }

  g_ptr_array_insert (words, 0, g_steal_pointer (&path));
  g_ptr_array_add (words, NULL);
  g_subprocess_launcher_set_stderr_file_path (launcher, log);
  g_subprocess_launcher_set_child_setup (launcher, tie_to_parent, NULL, NULL);
  return g_subprocess_launcher_spawnv (launcher, (const char *const *) words->pdata, error);
}

static void
add_words (GPtrArray *words, ...)
{
  va_list list;
  const char *word;

  va_start (list, words);
  while ((word = va_arg (list, const char *)) != NULL)
    g_ptr_array_add (words, g_strdup (word));
  va_end (list);
}

static void
on_helper_ended (GObject *process, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LkPractice) self = user_data;
  g_autoptr (GError) error = NULL;

  if (g_subprocess_wait_check_finish (G_SUBPROCESS (process), result, &error))
    go_on (self);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_autofree char *gateway = get_last_words (self, "latchkey-gateway");
      g_autofree char *lab = get_last_words (self, "latchkey-lab");

      fail (self, *gateway != '\0' ? gateway : *lab != '\0' ? lab : error->message);
    }
}

/* A program that makes @file and ends; nothing to do when the file is there. */
static void
make_file (LkPractice *self,
           const char *file,
           const char *program,
           const char *folder,
           GPtrArray *words)
{
  g_autofree char *path = get_path (self, file);
  g_autoptr (GPtrArray) owned = words;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      go_on (self);
      return;
    }
  process = launch (self, program, folder, words, &error);
  if (process == NULL)
    fail (self, error->message);
  else
    g_subprocess_wait_check_async (process, self->cancellable, on_helper_ended,
                                   g_object_ref (self));
}

static void
step_folder (LkPractice *self)
{
  g_autoptr (GError) error = NULL;

  if (lk_practice_prepare_folder (self->folder, &error))
    go_on (self);
  else
    fail (self, error->message);
}

static void
step_token (LkPractice *self)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *state = get_path (self, "gateway.db");
  g_autofree char *token = get_path (self, LK_PRACTICE_TOKEN);

  add_words (words, "--state", state, "client", "add", "window", "--token-file", token, NULL);
  make_file (self, LK_PRACTICE_TOKEN, "latchkey-gateway", "gateway", words);
}

static void
step_key (LkPractice *self)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *file = get_path (self, LK_PRACTICE_MAK);

  add_words (words, "--practice-key", "mak:1", "--key-file", file, NULL);
  make_file (self, LK_PRACTICE_MAK, "latchkey-lab", "lab", words);
}

static void step_lab (LkPractice *self);

/* Where the lab can be asked for the truth, and told to break or mend a machine. */
static void
keep_control_port (LkPractice *self, const char *ready)
{
  const char *control = strstr (ready, " control=");
  g_autofree char *path = get_path (self, LK_PRACTICE_CONTROL);

  if (control != NULL)
    g_file_set_contents_full (path, control + strlen (" control="), -1,
                              G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
}

static void
on_ready_line (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LkPractice) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *line =
      g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (stream), result, NULL, &error);
  Server *server = (gpointer) stream == self->lab.output ? &self->lab : &self->gateway;
  g_autofree char *words = NULL;
  guint port = 0;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || server->process == NULL)
    return;
  if (line != NULL && sscanf (line, "ready port=%u", &port) == 1)
    {
      server->port = (guint16) port;
      if (server == &self->lab)
        keep_control_port (self, line);
      go_on (self);
      return;
    }

  server_end (server);
  if (server == &self->lab && !self->is_any_port)
    {
      self->is_any_port = TRUE;
      step_lab (self);
      return;
    }
  words = get_last_words (self, server->name);
  fail (self, *words != '\0' ? words : _ ("It ended before it was ready"));
}

static void
start_server (LkPractice *self, Server *server, const char *folder, GPtrArray *words)
{
  g_autoptr (GPtrArray) owned = words;
  g_autoptr (GError) error = NULL;

  server->process = launch (self, server->name, folder, words, &error);
  if (server->process == NULL)
    {
      fail (self, error->message);
      return;
    }
  server->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (server->process));
  g_data_input_stream_read_line_async (server->output, G_PRIORITY_DEFAULT, self->cancellable,
                                       on_ready_line, g_object_ref (self));
}

/* The machines keep their port from one start to the next, when nobody else has it. */
static void
step_lab (LkPractice *self)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *n_machines = g_strdup_printf ("%d", LK_PRACTICE_MACHINES);
  g_autofree char *state = get_path (self, "lab.db");
  g_autofree char *hosts = get_path (self, LK_PRACTICE_HOSTS);
  g_autofree char *password = get_path (self, LK_PRACTICE_PASSWORD);
  g_autofree char *port_file = get_path (self, LK_PRACTICE_PORT);
  g_autofree char *port = NULL;

  if (self->is_any_port || !g_file_get_contents (port_file, &port, NULL, NULL))
    {
      self->is_any_port = TRUE;
      port = g_strdup ("0");
    }
  add_words (words, "--machines", n_machines, "--seed", SEED, "--state", state, "--hosts", hosts,
             "--password-file", password, "--auth", "basic", "--port", port, "--control-port", "0",
             "--faults", FAULTS, NULL);
  start_server (self, &self->lab, "lab", words);
}

static void
step_gateway (LkPractice *self)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *state = get_path (self, "gateway.db");
  g_autofree char *key = get_path (self, LK_PRACTICE_DIGEST_KEY);
  g_autofree char *port_file = get_path (self, LK_PRACTICE_PORT);
  g_autofree char *port = g_strdup_printf ("%u", self->lab.port);
  g_autofree char *pool = g_strdup_printf ("%d", LK_PRACTICE_POOL);

  g_file_set_contents (port_file, port, -1, NULL);
  add_words (words, "--state", state, "serve", "--listen", "127.0.0.1:0", "--digest-key-file", key,
             "--practice", "--practice-pool", pool, NULL);
  start_server (self, &self->gateway, "gateway", words);
}

static void
on_set_up (gpointer answer, const GError *error, gpointer user_data)
{
  LkPractice *self = user_data;
  g_autofree guint *n_machines = answer;

  if (n_machines == NULL)
    {
      fail (self, error->message);
      return;
    }
  self->n_machines = *n_machines;
  lk_desk_restart_runner (self->desk); /* it knows the backend of last time, or none */
  go_on (self);
}

static void
step_set_up (LkPractice *self)
{
  LkPracticeQuestion *question = g_new0 (LkPracticeQuestion, 1);

  question->folder = g_strdup (self->folder);
  question->gateway_port = self->gateway.port;
  lk_desk_call (self->desk, lk_practice_set_up, question,
                (GDestroyNotify) lk_practice_question_free, g_free, self->cancellable, on_set_up,
                self);
}

static void
on_reading (gpointer answer, const GError *error, gpointer user_data)
{
  LkPractice *self = user_data;
  g_autofree guint *n_rows = answer;
  g_autofree char *message = NULL;

  if (n_rows == NULL)
    {
      fail (self, error->message);
      return;
    }
  if (*n_rows > 0)
    message =
        g_strdup_printf (ngettext ("%u practice machine; a job reads it now",
                                   "%u practice machines; a job reads them now", self->n_machines),
                         self->n_machines);
  else
    message = g_strdup_printf (ngettext ("%u practice machine is ready",
                                         "%u practice machines are ready", self->n_machines),
                               self->n_machines);
  set_state (self, LK_PRACTICE_READY, message);
}

static void
step_read (LkPractice *self)
{
  lk_desk_call (self->desk, lk_practice_read_machines, NULL, NULL, g_free, self->cancellable,
                on_reading, self);
}

static void (*const steps[]) (LkPractice *self) = {
  step_folder, step_token, step_key, step_lab, step_gateway, step_set_up, step_read,
};

static void
go_on (LkPractice *self)
{
  if (!g_cancellable_is_cancelled (self->cancellable))
    steps[self->step++](self);
}

LkPractice *
lk_practice_new (LkDesk *desk)
{
  LkPractice *self = g_object_new (LK_TYPE_PRACTICE, NULL);

  self->desk = g_object_ref (desk);
  self->folder = g_path_get_dirname (lk_desk_get_path (desk));
  go_on (self);
  return self;
}

void
lk_practice_stop (LkPractice *self)
{
  g_cancellable_cancel (self->cancellable);
  server_end (&self->lab);
  server_end (&self->gateway);
}

LkPracticeState
lk_practice_get_state (LkPractice *self)
{
  return self->state;
}

const char *
lk_practice_get_message (LkPractice *self)
{
  return self->message;
}

static void
lk_practice_dispose (GObject *object)
{
  LkPractice *self = LK_PRACTICE (object);

  lk_practice_stop (self);
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_practice_parent_class)->dispose (object);
}

static void
lk_practice_finalize (GObject *object)
{
  LkPractice *self = LK_PRACTICE (object);

  g_clear_object (&self->cancellable);
  g_free (self->folder);
  g_free (self->message);

  G_OBJECT_CLASS (lk_practice_parent_class)->finalize (object);
}

static void
lk_practice_class_init (LkPracticeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = lk_practice_dispose;
  object_class->finalize = lk_practice_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", LK_TYPE_PRACTICE, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
}

static void
lk_practice_init (LkPractice *self)
{
  self->cancellable = g_cancellable_new ();
  self->lab.name = "latchkey-lab";
  self->gateway.name = "latchkey-gateway";
}
