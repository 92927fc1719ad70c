/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * LkStage:
 *
 * Where an activation by proxy stands, as conditions: SQL over product AS p, and over machine AS m
 * where no product is known yet (or NULL).
 */
typedef struct
{
  const char *word;
  const char *product;
  const char *machine;
} LkStage;

/* NULL when there is none of that name. */
const LkStage *lk_stage_find (const char *word);
