/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-xml.h"

#include "base/lk-error.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

/* The peer is not trusted: no network; entities are refused before they could be replaced. */
#define PARSER_OPTIONS                                                                             \
  (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT |                 \
   XML_PARSE_NOCDATA)

typedef struct
{
  const LkXmlLimits *limits;
  guint depth;
  guint n_elements;
  guint drop_depth; /* depth of the element whose text is dropped, 0 for none */
  gsize text_bytes[LK_XML_MAX_DEPTH + 1]; /* by depth, of the elements that are open */
  const char *fault;
} Guard;

void
lk_xml_prepare (void)
{
  static gsize ready = 0;

  if (g_once_init_enter (&ready))
    {
      xmlInitParser ();
      g_once_init_leave (&ready, 1);
    }
}

static void
refuse (xmlParserCtxt *ctxt, const char *fault)
{
  Guard *guard = ctxt->_private;

  if (guard->fault == NULL)
    guard->fault = fault;
  xmlStopParser (ctxt);
}

static void
on_doctype (void *ctx, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
  refuse (ctx, _ ("it has a DOCTYPE, which is not allowed"));
}

static void
on_start (void *ctx,
          const xmlChar *name,
          const xmlChar *prefix,
          const xmlChar *uri,
          int n_namespaces,
          const xmlChar **namespaces,
          int n_attributes,
          int n_defaulted,
          const xmlChar **attributes)
{
  xmlParserCtxt *ctxt = ctx;
  Guard *guard = ctxt->_private;

  if (++guard->depth > LK_XML_MAX_DEPTH)
    refuse (ctxt, _ ("it is nested too deeply"));
  else if (++guard->n_elements > guard->limits->max_elements)
    refuse (ctxt, _ ("it has too many elements"));
  else if (n_attributes > LK_XML_MAX_ATTRIBUTES || n_namespaces > LK_XML_MAX_ATTRIBUTES)
    refuse (ctxt, _ ("an element has too many attributes"));

  for (int i = 0; guard->fault == NULL && i < n_attributes; i++)
    if ((gsize) (attributes[5 * i + 4] - attributes[5 * i + 3]) > guard->limits->max_text)
      refuse (ctxt, _ ("an attribute is too long"));
  if (guard->fault != NULL)
    return;

  guard->text_bytes[guard->depth] = 0;
  if (guard->drop_depth == 0 && guard->limits->drop != NULL &&
      strcmp ((const char *) name, guard->limits->drop) == 0)
    guard->drop_depth = guard->depth;

  xmlSAX2StartElementNs (ctx, name, prefix, uri, n_namespaces, namespaces, n_attributes,
                         n_defaulted, attributes);
}

static void
on_end (void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
  Guard *guard = ((xmlParserCtxt *) ctx)->_private;

  if (guard->fault != NULL)
    return;
  if (guard->drop_depth == guard->depth)
    guard->drop_depth = 0;
  guard->depth--;
  xmlSAX2EndElementNs (ctx, name, prefix, uri);
}

static void
on_text (void *ctx, const xmlChar *text, int length)
{
  Guard *guard = ((xmlParserCtxt *) ctx)->_private;

  if (guard->fault != NULL || guard->drop_depth > 0)
    return;
  guard->text_bytes[guard->depth] += (gsize) length;
  if (guard->text_bytes[guard->depth] > guard->limits->max_text)
    refuse (ctx, _ ("a text is too long"));
  else
    xmlSAX2Characters (ctx, text, length);
}

static void
ignore_instruction (void *ctx, const xmlChar *target, const xmlChar *data)
{
}

static void
ignore_comment (void *ctx, const xmlChar *value)
{
}

static void
install_guards (xmlSAXHandler *sax)
{
  sax->internalSubset = on_doctype;
  sax->externalSubset = on_doctype;
  sax->startElementNs = on_start;
  sax->endElementNs = on_end;
  sax->characters = on_text;
  sax->ignorableWhitespace = on_text;
  sax->cdataBlock = on_text;
  sax->processingInstruction = ignore_instruction;
  sax->comment = ignore_comment;
  sax->serror = NULL;
  sax->error = NULL;
  sax->warning = NULL;
}

xmlDoc *
lk_xml_parse (const char *data,
              gsize length,
              const LkXmlLimits *limits,
              const char *what,
              GError **error)
{
  Guard guard = { .limits = limits };
  xmlParserCtxt *ctxt;
  xmlDoc *doc;
  gboolean well_formed;

  lk_xml_prepare ();
  if (length == 0 || length > limits->max_bytes || length > G_MAXINT)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("%s is unusable: %s"), what,
                   length == 0 ? _ ("it is empty") : _ ("it is too large"));
      return NULL;
    }

  ctxt = xmlCreateMemoryParserCtxt (data, (int) length);
  if (ctxt == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("%s is unusable: no memory"), what);
      return NULL;
    }
  ctxt->_private = &guard;
  xmlCtxtUseOptions (ctxt, PARSER_OPTIONS);
  install_guards (ctxt->sax);

  xmlParseDocument (ctxt);
  doc = g_steal_pointer (&ctxt->myDoc);
  well_formed = ctxt->wellFormed != 0 && guard.fault == NULL && doc != NULL &&
                xmlDocGetRootElement (doc) != NULL;
  xmlFreeParserCtxt (ctxt);
  if (well_formed)
    return doc;

  g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("%s is unusable: %s"), what,
               guard.fault != NULL ? guard.fault : _ ("it is not well-formed XML"));
  g_clear_pointer (&doc, xmlFreeDoc);
  return NULL;
}

gboolean
lk_xml_is (const xmlNode *node, const char *ns, const char *name)
{
  return node != NULL && node->type == XML_ELEMENT_NODE &&
         strcmp ((const char *) node->name, name) == 0 &&
         (ns == NULL || (node->ns != NULL && node->ns->href != NULL &&
                         strcmp ((const char *) node->ns->href, ns) == 0));
}

static xmlNode *
skip_to_element (xmlNode *node)
{
  while (node != NULL && node->type != XML_ELEMENT_NODE)
    node = node->next;

  return node;
}

xmlNode *
lk_xml_first (const xmlNode *parent)
{
  return parent != NULL ? skip_to_element (parent->children) : NULL;
}

xmlNode *
lk_xml_next (const xmlNode *node)
{
  return node != NULL ? skip_to_element (node->next) : NULL;
}

xmlNode *
lk_xml_child (const xmlNode *parent, const char *ns, const char *name)
{
  for (xmlNode *node = lk_xml_first (parent); node != NULL; node = lk_xml_next (node))
    if (lk_xml_is (node, ns, name))
      return node;

  return NULL;
}

xmlNode *
lk_xml_find (const xmlNode *parent, const char *ns, const char *name)
{
  for (xmlNode *node = lk_xml_first (parent); node != NULL; node = lk_xml_next (node))
    {
      xmlNode *found = lk_xml_is (node, ns, name) ? node : lk_xml_find (node, ns, name);

      if (found != NULL)
        return found;
    }

  return NULL;
}

char *
lk_xml_text (const xmlNode *node)
{
  GString *text;

  if (node == NULL)
    return NULL;

  text = g_string_new (NULL);
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
      g_string_append (text, (const char *) child->content);

  return g_strstrip (g_string_free (text, FALSE));
}

char *
lk_xml_child_text (const xmlNode *parent, const char *ns, const char *name)
{
  return lk_xml_text (lk_xml_child (parent, ns, name));
}

char *
lk_xml_attribute (const xmlNode *node, const char *ns, const char *name)
{
  xmlChar *value;
  char *copy;

  if (node == NULL)
    return NULL;

  value = ns != NULL ? xmlGetNsProp (node, (const xmlChar *) name, (const xmlChar *) ns)
                     : xmlGetNoNsProp (node, (const xmlChar *) name);
  copy = g_strdup ((const char *) value);
  xmlFree (value);
  return copy;
}

gboolean
lk_text_to_uint (const char *text, guint64 max, guint64 *out)
{
  gboolean hex = text != NULL && (g_str_has_prefix (text, "0x") || g_str_has_prefix (text, "0X"));

  if (text == NULL)
    return FALSE;

  return g_ascii_string_to_unsigned (hex ? text + 2 : text, hex ? 16 : 10, 0, max, out, NULL);
}

struct _LkXmlWriter
{
  xmlBuffer *buffer;
  xmlTextWriter *writer;
};

LkXmlWriter *
lk_xml_writer_new (gboolean with_declaration)
{
  LkXmlWriter *self = g_new0 (LkXmlWriter, 1);

  lk_xml_prepare ();
  self->buffer = xmlBufferCreate ();
  xmlBufferSetAllocationScheme (self->buffer, XML_BUFFER_ALLOC_DOUBLEIT);
  self->writer = xmlNewTextWriterMemory (self->buffer, 0);
  if (with_declaration)
    xmlTextWriterStartDocument (self->writer, NULL, "UTF-8", NULL);
  return self;
}

void
lk_xml_writer_free (LkXmlWriter *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->writer, xmlFreeTextWriter);
  g_clear_pointer (&self->buffer, xmlBufferFree);
  g_free (self);
}

void
lk_xml_writer_start (LkXmlWriter *self, const char *name)
{
  xmlTextWriterStartElement (self->writer, (const xmlChar *) name);
}

void
lk_xml_writer_namespace (LkXmlWriter *self, const char *prefix, const char *uri)
{
  g_autofree char *name =
      prefix != NULL ? g_strconcat ("xmlns:", prefix, NULL) : g_strdup ("xmlns");

  lk_xml_writer_attribute (self, name, uri);
}

/* What XML 1.0 section 2.2 calls a Char; anything else cannot be written, not even escaped. */
static gboolean
is_xml_char (gunichar c)
{
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xD7FF) ||
         (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

static gboolean
is_clean (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (!is_xml_char (g_utf8_get_char (p)))
      return FALSE;

  return TRUE;
}

char *
lk_xml_clean (const char *text)
{
  g_autofree char *valid = NULL;
  GString *clean;

  if (is_clean (text))
    return g_strdup (text);

  valid = g_utf8_make_valid (text, -1);
  clean = g_string_new (NULL);
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    if (is_xml_char (g_utf8_get_char (p)))
      g_string_append_unichar (clean, g_utf8_get_char (p));

  return g_string_free (clean, FALSE);
}

void
lk_xml_writer_attribute (LkXmlWriter *self, const char *name, const char *value)
{
  g_autofree char *clean = is_clean (value) ? NULL : lk_xml_clean (value);

  xmlTextWriterWriteAttribute (self->writer, (const xmlChar *) name,
                               (const xmlChar *) (clean != NULL ? clean : value));
}

void
lk_xml_writer_text (LkXmlWriter *self, const char *text)
{
  g_autofree char *clean = is_clean (text) ? NULL : lk_xml_clean (text);

  xmlTextWriterWriteString (self->writer, (const xmlChar *) (clean != NULL ? clean : text));
}

void
lk_xml_writer_end (LkXmlWriter *self)
{
  xmlTextWriterEndElement (self->writer);
}

void
lk_xml_writer_element (LkXmlWriter *self, const char *name, const char *text)
{
  lk_xml_writer_start (self, name);
  if (text != NULL)
    lk_xml_writer_text (self, text);
  lk_xml_writer_end (self);
}

void
lk_xml_writer_drain (LkXmlWriter *self, GByteArray *out)
{
  xmlTextWriterFlush (self->writer);
  g_byte_array_append (out, self->buffer->content, self->buffer->use);
  xmlBufferEmpty (self->buffer);
}

GBytes *
lk_xml_writer_finish (LkXmlWriter *self)
{
  GBytes *bytes;

  xmlTextWriterEndDocument (self->writer);
  xmlTextWriterFlush (self->writer);
  bytes = g_bytes_new (self->buffer->content, self->buffer->use);
  return bytes;
}
