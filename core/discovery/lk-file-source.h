/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-sighting.h"

/* Machines from a list that a person has: a CSV file with the headings name, address, port, domain,
 * tls, tags in any order (others are passed over), a plain list with one machine a line, or words.
 */

#define LK_FILE_SOURCE_MAX_BYTES (64 * 1024 * 1024)

/* A line that could not be used. */
typedef struct
{
  guint line;
  char *reason;
} LkLineFault;

/**
 * LkFileList:
 *
 * What a list held: the good lines, the bad ones with the reason, and those that say again what an
 * earlier line said.
 */
typedef struct
{
  GPtrArray *sightings; /* of LkSighting */
  GPtrArray *faults;    /* of LkLineFault */
  guint n_duplicates;   /* of the faults */
} LkFileList;

void lk_file_list_free (LkFileList *self);

/* From memory; @what names it in the error. LK_ERROR_INVALID only when nothing of it can be read:
 * too large, or a heading without "name" and "address". */
LkFileList *lk_file_list_parse (const char *data, gsize length, const char *what, GError **error);
/* A plain list, one machine a line, whatever its first line looks like. */
LkFileList *lk_file_list_parse_lines (const char *data, gsize length);
/* Reads to the end of a descriptor, up to the limit. */
LkFileList *lk_file_list_read_fd (int fd, const char *what, GError **error);
/* One machine a word; the "line" of a fault is the word's number. */
LkFileList *lk_file_list_from_words (const char *const *words);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkFileList, lk_file_list_free)
