/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-machine.h"

#define NAME "PC-1"
#define FQDN "pc-1.lab.test"
#define UUID "4C4C4544-0042-3010-8052-B4C04F4B3232"
#define CMID "d4e1e2f0-0000-4000-8000-000000000001"

static LkIdentity *
identity_new (const char *name, const char *fqdn, const char *uuid, const char *cmid)
{
  LkIdentity *self = g_new0 (LkIdentity, 1);

  self->name = g_strdup (name);
  self->fqdn = g_strdup (fqdn);
  self->uuid = g_strdup (uuid);
  self->cmid = g_strdup (cmid);
  return self;
}

static void
test_same (void)
{
  g_autoptr (LkIdentity) row = identity_new (NAME, FQDN, UUID, CMID);
  g_autoptr (LkIdentity) seen =
      identity_new ("pc-1", "PC-1.LAB.TEST", "4c4c4544-0042-3010-8052-b4c04f4b3232", CMID);
  g_autofree char *difference = NULL;

  g_assert_true (lk_identity_matches (row, seen, &difference));
  g_assert_null (difference);
}

/* What one side does not know tells nothing. */
static void
test_unknown (void)
{
  g_autoptr (LkIdentity) row = identity_new (NAME, FQDN, UUID, CMID);
  g_autoptr (LkIdentity) empty = identity_new (NULL, NULL, NULL, NULL);
  g_autoptr (LkIdentity) named = identity_new (NAME, NULL, NULL, NULL);

  g_assert_true (lk_identity_matches (row, empty, NULL));
  g_assert_true (lk_identity_matches (empty, row, NULL));
  g_assert_true (lk_identity_matches (row, named, NULL));
}

static void
test_another (void)
{
  static const struct
  {
    const char *name;
    const char *fqdn;
    const char *uuid;
    const char *cmid;
    const char *difference;
  } cases[] = {
    { "PC-2", FQDN, UUID, CMID, "its name is PC-2, not " NAME },
    { NAME, "pc-1.other.test", UUID, CMID, "its full name is pc-1.other.test, not " FQDN },
    { NAME, FQDN, "other", CMID, "its SMBIOS UUID is other, not " UUID },
    { NAME, FQDN, UUID, "other", "its client machine ID is other, not " CMID },
  };
  g_autoptr (LkIdentity) row = identity_new (NAME, FQDN, UUID, CMID);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkIdentity) seen =
          identity_new (cases[i].name, cases[i].fqdn, cases[i].uuid, cases[i].cmid);
      g_autofree char *difference = NULL;

      g_assert_false (lk_identity_matches (row, seen, &difference));
      g_assert_cmpstr (difference, ==, cases[i].difference);
      g_assert_false (lk_identity_matches (row, seen, NULL));
    }
}

static void
test_reading (void)
{
  g_autoptr (LkReading) reading = lk_reading_new ();
  LkProduct *product = g_new0 (LkProduct, 1);

  g_assert_cmpint (reading->rearm_left, ==, -1);
  g_assert_nonnull (reading->identity);
  product->name = g_strdup ("Windows");
  product->kms_machine = g_strdup ("kms.lab.test");
  g_ptr_array_add (reading->products, product);
  reading->identity->name = g_strdup ("PC-1");
  reading->stack = g_strdup ("3.0");

  lk_identity_free (NULL);
  lk_product_free (NULL);
  lk_reading_free (NULL);
}

/* What tells machines apart, and what boards share that were never given a number. */
static void
test_usable_uuids (void)
{
  static const char *const shared[] = {
    NULL,
    "",
    "1B4E28BA",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-FFFF-ffff-ffff-ffffffffffff",
    "03000200-0400-0500-0006-000700080009",
    "12345678-1234-5678-90ab-cddeefaabbcc",
  };
  static const char own[] = "1B4E28BA-2FA1-11D2-883F-0016D3CCA427";
  static const char lab[] = "00000000-0000-4000-8000-000000000001";

  for (guint i = 0; i < G_N_ELEMENTS (shared); i++)
    g_assert_null (lk_uuid_get_usable (shared[i]));
  g_assert_true (lk_uuid_get_usable (own) == own);
  g_assert_true (lk_uuid_get_usable (lab) == lab);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/machine/usable-uuids", test_usable_uuids);
  g_test_add_func ("/machine/same", test_same);
  g_test_add_func ("/machine/unknown", test_unknown);
  g_test_add_func ("/machine/another", test_another);
  g_test_add_func ("/machine/reading", test_reading);
  return g_test_run ();
}
