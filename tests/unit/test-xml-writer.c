/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-xml.h"

#include <string.h>

static const LkXmlLimits limits = { .max_bytes = 65536, .max_text = 1024, .max_elements = 100 };

static char *
finish (LkXmlWriter *writer)
{
  g_autoptr (GBytes) bytes = lk_xml_writer_finish (writer);

  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
test_document (void)
{
  g_autoptr (LkXmlWriter) writer = lk_xml_writer_new (FALSE);
  g_autofree char *text = NULL;

  lk_xml_writer_start (writer, "s:Envelope");
  lk_xml_writer_namespace (writer, "s", "urn:soap");
  lk_xml_writer_namespace (writer, NULL, "urn:default");
  lk_xml_writer_element (writer, "s:Body", "text");
  lk_xml_writer_element (writer, "Empty", NULL);
  lk_xml_writer_start (writer, "Open");
  lk_xml_writer_attribute (writer, "k", "v");
  text = finish (writer);

  g_assert_cmpstr (g_strchomp (text), ==,
                   "<s:Envelope xmlns:s=\"urn:soap\" xmlns=\"urn:default\"><s:Body>text</s:Body>"
                   "<Empty/><Open k=\"v\"/></s:Envelope>");
}

static void
test_declaration (void)
{
  g_autoptr (LkXmlWriter) writer = lk_xml_writer_new (TRUE);
  g_autofree char *text = NULL;

  lk_xml_writer_element (writer, "a", "Zürich");
  text = finish (writer);
  g_assert_true (g_str_has_prefix (text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
  g_assert_nonnull (strstr (text, "<a>Zürich</a>"));
}

/* Whatever is written reads back the same, or without what XML cannot carry. */
static void
test_escaping (void)
{
  static const struct
  {
    const char *written;
    const char *read;
  } cases[] = {
    { "a < b > c & \"d\" 'e' ]]>", NULL },
    { "</a><b>", NULL },
    { "&amp;&#65;", NULL },
    { "Zürich 東京 😀", NULL },
    { "bell\x07"
      "esc\x1b"
      "end",
      "bellescend" },
    { "tab\tline\nreturn\rend", NULL },
    { "non\xef\xbf\xbe"
      "char\xef\xbf\xbf",
      "nonchar" },
    { "bad\xff"
      "byte",
      "bad\xef\xbf\xbd"
      "byte" },
    { "", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *expected = cases[i].read != NULL ? cases[i].read : cases[i].written;
      g_autoptr (LkXmlWriter) writer = lk_xml_writer_new (TRUE);
      g_autoptr (GError) error = NULL;
      g_autoptr (xmlDoc) doc = NULL;
      g_autofree char *text = NULL;
      g_autofree char *content = NULL;
      g_autofree char *attribute = NULL;

      lk_xml_writer_start (writer, "a");
      lk_xml_writer_attribute (writer, "k", cases[i].written);
      lk_xml_writer_text (writer, cases[i].written);
      text = finish (writer);
      doc = lk_xml_parse (text, strlen (text), &limits, "What was written", &error);
      g_assert_no_error (error);
      content = lk_xml_text (xmlDocGetRootElement (doc));
      attribute = lk_xml_attribute (xmlDocGetRootElement (doc), NULL, "k");
      g_assert_cmpstr (content, ==, expected);
      g_assert_cmpstr (attribute, ==, expected);
    }
}

static void
test_unfinished (void)
{
  g_autoptr (LkXmlWriter) writer = lk_xml_writer_new (TRUE);

  lk_xml_writer_start (writer, "a");
  lk_xml_writer_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml-writer/document", test_document);
  g_test_add_func ("/xml-writer/declaration", test_declaration);
  g_test_add_func ("/xml-writer/escaping", test_escaping);
  g_test_add_func ("/xml-writer/unfinished", test_unfinished);
  return g_test_run ();
}
