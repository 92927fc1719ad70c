/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "console/lk-transfer-private.h"
#include "console/lk-work.h"
#include "transfer/lk-transfer-lines.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* The second hop: the core network answers. What was asked for before is answered from the records;
 * the rest is reserved, sent by the courier as any other spend, and written down as it comes. */

#define TICK_MS        50
#define TRY_LOCK_EVERY LK_SECOND

void
lk_answer_plan_free (LkAnswerPlan *self)
{
  if (self == NULL)
    return;
  g_free (self->file_id);
  g_free (self->store_id);
  g_free (self);
}

/* Where the next part of the sentence goes. */
static GString *
next_part (GString *text)
{
  return text->len > 0 ? g_string_append (text, "; ") : text;
}

char *
lk_answer_plan_to_text (const LkAnswerPlan *self)
{
  GString *text = g_string_new (NULL);

  if (self->n_to_spend > 0)
    g_string_append_printf (next_part (text),
                            ngettext ("uses %u activation", "uses %u activations",
                                      self->n_to_spend),
                            self->n_to_spend);
  if (self->n_unknown_pool > 0)
    g_string_append_printf (
        next_part (text),
        ngettext ("%u of them under a product key whose remaining count is not known",
                  "%u of them under product keys whose remaining count is not known",
                  self->n_unknown_pool),
        self->n_unknown_pool);
  if (self->n_on_record > 0)
    g_string_append_printf (next_part (text),
                            ngettext ("%u row is answered from the records and costs nothing",
                                      "%u rows are answered from the records and cost nothing",
                                      self->n_on_record),
                            self->n_on_record);
  if (self->n_in_flight > 0)
    g_string_append_printf (next_part (text),
                            ngettext ("%u row was asked for already",
                                      "%u rows were asked for already", self->n_in_flight),
                            self->n_in_flight);
  if (self->n_refused > 0)
    g_string_append_printf (next_part (text),
                            ngettext ("%u row was refused before and is not asked for again",
                                      "%u rows were refused before and are not asked for again",
                                      self->n_refused),
                            self->n_refused);
  if (self->n_no_room > 0)
    g_string_append_printf (next_part (text),
                            ngettext ("%u row finds no activation left",
                                      "%u rows find no activation left", self->n_no_room),
                            self->n_no_room);
  if (self->n_bad > 0)
    g_string_append_printf (next_part (text),
                            ngettext ("%u row makes no sense", "%u rows make no sense",
                                      self->n_bad),
                            self->n_bad);
  if (self->n_changed > 0)
    g_string_append_printf (
        next_part (text),
        ngettext (
            "%u row was answered before for another installation ID: this is a new activation",
            "%u rows were answered before for other installation IDs: these are new activations",
            self->n_changed),
        self->n_changed);
  if (text->len == 0)
    g_string_append (text, _ ("the request has no rows"));
  return g_string_free (text, FALSE);
}

/* Only a whole request is answered. */
static gboolean
check_request (const LkTransferSource *source, GError **error)
{
  LkTransferKind kind = lk_transfer_source_get_kind (source);
  const char *fault;

  if (kind != LK_TRANSFER_REQUEST)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   kind == LK_TRANSFER_ANSWER
                       ? _ ("“%s” is an answer, not a request; import it in the lab that asked")
                       : _ ("“%s” is an inventory, not a request"),
                   source->path);
      return FALSE;
    }

  fault = lk_transfer_reader_get_fault (source->reader);
  if (fault != NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("%s. Only whole requests are answered: save it again in the lab"), fault);
  return fault == NULL;
}

static gboolean
take (LkConsole *self,
      LkTransferSource *source,
      const LkTaking *how,
      gint64 *id,
      LkTakingCounts *counts,
      GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autofree char *absolute = lk_transfer_make_path (source->path);
  LkLineSource lines = { .reader = source->reader, .is_trusted = TRUE };
  LkTransferEntry entry;
  LkTaking taking = *how;

  if (store == NULL || !check_request (source, error))
    return FALSE;

  lk_transfer_reader_rewind (source->reader);
  lk_transfer_entry_init (&entry, lk_transfer_reader_get_head (source->reader), absolute, FALSE,
                          lk_transfer_reader_is_sealed (source->reader), lk_console_now (self));
  taking.entry = &entry;
  taking.next = lk_line_source_next;
  taking.user_data = &lines;
  return lk_store_take_request (store, &taking, lk_console_now (self), id, counts, error);
}

LkAnswerPlan *
lk_console_preview_answer (LkConsole *self,
                           LkTransferSource *source,
                           gboolean again,
                           GError **error)
{
  const LkTaking how = { .allow_unknown = TRUE, .again = again, .is_rehearsal = TRUE };
  g_autofree char *store_id = lk_console_get_store_id (self, error);
  const LkTransferHead *head;
  LkTakingCounts counts;
  LkAnswerPlan *plan;

  if (store_id == NULL || !take (self, source, &how, NULL, &counts, error))
    return NULL;

  head = lk_transfer_reader_get_head (source->reader);
  plan = g_new0 (LkAnswerPlan, 1);
  plan->file_id = g_strdup (head->id);
  plan->store_id = g_strdup (head->store_id);
  plan->created_at = head->created_at;
  plan->n_rows = counts.n_rows;
  plan->n_on_record = counts.n_on_record;
  plan->n_in_flight = counts.n_in_flight;
  plan->n_refused = counts.n_refused;
  plan->n_bad = counts.n_bad;
  plan->n_to_spend = counts.n_reserved;
  plan->n_no_room = counts.n_no_room;
  plan->n_unknown_pool = counts.n_unknown_pool;
  plan->n_changed = counts.n_changed;
  plan->is_sealed = lk_transfer_reader_is_sealed (source->reader);
  plan->is_own = g_str_equal (store_id, head->store_id);
  return plan;
}

gboolean
lk_console_take_request (LkConsole *self,
                         LkTransferSource *source,
                         gboolean allow_unknown,
                         gboolean again,
                         gint64 *transfer,
                         GError **error)
{
  const LkTaking how = { .allow_unknown = allow_unknown, .again = again };
  LkTakingCounts counts;

  return take (self, source, &how, transfer, &counts, error);
}

static gboolean
count_waiting (const LkTransferLine *line, gpointer user_data, GError **error)
{
  *(guint *) user_data += line->is_waiting;
  return TRUE;
}

gboolean
lk_console_get_request_progress (LkConsole *self,
                                 gint64 transfer,
                                 LkTransferRow **out,
                                 gboolean *is_settled,
                                 GError **error)
{
  g_autoptr (LkTransferRow) row = lk_console_get_transfer (self, transfer, error);
  guint n_waiting = 0;

  if (row == NULL ||
      (row->n_open > 0 && !lk_store_foreach_line (lk_console_get_store (self, NULL), transfer,
                                                  count_waiting, &n_waiting, error)))
    return FALSE;

  *is_settled = n_waiting == 0;
  *out = g_steal_pointer (&row);
  return TRUE;
}

typedef struct
{
  LkConsole *console;
  LkStore *store;
  gint64 transfer;
  const LkRequestWatcher *watcher;
  LkWork *work;
  gboolean is_running;
  gint64 tried_at;
  guint n_open;      /* as last seen */
  gint64 changed_at; /* when it last became another */
} Following;

static gboolean
try_start (Following *self, gint64 now, GError **error)
{
  gboolean was_running = self->is_running;
  gboolean is_first = self->tried_at == 0;

  if (self->is_running || (!is_first && now - self->tried_at < TRY_LOCK_EVERY))
    return TRUE;
  if (!lk_work_try_start (self->work, &self->is_running, error))
    return FALSE;

  self->tried_at = now;
  if (self->watcher->attended != NULL && (is_first || self->is_running != was_running))
    self->watcher->attended (self->is_running, self->watcher->user_data);
  return TRUE;
}

static gboolean
look (Following *self, gint64 now, gboolean *is_settled, GError **error)
{
  g_autofree char *trouble = lk_work_get_trouble (self->work);
  g_autoptr (LkTransferRow) row = NULL;

  if (!lk_console_get_request_progress (self->console, self->transfer, &row, is_settled, error))
    return FALSE;

  if (row->n_open != self->n_open)
    {
      self->n_open = row->n_open;
      self->changed_at = now;
    }
  if (self->watcher->progressed != NULL)
    self->watcher->progressed (row, trouble, self->watcher->user_data);
  return TRUE;
}

static gboolean
follow (Following *self,
        gint64 patience,
        GCancellable *cancellable,
        LkFollowEnd *end,
        GError **error)
{
  gint64 version = -1;
  gint64 looked_at = 0;
  gint64 pause = TICK_MS;
  gboolean is_settled = FALSE;

  while (TRUE)
    {
      gint64 now = g_get_monotonic_time () / 1000;
      gint64 seen = lk_store_get_version (self->store);

      if (!try_start (self, now, error))
        return FALSE;
      lk_work_tick (self->work);
      if ((seen != version && now - looked_at >= pause) || now - looked_at >= LK_SECOND + pause)
        {
          version = seen;
          if (!look (self, now, &is_settled, error))
            return FALSE;
          looked_at = g_get_monotonic_time () / 1000;
          pause = MAX (TICK_MS, (looked_at - now) * 4); /* a long request is looked at less often */
        }

      *end = is_settled ? LK_FOLLOW_CLOSED : LK_FOLLOW_WAITING;
      if (is_settled || (patience > 0 && now - self->changed_at > patience))
        return TRUE;
      if (!lk_work_pause (cancellable, TICK_MS))
        {
          *end = LK_FOLLOW_INTERRUPTED;
          return TRUE;
        }
    }
}

gboolean
lk_console_follow_request (LkConsole *self,
                           gint64 transfer,
                           gint64 patience,
                           const LkRequestWatcher *watcher,
                           GCancellable *cancellable,
                           LkFollowEnd *end,
                           GError **error)
{
  g_autoptr (LkTransferRow) row = NULL;
  g_autoptr (LkWork) work = NULL;
  gboolean is_settled = FALSE;
  Following following = { .console = self, .transfer = transfer, .watcher = watcher };

  *end = LK_FOLLOW_CLOSED;
  if (!lk_console_get_request_progress (self, transfer, &row, &is_settled, error))
    return FALSE;
  if (is_settled)
    return TRUE;

  work = lk_work_new_for_request (self, transfer, error);
  if (work == NULL)
    return FALSE;
  following.store = lk_console_get_store (self, NULL);
  following.work = work;
  following.n_open = row->n_open;
  following.changed_at = g_get_monotonic_time () / 1000;
  return follow (&following, patience, cancellable, end, error);
}

/* NAME.xml → NAME-answer.xml; other endings stay as well, a name without one gets ".xml". */
static char *
make_answer_path (const char *request)
{
  g_autofree char *folder = g_path_get_dirname (request);
  g_autofree char *name = g_path_get_basename (request);
  char *dot = strrchr (name, '.');
  g_autofree char *end = g_strdup (dot != NULL && dot != name ? dot : ".xml");
  g_autofree char *answer = NULL;

  if (dot != NULL && dot != name)
    *dot = '\0';
  answer = g_strconcat (name, "-answer", end, NULL);
  return g_build_filename (folder, answer, NULL);
}

typedef struct
{
  LkTransferWriter *writer;
  LkTransferEntry *entry;
} Answering;

static gboolean
write_line (const LkTransferLine *line, gpointer user_data, GError **error)
{
  Answering *self = user_data;
  g_autoptr (LkRecord) record = lk_transfer_line_to_record (line, LK_TRANSFER_ANSWER);

  self->entry->n_rows++;
  self->entry->n_done += line->state == LK_LINE_CONFIRMED;
  self->entry->n_open += line->state == LK_LINE_OPEN;
  self->entry->n_failed += line->state == LK_LINE_REFUSED || line->state == LK_LINE_BAD;
  return lk_transfer_writer_add (self->writer, record, error);
}

static gboolean
write_file (LkConsole *self,
            const LkTransferEntry *request,
            const LkTransferHead *head,
            const char *path,
            const LkSecret *passphrase,
            LkTransferEntry *entry,
            GError **error)
{
  g_autoptr (LkTransferWriter) writer = lk_transfer_writer_new (path, head, passphrase, error);
  Answering answering = { .writer = writer, .entry = entry };

  return writer != NULL &&
         lk_store_foreach_line (lk_console_get_store (self, NULL), request->id, write_line,
                                &answering, error) &&
         lk_transfer_writer_finish (writer, error);
}

static LkTransferEntry *
get_request (LkConsole *self, gint64 transfer, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (LkTransferEntry) request =
      store != NULL ? lk_store_get_transfer (store, transfer, error) : NULL;

  if (request == NULL || (g_str_equal (request->kind, "request") && !request->is_written))
    return g_steal_pointer (&request);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("Transfer file %d is no request that was opened here"), (int) transfer);
  return NULL;
}

gboolean
lk_console_write_answer (LkConsole *self,
                         gint64 transfer,
                         const char *path,
                         const LkSecret *passphrase,
                         char **written,
                         LkTransferRow **row,
                         GError **error)
{
  g_autoptr (LkTransferEntry) request = get_request (self, transfer, error);
  g_autoptr (LkTransferHead) head =
      request != NULL ? lk_console_make_head (self, LK_TRANSFER_ANSWER, error) : NULL;
  g_autofree char *place = NULL;
  g_autoptr (LkTransferRow) done = NULL;
  LkTransferEntry entry;
  gint64 id = 0;

  if (head == NULL)
    return FALSE;

  place = path != NULL ? lk_transfer_make_path (path) : make_answer_path (request->path);
  if (g_str_equal (place, request->path))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The answer would take the place of its request “%s”; name another file"),
                   place);
      return FALSE;
    }

  head->request_id = g_strdup (request->file_id);
  head->request_store_id = g_strdup (request->store_id);
  head->n_records = request->n_rows;
  lk_transfer_entry_init (&entry, head, place, TRUE, passphrase != NULL, lk_console_now (self));
  if (!write_file (self, request, head, place, passphrase, &entry, error) ||
      !lk_store_record_transfer (lk_console_get_store (self, NULL), &entry, NULL, &id, error))
    return FALSE;

  done = lk_console_get_transfer (self, id, error);
  if (done == NULL)
    return FALSE;
  if (written != NULL)
    *written = g_steal_pointer (&place);
  if (row != NULL)
    *row = g_steal_pointer (&done);
  return TRUE;
}
