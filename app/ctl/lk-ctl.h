/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-error.h"
#include "console/lk-console-machines.h"
#include "console/lk-console-sources.h"
#include "console/lk-preview.h"

#include <json-glib/json-glib.h>

/* Exit statuses, the same for every command; data/man/latchkeyctl.1 lists them for people. */
typedef enum
{
  LK_EXIT_OK = 0,
  LK_EXIT_ERROR = 1,
  LK_EXIT_USAGE = 2,
  LK_EXIT_NOTHING = 3,
  LK_EXIT_SOME_FAILED = 4,
  LK_EXIT_UNREACHABLE = 5,
  LK_EXIT_DENIED = 6,
  LK_EXIT_POOL = 7,
  LK_EXIT_NO_SERVICE = 8,
  LK_EXIT_BAD_FILE = 9,
  LK_EXIT_LOCKED = 10,
  LK_EXIT_INTERRUPTED = 130,
} LkExit;

/* The one place that says which error ends a command with which status. */
LkExit lk_exit_from_error (const GError *error);

/* Which options a command takes, beside the common ones. */
typedef enum
{
  LK_TAKES_ROWS = 1 << 0,     /* --select, --all, --product */
  LK_TAKES_CSV = 1 << 1,      /* --csv */
  LK_TAKES_DRY_RUN = 1 << 2,  /* --dry-run */
  LK_TAKES_YES = 1 << 3,      /* --yes */
  LK_TAKES_JOB = 1 << 4,      /* --detach, --give-up-after, --stream */
  LK_TAKES_WORKERS = 1 << 5,  /* --workers */
  LK_TAKES_KEY = 1 << 6,      /* --key */
  LK_TAKES_METHOD = 1 << 7,   /* --proxy, --online */
  LK_TAKES_KEY_TEXT = 1 << 8, /* --key-fd, --key-file, --remarks */
  LK_TAKES_PASSWORD = 1 << 9, /* --user, --scope, --password-fd, --password-file */
  LK_TAKES_VALUE = 1 << 10,   /* --fd, --file */
  LK_TAKES_ONCE = 1 << 11,    /* --once */
  LK_TAKES_MAX = 1 << 12,     /* --max */
  LK_TAKES_SET = 1 << 13, /* --ask, --ticket, --keytab, --certificate, --private-key, --scheme */
  LK_TAKES_PASSWORD_ONLY = 1 << 14, /* --password-fd, --password-file */
  LK_TAKES_VERBOSE = 1 << 15,       /* --verbose */
  LK_TAKES_PIN = 1 << 16,           /* --fingerprint */
  LK_TAKES_REVEAL = 1 << 17,        /* --reveal */
  LK_TAKES_CIDS = 1 << 18,          /* --enter, --cid-file, --sheet */
  LK_TAKES_STREAM = 1 << 19,        /* --stream */
  LK_TAKES_SEARCH = 1 << 20,        /* --ports, --rate, --pattern */
  LK_TAKES_RANGE = 1 << 21,         /* --identify, --max-addresses */
  LK_TAKES_INTERFACE = 1 << 22,     /* --interface */
  LK_TAKES_DIRECTORY = 1 << 23,     /* what directories are asked with */
  LK_TAKES_SCRIPT = 1 << 24,        /* --script */
  LK_TAKES_EXPORT = 1 << 25,        /* --again, --seal, --passphrase-fd, --passphrase-file,
                                     * --inventory, --keys */
  LK_TAKES_ANSWER = 1 << 26,        /* the same, --output, --partial */
  LK_TAKES_IMPORT = 1 << 27,        /* --salvage, --deposit, --passphrase-fd, --passphrase-file */
  LK_TAKES_SAVE = 1 << 28,          /* --save */
  LK_TAKES_READ = 1 << 29,          /* --read */
  LK_TAKES_TAGS = 1 << 30,          /* --add, --remove */
} LkTakes;

typedef struct
{
  char *db;
  gboolean json;
  gboolean quiet;
  char *select;
  gboolean all;
  char *product;
  gboolean csv;
  gboolean dry_run;
  gboolean yes;
  gboolean detach;
  char *give_up_after;
  gboolean stream;
  int workers;
  char *key;
  gboolean proxy;
  gboolean online;
  int secret_fd; /* -1: none */
  char *secret_file;
  char *remarks;
  char *user;
  char *scope;
  gboolean ask;
  gboolean ticket;
  char *keytab;
  char *certificate;
  char *scheme;
  gboolean verbose;
  gboolean once;
  gboolean reveal;
  int max;
  char *fingerprint;
  gboolean enter;
  char *cid_file;
  char *sheet;
  char *ports;
  int rate;
  char *pattern;
  gboolean identify;
  gint64 max_addresses;
  char **interfaces;
  char *server;
  char *domain;
  gboolean global_catalog;
  char *base;
  char *filter;
  char *name;
  char *map;
  gboolean disabled;
  int stale_days; /* -1: not given */
  char *referrals;
  char *credential;
  char *bind;
  char *tls;
  char *ca;
  gboolean allow_clear;
  gboolean script;
  char *save;
  gboolean read;
  gboolean again;
  gboolean seal;
  gboolean inventory;
  gboolean with_keys;
  char *output;
  gboolean partial;
  gboolean salvage;
  gboolean deposit;
  char **add;
  char **remove;
} LkCtlOptions;

typedef struct _LkCtl LkCtl;

/**
 * LkCtlCommand:
 *
 * One verb of the command line. @run gives the exit status.
 */
typedef struct
{
  const char *name;      /* "list", "key add" */
  const char *arguments; /* "[NAME…]", for the usage line */
  const char *summary;   /* to be translated */
  const char *examples;  /* one a line, without the program's name */
  guint takes;
  int min_args;
  int max_args; /* -1: any number */
  LkExit (*run) (LkCtl *ctl);
} LkCtlCommand;

/**
 * LkCtl:
 *
 * One run of the program.
 */
struct _LkCtl
{
  const LkCtlCommand *command;
  LkCtlOptions options;
  LkCtlOptions defaults; /* as options were before the command line was read */
  char **args;
  LkConsole *console;
  LkSource *source;  /* the saved one that is run, or NULL */
  JsonBuilder *json; /* inside the one object that --json prints */
  GError *error;     /* why it ended, for --json */
};

/* Commands of all groups, one after another; the last one's name is NULL. */
const LkCtlCommand *lk_ctl_get_command (guint n);
const LkCtlCommand *lk_ctl_find_command (const char *name);

/* Options that a command takes; the last one's long_name is NULL. Values go to @options. */
GOptionEntry *lk_ctl_make_entries (guint takes, LkCtlOptions *options);
void lk_ctl_options_clear (LkCtlOptions *options);

/* The rows that arguments and options choose; FALSE after a usage error was told. */
gboolean lk_ctl_get_choice (LkCtl *ctl, LkChoice *choice, gboolean is_required);
/* The same rows themselves (LkRow); NULL after it was told why, with @status. */
GPtrArray *lk_ctl_get_rows (LkCtl *ctl, gboolean is_required, LkExit *status);

/* Asks for the passwords of the “ask” sets that the chosen rows need (@choice NULL: as
 * lk_ctl_get_choice() has them). FALSE with @status when one was not given. */
gboolean lk_ctl_ask_for_passwords (LkCtl *ctl, const LkChoice *choice, LkExit *status);
/* Says which tickets and certificates end soon, and which sets are stopped. */
void lk_ctl_warn_of_credentials (LkCtl *ctl);

/* Tells why and gives the status: by the error's code, or another one. Takes @error. */
LkExit lk_ctl_fail (LkCtl *ctl, GError *error);
LkExit lk_ctl_fail_as (LkCtl *ctl, LkExit status, GError *error);
/* By the error's code, but for @code with @status. */
LkExit lk_ctl_fail_with (LkCtl *ctl, LkError code, LkExit status, GError *error);
LkExit lk_ctl_fail_usage (LkCtl *ctl, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Shows, asks, files and follows: every plan over any choice of rows. */
LkExit lk_ctl_run_order (LkCtl *ctl, const LkOrder *order);

/* Every discover verb ends with it: keeps the search when it is to be saved, tells what is new,
 * gone and changed of a saved one, and reads what was found when that was asked for. @found: of
 * LkSighting; @is_complete: the search came to its end. @status: of the search itself. */
LkExit lk_ctl_end_discovery (LkCtl *ctl, GPtrArray *found, gboolean is_complete, LkExit status);
/* Before the search: FALSE after it was told that it cannot be saved like that. */
gboolean lk_ctl_check_save (LkCtl *ctl, LkExit *status);

/* The groups, one in each file of this folder. */
extern const LkCtlCommand lk_ctl_machine_commands[];
extern const LkCtlCommand lk_ctl_network_commands[];
extern const LkCtlCommand lk_ctl_discover_ldap_commands[];
extern const LkCtlCommand lk_ctl_source_commands[];
extern const LkCtlCommand lk_ctl_identity_commands[];
extern const LkCtlCommand lk_ctl_trust_commands[];
extern const LkCtlCommand lk_ctl_key_commands[];
extern const LkCtlCommand lk_ctl_credential_commands[];
extern const LkCtlCommand lk_ctl_setting_commands[];
extern const LkCtlCommand lk_ctl_plan_commands[];
extern const LkCtlCommand lk_ctl_phone_commands[];
extern const LkCtlCommand lk_ctl_transfer_commands[];
extern const LkCtlCommand lk_ctl_answer_commands[];
extern const LkCtlCommand lk_ctl_job_commands[];
extern const LkCtlCommand lk_ctl_report_commands[];
extern const LkCtlCommand lk_ctl_store_commands[];
extern const LkCtlCommand lk_ctl_check_commands[];
extern const LkCtlCommand lk_ctl_help_commands[];
