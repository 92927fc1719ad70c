/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "base/lk-xml.h"

#include <string.h>

static const LkXmlLimits limits = { .max_bytes = 65536, .max_text = 1024, .max_elements = 100 };

static xmlDoc *
parse (const char *text, const LkXmlLimits *with, GError **error)
{
  return lk_xml_parse (text, strlen (text), with, "The reply of pc-1", error);
}

static void
assert_refused (const char *text, const LkXmlLimits *with, const char *reason)
{
  g_autofree char *expected = g_strconcat ("The reply of pc-1 is unusable: ", reason, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) doc = parse (text, with, &error);

  g_assert_null (doc);
  g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
assert_accepted (const char *text, const LkXmlLimits *with)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) doc = parse (text, with, &error);

  g_assert_no_error (error);
  g_assert_nonnull (doc);
}

/* @n times @open, then @inside, then @n times @close. */
static char *
nest (guint n, const char *open, const char *inside, const char *close)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append (text, open);
  g_string_append (text, inside);
  for (guint i = 0; i < n; i++)
    g_string_append (text, close);

  return g_string_free (text, FALSE);
}

static void
test_walk (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) doc =
      parse ("<a xmlns='urn:1' xmlns:x='urn:2'> \n<b>one</b><!-- no --><?no no?>"
             "<x:b x:k='v' k='w'> t<![CDATA[<w>]]>o &amp;&#65; </x:b>"
             "<c><d>deep</d></c><e/></a>",
             &limits, &error);
  const xmlNode *root = xmlDocGetRootElement (doc);
  const xmlNode *second = lk_xml_child (root, "urn:2", "b");
  g_autofree char *one = lk_xml_child_text (root, NULL, "b");
  g_autofree char *two = lk_xml_text (second);
  g_autofree char *qualified = lk_xml_attribute (second, "urn:2", "k");
  g_autofree char *plain = lk_xml_attribute (second, NULL, "k");
  g_autofree char *empty = lk_xml_child_text (root, "urn:1", "e");
  g_autofree char *deep = lk_xml_text (lk_xml_find (root, "urn:1", "d"));

  g_assert_no_error (error);
  g_assert_true (lk_xml_is (root, "urn:1", "a"));
  g_assert_false (lk_xml_is (root, "urn:2", "a"));
  g_assert_cmpstr (one, ==, "one");
  g_assert_cmpstr (two, ==, "t<w>o &A");
  g_assert_cmpstr (qualified, ==, "v");
  g_assert_cmpstr (plain, ==, "w");
  g_assert_cmpstr (empty, ==, "");
  g_assert_cmpstr (deep, ==, "deep");
  g_assert_true (lk_xml_next (lk_xml_first (root)) == second);
  g_assert_null (lk_xml_child (root, NULL, "d"));
  g_assert_null (lk_xml_child (NULL, NULL, "d"));
  g_assert_null (lk_xml_text (NULL));
  g_assert_null (lk_xml_attribute (second, NULL, "x"));
}

static void
test_depth (void)
{
  g_autofree char *deepest = nest (32, "<a>", "", "</a>");
  g_autofree char *deeper = nest (33, "<a>", "", "</a>");
  g_autofree char *open = nest (20000, "<a>", "", "");

  assert_accepted (deepest, &limits);
  assert_refused (deeper, &limits, "it is nested too deeply");
  assert_refused (open, &limits, "it is nested too deeply");
}

static void
test_doctype (void)
{
  assert_refused ("<!DOCTYPE a><a/>", &limits, "it has a DOCTYPE, which is not allowed");
  assert_refused ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", &limits,
                  "it has a DOCTYPE, which is not allowed");
  assert_refused ("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", &limits,
                  "it has a DOCTYPE, which is not allowed");
}

static void
test_entity_bomb (void)
{
  GString *bomb = g_string_new ("<!DOCTYPE a [<!ENTITY x0 'ha'>");
  g_autofree char *text = NULL;

  for (guint i = 1; i < 30; i++)
    g_string_append_printf (bomb, "<!ENTITY x%u '&x%u;&x%u;'>", i, i - 1, i - 1);
  g_string_append (bomb, "]><a b='&x29;'>&x29;</a>");
  text = g_string_free (bomb, FALSE);

  assert_refused (text, &limits, "it has a DOCTYPE, which is not allowed");
  assert_refused ("<a>&x;</a>", &limits, "it is not well-formed XML");
}

static void
test_sizes (void)
{
  g_autofree char *full = nest (1, "<a>", "", "</a>");
  g_autofree char *large = g_strnfill (65537, ' ');
  g_autofree char *fitting = g_strnfill (1024, 'x');
  g_autofree char *long_text = g_strnfill (1025, 'x');
  g_autofree char *fits = g_strdup_printf ("<a k='%s'>%s</a>", fitting, fitting);
  g_autofree char *text = g_strdup_printf ("<a>%s</a>", long_text);
  g_autofree char *cdata = g_strdup_printf ("<a><![CDATA[%s]]></a>", long_text);
  g_autofree char *pieces = g_strdup_printf ("<a>%s<!-- -->x<![CDATA[x]]></a>", fitting);
  g_autofree char *attribute = g_strdup_printf ("<a k='%s'/>", long_text);

  assert_accepted (fits, &limits);
  assert_refused ("", &limits, "it is empty");
  memcpy (large, full, strlen (full));
  assert_refused (large, &limits, "it is too large");
  assert_refused (text, &limits, "a text is too long");
  assert_refused (cdata, &limits, "a text is too long");
  assert_refused (pieces, &limits, "a text is too long");
  assert_refused (attribute, &limits, "an attribute is too long");
}

/* The text of one element counts as a whole, however its children cut it up. */
static void
test_text_between_children (void)
{
  g_autofree char *part = g_strnfill (600, 'x');
  g_autofree char *text = g_strdup_printf ("<a>%s<b/>%s</a>", part, part);

  assert_refused (text, &limits, "a text is too long");
}

static void
test_counts (void)
{
  g_autofree char *many = nest (99, "<b/>", "", "");
  g_autofree char *too_many = nest (100, "<b/>", "", "");
  g_autofree char *full = g_strdup_printf ("<a>%s</a>", many);
  g_autofree char *over = g_strdup_printf ("<a>%s</a>", too_many);
  GString *attributes = g_string_new ("<a");
  GString *namespaces = g_string_new ("<a");
  g_autofree char *attributes_text = NULL;
  g_autofree char *namespaces_text = NULL;

  assert_accepted (full, &limits);
  assert_refused (over, &limits, "it has too many elements");

  for (guint i = 0; i < 65; i++)
    {
      g_string_append_printf (attributes, " k%u='v'", i);
      g_string_append_printf (namespaces, " xmlns:k%u='urn:v'", i);
    }
  g_string_append (attributes, "/>");
  g_string_append (namespaces, "/>");
  attributes_text = g_string_free (attributes, FALSE);
  namespaces_text = g_string_free (namespaces, FALSE);
  assert_refused (attributes_text, &limits, "an element has too many attributes");
  assert_refused (namespaces_text, &limits, "an element has too many attributes");
}

/* Text below the dropped element goes too, and costs nothing of the limits. */
static void
test_drop (void)
{
  LkXmlLimits dropping = limits;
  g_autofree char *padding = g_strnfill (4000, 'x');
  g_autofree char *text = g_strdup_printf (
      "<a><k xmlns='urn:any'>hush<b>hush</b>%s</k><s>said</s><k><![CDATA[hush]]></k></a>", padding);
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) doc = NULL;
  g_autofree char *said = NULL;
  xmlChar *dump = NULL;
  int length = 0;

  dropping.drop = "k";
  doc = parse (text, &dropping, &error);
  g_assert_no_error (error);
  xmlDocDumpMemory (doc, &dump, &length);
  g_assert_null (strstr ((const char *) dump, "hush"));
  xmlFree (dump);
  said = lk_xml_child_text (xmlDocGetRootElement (doc), NULL, "s");
  g_assert_cmpstr (said, ==, "said");
}

static void
test_malformed (void)
{
  static const char *const texts[] = {
    "<a>",         "<a></b>",          "<a/><a/>",
    "text",        "<a b=c/>",         "<a>\x01</a>",

    "<a>\xff</a>", "<a k='1' k='2'/>", "<?xml version='1.0'?>",
    "<a>&#0;</a>", "<a/>trailing",     "\xef\xbb\xbf",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], &limits, "it is not well-formed XML");
}

/* A prefix that nobody declared is not worth losing a reply for, but names nothing we know. */
static void
test_undeclared_prefix (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) doc = parse ("<a xmlns='urn:1'><x:b/><b/></a>", &limits, &error);
  const xmlNode *root = xmlDocGetRootElement (doc);

  g_assert_no_error (error);
  g_assert_true (lk_xml_child (root, NULL, "b") == lk_xml_next (lk_xml_first (root)));
}

static void
test_encodings (void)
{
  static const struct
  {
    const char *declared;
    const char *codeset;
    const char *mark;
    gsize mark_length;
  } cases[] = {
    { "UTF-8", "UTF-8", "", 0 },
    { "UTF-8", "UTF-8", "\xef\xbb\xbf", 3 },
    { "UTF-16", "UTF-16LE", "\xff\xfe", 2 },
    { "UTF-16", "UTF-16BE", "\xfe\xff", 2 },
    { "ISO-8859-1", "ISO-8859-1", "", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text =
          g_strdup_printf ("<?xml version=\"1.0\" encoding=\"%s\"?><a>Zürich</a>",
                           cases[i].declared);
      gsize length = 0;
      g_autofree char *body = g_convert (text, -1, cases[i].codeset, "UTF-8", NULL, &length, NULL);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (xmlDoc) doc = NULL;
      g_autofree char *read = NULL;

      g_byte_array_append (bytes, (const guint8 *) cases[i].mark, (guint) cases[i].mark_length);
      g_byte_array_append (bytes, (const guint8 *) body, (guint) length);
      doc = lk_xml_parse ((const char *) bytes->data, bytes->len, &limits, "A file", &error);
      g_assert_no_error (error);
      read = lk_xml_text (xmlDocGetRootElement (doc));
      g_assert_cmpstr (read, ==, "Zürich");
    }
}

static void
test_numbers (void)
{
  guint64 value = 0;

  g_assert_true (lk_text_to_uint ("43200", G_MAXUINT32, &value));
  g_assert_cmpuint (value, ==, 43200);
  g_assert_true (lk_text_to_uint ("0xC004F074", G_MAXUINT32, &value));
  g_assert_cmphex (value, ==, 0xC004F074);
  g_assert_false (lk_text_to_uint ("4294967296", G_MAXUINT32, &value));
  g_assert_false (lk_text_to_uint ("-1", G_MAXUINT64, &value));
  g_assert_false (lk_text_to_uint ("1 ", G_MAXUINT64, &value));
  g_assert_false (lk_text_to_uint ("0x", G_MAXUINT64, &value));
  g_assert_false (lk_text_to_uint ("", G_MAXUINT64, &value));
  g_assert_false (lk_text_to_uint (NULL, G_MAXUINT64, &value));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/walk", test_walk);
  g_test_add_func ("/xml/depth", test_depth);
  g_test_add_func ("/xml/doctype", test_doctype);
  g_test_add_func ("/xml/entity-bomb", test_entity_bomb);
  g_test_add_func ("/xml/sizes", test_sizes);
  g_test_add_func ("/xml/text-between-children", test_text_between_children);
  g_test_add_func ("/xml/counts", test_counts);
  g_test_add_func ("/xml/drop", test_drop);
  g_test_add_func ("/xml/malformed", test_malformed);
  g_test_add_func ("/xml/undeclared-prefix", test_undeclared_prefix);
  g_test_add_func ("/xml/encodings", test_encodings);
  g_test_add_func ("/xml/numbers", test_numbers);
  return g_test_run ();
}
