/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>

/* What every document from outside is held to. */
#define LK_XML_MAX_DEPTH      32
#define LK_XML_MAX_ATTRIBUTES 64 /* of one element, and as many namespaces */

/* libxml2 initialises itself on first use, but not safely from several threads: whoever calls it
 * directly calls this first. */
void lk_xml_prepare (void);

/**
 * LkXmlLimits:
 * @max_bytes: size of the whole document
 * @max_text: bytes of text in one element, and of one attribute value
 * @max_elements: number of elements
 * @drop: local name of an element whose text is never kept, or %NULL
 *
 * What a document from outside may cost, besides the limits above.
 */
typedef struct
{
  gsize max_bytes;
  gsize max_text;
  guint max_elements;
  const char *drop;
} LkXmlLimits;

/* Parses a document from a stranger: UTF-8 (or its declared encoding), no DOCTYPE, no entities
 * beyond the five, no network, and none of @limits exceeded — each is enforced while reading, not
 * after. @what names the document in the error (LK_ERROR_BAD_REPLY). Free with xmlFreeDoc(). */
xmlDoc *lk_xml_parse (const char *data,
                      gsize length,
                      const LkXmlLimits *limits,
                      const char *what,
                      GError **error);

/* Walking. A NULL @ns matches any namespace; a NULL @parent gives NULL. */
gboolean lk_xml_is (const xmlNode *node, const char *ns, const char *name);
xmlNode *lk_xml_child (const xmlNode *parent, const char *ns, const char *name);
xmlNode *lk_xml_first (const xmlNode *parent);
xmlNode *lk_xml_next (const xmlNode *node);
/* First descendant in document order. */
xmlNode *lk_xml_find (const xmlNode *parent, const char *ns, const char *name);

/* The element's own text, stripped of white space around it; "" for none, NULL for a NULL @node.
 * To be freed. */
char *lk_xml_text (const xmlNode *node);
/* lk_xml_text() of the child of that name. */
char *lk_xml_child_text (const xmlNode *parent, const char *ns, const char *name);
/* An attribute's value, to be freed, or NULL. */
char *lk_xml_attribute (const xmlNode *node, const char *ns, const char *name);

/* @text as XML can carry it, to be freed: bytes that are not UTF-8 become U+FFFD, characters that
 * XML 1.0 does not know are left out. */
char *lk_xml_clean (const char *text);

/* Decimal or 0x-hexadecimal, without locale, whole text. */
gboolean lk_text_to_uint (const char *text, guint64 max, guint64 *out);

/**
 * LkXmlWriter:
 *
 * Writes a document into memory through xmlTextWriter, so that nothing is pasted together.
 * Prefixes are declared by the caller with lk_xml_writer_namespace() right after the start of an
 * element. Characters that XML cannot carry are left out of texts.
 */
typedef struct _LkXmlWriter LkXmlWriter;

LkXmlWriter *lk_xml_writer_new (gboolean with_declaration);
void lk_xml_writer_free (LkXmlWriter *self);
/* @name may carry a prefix: "s:Envelope". */
void lk_xml_writer_start (LkXmlWriter *self, const char *name);
void lk_xml_writer_namespace (LkXmlWriter *self, const char *prefix, const char *uri);
void lk_xml_writer_attribute (LkXmlWriter *self, const char *name, const char *value);
void lk_xml_writer_text (LkXmlWriter *self, const char *text);
void lk_xml_writer_end (LkXmlWriter *self);
/* <name>text</name>; a NULL @text writes an empty element. */
void lk_xml_writer_element (LkXmlWriter *self, const char *name, const char *text);
/* Appends what was written since the last call to @out and forgets it, for documents that shall not
 * be in memory as a whole. */
void lk_xml_writer_drain (LkXmlWriter *self, GByteArray *out);
/* Ends every open element and gives the document, or what was not drained of it; @self can only be
 * freed after that. */
GBytes *lk_xml_writer_finish (LkXmlWriter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkXmlWriter, lk_xml_writer_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)
