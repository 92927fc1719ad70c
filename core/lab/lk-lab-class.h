/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-machine.h"

/* The WMI classes of a machine: their columns by generation, and their instances as rows of
 * text. */

typedef enum
{
  LK_LAB_CIM_STRING,
  LK_LAB_CIM_UINT,
  LK_LAB_CIM_BOOLEAN,
  LK_LAB_CIM_DATETIME, /* ISO 8601 */
} LkLabCimType;

typedef struct _LkLabClass LkLabClass;

/* What rows are made from; a copy, so that nobody waits for anybody. */
typedef struct
{
  const LkLabTraits *traits;
  LkLabState state;
  gint64 now; /* virtual minute */
} LkLabView;

/* An instance: of the licensing products, one product with one kind of key. */
typedef struct
{
  const LkLabView *view;
  const LkLabClass *class_;
  guint product;
  LkKeyKind key_kind;
  GString *scratch; /* belongs to whoever reads the row */
} LkLabRow;

typedef struct
{
  const char *name;
  LkLabCimType type;
  LkLabColumns since;
  const char *fixed; /* value of a column that never changes here; NULL: null or computed */
  void (*get) (const LkLabRow *row, GString *value, gboolean *is_null);
} LkLabColumn;

struct _LkLabClass
{
  const char *name;
  const char *key; /* the column that selects an instance */
  gboolean is_singleton;
  const LkLabColumn *columns;
  guint n_columns;
};

/* Exact case, as Windows has it for class names in queries: any case. */
const LkLabClass *lk_lab_class_find (const char *name);
/* NULL when the machine's generation has no such column. Any case. */
const LkLabColumn *
lk_lab_class_find_column (const LkLabClass *self, const char *name, LkLabColumns level);
/* LkLabRow of every instance. */
GArray *lk_lab_class_list_rows (const LkLabClass *self, const LkLabView *view);

/* NULL for null; valid until the next call with the same scratch. */
const char *lk_lab_row_get (const LkLabRow *row, const LkLabColumn *column);
