/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/lk-batch.h"

#include "base/lk-error.h"
#include "base/lk-xml.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#define SOAP_NS     "http://schemas.xmlsoap.org/soap/envelope/"
#define SERVICE_NS  "http://www.microsoft.com/BatchActivationService"
#define REQUEST_NS  "http://www.microsoft.com/DRM/SL/BatchActivationRequest/1.0"
#define RESPONSE_NS "http://www.microsoft.com/DRM/SL/BatchActivationResponse/1.0"

#define DIGEST_BYTES    crypto_auth_hmacsha256_BYTES
#define MIN_KEY_BYTES   16
#define MAX_KEY_BYTES   1024
#define CID_DIGITS      48
#define MAX_FAULT_CHARS 200

/* The outer document holds the inner one as a single text. */
static const LkXmlLimits outer_limits = {
  .max_bytes = LK_BATCH_MAX_BYTES,
  .max_text = LK_BATCH_MAX_BYTES,
  .max_elements = 64,
};

static const LkXmlLimits inner_limits = {
  .max_bytes = LK_BATCH_MAX_BYTES,
  .max_text = 4096,
  .max_elements = LK_BATCH_MAX_ITEMS * 16,
};

LkBatchItem *
lk_batch_item_new (const char *epid, const char *iid)
{
  LkBatchItem *self = g_new0 (LkBatchItem, 1);

  self->epid = g_strdup (epid);
  self->iid = g_strdup (iid);
  self->remaining = -1;
  return self;
}

void
lk_batch_item_free (LkBatchItem *self)
{
  if (self == NULL)
    return;
  g_free (self->epid);
  g_free (self->iid);
  g_free (self->cid);
  g_free (self);
}

LkSecret *
lk_batch_parse_digest_key (const LkSecret *text, GError **error)
{
  unsigned char bytes[MAX_KEY_BYTES];
  const char *end = NULL;
  const char *start = lk_secret_peek (text);
  gsize length = lk_secret_get_length (text);
  gsize n = 0;
  LkSecret *key = NULL;
  gboolean is_hex = strspn (start, "0123456789abcdefABCDEF \t") == length;

  if (is_hex)
    is_hex = sodium_hex2bin (bytes, sizeof bytes, start, length, " \t", &n, &end) == 0 &&
             end == start + length;
  else if (sodium_base642bin (bytes, sizeof bytes, start, length, " \t", &n, &end,
                              sodium_base64_VARIANT_ORIGINAL) != 0 ||
           end != start + length)
    n = 0;

  if (n >= MIN_KEY_BYTES)
    key = lk_secret_new ((const char *) bytes, (gssize) n);
  else
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("The digest key must be given in hexadecimal or base64, %d to %d bytes"),
                 MIN_KEY_BYTES, MAX_KEY_BYTES);
  sodium_memzero (bytes, sizeof bytes);
  return key;
}

static void
compute_digest (const LkSecret *key, const void *data, gsize length, unsigned char *digest)
{
  crypto_auth_hmacsha256_state state;

  crypto_auth_hmacsha256_init (&state, (const unsigned char *) lk_secret_peek (key),
                               lk_secret_get_length (key));
  crypto_auth_hmacsha256_update (&state, data, length);
  crypto_auth_hmacsha256_final (&state, digest);
  sodium_memzero (&state, sizeof state);
}

static GBytes *
write_inner_request (LkBatchType type, GPtrArray *items)
{
  g_autoptr (LkXmlWriter) writer = lk_xml_writer_new (FALSE);

  lk_xml_writer_start (writer, "ActivationRequest");
  lk_xml_writer_namespace (writer, NULL, REQUEST_NS);
  lk_xml_writer_element (writer, "VersionNumber", "2.0");
  lk_xml_writer_element (writer, "RequestType", type == LK_BATCH_CONFIRM ? "1" : "2");
  lk_xml_writer_start (writer, "Requests");
  for (guint i = 0; i < items->len; i++)
    {
      const LkBatchItem *item = g_ptr_array_index (items, i);

      lk_xml_writer_start (writer, "Request");
      lk_xml_writer_element (writer, "PID", item->epid);
      if (type == LK_BATCH_CONFIRM)
        lk_xml_writer_element (writer, "IID", item->iid);
      lk_xml_writer_end (writer);
    }
  return lk_xml_writer_finish (writer);
}

/* The text writer ends a document with a line feed; the digest covers every byte, so it goes. */
static char *
dup_trimmed (GBytes *document)
{
  gsize length = 0;
  const char *text = g_bytes_get_data (document, &length);

  while (length > 0 && text[length - 1] == '\n')
    length--;

  return g_strndup (text, length);
}

static void
start_envelope (LkXmlWriter *writer)
{
  lk_xml_writer_start (writer, "soap:Envelope");
  lk_xml_writer_namespace (writer, "soap", SOAP_NS);
  lk_xml_writer_namespace (writer, "xsi", "http://www.w3.org/2001/XMLSchema-instance");
  lk_xml_writer_namespace (writer, "xsd", "http://www.w3.org/2001/XMLSchema");
  lk_xml_writer_start (writer, "soap:Body");
}

GBytes *
lk_batch_seal_request (const char *inner, const LkSecret *digest_key)
{
  g_autoptr (LkXmlWriter) writer = lk_xml_writer_new (TRUE);
  g_autofree char *utf16 = NULL;
  g_autofree char *inner_text = NULL;
  g_autofree char *digest_text = NULL;
  unsigned char digest[DIGEST_BYTES];
  gsize length = 0;

  utf16 = g_convert (inner, -1, "UTF-16LE", "UTF-8", NULL, &length, NULL);
  g_assert (utf16 != NULL); /* any valid UTF-8 can be written so */
  compute_digest (digest_key, utf16, length, digest);
  inner_text = g_base64_encode ((const guchar *) utf16, length);
  digest_text = g_base64_encode (digest, sizeof digest);

  start_envelope (writer);
  lk_xml_writer_start (writer, "BatchActivate");
  lk_xml_writer_namespace (writer, NULL, SERVICE_NS);
  lk_xml_writer_start (writer, "request");
  lk_xml_writer_element (writer, "Digest", digest_text);
  lk_xml_writer_element (writer, "RequestXml", inner_text);
  return lk_xml_writer_finish (writer);
}

GBytes *
lk_batch_write_request (LkBatchType type, GPtrArray *items, const LkSecret *digest_key)
{
  g_autoptr (GBytes) inner = write_inner_request (type, items);
  g_autofree char *text = dup_trimmed (inner);

  return lk_batch_seal_request (text, digest_key);
}

static xmlDoc *
parse_bytes (GBytes *body, const char *what, GError **error)
{
  gsize length = 0;
  const char *data = g_bytes_get_data (body, &length);

  return lk_xml_parse (data, length, &outer_limits, what, error);
}

static guchar *
decode_base64 (const char *text, gsize *length)
{
  gsize text_length = text != NULL ? strlen (text) : 0;
  g_autofree guchar *bytes = g_malloc (text_length / 4 * 3 + 3);
  const char *end = NULL;

  if (text == NULL ||
      sodium_base642bin (bytes, text_length / 4 * 3 + 3, text, text_length, " \t\r\n", length, &end,
                         sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != text + text_length)
    return NULL;

  return g_steal_pointer (&bytes);
}

/* Inner documents say utf-16 of themselves, which stopped being true when they were converted or
 * put into another document; what they really are by now is UTF-8. */
static xmlDoc *
parse_inner (const char *text, gsize length, const char *what, GError **error)
{
  const char *bom = "\xEF\xBB\xBF";
  const char *end;

  if (length >= 3 && memcmp (text, bom, 3) == 0)
    {
      text += 3;
      length -= 3;
    }
  while (length > 0 && g_ascii_isspace (*text))
    {
      text++;
      length--;
    }
  end = length > 6 && memcmp (text, "<?xml ", 6) == 0 ? g_strstr_len (text, (gssize) length, "?>")
                                                      : NULL;
  if (end != NULL)
    {
      length -= (gsize) (end + 2 - text);
      text = end + 2;
    }

  return lk_xml_parse (text, length, &inner_limits, what, error);
}

/* The inner document's bytes, once their digest is proven to be made with @key. */
static guchar *
open_request (GBytes *body, const LkSecret *key, gsize *length, GError **error)
{
  g_autoptr (xmlDoc) doc = parse_bytes (body, "The request", error);
  const xmlNode *request = NULL;
  g_autofree char *digest_text = NULL;
  g_autofree char *inner_text = NULL;
  g_autofree guchar *digest = NULL;
  g_autofree guchar *inner = NULL;
  unsigned char expected[DIGEST_BYTES];
  gsize digest_length = 0;

  if (doc == NULL)
    return NULL;

  request = lk_xml_find (xmlDocGetRootElement (doc), SERVICE_NS, "request");
  digest_text = lk_xml_child_text (request, SERVICE_NS, "Digest");
  inner_text = lk_xml_child_text (request, SERVICE_NS, "RequestXml");
  digest = decode_base64 (digest_text, &digest_length);
  inner = decode_base64 (inner_text, length);
  if (digest == NULL || inner == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
                   "The request is not a batch activation request");
      return NULL;
    }

  compute_digest (key, inner, *length, expected);
  if (digest_length == sizeof expected && sodium_memcmp (digest, expected, sizeof expected) == 0)
    return g_steal_pointer (&inner);

  g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
               "The request's digest is wrong: it was made with another digest key");
  return NULL;
}

static gboolean
read_request_items (const xmlNode *root, LkBatchType type, GPtrArray *items, GError **error)
{
  const xmlNode *requests = lk_xml_child (root, REQUEST_NS, "Requests");

  for (const xmlNode *node = lk_xml_first (requests); node != NULL; node = lk_xml_next (node))
    {
      g_autofree char *epid = lk_xml_child_text (node, REQUEST_NS, "PID");
      g_autofree char *iid = lk_xml_child_text (node, REQUEST_NS, "IID");

      if (!lk_xml_is (node, REQUEST_NS, "Request") || epid == NULL || *epid == '\0' ||
          (type == LK_BATCH_CONFIRM && (iid == NULL || *iid == '\0')))
        {
          g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, "Item %u of the request is incomplete",
                       items->len + 1);
          return FALSE;
        }
      if (items->len == LK_BATCH_MAX_ITEMS)
        {
          g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, "The request has more than %d items",
                       LK_BATCH_MAX_ITEMS);
          return FALSE;
        }
      g_ptr_array_add (items, lk_batch_item_new (epid, type == LK_BATCH_CONFIRM ? iid : NULL));
    }

  return TRUE;
}

GPtrArray *
lk_batch_read_request (GBytes *body, const LkSecret *digest_key, LkBatchType *type, GError **error)
{
  g_autoptr (GPtrArray) items =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
  g_autofree guchar *inner = NULL;
  g_autofree char *text = NULL;
  g_autofree char *version = NULL;
  g_autofree char *type_text = NULL;
  g_autoptr (xmlDoc) doc = NULL;
  const xmlNode *root;
  gsize length = 0;
  guint64 number = 0;

  inner = open_request (body, digest_key, &length, error);
  if (inner == NULL)
    return NULL;

  text =
      g_convert ((const char *) inner, (gssize) length, "UTF-8", "UTF-16LE", NULL, &length, NULL);
  if (text == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, "The request's document is not UTF-16LE");
      return NULL;
    }

  doc = parse_inner (text, length, "The request's document", error);
  if (doc == NULL)
    return NULL;

  root = xmlDocGetRootElement (doc);
  version = lk_xml_child_text (root, REQUEST_NS, "VersionNumber");
  type_text = lk_xml_child_text (root, REQUEST_NS, "RequestType");
  if (!lk_xml_is (root, REQUEST_NS, "ActivationRequest") || g_strcmp0 (version, "2.0") != 0 ||
      !lk_text_to_uint (type_text, 2, &number) || number < 1)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
                   "The request is not of a version or type that is known");
      return NULL;
    }

  *type = (LkBatchType) number;
  return read_request_items (root, *type, items, error) ? g_steal_pointer (&items) : NULL;
}

static void
write_answer (LkXmlWriter *writer, const LkBatchItem *item)
{
  lk_xml_writer_start (writer, "Response");
  lk_xml_writer_element (writer, "PID", item->epid);
  if (item->iid != NULL)
    lk_xml_writer_element (writer, "IID", item->iid);
  if (item->cid != NULL)
    lk_xml_writer_element (writer, "CID", item->cid);
  if (item->remaining >= 0)
    {
      g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, item->remaining);

      lk_xml_writer_element (writer, "ActivationRemaining", number);
    }
  if (item->code != 0)
    {
      g_autofree char *code = g_strdup_printf ("0x%X", item->code);

      lk_xml_writer_start (writer, "ErrorInfo");
      lk_xml_writer_element (writer, "ErrorCode", code);
      lk_xml_writer_end (writer);
    }
  lk_xml_writer_end (writer);
}

GBytes *
lk_batch_write_response (LkBatchType type, GPtrArray *items)
{
  g_autoptr (LkXmlWriter) inner = lk_xml_writer_new (FALSE);
  g_autoptr (LkXmlWriter) outer = lk_xml_writer_new (TRUE);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;

  lk_xml_writer_start (inner, "ActivationResponse");
  lk_xml_writer_namespace (inner, NULL, RESPONSE_NS);
  lk_xml_writer_element (inner, "VersionNumber", "2.0");
  lk_xml_writer_element (inner, "ResponseType", type == LK_BATCH_CONFIRM ? "1" : "2");
  lk_xml_writer_start (inner, "Responses");
  for (guint i = 0; i < items->len; i++)
    write_answer (inner, g_ptr_array_index (items, i));
  bytes = lk_xml_writer_finish (inner);
  text = dup_trimmed (bytes);

  start_envelope (outer);
  lk_xml_writer_start (outer, "BatchActivateResponse");
  lk_xml_writer_namespace (outer, NULL, SERVICE_NS);
  lk_xml_writer_start (outer, "BatchActivateResult");
  lk_xml_writer_element (outer, "ResponseXml", text);
  return lk_xml_writer_finish (outer);
}

static char *
find_text (const xmlNode *parent, const char *name)
{
  g_autofree char *text = lk_xml_text (lk_xml_find (parent, NULL, name));

  return text != NULL && *text != '\0' ? g_steal_pointer (&text) : NULL;
}

/* Services are known by what public clients look for in their answers, and those look for local
 * names only. */
static LkBatchItem *
read_answer (const xmlNode *node)
{
  g_autofree char *epid = find_text (node, "PID");
  g_autofree char *iid = find_text (node, "IID");
  g_autofree char *remaining = find_text (node, "ActivationRemaining");
  g_autofree char *code = find_text (node, "ErrorCode");
  LkBatchItem *item = lk_batch_item_new (epid, iid);
  guint64 number = 0;

  item->cid = find_text (node, "CID");
  if (lk_text_to_uint (remaining, G_MAXINT32, &number))
    item->remaining = (gint64) number;
  if (lk_text_to_uint (code, G_MAXUINT32, &number))
    item->code = (guint32) number;
  return item;
}

static gboolean
collect_answers (const xmlNode *parent, GPtrArray *answers)
{
  for (const xmlNode *node = lk_xml_first (parent); node != NULL; node = lk_xml_next (node))
    {
      if (!lk_xml_is (node, NULL, "Response"))
        {
          if (!collect_answers (node, answers))
            return FALSE;
          continue;
        }
      if (answers->len == LK_BATCH_MAX_ITEMS)
        return FALSE;
      g_ptr_array_add (answers, read_answer (node));
    }

  return TRUE;
}

static void
set_fault_error (const xmlNode *fault, GError **error)
{
  g_autofree char *text = find_text (fault, "faultstring");
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : _ ("no reason given"), -1);
  g_autofree char *shown =
      g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), MAX_FAULT_CHARS));

  for (char *p = shown; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  g_set_error (error, LK_ERROR, LK_ERROR_REJECTED, _ ("The service answered with a fault: %s"),
               shown);
}

GPtrArray *
lk_batch_read_response (GBytes *body, GError **error)
{
  g_autoptr (GPtrArray) answers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
  g_autoptr (xmlDoc) outer = parse_bytes (body, _ ("The answer"), error);
  g_autoptr (xmlDoc) inner = NULL;
  g_autofree char *text = NULL;
  const xmlNode *root;
  const xmlNode *fault;

  if (outer == NULL)
    return NULL;

  root = xmlDocGetRootElement (outer);
  fault = lk_xml_find (root, SOAP_NS, "Fault");
  text = fault == NULL ? lk_xml_text (lk_xml_find (root, NULL, "ResponseXml")) : NULL;
  if (fault != NULL)
    set_fault_error (fault, error);
  else if (text == NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
                 _ ("The answer is not a batch activation response"));
  if (text == NULL)
    return NULL;

  inner = parse_inner (text, strlen (text), _ ("The answer's document"), error);
  if (inner == NULL)
    return NULL;

  root = xmlDocGetRootElement (inner);
  if (!collect_answers (root, answers))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("The answer has more than %d lines"),
                   LK_BATCH_MAX_ITEMS);
      return NULL;
    }
  if (answers->len == 0)
    {
      LkBatchItem *item = read_answer (root);

      item->is_loose = TRUE;
      g_ptr_array_add (answers, item);
    }

  return g_steal_pointer (&answers);
}

static gboolean
is_cid (const char *text)
{
  return text != NULL && strlen (text) == CID_DIGITS && strspn (text, "0123456789") == CID_DIGITS;
}

/* Whether @answer settles what @asked asked for. */
static gboolean
is_answered (const LkBatchItem *asked, const LkBatchItem *answer)
{
  if (answer->code != 0)
    return TRUE;

  return asked->iid != NULL ? is_cid (answer->cid) : answer->remaining >= 0;
}

static gboolean
is_for (const LkBatchItem *asked, const LkBatchItem *answer, gboolean alone)
{
  if (alone)
    return asked->iid == NULL || answer->iid == NULL || g_str_equal (answer->iid, asked->iid);
  if (answer->is_loose)
    return FALSE;
  if (asked->iid == NULL)
    return g_strcmp0 (answer->epid, asked->epid) == 0;

  return g_strcmp0 (answer->iid, asked->iid) == 0 &&
         (answer->epid == NULL || g_strcmp0 (answer->epid, asked->epid) == 0);
}

/* An echo of the IID alone cannot tell two keys apart that were asked about for one machine. */
static gboolean
is_ambiguous (GPtrArray *asked, const LkBatchItem *item, const LkBatchItem *answer)
{
  if (answer->epid != NULL || item->iid == NULL)
    return FALSE;

  for (guint i = 0; i < asked->len; i++)
    {
      const LkBatchItem *other = g_ptr_array_index (asked, i);

      if (g_strcmp0 (other->iid, item->iid) == 0 && g_strcmp0 (other->epid, item->epid) != 0)
        return TRUE;
    }

  return FALSE;
}

static void
take_answer (LkBatchItem *item, const LkBatchItem *answer)
{
  gboolean has_cid = item->iid != NULL && is_cid (answer->cid);

  g_free (item->cid);
  item->cid = has_cid ? g_strdup (answer->cid) : NULL;
  item->code = has_cid ? 0 : answer->code;
  item->remaining = answer->remaining;
}

guint
lk_batch_match (GPtrArray *asked, GPtrArray *answers, guint8 *matched)
{
  gboolean alone = asked->len == 1 && answers->len == 1;
  guint n_matched = 0;

  memset (matched, 0, asked->len);
  for (guint i = 0; i < asked->len; i++)
    {
      LkBatchItem *item = g_ptr_array_index (asked, i);

      for (guint j = 0; matched[i] == 0 && j < answers->len; j++)
        {
          const LkBatchItem *answer = g_ptr_array_index (answers, j);

          if (!is_for (item, answer, alone) || is_ambiguous (asked, item, answer) ||
              !is_answered (item, answer))
            continue;
          take_answer (item, answer);
          matched[i] = 1;
          n_matched++;
        }
    }

  return n_matched;
}
