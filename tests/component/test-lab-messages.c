/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-xml.h"
#include "lab/lk-lab-request.h"
#include "lab/lk-lab.h"
#include "net/lk-link.h"

#include <string.h>

/* The lab's messages, to the letter: what the client does not send is asked here by hand. */

#define WILDCARD LK_LAB_WMI_URI "root/cimv2/*"
#define PRODUCTS LK_LAB_WMI_URI "root/cimv2/SoftwareLicensingProduct"

static const LkXmlLimits limits = { .max_bytes = 1 << 20,
                                    .max_text = 65536,
                                    .max_elements = 10000 };

static LkLab *
open_lab (guint context_ms)
{
  const LkLabOptions options = {
    .fleet = { .n_machines = 2, .seed = 4, .profile_mix = "2022=1" },
    .context_ms = context_ms,
  };
  g_autoptr (GError) error = NULL;
  LkLab *lab = lk_lab_new (&options, &error);

  g_assert_no_error (error);
  return lab;
}

static char *
make_request (const char *uri,
              const char *action,
              guint envelope,
              const char *extra,
              const char *body)
{
  return g_strdup_printf (
      "<s:Envelope xmlns:s='" LK_LAB_NS_SOAP "' xmlns:a='" LK_LAB_NS_WSA
      "' xmlns:n='" LK_LAB_NS_WSEN "' xmlns:w='" LK_LAB_NS_WSMAN
      "'><s:Header><w:ResourceURI>%s</w:ResourceURI><a:Action>%s"
      "</a:Action><a:MessageID>uuid:1</a:MessageID><w:MaxEnvelopeSize>%u</w:MaxEnvelopeSize>%s"
      "</s:Header><s:Body>%s</s:Body></s:Envelope>",
      uri, action, envelope, extra, body);
}

/* Posts and gives the answer's document; @size receives its bytes. */
static xmlDoc *
ask (LkLab *lab, const char *request, guint *status, gsize *size)
{
  const LkLinkOptions options = { .host = "127.1.0.1",
                                  .port = lk_lab_get_port (lab),
                                  .path = "/wsman" };
  g_autoptr (LkLink) link = lk_link_new (&options);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkHttpMessage) answer =
      lk_link_post (link, "application/soap+xml;charset=UTF-8", request, strlen (request), FALSE, 0,
                    NULL, &error);
  xmlDoc *doc;

  g_assert_no_error (error);
  *status = answer->status;
  if (size != NULL)
    *size = answer->body->len;
  doc = lk_xml_parse ((const char *) answer->body->data, answer->body->len, &limits, "The answer",
                      &error);
  g_assert_no_error (error);
  return doc;
}

static char *
find_text (xmlDoc *doc, const char *name)
{
  return lk_xml_text (lk_xml_find (xmlDocGetRootElement (doc), NULL, name));
}

static guint
count_items (xmlDoc *doc)
{
  guint n = 0;

  for (xmlNode *item = lk_xml_first (lk_xml_find (xmlDocGetRootElement (doc), NULL, "Items"));
       item != NULL; item = lk_xml_next (item))
    n++;
  return n;
}

/* Every worked message gets the kind of answer that it should. */
static void
test_samples (void)
{
  static const struct
  {
    const char *name;
    guint status;
    const char *element; /* in the answer */
    const char *subcode; /* of a fault */
  } samples[] = {
    { "01-identify", 200, "IdentifyResponse", NULL },
    { "02-enumerate-products-plain", 200, "EnumerationContext", NULL },
    { "05-pull-after-end", 500, "Fault", "n:InvalidEnumerationContext" },
    { "06-enumerate-products-optimized", 200, "SoftwareLicensingProduct", NULL },
    { "08-enumerate-empty", 200, "EndOfSequence", NULL },
    { "09-enumerate-projection", 200, "XmlFragment", NULL },
    { "10-enumerate-bad-wql", 500, "ProviderFault", "n:CannotProcessFilter" },
    { "12-enumerate-object-and-epr", 200, "EndpointReference", NULL },
    { "13-get-service", 200, "SoftwareLicensingService", NULL },
    { "14-get-service-wrong-key", 500, "Fault", "a:DestinationUnreachable" },
    { "20-invoke-installproductkey", 500, "Fault", "w:InternalError" },
    { "28-invoke-refreshlicensestatus", 200, "RefreshLicenseStatus_OUTPUT", NULL },
    { "34-invoke-missing-selector", 500, "FaultDetail", "w:InvalidSelectors" },
    { "35-action-mismatch", 500, "Fault", "a:ActionNotSupported" },
    { "51-notunderstood-header", 500, "NotUnderstood", NULL },
  };
  g_autoptr (LkLab) lab = open_lab (0);

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autofree char *file = g_strconcat (samples[i].name, ".request.xml", NULL);
      g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "wsman", file, NULL);
      g_autofree char *request = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (xmlDoc) doc = NULL;
      g_autofree char *subcode = NULL;
      xmlNode *root;
      guint status;

      g_test_message ("%s", samples[i].name);
      g_file_get_contents (path, &request, NULL, &error);
      g_assert_no_error (error);
      doc = ask (lab, request, &status, NULL);
      root = xmlDocGetRootElement (doc);
      subcode = lk_xml_child_text (lk_xml_find (root, LK_LAB_NS_SOAP, "Subcode"), NULL, "Value");
      g_assert_cmpuint (status, ==, samples[i].status);
      g_assert_nonnull (lk_xml_find (root, NULL, samples[i].element));
      g_assert_cmpstr (subcode, ==, samples[i].subcode);
    }
}

static char *
make_pull (const char *context, guint max, guint envelope)
{
  g_autofree char *body = g_strdup_printf (
      "<n:Pull><n:EnumerationContext>%s</n:EnumerationContext><n:MaxElements>%u</n:MaxElements>"
      "</n:Pull>",
      context, max);

  return make_request (WILDCARD, LK_LAB_NS_WSEN "/Pull", envelope, "", body);
}

#define ENUMERATE(inner) "<n:Enumerate>" inner "</n:Enumerate>"
#define ALL_PRODUCTS                                                                               \
  "<w:Filter Dialect='" LK_LAB_WQL_URI "'>SELECT * FROM SoftwareLicensingProduct</w:Filter>"

/* An answer is cut by MaxEnvelopeSize, the rest is pulled, and nothing is lost or doubled. */
static void
test_paging (void)
{
  g_autoptr (LkLab) lab = open_lab (0);
  g_autofree char *request =
      make_request (WILDCARD, LK_LAB_NS_WSEN "/Enumerate", 9000, "",
                    ENUMERATE (
                        "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements>" ALL_PRODUCTS));
  g_autoptr (xmlDoc) first = NULL;
  g_autofree char *context = NULL;
  guint status;
  gsize size;
  guint n;

  first = ask (lab, request, &status, &size);
  g_assert_cmpuint (status, ==, 200);
  g_assert_cmpuint (size, <=, 9000);
  n = count_items (first);
  g_assert_cmpuint (n, >, 0);
  g_assert_cmpuint (n, <, 5);

  for (context = find_text (first, "EnumerationContext"); context != NULL && *context != '\0';)
    {
      g_autofree char *pull = make_pull (context, 100, 9000);
      g_autofree char *used = g_steal_pointer (&context);
      g_autoptr (xmlDoc) next = ask (lab, pull, &status, &size);
      g_autoptr (xmlDoc) again = NULL;

      g_assert_cmpuint (status, ==, 200);
      g_assert_cmpuint (size, <=, 9000);
      n += count_items (next);
      context = find_text (next, "EnumerationContext");
      g_assert_cmpint (context == NULL, ==,
                       lk_xml_find (xmlDocGetRootElement (next), LK_LAB_NS_WSEN, "EndOfSequence") !=
                           NULL);
      again = ask (lab, pull, &status, NULL);
      g_assert_cmpuint (status, ==, 500); /* a context is good for one pull */
    }
  g_assert_cmpuint (n, ==, 5); /* one entry for each kind of key */
}

static void
test_contexts_expire (void)
{
  g_autoptr (LkLab) lab = open_lab (1);
  g_autofree char *request =
      make_request (WILDCARD, LK_LAB_NS_WSEN "/Enumerate", 100000, "", ENUMERATE (ALL_PRODUCTS));
  guint status;
  g_autoptr (xmlDoc) first = ask (lab, request, &status, NULL);
  g_autofree char *context = find_text (first, "EnumerationContext");
  g_autofree char *pull = make_pull (context, 1, 100000);
  gint64 until = g_get_monotonic_time () + 2000;
  g_autoptr (xmlDoc) second = NULL;

  while (g_get_monotonic_time () < until)
    g_thread_yield ();
  second = ask (lab, pull, &status, NULL);
  g_assert_cmpuint (status, ==, 500);
}

static void
check_fault (LkLab *lab, const char *request, guint32 code)
{
  guint status;
  g_autoptr (xmlDoc) doc = ask (lab, request, &status, NULL);
  g_autofree char *told =
      lk_xml_attribute (lk_xml_find (xmlDocGetRootElement (doc), LK_LAB_NS_FAULT, "WSManFault"),
                        NULL, "Code");
  g_autofree char *expected = g_strdup_printf ("%u", code);

  g_assert_cmpuint (status, ==, 500);
  g_assert_cmpstr (told, ==, expected);
}

static void
test_refusals (void)
{
  g_autoptr (LkLab) lab = open_lab (0);
  g_autofree char *small =
      make_request (WILDCARD, LK_LAB_NS_WSEN "/Enumerate", 8191, "", ENUMERATE (ALL_PRODUCTS));
  g_autofree char *wql_on_class =
      make_request (PRODUCTS, LK_LAB_NS_WSEN "/Enumerate", 9000, "", ENUMERATE (ALL_PRODUCTS));
  g_autofree char *column =
      make_request (WILDCARD, LK_LAB_NS_WSEN "/Enumerate", 9000, "",
                    ENUMERATE ("<w:Filter Dialect='" LK_LAB_WQL_URI
                               "'>SELECT ID, Nothing FROM SoftwareLicensingProduct</w:Filter>"));
  g_autofree char *namespace =
      make_request (LK_LAB_WMI_URI "root/nowhere/X", LK_LAB_NS_WXF "/Get", 9000, "", "");
  g_autofree char *uri = make_request ("urn:x", LK_LAB_NS_WXF "/Get", 9000, "", "");

  check_fault (lab, small, 0x80338048);
  check_fault (lab, wql_on_class, 0x803380FB);
  check_fault (lab, column, 0x8033801A);
  check_fault (lab, namespace, 0x80338000);
  check_fault (lab, uri, 0x80338000);
  check_fault (lab, "<not-soap/>", 0x80338041);
  check_fault (lab, "<!DOCTYPE x [<!ENTITY e 'e'>]><x>&e;</x>", 0x80338041);

  g_assert_true (lk_lab_fault_set_get_value (lk_lab_fleet_get_faults (lk_lab_get_fleet (lab)), 0,
                                             LK_LAB_BUSY) == 0);
  g_assert_true (lk_lab_put_fault (lab, 0, LK_LAB_BUSY, TRUE, 1, NULL));
  check_fault (lab, column, 0x803381A6);
  check_fault (lab, column, 0x8033801A);
}

/* DMTF's URIs, in any case, with the namespace as a selector. */
static void
test_dmtf (void)
{
  g_autoptr (LkLab) lab = open_lab (0);
  g_autofree char *request = make_request (
      "HTTP://schemas.dmtf.org/wbem/wscim/1/CIM-schema/2/Win32_ComputerSystemProduct",
      LK_LAB_NS_WSEN "/Enumerate", 100000,
      "<w:SelectorSet><w:Selector Name='__cimnamespace'>root/cimv2</w:Selector></w:SelectorSet>",
      ENUMERATE ("<w:OptimizeEnumeration/>"));
  guint status;
  g_autoptr (xmlDoc) doc = ask (lab, request, &status, NULL);
  g_autofree char *uuid = find_text (doc, "UUID");

  g_assert_cmpuint (status, ==, 200);
  g_assert_cmpuint (strlen (uuid), ==, 36);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lab-messages/samples", test_samples);
  g_test_add_func ("/lab-messages/paging", test_paging);
  g_test_add_func ("/lab-messages/contexts-expire", test_contexts_expire);
  g_test_add_func ("/lab-messages/refusals", test_refusals);
  g_test_add_func ("/lab-messages/dmtf", test_dmtf);

  return g_test_run ();
}
