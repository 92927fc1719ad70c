/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-machines.h"

/* Activation by telephone: which installation IDs to read out, and taking the confirmation IDs that
 * are given for them. What was taken is deposited as any other that is on record. */

typedef enum
{
  LK_PHONE_WAITING,   /* to be read out */
  LK_PHONE_IN_FLIGHT, /* asked for another way, and the answer has not come */
  LK_PHONE_ON_RECORD, /* its confirmation ID is here; telephoning would spend for nothing */
  LK_PHONE_LICENSED,  /* nothing to do */
  LK_PHONE_NO_IID,    /* not read yet, no key, or a key that no telephone activates */
} LkPhoneState;

/* "waiting", "in-flight", …: for JSON and scripts. */
const char *lk_phone_state_to_word (LkPhoneState state);
/* The same for people, translated. */
const char *lk_phone_state_to_title (LkPhoneState state);

/**
 * LkPhoneLine:
 *
 * One product to telephone for, as it was when it was read.
 * @key: of the row, see lk_row_get_key()
 * @left: activations left under the product key, −1 unknown
 * @is_typed: the confirmation ID on record was typed by a person, and may be corrected
 */
typedef struct
{
  gint64 key;
  gint64 machine_id;
  char *machine;
  char *product;
  char *partial_key;
  char *key_identity; /* NULL with LK_PHONE_NO_IID, as are @iid and @epid */
  char *iid;
  char *epid;
  char *cid; /* on record, or NULL */
  gboolean is_typed;
  gint64 left;
  LkPhoneState state;
} LkPhoneLine;

void lk_phone_line_free (LkPhoneLine *self);

/* What taking a confirmation ID for it costs, in words; to be freed. */
char *lk_phone_line_describe_cost (const LkPhoneLine *self);

/* A line for each row of @choice (LkPhoneLine). @is_unknown_name as in lk_console_list_rows(). */
GPtrArray *lk_console_list_phone (LkConsole *self,
                                  const LkChoice *choice,
                                  gboolean *is_unknown_name,
                                  GError **error);

typedef enum
{
  LK_TAKEN_NEW,       /* kept, as one spend by phone */
  LK_TAKEN_KNOWN,     /* one was on record already, which stays; nothing was spent */
  LK_TAKEN_CORRECTED, /* in place of another one that was typed; nothing was spent */
} LkTaken;

/* Keeps the confirmation ID that was given for the line's installation ID; when this returns TRUE,
 * it is on the disk. @typed: digits, with spaces and dashes as you like; LK_ERROR_INVALID names the
 * group that is wrong. A job that waits for it goes on. */
gboolean lk_console_take_cid (LkConsole *self,
                              const LkPhoneLine *line,
                              const char *typed,
                              LkTaken *taken,
                              GError **error);

/* What a taking came to, in words, translated. */
const char *lk_taken_to_title (LkTaken taken);

/**
 * LkPhoneAnswer:
 *
 * A line of a file with what the telephone said.
 * @iid: the digits, or NULL: none was written beside the confirmation ID
 */
typedef struct
{
  char *iid;
  char *cid;
} LkPhoneAnswer;

void lk_phone_answer_free (LkPhoneAnswer *self);

/* Reads answers, one a line: an installation ID and its confirmation ID, or a confirmation ID
 * alone; between the digits may stand anything that is no digit. Lines without a digit and those
 * that begin with “#” are passed over. LK_ERROR_INVALID names the line. LkPhoneAnswer in the
 * array. */
GPtrArray *lk_phone_answers_parse (const char *text, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkPhoneLine, lk_phone_line_free)
