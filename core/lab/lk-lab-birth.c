/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-birth.h"

#include "base/lk-error.h"

#include <string.h>

#define DAY 1440

/* Numbers of the practice keys that machines are born with: high enough to stay clear of those
 * that people take for their own trials, which begin at 0. */
#define BORN_MAK 5

struct _LkLabBirth
{
  GArray *weights; /* guint, of each generation */
  guint total;
  LkSecret *gvlk[LK_LAB_MAX_PRODUCTS];
  LkSecret *mak[LK_LAB_MAX_PRODUCTS];
};

void
lk_lab_birth_free (LkLabBirth *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->weights);
  for (guint i = 0; i < LK_LAB_MAX_PRODUCTS; i++)
    {
      g_clear_pointer (&self->gvlk[i], lk_secret_free);
      g_clear_pointer (&self->mak[i], lk_secret_free);
    }
  g_free (self);
}

static gboolean
read_mix (LkLabBirth *self, const char *mix, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (mix, ",", -1);

  for (guint i = 0; i < self->weights->len; i++)
    g_array_index (self->weights, guint, i) = 0;

  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *equals = strchr (g_strstrip (parts[i]), '=');
      const LkLabGeneration *generation;
      guint64 weight = 1;

      if (equals != NULL)
        *equals = '\0';
      generation = lk_lab_generation_find (parts[i]);
      if (generation == NULL ||
          (equals != NULL && !g_ascii_string_to_unsigned (equals + 1, 10, 0, 1000, &weight, NULL)))
        {
          g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                       "“%s” in the mix is no generation of Windows with a weight up to 1000",
                       parts[i]);
          return FALSE;
        }
      g_array_index (self->weights, guint, generation - lk_lab_generation_get (0)) +=
          (guint) weight;
    }
  return TRUE;
}

LkLabBirth *
lk_lab_birth_new (const char *mix, GError **error)
{
  g_autoptr (LkLabBirth) self = g_new0 (LkLabBirth, 1);
  const LkLabGeneration *generation;

  self->weights = g_array_new (FALSE, TRUE, sizeof (guint));
  for (guint i = 0; (generation = lk_lab_generation_get (i)) != NULL; i++)
    g_array_append_val (self->weights, generation->weight);
  if (mix != NULL && !read_mix (self, mix, error))
    return NULL;

  for (guint i = 0; i < self->weights->len; i++)
    self->total += g_array_index (self->weights, guint, i);
  if (self->total == 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "The mix leaves no generation of Windows");
      return NULL;
    }

  for (guint i = 0; i < LK_LAB_MAX_PRODUCTS; i++)
    {
      self->gvlk[i] = lk_lab_key_new (LK_KEY_GVLK, (LkLabProductKind) i, 0);
      self->mak[i] = lk_lab_key_new (LK_KEY_MAK, (LkLabProductKind) i, BORN_MAK);
    }
  return g_steal_pointer (&self);
}

static const LkLabGeneration *
choose_generation (LkLabBirth *self, guint64 seed)
{
  guint place = (guint) (lk_lab_draw (seed, "generation", 0) % self->total);

  for (guint i = 0;; i++)
    {
      guint weight = g_array_index (self->weights, guint, i);

      if (place < weight)
        return lk_lab_generation_get (i);
      place -= weight;
    }
}

/* A machine of @age days whose product has been in its first grace since. */
static LkLabProduct *
add_product (LkLabBirth *self,
             const LkLabTraits *traits,
             LkLabState *state,
             LkLabProductKind kind,
             LkKeyKind key_kind,
             gint64 installed_at,
             gint64 now)
{
  LkLabProduct *product = &state->products[state->n_products++];
  const LkSecret *key = key_kind == LK_KEY_MAK ? self->mak[kind] : self->gvlk[kind];
  LkKeyKind found = LK_KEY_UNKNOWN;

  product->kind = kind;
  lk_lab_license_init (&product->license, traits->generation->profile, installed_at);
  lk_lab_product_set_key (product, lk_secret_peek (key), &found);
  product->license.key_kind = key_kind;
  product->license.checks_genuine = lk_lab_draw (traits->seed, "genuine", kind) % 2 == 0;
  lk_lab_license_apply (&product->license, traits->generation->profile, LK_LAB_TICK, LK_KEY_UNKNOWN,
                        now);
  return product;
}

static void
set_licensed (LkLabProduct *product, LkKeyKind kind, LkLabActivatedBy by)
{
  product->license.status = LK_LICENSE_LICENSED;
  product->license.reason = 0;
  product->license.grace_until = LK_LAB_NEVER;
  product->license.activated_by = by;
  product->license.key_kind = kind;
  product->license.reduced = FALSE;
}

static void
add_windows (LkLabBirth *self, LkLabTraits *traits, LkLabState *state, gint64 now)
{
  guint lot = (guint) (lk_lab_draw (traits->seed, "windows", 0) % 100);
  gint64 age = (gint64) (lk_lab_draw (traits->seed, "age", 0) % (29 * DAY));
  gint64 long_ago = now - 400 * DAY + age;
  LkLabProduct *product;

  traits->is_subscription = lot < 2 && g_str_has_prefix (traits->generation->version, "10.") &&
                            !traits->generation->is_server;
  traits->has_oem_key = lot >= 2 && lot < 6 && traits->generation->columns >= LK_LAB_COLUMNS_8;

  if (traits->is_subscription || traits->has_oem_key)
    {
      product = add_product (self, traits, state, LK_LAB_WINDOWS, LK_KEY_OEM, long_ago, now);
      set_licensed (product, LK_KEY_OEM,
                    traits->is_subscription ? LK_LAB_BY_SUBSCRIPTION : LK_LAB_BY_OEM);
    }
  else if (lot < 16)
    {
      product = add_product (self, traits, state, LK_LAB_WINDOWS, LK_KEY_MAK, long_ago, now);
      set_licensed (product, LK_KEY_MAK, LK_LAB_BY_CONFIRMATION);
    }
  else if (lot < 30)
    {
      product = add_product (self, traits, state, LK_LAB_WINDOWS, LK_KEY_GVLK, long_ago, now);
      set_licensed (product, LK_KEY_GVLK, LK_LAB_BY_KMS);
      product->license.valid_until = now + LK_LAB_KMS_VALIDITY_MINUTES - age;
    }
  else
    add_product (self, traits, state, LK_LAB_WINDOWS, LK_KEY_GVLK, lot < 38 ? long_ago : now - age,
                 now);
}

static void
add_extras (LkLabBirth *self, LkLabTraits *traits, LkLabState *state, gint64 now)
{
  guint office = (guint) (lk_lab_draw (traits->seed, "office", 0) % 100);
  guint esu = (guint) (lk_lab_draw (traits->seed, "esu", 0) % 100);
  gint64 age = (gint64) (lk_lab_draw (traits->seed, "age", 1) % (29 * DAY));

  /* Older systems keep Office in a service of its own. */
  if (traits->generation->columns >= LK_LAB_COLUMNS_8 && !traits->generation->is_server &&
      office < 40)
    {
      LkLabProduct *product = add_product (self, traits, state, LK_LAB_OFFICE,
                                           office < 12 ? LK_KEY_MAK : LK_KEY_GVLK, now - age, now);

      if (office < 12)
        set_licensed (product, LK_KEY_MAK, LK_LAB_BY_ONLINE);
    }
  if (traits->generation->columns == LK_LAB_COLUMNS_7 && esu < 50)
    add_product (self, traits, state, LK_LAB_ESU, LK_KEY_MAK, now - age, now);
}

void
lk_lab_birth_make (LkLabBirth *self,
                   guint64 seed,
                   guint index,
                   gint64 now,
                   LkLabTraits *traits,
                   LkLabState *state)
{
  *traits = (LkLabTraits){ .seed = lk_lab_draw (seed, "machine", index), .number = index + 1 };
  memset (state, 0, sizeof *state); /* padding, too: it is compared as a whole in tests */

  traits->generation = choose_generation (self, traits->seed);
  traits->is_member = lk_lab_draw (traits->seed, "domain", 0) % 100 < 85;
  add_windows (self, traits, state, now);
  add_extras (self, traits, state, now);
}
