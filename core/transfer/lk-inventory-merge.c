/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-inventory.h"

#include "base/lk-error.h"
#include "domain/lk-tag.h"
#include "transfer/lk-inventory-fields.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct
{
  LkTransferReader *reader;
  const LkInventoryMerge *merge;
  LkIntakeTally *tally;
  LkIntake *intake;
} Input;

static gboolean
get_flag (const LkRecord *record, const char *field)
{
  return lk_record_get_number (record, field, 0) != 0;
}

static gint64
get_time (const LkRecord *record, const char *field)
{
  return lk_record_get_number (record, field, 0);
}

static char *
get_text (const LkRecord *record, const char *field)
{
  return (char *) lk_record_get (record, field);
}

static void
leave_out (Input *input, const char *why)
{
  input->tally->n_bad++;
  if (input->tally->remarks->len < LK_INTAKE_MAX_REMARKS)
    g_ptr_array_add (input->tally->remarks, g_strdup_printf (_ ("Left out: %s"), why));
}

static GBytes *
get_certificate (const LkRecord *record)
{
  const char *hex = lk_record_get (record, "certificate");
  gsize n = hex != NULL ? strlen (hex) / 2 : 0;
  guint8 *data;

  if (hex == NULL)
    return NULL;
  data = g_malloc (n);
  for (gsize i = 0; i < n; i++)
    data[i] =
        (guint8) (g_ascii_xdigit_value (hex[2 * i]) * 16 + g_ascii_xdigit_value (hex[2 * i + 1]));
  return g_bytes_new_take (data, n);
}

static gboolean
is_of_pin (GBytes *certificate, const char *pin)
{
  g_autofree char *digest =
      certificate != NULL ? g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, certificate) : NULL;

  return digest == NULL || (pin != NULL && g_ascii_strcasecmp (digest, pin) == 0);
}

static gboolean
take_machine (Input *input, const LkRecord *record, GError **error)
{
  g_autoptr (GBytes) certificate = get_certificate (record);
  const LkIntakeMachine machine = {
    .id = lk_record_get_number (record, "id", 0),
    .identity = { .name = get_text (record, "name"),
                  .fqdn = get_text (record, "fqdn"),
                  .domain = get_text (record, "domain"),
                  .is_member = get_flag (record, "member"),
                  .uuid = get_text (record, "uuid"),
                  .cmid = get_text (record, "cmid") },
    .listed_as = get_text (record, "listed-as"),
    .address = get_text (record, "address"),
    .port = (guint16) lk_record_get_number (record, "port", 0),
    .tls = get_flag (record, "tls"),
    .pin = get_text (record, "pin"),
    .certificate = certificate,
    .pinned_at = get_time (record, "pinned-at"),
    .os_version = get_text (record, "os"),
    .stack = get_text (record, "stack"),
    .rearm_left = (int) lk_record_get_number (record, "rearm-left", -1),
    .is_subscription = get_flag (record, "subscription"),
    .has_oem_key = get_flag (record, "oem-key"),
    .created_at = get_time (record, "created-at"),
    .read_at = get_time (record, "read-at"),
    .tried_at = get_time (record, "tried-at"),
    .last_result = get_text (record, "result"),
    .last_code = (guint32) lk_record_get_number (record, "code", 0),
    .last_ok = !get_flag (record, "failed"),
  };

  if (is_of_pin (certificate, machine.pin))
    return lk_intake_add_machine (input->intake, &machine, error);

  leave_out (input, _ ("a machine whose certificate is not the one with its SHA-256"));
  return TRUE;
}

static gboolean
take_alias (Input *input, const LkRecord *record, GError **error)
{
  return lk_intake_add_alias (input->intake, lk_record_get_number (record, "machine", 0),
                              lk_record_get (record, "name"), error);
}

static gboolean
take_tag (Input *input, const LkRecord *record, GError **error)
{
  g_auto (GStrv) tags = lk_tags_parse (lk_record_get (record, "name"), NULL);

  if (tags != NULL && g_strv_length (tags) == 1)
    return lk_intake_add_tag (input->intake, lk_record_get_number (record, "machine", 0), tags[0],
                              error);

  leave_out (input, _ ("a tag that no machine can have"));
  return TRUE;
}

static gboolean
take_product (Input *input, const LkRecord *record, GError **error)
{
  const LkProduct product = {
    .machine_id = lk_record_get_number (record, "machine", 0),
    .application_id = get_text (record, "application"),
    .activation_id = get_text (record, "activation"),
    .name = get_text (record, "name"),
    .description = get_text (record, "description"),
    .edition = get_text (record, "edition"),
    .key_kind = lk_key_kind_from_word (lk_record_get (record, "kind")),
    .partial_key = get_text (record, "last-five"),
    .epid = get_text (record, "epid"),
    .iid = get_text (record, "iid"),
    .status = (LkLicenseStatus) lk_record_get_number (record, "status", 0),
    .status_reason = (guint32) lk_record_get_number (record, "reason", 0),
    .grace_minutes = (guint32) lk_record_get_number (record, "grace", 0),
    .is_addon = get_flag (record, "addon"),
    .kms_machine = get_text (record, "kms-machine"),
    .kms_port = (guint) lk_record_get_number (record, "kms-port", 0),
  };

  return lk_intake_add_product (input->intake, &product, get_time (record, "read-at"),
                                get_flag (record, "hidden"), error);
}

static gboolean
take_apart (Input *input, const LkRecord *record, GError **error)
{
  return lk_intake_keep_apart (input->intake, lk_record_get_number (record, "first", 0),
                               lk_record_get_number (record, "second", 0), error);
}

static gboolean
take_pool (Input *input, const LkRecord *record, GError **error)
{
  return lk_intake_add_pool (input->intake, lk_record_get (record, "key"),
                             lk_record_get_number (record, "remaining", -1),
                             get_time (record, "checked-at"),
                             (guint32) lk_record_get_number (record, "blocked", 0),
                             input->merge->now, error);
}

static LkMethod
get_method (const LkRecord *record)
{
  const char *word = lk_record_get (record, "method");

  if (g_str_equal (word, lk_method_to_word (LK_METHOD_ONLINE)))
    return LK_METHOD_ONLINE;
  return g_str_equal (word, lk_method_to_word (LK_METHOD_PHONE)) ? LK_METHOD_PHONE
                                                                 : LK_METHOD_PROXY;
}

static LkSpendState
get_state (const LkRecord *record)
{
  LkSpendState state = LK_SPEND_RESERVED;

  while (state < LK_SPEND_UNKNOWN &&
         !g_str_equal (lk_spend_state_to_word (state), lk_record_get (record, "state")))
    state++;
  return state;
}

static gboolean
take_spend (Input *input, const LkRecord *record, GError **error)
{
  const LkSpend spend = {
    .key_identity = get_text (record, "key"),
    .iid = get_text (record, "iid"),
    .epid = lk_record_get (record, "epid") != NULL ? get_text (record, "epid") : (char *) "",
    .method = get_method (record),
    .state = get_state (record),
    .code = (guint32) lk_record_get_number (record, "code", 0),
    .message = get_text (record, "message"),
    .attempts = (guint) lk_record_get_number (record, "attempts", 0),
    .sent_at = get_time (record, "sent-at"),
  };

  return lk_intake_add_spend (input->intake, &spend, get_time (record, "created-at"),
                              get_time (record, "settled-at"), input->merge->now, error);
}

static gboolean
take_confirmation (Input *input, const LkRecord *record, GError **error)
{
  return lk_intake_add_confirmation (input->intake, lk_record_get (record, "key"),
                                     lk_record_get (record, "iid"), lk_record_get (record, "cid"),
                                     get_method (record), get_flag (record, "salvaged"),
                                     get_time (record, "created-at"), input->merge->now, error);
}

/* What the file says beside the key is taken where the key itself does not tell. */
static gboolean
take_key (Input *input, const LkRecord *record, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkKeyRow) row = NULL;

  if (input->merge->seal_key == NULL)
    {
      leave_out (input, _ ("a product key, which is taken from sealed files only"));
      return TRUE;
    }
  row = input->merge->seal_key (lk_record_get (record, "value"), input->merge->user_data,
                                &local_error);
  if (row == NULL && g_error_matches (local_error, LK_ERROR, LK_ERROR_INVALID))
    {
      leave_out (input, local_error->message);
      return TRUE;
    }
  if (row == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  if (row->kind == LK_KEY_UNKNOWN)
    row->kind = lk_key_kind_from_word (lk_record_get (record, "kind"));
  if (row->key_identity == NULL)
    row->key_identity = g_strdup (lk_record_get (record, "key"));
  row->epid = g_strdup (lk_record_get (record, "epid"));
  row->remarks = g_strdup (lk_record_get (record, "remarks"));
  row->created_at = get_time (record, "created-at");
  return lk_intake_add_key (input->intake, row, error);
}

static gboolean
take_event (Input *input, const LkRecord *record, GError **error)
{
  const LkEvent event = {
    .at = get_time (record, "at"),
    .machine_id = lk_record_get_number (record, "machine", 0),
    .step = get_text (record, "step"),
    .outcome = get_text (record, "outcome"),
    .message = get_text (record, "message"),
    .code = (guint32) lk_record_get_number (record, "code", 0),
  };

  /* It would be deleted tonight. */
  return event.at < input->merge->now - LK_EVENT_LIFETIME ||
         lk_intake_add_event (input->intake, &event, error);
}

static const struct
{
  const char *kind;
  gboolean (*take) (Input *input, const LkRecord *record, GError **error);
} takers[] = {
  { "machine", take_machine }, { "alias", take_alias },
  { "tag", take_tag },         { "product", take_product },
  { "apart", take_apart },     { "pool", take_pool },
  { "spend", take_spend },     { "confirmation", take_confirmation },
  { "key", take_key },         { "event", take_event },
};

static gboolean
take_record (Input *input, const LkRecord *record, gint64 latest, GError **error)
{
  g_autofree char *why = NULL;

  if (!lk_inventory_check_record (record, latest, &why))
    {
      leave_out (input, why);
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (takers); i++)
    if (g_str_equal (takers[i].kind, lk_record_get_name (record)))
      return takers[i].take (input, record, error);

  g_assert_not_reached ();
}

static gboolean
take_all (LkDb *db, gpointer user_data, GError **error)
{
  Input *input = user_data;
  const LkTransferHead *head = lk_transfer_reader_get_head (input->reader);
  g_autoptr (LkIntake) intake =
      lk_intake_new (db, head->store_id, g_str_equal (head->store_id, input->merge->store_id),
                     input->tally);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkRecord) record = NULL;

  input->intake = intake;
  while ((record = lk_transfer_reader_next (input->reader, &local_error)) != NULL)
    {
      if (!take_record (input, record, head->created_at + LK_DAY, error))
        return FALSE;
      g_clear_pointer (&record, lk_record_free);
    }
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  return input->merge->finish == NULL || input->merge->finish (db, input->merge->user_data, error);
}

static void
add_summary (LkIntakeTally *tally, const LkTransferHead *head, gint64 now)
{
  if (tally->n_reserved > 0)
    g_ptr_array_add (
        tally->remarks,
        g_strdup_printf (ngettext ("%u reservation stays with the store that made it",
                                   "%u reservations stay with the store that made them",
                                   tally->n_reserved),
                         tally->n_reserved));
  if (head->created_at > now + LK_DAY)
    g_ptr_array_add (tally->remarks,
                     g_strdup (
                         _ ("The clock where the file was written is ahead of this one by more"
                            " than a day: what is newer was judged by it")));
}

gboolean
lk_inventory_merge (LkStore *store,
                    LkTransferReader *reader,
                    const LkInventoryMerge *merge,
                    LkIntakeTally *tally,
                    GError **error)
{
  Input input = { .reader = reader, .merge = merge, .tally = tally };
  const LkTransferHead *head = lk_transfer_reader_get_head (reader);

  tally->remarks = g_ptr_array_new_with_free_func (g_free);
  if (head->kind != LK_TRANSFER_INVENTORY || lk_transfer_reader_get_fault (reader) != NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("An inventory is taken whole or not at all: %s"),
                   head->kind != LK_TRANSFER_INVENTORY ? _ ("this file is none")
                                                       : lk_transfer_reader_get_fault (reader));
      return FALSE;
    }

  if (!(merge->dry_run ? lk_store_rehearse : lk_store_write_sealed) (store, take_all, &input,
                                                                     error))
    return FALSE;
  add_summary (tally, head, merge->now);
  return TRUE;
}
