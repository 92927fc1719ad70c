/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-transfer-text.h"

#include "ui/lk-job-words.h"

#include <glib/gi18n.h>

const char *
lk_transfer_text_hop (LkHop hop)
{
  switch (hop)
    {
    case LK_HOP_REQUEST:
      return _ ("Next: Save a Request");
    case LK_HOP_ANSWER:
      return _ ("Next: Answer the Request");
    case LK_HOP_IMPORT:
      return _ ("Next: Open the Answer");
    case LK_HOP_DEPOSIT:
      return _ ("Next: Deposit");
    case LK_HOP_NONE:
    default:
      return _ ("Nothing Waits");
    }
}

char *
lk_transfer_text_file (const LkTransferRow *file)
{
  g_autofree char *time = lk_job_describe_time (file->at);

  return g_strconcat (lk_transfer_row_get_title (file), " · ", time,
                      file->is_sealed ? _ (" · sealed") : "",
                      file->is_dropped ? _ (" · dropped") : "", NULL);
}

char *
lk_transfer_text_file_counts (const LkTransferRow *file)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, ngettext ("%'u row", "%'u rows", file->n_rows), file->n_rows);
  if (file->n_done > 0)
    g_string_append_printf (text, ngettext (" · %'u done", " · %'u done", file->n_done),
                            file->n_done);
  if (file->n_failed > 0)
    g_string_append_printf (text, ngettext (" · %'u failed", " · %'u failed", file->n_failed),
                            file->n_failed);
  if (file->n_open > 0)
    g_string_append_printf (text, ngettext (" · %'u open", " · %'u open", file->n_open),
                            file->n_open);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
append_line (GString *text, guint n, const char *reason)
{
  if (n > 0)
    g_string_append_printf (text, "%s%'u: %s", text->len > 0 ? "\n" : "", n, reason);
}

char *
lk_transfer_text_left_out (const LkExportResult *result)
{
  GString *text = g_string_new (NULL);

  append_line (text, result->n_licensed, _ ("licensed already"));
  append_line (text, result->n_no_iid,
               _ ("no installation ID; read the machine, and install a MAK"));
  append_line (text, result->n_on_record, _ ("the confirmation ID is on record; deposit it"));
  append_line (text, result->n_in_flight, _ ("asked for already, in another way"));
  append_line (text, result->n_outstanding, _ ("a request that is still open asks for it"));
  return g_string_free (text, text->len == 0);
}
