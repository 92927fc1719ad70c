/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-trigger.h"

void
lk_lab_trigger_note_method (LkLabState *state, const char *what)
{
  if (g_str_equal (what, "install-key"))
    state->triggers |= LK_LAB_TRIGGER_KEY_INSTALLED;
}

gboolean
lk_lab_trigger_is_armed (const LkLabState *state)
{
  return (state->triggers & (LK_LAB_TRIGGER_KEY_INSTALLED | LK_LAB_TRIGGER_FIRED)) ==
         LK_LAB_TRIGGER_KEY_INSTALLED;
}

static void
apply_to_all (const LkLabTraits *traits, LkLabState *state, LkLabEvent event, gint64 now)
{
  for (guint i = 0; i < state->n_products; i++)
    lk_lab_license_apply (&state->products[i].license, traits->generation->profile, event,
                          LK_KEY_UNKNOWN, now);
}

void
lk_lab_machine_reimage (const LkLabTraits *traits, LkLabState *state, gint64 now)
{
  for (guint i = 0; i < state->n_products; i++)
    {
      LkLabProduct *product = &state->products[i];
      LkKeyKind kind = product->kind == LK_LAB_ESU ? LK_KEY_MAK : LK_KEY_GVLK;
      g_autoptr (LkSecret) key = lk_lab_key_new (kind, product->kind, 0);

      if (product->license.key_kind == LK_KEY_OEM)
        continue;
      lk_lab_license_init (&product->license, traits->generation->profile, now);
      lk_lab_product_set_key (product, lk_secret_peek (key), &kind);
      product->license.key_kind = kind;
    }
  state->image++;
}

void
lk_lab_machine_refit (const LkLabTraits *traits, LkLabState *state, gboolean board, gint64 now)
{
  state->parts++;
  if (board)
    state->board++;
  apply_to_all (traits, state, LK_LAB_HARDWARE_CHANGED, now);
}

void
lk_lab_machine_reboot (const LkLabTraits *traits, LkLabState *state, gint64 now)
{
  apply_to_all (traits, state, LK_LAB_REBOOT, now);
}
