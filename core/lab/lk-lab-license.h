/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-license.h"
#include "domain/lk-product-key.h"

/* The licence state machine of one product, as documented for volume activation: pure functions on
 * a virtual clock that counts minutes. KMS exchanges are not played; a licence that came from KMS
 * can be there from the start, and runs out. */

#define LK_LAB_GRACE_MINUTES        43200  /* 30 days, of every kind of grace */
#define LK_LAB_KMS_VALIDITY_MINUTES 259200 /* 180 days */
#define LK_LAB_REARM_MAX            3
#define LK_LAB_NEVER                (-1)

typedef enum
{
  LK_LAB_VISTA_RTM, /* ends in reduced functionality mode */
  LK_LAB_LATER,     /* ends in notifications */
} LkLabProfile;

typedef enum
{
  LK_LAB_BY_NOBODY,
  LK_LAB_BY_KMS,
  LK_LAB_BY_ONLINE,
  LK_LAB_BY_CONFIRMATION, /* proxy or phone: a confirmation ID was deposited */
  LK_LAB_BY_OEM,
  LK_LAB_BY_SUBSCRIPTION,
} LkLabActivatedBy;

typedef enum
{
  LK_LAB_FIRST_BOOT,
  LK_LAB_TICK,
  LK_LAB_INSTALL_KEY,
  LK_LAB_UNINSTALL_KEY,
  LK_LAB_ACTIVATE,
  LK_LAB_CONFIRM,
  LK_LAB_HARDWARE_CHANGED,
  LK_LAB_TAMPERED,
  LK_LAB_KEY_BLOCKED,
  LK_LAB_FOUND_NONGENUINE,
  LK_LAB_FOUND_GENUINE,
  LK_LAB_REARM,
  LK_LAB_GENERALIZE,
  LK_LAB_REBOOT,
  LK_LAB_SESSION_HOUR,
  LK_LAB_CLOCK_MOVED_BACK,
  LK_LAB_OEM_FOUND,
} LkLabEvent;
#define LK_LAB_N_EVENTS (LK_LAB_OEM_FOUND + 1)

/* Waits for the next start of the machine. */
typedef enum
{
  LK_LAB_PENDING_REARM = 1 << 0,
  LK_LAB_PENDING_FIRST_BOOT = 1 << 1,
  LK_LAB_PENDING_WATERMARK_OFF = 1 << 2,
  LK_LAB_PENDING_REDUCED = 1 << 3,
} LkLabPending;

typedef enum
{
  LK_LAB_GENUINE_UNKNOWN,
  LK_LAB_GENUINE_YES,
  LK_LAB_GENUINE_NO,
} LkLabGenuine;

typedef struct
{
  LkLicenseStatus status;
  guint32 reason;
  gint64 grace_until; /* in a grace state */
  gint64 valid_until; /* Licensed by KMS */
  gint64 installed_at;
  LkKeyKind key_kind; /* LK_KEY_UNKNOWN: no key */
  LkLabActivatedBy activated_by;
  LkLabGenuine genuine;
  guint32 pending; /* LkLabPending */
  guint32 rearm_left;
  guint32 cmid_serial; /* counts the client machine IDs that this product's resets made */
  gboolean reduced;    /* reduced functionality mode */
  gboolean watermark;
  gboolean checks_genuine;     /* the control for it is installed */
  gboolean pending_validation; /* a new key is active, but not yet found genuine */
  gboolean tampered;
  gboolean key_blocked;
} LkLabLicense;

#define LK_LAB_E_NO_KEY        0xC004F014u
#define LK_LAB_E_NO_KMS        0xC004F074u
#define LK_LAB_E_NO_KMS_RECORD 0x8007232Bu
#define LK_LAB_E_BAD_ID        0xC004F04Du
#define LK_LAB_E_BAD_KEY       0xC004F050u
#define LK_LAB_E_KEY_BLOCKED   0xC004C003u
#define LK_LAB_E_NO_REARM      0xC004D307u
#define LK_LAB_E_CLOCK         0x8004D102u

void lk_lab_license_init (LkLabLicense *self, LkLabProfile profile, gint64 now);

/* Lets @event happen at the minute @now, after whatever timers ran out until then. @key: the new
 * key's kind for LK_LAB_INSTALL_KEY. Gives 0 or the HRESULT that says why it did not happen. */
guint32 lk_lab_license_apply (LkLabLicense *self,
                              LkLabProfile profile,
                              LkLabEvent event,
                              LkKeyKind key,
                              gint64 now);

gboolean lk_lab_license_is_grace (const LkLabLicense *self);
/* GracePeriodRemaining: 0 where nothing runs out. */
guint32 lk_lab_license_get_minutes_left (const LkLabLicense *self, gint64 now);
const char *lk_lab_activated_by_to_word (LkLabActivatedBy by);
