/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "wsman/lk-wsman-names.h"
#include "wsman/lk-wsman-reply.h"
#include "wsman/lk-wsman-request.h"
#include "wsman/lk-wsman.h"

#include <string.h>

/* The hand-made messages in tests/data/wsman, both ways: what we write means the same as each
 * sample request, and what we read from each sample answer is what expected.tsv says. */

static const LkXmlLimits limits = { .max_bytes = 1 << 20,
                                    .max_text = 1 << 16,
                                    .max_elements = 9999 };

static char *
load (const char *name, const char *suffix, gsize *length)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "wsman", file, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, length, &error);
  g_assert_no_error (error);
  return text;
}

/* ---- answers ---- */

static void
assert_batch (const LkWsmanReply *reply, const char *n_items, const char *is_last)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkWsmanBatch) batch = lk_wsman_reply_read_batch (reply, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (batch->rows->len, ==, g_ascii_strtoull (n_items, NULL, 10));
  g_assert_cmpint (batch->is_last, ==, g_str_equal (is_last, "yes"));
  g_assert_true (batch->is_last || batch->context != NULL);
}

static void
assert_return_value (const LkWsmanReply *reply, const char *expected)
{
  g_autoptr (LkWsmanRow) row = lk_wsman_row_new (reply->content);

  g_assert_cmpstr (lk_wsman_row_get (row, "ReturnValue"), ==, expected);
}

static void
assert_fault (const LkWsmanReply *reply, const char *code, const char *subcode)
{
  g_autoptr (LkWsmanFault) fault = lk_wsman_reply_read_fault (reply);
  guint64 expected = 0;

  g_assert_nonnull (fault);
  lk_text_to_uint (code, G_MAXUINT32, &expected);
  g_assert_cmphex (fault->code, ==, expected);
  if (*subcode != '\0')
    g_assert_cmpstr (fault->subcode, ==, strchr (subcode, ':') + 1);
  g_assert_nonnull (fault->text);
}

/* columns: sample http body items end_of_sequence return_value hresult subcode */
static void
test_answer (gconstpointer data)
{
  const char *const *fields = data;
  gsize length = 0;
  g_autofree char *text = load (fields[0], ".response.xml", &length);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkWsmanReply) reply = lk_wsman_reply_parse (text, length, NULL, &error);

  g_assert_no_error (error);
  if (g_str_equal (fields[2], "(empty)"))
    g_assert_null (reply->content);
  else
    g_assert_cmpstr ((const char *) reply->content->name, ==, fields[2]);
  g_assert_cmpint (reply->fault != NULL, ==, g_str_equal (fields[1], "500"));
  if (reply->fault != NULL)
    assert_fault (reply, fields[6], fields[7]);
  if (*fields[4] != '\0')
    assert_batch (reply, fields[3], fields[4]);
  if (*fields[5] != '\0')
    assert_return_value (reply, fields[5]);
}

static void
test_relates_to (gconstpointer data)
{
  const char *const *fields = data;
  gsize length = 0;
  g_autofree char *text = load (fields[0], ".response.xml", &length);
  g_autoptr (LkWsmanReply) reply = NULL;
  g_autoptr (GError) error = NULL;

  if (strstr (text, "RelatesTo") == NULL)
    return;
  reply = lk_wsman_reply_parse (text, length, "uuid:00000000-0000-4000-8000-00000000FFFF", &error);
  g_assert_null (reply);
  g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
}

static LkWsmanBatch *
load_batch (const char *name)
{
  gsize length = 0;
  g_autofree char *text = load (name, ".response.xml", &length);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkWsmanReply) reply = lk_wsman_reply_parse (text, length, NULL, &error);

  g_assert_no_error (error);
  return lk_wsman_reply_read_batch (reply, &error);
}

static void
test_values (void)
{
  g_autoptr (LkWsmanBatch) whole = load_batch ("06-enumerate-products-optimized");
  g_autoptr (LkWsmanBatch) named = load_batch ("09-enumerate-projection");
  const LkWsmanRow *row = whole->rows->pdata[0];
  guint64 number = 0;

  g_assert_cmpstr (lk_wsman_row_get (row, "PartialProductKey"), ==, "BCDF2");
  g_assert_null (lk_wsman_row_get (row, "KeyManagementServiceMachine")); /* nil */
  g_assert_null (lk_wsman_row_get (row, "NoSuchProperty"));
  g_assert_true (lk_wsman_row_get_uint (row, "ExtendedGrace", &number));
  g_assert_cmpuint (number, ==, G_MAXUINT32);
  g_assert_false (lk_wsman_row_get_boolean (row, "LicenseIsAddon"));
  g_assert_cmpint (lk_wsman_row_get_time (row, "TrustedTime"), ==, 1795465815123);
  g_assert_cmpint (lk_wsman_row_get_time (row, "EvaluationEndDate"), ==, 0);
  g_assert_cmpint (lk_wsman_row_get_time (row, "Name"), ==, 0);

  row = named->rows->pdata[2];
  g_assert_cmpstr (lk_wsman_row_get (row, "Name"), ==,
                   "Windows(R), ServerStandard edition & café <test>");
  g_assert_cmpstr (lk_wsman_row_get (row, "EvaluationEndDate"), ==, "1601-01-01T00:00:00Z");
}

/* Shapes that no sample shows: a bare time, another offset, an array, booleans in capitals. */
static void
test_foreign_values (void)
{
  static const char text[] =
      "<x xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><T>2013-04-15T20:27:39+08:00</T>"
      "<B>TRUE</B><A>1</A><A>2</A><N i:nil='1'>7</N><E></E><R><Address>y</Address></R></x>";
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) doc = lk_xml_parse (text, strlen (text), &limits, "It", &error);
  g_autoptr (LkWsmanRow) row = lk_wsman_row_new (xmlDocGetRootElement (doc));

  g_assert_cmpint (lk_wsman_row_get_time (row, "T"), ==, 1366028859000);
  g_assert_true (lk_wsman_row_get_boolean (row, "B"));
  g_assert_cmpstr (lk_wsman_row_get_nth (row, "A", 1), ==, "2");
  g_assert_null (lk_wsman_row_get_nth (row, "A", 2));
  g_assert_null (lk_wsman_row_get (row, "N"));
  g_assert_cmpstr (lk_wsman_row_get (row, "E"), ==, "");
  g_assert_null (lk_wsman_row_get (row, "R"));
}

/* The full key in the firmware must not even get into a row. */
static void
test_original_key_is_dropped (void)
{
  gsize length = 0;
  g_autofree char *text = load ("13-get-service", ".response.xml", &length);
  g_auto (GStrv) parts = g_strsplit (text, "<p:OA3xOriginalProductKey></p:", 2);
  g_autofree char *with_key = NULL;
  g_autoptr (LkWsmanReply) reply = NULL;
  g_autoptr (LkWsmanRow) row = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (parts[1]);
  with_key = g_strdup_printf ("%s<p:OA3xOriginalProductKey>SECRET</p:%s", parts[0], parts[1]);
  reply = lk_wsman_reply_parse (with_key, strlen (with_key), NULL, &error);
  g_assert_no_error (error);
  row = lk_wsman_row_new (reply->content);
  g_assert_cmpstr (lk_wsman_row_get (row, "OA3xOriginalProductKey"), ==, "");
  g_assert_nonnull (lk_wsman_row_get (row, "Version"));
}

/* ---- faults ---- */

static GError *
error_of_fault (const char *detail, const char *reason)
{
  g_autofree char *text = g_strdup_printf (
      "<s:Envelope xmlns:s='" LK_NS_SOAP "' xmlns:f='" LK_NS_FAULT "'><s:Body><s:Fault><s:Code>"
      "<s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>%s</s:Text></s:Reason>"
      "<s:Detail>%s</s:Detail></s:Fault></s:Body></s:Envelope>",
      reason, detail);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkWsmanReply) reply = lk_wsman_reply_parse (text, strlen (text), NULL, &error);
  g_autoptr (LkWsmanFault) fault = NULL;

  g_assert_no_error (error);
  fault = lk_wsman_reply_read_fault (reply);
  lk_wsman_fault_to_error (fault, "pc-7:5985", "Activate", &error);
  return g_steal_pointer (&error);
}

static void
test_fault_codes (void)
{
  static const struct
  {
    const char *detail;
    const char *reason;
    LkError code;
    guint32 remote;
  } table[] = {
    { "<f:WSManFault Code='2150859174'/>", "x", LK_ERROR_BUSY, 0x803381A6 },
    { "<f:WSManFault Code='2150858815'/>", "x", LK_ERROR_BUSY, 0x8033803F },
    { "<f:WSManFault Code='2150859239'/>", "x", LK_ERROR_BUSY, 0x803381E7 },
    { "<f:WSManFault Code='2150858793'/>", "x", LK_ERROR_UNREACHABLE, 0x80338029 },
    { "<f:WSManFault Code='5'/>", "x", LK_ERROR_DENIED, 5 },
    { "<f:WSManFault Code='2147942405'/>", "x", LK_ERROR_DENIED, 0x80070005 },
    { "<f:WSManFault Code='-1073418160'/>", "x", LK_ERROR_REJECTED, 0xC004F050 },
    /* the innermost one, then the typed ones, then what the texts say */
    { "<f:WSManFault Code='2150858755'><f:Message><f:WSManFault Code='3221549172'/></f:Message>"
      "</f:WSManFault>",
      "x", LK_ERROR_REJECTED, 0xC004F074 },
    { "<e><error_Code>3221549136</error_Code><error_Type>HRESULT</error_Type></e>", "x",
      LK_ERROR_REJECTED, 0xC004F050 },
    { "<e><error_Code>4</error_Code><error_Type>CIM</error_Type></e>", "x", LK_ERROR_REJECTED, 0 },
    { "<e><OMI_Code>2150858778</OMI_Code><OMI_Type>HRESULT</OMI_Type></e>", "x", LK_ERROR_REJECTED,
      0x8033801A },
    { "<e><MessageID>HRESULT 0xc004f038</MessageID></e>", "x", LK_ERROR_REJECTED, 0xC004F038 },
    { "", "It failed: 0xC004F014.", LK_ERROR_REJECTED, 0xC004F014 },
    { "", "It failed: 0xC004F0145.", LK_ERROR_REJECTED, 0 },
    { "", "no code", LK_ERROR_REJECTED, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = error_of_fault (table[i].detail, table[i].reason);

      g_test_message ("%s", error->message);
      g_assert_error (error, LK_ERROR, (int) table[i].code);
      g_assert_cmphex (lk_error_get_remote_code (error), ==, table[i].remote);
      g_assert_true (g_str_has_prefix (error->message, "pc-7:5985: Activate: "));
    }
}

static void
test_fault_repeats_no_key (void)
{
  g_autoptr (GError) error = error_of_fault ("", "Bad key\nBBBBB-CCCCC-DDDDD-FFFFF-GGGGG given");

  g_assert_null (strstr (error->message, "CCCCC"));
  g_assert_null (strchr (error->message, '\n'));
}

static void
test_hostile_answers (void)
{
  static const char *const answers[] = {
    "",
    "no XML",
    "<a/>",
    "<!DOCTYPE a><s:Envelope xmlns:s='" LK_NS_SOAP "'><s:Body/></s:Envelope>",
    "<s:Envelope xmlns:s='" LK_NS_SOAP "'/>",
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body/></s:Envelope>",
    "<Envelope><Body/></Envelope>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (lk_wsman_reply_parse (answers[i], strlen (answers[i]), NULL, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
    }
}

/* ---- requests ---- */

static char *
get_header (const xmlNode *root, const char *ns, const char *name)
{
  return lk_xml_child_text (lk_xml_child (root, LK_NS_SOAP, "Header"), ns, name);
}

/* What we would say if asked for the same as @root; NULL for what we never ask for. */
static GBytes *
write_same (const xmlNode *root)
{
  const xmlNode *content = lk_xml_first (lk_xml_child (root, LK_NS_SOAP, "Body"));
  const xmlNode *header = lk_xml_child (root, LK_NS_SOAP, "Header");
  const xmlNode *set = lk_xml_child (header, LK_NS_WSMAN, "SelectorSet");
  g_autofree char *to = get_header (root, LK_NS_ADDRESSING, "To");
  g_autofree char *uri = get_header (root, LK_NS_WSMAN, "ResourceURI");
  g_autofree char *id = get_header (root, LK_NS_ADDRESSING, "MessageID");
  g_autofree char *action = get_header (root, LK_NS_ADDRESSING, "Action");
  g_autofree char *timeout = get_header (root, LK_NS_WSMAN, "OperationTimeout");
  g_autofree char *envelope = get_header (root, LK_NS_WSMAN, "MaxEnvelopeSize");
  g_autofree char *wql = lk_xml_child_text (content, LK_NS_WSMAN, "Filter");
  g_autofree char *context = lk_xml_child_text (content, LK_NS_ENUMERATION, "EnumerationContext");
  g_autoptr (GPtrArray) selectors = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) parameters = g_ptr_array_new_with_free_func (g_free);
  LkWsmanRequest request = { .to = to, .resource_uri = uri, .message_id = id };
  guint64 count = 0;
  guint64 number = 0;

  if (lk_xml_is (content, LK_NS_IDENTITY, "Identify"))
    return lk_wsman_write_identify ();

  for (const xmlNode *node = lk_xml_first (set); node != NULL; node = lk_xml_next (node))
    {
      g_autofree char *name = lk_xml_attribute (node, NULL, "Name");

      if (g_strcmp0 (name, LK_WSMAN_NAMESPACE) == 0)
        request.cim_namespace = LK_WSMAN_CIMV2;
      else
        {
          g_ptr_array_add (selectors, g_steal_pointer (&name));
          g_ptr_array_add (selectors, lk_xml_text (node));
        }
    }
  g_ptr_array_add (selectors, NULL);
  request.selectors = (const char *const *) selectors->pdata;
  g_assert_true (lk_text_to_uint (envelope, G_MAXUINT, &number));
  request.max_envelope = (guint) number;
  g_assert_cmpint (sscanf (timeout, "PT%uS", &request.timeout_s), ==, 1);

  if (content != NULL)
    for (const xmlNode *node = lk_xml_first (content); node != NULL; node = lk_xml_next (node))
      if (lk_xml_is (node, NULL, "MaxElements"))
        {
          g_autofree char *text = lk_xml_text (node);

          lk_text_to_uint (text, G_MAXUINT, &count);
        }

  if (lk_xml_child (header, "urn:example:unknown", "Unknown") != NULL)
    return NULL;
  if (g_str_equal (action, LK_ACTION_GET))
    return lk_wsman_write_get (&request);
  if (g_str_equal (action, LK_ACTION_PULL))
    return lk_wsman_write_pull (&request, context, (guint) count);
  if (g_str_equal (action, LK_ACTION_RELEASE))
    return lk_wsman_write_release (&request, context);
  if (g_str_equal (action, LK_ACTION_ENUMERATE))
    return wql != NULL && lk_xml_child (content, LK_NS_WSMAN, "OptimizeEnumeration") != NULL
               ? lk_wsman_write_enumerate (&request, wql, (guint) count)
               : NULL;
  if (content == NULL)
    return NULL;

  for (const xmlNode *node = lk_xml_first (content); node != NULL; node = lk_xml_next (node))
    {
      g_ptr_array_add (parameters, g_strdup ((const char *) node->name));
      g_ptr_array_add (parameters, lk_xml_text (node));
    }
  g_ptr_array_add (parameters, NULL);
  return lk_wsman_write_invoke (&request, strrchr (action, '/') + 1,
                                (const char *const *) parameters->pdata);
}

static void
describe_node (const xmlNode *node, const char *path, GPtrArray *lines)
{
  g_autofree char *here =
      g_strdup_printf ("%s/{%s}%s", path, node->ns != NULL ? (const char *) node->ns->href : "",
                       (const char *) node->name);
  g_autofree char *text = lk_xml_text (node);
  g_autoptr (GString) line = g_string_new (here);

  for (const xmlAttr *attr = node->properties; attr != NULL; attr = attr->next)
    g_string_append_printf (line, " {%s}%s=%s",
                            attr->ns != NULL ? (const char *) attr->ns->href : "",
                            (const char *) attr->name, (const char *) attr->children->content);
  g_string_append_printf (line, " = %s", text);
  g_ptr_array_add (lines, g_strdup (line->str));
  for (const xmlNode *child = lk_xml_first (node); child != NULL; child = lk_xml_next (child))
    describe_node (child, here, lines);
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Every element with its namespace, attributes and text. Headers have no order, and a body's order
 * follows from how it was written, so the lines are sorted. */
static char *
describe_document (xmlDoc *doc)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);

  describe_node (xmlDocGetRootElement (doc), "", lines);
  g_ptr_array_sort (lines, compare_lines);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n", (char **) lines->pdata);
}

static void
test_request (gconstpointer data)
{
  /* What only others ask: these samples are read here, and never written. */
  static const char *const never_asked[] = {
    "02-enumerate-products-plain", "10-enumerate-bad-wql",    "12-enumerate-object-and-epr",
    "35-action-mismatch",          "51-notunderstood-header", NULL,
  };
  const char *const *fields = data;
  gsize length = 0;
  g_autofree char *text = load (fields[0], ".request.xml", &length);
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) sample = lk_xml_parse (text, length, &limits, fields[0], &error);
  g_autoptr (xmlDoc) written = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *actual = NULL;

  g_assert_no_error (error);
  bytes = write_same (xmlDocGetRootElement (sample));
  if (bytes == NULL)
    {
      g_assert_true (g_strv_contains (never_asked, fields[0]));
      return;
    }

  written = lk_xml_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &limits, "ours",
                          &error);
  g_assert_no_error (error);
  expected = describe_document (sample);
  actual = describe_document (written);
  g_assert_cmpstr (actual, ==, expected);
}

int
main (int argc, char **argv)
{
  g_autofree char *table = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);

  g_test_init (&argc, &argv, NULL);
  table = load ("expected", ".tsv", NULL);
  lines = g_strsplit (table, "\n", -1);
  for (guint i = 1; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      char **fields = g_strsplit (lines[i], "\t", -1);
      g_autofree char *answer = g_strdup_printf ("/wsman/answer/%s", fields[0]);
      g_autofree char *relates = g_strdup_printf ("/wsman/relates-to/%s", fields[0]);
      g_autofree char *request = g_strdup_printf ("/wsman/request/%s", fields[0]);

      g_assert_cmpuint (g_strv_length (fields), ==, 8);
      g_ptr_array_add (rows, fields);
      g_test_add_data_func (answer, fields, test_answer);
      g_test_add_data_func (relates, fields, test_relates_to);
      if (!g_str_has_prefix (fields[0], "01b-"))
        g_test_add_data_func (request, fields, test_request);
    }
  g_assert_cmpuint (rows->len, ==, 36);
  g_test_add_func ("/wsman/values", test_values);
  g_test_add_func ("/wsman/foreign-values", test_foreign_values);
  g_test_add_func ("/wsman/original-key-is-dropped", test_original_key_is_dropped);
  g_test_add_func ("/wsman/fault-codes", test_fault_codes);
  g_test_add_func ("/wsman/fault-repeats-no-key", test_fault_repeats_no_key);
  g_test_add_func ("/wsman/hostile-answers", test_hostile_answers);
  return g_test_run ();
}
