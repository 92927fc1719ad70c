/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-range.h"
#include "discovery/lk-sightings.h"

#include <string.h>

static void
add (LkSightings *sightings,
     LkMeans means,
     const char *name,
     const char *full_name,
     const char *group,
     const char *endpoint,
     const char *host,
     guint16 port)
{
  LkAddress address;
  LkEvidence evidence = { means, name, full_name, group, endpoint, NULL, NULL, port, FALSE };

  if (host != NULL && lk_address_parse (host, 0, &address))
    evidence.address = &address;
  g_assert_true (lk_sightings_add (sightings, &evidence, 1));
}

static void
describe (const LkSighting *sighting, gpointer user_data)
{
  g_autofree char *also = sighting->also != NULL ? g_strjoinv (" ", sighting->also) : NULL;

  g_string_append_printf (user_data, "%u %s %s %s [%s] %s:%u\n", sighting->serial, sighting->name,
                          sighting->address != NULL ? sighting->address : "-",
                          sighting->domain != NULL ? sighting->domain : "-",
                          also != NULL ? also : "", sighting->means, sighting->port);
}

static char *
hand_out (LkSightings *sightings, gint64 before)
{
  GString *text = g_string_new (NULL);

  lk_sightings_hand_out (sightings, before, describe, text);
  return g_string_free (text, FALSE);
}

/* Whatever comes first, answers of one machine become one machine. */
static void
test_one_machine (void)
{
  g_autoptr (LkSightings) sightings = lk_sightings_new ();
  g_autofree char *found = NULL;

  add (sightings, LK_MEANS_WINRM, NULL, NULL, NULL, NULL, "10.0.0.7", 5985);
  add (sightings, LK_MEANS_WSD, NULL, NULL, NULL, "urn:1", "fe80::7", 0);
  add (sightings, LK_MEANS_MDNS, NULL, "pc-7.local", NULL, NULL, "fd00::7", 0);
  add (sightings, LK_MEANS_NETBIOS, "PC-7", NULL, "WORKGROUP", NULL, "10.0.0.7", 0);
  add (sightings, LK_MEANS_WSD, "PC-7", NULL, "WORKGROUP", "urn:1", "fe80::7", 0);
  g_assert_cmpuint (lk_sightings_count (sightings), ==, 1);
  found = hand_out (sightings, 1);
  g_assert_cmpstr (found, ==,
                   "1 PC-7 10.0.0.7 WORKGROUP [pc-7.local fd00::7 fe80::7] WinRM, NetBIOS,"
                   " WS-Discovery, mDNS:5985\n");
}

/* The same name in two workgroups is two machines, and a name that nobody could have is none. */
static void
test_two_machines (void)
{
  g_autoptr (LkSightings) sightings = lk_sightings_new ();
  g_autofree char *found = NULL;

  add (sightings, LK_MEANS_NETBIOS, "PC-1", NULL, "OFFICE", NULL, "10.0.0.1", 0);
  add (sightings, LK_MEANS_NETBIOS, "PC-1", NULL, "STORE", NULL, "10.0.1.1", 0);
  add (sightings, LK_MEANS_NETBIOS, "bad name;", NULL, "A\nB", NULL, "10.0.1.2", 0);
  found = hand_out (sightings, 1);
  g_assert_cmpstr (found, ==,
                   "1 PC-1 10.0.0.1 OFFICE [] NetBIOS:0\n"
                   "2 PC-1 10.0.1.1 STORE [] NetBIOS:0\n"
                   "3 10.0.1.2 - - [] NetBIOS:0\n");
}

/* A machine is handed out when it is quiet, and again only when there is news. */
static void
test_news (void)
{
  g_autoptr (LkSightings) sightings = lk_sightings_new ();
  g_autofree char *early = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;

  add (sightings, LK_MEANS_NETBIOS, "PC-1", NULL, NULL, NULL, "10.0.0.1", 0);
  early = hand_out (sightings, 0);
  first = hand_out (sightings, 1);
  add (sightings, LK_MEANS_NETBIOS, "PC-1", NULL, NULL, NULL, "10.0.0.1", 0);
  second = hand_out (sightings, 1);
  add (sightings, LK_MEANS_NETBIOS, "PC-1", NULL, NULL, NULL, "10.0.0.2", 0);
  third = hand_out (sightings, 1);
  g_assert_cmpstr (early, ==, "");
  g_assert_cmpstr (first, ==, "1 PC-1 10.0.0.1 - [] NetBIOS:0\n");
  g_assert_cmpstr (second, ==, "");
  g_assert_cmpstr (third, ==, "1 PC-1 10.0.0.1 - [10.0.0.2] NetBIOS:0\n");
}

/* Somebody who claims a thousand names and addresses costs no more than a few. */
static void
test_bounded (void)
{
  g_autoptr (LkSightings) sightings = lk_sightings_new ();
  g_autofree char *found = NULL;

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *name = g_strdup_printf ("pc-%u", i);
      g_autofree char *host = g_strdup_printf ("10.0.%u.%u", i / 250, i % 250);

      add (sightings, LK_MEANS_WSD, name, NULL, NULL, "urn:1", host, 0);
    }
  g_assert_cmpuint (lk_sightings_count (sightings), ==, 1);
  found = hand_out (sightings, 1);
  g_assert_cmpuint (strlen (found), <, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sightings/one-machine", test_one_machine);
  g_test_add_func ("/sightings/two-machines", test_two_machines);
  g_test_add_func ("/sightings/news", test_news);
  g_test_add_func ("/sightings/bounded", test_bounded);
  return g_test_run ();
}
