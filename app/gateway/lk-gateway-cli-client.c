/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-cli.h"

#include "base/lk-error.h"
#include "gateway/lk-gateway-client.h"
#include "gateway/lk-gateway-folder.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_OVERLAP (24 * LK_HOUR)
#define USAGE                                                                                      \
  "add|rotate NAME --token-file FILE | add|rotate NAME --certificate --folder DIR --out FILE.pem"  \
  " | list | remove NAME"

/* What the options leave behind; strings belong to it. */
typedef struct
{
  char *token_file;
  gboolean by_certificate;
  char *folder;
  char *out;
  int days;
  char *overlap_text;
  gint64 overlap;
  gboolean csv;
  gboolean json;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->token_file);
  g_free (self->folder);
  g_free (self->out);
  g_free (self->overlap_text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_options (Options *self, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &self->token_file,
      _ ("Write the client's new token to this new file, “-” for standard output"), "FILE" },
    { "certificate", 0, 0, G_OPTION_ARG_NONE, &self->by_certificate,
      _ ("Make a certificate instead of a token"), NULL },
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &self->folder,
      _ ("Folder of init, with the authority"), "DIR" },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &self->out,
      _ ("New file for the certificate; its private key goes beside it, into FILE-key.pem"),
      "FILE.pem" },
    { "days", 0, 0, G_OPTION_ARG_INT, &self->days, _ ("How long the certificate is good for (398)"),
      "N" },
    { "overlap", 0, 0, G_OPTION_ARG_STRING, &self->overlap_text,
      _ ("How long what the client had is good after rotate (24h); 0 ends it at once"), "TIME" },
    { "csv", 0, 0, G_OPTION_ARG_NONE, &self->csv, _ ("Print CSV"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->json, _ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  self->days = LK_AUTHORITY_DAYS;
  self->overlap = DEFAULT_OVERLAP;
  if (!lk_gateway_cli_parse (argc, argv, USAGE, entries, error))
    return FALSE;
  if (self->days < 1)
    lk_gateway_cli_set_usage (error, _ ("--days needs a number of days"));
  else if (self->overlap_text != NULL && !lk_duration_parse (self->overlap_text, &self->overlap))
    lk_gateway_cli_set_usage (error, _ ("--overlap needs a time like 0, 30m or 24h"));
  else
    return TRUE;

  return FALSE;
}

static gboolean
register_proof (LkGatewayState *state,
                const char *name,
                const LkGatewayProof *proof,
                const Options *options,
                gboolean is_new,
                GError **error)
{
  return is_new ? lk_gateway_client_add (state, name, proof, error)
                : lk_gateway_client_rotate (state, name, proof, options->overlap, error);
}

/* The token is on the disk before the gateway knows of it: no client is left with one that nobody
 * has. */
static gboolean
give_token (LkGatewayState *state,
            const char *name,
            const Options *options,
            gboolean is_new,
            GError **error)
{
  g_autoptr (LkSecret) token = lk_gateway_token_new ();
  const LkGatewayProof proof = { .token = token };
  char *line;
  gboolean done;

  if (g_str_equal (options->token_file, "-"))
    {
      done = register_proof (state, name, &proof, options, is_new, error);
      if (done)
        printf ("%s\n", lk_secret_peek (token));
      return done;
    }

  line = g_strconcat (lk_secret_peek (token), "\n", NULL);
  done = lk_gateway_write_new_file (options->token_file, line, 0600, error);
  explicit_bzero (line, strlen (line));
  g_free (line);
  if (!done)
    return FALSE;

  done = register_proof (state, name, &proof, options, is_new, error);
  if (!done)
    g_unlink (options->token_file);
  return done;
}

/* "console.pem" has its key in "console-key.pem". */
static char *
get_key_path (const char *path)
{
  g_autofree char *stem = g_str_has_suffix (path, ".pem")
                              ? g_strndup (path, strlen (path) - strlen (".pem"))
                              : g_strdup (path);

  return g_strconcat (stem, "-key.pem", NULL);
}

/* The key is only for the moment until the console has taken it, so it has a file of its own. */
static gboolean
write_pair (const char *path,
            const char *key_path,
            const char *certificate,
            const LkSecret *key,
            GError **error)
{
  if (!lk_gateway_write_new_file (key_path, lk_secret_peek (key), 0600, error))
    return FALSE;
  if (lk_gateway_write_new_file (path, certificate, 0600, error))
    return TRUE;

  g_unlink (key_path);
  return FALSE;
}

static void
tell_certificate (const char *name,
                  const char *path,
                  const char *key_path,
                  const LkCertificateFacts *facts)
{
  g_autofree char *until = lk_time_to_iso8601 (facts->not_after);
  g_autofree char *pin = lk_pin_to_text (facts->pin);
  g_autofree char *file = g_path_get_basename (path);
  g_autofree char *key_file = g_path_get_basename (key_path);

  printf (_ ("%s signs in by certificate until %s.\n\n"
             "Certificate  %s\n"
             "SHA-256      %s\n"
             "Private key  %s\n\n"
             "On the console, with both files:\n"
             "  latchkeyctl config set backend.certificate /WHOLE/PATH/%s\n"
             "  latchkeyctl config set backend.certificate-key --file %s\n"
             "The key is kept sealed there, so its file can go then.\n"),
          name, until, path, pin, key_path, file, key_file);
}

static gboolean
give_certificate (LkGatewayState *state,
                  const char *name,
                  const Options *options,
                  gboolean is_new,
                  GError **error)
{
  g_autoptr (LkAuthority) authority = lk_gateway_folder_load_authority (options->folder, error);
  g_autofree char *key_path = get_key_path (options->out);
  g_autofree char *certificate = NULL;
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (LkCertificateFacts) facts = NULL;
  LkGatewayProof proof = { NULL, NULL };

  if (authority == NULL || !lk_gateway_client_check_name (name, error) ||
      !lk_authority_issue_client (authority, name, options->days, &certificate, &key, error))
    return FALSE;

  facts = lk_certificate_facts_new_pem (certificate, -1, error);
  if (facts == NULL || !write_pair (options->out, key_path, certificate, key, error))
    return FALSE;

  proof.certificate = facts;
  if (register_proof (state, name, &proof, options, is_new, error))
    {
      tell_certificate (name, options->out, key_path, facts);
      return TRUE;
    }

  g_unlink (options->out);
  g_unlink (key_path);
  return FALSE;
}

static LkExit
give_proof (const char *state_path, char **argv, const Options *options, GError **error)
{
  gboolean is_new = g_str_equal (argv[1], "add");
  g_autoptr (LkGatewayState) state = is_new ? lk_gateway_state_open (state_path, NULL, error)
                                            : lk_gateway_cli_open_existing (state_path, error);
  gboolean done;

  if (state == NULL)
    return LK_EXIT_FILE;

  done = options->by_certificate ? give_certificate (state, argv[2], options, is_new, error)
                                 : give_token (state, argv[2], options, is_new, error);
  return done ? LK_EXIT_DONE : LK_EXIT_GENERAL;
}

static LkExit
list_clients (LkGatewayState *state, const Options *options, GError **error)
{
  static const LkOutputColumn columns[] = {
    { "client", 32, FALSE }, { "sign-in", 11, FALSE }, { "added", 20, FALSE },
    { "until", 20, FALSE },  { "sha256", 0, FALSE },
  };
  LkOutput output = {
    .format = options->json  ? LK_OUTPUT_JSON
              : options->csv ? LK_OUTPUT_CSV
                             : LK_OUTPUT_TEXT,
    .columns = columns,
    .n_columns = G_N_ELEMENTS (columns),
  };
  g_autoptr (GPtrArray) clients = lk_gateway_client_list (state, error);

  if (clients == NULL)
    return LK_EXIT_GENERAL;

  lk_output_begin (&output);
  for (guint i = 0; i < clients->len; i++)
    {
      const LkGatewayClient *client = g_ptr_array_index (clients, i);
      g_autofree char *added = lk_time_to_iso8601 (client->created_at);
      g_autofree char *until = lk_time_to_iso8601 (client->ends_at);

      lk_output_row (&output,
                     (const char *const[]){ client->name,
                                            client->fingerprint != NULL ? "certificate" : "token",
                                            added, until, client->fingerprint });
    }
  lk_output_end (&output);
  return LK_EXIT_DONE;
}

/* Either a token or a certificate, and nothing of the other. */
static gboolean
is_way_clear (const Options *options)
{
  gboolean has_certificate_options = options->folder != NULL || options->out != NULL;

  return options->by_certificate
             ? options->token_file == NULL && options->folder != NULL && options->out != NULL
             : options->token_file != NULL && !has_certificate_options;
}

LkExit
lk_gateway_cli_client (const char *state_path, int argc, char **argv, GError **error)
{
  g_auto (Options) options = { 0 };
  g_autoptr (LkGatewayState) state = NULL;
  const char *verb;

  if (!parse_options (&options, &argc, &argv, error))
    return LK_EXIT_USAGE;

  verb = argc > 1 ? argv[1] : "";
  if ((g_str_equal (verb, "add") || g_str_equal (verb, "rotate")) && argc == 3 &&
      is_way_clear (&options))
    return give_proof (state_path, argv, &options, error);
  if (g_str_equal (verb, "list") && argc == 2)
    {
      state = lk_gateway_cli_open_existing (state_path, error);
      return state != NULL ? list_clients (state, &options, error) : LK_EXIT_FILE;
    }
  if (g_str_equal (verb, "remove") && argc == 3)
    {
      state = lk_gateway_cli_open_existing (state_path, error);
      return state != NULL && lk_gateway_client_remove (state, argv[2], error) ? LK_EXIT_DONE
                                                                               : LK_EXIT_NOTHING;
    }

  lk_gateway_cli_set_usage (error, _ ("client needs: %s"), USAGE);
  return LK_EXIT_USAGE;
}
