/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-phone-sheet.h"

#include "base/lk-error.h"
#include "base/lk-xml.h"
#include "domain/lk-identifiers.h"
#include "domain/lk-product-key.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define COLUMNS    80
#define PAGE_LINES 56 /* of 60 on Letter, 66 on A4 */
#define IN_A_ROW   5  /* groups of an installation ID in plain text */
#define LTR_MARK   "\xE2\x80\x8E"

/* Black on white whatever the browser's colours; 170 mm wide, so that it fits between the margins
 * of both A4 and Letter. */
static const char style[] =
    "@page { margin: 15mm }\n"
    "body { max-width: 170mm; margin: auto; background: white; color: black;"
    " font: 10pt sans-serif }\n"
    "h1 { font-size: 15pt }\n"
    "h2 { font-size: 11pt; margin: 0 }\n"
    "p { margin: 1mm 0 }\n"
    ".product { break-inside: avoid; page-break-inside: avoid; border-top: 1px solid black;"
    " padding: 3mm 0 }\n"
    ".caption { margin-top: 2mm }\n"
    ".warning { border: 1px solid black; padding: 1mm }\n"
    "ol { display: flex; flex-wrap: wrap; list-style: none; margin: 0; padding: 0 }\n"
    "li { margin: 0 2mm 1mm 0; font: bold 10.5pt monospace; white-space: nowrap; text-align: "
    "center }\n"
    "small { display: block; font: 7pt sans-serif }\n"
    ".box { display: block; width: 18mm; height: 8mm; border: 1px solid black }\n";

static gboolean
is_to_be_called (const LkPhoneLine *line)
{
  return line->state == LK_PHONE_WAITING || line->state == LK_PHONE_IN_FLIGHT;
}

guint
lk_phone_sheet_count (GPtrArray *lines)
{
  guint n = 0;

  for (guint i = 0; i < lines->len; i++)
    n += is_to_be_called (g_ptr_array_index (lines, i));
  return n;
}

/* What no name of a machine or a product has a use for, and what would turn the writing direction
 * of the rest. */
static gboolean
is_harmful (gunichar c)
{
  return g_unichar_iscntrl (c) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0x2028 || c == 0x2029;
}

/* Text from a machine, for one line of a sheet. */
static char *
clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *result = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    g_string_append_unichar (result,
                             is_harmful (g_utf8_get_char (p)) ? 0xFFFD : g_utf8_get_char (p));
  return g_string_free (result, FALSE);
}

/* Of the language that the texts are in: a program may run without a catalogue for its locale. */
static gboolean
is_rtl (void)
{
  /* TRANSLATORS: write "rtl" if your language is written from right to left, else "ltr". */
  return g_str_equal (C_ ("text direction", "ltr"), "rtl");
}

static char *
describe_time (gint64 now)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (now / 1000);

  return g_date_time_format (time, "%Y-%m-%d %H:%M");
}

static char *
describe_left_out (GPtrArray *lines)
{
  guint n = lines->len - lk_phone_sheet_count (lines);

  if (n == 0)
    return NULL;
  return g_strdup_printf (
      g_dngettext (GETTEXT_PACKAGE,
                   "%u chosen product is not on this sheet: it is licensed, has its confirmation ID"
                   " on record, or has no installation ID.",
                   "%u chosen products are not on this sheet: they are licensed, have their"
                   " confirmation ID on record, or have no installation ID.",
                   n),
      n);
}

static const char *
get_advice (void)
{
  return _ ("Telephone the activation centre for each product, say or key in the groups of its"
            " installation ID, and write down the eight groups of the confirmation ID. Then enter"
            " them in Latchkey: a wrong group is marked there.");
}

/* A warning, or NULL. */
static char *
get_warning (const LkPhoneLine *line)
{
  return line->state == LK_PHONE_IN_FLIGHT ? lk_phone_line_describe_cost (line) : NULL;
}

static void
write_attributed (LkXmlWriter *xml,
                  const char *element,
                  const char *name,
                  const char *value,
                  const char *text)
{
  lk_xml_writer_start (xml, element);
  lk_xml_writer_attribute (xml, name, value);
  if (text != NULL)
    lk_xml_writer_text (xml, text);
  lk_xml_writer_end (xml);
}

/* By itself as to its direction, whatever stands around it. */
static void
write_foreign (LkXmlWriter *xml, const char *text)
{
  g_autofree char *safe = clean (text);

  lk_xml_writer_element (xml, "bdi", safe);
}

/* Groups are said from left to right in every language. */
static void
start_groups (LkXmlWriter *xml, const char *caption)
{
  write_attributed (xml, "p", "class", "caption", caption);
  lk_xml_writer_start (xml, "ol");
  lk_xml_writer_attribute (xml, "dir", "ltr");
}

static void
write_groups (LkXmlWriter *xml, const char *iid)
{
  g_autofree char *text = lk_digits_to_groups (iid);
  g_auto (GStrv) groups = g_strsplit (text, " ", -1);

  start_groups (xml, _ ("Installation ID"));
  for (guint i = 0; groups[i] != NULL; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i + 1);

      lk_xml_writer_start (xml, "li");
      lk_xml_writer_element (xml, "small", number);
      lk_xml_writer_text (xml, groups[i]);
      lk_xml_writer_end (xml);
    }
  lk_xml_writer_end (xml);

  start_groups (xml, _ ("Confirmation ID"));
  for (guint i = 0; i < LK_CID_GROUPS; i++)
    {
      const char letter[] = { (char) ('A' + i), '\0' };

      lk_xml_writer_start (xml, "li");
      lk_xml_writer_element (xml, "small", letter);
      write_attributed (xml, "span", "class", "box", "\xC2\xA0"); /* HTML has no empty span */
      lk_xml_writer_end (xml);
    }
  lk_xml_writer_end (xml);
}

static void
write_product (LkXmlWriter *xml, const LkPhoneLine *line, guint number)
{
  g_autofree char *count = g_strdup_printf ("%u. ", number);
  g_autofree char *mask = lk_product_key_mask (line->partial_key);
  g_autofree char *warning = get_warning (line);

  lk_xml_writer_start (xml, "div");
  lk_xml_writer_attribute (xml, "class", "product");
  lk_xml_writer_start (xml, "h2");
  lk_xml_writer_text (xml, count);
  write_foreign (xml, line->machine);
  lk_xml_writer_end (xml);
  lk_xml_writer_start (xml, "p");
  if (line->product != NULL)
    {
      write_foreign (xml, line->product);
      lk_xml_writer_text (xml, " · ");
    }
  write_foreign (xml, mask);
  lk_xml_writer_end (xml);
  if (warning != NULL)
    write_attributed (xml, "p", "class", "warning", warning);
  write_groups (xml, line->iid);
  lk_xml_writer_end (xml);
}

static void
write_head (LkXmlWriter *xml)
{
  lk_xml_writer_start (xml, "head");
  lk_xml_writer_start (xml, "meta");
  lk_xml_writer_attribute (xml, "charset", "utf-8");
  lk_xml_writer_end (xml);
  lk_xml_writer_start (xml, "meta");
  lk_xml_writer_attribute (xml, "http-equiv", "Content-Security-Policy");
  lk_xml_writer_attribute (xml, "content", "default-src 'none'; style-src 'unsafe-inline'");
  lk_xml_writer_end (xml);
  lk_xml_writer_element (xml, "title", _ ("Installation IDs to read out by telephone"));
  lk_xml_writer_element (xml, "style", style);
  lk_xml_writer_end (xml);
}

char *
lk_phone_sheet_to_html (GPtrArray *lines, gint64 now)
{
  g_autoptr (LkXmlWriter) xml = lk_xml_writer_new (FALSE);
  g_autofree char *at = describe_time (now);
  g_autofree char *left_out = describe_left_out (lines);
  g_autoptr (GBytes) bytes = NULL;
  GString *html = g_string_new ("<!DOCTYPE html>\n");
  guint n = 0;

  lk_xml_writer_start (xml, "html");
  /* TRANSLATORS: the code of your language, as in HTML: "de", "zh-Hans". */
  lk_xml_writer_attribute (xml, "lang", C_ ("language code", "en"));
  lk_xml_writer_attribute (xml, "dir", is_rtl () ? "rtl" : "ltr");
  write_head (xml);
  lk_xml_writer_start (xml, "body");
  lk_xml_writer_element (xml, "h1", _ ("Installation IDs to read out by telephone"));
  lk_xml_writer_element (xml, "p", at);
  lk_xml_writer_element (xml, "p", get_advice ());
  for (guint i = 0; i < lines->len; i++)
    if (is_to_be_called (g_ptr_array_index (lines, i)))
      write_product (xml, g_ptr_array_index (lines, i), ++n);
  if (left_out != NULL)
    lk_xml_writer_element (xml, "p", left_out);

  bytes = lk_xml_writer_finish (xml);
  g_string_append_len (html, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes));
  return g_string_free (html, FALSE);
}

/* In words, one line of at most COLUMNS characters after the other. */
static void
append_wrapped (GString *page, const char *indent, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  glong at = COLUMNS;

  for (guint i = 0; words[i] != NULL; i++)
    {
      glong length = g_utf8_strlen (words[i], -1);
      gboolean fits = i > 0 && at + 1 + length <= COLUMNS;

      g_string_append_printf (page, "%s%s%s", fits || i == 0 ? "" : "\n", fits ? " " : indent,
                              words[i]);
      at = (fits ? at + 1 : (glong) strlen (indent)) + length;
    }
  g_string_append_c (page, '\n');
}

/* A line of digits has no direction of its own. */
static const char *
get_mark (void)
{
  return is_rtl () ? LTR_MARK : "";
}

static void
append_groups (GString *page, const char *iid)
{
  g_autofree char *text = lk_digits_to_groups (iid);
  g_auto (GStrv) groups = g_strsplit (text, " ", -1);
  guint n = g_strv_length (groups);

  g_string_append_printf (page, "   %s\n", _ ("Installation ID"));
  for (guint i = 0; i < n; i++)
    g_string_append_printf (page, "%s   %u: %s%s", i % IN_A_ROW == 0 ? get_mark () : "", i + 1,
                            groups[i], i % IN_A_ROW == IN_A_ROW - 1 || i == n - 1 ? "\n" : "");
  g_string_append_printf (page, "   %s\n", _ ("Confirmation ID"));
  for (guint i = 0; i < LK_CID_GROUPS; i++)
    g_string_append_printf (page, "%s   %c: [        ]%s", i % 4 == 0 ? get_mark () : "", 'A' + i,
                            i % 4 == 3 ? "\n\n" : "");
}

static void
append_product (GString *page, const LkPhoneLine *line, guint number)
{
  g_autofree char *machine = clean (line->machine);
  g_autofree char *product = clean (line->product);
  g_autofree char *last_five = clean (line->partial_key);
  g_autofree char *mask = lk_product_key_mask (last_five);
  g_autofree char *heading = g_strdup_printf ("%u. %s", number, machine);
  g_autofree char *key = g_strdup_printf (_ ("Product key: %s"), mask);
  g_autofree char *warning = get_warning (line);

  append_wrapped (page, "", heading);
  if (*product != '\0')
    append_wrapped (page, "   ", product);
  append_wrapped (page, "   ", key);
  if (warning != NULL)
    append_wrapped (page, "   ", warning);
  append_groups (page, line->iid);
}

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}

char *
lk_phone_sheet_to_text (GPtrArray *lines, gint64 now)
{
  g_autofree char *at = describe_time (now);
  g_autofree char *left_out = describe_left_out (lines);
  GString *text = g_string_new (NULL);
  guint n = 0;
  guint used;

  g_string_append_printf (text, "%s\n%s\n\n", _ ("Installation IDs to read out by telephone"), at);
  append_wrapped (text, "", get_advice ());
  if (left_out != NULL)
    append_wrapped (text, "", left_out);
  g_string_append_c (text, '\n');
  used = count_lines (text->str);

  for (guint i = 0; i < lines->len; i++)
    {
      g_autoptr (GString) product = g_string_new (NULL);
      guint height;

      if (!is_to_be_called (g_ptr_array_index (lines, i)))
        continue;
      append_product (product, g_ptr_array_index (lines, i), ++n);
      height = count_lines (product->str);
      if (used + height > PAGE_LINES)
        {
          g_string_append_c (text, '\f');
          used = 0;
        }
      g_string_append_len (text, product->str, (gssize) product->len);
      used += height;
    }

  return g_string_free (text, FALSE);
}

gboolean
lk_phone_sheet_save (GPtrArray *lines, gint64 now, const char *path, GError **error)
{
  gboolean is_html = g_str_has_suffix (path, ".html") || g_str_has_suffix (path, ".htm");
  g_autofree char *text = NULL;
  g_autoptr (GError) cause = NULL;

  if (lk_phone_sheet_count (lines) == 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("None of the chosen products has to be telephoned for"));
      return FALSE;
    }

  text = is_html ? lk_phone_sheet_to_html (lines, now) : lk_phone_sheet_to_text (lines, now);
  if (g_file_set_contents_full (path, text, -1,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &cause))
    return TRUE;
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot write “%s”: %s"), path,
               cause->message);
  return FALSE;
}
