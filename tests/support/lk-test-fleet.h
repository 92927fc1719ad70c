/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-machine.h"
#include "store/lk-store.h"

/* A store in a folder of its own, filled through the store's own doors. */

#define LK_TEST_NOW ((gint64) 1700000000000)

typedef struct
{
  char *folder;
  char *path;
  LkStore *store;
} LkTestFleet;

LkTestFleet *lk_test_fleet_new (void);
void lk_test_fleet_free (LkTestFleet *self);

/* Adds a machine of which nothing is known yet; its id. */
gint64 lk_test_fleet_add (LkTestFleet *self, const char *name, const char *domain);
/* What a machine says: two of its identities, from @machine_id, and no products yet. */
LkReading *lk_test_reading_new (gint64 machine_id, const char *name);
/* Adds a product to it; office or windows. */
LkProduct *lk_test_reading_add (LkReading *reading,
                                gboolean is_office,
                                LkLicenseStatus status,
                                guint grace_minutes);
/* Writes it; takes @reading. */
void lk_test_fleet_read (LkTestFleet *self, gint64 machine_id, gint64 now, LkReading *reading);

/* Several statements of SQL, for what the doors do not let through. */
void lk_test_fleet_exec (LkTestFleet *self, const char *sql);
/* The number that a query gives. */
gint64 lk_test_fleet_count (LkTestFleet *self, const char *sql);

/* Runs the default context of this thread until @done says so; fails after 10 s. */
void lk_test_wait (gboolean (*done) (gpointer data), gpointer data);
/* Runs it for so long. */
void lk_test_run_for (guint ms);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTestFleet, lk_test_fleet_free)
