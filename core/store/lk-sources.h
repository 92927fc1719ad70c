/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-sighting.h"
#include "store/lk-store.h"

/* Searches for machines that are kept under a name, and what they found when they last ran. */

/**
 * LkSource:
 *
 * @kind: the word of the verb that runs it: "file", "range", "workgroup", …
 * @names, @values: the parameters, side by side; several with one name are its values in order. No
 *   secrets: a credential set goes by its name
 */
typedef struct
{
  gint64 id;
  char *name;
  char *kind;
  GPtrArray *names;
  GPtrArray *values;
  gint64 created_at;
  gint64 run_at; /* when it last came to its end, or 0 */
  guint n_machines;
} LkSource;

LkSource *lk_source_new (const char *name, const char *kind);
void lk_source_free (LkSource *self);
void lk_source_set (LkSource *self, const char *name, const char *value);
/* The first value, or NULL; owned by the source. */
const char *lk_source_get (const LkSource *self, const char *name);
/* All values, NULL-terminated, or NULL for none; to be freed with g_free() alone. */
const char **lk_source_list (const LkSource *self, const char *name);

/* Keeps it, in the place of one with the same name if @replaces; else that is LK_ERROR_INVALID. A
 * name has letters, digits, dashes, dots and underscores, at most 64. What the one before found
 * stays. */
gboolean lk_store_save_source (LkStore *self,
                               const LkSource *source,
                               gboolean replaces,
                               gint64 now,
                               GError **error);
/* Whether a source could be kept under that name; LK_ERROR_INVALID says why not. */
gboolean lk_store_check_source_name (LkStore *self, const char *name, GError **error);
/* NULL with LK_ERROR_INVALID when there is none with that name. */
LkSource *lk_store_get_source (LkStore *self, const char *name, GError **error);
GPtrArray *lk_store_list_sources (LkStore *self, GError **error);
gboolean lk_store_remove_source (LkStore *self, const char *name, GError **error);

typedef enum
{
  LK_NEWS_NEW,     /* the source has not found it before */
  LK_NEWS_CHANGED, /* it did, but elsewhere: another address, port or domain */
  LK_NEWS_GONE,    /* it did last time, and not now */
} LkNewsKind;

/**
 * LkSourceNews:
 *
 * One machine that a source finds otherwise than the last time.
 */
typedef struct
{
  LkNewsKind kind;
  char *name;
  char *was; /* "10.0.0.7:5985 LAB", or NULL */
  char *is;
} LkSourceNews;

void lk_source_news_free (LkSourceNews *self);

/* Compares what the source found with what it found the last time, and keeps it. The machines
 * themselves are left alone. Unless it was @is_complete nothing is gone. By name. */
GPtrArray *lk_store_note_run (LkStore *self,
                              const LkSource *source,
                              GPtrArray *sightings,
                              gboolean is_complete,
                              gint64 now,
                              GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSource, lk_source_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSourceNews, lk_source_news_free)
