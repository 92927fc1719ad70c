/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-enumerate.h"

#include "lab/lk-wql.h"

#include <string.h>

#define MAX_CONTEXTS  10000
#define MAX_BATCH     32000 /* MaxBatchItems */
#define MIN_ENVELOPE  8192
#define ENVELOPE_HEAD 1400 /* what surrounds the items, with room to spare … */
#define ITEM_FRAME    512  /* … and the properties, */
#define EPR_BYTES     800
#define SURELY_ENOUGH 8192 /* no item is larger, so that few are measured */

typedef struct
{
  guint machine;
  LkLabView view;
  GArray *rows; /* LkLabRow of @view, those that match */
  guint next;
  const LkLabColumn **columns; /* NULL: whole objects */
  guint n_columns;
  LkLabMode mode;
  gboolean is_dmtf;
  GString *scratch;
  gint64 expires; /* monotonic µs */
} Context;

struct _LkLabContexts
{
  GMutex lock;
  GHashTable *contexts; /* name → Context */
  gint64 lifetime;
  gint64 next_sweep;
};

static void
context_free (gpointer data)
{
  Context *self = data;

  if (self == NULL)
    return;
  g_array_unref (self->rows);
  g_free (self->columns);
  g_string_free (self->scratch, TRUE);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Context, context_free)

LkLabContexts *
lk_lab_contexts_new (guint lifetime_ms)
{
  LkLabContexts *self = g_new0 (LkLabContexts, 1);

  g_mutex_init (&self->lock);
  self->contexts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, context_free);
  self->lifetime = (gint64) lifetime_ms * 1000;
  return self;
}

void
lk_lab_contexts_free (LkLabContexts *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->contexts);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gboolean
is_expired (gpointer key, gpointer value, gpointer user_data)
{
  return ((Context *) value)->expires <= *(gint64 *) user_data;
}

/* Takes @context, in any case; FALSE when there are too many. */
static gboolean
keep_context (LkLabContexts *self, const char *name, Context *context)
{
  gint64 now = g_get_monotonic_time ();
  gboolean kept;

  context->expires = now + self->lifetime;
  g_mutex_lock (&self->lock);
  if (now >= self->next_sweep)
    {
      g_hash_table_foreach_remove (self->contexts, is_expired, &now);
      self->next_sweep = now + G_USEC_PER_SEC;
    }
  kept = g_hash_table_size (self->contexts) < MAX_CONTEXTS;
  if (kept)
    g_hash_table_insert (self->contexts, g_strdup (name), context);
  g_mutex_unlock (&self->lock);

  if (!kept)
    context_free (context);
  return kept;
}

static Context *
take_context (LkLabContexts *self, guint machine, const char *name)
{
  Context *context;

  if (name == NULL)
    return NULL;

  g_mutex_lock (&self->lock);
  context = g_hash_table_lookup (self->contexts, name);
  if (context != NULL &&
      (context->machine != machine || context->expires <= g_get_monotonic_time ()))
    context = NULL;
  if (context != NULL)
    {
      g_autofree char *stolen = NULL;

      g_hash_table_steal_extended (self->contexts, name, (gpointer *) &stolen, NULL);
    }
  g_mutex_unlock (&self->lock);
  return context;
}

static const char *
get_for_wql (const char *column, gpointer user_data)
{
  const LkLabRow *row = user_data;

  return lk_lab_row_get (row, lk_lab_class_find_column (row->class_, column,
                                                        row->view->traits->generation->columns));
}

static void
keep_matching (Context *self, const LkWql *query)
{
  for (guint i = self->rows->len; i-- > 0;)
    if (!lk_wql_matches (query, get_for_wql, &g_array_index (self->rows, LkLabRow, i)))
      g_array_remove_index (self->rows, i);
}

/* Takes over the columns of the query. A single unknown one spoils it, as on real machines. */
static gboolean
resolve_columns (Context *self, const LkWql *query, const LkLabClass *class_, gboolean *reads_iid)
{
  const char *const *names = lk_wql_get_columns (query);
  const char *const *used = lk_wql_get_used (query);
  LkLabColumns level = self->view.traits->generation->columns;

  for (guint i = 0; used[i] != NULL; i++)
    if (lk_lab_class_find_column (class_, used[i], level) == NULL)
      return FALSE;
  if (names == NULL)
    return TRUE;

  self->n_columns = g_strv_length ((char **) names);
  self->columns = g_new0 (const LkLabColumn *, self->n_columns);
  *reads_iid = FALSE;
  for (guint i = 0; names[i] != NULL; i++)
    {
      self->columns[i] = lk_lab_class_find_column (class_, names[i], level);
      if (self->columns[i] == NULL)
        return FALSE;
      *reads_iid = *reads_iid || g_str_equal (self->columns[i]->name, "OfflineInstallationId");
    }
  return TRUE;
}

static gsize
measure_text (const char *text)
{
  gsize n = 0;

  for (const char *p = text; p != NULL && *p != '\0'; p++)
    n += *p == '&' || *p == '<' || *p == '>' || *p == '"' ? 6 : 1;

  return n;
}

static gsize
measure_value (const LkLabRow *row, const LkLabColumn *column)
{
  const char *value = lk_lab_row_get (row, column);
  gsize n = 2 * strlen (column->name) + strlen ("<p:></p:>");

  if (value == NULL)
    return n + strlen (" xsi:nil=\"true\"");
  if (column->type == LK_LAB_CIM_DATETIME)
    n += strlen ("<cim:Datetime></cim:Datetime>");
  return n + measure_text (value);
}

/* At least the bytes that the item will take. */
static gsize
measure_item (Context *self, const LkLabRow *row)
{
  gsize n = ITEM_FRAME;

  if (self->mode != LK_LAB_OBJECTS)
    n += EPR_BYTES;
  if (self->mode == LK_LAB_EPRS)
    return n;
  for (guint i = 0; i < (self->columns != NULL ? self->n_columns : row->class_->n_columns); i++)
    n += measure_value (row, self->columns != NULL ? self->columns[i] : &row->class_->columns[i]);
  return n;
}

/* How many of the next rows go into one answer. */
static guint
count_fitting (Context *self, const LkLabRequest *request, guint64 max_elements)
{
  guint left = self->rows->len - self->next;
  guint wanted = (guint) MIN (left, MIN (max_elements, MAX_BATCH));
  gsize used =
      ENVELOPE_HEAD + measure_text (request->message_id) + measure_text (request->operation_id);

  if (used + (guint64) wanted * SURELY_ENOUGH <= request->max_envelope)
    return wanted;

  for (guint i = 0; i < wanted; i++)
    {
      used += measure_item (self, &g_array_index (self->rows, LkLabRow, self->next + i));
      if (used > request->max_envelope)
        return i;
    }
  return wanted;
}

static void
write_item (Context *self, LkXmlWriter *writer, const LkLabRow *row)
{
  if (self->mode == LK_LAB_EPRS)
    {
      lk_lab_answer_write_epr (writer, row, self->is_dmtf);
      return;
    }
  if (self->mode == LK_LAB_OBJECTS_AND_EPRS)
    lk_xml_writer_start (writer, "w:Item");
  if (self->columns != NULL)
    lk_lab_answer_write_fragment (writer, row, self->columns, self->n_columns);
  else
    lk_lab_answer_write_object (writer, row, self->is_dmtf);
  if (self->mode == LK_LAB_OBJECTS_AND_EPRS)
    {
      lk_lab_answer_write_epr (writer, row, self->is_dmtf);
      lk_xml_writer_end (writer);
    }
}

/* Items and end live in another namespace in each of the two answers; takes @context. */
static GBytes *
answer_items (LkLabContexts *self,
              Context *context,
              const LkLabRequest *request,
              const LkLabVoice *voice,
              guint *status)
{
  gboolean is_pull = request->operation == LK_LAB_PULL;
  gboolean with_items = is_pull || request->optimize;
  guint64 max_elements = request->max_elements > 0 ? request->max_elements : 1;
  guint first = context->next;
  guint n = with_items ? count_fitting (context, request, max_elements) : 0;
  gboolean at_end = with_items && first + n == context->rows->len;
  g_autoptr (LkXmlWriter) writer = NULL;
  g_autofree char *random = g_uuid_string_random ();
  g_autofree char *name = g_strconcat ("uuid:", random, NULL);

  if (with_items && n == 0 && !at_end)
    {
      context_free (context);
      return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_ENVELOPE_EXCEEDED, NULL);
    }

  writer = lk_lab_answer_begin (request, is_pull ? LK_LAB_NS_WSEN "/PullResponse"
                                                 : LK_LAB_NS_WSEN "/EnumerateResponse");
  lk_xml_writer_start (writer, is_pull ? "n:PullResponse" : "n:EnumerateResponse");
  if (!at_end)
    lk_xml_writer_element (writer, "n:EnumerationContext", name);
  else if (!is_pull)
    lk_xml_writer_element (writer, "n:EnumerationContext", "");

  if (with_items)
    {
      lk_xml_writer_start (writer, is_pull ? "n:Items" : "w:Items");
      for (guint i = 0; i < n; i++)
        write_item (context, writer, &g_array_index (context->rows, LkLabRow, first + i));
      lk_xml_writer_end (writer);
      if (at_end)
        lk_xml_writer_element (writer, is_pull ? "n:EndOfSequence" : "w:EndOfSequence", NULL);
    }

  /* Only now may another request pull the rest. */
  context->next = first + n;
  if (at_end)
    context_free (context);
  else if (!keep_context (self, name, context))
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_QUOTA, NULL);
  *status = 200;
  return lk_xml_writer_finish (writer);
}

static Context *
context_new (LkLabFleet *fleet, guint machine, const LkLabRequest *request)
{
  Context *context = g_new0 (Context, 1);

  context->machine = machine;
  context->mode = request->mode;
  context->is_dmtf = request->is_dmtf;
  context->scratch = g_string_sized_new (128);
  lk_lab_fleet_view (fleet, machine, &context->view);
  return context;
}

static void
list_rows (Context *self, const LkLabClass *class_)
{
  self->rows = lk_lab_class_list_rows (class_, &self->view);
  for (guint i = 0; i < self->rows->len; i++)
    g_array_index (self->rows, LkLabRow, i).scratch = self->scratch;
}

GBytes *
lk_lab_enumerate (LkLabContexts *self,
                  LkLabFleet *fleet,
                  guint machine,
                  const LkLabRequest *request,
                  const LkLabVoice *voice,
                  guint *status,
                  gboolean *reads_iid)
{
  gboolean any_class = g_str_equal (request->class_name, "*");
  g_autoptr (Context) context = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (LkWql) query = NULL;
  const LkLabClass *class_;

  *status = 500;
  *reads_iid = TRUE;
  if (request->max_envelope < MIN_ENVELOPE)
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_ENVELOPE_SMALL, NULL);
  if (request->mode_text != NULL)
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_MODE, NULL);
  if (request->filter != NULL &&
      (request->filter_dialect == NULL ||
       g_ascii_strcasecmp (request->filter_dialect, LK_LAB_WQL_URI) != 0))
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_FILTER, NULL);
  if (request->filter != NULL && !any_class && !request->is_dmtf)
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_WQL_URI, NULL);
  if (request->filter != NULL)
    {
      query = lk_wql_parse (request->filter, &error);
      if (query == NULL)
        return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_FILTER, error->message);
    }

  class_ = lk_lab_class_find (query != NULL ? lk_wql_get_class (query) : request->class_name);
  if (class_ == NULL)
    return lk_lab_answer_fault (request, voice,
                                query != NULL ? LK_LAB_FAULT_FILTER : LK_LAB_FAULT_NO_CLASS,
                                "The specified class does not exist in the given namespace.");

  context = context_new (fleet, machine, request);
  list_rows (context, class_);
  if (query != NULL)
    {
      if (!resolve_columns (context, query, class_, reads_iid))
        return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_FILTER, NULL);
      keep_matching (context, query);
    }
  return answer_items (self, g_steal_pointer (&context), request, voice, status);
}

GBytes *
lk_lab_pull (LkLabContexts *self,
             guint machine,
             const LkLabRequest *request,
             const LkLabVoice *voice,
             guint *status)
{
  Context *context;

  *status = 500;
  if (request->max_envelope < MIN_ENVELOPE)
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_ENVELOPE_SMALL, NULL);
  context = take_context (self, machine, request->context);
  if (context == NULL)
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_CONTEXT, NULL);

  return answer_items (self, context, request, voice, status);
}

GBytes *
lk_lab_release (LkLabContexts *self,
                guint machine,
                const LkLabRequest *request,
                const LkLabVoice *voice,
                guint *status)
{
  g_autoptr (Context) context = take_context (self, machine, request->context);
  g_autoptr (LkXmlWriter) writer = NULL;

  *status = 500;
  if (context == NULL)
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_CONTEXT, NULL);

  *status = 200;
  writer = lk_lab_answer_begin (request, LK_LAB_NS_WSEN "/ReleaseResponse");
  return lk_xml_writer_finish (writer);
}

GBytes *
lk_lab_get (LkLabFleet *fleet,
            guint machine,
            const LkLabRequest *request,
            const LkLabVoice *voice,
            guint *status)
{
  const LkLabClass *class_ = lk_lab_class_find (request->class_name);
  g_autoptr (Context) context = NULL;
  g_autoptr (LkXmlWriter) writer = NULL;
  const char *selected;

  *status = 500;
  if (class_ == NULL)
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_NO_CLASS, NULL);
  selected = lk_lab_request_get_selector (request, class_->key);
  if (selected == NULL && !class_->is_singleton)
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_SELECTORS, NULL);

  context = context_new (fleet, machine, request);
  list_rows (context, class_);
  for (guint i = 0; i < context->rows->len; i++)
    {
      const LkLabRow *row = &g_array_index (context->rows, LkLabRow, i);
      const char *key = get_for_wql (class_->key, (gpointer) row);

      if (selected != NULL && g_ascii_strcasecmp (key, selected) != 0)
        continue;
      *status = 200;
      writer = lk_lab_answer_begin (request, LK_LAB_NS_WXF "/GetResponse");
      lk_lab_answer_write_object (writer, row, request->is_dmtf);
      return lk_xml_writer_finish (writer);
    }
  return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_NO_INSTANCE, NULL);
}
