/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-license.h"

#define REASON_OOB_GRACE        0x4004F00Cu
#define REASON_OOT_GRACE        0x4004F00Du
#define REASON_NONGENUINE_GRACE 0x4004F065u
#define REASON_GRACE_OVER       0xC004F009u
#define REASON_NONGENUINE_OVER  0xC004F064u
#define REASON_HARDWARE         0xC004F00Fu
#define REASON_TAMPERED         0xC004F027u

gboolean
lk_lab_license_is_grace (const LkLabLicense *self)
{
  return self->status == LK_LICENSE_OOB_GRACE || self->status == LK_LICENSE_OOT_GRACE ||
         self->status == LK_LICENSE_NONGENUINE_GRACE || self->status == LK_LICENSE_EXTENDED_GRACE;
}

guint32
lk_lab_license_get_minutes_left (const LkLabLicense *self, gint64 now)
{
  gint64 until = LK_LAB_NEVER;

  if (lk_lab_license_is_grace (self))
    until = self->grace_until;
  else if (self->status == LK_LICENSE_LICENSED)
    until = self->valid_until;

  return until > now ? (guint32) (until - now) : 0;
}

const char *
lk_lab_activated_by_to_word (LkLabActivatedBy by)
{
  static const char *const words[] = {
    [LK_LAB_BY_NOBODY] = "nobody", [LK_LAB_BY_KMS] = "kms",
    [LK_LAB_BY_ONLINE] = "online", [LK_LAB_BY_CONFIRMATION] = "confirmation",
    [LK_LAB_BY_OEM] = "oem",       [LK_LAB_BY_SUBSCRIPTION] = "subscription",
  };

  return words[by];
}

static void
enter_grace (LkLabLicense *self, LkLicenseStatus status, guint32 reason, gint64 until)
{
  self->status = status;
  self->reason = reason;
  self->grace_until = until;
  self->valid_until = LK_LAB_NEVER;
  self->activated_by = LK_LAB_BY_NOBODY;
}

/* No licence and no grace: the older systems are reduced, the later ones nag. */
static void
fall (LkLabLicense *self, LkLabProfile profile, guint32 reason)
{
  self->status = profile == LK_LAB_VISTA_RTM ? LK_LICENSE_UNLICENSED : LK_LICENSE_NOTIFICATION;
  self->reason = reason;
  self->grace_until = LK_LAB_NEVER;
  self->valid_until = LK_LAB_NEVER;
  self->activated_by = LK_LAB_BY_NOBODY;
  self->reduced = profile == LK_LAB_VISTA_RTM;
}

static void
become_licensed (LkLabLicense *self, LkLabActivatedBy by)
{
  self->status = LK_LICENSE_LICENSED;
  self->reason = 0;
  self->grace_until = LK_LAB_NEVER;
  self->valid_until = LK_LAB_NEVER;
  self->activated_by = by;
  self->reduced = FALSE;
  self->tampered = FALSE;
  self->pending &= ~(guint32) LK_LAB_PENDING_REDUCED;
}

static void
boot_first (LkLabLicense *self, gint64 now)
{
  if (self->key_kind == LK_KEY_UNKNOWN)
    self->key_kind = LK_KEY_GVLK;
  enter_grace (self, LK_LICENSE_OOB_GRACE, REASON_OOB_GRACE, now + LK_LAB_GRACE_MINUTES);
  self->installed_at = now;
  self->reduced = FALSE;
  self->tampered = FALSE;
  self->pending = 0;
  self->cmid_serial++;
}

void
lk_lab_license_init (LkLabLicense *self, LkLabProfile profile, gint64 now)
{
  *self = (LkLabLicense){ .rearm_left = LK_LAB_REARM_MAX, .valid_until = LK_LAB_NEVER };
  boot_first (self, now);
}

/* T06, T09, T13, T20: a timer that ran out long ago takes effect at its own time, so that the one
 * it starts is right. */
static void
run_timers (LkLabLicense *self, LkLabProfile profile, gint64 now)
{
  if (self->status == LK_LICENSE_LICENSED && self->valid_until != LK_LAB_NEVER &&
      now >= self->valid_until)
    enter_grace (self, LK_LICENSE_OOT_GRACE, REASON_OOT_GRACE,
                 self->valid_until + LK_LAB_GRACE_MINUTES);

  if (lk_lab_license_is_grace (self) && now >= self->grace_until)
    fall (self, profile,
          self->status == LK_LICENSE_NONGENUINE_GRACE ? REASON_NONGENUINE_OVER : REASON_GRACE_OVER);
}

/* T23 to T26. A key that was not activated yet never counts as licensed: what is left of the first
 * thirty days is granted, after them the machine falls — the older ones at the next start. */
static guint32
install_key (LkLabLicense *self, LkLabProfile profile, LkKeyKind key, gint64 now)
{
  gint64 first_days = self->installed_at + LK_LAB_GRACE_MINUTES;

  self->key_kind = key;
  self->key_blocked = FALSE;
  self->pending_validation = FALSE;
  if (self->status == LK_LICENSE_LICENSED)
    {
      if (now < first_days)
        enter_grace (self, LK_LICENSE_OOB_GRACE, REASON_OOB_GRACE, first_days);
      else
        {
          fall (self, profile, REASON_GRACE_OVER);
          if (self->reduced)
            self->pending |= LK_LAB_PENDING_REDUCED;
          self->reduced = FALSE;
        }
    }
  else if (self->reason == LK_LAB_E_NO_KEY)
    self->reason = REASON_GRACE_OVER;

  return 0;
}

static guint32
uninstall_key (LkLabLicense *self, LkLabProfile profile)
{
  if (self->key_kind == LK_KEY_UNKNOWN)
    return LK_LAB_E_NO_KEY;

  self->key_kind = LK_KEY_UNKNOWN;
  self->status = LK_LICENSE_UNLICENSED;
  self->reason = LK_LAB_E_NO_KEY;
  self->grace_until = LK_LAB_NEVER;
  self->valid_until = LK_LAB_NEVER;
  self->activated_by = LK_LAB_BY_NOBODY;
  if (profile == LK_LAB_VISTA_RTM)
    self->pending |= LK_LAB_PENDING_REDUCED;
  return 0;
}

/* T02, T05, T12, T18, T19, T21. */
static guint32
activate (LkLabLicense *self, LkLabProfile profile, LkLabActivatedBy by)
{
  if (self->key_kind == LK_KEY_UNKNOWN)
    return LK_LAB_E_NO_KEY;
  if (self->key_kind == LK_KEY_GVLK)
    return profile == LK_LAB_VISTA_RTM ? LK_LAB_E_NO_KMS_RECORD : LK_LAB_E_NO_KMS;
  if (self->key_blocked)
    return LK_LAB_E_KEY_BLOCKED;
  if (self->key_kind == LK_KEY_OEM || self->activated_by == LK_LAB_BY_SUBSCRIPTION)
    return 0;

  if (self->status == LK_LICENSE_NONGENUINE_GRACE && self->checks_genuine)
    {
      self->pending_validation = TRUE;
      return 0;
    }
  if (self->watermark)
    self->pending |= LK_LAB_PENDING_WATERMARK_OFF;
  become_licensed (self, by);
  return 0;
}

/* T10, T11, T14, T15: what a licence does not survive. */
static void
lose_tolerance (LkLabLicense *self, guint32 reason, gint64 now)
{
  enter_grace (self, LK_LICENSE_OOT_GRACE, reason, now + LK_LAB_GRACE_MINUTES);
}

static void
change_hardware (LkLabLicense *self, gint64 now)
{
  if (self->status != LK_LICENSE_LICENSED || self->key_kind == LK_KEY_OEM)
    return;
  lose_tolerance (self, self->activated_by == LK_LAB_BY_KMS ? REASON_OOT_GRACE : REASON_HARDWARE,
                  now);
}

/* T16, T17. */
static void
find_nongenuine (LkLabLicense *self, gint64 now)
{
  if (self->status != LK_LICENSE_LICENSED || !self->checks_genuine)
    return;
  enter_grace (self, LK_LICENSE_NONGENUINE_GRACE, REASON_NONGENUINE_GRACE,
               now + LK_LAB_GRACE_MINUTES);
  self->genuine = LK_LAB_GENUINE_NO;
  self->watermark = TRUE;
}

/* T18, its second half. */
static void
find_genuine (LkLabLicense *self)
{
  if (!self->checks_genuine)
    return;
  if (self->status == LK_LICENSE_NONGENUINE_GRACE)
    {
      if (!self->pending_validation)
        return;
      self->pending_validation = FALSE;
      self->pending |= LK_LAB_PENDING_WATERMARK_OFF;
      become_licensed (self, LK_LAB_BY_ONLINE);
    }
  self->genuine = LK_LAB_GENUINE_YES;
}

/* T27, T28, T29. */
static guint32
use_rearm (LkLabLicense *self, LkLabPending pending)
{
  if (self->rearm_left == 0)
    return LK_LAB_E_NO_REARM;
  self->rearm_left--;
  self->pending |= pending;
  return 0;
}

/* T32 and what waited for it. */
static void
reboot (LkLabLicense *self, gint64 now)
{
  guint32 pending = self->pending;

  self->pending = 0;
  if ((pending & LK_LAB_PENDING_WATERMARK_OFF) != 0)
    self->watermark = FALSE;

  if ((pending & LK_LAB_PENDING_FIRST_BOOT) != 0)
    boot_first (self, now);
  else if ((pending & LK_LAB_PENDING_REARM) != 0)
    {
      enter_grace (self, LK_LICENSE_OOB_GRACE, REASON_OOB_GRACE, now + LK_LAB_GRACE_MINUTES);
      self->reduced = FALSE;
      self->tampered = FALSE;
      self->cmid_serial++;
    }
  else if ((pending & LK_LAB_PENDING_REDUCED) != 0 && self->status == LK_LICENSE_UNLICENSED)
    self->reduced = TRUE;
}

guint32
lk_lab_license_apply (LkLabLicense *self,
                      LkLabProfile profile,
                      LkLabEvent event,
                      LkKeyKind key,
                      gint64 now)
{
  run_timers (self, profile, now);

  switch (event)
    {
    case LK_LAB_FIRST_BOOT:
      boot_first (self, now);
      return 0;
    case LK_LAB_INSTALL_KEY:
      return install_key (self, profile, key, now);
    case LK_LAB_UNINSTALL_KEY:
      return uninstall_key (self, profile);
    case LK_LAB_ACTIVATE:
      return activate (self, profile, LK_LAB_BY_ONLINE);
    case LK_LAB_CONFIRM:
      return activate (self, profile, LK_LAB_BY_CONFIRMATION);
    case LK_LAB_HARDWARE_CHANGED:
      change_hardware (self, now);
      return 0;
    case LK_LAB_TAMPERED:
      if (self->status != LK_LICENSE_LICENSED && !lk_lab_license_is_grace (self))
        return 0;
      lose_tolerance (self, REASON_TAMPERED, now);
      self->tampered = TRUE;
      return 0;
    case LK_LAB_KEY_BLOCKED:
      self->key_blocked = self->key_kind != LK_KEY_UNKNOWN;
      if (self->status == LK_LICENSE_LICENSED)
        lose_tolerance (self, REASON_OOT_GRACE, now);
      return 0;
    case LK_LAB_FOUND_NONGENUINE:
      find_nongenuine (self, now);
      return 0;
    case LK_LAB_FOUND_GENUINE:
      find_genuine (self);
      return 0;
    case LK_LAB_REARM:
      return use_rearm (self, LK_LAB_PENDING_REARM);
    case LK_LAB_GENERALIZE:
      return use_rearm (self, LK_LAB_PENDING_FIRST_BOOT);
    case LK_LAB_REBOOT:
      reboot (self, now);
      return 0;
    case LK_LAB_CLOCK_MOVED_BACK:
      return profile == LK_LAB_VISTA_RTM ? 0 : LK_LAB_E_CLOCK;
    case LK_LAB_OEM_FOUND:
      if (self->key_kind == LK_KEY_OEM)
        become_licensed (self, LK_LAB_BY_OEM);
      return 0;
    case LK_LAB_TICK:
    case LK_LAB_SESSION_HOUR: /* a forced log-off: nothing about the licence */
    default:
      return 0;
    }
}
