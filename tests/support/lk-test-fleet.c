/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-test-fleet.h"

#include "store/lk-facts.h"
#include "store/lk-fleet.h"

#include <glib/gstdio.h>

#define PATIENCE (10 * G_TIME_SPAN_SECOND)

LkTestFleet *
lk_test_fleet_new (void)
{
  LkTestFleet *self = g_new0 (LkTestFleet, 1);
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("latchkey-fleet-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "fleet.db", NULL);
  self->store = lk_store_open (self->path, &error);
  g_assert_no_error (error);
  return self;
}

void
lk_test_fleet_free (LkTestFleet *self)
{
  g_autoptr (GDir) folder = g_dir_open (self->folder, 0, NULL);
  const char *name;

  g_clear_pointer (&self->store, lk_store_free);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->path);
  g_free (self);
}

gint64
lk_test_fleet_add (LkTestFleet *self, const char *name, const char *domain)
{
  g_autoptr (GPtrArray) sightings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  LkSighting *sighting = g_new0 (LkSighting, 1);
  g_autoptr (LkSelection) all = lk_selection_parse ("", NULL);
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GError) error = NULL;
  gint64 id = 0;
  guint n_added = 0;
  guint n_known = 0;

  sighting->name = g_strdup (name);
  sighting->domain = g_strdup (domain);
  g_ptr_array_add (sightings, sighting);
  lk_store_add_machines (self->store, sightings, LK_TEST_NOW, &n_added, &n_known, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_added, ==, 1);

  rows = lk_store_list_rows (self->store, all, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < rows->len; i++)
    id = MAX (id, ((const LkRow *) g_ptr_array_index (rows, i))->machine_id);
  return id;
}

LkReading *
lk_test_reading_new (gint64 machine_id, const char *name)
{
  LkReading *reading = lk_reading_new ();

  reading->identity->name = g_strdup (name);
  reading->identity->uuid = g_strdup_printf ("00000000-0000-4000-8000-%012d", (int) machine_id);
  reading->identity->cmid = g_strdup_printf ("00000000-0000-4000-9000-%012d", (int) machine_id);
  return reading;
}

LkProduct *
lk_test_reading_add (LkReading *reading,
                     gboolean is_office,
                     LkLicenseStatus status,
                     guint grace_minutes)
{
  LkProduct *product = g_new0 (LkProduct, 1);

  product->application_id = g_strdup (is_office ? LK_APPLICATION_OFFICE : LK_APPLICATION_WINDOWS);
  product->activation_id = g_strdup (is_office ? "5dc7bf61-5ec9-4996-9ccb-df806a2d0efe"
                                               : "3f1afc82-f8ac-4f6c-8005-1d233e606eee");
  product->name = g_strdup (is_office ? "Office Standard" : "Windows Professional");
  product->edition = g_strdup (is_office ? "Standard" : "Professional");
  product->key_kind = LK_KEY_MAK;
  product->partial_key = g_strdup ("ABC12");
  product->status = status;
  product->grace_minutes = grace_minutes;
  g_ptr_array_add (reading->products, product);
  return product;
}

typedef struct
{
  gint64 machine_id;
  gint64 now;
  const LkReading *reading;
} Fact;

static gboolean
write_fact (LkDb *db, gpointer user_data, GError **error)
{
  Fact *fact = user_data;
  g_autofree char *stranger = NULL;
  gboolean done =
      lk_facts_apply_reading (db, fact->machine_id, fact->reading, fact->now, &stranger, error);

  g_assert_null (stranger);
  return done;
}

void
lk_test_fleet_read (LkTestFleet *self, gint64 machine_id, gint64 now, LkReading *reading)
{
  Fact fact = { machine_id, now, reading };
  g_autoptr (GError) error = NULL;

  lk_store_write (self->store, write_fact, &fact, &error);
  g_assert_no_error (error);
  lk_reading_free (reading);
}

static gboolean
say_time_is_up (gpointer data)
{
  gboolean *is_up = data;

  *is_up = TRUE;
  return G_SOURCE_CONTINUE;
}

static GSource *
add_timeout (GMainContext *context, guint ms, gboolean *is_up)
{
  GSource *source = g_timeout_source_new (ms);

  g_source_set_callback (source, say_time_is_up, is_up, NULL);
  g_source_attach (source, context);
  return source;
}

static gboolean
run_sql (LkDb *db, gpointer user_data, GError **error)
{
  return lk_db_exec (db, user_data, error);
}

void
lk_test_fleet_exec (LkTestFleet *self, const char *sql)
{
  g_autoptr (GError) error = NULL;

  lk_store_write (self->store, run_sql, (char *) sql, &error);
  g_assert_no_error (error);
}

gint64
lk_test_fleet_count (LkTestFleet *self, const char *sql)
{
  g_autoptr (GError) error = NULL;
  LkDb *db = lk_store_borrow_reader (self->store, &error);
  gint64 n = -1;

  lk_db_get_int (db, &n, -1, &error, sql, "");
  g_assert_no_error (error);
  lk_store_return_reader (self->store, db);
  return n;
}

void
lk_test_wait (gboolean (*done) (gpointer data), gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  gboolean is_up = FALSE;
  g_autoptr (GSource) source = add_timeout (context, PATIENCE / 1000, &is_up);

  while (!done (data))
    {
      g_assert_false (is_up);
      g_main_context_iteration (context, TRUE);
    }
  g_source_destroy (source);
}

void
lk_test_run_for (guint ms)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  gboolean is_up = FALSE;
  g_autoptr (GSource) source = add_timeout (context, ms, &is_up);

  while (!is_up)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (source);
}
