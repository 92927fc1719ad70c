/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-clock.h"
#include "domain/lk-sighting.h"
#include "store/lk-rows.h"
#include "store/lk-store.h"

/* Machines: adding, forgetting, their timeline. What a reading changes is in lk-facts.h, the rows
 * of the main list are in lk-rows.h. */

/* Adds machines that are new, and brings up to date those that are known: by the same name (and no
 * other address). One that a scan found (its sighting has a serial) is known by its other names as
 * well, by its address when it has no name or had none, and with the same domain at whatever
 * address it is now; its names and addresses are kept. In one transaction. */
gboolean lk_store_add_machines (LkStore *self,
                                GPtrArray *sightings,
                                gint64 now,
                                guint *n_added,
                                guint *n_known,
                                GError **error);

/* The machines (their ids, each once) that @sightings are of, as adding them would find; what is
 * not known is left out. */
GArray *lk_store_find_machines (LkStore *self, GPtrArray *sightings, GError **error);

/* Which of @sightings lk_store_add_machines() would take for machines that are known: @known has
 * room for one answer each. */
gboolean lk_store_find_known (LkStore *self, GPtrArray *sightings, gboolean *known, GError **error);

/* Inside a write: the same for one; @id is 0 when it is not known. */
gboolean lk_fleet_find (LkDb *db, const LkSighting *sighting, gint64 *id, GError **error);

/* What else a machine goes by, sorted, NULL-terminated; to be freed with g_strfreev(). */
char **lk_store_list_aliases (LkStore *self, gint64 machine_id, GError **error);

/* Deletes machines with their products and ended work; their confirmations and spends stay for
 * ever. Refused (LK_ERROR_INVALID) for a machine with open work. */
gboolean lk_store_forget (LkStore *self, GArray *machine_ids, GError **error);

/**
 * LkEvent:
 *
 * One line of the timeline.
 */
typedef struct
{
  gint64 at;
  gint64 machine_id;
  gint64 job_id;
  char *step;
  char *outcome;
  char *message;
  guint32 code;
  gint64 id;
} LkEvent;

void lk_event_free (LkEvent *self);
/* Newest first; @machine_id 0: of all. */
GPtrArray *lk_store_list_events (LkStore *self, gint64 machine_id, guint max, GError **error);
/* Events of no machine whose step is @step and whose message begins with @prefix. */
GPtrArray *
lk_store_list_own_events (LkStore *self, const char *step, const char *prefix, GError **error);
/* Notes one event of no machine. */
gboolean lk_store_note_event (LkStore *self,
                              gint64 now,
                              const char *step,
                              const char *outcome,
                              const char *message,
                              GError **error);
#define LK_EVENT_LIFETIME (400 * LK_DAY)
/* Deletes events that are older. */
gboolean lk_store_trim_events (LkStore *self, gint64 now, GError **error);

/* Inside a write: notes one event. */
gboolean lk_event_note (LkDb *db,
                        gint64 now,
                        gint64 machine_id,
                        gint64 job_id,
                        const char *step,
                        const char *outcome,
                        const char *message,
                        guint32 code,
                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkEvent, lk_event_free)
