/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "wsman/lk-wsman-request.h"

#include "base/lk-xml.h"
#include "wsman/lk-wsman-names.h"

char *
lk_wsman_new_message_id (void)
{
  g_autofree char *guid = g_uuid_string_random ();
  g_autofree char *upper = g_ascii_strup (guid, -1);

  return g_strconcat ("uuid:", upper, NULL);
}

static LkXmlWriter *
begin_envelope (void)
{
  LkXmlWriter *writer = lk_xml_writer_new (TRUE);

  lk_xml_writer_start (writer, "s:Envelope");
  lk_xml_writer_namespace (writer, "s", LK_NS_SOAP);
  return writer;
}

static void
write_understood (LkXmlWriter *writer, const char *name, const char *text)
{
  lk_xml_writer_start (writer, name);
  lk_xml_writer_attribute (writer, "s:mustUnderstand", "true");
  lk_xml_writer_text (writer, text);
  lk_xml_writer_end (writer);
}

/* English texts, and datetimes that do not depend on the machine's settings. */
static void
write_locale (LkXmlWriter *writer, const char *name)
{
  lk_xml_writer_start (writer, name);
  lk_xml_writer_attribute (writer, "xml:lang", "en-US");
  lk_xml_writer_attribute (writer, "s:mustUnderstand", "false");
  lk_xml_writer_end (writer);
}

static void
write_selector (LkXmlWriter *writer, const char *name, const char *value)
{
  lk_xml_writer_start (writer, "w:Selector");
  lk_xml_writer_attribute (writer, "Name", name);
  lk_xml_writer_text (writer, value);
  lk_xml_writer_end (writer);
}

static void
write_selectors (LkXmlWriter *writer, const LkWsmanRequest *request)
{
  const char *const *selectors = request->selectors;

  if (request->cim_namespace == NULL && (selectors == NULL || selectors[0] == NULL))
    return;

  lk_xml_writer_start (writer, "w:SelectorSet");
  if (request->cim_namespace != NULL)
    write_selector (writer, LK_WSMAN_NAMESPACE, request->cim_namespace);
  for (guint i = 0; selectors != NULL && selectors[i] != NULL; i += 2)
    write_selector (writer, selectors[i], selectors[i + 1]);
  lk_xml_writer_end (writer);
}

static void
write_header (LkXmlWriter *writer, const LkWsmanRequest *request, const char *action)
{
  g_autofree char *size = g_strdup_printf ("%u", request->max_envelope);
  g_autofree char *timeout = g_strdup_printf ("PT%uS", request->timeout_s);

  lk_xml_writer_start (writer, "s:Header");
  lk_xml_writer_element (writer, "a:To", request->to);
  write_understood (writer, "w:ResourceURI", request->resource_uri);
  lk_xml_writer_start (writer, "a:ReplyTo");
  write_understood (writer, "a:Address", LK_WSMAN_ANONYMOUS);
  lk_xml_writer_end (writer);
  write_understood (writer, "a:Action", action);
  write_understood (writer, "w:MaxEnvelopeSize", size);
  lk_xml_writer_element (writer, "a:MessageID", request->message_id);
  write_locale (writer, "w:Locale");
  write_locale (writer, "p:DataLocale");
  lk_xml_writer_element (writer, "w:OperationTimeout", timeout);
  write_selectors (writer, request);
  lk_xml_writer_end (writer);
}

/* Leaves the Body open. */
static LkXmlWriter *
begin_request (const LkWsmanRequest *request, const char *action)
{
  LkXmlWriter *writer = begin_envelope ();

  lk_xml_writer_namespace (writer, "a", LK_NS_ADDRESSING);
  lk_xml_writer_namespace (writer, "n", LK_NS_ENUMERATION);
  lk_xml_writer_namespace (writer, "w", LK_NS_WSMAN);
  lk_xml_writer_namespace (writer, "p", LK_NS_WSMAN_MS);
  write_header (writer, request, action);
  lk_xml_writer_start (writer, "s:Body");
  return writer;
}

GBytes *
lk_wsman_write_identify (void)
{
  g_autoptr (LkXmlWriter) writer = begin_envelope ();

  lk_xml_writer_namespace (writer, "wsmid", LK_NS_IDENTITY);
  lk_xml_writer_element (writer, "s:Header", NULL);
  lk_xml_writer_start (writer, "s:Body");
  lk_xml_writer_element (writer, "wsmid:Identify", NULL);
  return lk_xml_writer_finish (writer);
}

GBytes *
lk_wsman_write_enumerate (const LkWsmanRequest *request, const char *wql, guint max_elements)
{
  g_autoptr (LkXmlWriter) writer = begin_request (request, LK_ACTION_ENUMERATE);
  g_autofree char *count = g_strdup_printf ("%u", max_elements);

  lk_xml_writer_start (writer, "n:Enumerate");
  lk_xml_writer_element (writer, "w:OptimizeEnumeration", NULL);
  lk_xml_writer_element (writer, "w:MaxElements", count);
  lk_xml_writer_start (writer, "w:Filter");
  lk_xml_writer_attribute (writer, "Dialect", LK_WSMAN_WQL);
  lk_xml_writer_text (writer, wql);
  return lk_xml_writer_finish (writer);
}

GBytes *
lk_wsman_write_pull (const LkWsmanRequest *request, const char *context, guint max_elements)
{
  g_autoptr (LkXmlWriter) writer = begin_request (request, LK_ACTION_PULL);
  g_autofree char *count = g_strdup_printf ("%u", max_elements);

  lk_xml_writer_start (writer, "n:Pull");
  lk_xml_writer_element (writer, "n:EnumerationContext", context);
  lk_xml_writer_element (writer, "n:MaxElements", count);
  return lk_xml_writer_finish (writer);
}

GBytes *
lk_wsman_write_release (const LkWsmanRequest *request, const char *context)
{
  g_autoptr (LkXmlWriter) writer = begin_request (request, LK_ACTION_RELEASE);

  lk_xml_writer_start (writer, "n:Release");
  lk_xml_writer_element (writer, "n:EnumerationContext", context);
  return lk_xml_writer_finish (writer);
}

GBytes *
lk_wsman_write_get (const LkWsmanRequest *request)
{
  g_autoptr (LkXmlWriter) writer = begin_request (request, LK_ACTION_GET);

  return lk_xml_writer_finish (writer);
}

GBytes *
lk_wsman_write_invoke (const LkWsmanRequest *request,
                       const char *method,
                       const char *const *parameters)
{
  g_autofree char *action = g_strdup_printf ("%s/%s", request->resource_uri, method);
  g_autofree char *input = g_strdup_printf ("p:%s_INPUT", method);
  g_autoptr (LkXmlWriter) writer = begin_request (request, action);

  lk_xml_writer_start (writer, input);
  lk_xml_writer_namespace (writer, "p", request->resource_uri);
  for (guint i = 0; parameters != NULL && parameters[i] != NULL; i += 2)
    {
      g_autofree char *name = g_strconcat ("p:", parameters[i], NULL);

      lk_xml_writer_element (writer, name, parameters[i + 1]);
    }

  return lk_xml_writer_finish (writer);
}
