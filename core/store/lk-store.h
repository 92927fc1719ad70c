/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "db/lk-writer.h"

/**
 * LkStore:
 *
 * The fleet: one SQLite file, the one truth. Everything that is known or promised is a row in it.
 * Used from any thread: writes go through one connection and are committed in groups, reads
 * through connections of their own. Opening one runs nothing.
 */
typedef struct _LkStore LkStore;

/* Opens, makes or migrates the file. */
LkStore *lk_store_open (const char *path, GError **error);
void lk_store_free (LkStore *self);
const char *lk_store_get_path (LkStore *self);

/* $XDG_DATA_HOME/latchkey/fleet.db; to be freed. */
char *lk_store_get_default_path (void);

/* One process at a time runs the jobs of a store. TRUE when the lock is ours now (or already); the
 * system releases it when the process ends, however it ends. FALSE without an error: another
 * process has it. */
gboolean lk_store_try_lock (LkStore *self, GError **error);
void lk_store_unlock (LkStore *self);
/* Whether it is ours. */
gboolean lk_store_has_lock (LkStore *self);
/* Whether some process holds it. */
gboolean lk_store_is_locked (LkStore *self);

/* A reading connection for the time being; give it back. Never write through it. */
LkDb *lk_store_borrow_reader (LkStore *self, GError **error);
void lk_store_return_reader (LkStore *self, LkDb *reader);

/* One write, see lk_writer_write(). For the files of this folder. */
gboolean lk_store_write (LkStore *self, LkWriteFunc func, gpointer user_data, GError **error);
/* Runs a write to see what it would do, and takes it all back. FALSE: it would fail, as @error
 * says. */
gboolean lk_store_rehearse (LkStore *self, LkWriteFunc func, gpointer user_data, GError **error);

/* Ciphertexts are written only while the store is sealed under the key that made them: another
 * process may have sealed everything anew meanwhile. Says which key that is (NULL: not checked). */
void lk_store_set_key_id (LkStore *self, const char *id);
/* A write of a ciphertext: LK_ERROR_BUSY, and nothing written, if the key is another one now. */
gboolean
lk_store_write_sealed (LkStore *self, LkWriteFunc func, gpointer user_data, GError **error);
/* Inside a write: whether the store is sealed under the key of that id, or under none yet. */
gboolean lk_store_check_key (LkDb *db, const char *id, GError **error);

/* Changes whenever any process has written. */
gint64 lk_store_get_version (LkStore *self);

/* The setting that tells which key the store is sealed under. */
#define LK_SETTING_KEY_ID "vault.id"

/* Settings, by name; NULL when not set. */
char *lk_store_get_setting (LkStore *self, const char *name, GError **error);
gboolean lk_store_set_setting (LkStore *self, const char *name, const char *value, GError **error);
/* Name and value by turns, to be freed with the array. */
GPtrArray *lk_store_list_settings (LkStore *self, GError **error);

/* Sealed secrets by name: ciphertext only. */
GBytes *lk_store_get_sealed (LkStore *self, const char *name, GError **error);
gboolean lk_store_set_sealed (LkStore *self, const char *name, GBytes *ciphertext, GError **error);

gboolean lk_store_backup (LkStore *self, const char *path, GError **error);
/* Replaces the file at @path by a backup, after checking that it is a whole store of a version we
 * know; the replaced one is kept as PATH.replaced-N. Nobody may hold the lock. */
gboolean lk_store_restore (const char *path, const char *backup, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkStore, lk_store_free)
