/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-logins.h"

#include <string.h>

struct _LkLogins
{
  GMutex lock;
  GHashTable *logins;  /* row as text → LkLogin */
  GHashTable *answers; /* folded name → LkSecret */
  GHashTable *wanted;  /* folded name → name; NULL: nobody can be asked */
};

LkLogins *
lk_logins_new (void)
{
  LkLogins *self = g_new0 (LkLogins, 1);

  g_mutex_init (&self->lock);
  self->logins =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) lk_login_unref);
  self->answers =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) lk_secret_free);
  return self;
}

void
lk_logins_free (LkLogins *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->logins);
  g_hash_table_unref (self->answers);
  g_clear_pointer (&self->wanted, g_hash_table_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* A set that was replaced has another time, and one that was re-sealed other bytes; both are read
 * anew. */
static char *
make_tag (const LkCredentialRow *row)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %u", row->id, row->created_at,
                          row->ciphertext != NULL ? g_bytes_hash (row->ciphertext) : 0);
}

LkLogin *
lk_logins_find (LkLogins *self, const LkCredentialRow *row)
{
  g_autofree char *tag = make_tag (row);
  LkLogin *login;

  g_mutex_lock (&self->lock);
  login = g_hash_table_lookup (self->logins, tag);
  if (login != NULL)
    lk_login_ref (login);
  g_mutex_unlock (&self->lock);
  return login;
}

LkLogin *
lk_logins_keep (LkLogins *self, const LkCredentialRow *row, LkLogin *login)
{
  char *tag = make_tag (row);
  LkLogin *first;

  g_mutex_lock (&self->lock);
  first = g_hash_table_lookup (self->logins, tag);
  if (first == NULL)
    {
      first = login;
      g_hash_table_insert (self->logins, tag, lk_login_ref (login));
    }
  else
    g_free (tag);
  lk_login_ref (first);
  g_mutex_unlock (&self->lock);
  return first;
}

LkSecret *
lk_logins_get_answer (LkLogins *self, const char *name)
{
  g_autofree char *folded = g_utf8_casefold (name, -1);
  const LkSecret *answer;
  LkSecret *copy;

  g_mutex_lock (&self->lock);
  answer = g_hash_table_lookup (self->answers, folded);
  copy = answer != NULL ? lk_secret_copy (answer) : NULL;
  g_mutex_unlock (&self->lock);
  return copy;
}

static gboolean
is_called (gpointer key, gpointer login, gpointer name)
{
  return g_ascii_strcasecmp (lk_login_get_name (login), name) == 0;
}

void
lk_logins_set_answer (LkLogins *self, const char *name, const LkSecret *password)
{
  g_mutex_lock (&self->lock);
  g_hash_table_foreach_remove (self->logins, is_called, (gpointer) name);
  g_hash_table_insert (self->answers, g_utf8_casefold (name, -1), lk_secret_copy (password));
  if (self->wanted != NULL)
    {
      g_autofree char *folded = g_utf8_casefold (name, -1);

      g_hash_table_remove (self->wanted, folded);
    }
  g_mutex_unlock (&self->lock);
}

void
lk_logins_expect_answers (LkLogins *self)
{
  g_mutex_lock (&self->lock);
  if (self->wanted == NULL)
    self->wanted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_mutex_unlock (&self->lock);
}

gboolean
lk_logins_want_answer (LkLogins *self, const char *name)
{
  gboolean can_ask;

  g_mutex_lock (&self->lock);
  can_ask = self->wanted != NULL;
  if (can_ask)
    g_hash_table_insert (self->wanted, g_utf8_casefold (name, -1), g_strdup (name));
  g_mutex_unlock (&self->lock);
  return can_ask;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char **
lk_logins_list_wanted (LkLogins *self)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_mutex_lock (&self->lock);
  if (self->wanted != NULL)
    {
      g_hash_table_iter_init (&iter, self->wanted);
      while (g_hash_table_iter_next (&iter, NULL, &name))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_mutex_unlock (&self->lock);
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}
