/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "gateway/lk-gateway-state.h"

/* The exit status of Latchkey's programs, as far as this one uses them. */
typedef enum
{
  LK_EXIT_DONE = 0,
  LK_EXIT_GENERAL = 1,
  LK_EXIT_USAGE = 2,
  LK_EXIT_NOTHING = 3,
  LK_EXIT_UNREACHABLE = 5,
  LK_EXIT_DENIED = 6,
  LK_EXIT_FILE = 9,
  LK_EXIT_LOCKED = 10,
  LK_EXIT_INTERRUPTED = 130,
} LkExit;

/* A command; @argv[0] is its name; @state_path is NULL for one that needs no state file. On an
 * error the status follows from its code. */
typedef LkExit (*LkGatewayCommand) (const char *state_path, int argc, char **argv, GError **error);

LkExit lk_gateway_cli_init (const char *state_path, int argc, char **argv, GError **error);
LkExit lk_gateway_cli_renew (const char *state_path, int argc, char **argv, GError **error);
LkExit lk_gateway_cli_serve (const char *state_path, int argc, char **argv, GError **error);
LkExit lk_gateway_cli_client (const char *state_path, int argc, char **argv, GError **error);
LkExit lk_gateway_cli_pool (const char *state_path, int argc, char **argv, GError **error);
LkExit lk_gateway_cli_records (const char *state_path, int argc, char **argv, GError **error);
LkExit lk_gateway_cli_audit (const char *state_path, int argc, char **argv, GError **error);
LkExit lk_gateway_cli_retry (const char *state_path, int argc, char **argv, GError **error);

/* Sets a usage error, which ends with LK_EXIT_USAGE. */
void lk_gateway_cli_set_usage (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* The state file for a verb that only looks, which must not leave an empty one behind. */
LkGatewayState *lk_gateway_cli_open_existing (const char *path, GError **error);
/* Parses a command's options; @arguments says what else it takes. */
gboolean lk_gateway_cli_parse (int *argc,
                               char ***argv,
                               const char *arguments,
                               const GOptionEntry *entries,
                               GError **error);

typedef enum
{
  LK_OUTPUT_TEXT,
  LK_OUTPUT_CSV,
  LK_OUTPUT_JSON,
} LkOutputFormat;

typedef struct
{
  const char *name;
  int width; /* in text, of all but the last */
  gboolean is_number;
} LkOutputColumn;

/**
 * LkOutput:
 *
 * Rows on standard output: aligned for people, CSV for spreadsheets (what could be taken for a
 * formula is quoted), JSON for programs.
 */
typedef struct
{
  LkOutputFormat format;
  const LkOutputColumn *columns;
  guint n_columns;
  guint n_rows;
} LkOutput;

void lk_output_begin (LkOutput *self);
/* A value for each column; NULL is empty, in JSON null. */
void lk_output_row (LkOutput *self, const char *const *values);
void lk_output_end (LkOutput *self);
