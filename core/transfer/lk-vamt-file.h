/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"
#include "domain/lk-sighting.h"

#include <gio/gio.h>

/* The files of Microsoft's VAMT, for as much of them as is known: the computers of a CIL file (2.0)
 * and the product keys of a CILX file (3.x). Nothing writes them. */

typedef enum
{
  LK_VAMT_CIL,  /* <SoftwareLicensingData>: computers */
  LK_VAMT_CILX, /* <VolumeActivationManagementToolData>: product keys */
} LkVamtKind;

/**
 * LkVamtFuncs:
 *
 * Who is given what is found, row by row; each may be NULL. FALSE with an error ends the reading.
 * @key: @remarks may be NULL; @line is where it stands
 */
typedef struct
{
  gboolean (*computer) (const LkSighting *sighting, gpointer user_data, GError **error);
  gboolean (*key) (const LkSecret *key,
                   const char *remarks,
                   guint line,
                   gpointer user_data,
                   GError **error);
  gpointer user_data;
} LkVamtFuncs;

#define LK_VAMT_MAX_FAULTS 100

/**
 * LkVamtReport:
 *
 * What a file held. All zeros at first.
 * @n_faults: rows that could not be used
 * @faults: words that name the line and never quote a key, at most LK_VAMT_MAX_FAULTS
 * @parts: path of what is not taken → how often it was there; of at most LK_VAMT_MAX_FAULTS
 */
typedef struct
{
  LkVamtKind kind;
  guint n_computers;
  guint n_keys;
  guint n_faults;
  GPtrArray *faults;
  GHashTable *parts;
} LkVamtReport;

void lk_vamt_report_clear (LkVamtReport *self);
/* "SoftwareLicensingData/Computers/Computer/Products: 12", sorted; to be freed with the array. */
GPtrArray *lk_vamt_report_list_parts (const LkVamtReport *self);
/* Adds words to the faults. */
void lk_vamt_report_add_fault (LkVamtReport *self, guint line, const char *reason);

/* Reads to the end. UTF-8, or UTF-16 with a byte order mark; limits as for transfer files.
 * LK_ERROR_INVALID when it is no such file or no sound XML; what stood before the fault was handed
 * over then. @what names it in the error. */
gboolean lk_vamt_read (GInputStream *input,
                       const char *what,
                       const LkVamtFuncs *funcs,
                       LkVamtReport *report,
                       GError **error);
/* The same with a file. */
gboolean lk_vamt_read_file (const char *path,
                            const LkVamtFuncs *funcs,
                            LkVamtReport *report,
                            GError **error);

/* Whether the root element of the file is one of VAMT's. */
gboolean lk_vamt_file_is_one (const char *path);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkVamtReport, lk_vamt_report_clear)
