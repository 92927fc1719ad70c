/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-xml-stream.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <sodium.h>
#include <string.h>

/* The declaration is looked for in so many bytes. */
#define HEAD_BYTES  256
/* libxml2 gets no more at once, so that a tag without an end is seen early. */
#define SLICE_BYTES (16 * 1024)

#define PARSER_OPTIONS                                                                             \
  (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC)

struct _LkXmlStream
{
  const LkXmlStreamLimits *limits;
  LkXmlStartFunc on_start;
  LkXmlEndFunc on_end; /* or NULL */
  gpointer data;

  xmlParserCtxt *ctxt;
  GByteArray *head; /* until the declaration is judged; then NULL */
  char partial[4];  /* a character whose last bytes are still to come */
  gsize n_partial;
  guint64 n_bytes;
  guint64 n_elements;
  guint depth;
  GByteArray *values; /* of one element's attributes */
  GByteArray *text;   /* of one element, for on_end */
  LkXmlAttribute attributes[LK_XML_MAX_ATTRIBUTES];
  GError *fault;
};

guint
lk_xml_stream_get_line (LkXmlStream *self)
{
  return self->ctxt->input != NULL ? (guint) self->ctxt->input->line : 0;
}

static gboolean
set_fault (LkXmlStream *self, const char *words)
{
  int line = (int) lk_xml_stream_get_line (self);

  if (self->fault == NULL)
    self->fault = g_error_new (LK_ERROR, LK_ERROR_INVALID, _ ("line %d: %s"), line, words);
  return FALSE;
}

static void
refuse (LkXmlStream *self, const char *words)
{
  set_fault (self, words);
  xmlStopParser (self->ctxt);
}

static void
on_doctype (void *data, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
  refuse (data, _ ("it has a DOCTYPE, which is not allowed"));
}

/* It may be a secret. */
static void
wipe_text (LkXmlStream *self)
{
  if (self->text->len > 0)
    sodium_memzero (self->text->data, self->text->len);
  g_byte_array_set_size (self->text, 0);
}

static void
keep_text (LkXmlStream *self, const xmlChar *text, int length)
{
  if (self->on_end == NULL || self->fault != NULL)
    return;
  if (self->text->len + (gsize) length > self->limits->max_attribute)
    refuse (self, _ ("an element has too much text"));
  else
    g_byte_array_append (self->text, text, (guint) length);
}

static gboolean
check_element (LkXmlStream *self, int n_namespaces, int n_attributes)
{
  if (++self->depth > LK_XML_MAX_DEPTH)
    return set_fault (self, _ ("it is nested too deeply"));
  if (++self->n_elements > self->limits->max_elements)
    return set_fault (self, _ ("it has too many elements"));
  if (n_attributes > LK_XML_MAX_ATTRIBUTES || n_namespaces > LK_XML_MAX_ATTRIBUTES)
    return set_fault (self, _ ("an element has too many attributes"));
  if (self->ctxt->nsWellFormed == 0)
    return set_fault (self, _ ("it is not well-formed XML"));

  return TRUE;
}

/* An attribute's value ends at @end; libxml2 gives each “&” in it as “&#38;”, since it is not told
 * to replace entities. */
static void
append_value (GByteArray *values, const xmlChar *value, const xmlChar *end)
{
  static const char ampersand[] = "&#38;";
  gsize n = strlen (ampersand);

  while (value < end)
    {
      const xmlChar *next = memchr (value, '&', (gsize) (end - value));
      gboolean is_escaped =
          next != NULL && (gsize) (end - next) >= n && memcmp (next, ampersand, n) == 0;

      if (next == NULL)
        next = end - 1;
      g_byte_array_append (values, value, (guint) (next - value) + 1);
      value = next + (is_escaped ? n : 1);
    }
  g_byte_array_append (values, (const guint8 *) "", 1);
}

static gboolean
copy_attributes (LkXmlStream *self, guint n, const xmlChar **attributes)
{
  const char *value;

  g_byte_array_set_size (self->values, 0);
  for (guint i = 0; i < n; i++)
    append_value (self->values, attributes[5 * i + 3], attributes[5 * i + 4]);

  value = (const char *) self->values->data;
  for (guint i = 0; i < n; i++)
    {
      gsize length = strlen (value);

      if (length > self->limits->max_attribute)
        return set_fault (self, _ ("an attribute is too long"));
      self->attributes[i] = (LkXmlAttribute){ .name = (const char *) attributes[5 * i],
                                              .ns = (const char *) attributes[5 * i + 2],
                                              .value = value };
      value += length + 1;
    }

  return TRUE;
}

/* libxml2 tells of a tag before it has seen its end, which may be missing. */
static gboolean
has_end (const xmlChar *p)
{
  return p[0] == '>' || (p[0] == '/' && p[1] == '>');
}

static void
on_start (void *data,
          const xmlChar *name,
          const xmlChar *prefix,
          const xmlChar *uri,
          int n_namespaces,
          const xmlChar **namespaces,
          int n_attributes,
          int n_defaulted,
          const xmlChar **attributes)
{
  LkXmlStream *self = data;
  LkXmlElement element = { .name = (const char *) name,
                           .ns = (const char *) uri,
                           .n_attributes = (guint) n_attributes,
                           .attributes = self->attributes };
  g_autoptr (GError) error = NULL;

  if (self->fault != NULL || !has_end (self->ctxt->input->cur))
    return;
  if (!check_element (self, n_namespaces, n_attributes) ||
      !copy_attributes (self, element.n_attributes, attributes))
    {
      xmlStopParser (self->ctxt);
      return;
    }

  wipe_text (self);
  element.depth = self->depth;
  if (!self->on_start (&element, self->data, &error))
    refuse (self, error->message);
}

static void
on_end (void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
  LkXmlStream *self = data;
  g_autoptr (GError) error = NULL;

  self->depth--;
  if (self->on_end == NULL || self->fault != NULL)
    return;

  g_byte_array_append (self->text, (const guint8 *) "", 1);
  if (!self->on_end ((const char *) self->text->data, self->data, &error))
    refuse (self, error->message);
  wipe_text (self);
}

static void
on_text (void *data, const xmlChar *text, int length)
{
  LkXmlStream *self = data;

  for (int i = 0; self->limits->bare && i < length; i++)
    if (!g_ascii_isspace (text[i]))
      {
        refuse (self, _ ("it has text where only elements are allowed"));
        return;
      }
  keep_text (self, text, length);
}

static void
on_cdata (void *data, const xmlChar *text, int length)
{
  LkXmlStream *self = data;

  if (self->limits->bare)
    refuse (self, _ ("it has text where only elements are allowed"));
  else
    keep_text (self, text, length);
}

static void
on_comment (void *data, const xmlChar *text)
{
  LkXmlStream *self = data;

  if (self->limits->bare)
    refuse (self, _ ("it has a comment, which is not allowed"));
}

static void
on_instruction (void *data, const xmlChar *target, const xmlChar *text)
{
  LkXmlStream *self = data;

  if (self->limits->bare)
    refuse (self, _ ("it has a processing instruction, which is not allowed"));
}

LkXmlStream *
lk_xml_stream_new (const LkXmlStreamLimits *limits, LkXmlStartFunc start, gpointer data)
{
  LkXmlStream *self = g_new0 (LkXmlStream, 1);
  xmlSAXHandler sax = { .initialized = XML_SAX2_MAGIC,
                        .internalSubset = on_doctype,
                        .externalSubset = on_doctype,
                        .startElementNs = on_start,
                        .endElementNs = on_end,
                        .characters = on_text,
                        .ignorableWhitespace = on_text,
                        .cdataBlock = on_cdata,
                        .comment = on_comment,
                        .processingInstruction = on_instruction };

  lk_xml_prepare ();
  self->limits = limits;
  self->on_start = start;
  self->data = data;
  self->head = g_byte_array_new ();
  self->values = g_byte_array_new ();
  self->text = g_byte_array_sized_new (256);
  self->ctxt = xmlCreatePushParserCtxt (&sax, self, NULL, 0, NULL);
  if (self->ctxt == NULL)
    g_error ("Out of memory for an XML parser");
  xmlCtxtUseOptions (self->ctxt, PARSER_OPTIONS);
  return self;
}

void
lk_xml_stream_free (LkXmlStream *self)
{
  if (self == NULL)
    return;

  g_clear_pointer (&self->ctxt, xmlFreeParserCtxt);
  g_clear_pointer (&self->head, g_byte_array_unref);
  g_clear_pointer (&self->values, g_byte_array_unref);
  wipe_text (self);
  g_clear_pointer (&self->text, g_byte_array_unref);
  g_clear_error (&self->fault);
  g_free (self);
}

void
lk_xml_stream_set_end_func (LkXmlStream *self, LkXmlEndFunc end)
{
  self->on_end = end;
}

static gboolean
report (LkXmlStream *self, GError **error)
{
  if (self->fault == NULL)
    return TRUE;

  g_propagate_error (error, g_error_copy (self->fault));
  return FALSE;
}

/* How many of @bytes are well-formed UTF-8 without NULs, which leaves UTF-16 and its kin no chance
 * to be taken for something else; @words say why not all of them. */
static gsize
count_clean (LkXmlStream *self, const char *bytes, gsize length, const char **words)
{
  const char *p = bytes;
  gsize left;

  *words = NULL;
  while (self->n_partial > 0 && self->n_partial < sizeof self->partial && p < bytes + length)
    {
      gunichar c;

      self->partial[self->n_partial++] = *p++;
      c = g_utf8_get_char_validated (self->partial, (gssize) self->n_partial);
      /* GLib also knows the longer sequences of old, which are not UTF-8 any more. */
      if (c == (gunichar) -1 || (c == (gunichar) -2 && self->n_partial == sizeof self->partial))
        {
          *words = _ ("it is not UTF-8");
          return 0;
        }
      if (c != (gunichar) -2)
        self->n_partial = 0;
    }

  if (g_utf8_validate_len (p, length - (gsize) (p - bytes), &p))
    return length;

  left = length - (gsize) (p - bytes);
  if (left < sizeof self->partial && *p != '\0' &&
      g_utf8_get_char_validated (p, (gssize) left) == (gunichar) -2)
    {
      memcpy (self->partial, p, left);
      self->n_partial = left;
      return length;
    }

  *words = *p == '\0' ? _ ("it has a zero byte, so it is no text in UTF-8") : _ ("it is not UTF-8");
  return length - left;
}

/* What @name="…" says in an XML declaration, to be freed; NULL when it is not there. */
static char *
find_in_declaration (const char *declaration, const char *name)
{
  const char *p = strstr (declaration, name);
  const char *end;

  if (p == NULL)
    return NULL;

  p += strlen (name);
  p += strspn (p, " \t\r\n=");
  end = *p == '"' || *p == '\'' ? strchr (p + 1, *p) : NULL;
  return end != NULL ? g_strndup (p + 1, (gsize) (end - p - 1)) : NULL;
}

static gboolean
check_declaration (LkXmlStream *self, const GByteArray *head)
{
  g_autofree char *text = g_strndup ((const char *) head->data, MIN (head->len, HEAD_BYTES));
  const char *declaration = text + (g_str_has_prefix (text, "\xEF\xBB\xBF") ? 3 : 0);
  g_autofree char *encoding = NULL;
  g_autofree char *version = NULL;
  char *end = strstr (declaration, "?>");

  if (!g_str_has_prefix (declaration, "<?xml") || !g_ascii_isspace (declaration[5]))
    return TRUE;
  if (end == NULL)
    return set_fault (self, _ ("its XML declaration has no end"));

  *end = '\0';
  encoding = find_in_declaration (declaration, "encoding");
  version = find_in_declaration (declaration, "version");
  if (encoding != NULL && g_ascii_strcasecmp (encoding, "UTF-8") != 0)
    {
      g_autofree char *words =
          g_strdup_printf (_ ("its encoding is “%s”; it must be UTF-8"), encoding);

      return set_fault (self, words);
    }

  return g_strcmp0 (version, "1.0") == 0 || set_fault (self, _ ("it is not XML 1.0"));
}

static gboolean
judge_parser (LkXmlStream *self, gboolean at_end)
{
  if (self->fault != NULL)
    return FALSE;
  if (self->ctxt->wellFormed != 0 && self->ctxt->nsWellFormed != 0)
    return TRUE;
  if (self->ctxt->errNo == XML_ERR_UNDECLARED_ENTITY ||
      self->ctxt->errNo == XML_WAR_UNDECLARED_ENTITY)
    return set_fault (self, _ ("it uses an entity, which is not allowed"));
  if (at_end)
    return set_fault (self, _ ("it ends too early"));

  return set_fault (self, _ ("it is not well-formed XML"));
}

static gboolean
parse (LkXmlStream *self, const char *bytes, gsize length)
{
  for (gsize done = 0; done < length; done += SLICE_BYTES)
    {
      xmlParseChunk (self->ctxt, bytes + done, (int) MIN (SLICE_BYTES, length - done), 0);
      if (!judge_parser (self, FALSE))
        return FALSE;
      if ((gsize) (self->ctxt->input->end - self->ctxt->input->cur) >
          self->limits->max_tag + SLICE_BYTES)
        return set_fault (self, _ ("an element is too long"));
    }

  return TRUE;
}

static gboolean
parse_head (LkXmlStream *self)
{
  g_autoptr (GByteArray) head = g_steal_pointer (&self->head);

  return check_declaration (self, head) && parse (self, (const char *) head->data, head->len);
}

/* The XML declaration is there, or there is none. */
static gboolean
has_declaration (const GByteArray *head)
{
  gsize at = head->len >= 3 && memcmp (head->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

  if (head->len == 0) /* its data may be NULL */
    return FALSE;
  return head->len >= HEAD_BYTES || memmem (head->data, head->len, "?>", 2) != NULL ||
         (head->len >= at + 5 && memcmp (head->data + at, "<?xml", 5) != 0);
}

static gboolean
take (LkXmlStream *self, const char *bytes, gsize length)
{
  if (self->head == NULL)
    return parse (self, bytes, length);

  g_byte_array_append (self->head, (const guint8 *) bytes, (guint) length);
  return !has_declaration (self->head) || parse_head (self);
}

gboolean
lk_xml_stream_is_in_tag (LkXmlStream *self)
{
  const xmlParserInput *input = self->ctxt->input;

  return self->head != NULL || memchr (input->cur, '<', (gsize) (input->end - input->cur)) != NULL;
}

gboolean
lk_xml_stream_feed (LkXmlStream *self, const void *bytes, gsize length, GError **error)
{
  const char *words;
  gsize n_clean;

  if (self->fault != NULL)
    return report (self, error);

  self->n_bytes += length;
  if (self->n_bytes > self->limits->max_bytes)
    {
      set_fault (self, _ ("it is too large"));
      return report (self, error);
    }

  n_clean = count_clean (self, bytes, length, &words);
  if (take (self, bytes, n_clean) && words != NULL)
    set_fault (self, words);
  return report (self, error);
}

gboolean
lk_xml_stream_finish (LkXmlStream *self, GError **error)
{
  if (self->fault != NULL)
    return report (self, error);

  if (self->n_bytes == 0)
    set_fault (self, _ ("it is empty"));
  else if (self->n_partial > 0)
    set_fault (self, _ ("it ends too early"));
  else if (self->head == NULL || parse_head (self))
    {
      xmlParseChunk (self->ctxt, NULL, 0, 1);
      judge_parser (self, TRUE);
    }

  return report (self, error);
}
