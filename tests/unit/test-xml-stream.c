/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "base/lk-xml-stream.h"

#include <string.h>

static const LkXmlStreamLimits strict = {
  .max_bytes = 1024 * 1024,
  .max_elements = 100,
  .max_attribute = 1000,
  .max_tag = 5000,
  .bare = TRUE,
};

static gboolean
on_element (const LkXmlElement *element, gpointer data, GError **error)
{
  GString *seen = data;

  g_string_append_printf (seen, "%u:%s", element->depth, element->name);
  if (element->ns != NULL)
    g_string_append_printf (seen, "{%s}", element->ns);
  for (guint i = 0; i < element->n_attributes; i++)
    {
      const LkXmlAttribute *attribute = &element->attributes[i];

      g_string_append_printf (seen, " %s%s=%s", attribute->ns != NULL ? "@" : "", attribute->name,
                              attribute->value);
    }
  g_string_append_c (seen, '\n');
  if (strcmp (element->name, "stop") != 0)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "stopped");
  return FALSE;
}

/* What was handed over, and the fault behind a "!". */
static char *
read_in_pieces (const char *text, gsize length, gsize piece, const LkXmlStreamLimits *limits)
{
  GString *seen = g_string_new (NULL);
  g_autoptr (LkXmlStream) stream = lk_xml_stream_new (limits, on_element, seen);
  g_autoptr (GError) error = NULL;

  for (gsize done = 0; error == NULL && done < length; done += piece)
    {
      g_autofree char *exact = g_memdup2 (text + done, MIN (piece, length - done));

      lk_xml_stream_feed (stream, exact, MIN (piece, length - done), &error);
    }
  if (error == NULL)
    lk_xml_stream_finish (stream, &error);
  if (error != NULL)
    {
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_string_append_printf (seen, "!%s", error->message);
    }

  return g_string_free (seen, FALSE);
}

static void
assert_reads (const char *text, const char *expected)
{
  for (gsize piece = 1; piece < strlen (text) + 1; piece += piece < 4 ? 1 : piece)
    {
      g_autofree char *found = read_in_pieces (text, strlen (text), piece, &strict);

      g_assert_cmpstr (found, ==, expected);
    }
}

static void
test_elements (void)
{
  static const struct
  {
    const char *text;
    const char *expected;
  } cases[] = {
    { "<a/>", "1:a\n" },
    { "<?xml version='1.0' encoding='utf-8'?>\n<a>\n<b c='d'/> <b/></a>\n", "1:a\n2:b c=d\n2:b\n" },
    { "\xEF\xBB\xBF<?xml version=\"1.0\" encoding = \"UTF-8\" standalone='yes'?><a/>", "1:a\n" },
    { "<a xmlns='urn:x' b='1'><c xmlns='' d='' /></a>", "1:a{urn:x} b=1\n2:c d=\n" },
    { "<p:a xmlns:p='urn:x' p:b='1'/>", "1:a{urn:x} @b=1\n" },
    { "<a b='&amp;&#38;&lt;&gt;&quot;&apos;&amp;#38;&#x26;#38;'/>", "1:a b=&&<>\"'&#38;&#38;\n" },
    { "<a><b c='d'", "1:a\n!line 1: it ends too early" },
    { "<a><b c='d' \x01 e='f'/></a>", "1:a\n!line 1: it is not well-formed XML" },
    { "<a b='x&#10;y&#9;z&#13;w\n\tv'/>", "1:a b=x\ny\tz\rw  v\n" },
    { "<a b='1 > 0 > -1' c='>>>>'><b c=\"/>\"/></a>", "1:a b=1 > 0 > -1 c=>>>>\n2:b c=/>\n" },
    { "<a b='Grüße, 世界 \xF0\x9F\x94\x91'/>", "1:a b=Grüße, 世界 \xF0\x9F\x94\x91\n" },
    { "<a><b/><stop/><c/></a>", "1:a\n2:b\n2:stop\n!line 1: stopped" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_reads (cases[i].text, cases[i].expected);
}

/* What came before the fault was handed over, however the bytes came. */
static void
test_refusals (void)
{
  static const struct
  {
    const char *text;
    const char *fault; /* a part of it */
  } cases[] = {
    { "<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "its encoding is “ISO-8859-1”" },
    { "<?xml version='1.0' encoding =\n'UTF-16'?><a/>", "its encoding is “UTF-16”" },
    { "<?xml version='1.1'?><a/>", "it is not XML 1.0" },
    { "<a>\xE4</a>", "it is not UTF-8" },
    { "<a>\xF8\x88\x80\x80\x80</a>", "it is not UTF-8" },
    { "<a b='\xC3'/>", "it is not UTF-8" },
    { "<a b='\xED\xA0\x80'/>", "it is not UTF-8" },
    { "<a/>\xC3", "it ends too early" },
    { "\xFF\xFE<", "it is not UTF-8" },
    { "<!DOCTYPE a><a/>", "it has a DOCTYPE" },
    { "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "it has a DOCTYPE" },
    { "<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;&b;'>]><a>&d;</a>", "it has a DOCTYPE" },
    { "<a b='&c;'/>", "it uses an entity" },
    { "<a>&c;</a>", "it uses an entity" },
    { "<a b='&#0;'/>", "it is not well-formed XML" },
    { "<a b='\x01'/>", "it is not well-formed XML" },
    { "<a b='1' b='2'/>", "it is not well-formed XML" },
    { "<a><p:b/></a>", "it is not well-formed XML" },
    { "<a><b></a>", "it is not well-formed XML" },
    { "<a/><b/>", "it is not well-formed XML" },
    { "<a>text</a>", "it has text where only elements are allowed" },
    { "<a><![CDATA[ ]]></a>", "it has text where only elements are allowed" },
    { "<a><!-- --></a>", "it has a comment" },
    { "<a/><!-- -->", "it has a comment" },
    { "<a><?b c?></a>", "it has a processing instruction" },
    { "<a>", "it ends too early" },
    { "<a b='", "it ends too early" },
    { "   ", "it ends too early" },
  };
  g_autofree char *empty = read_in_pieces ("", 0, 1, &strict);
  g_autofree char *zero = read_in_pieces ("<a>\0</a>", 8, 8, &strict);
  g_autofree char *wide = read_in_pieces ("\xFE\xFF\0<\0a\0/\0>", 10, 10, &strict);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize piece = 1; piece < 100; piece *= 3)
      {
        g_autofree char *found =
            read_in_pieces (cases[i].text, strlen (cases[i].text), piece, &strict);
        const char *fault = strchr (found, '!');

        g_assert_nonnull (fault);
        g_assert_nonnull (strstr (fault, cases[i].fault));
      }
  g_assert_nonnull (strstr (empty, "it is empty"));
  g_assert_nonnull (strstr (zero, "it has a zero byte"));
  g_assert_nonnull (strstr (wide, "it is not UTF-8"));
}

static void
assert_limit (char *text, const char *fault)
{
  g_autofree char *owned = text;
  g_autofree char *found = read_in_pieces (text, strlen (text), 4096, &strict);

  g_assert_nonnull (strstr (found, fault));
}

static void
test_limits (void)
{
  g_autofree char *fits = g_strnfill (1000, 'x');
  g_autofree char *blank = g_strnfill (2000000, ' ');
  g_autoptr (GString) elements = g_string_new ("<a>");
  g_autoptr (GString) attributes = g_string_new ("<a");
  g_autoptr (GString) depths = g_string_new (NULL);
  g_autoptr (GString) ampersands = g_string_new ("<a b='");
  g_autofree char *found = NULL;

  for (guint i = 0; i < 100; i++)
    g_string_append (elements, "<b/>");
  for (guint i = 0; i < 65; i++)
    g_string_append_printf (attributes, " b%u=''", i);
  g_string_append (attributes, "/>");
  for (guint i = 0; i < 33; i++)
    g_string_append (depths, "<a>");
  for (guint i = 0; i < 1000; i++)
    g_string_append (ampersands, "&amp;");
  g_string_append (ampersands, "'/>");

  assert_limit (g_strdup_printf ("<a b='%sx'/>", fits), "an attribute is too long");
  assert_limit (g_strdup (elements->str), "it has too many elements");
  assert_limit (g_strdup (attributes->str), "an element has too many attributes");
  assert_limit (g_strdup (depths->str), "it is nested too deeply");
  assert_limit (g_strdup_printf ("<a b='%.40000s", blank), "an element is too long");
  assert_limit (g_strconcat ("<a/>", blank, NULL), "it is too large");
  assert_limit (g_strdup_printf ("<?xml version='1.0'%.300s?><a/>", blank),
                "its XML declaration has no end");

  /* Exactly what is allowed. An ampersand is one character, however it is written. */
  found = read_in_pieces (ampersands->str, ampersands->len, 7, &strict);
  g_assert_null (strchr (found, '!'));
  g_assert_cmpuint (strlen (found), ==, strlen ("1:a b=\n") + 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/xml-stream/elements", test_elements);
  g_test_add_func ("/xml-stream/refusals", test_refusals);
  g_test_add_func ("/xml-stream/limits", test_limits);

  return g_test_run ();
}
