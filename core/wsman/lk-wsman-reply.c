/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "wsman/lk-wsman-reply.h"

#include "base/lk-error.h"
#include "wsman/lk-wsman-names.h"
#include "wsman/lk-wsman-row.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* The one property that holds a whole product key is not even kept while parsing. */
static const LkXmlLimits limits = {
  .max_bytes = 4 * 1024 * 1024,
  .max_text = 64 * 1024,
  .max_elements = 250000,
  .drop = "OA3xOriginalProductKey",
};

static gboolean
answers (const xmlNode *envelope, const char *message_id)
{
  const xmlNode *header = lk_xml_child (envelope, LK_NS_SOAP, "Header");
  g_autofree char *relates_to = lk_xml_child_text (header, LK_NS_ADDRESSING, "RelatesTo");

  return relates_to == NULL || message_id == NULL || *relates_to == '\0' ||
         g_ascii_strcasecmp (relates_to, message_id) == 0;
}

LkWsmanReply *
lk_wsman_reply_parse (const void *data, gsize length, const char *message_id, GError **error)
{
  g_autoptr (LkWsmanReply) self = g_new0 (LkWsmanReply, 1);
  const xmlNode *envelope;
  const xmlNode *body;

  self->doc = lk_xml_parse (data, length, &limits, _ ("The answer"), error);
  if (self->doc == NULL)
    return NULL;

  envelope = xmlDocGetRootElement (self->doc);
  body = lk_xml_child (envelope, LK_NS_SOAP, "Body");
  if (!lk_xml_is (envelope, LK_NS_SOAP, "Envelope") || body == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("The answer is no SOAP 1.2 envelope"));
      return NULL;
    }
  if (!answers (envelope, message_id))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("The answer is to another request"));
      return NULL;
    }

  self->content = lk_xml_first (body);
  self->fault = lk_xml_is (self->content, LK_NS_SOAP, "Fault") ? self->content : NULL;
  return g_steal_pointer (&self);
}

void
lk_wsman_reply_free (LkWsmanReply *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->doc, xmlFreeDoc);
  g_free (self);
}

/* With EPRs, each w:Item holds the object and its reference. */
static const xmlNode *
find_object (const xmlNode *item)
{
  const xmlNode *node = lk_xml_is (item, LK_NS_WSMAN, "Item") ? lk_xml_first (item) : item;

  while (lk_xml_is (node, LK_NS_ADDRESSING, "EndpointReference"))
    node = node == item ? NULL : lk_xml_next (node);

  return node;
}

static void
read_items (const xmlNode *items, GPtrArray *rows)
{
  for (const xmlNode *item = lk_xml_first (items); item != NULL; item = lk_xml_next (item))
    {
      const xmlNode *object = find_object (item);

      if (object != NULL)
        g_ptr_array_add (rows, lk_wsman_row_new (object));
    }
}

LkWsmanBatch *
lk_wsman_reply_read_batch (const LkWsmanReply *self, GError **error)
{
  const xmlNode *response = self->content;
  LkWsmanBatch *batch;

  if (!lk_xml_is (response, LK_NS_ENUMERATION, "EnumerateResponse") &&
      !lk_xml_is (response, LK_NS_ENUMERATION, "PullResponse"))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("The answer holds no enumeration"));
      return NULL;
    }

  batch = g_new0 (LkWsmanBatch, 1);
  batch->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_wsman_row_free);
  read_items (lk_xml_child (response, NULL, "Items"), batch->rows);
  batch->context = lk_xml_child_text (response, NULL, "EnumerationContext");
  if (batch->context != NULL && *batch->context == '\0')
    g_clear_pointer (&batch->context, g_free);
  batch->is_last = lk_xml_child (response, NULL, "EndOfSequence") != NULL;
  return batch;
}

void
lk_wsman_batch_free (LkWsmanBatch *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_pointer (&self->context, g_free);
  g_free (self);
}

const xmlNode *
lk_wsman_reply_find_output (const LkWsmanReply *self, const char *method)
{
  const char *name = self->content != NULL ? (const char *) self->content->name : "";
  gsize length = strlen (method);

  return strncmp (name, method, length) == 0 &&
                 (name[length] == '\0' || strcmp (name + length, "_OUTPUT") == 0)
             ? self->content
             : NULL;
}
