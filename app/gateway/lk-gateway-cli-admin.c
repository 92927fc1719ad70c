/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-cli.h"

#include "base/lk-error.h"
#include "gateway/lk-gateway-audit.h"
#include "gateway/lk-gateway-records.h"

#include <glib/gi18n.h>

LkGatewayState *
lk_gateway_cli_open_existing (const char *path, GError **error)
{
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return lk_gateway_state_open (path, NULL, error);

  g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("There is no state file “%s”"), path);
  return NULL;
}

gboolean
lk_gateway_cli_parse (int *argc,
                      char ***argv,
                      const char *arguments,
                      const GOptionEntry *entries,
                      GError **error)
{
  g_autofree char *usage = g_strdup_printf (_ ("%s — part of latchkey-gateway"), arguments);
  g_autoptr (GOptionContext) context = g_option_context_new (usage);

  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

static gboolean
parse_format (int *argc, char ***argv, LkOutputFormat *format, GError **error)
{
  gboolean csv = FALSE;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "csv", 0, 0, G_OPTION_ARG_NONE, &csv, _ ("Print CSV"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, _ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!lk_gateway_cli_parse (argc, argv, "", entries, error))
    return FALSE;

  *format = json ? LK_OUTPUT_JSON : csv ? LK_OUTPUT_CSV : LK_OUTPUT_TEXT;
  return TRUE;
}

static const LkOutputColumn pool_columns[] = {
  { "key", 15, FALSE }, { "remaining", 10, TRUE }, { "left", 10, TRUE }, { "confirmed", 10, TRUE },
  { "open", 6, TRUE },  { "checked", 20, FALSE },  { "code", 0, FALSE },
};

static void
print_pool (const LkGatewayPool *pool, gpointer user_data)
{
  g_autofree char *remaining = g_strdup_printf ("%" G_GINT64_FORMAT, pool->remaining);
  g_autofree char *left = g_strdup_printf ("%" G_GINT64_FORMAT, pool->left);
  g_autofree char *confirmed = g_strdup_printf ("%u", pool->confirmed);
  g_autofree char *open = g_strdup_printf ("%u", pool->open);
  g_autofree char *checked = lk_time_to_iso8601 (pool->checked_at);
  g_autofree char *code = g_strdup_printf ("0x%X", pool->blocked_code);
  gboolean is_known = pool->remaining >= 0;

  lk_output_row (user_data, (const char *const[]){ pool->key_identity, is_known ? remaining : NULL,
                                                   is_known ? left : NULL, confirmed, open, checked,
                                                   pool->blocked_code != 0 ? code : NULL });
}

LkExit
lk_gateway_cli_pool (const char *state_path, int argc, char **argv, GError **error)
{
  LkOutput output = { .columns = pool_columns, .n_columns = G_N_ELEMENTS (pool_columns) };
  g_autoptr (LkGatewayState) state = NULL;
  guint64 remaining = 0;
  gboolean done;

  if (!parse_format (&argc, &argv, &output.format, error))
    return LK_EXIT_USAGE;
  if (argc == 4 && g_str_equal (argv[1], "set") &&
      g_ascii_string_to_unsigned (argv[3], 10, 0, G_MAXINT32, &remaining, NULL))
    {
      state = lk_gateway_state_open (state_path, NULL, error);
      return state != NULL && lk_gateway_pool_set (state, argv[2], (gint64) remaining, FALSE, error)
                 ? LK_EXIT_DONE
                 : LK_EXIT_GENERAL;
    }
  if (argc != 2 || !g_str_equal (argv[1], "list"))
    {
      lk_gateway_cli_set_usage (error, _ ("pool needs: list, or set KEY-IDENTITY REMAINING"));
      return LK_EXIT_USAGE;
    }

  state = lk_gateway_cli_open_existing (state_path, error);
  if (state == NULL)
    return LK_EXIT_FILE;

  lk_output_begin (&output);
  done = lk_gateway_pools_foreach (state, print_pool, &output, error);
  lk_output_end (&output);
  return done ? LK_EXIT_DONE : LK_EXIT_GENERAL;
}

static const LkOutputColumn record_columns[] = {
  { "key", 15, FALSE },     { "iid", 63, FALSE },     { "state", 9, FALSE },
  { "cid", 48, FALSE },     { "code", 10, FALSE },    { "attempts", 8, TRUE },
  { "created", 20, FALSE }, { "settled", 20, FALSE }, { "due", 20, FALSE },
  { "message", 0, FALSE },
};

static void
print_record (const LkGatewayRecord *record, gpointer user_data)
{
  g_autofree char *code = record->code != 0 ? g_strdup_printf ("0x%X", record->code) : NULL;
  g_autofree char *attempts = g_strdup_printf ("%u", record->attempts);
  g_autofree char *created = lk_time_to_iso8601 (record->created_at);
  g_autofree char *settled = lk_time_to_iso8601 (record->settled_at);
  g_autofree char *due = lk_time_to_iso8601 (record->due_at);

  lk_output_row (user_data, (const char *const[]){ record->key_identity, record->iid, record->state,
                                                   record->cid, code, attempts, created, settled,
                                                   due, record->message });
}

static const LkOutputColumn audit_columns[] = {
  { "at", 20, FALSE },  { "client", 16, FALSE },  { "batch", 36, FALSE }, { "key", 15, FALSE },
  { "iid", 63, FALSE }, { "outcome", 18, FALSE }, { "code", 0, FALSE },
};

static void
print_audit (const LkGatewayAudit *line, gpointer user_data)
{
  g_autofree char *at = lk_time_to_iso8601 (line->at);
  g_autofree char *code = line->code != 0 ? g_strdup_printf ("0x%X", line->code) : NULL;

  lk_output_row (user_data,
                 (const char *const[]){ at, line->client, line->batch, line->key_identity,
                                        line->iid, line->outcome, code });
}

static LkExit
print_all (const char *state_path, int argc, char **argv, gboolean is_audit, GError **error)
{
  LkOutput output = {
    .columns = is_audit ? audit_columns : record_columns,
    .n_columns = is_audit ? G_N_ELEMENTS (audit_columns) : G_N_ELEMENTS (record_columns),
  };
  g_autoptr (LkGatewayState) state = NULL;
  gboolean done;

  if (!parse_format (&argc, &argv, &output.format, error))
    return LK_EXIT_USAGE;
  if (argc > 1)
    {
      lk_gateway_cli_set_usage (error, _ ("%s takes no arguments"), argv[0]);
      return LK_EXIT_USAGE;
    }

  state = lk_gateway_cli_open_existing (state_path, error);
  if (state == NULL)
    return LK_EXIT_FILE;

  lk_output_begin (&output);
  done = is_audit ? lk_gateway_audit_foreach (state, print_audit, &output, error)
                  : lk_gateway_records_foreach (state, print_record, &output, error);
  lk_output_end (&output);
  return done ? LK_EXIT_DONE : LK_EXIT_GENERAL;
}

LkExit
lk_gateway_cli_records (const char *state_path, int argc, char **argv, GError **error)
{
  return print_all (state_path, argc, argv, FALSE, error);
}

LkExit
lk_gateway_cli_audit (const char *state_path, int argc, char **argv, GError **error)
{
  return print_all (state_path, argc, argv, TRUE, error);
}

LkExit
lk_gateway_cli_retry (const char *state_path, int argc, char **argv, GError **error)
{
  g_autoptr (LkGatewayState) state = NULL;
  guint n = 0;

  if (!lk_gateway_cli_parse (&argc, &argv, "IID", NULL, error))
    return LK_EXIT_USAGE;
  if (argc != 2)
    {
      lk_gateway_cli_set_usage (error, _ ("retry needs one installation ID"));
      return LK_EXIT_USAGE;
    }

  state = lk_gateway_cli_open_existing (state_path, error);
  if (state == NULL || !lk_gateway_retry (state, argv[1], &n, error))
    return LK_EXIT_GENERAL;

  if (n == 0)
    {
      g_printerr (_ ("Nothing is open or refused for this installation ID.\n"));
      return LK_EXIT_NOTHING;
    }
  g_print (_ ("It will be asked about again when a client asks for it.\n"));
  return LK_EXIT_DONE;
}
