/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/lk-row-list.h"

#include "model/lk-diff.h"

/* While much is written, keys are read again after a pause of this many times the reading. */
#define PAUSE_FACTOR 3
#define MAX_PAUSE    (2 * G_TIME_SPAN_SECOND)

struct _LkRowItem
{
  GObject parent_instance;

  gint64 key;
  LkRow *row;
  GHashTable *living; /* of the list; &key → this item */
};

G_DEFINE_FINAL_TYPE (LkRowItem, lk_row_item, G_TYPE_OBJECT)

struct _LkRowList
{
  GObject parent_instance;

  LkReader *reader;
  LkSelection *selection;
  LkRowSort sort;
  gboolean is_descending;

  GArray *keys;
  GHashTable *positions; /* &key in keys → position; made when it is first asked for */
  GHashTable *living;    /* &key in the item → LkRowItem, not owned */
  GArray *wanted;        /* keys of items that wait to be filled */

  GSource *fill_source;
  GSource *read_source;
  GCancellable *life;    /* cancelled when the list goes */
  GCancellable *reading; /* of keys; NULL while none is under way */
  gboolean is_loading;
  gboolean is_behind; /* something was written since the reading began */
  gint64 read_began;
  gint64 rest_until;
};

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (LkRowList,
                               lk_row_list,
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

static void
lk_row_item_finalize (GObject *object)
{
  LkRowItem *self = LK_ROW_ITEM (object);

  g_hash_table_remove (self->living, &self->key);
  g_hash_table_unref (self->living);
  lk_row_free (self->row);
  G_OBJECT_CLASS (lk_row_item_parent_class)->finalize (object);
}

static void
lk_row_item_class_init (LkRowItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lk_row_item_finalize;
  filled_signal = g_signal_new ("filled", LK_TYPE_ROW_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);
}

static void
lk_row_item_init (LkRowItem *self)
{
}

gint64
lk_row_item_get_key (LkRowItem *self)
{
  return self->key;
}

const LkRow *
lk_row_item_get_row (LkRowItem *self)
{
  return self->row;
}

/* What is asked of the reader, and what it answers. */
typedef struct
{
  LkSelection *selection; /* NULL: rows only */
  LkRowSort sort;
  gboolean is_descending;
  GArray *row_keys;
} Question;

typedef struct
{
  GArray *keys;
  GArray *row_keys;
  GPtrArray *rows; /* in the order of row_keys; NULL for those that are gone */
} Answer;

static void
question_free (gpointer data)
{
  Question *self = data;

  g_clear_pointer (&self->selection, lk_selection_free);
  g_clear_pointer (&self->row_keys, g_array_unref);
  g_free (self);
}

static void
answer_free (gpointer data)
{
  Answer *self = data;

  g_clear_pointer (&self->keys, g_array_unref);
  g_clear_pointer (&self->row_keys, g_array_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Answer, answer_free)

static gpointer
read_rows (LkStore *store, gpointer data, GError **error)
{
  Question *question = data;
  g_autoptr (Answer) answer = g_new0 (Answer, 1);

  if (question->selection != NULL)
    {
      answer->keys = lk_store_list_keys_of_rows (store, question->selection, question->sort,
                                                 question->is_descending, error);
      if (answer->keys == NULL)
        return NULL;
    }

  answer->rows = lk_store_load_rows (store, (const gint64 *) (gpointer) question->row_keys->data,
                                     question->row_keys->len, error);
  answer->row_keys = g_steal_pointer (&question->row_keys);
  return answer->rows != NULL ? g_steal_pointer (&answer) : NULL;
}

static void
fill_items (LkRowList *self, Answer *answer)
{
  for (guint i = 0; i < answer->rows->len; i++)
    {
      LkRow *row = g_ptr_array_index (answer->rows, i);
      LkRowItem *item =
          g_hash_table_lookup (self->living, &g_array_index (answer->row_keys, gint64, i));
      g_autoptr (LkRowItem) kept = NULL;

      if (row == NULL || item == NULL || (item->row != NULL && lk_row_equal (item->row, row)))
        continue;

      lk_row_free (item->row);
      item->row = row;
      answer->rows->pdata[i] = NULL;
      kept = g_object_ref (item);
      g_signal_emit (kept, filled_signal, 0);
    }
}

static void
take_rows (gpointer data, const GError *error, gpointer user_data)
{
  g_autoptr (LkRowList) self = g_object_ref (user_data);
  g_autoptr (Answer) answer = data;

  if (answer != NULL)
    fill_items (self, answer);
  else
    g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

static gboolean
ask_for_rows (gpointer user_data)
{
  LkRowList *self = user_data;
  Question *question = g_new0 (Question, 1);

  g_clear_pointer (&self->fill_source, g_source_unref);
  question->row_keys = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < self->wanted->len; i++)
    {
      gint64 key = g_array_index (self->wanted, gint64, i);
      LkRowItem *item = g_hash_table_lookup (self->living, &key);

      /* Who scrolls fast asks for items and lets go of them at once. */
      if (item != NULL && item->row == NULL)
        g_array_append_val (question->row_keys, key);
    }
  g_array_set_size (self->wanted, 0);

  if (question->row_keys->len > 0)
    lk_reader_ask (self->reader, read_rows, question, question_free, answer_free, self->life,
                   take_rows, self);
  else
    question_free (question);
  return G_SOURCE_REMOVE;
}

/* Before the next frame, which GTK draws at a lower priority. */
static GSource *
add_source (LkRowList *self, GSourceFunc func, gint64 delay)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  GSource *source =
      delay > 0 ? g_timeout_source_new ((guint) (delay / 1000 + 1)) : g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_HIGH_IDLE);
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, context);
  return source;
}

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
set_keys (LkRowList *self, GArray *keys)
{
  g_clear_pointer (&self->positions, g_hash_table_unref);
  if (keys == self->keys)
    return;
  g_array_unref (self->keys);
  self->keys = g_array_ref (keys);
}

static void
replace_all (LkRowList *self, GArray *keys)
{
  guint n = self->keys->len;

  set_keys (self, keys);
  if (n > 0 || keys->len > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, n, keys->len);
}

static void
apply_hunk (LkRowList *self, GArray *keys, const LkHunk *hunk)
{
  set_keys (self, self->keys);
  if (hunk->n_removed > 0)
    g_array_remove_range (self->keys, hunk->position, hunk->n_removed);
  if (hunk->n_added > 0)
    g_array_insert_vals (self->keys, hunk->position, &g_array_index (keys, gint64, hunk->position),
                         hunk->n_added);
  g_list_model_items_changed (G_LIST_MODEL (self), hunk->position, hunk->n_removed, hunk->n_added);
}

static void
take_keys (LkRowList *self, GArray *keys)
{
  g_autoptr (GArray) hunks = lk_diff_keys (self->keys, keys);

  if (hunks == NULL)
    replace_all (self, keys);
  for (guint i = 0; hunks != NULL && i < hunks->len; i++)
    apply_hunk (self, keys, &g_array_index (hunks, LkHunk, i));
}

static void queue_reading (LkRowList *self);

static void
take_reading (gpointer data, const GError *error, gpointer user_data)
{
  g_autoptr (LkRowList) self = g_object_ref (user_data);
  g_autoptr (Answer) answer = data;
  gint64 now = g_get_monotonic_time ();

  g_clear_object (&self->reading);
  self->is_loading = FALSE;
  self->rest_until = now + MIN (PAUSE_FACTOR * (now - self->read_began), MAX_PAUSE);
  if (self->is_behind)
    queue_reading (self);

  if (answer == NULL)
    {
      g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
      return;
    }
  take_keys (self, answer->keys);
  fill_items (self, answer);
  g_signal_emit (self, signals[SIGNAL_LOADED], 0);
}

static gboolean
ask_for_keys (gpointer user_data)
{
  LkRowList *self = user_data;
  Question *question = g_new0 (Question, 1);
  GHashTableIter iter;
  gpointer key;

  g_clear_pointer (&self->read_source, g_source_unref);
  question->selection = lk_selection_parse (self->selection->text, NULL);
  question->sort = self->sort;
  question->is_descending = self->is_descending;
  question->row_keys = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_hash_table_iter_init (&iter, self->living);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_array_append_vals (question->row_keys, key, 1);

  self->is_behind = FALSE;
  self->read_began = g_get_monotonic_time ();
  self->reading = g_cancellable_new ();
  lk_reader_ask (self->reader, read_rows, question, question_free, answer_free, self->reading,
                 take_reading, self);
  return G_SOURCE_REMOVE;
}

/* Because something was written: not while a reading is under way, and not again at once. */
static void
queue_reading (LkRowList *self)
{
  if (self->reading != NULL)
    self->is_behind = TRUE;
  else if (self->read_source == NULL)
    self->read_source = add_source (self, ask_for_keys, self->rest_until - g_get_monotonic_time ());
}

/* Because a person wants to see something else: at once. */
static void
start_over (LkRowList *self)
{
  if (self->reading != NULL)
    g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  clear_source (&self->read_source);
  self->is_loading = TRUE;
  self->read_source = add_source (self, ask_for_keys, 0);
}

static GType
get_item_type (GListModel *model)
{
  return LK_TYPE_ROW_ITEM;
}

static guint
get_n_items (GListModel *model)
{
  return LK_ROW_LIST (model)->keys->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  LkRowList *self = LK_ROW_LIST (model);
  LkRowItem *item;
  gint64 key;

  if (position >= self->keys->len)
    return NULL;

  key = g_array_index (self->keys, gint64, position);
  item = g_hash_table_lookup (self->living, &key);
  if (item != NULL)
    return g_object_ref (item);

  item = g_object_new (LK_TYPE_ROW_ITEM, NULL);
  item->key = key;
  item->living = g_hash_table_ref (self->living);
  g_hash_table_insert (self->living, &item->key, item);
  g_array_append_val (self->wanted, key);
  if (self->fill_source == NULL)
    self->fill_source = add_source (self, ask_for_rows, 0);
  return item;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
lk_row_list_finalize (GObject *object)
{
  LkRowList *self = LK_ROW_LIST (object);

  g_cancellable_cancel (self->life);
  if (self->reading != NULL)
    g_cancellable_cancel (self->reading);
  clear_source (&self->fill_source);
  clear_source (&self->read_source);
  g_clear_object (&self->reading);
  g_object_unref (self->life);
  g_clear_object (&self->reader);
  g_clear_pointer (&self->positions, g_hash_table_unref);
  g_hash_table_unref (self->living);
  g_array_unref (self->wanted);
  g_array_unref (self->keys);
  lk_selection_free (self->selection);
  G_OBJECT_CLASS (lk_row_list_parent_class)->finalize (object);
}

static void
lk_row_list_class_init (LkRowListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lk_row_list_finalize;
  signals[SIGNAL_LOADED] = g_signal_new ("loaded", LK_TYPE_ROW_LIST, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_FAILED] = g_signal_new ("failed", LK_TYPE_ROW_LIST, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
lk_row_list_init (LkRowList *self)
{
  self->selection = lk_selection_parse ("", NULL);
  self->keys = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->wanted = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->living = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->life = g_cancellable_new ();
}

LkRowList *
lk_row_list_new (LkReader *reader)
{
  LkRowList *self = g_object_new (LK_TYPE_ROW_LIST, NULL);

  self->reader = g_object_ref (reader);
  g_signal_connect_object (reader, "changed", G_CALLBACK (queue_reading), self, G_CONNECT_SWAPPED);
  start_over (self);
  return self;
}

gboolean
lk_row_list_set_selection (LkRowList *self, const char *selection, GError **error)
{
  LkSelection *parsed = lk_selection_parse (selection, error);

  if (parsed == NULL)
    return FALSE;

  lk_selection_free (self->selection);
  self->selection = parsed;
  start_over (self);
  return TRUE;
}

void
lk_row_list_set_order (LkRowList *self, LkRowSort sort, gboolean is_descending)
{
  if (self->sort == sort && self->is_descending == is_descending)
    return;

  self->sort = sort;
  self->is_descending = is_descending;
  start_over (self);
}

const char *
lk_row_list_get_selection (LkRowList *self)
{
  return self->selection->text;
}

LkRowSort
lk_row_list_get_sort (LkRowList *self, gboolean *is_descending)
{
  if (is_descending != NULL)
    *is_descending = self->is_descending;
  return self->sort;
}

gboolean
lk_row_list_is_loading (LkRowList *self)
{
  return self->is_loading;
}

static void
index_positions (LkRowList *self)
{
  self->positions = g_hash_table_new (g_int64_hash, g_int64_equal);
  for (guint i = 0; i < self->keys->len; i++)
    g_hash_table_insert (self->positions, &g_array_index (self->keys, gint64, i),
                         GUINT_TO_POINTER (i));
}

guint
lk_row_list_find (LkRowList *self, gint64 key)
{
  gpointer position = NULL;

  if (self->positions == NULL)
    index_positions (self);
  if (!g_hash_table_lookup_extended (self->positions, &key, NULL, &position))
    return G_MAXUINT;
  return GPOINTER_TO_UINT (position);
}

gint64
lk_row_list_get_key (LkRowList *self, guint position)
{
  return position < self->keys->len ? g_array_index (self->keys, gint64, position) : 0;
}
