/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* One row of data/error-codes.tsv, the three texts in the user's language. Strings belong to the
 * table, which lives for ever. */
typedef struct
{
  guint32 code;
  const char *symbol;
  const char *meaning;
  const char *cause;
  const char *action;
} LkCode;

/* NULL when the code is not in the table. The table is read on the first call, from any thread. */
const LkCode *lk_code_lookup (guint32 code);
/* By symbol, any case. */
const LkCode *lk_code_lookup_symbol (const char *symbol);
/* Takes what a person has: "0xC004F074", "C004F074", "3221549172", "-1073418124", a symbol. */
gboolean lk_code_parse (const char *text, guint32 *out);

/* The batch activation service's own small codes (0x67, 0x7F, …) overlap Win32's, so they have a
 * table of their own; vamt.md 3.5. NULL when unknown. */
const LkCode *lk_batch_code_lookup (guint32 code);
