/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-bench-fleet.h"

#include "lk-bench.h"
#include "store/lk-facts.h"
#include "store/lk-fleet.h"

#include <glib/gstdio.h>

#define N_MACHINES (LK_BENCH_N_PRODUCTS / 2)
#define NOW        ((gint64) 1700000000000)

static void
check (const char *what, GError *error)
{
  if (error != NULL)
    g_error ("%s: %s", what, error->message);
}

static void
add_machines (LkStore *store)
{
  g_autoptr (GPtrArray) sightings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  g_autoptr (GError) error = NULL;
  guint n_added = 0;
  guint n_known = 0;

  for (guint i = 0; i < N_MACHINES; i++)
    {
      LkSighting *sighting = g_new0 (LkSighting, 1);

      sighting->name = g_strdup_printf ("pc-%05u.lab.test", (i * 7919) % N_MACHINES);
      sighting->domain = g_strdup ("lab.test");
      g_ptr_array_add (sightings, sighting);
    }
  lk_store_add_machines (store, sightings, NOW, &n_added, &n_known, &error);
  check ("adding machines", error);
}

static LkProduct *
make_product (guint number, const char *application, const char *activation, const char *name)
{
  LkProduct *product = g_new0 (LkProduct, 1);

  product->application_id = g_strdup (application);
  product->activation_id = g_strdup (activation);
  product->name = g_strdup (name);
  product->description = g_strdup_printf ("%s, VOLUME_MAK channel", name);
  product->edition = g_strdup ("Professional");
  product->key_kind = number % 3 == 0 ? LK_KEY_GVLK : LK_KEY_MAK;
  product->partial_key = g_strdup_printf ("%05X", number % 97);
  product->epid = g_strdup ("12345-90001-000-000007-03-1033-20348.0000-1002026");
  product->iid = g_strdup_printf ("%063u", number);
  product->status = number % 100 == 0 ? LK_LICENSE_OOB_GRACE : LK_LICENSE_LICENSED;
  product->grace_minutes = number * 37 % 260000;
  return product;
}

static LkReading *
make_reading (guint number)
{
  LkReading *reading = lk_reading_new ();

  reading->identity->name = g_strdup_printf ("PC-%05u", number);
  reading->identity->domain = g_strdup ("lab.test");
  reading->identity->uuid = g_strdup_printf ("00000000-0000-4000-8000-%012u", number);
  reading->identity->cmid = g_strdup_printf ("00000000-0000-4000-9000-%012u", number);
  g_ptr_array_add (reading->products,
                   make_product (number, LK_APPLICATION_WINDOWS,
                                 "3f1afc82-f8ac-4f6c-8005-1d233e606eee", "Windows Professional"));
  g_ptr_array_add (reading->products,
                   make_product (number + 1, LK_APPLICATION_OFFICE,
                                 "5dc7bf61-5ec9-4996-9ccb-df806a2d0efe", "Office Standard"));
  return reading;
}

static gboolean
apply_readings (LkDb *db, gpointer user_data, GError **error)
{
  for (guint i = 1; i <= N_MACHINES; i++)
    {
      g_autoptr (LkReading) reading = make_reading (i);
      g_autofree char *stranger = NULL;

      if (!lk_facts_apply_reading (db, i, reading, NOW, &stranger, error))
        return FALSE;
    }

  return TRUE;
}

void
lk_bench_remove_folder (const char *folder)
{
  static const char *const names[] = { "fleet.db", "fleet.db-wal", "fleet.db-shm",
                                       "fleet.db.lock" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

double
lk_bench_fill_fleet (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkStore) store = lk_store_open (path, &error);
  double start;

  check ("opening", error);
  start = lk_bench_now ();
  add_machines (store);
  lk_store_write (store, apply_readings, NULL, &error);
  check ("writing readings", error);
  return LK_BENCH_N_PRODUCTS / (lk_bench_now () - start);
}
