/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-discover-ldap.h"
#include "console/lk-console-discover-network.h"
#include "store/lk-sources.h"

/* A saved source and the search that it stands for. What is kept goes by the names of the options
 * of latchkeyctl, so that command line and window run each other's. */

/* The parameter that holds what is no option: ranges, a workgroup, a file, addresses. */
#define LK_SOURCE_ARGUMENT "-"

#define LK_SOURCE_KIND_DIRECTORY "ldap"
#define LK_SOURCE_KIND_RANGE     "range"
#define LK_SOURCE_KIND_WORKGROUP "workgroup"
#define LK_SOURCE_KIND_FILE      "file"
#define LK_SOURCE_KIND_ADDRESS   "address"

/* A source without a name, for lk_console_save_source(). */
LkSource *lk_source_from_directory (const LkDirectorySearch *search);
/* Of ranges or, without them, of the workgroup. */
LkSource *lk_source_from_network (const LkNetworkSearch *search);

/* The search, which only looks. LK_ERROR_INVALID when the source was saved by a newer version. What
 * it points to belongs to @source. */
gboolean lk_source_to_directory (const LkSource *source, LkDirectorySearch *search, GError **error);
/* The same; its @ranges and @interfaces are to be freed with g_free() alone. */
gboolean lk_source_to_network (const LkSource *source, LkNetworkSearch *search, GError **error);

/* For people: "Directory: lab.example, name pc-*"; to be freed. */
char *lk_source_describe (const LkSource *source);
