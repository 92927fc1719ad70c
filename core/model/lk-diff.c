/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/lk-diff.h"

#define MAX_HUNKS 32
#define MAX_AHEAD 64 /* keys that come or go side by side */

static gint64
get_key (GArray *keys, guint i)
{
  return g_array_index (keys, gint64, i);
}

/* How far behind @from the key stands in @keys; MAX_AHEAD when it is not near. */
static guint
look_ahead (GArray *keys, guint from, gint64 key)
{
  for (guint n = 0; n < MAX_AHEAD && from + n < keys->len; n++)
    if (get_key (keys, from + n) == key)
      return n;

  return MAX_AHEAD;
}

/* The shortest way from a difference, at @i and @j, to where both go on alike. */
static gboolean
find_hunk (GArray *old, guint i, GArray *new, guint j, LkHunk *hunk)
{
  guint max_old = MIN (MAX_AHEAD, old->len - i);

  *hunk = (LkHunk){ j, 0, 0 };
  for (guint n_removed = 0; n_removed < max_old; n_removed++)
    {
      guint n_added = look_ahead (new, j, get_key (old, i + n_removed));

      if (n_added < MAX_AHEAD)
        {
          hunk->n_removed = n_removed;
          hunk->n_added = n_added;
          /* A key that only moved away is found far off; one that went first may be nearer. */
          if (n_added > n_removed + 1 && j < new->len)
            {
              guint other = look_ahead (old, i, get_key (new, j));

              if (other < n_removed + n_added)
                *hunk = (LkHunk){ j, other, 0 };
            }
          return TRUE;
        }
    }

  /* Nothing of what comes next is there any more: the ends. */
  if (old->len - i < MAX_AHEAD && new->len - j < MAX_AHEAD)
    {
      hunk->n_removed = old->len - i;
      hunk->n_added = new->len - j;
      return TRUE;
    }
  return FALSE;
}

GArray *
lk_diff_keys (GArray *old, GArray *new)
{
  g_autoptr (GArray) hunks = g_array_new (FALSE, FALSE, sizeof (LkHunk));
  guint i = 0;
  guint j = 0;

  while (i < old->len || j < new->len)
    {
      LkHunk hunk;

      if (i < old->len && j < new->len &&get_key (old, i) == get_key (new, j))
        {
          i++;
          j++;
          continue;
        }
      if (hunks->len == MAX_HUNKS || !find_hunk (old, i, new, j, &hunk))
        return NULL;
      g_array_append_val (hunks, hunk);
      i += hunk.n_removed;
      j += hunk.n_added;
    }

  return g_steal_pointer (&hunks);
}
