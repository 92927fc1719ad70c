/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-transfer-private.h"

#include "base/lk-error.h"
#include "base/lk-xml.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_STORE_ID 128

static const char *const kind_words[] = {
  [LK_TRANSFER_REQUEST] = "request",
  [LK_TRANSFER_ANSWER] = "answer",
  [LK_TRANSFER_INVENTORY] = "inventory",
};

const char *
lk_transfer_kind_to_word (LkTransferKind kind)
{
  return kind_words[kind];
}

LkTransferHead *
lk_transfer_head_copy (const LkTransferHead *self)
{
  LkTransferHead *copy = g_memdup2 (self, sizeof *self);

  copy->id = g_strdup (self->id);
  copy->store_id = g_strdup (self->store_id);
  copy->request_id = g_strdup (self->request_id);
  copy->request_store_id = g_strdup (self->request_store_id);
  return copy;
}

void
lk_transfer_head_free (LkTransferHead *self)
{
  if (self == NULL)
    return;

  g_free (self->id);
  g_free (self->store_id);
  g_free (self->request_id);
  g_free (self->request_store_id);
  g_free (self);
}

static gboolean
set_fault (GError **error, const char *words)
{
  g_set_error_literal (error, LK_ERROR, LK_ERROR_INVALID, words);
  return FALSE;
}

static gboolean
is_store_id (const char *text)
{
  return text != NULL && *text != '\0' && strlen (text) <= MAX_STORE_ID;
}

static gboolean
check_ids (const LkTransferHead *self, GError **error)
{
  gboolean answers = self->request_id != NULL && g_uuid_string_is_valid (self->request_id) &&
                     is_store_id (self->request_store_id);
  gboolean is_silent = self->request_id == NULL && self->request_store_id == NULL;

  if (self->id == NULL || !g_uuid_string_is_valid (self->id))
    return set_fault (error, _ ("its head has no valid id"));
  if (!is_store_id (self->store_id))
    return set_fault (error, _ ("its head does not name the store that wrote it"));
  if (self->kind == LK_TRANSFER_ANSWER ? !answers : !is_silent)
    return set_fault (error, _ ("its head must name a request if it is an answer, and only then"));

  return TRUE;
}

/* The year stays within four digits: 0001-01-01 to 9999-12-31. */
static char *
format_time (gint64 ms)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (ms / 1000);
  g_autofree char *seconds = time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%S") : NULL;

  if (seconds == NULL || ms < 0)
    return NULL;

  return ms % 1000 == 0 ? g_strconcat (seconds, "Z", NULL)
                        : g_strdup_printf ("%s.%03dZ", seconds, (int) (ms % 1000));
}

static gboolean
parse_time (const char *text, gint64 *ms)
{
  g_autoptr (GDateTime) time =
      text != NULL && strlen (text) < 40 ? g_date_time_new_from_iso8601 (text, NULL) : NULL;

  if (time == NULL || g_date_time_to_unix (time) < 0)
    return FALSE;

  *ms = g_date_time_to_unix (time) * 1000 + g_date_time_get_microsecond (time) / 1000;
  return TRUE;
}

LkRecord *
lk_transfer_head_to_record (const LkTransferHead *self, GError **error)
{
  g_autoptr (LkRecord) record = lk_record_new (LK_TRANSFER_ROOT);
  g_autofree char *created = format_time (self->created_at);

  if (!check_ids (self, error))
    return NULL;
  if (created == NULL)
    {
      set_fault (error, _ ("its head does not say when it was made"));
      return NULL;
    }

  lk_record_set_number (record, "version", LK_TRANSFER_VERSION);
  lk_record_set (record, "kind", lk_transfer_kind_to_word (self->kind));
  lk_record_set (record, "id", self->id);
  lk_record_set (record, "store", self->store_id);
  lk_record_set (record, "created", created);
  lk_record_set (record, "request", self->request_id);
  lk_record_set (record, "request-store", self->request_store_id);
  if (self->n_records > 0)
    lk_record_set_number (record, "records", (gint64) self->n_records);
  return g_steal_pointer (&record);
}

static gboolean
check_version (const char *text, GError **error)
{
  guint64 version;

  if (text == NULL || !lk_text_to_uint (text, G_MAXUINT32, &version) || version == 0)
    return set_fault (error, _ ("its head does not say which version of the format it has"));
  if (version > LK_TRANSFER_VERSION)
    return set_fault (error, _ ("it was made by a newer Latchkey; update this one to read it"));

  return TRUE;
}

static gboolean
parse_kind (const char *text, LkTransferKind *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (kind_words); i++)
    if (g_strcmp0 (kind_words[i], text) == 0)
      {
        *kind = (LkTransferKind) i;
        return TRUE;
      }

  return FALSE;
}

static gboolean
fill (LkTransferHead *self, const LkRecord *record, GError **error)
{
  const char *records = lk_record_get (record, "records");

  if (!check_version (lk_record_get (record, "version"), error))
    return FALSE;
  if (!parse_kind (lk_record_get (record, "kind"), &self->kind))
    return set_fault (error, _ ("its head does not say what kind of transfer file it is"));
  if (!parse_time (lk_record_get (record, "created"), &self->created_at))
    return set_fault (error, _ ("its head does not say when it was made"));
  if (records != NULL && !lk_text_to_uint (records, LK_TRANSFER_MAX_ELEMENTS, &self->n_records))
    return set_fault (error, _ ("its head does not say how many records it has"));

  self->id = g_strdup (lk_record_get (record, "id"));
  self->store_id = g_strdup (lk_record_get (record, "store"));
  self->request_id = g_strdup (lk_record_get (record, "request"));
  self->request_store_id = g_strdup (lk_record_get (record, "request-store"));
  return check_ids (self, error);
}

LkTransferHead *
lk_transfer_head_from_record (const LkRecord *record, GError **error)
{
  g_autoptr (LkTransferHead) self = g_new0 (LkTransferHead, 1);

  return fill (self, record, error) ? g_steal_pointer (&self) : NULL;
}
