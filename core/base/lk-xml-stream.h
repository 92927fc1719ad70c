/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-xml.h"

/**
 * LkXmlElement:
 *
 * The start of an element, valid during the call that hands it over.
 * @ns: its namespace, or NULL
 * @depth: 1 is the root
 */
typedef struct
{
  const char *name; /* local */
  const char *ns;
  const char *value;
} LkXmlAttribute;

typedef struct
{
  const char *name; /* local */
  const char *ns;
  guint depth;
  guint n_attributes;
  const LkXmlAttribute *attributes;
} LkXmlElement;

/* FALSE with @error set ends the reading. */
typedef gboolean (*LkXmlStartFunc) (const LkXmlElement *element, gpointer data, GError **error);
/* The end of the element that was opened last of those that are open, and the text in it behind its
 * last child, valid during the call and wiped after it. */
typedef gboolean (*LkXmlEndFunc) (const char *text, gpointer data, GError **error);

/**
 * LkXmlStreamLimits:
 * @max_bytes: of the document
 * @max_elements: in the document
 * @max_attribute: bytes of one attribute's value
 * @max_tag: bytes of one start tag, and of anything else that comes in one piece
 * @bare: text other than white space, comments and processing instructions are refused, and not
 *   ignored
 */
typedef struct
{
  guint64 max_bytes;
  guint64 max_elements;
  gsize max_attribute;
  gsize max_tag;
  gboolean bare;
} LkXmlStreamLimits;

/**
 * LkXmlStream:
 *
 * Reads a document from a stranger in the pieces in which it comes, whatever its size, and keeps
 * nothing of it. It must be XML 1.0 in UTF-8, without DOCTYPE and entities; see also lk-xml.h.
 * Errors are LK_ERROR_INVALID, in words that name the line but not the document.
 */
typedef struct _LkXmlStream LkXmlStream;

/* @limits and @data must outlive it. */
LkXmlStream *
lk_xml_stream_new (const LkXmlStreamLimits *limits, LkXmlStartFunc on_start, gpointer data);
void lk_xml_stream_free (LkXmlStream *self);
/* Keeps the text of elements, of which each has no more than an attribute may have, and hands it to
 * @end. To be called before anything is fed. */
void lk_xml_stream_set_end_func (LkXmlStream *self, LkXmlEndFunc end);
/* Where it is, from 1. */
guint lk_xml_stream_get_line (LkXmlStream *self);
/* After a failure @self can only be freed. Elements that stand before the fault were handed over.
 */
gboolean lk_xml_stream_feed (LkXmlStream *self, const void *bytes, gsize length, GError **error);
/* Whether a tag has begun and its end did not come yet. */
gboolean lk_xml_stream_is_in_tag (LkXmlStream *self);
/* Says that this was all. */
gboolean lk_xml_stream_finish (LkXmlStream *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkXmlStream, lk_xml_stream_free)
