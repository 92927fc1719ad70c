/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-license.h"

#define DAY   ((gint64) 1440)
#define START ((gint64) 30000000)

static guint32
happen (LkLabLicense *license, LkLabEvent event, LkKeyKind key, gint64 now)
{
  return lk_lab_license_apply (license, LK_LAB_VISTA_RTM, event, key, now);
}

static guint32
happen_later (LkLabLicense *license, LkLabEvent event, LkKeyKind key, gint64 now)
{
  return lk_lab_license_apply (license, LK_LAB_LATER, event, key, now);
}

static LkLabLicense
make (LkLabProfile profile)
{
  LkLabLicense license;

  lk_lab_license_init (&license, profile, START);
  return license;
}

static LkLabLicense
make_licensed_by_kms (LkLabProfile profile)
{
  LkLabLicense license = make (profile);

  license.status = LK_LICENSE_LICENSED;
  license.reason = 0;
  license.grace_until = LK_LAB_NEVER;
  license.valid_until = START + LK_LAB_KMS_VALIDITY_MINUTES;
  license.activated_by = LK_LAB_BY_KMS;
  return license;
}

/* T01, T06: the first grace lasts to the minute. */
static void
test_first_grace (void)
{
  LkLabLicense license = make (LK_LAB_VISTA_RTM);
  LkLabLicense later = make (LK_LAB_LATER);

  g_assert_cmpint (license.status, ==, LK_LICENSE_OOB_GRACE);
  g_assert_cmphex (license.reason, ==, 0x4004F00C);
  g_assert_cmpint (license.key_kind, ==, LK_KEY_GVLK);
  g_assert_cmpuint (license.rearm_left, ==, 3);
  g_assert_cmpuint (lk_lab_license_get_minutes_left (&license, START), ==, 43200);
  g_assert_cmpuint (LK_MINUTES_TO_DAYS (lk_lab_license_get_minutes_left (&license, START + 38)), ==,
                    29);

  happen (&license, LK_LAB_TICK, LK_KEY_UNKNOWN, START + 43199);
  g_assert_cmpint (license.status, ==, LK_LICENSE_OOB_GRACE);
  happen (&license, LK_LAB_TICK, LK_KEY_UNKNOWN, START + 43200);
  g_assert_cmpint (license.status, ==, LK_LICENSE_UNLICENSED);
  g_assert_true (license.reduced);

  happen_later (&later, LK_LAB_TICK, LK_KEY_UNKNOWN, START + 43200);
  g_assert_cmpint (later.status, ==, LK_LICENSE_NOTIFICATION);
  g_assert_cmphex (later.reason, ==, 0xC004F009);
  g_assert_false (later.reduced);
}

/* T02, T05, T12, T21, T24. */
static void
test_activation (void)
{
  LkLabLicense license = make (LK_LAB_VISTA_RTM);
  LkLabLicense later = make (LK_LAB_LATER);

  g_assert_cmphex (happen (&license, LK_LAB_ACTIVATE, LK_KEY_UNKNOWN, START), ==, 0x8007232B);
  g_assert_cmphex (happen_later (&later, LK_LAB_ACTIVATE, LK_KEY_UNKNOWN, START), ==, 0xC004F074);
  g_assert_cmpint (license.status, ==, LK_LICENSE_OOB_GRACE);

  /* A MAK over a GVLK extends nothing and licenses nothing. */
  g_assert_cmphex (happen (&license, LK_LAB_INSTALL_KEY, LK_KEY_MAK, START + DAY), ==, 0);
  g_assert_cmpint (license.status, ==, LK_LICENSE_OOB_GRACE);
  g_assert_cmpint (license.grace_until, ==, START + 43200);
  g_assert_cmphex (happen (&license, LK_LAB_CONFIRM, LK_KEY_UNKNOWN, START + DAY), ==, 0);
  g_assert_cmpint (license.status, ==, LK_LICENSE_LICENSED);
  g_assert_cmpint (license.activated_by, ==, LK_LAB_BY_CONFIRMATION);
  g_assert_cmpuint (lk_lab_license_get_minutes_left (&license, START + 9999 * DAY), ==, 0);

  /* T10, T12, T13, T21 */
  happen (&license, LK_LAB_HARDWARE_CHANGED, LK_KEY_UNKNOWN, START + 50 * DAY);
  g_assert_cmpint (license.status, ==, LK_LICENSE_OOT_GRACE);
  g_assert_cmphex (license.reason, ==, 0xC004F00F);
  happen (&license, LK_LAB_CONFIRM, LK_KEY_UNKNOWN, START + 60 * DAY);
  g_assert_cmpint (license.status, ==, LK_LICENSE_LICENSED);
  happen (&license, LK_LAB_HARDWARE_CHANGED, LK_KEY_UNKNOWN, START + 70 * DAY);
  g_assert_cmpint (license.grace_until, ==, START + 100 * DAY);
  happen (&license, LK_LAB_TICK, LK_KEY_UNKNOWN, START + 100 * DAY);
  g_assert_true (license.reduced);
  happen (&license, LK_LAB_ACTIVATE, LK_KEY_UNKNOWN, START + 101 * DAY);
  g_assert_cmpint (license.status, ==, LK_LICENSE_LICENSED);
  g_assert_false (license.reduced);
}

/* T09: a timer that ran out unseen starts the next one at its own time. */
static void
test_kms_runs_out (void)
{
  LkLabLicense license = make_licensed_by_kms (LK_LAB_LATER);

  happen_later (&license, LK_LAB_TICK, LK_KEY_UNKNOWN, START + 190 * DAY);
  g_assert_cmpint (license.status, ==, LK_LICENSE_OOT_GRACE);
  g_assert_cmpuint (lk_lab_license_get_minutes_left (&license, START + 190 * DAY), ==, 20 * DAY);
  happen_later (&license, LK_LAB_TICK, LK_KEY_UNKNOWN, START + 210 * DAY);
  g_assert_cmpint (license.status, ==, LK_LICENSE_NOTIFICATION);
}

/* T25, T26: a key that was not activated never counts as licensed. */
static void
test_key_over_licence (void)
{
  LkLabLicense young = make_licensed_by_kms (LK_LAB_VISTA_RTM);
  LkLabLicense old = make_licensed_by_kms (LK_LAB_VISTA_RTM);
  LkLabLicense later = make_licensed_by_kms (LK_LAB_LATER);

  happen (&young, LK_LAB_INSTALL_KEY, LK_KEY_MAK, START + 10 * DAY);
  g_assert_cmpint (young.status, ==, LK_LICENSE_OOB_GRACE);
  g_assert_cmpuint (lk_lab_license_get_minutes_left (&young, START + 10 * DAY), ==, 20 * DAY);

  happen (&old, LK_LAB_INSTALL_KEY, LK_KEY_MAK, START + 40 * DAY);
  g_assert_cmpint (old.status, ==, LK_LICENSE_UNLICENSED);
  g_assert_false (old.reduced);
  happen (&old, LK_LAB_REBOOT, LK_KEY_UNKNOWN, START + 40 * DAY);
  g_assert_true (old.reduced);

  happen_later (&later, LK_LAB_INSTALL_KEY, LK_KEY_MAK, START + 40 * DAY);
  g_assert_cmpint (later.status, ==, LK_LICENSE_NOTIFICATION);

  /* T23: no grace for a key on an unlicensed machine. */
  happen (&old, LK_LAB_INSTALL_KEY, LK_KEY_GVLK, START + 41 * DAY);
  g_assert_cmpint (old.status, ==, LK_LICENSE_UNLICENSED);
}

/* T16 to T20. */
static void
test_genuine (void)
{
  LkLabLicense license = make_licensed_by_kms (LK_LAB_VISTA_RTM);

  happen (&license, LK_LAB_FOUND_NONGENUINE, LK_KEY_UNKNOWN, START);
  g_assert_cmpint (license.status, ==, LK_LICENSE_LICENSED); /* T17 */

  license.checks_genuine = TRUE;
  happen (&license, LK_LAB_FOUND_NONGENUINE, LK_KEY_UNKNOWN, START);
  g_assert_cmpint (license.status, ==, LK_LICENSE_NONGENUINE_GRACE);
  g_assert_true (license.watermark);

  happen (&license, LK_LAB_INSTALL_KEY, LK_KEY_MAK, START + DAY);
  happen (&license, LK_LAB_ACTIVATE, LK_KEY_UNKNOWN, START + DAY);
  g_assert_cmpint (license.status, ==, LK_LICENSE_NONGENUINE_GRACE); /* T19 */
  g_assert_cmpint (license.grace_until, ==, START + 30 * DAY);
  happen (&license, LK_LAB_FOUND_GENUINE, LK_KEY_UNKNOWN, START + DAY);
  g_assert_cmpint (license.status, ==, LK_LICENSE_LICENSED); /* T18 */
  g_assert_true (license.watermark);
  happen (&license, LK_LAB_REBOOT, LK_KEY_UNKNOWN, START + DAY);
  g_assert_false (license.watermark);
}

/* T27, T28, T29. */
static void
test_rearm (void)
{
  LkLabLicense license = make (LK_LAB_VISTA_RTM);
  guint32 cmid = license.cmid_serial;

  happen (&license, LK_LAB_TICK, LK_KEY_UNKNOWN, START + 31 * DAY);
  for (guint i = 0; i < 3; i++)
    {
      gint64 now = START + (gint64) (31 + i) * DAY;

      g_assert_cmphex (happen (&license, LK_LAB_REARM, LK_KEY_UNKNOWN, now), ==, 0);
      if (i == 0)
        g_assert_true (license.reduced); /* only the next start resets */
      happen (&license, LK_LAB_REBOOT, LK_KEY_UNKNOWN, now);
      g_assert_cmpint (license.status, ==, LK_LICENSE_OOB_GRACE);
      g_assert_cmpint (license.grace_until, ==, now + 43200);
      g_assert_cmpuint (license.cmid_serial, >, cmid);
    }
  g_assert_cmphex (happen (&license, LK_LAB_REARM, LK_KEY_UNKNOWN, START + 40 * DAY), ==,
                   0xC004D307);
  g_assert_cmphex (happen (&license, LK_LAB_GENERALIZE, LK_KEY_UNKNOWN, START + 40 * DAY), ==,
                   0xC004D307);
}

/* T14, T15, T31, T34, uninstalling. */
static void
test_losses (void)
{
  LkLabLicense license = make (LK_LAB_LATER);

  happen_later (&license, LK_LAB_INSTALL_KEY, LK_KEY_MAK, START);
  happen_later (&license, LK_LAB_ACTIVATE, LK_KEY_UNKNOWN, START);
  happen_later (&license, LK_LAB_KEY_BLOCKED, LK_KEY_UNKNOWN, START);
  g_assert_cmpint (license.status, ==, LK_LICENSE_OOT_GRACE);
  g_assert_cmphex (happen_later (&license, LK_LAB_ACTIVATE, LK_KEY_UNKNOWN, START), ==, 0xC004C003);
  happen_later (&license, LK_LAB_TAMPERED, LK_KEY_UNKNOWN, START + DAY);
  g_assert_cmphex (license.reason, ==, 0xC004F027);

  g_assert_cmphex (happen_later (&license, LK_LAB_UNINSTALL_KEY, LK_KEY_UNKNOWN, START), ==, 0);
  g_assert_cmpint (license.status, ==, LK_LICENSE_UNLICENSED);
  g_assert_cmphex (license.reason, ==, 0xC004F014);
  g_assert_cmphex (happen_later (&license, LK_LAB_UNINSTALL_KEY, LK_KEY_UNKNOWN, START), ==,
                   0xC004F014);
  g_assert_cmphex (happen_later (&license, LK_LAB_CLOCK_MOVED_BACK, LK_KEY_UNKNOWN, START), ==,
                   0x8004D102);

  license.key_kind = LK_KEY_OEM;
  happen_later (&license, LK_LAB_OEM_FOUND, LK_KEY_UNKNOWN, START);
  g_assert_cmpint (license.status, ==, LK_LICENSE_LICENSED);
}

static void
check_invariants (const LkLabLicense *license, guint32 rearm_before, gint64 now)
{
  gboolean is_volume = license->key_kind == LK_KEY_GVLK;

  g_assert_cmpuint (license->rearm_left, <=, rearm_before);
  g_assert_cmpint (lk_lab_license_is_grace (license), ==, license->grace_until != LK_LAB_NEVER);
  if (lk_lab_license_is_grace (license))
    {
      g_assert_cmpint (license->grace_until, >, now);
      g_assert_cmpint (license->grace_until, <=, now + LK_LAB_GRACE_MINUTES);
    }
  if (license->status == LK_LICENSE_LICENSED)
    {
      g_assert_cmpint (license->key_kind, !=, LK_KEY_UNKNOWN);
      g_assert_cmpint (license->activated_by, !=, LK_LAB_BY_NOBODY);
      g_assert_cmpint (license->valid_until == LK_LAB_NEVER, ==, !is_volume);
      g_assert_cmphex (license->reason, ==, 0);
      g_assert_false (license->reduced);
    }
  else
    {
      g_assert_cmpint (license->activated_by, ==, LK_LAB_BY_NOBODY);
      g_assert_cmphex (license->reason, !=, 0);
    }
}

static void
test_properties (void)
{
  static const LkKeyKind keys[] = { LK_KEY_GVLK, LK_KEY_MAK, LK_KEY_CSVLK };

  for (guint run = 0; run < 2000; run++)
    {
      LkLabProfile profile = run % 2 == 0 ? LK_LAB_VISTA_RTM : LK_LAB_LATER;
      LkLabLicense license = run % 3 == 0 ? make_licensed_by_kms (profile) : make (profile);
      gint64 now = START;

      license.checks_genuine = run % 5 == 0;
      for (guint step = 0; step < 60; step++)
        {
          LkLabEvent event = (LkLabEvent) g_test_rand_int_range (0, LK_LAB_N_EVENTS);
          LkKeyKind key = keys[g_test_rand_int_range (0, G_N_ELEMENTS (keys))];
          LkLabLicense before = license;
          guint32 code = lk_lab_license_apply (&license, profile, event, key, now);

          check_invariants (&license, before.rearm_left, now);
          if (event != LK_LAB_INSTALL_KEY && event != LK_LAB_UNINSTALL_KEY &&
              event != LK_LAB_FIRST_BOOT && event != LK_LAB_REBOOT)
            g_assert_cmpint (license.key_kind, ==, before.key_kind); /* none makes a key */
          if (code != 0)
            {
              /* What was refused changed nothing but what time had changed already. */
              lk_lab_license_apply (&before, profile, LK_LAB_TICK, LK_KEY_UNKNOWN, now);
              g_assert_cmpmem (&license, sizeof license, &before, sizeof before);
            }
          now += g_test_rand_int_range (0, 20 * DAY);
          lk_lab_license_apply (&license, profile, LK_LAB_TICK, LK_KEY_UNKNOWN, now);
          check_invariants (&license, license.rearm_left, now);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lab-license/first-grace", test_first_grace);
  g_test_add_func ("/lab-license/activation", test_activation);
  g_test_add_func ("/lab-license/kms-runs-out", test_kms_runs_out);
  g_test_add_func ("/lab-license/key-over-licence", test_key_over_licence);
  g_test_add_func ("/lab-license/genuine", test_genuine);
  g_test_add_func ("/lab-license/rearm", test_rearm);
  g_test_add_func ("/lab-license/losses", test_losses);
  g_test_add_func ("/lab-license/properties", test_properties);

  return g_test_run ();
}
