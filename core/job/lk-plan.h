/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Plans are data: lists of step names. */

/* NULL when there is no such plan. */
const char *lk_plan_get_title (const char *plan);
const char *lk_plan_get_first_step (const char *plan);
/* NULL after the last one, or when this version knows no such plan or step. */
const char *lk_plan_get_next_step (const char *plan, const char *step);
/* Whether the plan changes machines, and whether it may spend an activation. */
gboolean lk_plan_changes (const char *plan);
gboolean lk_plan_spends (const char *plan);
/* "Install the product key", translated; the name itself for an unknown step. */
const char *lk_step_get_title (const char *step);
