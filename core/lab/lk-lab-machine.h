/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-license.h"

/* One simulated machine: what it is (traits, from the seed) and how it is (state, which changes and
 * is journalled). Texts are derived when they are asked for, so that a machine is small. */

/* Which columns its licensing classes have; each level has those of the ones before. */
typedef enum
{
  LK_LAB_COLUMNS_VISTA,
  LK_LAB_COLUMNS_2008,
  LK_LAB_COLUMNS_7,
  LK_LAB_COLUMNS_8,
  LK_LAB_COLUMNS_10,
} LkLabColumns;

typedef struct
{
  const char *name; /* for --profile-mix */
  const char *caption;
  const char *edition;
  const char *version;
  const char *service_pack; /* "1.0" */
  const char *stack;
  const char *service_version;
  LkLabColumns columns;
  LkLabProfile profile;
  guint platform; /* first field of the extended PID */
  guint build;
  guint n_iid_digits;
  gboolean is_server;
  guint weight; /* in the usual mix */
} LkLabGeneration;

typedef enum
{
  LK_LAB_WINDOWS,
  LK_LAB_OFFICE,
  LK_LAB_ESU, /* extended security updates: an add-on of Windows */
} LkLabProductKind;
#define LK_LAB_MAX_PRODUCTS 3

typedef struct
{
  LkLabProductKind kind;
  LkLabLicense license;
  guint key_group;
  guint32 key_serial;
  char last_five[6];
} LkLabProduct;

/* What changes. Plain data, copied whole. */
typedef struct
{
  guint32 board; /* counts main boards: another SMBIOS UUID */
  guint32 parts; /* counts other hardware changes: another installation ID */
  guint32 image; /* counts installations of Windows: another client machine ID */
  guint32 n_products;
  LkLabProduct products[LK_LAB_MAX_PRODUCTS]; /* Windows first */
  guint32 triggers; /* LkLabTrigger: what has happened once and shall not again */
} LkLabState;

typedef struct
{
  guint64 seed; /* of this machine */
  guint number; /* from 1 */
  const LkLabGeneration *generation;
  gboolean is_member;
  gboolean is_subscription;
  gboolean has_oem_key;
} LkLabTraits;

const LkLabGeneration *lk_lab_generation_get (guint n); /* NULL after the last */
const LkLabGeneration *lk_lab_generation_find (const char *name);

/* The number that @purpose draws from @seed: the same ones always give the same. */
guint64 lk_lab_draw (guint64 seed, const char *purpose, guint64 n);

/* All to be freed. */
char *lk_lab_machine_dup_name (const LkLabTraits *traits);
char *lk_lab_machine_dup_domain (const LkLabTraits *traits);
char *lk_lab_machine_dup_fqdn (const LkLabTraits *traits);
char *lk_lab_machine_dup_uuid (const LkLabTraits *traits, const LkLabState *state);
char *lk_lab_machine_dup_cmid (const LkLabTraits *traits, const LkLabState *state);

const char *lk_lab_product_get_application_id (const LkLabProduct *product);
/* Each kind of key belongs to an entry, with an activation ID, of its own. */
char *lk_lab_product_dup_activation_id (const LkLabTraits *traits,
                                        const LkLabProduct *product,
                                        LkKeyKind key_kind);
/* NULL without a key. */
char *lk_lab_product_dup_key_identity (const LkLabProduct *product);
char *lk_lab_product_dup_epid (const LkLabTraits *traits, const LkLabProduct *product);
char *lk_lab_product_dup_iid (const LkLabTraits *traits,
                              const LkLabState *state,
                              const LkLabProduct *product);

/* Which product a practice key of that group is for. */
LkLabProductKind lk_lab_key_get_product (guint group);
/* Puts a practice key's fields into @product, its licence left alone. FALSE: no practice key. */
gboolean lk_lab_product_set_key (LkLabProduct *product, const char *key, LkKeyKind *kind);
/* The @n-th practice key of that kind for that product. */
LkSecret *lk_lab_key_new (LkKeyKind kind, LkLabProductKind product, guint n);
