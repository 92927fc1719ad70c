/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-wsd.h"

#include "base/lk-xml.h"
#include "wsman/lk-wsman-names.h"

#include <string.h>

#define NS_DISCOVERY "http://schemas.xmlsoap.org/ws/2005/04/discovery"
#define NS_DEVICE    "http://schemas.xmlsoap.org/ws/2006/02/devprof"
#define NS_COMPUTER  "http://schemas.microsoft.com/windows/pub/2005/07"

#define TO_EVERYBODY "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
#define MAX_MATCHES  64
#define MAX_URLS     8
#define MAX_ENDPOINT 256

static const LkXmlLimits limits = { LK_WSD_MAX_MESSAGE, 8192, 1000, NULL };

static void
match_free (gpointer data)
{
  LkWsdMatch *self = data;

  g_free (self->endpoint);
  g_strfreev (self->urls);
  g_free (self);
}

void
lk_wsd_computer_free (LkWsdComputer *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->group);
  g_free (self);
}

/* Up to the Body, which stays open. */
static LkXmlWriter *
begin (const char *to, const char *action)
{
  LkXmlWriter *writer = lk_xml_writer_new (TRUE);
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *id = g_strconcat ("urn:uuid:", uuid, NULL);

  lk_xml_writer_start (writer, "soap:Envelope");
  lk_xml_writer_namespace (writer, "soap", LK_NS_SOAP);
  lk_xml_writer_namespace (writer, "wsa", LK_NS_ADDRESSING);
  lk_xml_writer_namespace (writer, "wsd", NS_DISCOVERY);
  lk_xml_writer_start (writer, "soap:Header");
  lk_xml_writer_element (writer, "wsa:To", to);
  lk_xml_writer_element (writer, "wsa:Action", action);
  lk_xml_writer_element (writer, "wsa:MessageID", id);
  return writer;
}

static void
begin_body (LkXmlWriter *writer)
{
  lk_xml_writer_end (writer);
  lk_xml_writer_start (writer, "soap:Body");
}

static GBytes *
finish (LkXmlWriter *writer)
{
  GBytes *message = lk_xml_writer_finish (writer);

  lk_xml_writer_free (writer);
  return message;
}

GBytes *
lk_wsd_write_probe (void)
{
  LkXmlWriter *writer = begin (TO_EVERYBODY, NS_DISCOVERY "/Probe");

  begin_body (writer);
  lk_xml_writer_start (writer, "wsd:Probe");
  /* wsdd compares the type as text, with this prefix. */
  lk_xml_writer_namespace (writer, "wsdp", NS_DEVICE);
  lk_xml_writer_element (writer, "wsd:Types", "wsdp:Device");
  return finish (writer);
}

GBytes *
lk_wsd_write_resolve (const char *endpoint)
{
  LkXmlWriter *writer = begin (TO_EVERYBODY, NS_DISCOVERY "/Resolve");

  begin_body (writer);
  lk_xml_writer_start (writer, "wsd:Resolve");
  lk_xml_writer_start (writer, "wsa:EndpointReference");
  lk_xml_writer_element (writer, "wsa:Address", endpoint);
  return finish (writer);
}

GBytes *
lk_wsd_write_get (const char *endpoint)
{
  LkXmlWriter *writer = begin (endpoint, LK_ACTION_GET);

  lk_xml_writer_start (writer, "wsa:ReplyTo");
  lk_xml_writer_element (writer, "wsa:Address", LK_WSMAN_ANONYMOUS);
  lk_xml_writer_end (writer);
  begin_body (writer);
  return finish (writer);
}

static char **
read_urls (const xmlNode *match)
{
  g_autofree char *text = lk_xml_child_text (match, NS_DISCOVERY, "XAddrs");
  g_auto (GStrv) words = g_strsplit_set (text != NULL ? text : "", " \t\r\n", 64);
  g_autoptr (GPtrArray) urls = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; words[i] != NULL && urls->len < MAX_URLS; i++)
    if (*words[i] != '\0')
      g_ptr_array_add (urls, g_strdup (words[i]));
  g_ptr_array_add (urls, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&urls), FALSE);
}

static void
read_match (GPtrArray *matches, const xmlNode *node)
{
  const xmlNode *reference = lk_xml_child (node, LK_NS_ADDRESSING, "EndpointReference");
  g_autofree char *endpoint = lk_xml_child_text (reference, LK_NS_ADDRESSING, "Address");
  LkWsdMatch *match;

  if (endpoint == NULL || *endpoint == '\0' || strlen (endpoint) > MAX_ENDPOINT ||
      matches->len == MAX_MATCHES)
    return;

  match = g_new0 (LkWsdMatch, 1);
  match->endpoint = g_steal_pointer (&endpoint);
  match->urls = read_urls (node);
  g_ptr_array_add (matches, match);
}

GPtrArray *
lk_wsd_read_matches (const char *data, gsize length)
{
  g_autoptr (xmlDoc) doc = lk_xml_parse (data, length, &limits, "WS-Discovery", NULL);
  const xmlNode *root = doc != NULL ? xmlDocGetRootElement (doc) : NULL;
  const xmlNode *content = lk_xml_first (lk_xml_child (root, LK_NS_SOAP, "Body"));
  gboolean is_probe = content != NULL && lk_xml_is (content, NS_DISCOVERY, "ProbeMatches");
  gboolean is_resolve = content != NULL && lk_xml_is (content, NS_DISCOVERY, "ResolveMatches");
  const char *name = is_probe ? "ProbeMatch" : "ResolveMatch";
  GPtrArray *matches;

  if (!is_probe && !is_resolve)
    return NULL;

  matches = g_ptr_array_new_with_free_func (match_free);
  for (const xmlNode *node = lk_xml_first (content); node != NULL; node = lk_xml_next (node))
    if (lk_xml_is (node, NS_DISCOVERY, name))
      read_match (matches, node);
  return matches;
}

/* "PC-ALPHA/Workgroup:WORKGROUP", "PC-ALPHA/Domain:lab.test", "PC-ALPHA\\NotJoined". */
static LkWsdComputer *
computer_from_text (const char *text)
{
  gsize end = strcspn (text, "/\\");
  const char *rest = text[end] != '\0' ? text + end + 1 : "";
  const char *colon = strchr (rest, ':');
  LkWsdComputer *self;

  if (end == 0)
    return NULL;

  self = g_new0 (LkWsdComputer, 1);
  self->name = g_strndup (text, end);
  self->is_member = g_ascii_strncasecmp (rest, "Domain:", 7) == 0;
  if (colon != NULL && colon[1] != '\0' &&
      (self->is_member || g_ascii_strncasecmp (rest, "Workgroup:", 10) == 0))
    self->group = g_strdup (colon + 1);
  return self;
}

LkWsdComputer *
lk_wsd_read_computer (const char *data, gsize length)
{
  g_autoptr (xmlDoc) doc = lk_xml_parse (data, length, &limits, "WS-Discovery", NULL);
  const xmlNode *root = doc != NULL ? xmlDocGetRootElement (doc) : NULL;
  const xmlNode *node = root != NULL ? lk_xml_find (root, NS_COMPUTER, "Computer") : NULL;
  g_autofree char *text = lk_xml_text (node);

  return text != NULL ? computer_from_text (text) : NULL;
}
