/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-truth.h"

#include <json-glib/json-glib.h>

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_int (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_boolean (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
add_product (JsonBuilder *builder, const LkLabView *view, const LkLabProduct *product)
{
  static const char *const kinds[] = { "windows", "office", "esu" };
  const LkLabLicense *license = &product->license;
  g_autofree char *identity = lk_lab_product_dup_key_identity (product);
  g_autofree char *iid = lk_lab_product_dup_iid (view->traits, &view->state, product);
  g_autofree char *id = lk_lab_product_dup_activation_id (view->traits, product, license->key_kind);

  json_builder_begin_object (builder);
  add_string (builder, "product", kinds[product->kind]);
  add_string (builder, "application", lk_lab_product_get_application_id (product));
  add_string (builder, "activation-id", identity != NULL ? id : NULL);
  add_string (builder, "status", lk_license_status_to_word (license->status));
  add_int (builder, "reason", license->reason);
  add_int (builder, "minutes-left", lk_lab_license_get_minutes_left (license, view->now));
  add_string (builder, "key-kind", lk_key_kind_to_word (license->key_kind));
  add_string (builder, "key-identity", identity);
  add_string (builder, "last-five", identity != NULL ? product->last_five : NULL);
  add_string (builder, "iid", iid);
  add_string (builder, "activated-by", lk_lab_activated_by_to_word (license->activated_by));
  add_boolean (builder, "reduced", license->reduced);
  add_int (builder, "rearm-left", license->rearm_left);
  json_builder_end_object (builder);
}

static void
add_machine (JsonBuilder *builder, LkLabFleet *fleet, guint machine)
{
  guint place = lk_lab_fleet_get_place_of (fleet, machine);
  guint32 address = lk_lab_fleet_get_address (place);
  LkLabFaultSet *faults = lk_lab_fleet_get_faults (fleet);
  g_autofree char *text = g_strdup_printf ("%u.%u.%u.%u", address >> 24, address >> 16 & 0xFF,
                                           address >> 8 & 0xFF, address & 0xFF);
  g_autofree char *name = NULL;
  g_autofree char *uuid = NULL;
  g_autofree char *cmid = NULL;
  LkLabView view;

  lk_lab_fleet_view (fleet, machine, &view);
  name = lk_lab_machine_dup_fqdn (view.traits);
  uuid = lk_lab_machine_dup_uuid (view.traits, &view.state);
  cmid = lk_lab_machine_dup_cmid (view.traits, &view.state);

  json_builder_begin_object (builder);
  add_string (builder, "name", name);
  add_string (builder, "address", text);
  add_string (builder, "generation", view.traits->generation->name);
  add_string (builder, "uuid", uuid);
  add_string (builder, "cmid", cmid);
  add_boolean (builder, "subscription", view.traits->is_subscription);
  add_boolean (builder, "oem", view.traits->has_oem_key);
  add_boolean (builder, "healthy", lk_lab_fault_set_is_healthy (faults, place));
  json_builder_set_member_name (builder, "faults");
  json_builder_begin_array (builder);
  for (guint i = 0; i < LK_LAB_N_FAULTS; i++)
    if (lk_lab_fault_set_has (faults, place, (LkLabFault) i))
      json_builder_add_string_value (builder, lk_lab_fault_to_word ((LkLabFault) i));
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "products");
  json_builder_begin_array (builder);
  for (guint i = 0; i < view.state.n_products; i++)
    add_product (builder, &view, &view.state.products[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static char *
finish (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);

  return json_to_string (root, FALSE);
}

char *
lk_lab_truth_dup_machines (LkLabFleet *fleet, guint machine)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (machine != G_MAXUINT)
    {
      add_machine (builder, fleet, machine);
      return finish (builder);
    }

  json_builder_begin_array (builder);
  for (guint i = 0; i < lk_lab_fleet_get_n_machines (fleet); i++)
    add_machine (builder, fleet, i);
  json_builder_end_array (builder);
  return finish (builder);
}

static void
add_spend (const char *key, const char *iid, guint n, gpointer user_data)
{
  JsonBuilder *builder = user_data;

  json_builder_begin_object (builder);
  add_string (builder, "key-identity", key);
  add_string (builder, "iid", iid);
  add_int (builder, "count", n);
  json_builder_end_object (builder);
}

char *
lk_lab_truth_dup_spends (LkLabFleet *fleet)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  lk_lab_fleet_foreach_spend (fleet, add_spend, builder);
  json_builder_end_array (builder);
  return finish (builder);
}
