/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/lk-table-list.h"

#include "model/lk-diff.h"
#include "store/lk-fleet.h"
#include "store/lk-jobs.h"
#include "store/lk-keys.h"
#include "store/lk-merge.h"

#define MAX_JOBS     500
#define MAX_EVENTS   200
#define PAUSE_FACTOR 3 /* see lk-row-list.c */
#define MAX_PAUSE    (2 * G_TIME_SPAN_SECOND)

struct _LkTableItem
{
  GObject parent_instance;

  gint64 id;
  gpointer value;
  GDestroyNotify free_value;
};

G_DEFINE_FINAL_TYPE (LkTableItem, lk_table_item, G_TYPE_OBJECT)

struct _LkTableList
{
  GObject parent_instance;

  LkReader *reader;
  const LkTableKind *kind;
  gint64 of;
  GArray *ids;
  GPtrArray *items; /* of LkTableItem, by the side of @ids */
  GArray *versions; /* LkItemVersion of what was read last, or NULL: nothing, or not kept */
  GSource *source;
  GCancellable *reading;
  gboolean is_behind;
  gint64 read_began;
  gint64 rest_until;
};

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (LkTableList,
                               lk_table_list,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

enum
{
  SIGNAL_LOADED,
  SIGNAL_FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];
static guint filled_signal;

static GPtrArray *
read_keys (LkStore *store, gint64 of, GError **error)
{
  return lk_store_list_keys (store, error);
}

static gint64
get_key_id (gconstpointer value)
{
  return ((const LkKeyRow *) value)->id;
}

static gboolean
pool_equal (const LkPool *a, const LkPool *b)
{
  return a->remaining == b->remaining && a->checked_at == b->checked_at &&
         a->confirmed_since == b->confirmed_since && a->open == b->open && a->left == b->left &&
         a->confirmed == b->confirmed && a->blocked_code == b->blocked_code;
}

static gboolean
key_equal (gconstpointer one, gconstpointer other)
{
  const LkKeyRow *a = one;
  const LkKeyRow *b = other;

  return a->kind == b->kind && a->is_practice == b->is_practice &&
         g_bytes_equal (a->ciphertext, b->ciphertext) &&
         g_strcmp0 (a->key_identity, b->key_identity) == 0 && g_strcmp0 (a->epid, b->epid) == 0 &&
         g_strcmp0 (a->edition, b->edition) == 0 && g_strcmp0 (a->remarks, b->remarks) == 0 &&
         pool_equal (&a->pool, &b->pool);
}

const LkTableKind lk_table_keys = { read_keys, get_key_id, (GDestroyNotify) lk_key_row_free,
                                    key_equal, NULL };

static GPtrArray *
read_jobs (LkStore *store, gint64 of, GError **error)
{
  return lk_store_list_jobs (store, MAX_JOBS, error);
}

static gint64
get_job_id (gconstpointer value)
{
  return ((const LkJobRow *) value)->id;
}

static gboolean
job_equal (gconstpointer one, gconstpointer other)
{
  const LkJobRow *a = one;
  const LkJobRow *b = other;

  return a->finished_at == b->finished_at && a->key_id == b->key_id && a->n_items == b->n_items &&
         a->n_done == b->n_done && a->n_failed == b->n_failed && a->n_cancelled == b->n_cancelled &&
         a->n_parked == b->n_parked && a->n_running == b->n_running && a->n_ready == b->n_ready &&
         a->n_paused == b->n_paused && g_strcmp0 (a->state, b->state) == 0;
}

const LkTableKind lk_table_jobs = { read_jobs, get_job_id, (GDestroyNotify) lk_job_row_free,
                                    job_equal, NULL };

static gint64
get_item_id (gconstpointer value)
{
  return ((const LkItemRow *) value)->id;
}

static gboolean
item_equal (gconstpointer one, gconstpointer other)
{
  const LkItemRow *a = one;
  const LkItemRow *b = other;

  return a->attempt == b->attempt && a->due_at == b->due_at && a->code == b->code &&
         a->updated_at == b->updated_at && g_strcmp0 (a->machine, b->machine) == 0 &&
         g_strcmp0 (a->address, b->address) == 0 &&
         g_strcmp0 (a->partial_key, b->partial_key) == 0 && g_strcmp0 (a->step, b->step) == 0 &&
         g_strcmp0 (a->state, b->state) == 0 && g_strcmp0 (a->message, b->message) == 0 &&
         g_strcmp0 (a->error, b->error) == 0;
}

const LkTableKind lk_table_items = { NULL, get_item_id, (GDestroyNotify) lk_item_row_free,
                                     item_equal, lk_store_list_changed_items };

static GPtrArray *
read_events (LkStore *store, gint64 of, GError **error)
{
  return lk_store_list_events (store, of, MAX_EVENTS, error);
}

static gint64
get_event_id (gconstpointer value)
{
  return ((const LkEvent *) value)->id;
}

/* What happened is never another thing later. */
static gboolean
event_equal (gconstpointer one, gconstpointer other)
{
  return TRUE;
}

const LkTableKind lk_table_events = { read_events, get_event_id, (GDestroyNotify) lk_event_free,
                                      event_equal, NULL };

static GPtrArray *
read_merged (LkStore *store, gint64 of, GError **error)
{
  return lk_store_list_merged (store, of, error);
}

static gint64
get_merged_id (gconstpointer value)
{
  return ((const LkMerged *) value)->id;
}

const LkTableKind lk_table_merged = { read_merged, get_merged_id, (GDestroyNotify) lk_merged_free,
                                      event_equal, NULL };

static void
lk_table_item_finalize (GObject *object)
{
  LkTableItem *self = LK_TABLE_ITEM (object);

  self->free_value (self->value);
  G_OBJECT_CLASS (lk_table_item_parent_class)->finalize (object);
}

static void
lk_table_item_class_init (LkTableItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lk_table_item_finalize;
  filled_signal = g_signal_new ("filled", LK_TYPE_TABLE_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
}

static void
lk_table_item_init (LkTableItem *self)
{
}

gint64
lk_table_item_get_id (LkTableItem *self)
{
  return self->id;
}

gconstpointer
lk_table_item_get_value (LkTableItem *self)
{
  return self->value;
}

typedef struct
{
  const LkTableKind *kind;
  gint64 of;
  GArray *known;
} Question;

typedef struct
{
  GArray *versions;  /* NULL: all values are there */
  GPtrArray *values; /* NULL in the place of one that is known */
} Answer;

static void
question_free (gpointer data)
{
  Question *self = data;

  g_clear_pointer (&self->known, g_array_unref);
  g_free (self);
}

static void
answer_free (gpointer data)
{
  Answer *self = data;

  g_clear_pointer (&self->versions, g_array_unref);
  g_clear_pointer (&self->values, g_ptr_array_unref);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Answer, answer_free)

static gpointer
read_table (LkStore *store, gpointer data, GError **error)
{
  Question *question = data;
  g_autoptr (Answer) answer = g_new0 (Answer, 1);

  if (question->kind->read_changes != NULL)
    question->kind->read_changes (store, question->of, question->known, &answer->versions,
                                  &answer->values, error);
  else
    answer->values = question->kind->read (store, question->of, error);
  return answer->values != NULL ? g_steal_pointer (&answer) : NULL;
}

/* Takes @value. */
static LkTableItem *
make_item (LkTableList *self, gpointer value)
{
  LkTableItem *item = g_object_new (LK_TYPE_TABLE_ITEM, NULL);

  item->id = self->kind->get_id (value);
  item->value = value;
  item->free_value = self->kind->free_value;
  return item;
}

/* The ids of what was read, in order. */
static GArray *
list_ids (LkTableList *self, const Answer *answer)
{
  GArray *ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), answer->values->len);

  for (guint i = 0; i < answer->values->len; i++)
    {
      gint64 id = answer->versions != NULL ? g_array_index (answer->versions, LkItemVersion, i).id
                                           : self->kind->get_id (answer->values->pdata[i]);

      g_array_append_val (ids, id);
    }
  return ids;
}

static void
apply_hunk (LkTableList *self, GArray *ids, GPtrArray *values, const LkHunk *hunk)
{
  if (hunk->n_removed > 0)
    {
      g_array_remove_range (self->ids, hunk->position, hunk->n_removed);
      g_ptr_array_remove_range (self->items, hunk->position, hunk->n_removed);
    }
  for (guint i = hunk->position; i < hunk->position + hunk->n_added; i++)
    {
      g_array_insert_val (self->ids, i, g_array_index (ids, gint64, i));
      g_ptr_array_insert (self->items, (int) i,
                          make_item (self, g_steal_pointer (&values->pdata[i])));
    }
  g_list_model_items_changed (G_LIST_MODEL (self), hunk->position, hunk->n_removed, hunk->n_added);
}

static void
fill_items (LkTableList *self, GPtrArray *values)
{
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < values->len && i < self->items->len; i++)
    {
      LkTableItem *item = g_ptr_array_index (self->items, i);

      /* Taken by a new item, or the same as before. */
      if (values->pdata[i] == NULL || self->kind->equal (item->value, values->pdata[i]))
        continue;
      item->free_value (item->value);
      item->value = g_steal_pointer (&values->pdata[i]);
      g_ptr_array_add (changed, g_object_ref (item));
    }

  for (guint i = 0; i < changed->len; i++)
    g_signal_emit (g_ptr_array_index (changed, i), filled_signal, 0);
}

static void
clear (LkTableList *self)
{
  const LkHunk all = { 0, self->items->len, 0 };

  g_clear_pointer (&self->versions, g_array_unref);
  if (all.n_removed > 0)
    apply_hunk (self, NULL, NULL, &all);
}

/* FALSE when it takes values that were not read because they are known. */
static gboolean
take_answer (LkTableList *self, Answer *answer)
{
  g_autoptr (GArray) ids = list_ids (self, answer);
  g_autoptr (GArray) hunks = lk_diff_keys (self->ids, ids);
  const LkHunk all = { 0, 0, ids->len };

  if (hunks == NULL && self->versions != NULL)
    return FALSE;
  if (hunks == NULL)
    {
      clear (self);
      apply_hunk (self, ids, answer->values, &all);
    }
  for (guint i = 0; hunks != NULL && i < hunks->len; i++)
    apply_hunk (self, ids, answer->values, &g_array_index (hunks, LkHunk, i));
  fill_items (self, answer->values);

  g_clear_pointer (&self->versions, g_array_unref);
  self->versions = g_steal_pointer (&answer->versions);
  return TRUE;
}

static void queue_reading (LkTableList *self);

static void
take_reading (gpointer data, const GError *error, gpointer user_data)
{
  g_autoptr (LkTableList) self = g_object_ref (user_data);
  g_autoptr (Answer) answer = data;
  gint64 now = g_get_monotonic_time ();

  g_clear_object (&self->reading);
  self->rest_until = now + MIN (PAUSE_FACTOR * (now - self->read_began), MAX_PAUSE);
  if (self->is_behind)
    queue_reading (self);

  if (answer == NULL)
    {
      g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
      return;
    }
  if (!take_answer (self, answer))
    {
      g_clear_pointer (&self->versions, g_array_unref);
      queue_reading (self);
      return;
    }
  g_signal_emit (self, signals[SIGNAL_LOADED], 0);
}

static gboolean
needs_of (LkTableList *self)
{
  return self->kind == &lk_table_items || self->kind == &lk_table_events ||
         self->kind == &lk_table_merged;
}

static gboolean
ask (gpointer user_data)
{
  LkTableList *self = user_data;
  Question *question = g_new0 (Question, 1);

  g_clear_pointer (&self->source, g_source_unref);
  question->kind = self->kind;
  question->of = self->of;
  question->known = self->versions != NULL ? g_array_ref (self->versions) : NULL;
  self->is_behind = FALSE;
  self->read_began = g_get_monotonic_time ();
  self->reading = g_cancellable_new ();
  lk_reader_ask (self->reader, read_table, question, question_free, answer_free, self->reading,
                 take_reading, self);
  return G_SOURCE_REMOVE;
}

static void
queue_reading (LkTableList *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  gint64 pause = self->rest_until - g_get_monotonic_time ();

  if (self->reading != NULL)
    self->is_behind = TRUE;
  if (self->reading != NULL || self->source != NULL || (needs_of (self) && self->of == 0))
    return;

  self->source =
      pause > 0 ? g_timeout_source_new ((guint) (pause / 1000 + 1)) : g_idle_source_new ();
  g_source_set_priority (self->source, G_PRIORITY_HIGH_IDLE);
  g_source_set_callback (self->source, ask, self, NULL);
  g_source_attach (self->source, context);
}

static void
stop_reading (LkTableList *self)
{
  if (self->reading != NULL)
    g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static GType
get_item_type (GListModel *model)
{
  return LK_TYPE_TABLE_ITEM;
}

static guint
get_n_items (GListModel *model)
{
  return LK_TABLE_LIST (model)->items->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  LkTableList *self = LK_TABLE_LIST (model);

  return position < self->items->len ? g_object_ref (g_ptr_array_index (self->items, position))
                                     : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
lk_table_list_finalize (GObject *object)
{
  LkTableList *self = LK_TABLE_LIST (object);

  stop_reading (self);
  g_clear_object (&self->reader);
  g_array_unref (self->ids);
  g_clear_pointer (&self->versions, g_array_unref);
  g_ptr_array_unref (self->items);
  G_OBJECT_CLASS (lk_table_list_parent_class)->finalize (object);
}

static void
lk_table_list_class_init (LkTableListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lk_table_list_finalize;
  signals[SIGNAL_LOADED] = g_signal_new ("loaded", LK_TYPE_TABLE_LIST, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_FAILED] = g_signal_new ("failed", LK_TYPE_TABLE_LIST, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
lk_table_list_init (LkTableList *self)
{
  self->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
}

LkTableList *
lk_table_list_new (LkReader *reader, const LkTableKind *kind, gint64 of)
{
  LkTableList *self = g_object_new (LK_TYPE_TABLE_LIST, NULL);

  self->reader = g_object_ref (reader);
  self->kind = kind;
  self->of = of;
  g_signal_connect_object (reader, "changed", G_CALLBACK (queue_reading), self, G_CONNECT_SWAPPED);
  queue_reading (self);
  return self;
}

void
lk_table_list_set_of (LkTableList *self, gint64 of)
{
  if (self->of == of)
    return;

  self->of = of;
  self->rest_until = 0;
  stop_reading (self);
  clear (self);
  queue_reading (self);
}

gint64
lk_table_list_get_of (LkTableList *self)
{
  return self->of;
}

guint
lk_table_list_find (LkTableList *self, gint64 id)
{
  for (guint i = 0; i < self->ids->len; i++)
    if (g_array_index (self->ids, gint64, i) == id)
      return i;

  return G_MAXUINT;
}
