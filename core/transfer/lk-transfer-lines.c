/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-transfer-lines.h"

#include "base/lk-error.h"
#include "domain/lk-identifiers.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define ROW "row"

/* Of what makes no sense, enough to find it in the file; of words about it, enough to be read. */
#define LONGEST_NONSENSE 128
#define LONGEST_MESSAGE  1000

LkRecord *
lk_transfer_line_to_record (const LkTransferLine *line, LkTransferKind kind)
{
  LkRecord *record = lk_record_new (ROW);

  lk_record_set_number (record, "id", line->row_id);
  lk_record_set (record, "iid", line->iid);
  lk_record_set (record, "epid", line->epid);
  if (kind == LK_TRANSFER_REQUEST)
    return record;

  lk_record_set (record, "state", lk_line_state_to_word (line->state));
  lk_record_set (record, "cid", line->cid);
  if (line->code != 0)
    lk_record_set_number (record, "code", line->code);
  lk_record_set (record, "message", line->message);
  return record;
}

static char *
copy_text (const char *text, gsize longest)
{
  const char *safe = text != NULL ? text : "";

  return g_utf8_strlen (safe, -1) <= (glong) longest ? g_strdup (safe)
                                                     : g_utf8_substring (safe, 0, (glong) longest);
}

static gboolean
is_cid (const char *cid, gboolean is_trusted)
{
  guint wrong = 0;

  return lk_digits_is_plausible (LK_DIGITS_CID, cid) &&
         (is_trusted || lk_digits_check (cid, LK_CID_GROUP_LENGTH, &wrong));
}

static void
read_answer (const LkRecord *record, LkTransferLine *line, gboolean is_trusted)
{
  const char *cid = lk_record_get (record, "cid");
  const char *message = lk_record_get (record, "message");

  line->code = (guint32) lk_record_get_number (record, "code", 0);
  if (message != NULL)
    line->message = copy_text (message, LONGEST_MESSAGE);
  if (line->state == LK_LINE_BAD ||
      !lk_line_state_from_word (lk_record_get (record, "state"), &line->state))
    {
      g_clear_pointer (&line->iid, g_free);
      g_free (line->message);
      line->message = g_strdup (_ ("its installation ID, extended PID or state makes no sense; left"
                                   " out"));
    }
  else if (line->state == LK_LINE_CONFIRMED && cid != NULL && is_cid (cid, is_trusted))
    line->cid = g_strdup (cid);
  else if (line->state == LK_LINE_CONFIRMED)
    {
      g_free (line->message);
      line->message = g_strdup (_ ("its confirmation ID makes no sense; left out"));
    }
}

static LkTransferLine *
read_line (const LkRecord *record, LkTransferKind kind, gboolean is_trusted)
{
  LkTransferLine *line = g_new0 (LkTransferLine, 1);
  const char *iid = lk_record_get (record, "iid");
  const char *epid = lk_record_get (record, "epid");

  line->row_id = lk_record_get_number (record, "id", 0);
  line->iid = copy_text (iid, LONGEST_NONSENSE);
  line->epid = copy_text (epid, LONGEST_NONSENSE);
  line->key_identity = epid != NULL ? lk_key_identity_from_epid (epid) : NULL;
  if (iid == NULL || !lk_digits_is_plausible (LK_DIGITS_IID, iid) ||
      (line->key_identity == NULL && kind == LK_TRANSFER_REQUEST))
    line->state = LK_LINE_BAD;
  if (kind == LK_TRANSFER_ANSWER)
    read_answer (record, line, is_trusted);
  return line;
}

LkTransferLine *
lk_line_source_next (gpointer source, GError **error)
{
  const LkLineSource *self = source;
  LkTransferKind kind = lk_transfer_reader_get_head (self->reader)->kind;
  LkTransferLine *line = NULL;

  while (line == NULL)
    {
      g_autoptr (LkRecord) record = lk_transfer_reader_next (self->reader, error);

      if (record == NULL)
        return NULL;
      if (g_str_equal (lk_record_get_name (record), ROW))
        line = read_line (record, kind, self->is_trusted);
      else if (self->is_trusted)
        {
          g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                       _ ("There is a record “%s” in it, which does not belong in such a file"),
                       lk_record_get_name (record));
          return NULL;
        }
    }

  return line;
}
