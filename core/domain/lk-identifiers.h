/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * LkDigits:
 * @LK_DIGITS_IID: installation ID, 54 digits (9 groups of 6) or 63 (9 of 7)
 * @LK_DIGITS_CID: confirmation ID, 48 digits (8 groups of 6)
 */
typedef enum
{
  LK_DIGITS_IID,
  LK_DIGITS_CID,
} LkDigits;

/* The digits of @text alone, of whatever length; to be freed. */
char *lk_digits_extract (const char *text);

/* For what a person typed: takes digits with spaces and dashes between, gives the bare digits (to
 * be freed). Each group's last digit checks the others (weights 1, 2, 1, 2, … modulo 7); the error
 * (LK_ERROR_INVALID) names the first wrong group, and @wrong_group, if given, holds its number
 * from 1, or 0 when the length is at fault. */
char *lk_digits_from_typed (LkDigits kind, const char *text, guint *wrong_group, GError **error);

/* What may stand between the groups of something typed: any space or dash of Unicode, since people
 * copy from web pages and letters. */
gboolean lk_is_separator (gunichar c);

/* For what a machine or a service said: digits and length only, kept verbatim. */
gboolean lk_digits_is_plausible (LkDigits kind, const char *text);

/* Whether every group's check digit is right. @group from 0; the wrong groups by bit in @wrong. */
gboolean lk_digits_check (const char *digits, guint group_length, guint *wrong);

/* What has been typed of one group of a CID so far. */
typedef enum
{
  LK_GROUP_EMPTY,
  LK_GROUP_UNFINISHED,
  LK_GROUP_RIGHT,
  LK_GROUP_WRONG, /* something that is no digit, too many digits, or its check digit is wrong */
} LkGroupState;

#define LK_CID_GROUPS       8
#define LK_CID_GROUP_LENGTH 6

LkGroupState lk_cid_judge_group (const char *text);

/* Where the digits of a text go that was typed or pasted into box @at (from 0) of eight: a whole
 * CID into all of them, what is more than a group into the boxes that follow; what is too much even
 * then stays in the last one. @groups gets a new string for each box that changes, NULL for the
 * others. A text that stays where it is, is freed of its separators. FALSE: there is something else
 * in it than digits and separators, and nothing moves. */
gboolean lk_cid_spread (const char *text, guint at, char *groups[LK_CID_GROUPS]);

/* In groups, separated by a space; to be freed. */
char *lk_digits_to_groups (const char *digits);

/* The check digit of one group's data digits: sum of d[i] * (i even ? 1 : 2), modulo 7. */
char lk_digits_get_check_digit (const char *data, guint n);

/**
 * LkEpid:
 *
 * Fields of an extended PID, AAAAA-GGGGG-SSS-SSSSSS-CC-LLLL-BBBBB.RRRR-DDDYYYY.
 */
typedef struct
{
  guint platform;
  guint group;
  guint32 serial; /* nine digits, SSS-SSSSSS */
  guint channel;  /* 0 retail, 2 OEM, 3 volume */
  guint language;
  guint build;
  guint revision;
  guint day;
  guint year;
} LkEpid;

gboolean lk_epid_parse (const char *text, LkEpid *out, GError **error);

/* Key identity of an extended PID: "GGGGG-SSSSSSSSS", what stays the same whatever the build,
 * language and day; to be freed. NULL if @epid is none. */
char *lk_key_identity_from_epid (const char *epid);
char *lk_key_identity_format (guint group, guint32 serial);

/* GUIDs as Windows writes them: lower case, no braces, else LK_ERROR_INVALID; to be freed. */
char *lk_guid_normalize (const char *text, GError **error);
