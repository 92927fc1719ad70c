/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-machine.h"

#include "domain/lk-identifiers.h"
#include "domain/lk-practice.h"

#include <string.h>

#define LAB_DOMAIN    "lab.test"
#define LAB_WORKGROUP "WORKGROUP"

/* A fixed seed for what all machines of one generation share. */
#define COMMON_SEED G_GUINT64_CONSTANT (0x4C41544348)

/* Of the practice groups 90000 to 99999. */
#define FIRST_OFFICE_GROUP 98000
#define FIRST_ESU_GROUP    99000

static const LkLabGeneration generations[] = {
  { "vista", "Microsoft Windows Vista Enterprise", "Enterprise", "6.0.6000", "0.0", "1.1",
    "6.0.6000.16386", LK_LAB_COLUMNS_VISTA, LK_LAB_VISTA_RTM, 89579, 6000, 54, FALSE, 2 },
  { "2008", "Microsoft Windows Server 2008 Standard", "ServerStandard", "6.0.6002", "2.0", "1.1",
    "6.0.6002.18005", LK_LAB_COLUMNS_2008, LK_LAB_LATER, 92574, 6002, 54, TRUE, 2 },
  { "7", "Microsoft Windows 7 Enterprise", "Enterprise", "6.1.7601", "1.0", "2.0", "6.1.7601.17514",
    LK_LAB_COLUMNS_7, LK_LAB_LATER, 55041, 7601, 54, FALSE, 10 },
  { "2008r2", "Microsoft Windows Server 2008 R2 Standard", "ServerStandard", "6.1.7601", "1.0",
    "2.0", "6.1.7601.17514", LK_LAB_COLUMNS_7, LK_LAB_LATER, 55041, 7601, 54, TRUE, 6 },
  { "2012r2", "Microsoft Windows Server 2012 R2 Standard", "ServerStandard", "6.3.9600", "0.0",
    "3.0", "6.3.9600.16384", LK_LAB_COLUMNS_8, LK_LAB_LATER, 6401, 9600, 63, TRUE, 8 },
  { "8.1", "Microsoft Windows 8.1 Enterprise", "Enterprise", "6.3.9600", "0.0", "3.0",
    "6.3.9600.16384", LK_LAB_COLUMNS_8, LK_LAB_LATER, 6401, 9600, 63, FALSE, 2 },
  { "10", "Microsoft Windows 10 Enterprise", "Enterprise", "10.0.19045", "0.0", "3.0",
    "10.0.19041.3031", LK_LAB_COLUMNS_10, LK_LAB_LATER, 3612, 19045, 63, FALSE, 30 },
  { "11", "Microsoft Windows 11 Enterprise", "Enterprise", "10.0.22631", "0.0", "3.0",
    "10.0.22621.2506", LK_LAB_COLUMNS_10, LK_LAB_LATER, 3612, 22631, 63, FALSE, 25 },
  { "2016", "Microsoft Windows Server 2016 Standard", "ServerStandard", "10.0.14393", "0.0", "3.0",
    "10.0.14393.4350", LK_LAB_COLUMNS_10, LK_LAB_LATER, 3612, 14393, 63, TRUE, 5 },
  { "2019", "Microsoft Windows Server 2019 Standard", "ServerStandard", "10.0.17763", "0.0", "3.0",
    "10.0.17763.2989", LK_LAB_COLUMNS_10, LK_LAB_LATER, 3612, 17763, 63, TRUE, 5 },
  { "2022", "Microsoft Windows Server 2022 Standard", "ServerStandard", "10.0.20348", "0.0", "3.0",
    "10.0.20348.2700", LK_LAB_COLUMNS_10, LK_LAB_LATER, 3612, 20348, 63, TRUE, 5 },
};

const LkLabGeneration *
lk_lab_generation_get (guint n)
{
  return n < G_N_ELEMENTS (generations) ? &generations[n] : NULL;
}

const LkLabGeneration *
lk_lab_generation_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (generations); i++)
    if (g_str_equal (generations[i].name, name))
      return &generations[i];

  return NULL;
}

/* The finalizer of SplitMix64 (Steele, Lea and Flood, 2014). */
static guint64
mix (guint64 x)
{
  x += G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);
  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT (0x94D049BB133111EB);
  return x ^ (x >> 31);
}

guint64
lk_lab_draw (guint64 seed, const char *purpose, guint64 n)
{
  guint64 x = mix (seed);

  for (const char *p = purpose; *p != '\0'; p++)
    x = mix (x ^ (guint8) *p);

  return mix (x ^ n);
}

static char *
dup_guid (guint64 seed, const char *purpose, guint64 n)
{
  guint64 a = lk_lab_draw (seed, purpose, 2 * n);
  guint64 b = lk_lab_draw (seed, purpose, 2 * n + 1);

  /* Version 4, variant 1: as random ones look. */
  return g_strdup_printf ("%08x-%04x-4%03x-%04x-%012" G_GINT64_MODIFIER "x", (guint32) (a >> 32),
                          (guint16) (a >> 16), (guint16) a & 0xFFF,
                          0x8000 | ((guint16) (b >> 48) & 0x3FFF),
                          b & G_GUINT64_CONSTANT (0xFFFFFFFFFFFF));
}

char *
lk_lab_machine_dup_name (const LkLabTraits *traits)
{
  return g_strdup_printf ("%s-%04u", traits->generation->is_server ? "SRV" : "PC", traits->number);
}

char *
lk_lab_machine_dup_domain (const LkLabTraits *traits)
{
  return g_strdup (traits->is_member ? LAB_DOMAIN : LAB_WORKGROUP);
}

char *
lk_lab_machine_dup_fqdn (const LkLabTraits *traits)
{
  g_autofree char *name = lk_lab_machine_dup_name (traits);
  g_autofree char *lower = g_ascii_strdown (name, -1);

  return traits->is_member ? g_strconcat (lower, "." LAB_DOMAIN, NULL) : g_steal_pointer (&name);
}

char *
lk_lab_machine_dup_uuid (const LkLabTraits *traits, const LkLabState *state)
{
  g_autofree char *guid = dup_guid (traits->seed, "board", state->board);

  return g_ascii_strup (guid, -1);
}

char *
lk_lab_machine_dup_cmid (const LkLabTraits *traits, const LkLabState *state)
{
  return dup_guid (traits->seed, "cmid",
                   ((guint64) state->image << 32) | state->products[0].license.cmid_serial);
}

const char *
lk_lab_product_get_application_id (const LkLabProduct *product)
{
  return product->kind == LK_LAB_OFFICE ? LK_APPLICATION_OFFICE : LK_APPLICATION_WINDOWS;
}

char *
lk_lab_product_dup_activation_id (const LkLabTraits *traits,
                                  const LkLabProduct *product,
                                  LkKeyKind key_kind)
{
  g_autofree char *purpose =
      product->kind == LK_LAB_OFFICE
          ? g_strdup ("office")
          : g_strdup_printf ("%s/%d", traits->generation->name, product->kind);

  return dup_guid (COMMON_SEED, purpose, key_kind);
}

char *
lk_lab_product_dup_key_identity (const LkLabProduct *product)
{
  if (product->license.key_kind == LK_KEY_UNKNOWN)
    return NULL;

  return lk_key_identity_format (product->key_group, product->key_serial);
}

char *
lk_lab_product_dup_epid (const LkLabTraits *traits, const LkLabProduct *product)
{
  guint channel = product->license.key_kind == LK_KEY_OEM ? 2 : 3;

  if (product->license.key_kind == LK_KEY_UNKNOWN)
    return NULL;

  return g_strdup_printf ("%05u-%05u-%03u-%06u-%02u-1033-%u.0000-%03u%u",
                          traits->generation->platform, product->key_group,
                          product->key_serial / 1000000, product->key_serial % 1000000, channel,
                          traits->generation->build, 1 + (guint) (traits->seed % 365), 2024u);
}

char *
lk_lab_product_dup_iid (const LkLabTraits *traits,
                        const LkLabState *state,
                        const LkLabProduct *product)
{
  g_autofree char *identity = lk_lab_product_dup_key_identity (product);
  g_autofree char *uuid = lk_lab_machine_dup_uuid (traits, state);
  g_autofree char *hardware = g_strdup_printf ("%s/%u/%d", uuid, state->parts, (int) product->kind);

  if (identity == NULL)
    return NULL;

  return lk_practice_iid (hardware, identity, traits->generation->n_iid_digits);
}

LkLabProductKind
lk_lab_key_get_product (guint group)
{
  return group >= FIRST_ESU_GROUP      ? LK_LAB_ESU
         : group >= FIRST_OFFICE_GROUP ? LK_LAB_OFFICE
                                       : LK_LAB_WINDOWS;
}

gboolean
lk_lab_product_set_key (LkLabProduct *product, const char *key, LkKeyKind *kind)
{
  guint group;
  guint32 serial;

  if (!lk_practice_key_decode (key, kind, &group, &serial))
    return FALSE;

  product->key_group = group;
  product->key_serial = serial;
  g_strlcpy (product->last_five, key + strlen (key) - 5, sizeof product->last_five);
  return TRUE;
}

LkSecret *
lk_lab_key_new (LkKeyKind kind, LkLabProductKind product, guint n)
{
  for (guint number = 0;; number++)
    {
      g_autoptr (LkSecret) key = lk_practice_key_new (kind, number);
      LkKeyKind found;
      guint group;
      guint32 serial;

      if (lk_practice_key_decode (lk_secret_peek (key), &found, &group, &serial) &&
          lk_lab_key_get_product (group) == product && n-- == 0)
        return g_steal_pointer (&key);
    }
}
