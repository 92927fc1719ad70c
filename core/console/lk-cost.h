/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-preview.h"

/* Counts what the lines of a preview cost, key by key, and says whether the pools have it. */
gboolean lk_preview_count_costs (LkConsole *console, LkPreview *preview, GError **error);
