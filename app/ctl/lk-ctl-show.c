/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ctl/lk-ctl-show.h"

#include "ctl/lk-ctl-talk.h"
#include "domain/lk-codes.h"
#include "domain/lk-identifiers.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_EVENTS 50

static const LkCtlColumn row_columns[] = {
  { "id", NULL, 'i' },
  { "name", N_ ("Machine"), 's' },
  { "address", NULL, 's' },
  { "port", NULL, 'i' },
  { "tls", NULL, 'b' },
  { "pin", NULL, 's' },
  { "domain", N_ ("Domain"), 's' },
  { "fqdn", NULL, 's' },
  { "uuid", NULL, 's' },
  { "cmid", NULL, 's' },
  { "os_version", NULL, 's' },
  { "subscription", NULL, 'b' },
  { "oem", NULL, 'b' },
  { "rearm_left", NULL, 'i' },
  { "application", NULL, 's' },
  { "activation_id", NULL, 's' },
  { "product", N_ ("Product"), 's' },
  { "edition", N_ ("Edition"), 's' },
  { "state", NULL, 's' },
  { NULL, N_ ("State"), 's' },
  { "status_reason", NULL, 'x' },
  { "days_left", N_ ("Days"), 'i' },
  { "minutes_left", NULL, 'i' },
  { "key_kind", N_ ("Key type"), 's' },
  { "partial_key", N_ ("Key"), 's' },
  { "epid", NULL, 's' },
  { "iid", NULL, 's' },
  { "cid", NULL, 's' },
  { "cid_verified", NULL, 'b' },
  { "kms_machine", NULL, 's' },
  { "read_at", N_ ("Last read"), 't' },
  { "last_ok", NULL, 'b' },
  { "last_result", N_ ("Last result"), 's' },
  { "last_code", NULL, 'x' },
  { "tags", NULL, 's' },
  { NULL, NULL, 0 },
};

static gint64
number_or_none (gint64 number, gboolean is_known)
{
  return is_known ? number : G_MININT64;
}

LkCtlList *
lk_ctl_list_rows (GPtrArray *rows)
{
  LkCtlList *list = lk_ctl_list_new (row_columns);

  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = g_ptr_array_index (rows, i);
      const LkIdentity *identity = row->identity;
      const LkProduct *product = row->product;
      gboolean has_product = product->application_id != NULL;
      gboolean expires = product->grace_minutes > 0;

      lk_ctl_list_add (list, row->machine_id, row->name, row->address, (gint64) row->port, row->tls,
                       row->pin, identity->domain, identity->fqdn, identity->uuid, identity->cmid,
                       row->os_version, row->is_subscription, row->has_oem_key,
                       number_or_none (row->rearm_left, row->rearm_left >= 0),
                       product->application_id, product->activation_id, product->name,
                       product->edition, lk_license_status_to_word (product->status),
                       lk_license_status_to_title (product->status), product->status_reason,
                       number_or_none (LK_MINUTES_TO_DAYS (product->grace_minutes), expires),
                       number_or_none (product->grace_minutes, expires),
                       has_product ? lk_key_kind_to_word (product->key_kind) : NULL,
                       product->partial_key, product->epid, product->iid, row->cid,
                       row->cid != NULL && !row->is_salvaged, product->kms_machine, row->read_at,
                       row->last_ok, row->last_result, row->last_code, row->tags);
    }

  return list;
}

static const LkCtlColumn event_columns[] = {
  { "at", N_ ("When"), 't' },
  { "job", N_ ("Job"), 'i' },
  { "step", N_ ("Step"), 's' },
  { "outcome", N_ ("Outcome"), 's' },
  { "message", N_ ("What"), 's' },
  { "code", N_ ("Code"), 'x' },
  { NULL, NULL, 0 },
};

static LkCtlList *
list_events (GPtrArray *events)
{
  LkCtlList *list = lk_ctl_list_new (event_columns);

  for (guint i = 0; i < events->len; i++)
    {
      const LkEvent *event = g_ptr_array_index (events, i);

      lk_ctl_list_add (list, event->at, number_or_none (event->job_id, event->job_id != 0),
                       lk_step_get_title (event->step), event->outcome, event->message,
                       event->code);
    }

  return list;
}

static void
print_line (const char *title, const char *text)
{
  g_autofree char *clean = NULL;

  if (text == NULL || *text == '\0')
    return;
  clean = lk_ctl_clean (text);
  printf ("  %s:%*s%s\n", title, MAX (1, 20 - (int) lk_ctl_get_width (title)), "", clean);
}

static void
print_machine (const LkRow *row, const char *also)
{
  g_autofree char *where =
      g_strdup_printf ("%s:%u%s", row->address != NULL ? row->address : row->name, row->port,
                       row->tls ? " (TLS)" : "");
  g_autofree char *read = lk_ctl_format_time (row->read_at);
  g_autofree char *rearm =
      row->rearm_left >= 0 ? g_strdup_printf ("%d", row->rearm_left) : g_strdup ("");
  g_autofree char *name = lk_ctl_clean (row->name);

  printf ("%s (#%" G_GINT64_FORMAT ")\n", name, row->machine_id);
  print_line (_ ("Address"), where);
  print_line (_ ("Full name"), row->identity->fqdn);
  print_line (_ ("Also known as"), also);
  print_line (_ ("Domain"), row->identity->domain);
  print_line (_ ("SMBIOS UUID"), row->identity->uuid);
  print_line (_ ("Client machine ID"), row->identity->cmid);
  print_line (_ ("Tags"), row->tags);
  print_line (_ ("System"), row->os_version);
  print_line (_ ("Pinned certificate"), row->pin);
  print_line (_ ("Rearms left"), rearm);
  if (row->is_subscription)
    print_line (_ ("Activated by"), _ ("subscription"));
  if (row->has_oem_key)
    print_line (_ ("Firmware"), _ ("OEM entitlement"));
  print_line (_ ("Last read"), *read != '\0' ? read : _ ("never"));
  print_line (_ ("Last result"), row->last_result);
}

static void
print_product (const LkProduct *product, const char *cid, gboolean is_salvaged)
{
  g_autofree char *iid = product->iid != NULL ? lk_digits_to_groups (product->iid) : NULL;
  g_autofree char *cid_groups = cid != NULL ? lk_digits_to_groups (cid) : NULL;
  g_autofree char *key =
      product->partial_key != NULL ? lk_product_key_mask (product->partial_key) : NULL;
  g_autofree char *left =
      product->grace_minutes > 0
          ? g_strdup_printf (ngettext ("%u day", "%u days",
                                       LK_MINUTES_TO_DAYS (product->grace_minutes)),
                             LK_MINUTES_TO_DAYS (product->grace_minutes))
          : NULL;
  g_autofree char *reason =
      product->status_reason != 0 ? g_strdup_printf ("0x%08X", product->status_reason) : NULL;
  g_autofree char *name = lk_ctl_clean (product->name != NULL ? product->name : "?");
  const LkCode *code = lk_code_lookup (product->status_reason);

  printf ("\n  %s\n", name);
  print_line (_ ("Application"), lk_application_to_title (product->application_id));
  print_line (_ ("Edition"), product->edition);
  print_line (_ ("State"), lk_license_status_to_title (product->status));
  print_line (_ ("Reason"), reason);
  if (code != NULL)
    print_line (_ ("Meaning"), code->meaning);
  print_line (_ ("Time left"), left);
  print_line (_ ("Key type"), lk_key_kind_to_word (product->key_kind));
  print_line (_ ("Key"), key);
  print_line (_ ("Extended PID"), product->epid);
  print_line (_ ("Installation ID"), iid);
  print_line (_ ("Confirmation ID"), cid_groups);
  if (is_salvaged)
    print_line ("",
                _ ("not verified: salvaged from a file that was damaged or not for this store"));
  print_line (_ ("KMS host"), product->kms_machine);
}

static LkExit
show_machine (LkCtl *ctl, GPtrArray *rows)
{
  const LkRow *first = g_ptr_array_index (rows, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) events =
      lk_console_list_events (ctl->console, first->machine_id, MAX_EVENTS, &error);
  g_autoptr (LkCtlList) timeline = NULL;
  g_autoptr (LkCtlList) products = NULL;
  g_auto (GStrv) aliases = NULL;
  g_autofree char *also = NULL;

  if (events == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  aliases = lk_console_list_aliases (ctl->console, first->machine_id, &error);
  if (aliases == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  also = g_strjoinv (" ", aliases);

  timeline = list_events (events);
  if (ctl->options.json)
    {
      products = lk_ctl_list_rows (rows);
      json_builder_begin_object (ctl->json);
      lk_ctl_set_text (ctl, "name", first->name);
      lk_ctl_set_text (ctl, "also", also);
      lk_ctl_list_print (products, ctl, "rows");
      lk_ctl_list_print (timeline, ctl, "events");
      json_builder_end_object (ctl->json);
      return LK_EXIT_OK;
    }

  print_machine (first, also);
  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = g_ptr_array_index (rows, i);

      if (row->product->application_id != NULL)
        print_product (row->product, row->cid, row->is_salvaged);
    }
  printf ("\n");
  if (events->len > 0)
    lk_ctl_list_print (timeline, ctl, "events");
  return LK_EXIT_OK;
}

LkExit
lk_ctl_show_rows (LkCtl *ctl, GPtrArray *rows)
{
  LkExit status = LK_EXIT_OK;
  guint from = 0;

  if (rows->len == 0)
    {
      lk_ctl_say (ctl, _ ("Nothing matched"));
      return LK_EXIT_NOTHING;
    }

  json_builder_set_member_name (ctl->json, "machines");
  json_builder_begin_array (ctl->json);
  while (from < rows->len && status == LK_EXIT_OK)
    {
      const LkRow *first = g_ptr_array_index (rows, from);
      g_autoptr (GPtrArray) of_machine = g_ptr_array_new ();

      while (from < rows->len &&
             ((LkRow *) g_ptr_array_index (rows, from))->machine_id == first->machine_id)
        g_ptr_array_add (of_machine, g_ptr_array_index (rows, from++));
      status = show_machine (ctl, of_machine);
    }
  json_builder_end_array (ctl->json);
  return status;
}

static const LkCtlColumn item_columns[] = {
  { "id", NULL, 'i' },
  { "machine_id", NULL, 'i' },
  { "machine", N_ ("Machine"), 's' },
  { "address", NULL, 's' },
  { "application", NULL, 's' },
  { "partial_key", N_ ("Key"), 's' },
  { "state", N_ ("State"), 's' },
  { "step", NULL, 's' },
  { "step_title", N_ ("Step"), 's' },
  { "attempt", NULL, 'i' },
  { "message", N_ ("What happened"), 's' },
  { "error", NULL, 's' },
  { "code", N_ ("Code"), 'x' },
  { "code_symbol", NULL, 's' },
  { "meaning", NULL, 's' },
  { "next_step", NULL, 's' },
  { "due_at", NULL, 't' },
  { "updated_at", NULL, 't' },
  { NULL, NULL, 0 },
};

/* The batch service's codes are small and would be found among Win32's. */
static const LkCode *
find_code (guint32 code)
{
  const LkCode *entry = code != 0 && code < 0x1000 ? lk_batch_code_lookup (code) : NULL;

  return entry != NULL ? entry : (code != 0 ? lk_code_lookup (code) : NULL);
}

/* What to do when the code does not tell. */
static const char *
advise (const LkItemRow *item)
{
  if (item->message != NULL && strstr (item->message, "latchkeyctl ") != NULL)
    return NULL; /* the message tells it itself */
  if (g_strcmp0 (item->error, "unreachable") == 0)
    return _ ("See whether the machine is on and WinRM is set up: latchkeyctl check NAME");
  if (g_strcmp0 (item->error, "denied") == 0)
    return _ ("See which credential is used: latchkeyctl credential list");
  return NULL;
}

LkCtlList *
lk_ctl_list_items (GPtrArray *items)
{
  LkCtlList *list = lk_ctl_list_new (item_columns);

  for (guint i = 0; i < items->len; i++)
    {
      const LkItemRow *item = g_ptr_array_index (items, i);
      const LkCode *code = find_code (item->code);
      gboolean is_ready = g_str_equal (item->state, "ready");

      lk_ctl_list_add (list, item->id, item->machine_id, item->machine, item->address,
                       item->application_id, item->partial_key, item->state, item->step,
                       lk_step_get_title (item->step), (gint64) item->attempt, item->message,
                       item->error, item->code, code != NULL ? code->symbol : NULL,
                       code != NULL ? code->meaning : NULL,
                       code != NULL ? code->action : advise (item),
                       is_ready ? item->due_at : (gint64) 0, item->updated_at);
    }

  return list;
}

void
lk_ctl_print_failure (LkCtl *ctl, const LkItemRow *item)
{
  const LkCode *code = find_code (item->code);
  const char *next = code != NULL ? code->action : advise (item);

  lk_ctl_print (ctl, _ ("%s: failed in the step “%s”\n"), item->machine,
                lk_step_get_title (item->step));
  lk_ctl_print (ctl, "    %s\n", item->message != NULL ? item->message : _ ("No reason was given"));
  if (item->code != 0)
    lk_ctl_print (ctl, "    0x%08X%s%s%s%s\n", item->code, code != NULL ? " " : "",
                  code != NULL ? code->symbol : "", code != NULL ? ": " : "",
                  code != NULL ? code->meaning : "");
  if (next != NULL && *next != '\0')
    lk_ctl_print (ctl, _ ("    Next: %s\n"), next);
}

void
lk_ctl_print (LkCtl *ctl, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  va_list args;

  if (ctl->options.json)
    return;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  lk_ctl_show_progress (ctl, NULL);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *clean = lk_ctl_clean (lines[i]);

      printf (lines[i + 1] != NULL ? "%s\n" : "%s", clean);
    }
}

void
lk_ctl_set_count (LkCtl *ctl, const char *name, gint64 value)
{
  json_builder_set_member_name (ctl->json, name);
  json_builder_add_int_value (ctl->json, value);
}

void
lk_ctl_set_text (LkCtl *ctl, const char *name, const char *value)
{
  g_autofree char *valid = value != NULL ? g_utf8_make_valid (value, -1) : NULL;

  json_builder_set_member_name (ctl->json, name);
  if (valid != NULL)
    json_builder_add_string_value (ctl->json, valid);
  else
    json_builder_add_null_value (ctl->json);
}
