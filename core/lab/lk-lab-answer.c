/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-answer.h"

#define ANONYMOUS "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

static void
write_message_id (LkXmlWriter *writer)
{
  g_autofree char *random = g_uuid_string_random ();
  g_autofree char *upper = g_ascii_strup (random, -1);
  g_autofree char *id = g_strconcat ("uuid:", upper, NULL);

  lk_xml_writer_element (writer, "a:MessageID", id);
}

LkXmlWriter *
lk_lab_answer_begin (const LkLabRequest *request, const char *action)
{
  LkXmlWriter *writer = lk_xml_writer_new (FALSE);

  lk_xml_writer_start (writer, "s:Envelope");
  lk_xml_writer_attribute (writer, "xml:lang", "en-US");
  lk_xml_writer_namespace (writer, "s", LK_LAB_NS_SOAP);
  lk_xml_writer_namespace (writer, "a", LK_LAB_NS_WSA);
  lk_xml_writer_namespace (writer, "n", LK_LAB_NS_WSEN);
  lk_xml_writer_namespace (writer, "x", LK_LAB_NS_WXF);
  lk_xml_writer_namespace (writer, "w", LK_LAB_NS_WSMAN);
  lk_xml_writer_namespace (writer, "p", LK_LAB_NS_MSW);

  lk_xml_writer_start (writer, "s:Header");
  lk_xml_writer_element (writer, "a:Action", action);
  write_message_id (writer);
  lk_xml_writer_element (writer, "a:To", ANONYMOUS);
  if (request != NULL && request->message_id != NULL)
    lk_xml_writer_element (writer, "a:RelatesTo", request->message_id);
  if (request != NULL && request->operation_id != NULL)
    lk_xml_writer_element (writer, "p:OperationID", request->operation_id);
  if (request != NULL && request->unknown_name != NULL)
    {
      g_autofree char *qname = g_strconcat ("z:", request->unknown_name, NULL);

      lk_xml_writer_start (writer, "s:NotUnderstood");
      lk_xml_writer_attribute (writer, "qname", qname);
      lk_xml_writer_namespace (writer, "z", request->unknown_ns);
      lk_xml_writer_end (writer);
    }
  lk_xml_writer_end (writer);

  lk_xml_writer_start (writer, "s:Body");
  return writer;
}

static GBytes *
write_identity (const char *vendor, const char *version)
{
  g_autoptr (LkXmlWriter) writer = lk_xml_writer_new (FALSE);

  lk_xml_writer_start (writer, "s:Envelope");
  lk_xml_writer_attribute (writer, "xml:lang", "en-US");
  lk_xml_writer_namespace (writer, "s", LK_LAB_NS_SOAP);
  lk_xml_writer_element (writer, "s:Header", NULL);
  lk_xml_writer_start (writer, "s:Body");
  lk_xml_writer_start (writer, "wsmid:IdentifyResponse");
  lk_xml_writer_namespace (writer, "wsmid", LK_LAB_NS_WSMID);
  lk_xml_writer_element (writer, "wsmid:ProtocolVersion", LK_LAB_NS_WSMAN);
  lk_xml_writer_element (writer, "wsmid:ProductVendor", vendor);
  lk_xml_writer_element (writer, "wsmid:ProductVersion", version);
  return lk_xml_writer_finish (writer);
}

GBytes *
lk_lab_answer_identify (const LkLabTraits *traits, gboolean authenticated)
{
  const LkLabGeneration *generation = traits->generation;
  g_autofree char *version =
      g_strdup_printf ("OS: %s SP: %s Stack: %s", authenticated ? generation->version : "0.0.0",
                       authenticated ? generation->service_pack : "0.0", generation->stack);

  return write_identity ("Microsoft Corporation", version);
}

GBytes *
lk_lab_answer_identify_foreign (void)
{
  return write_identity ("Open Management Infrastructure", "1.0.8-6");
}

static char *
dup_class_uri (const char *class_name, gboolean is_dmtf)
{
  return is_dmtf ? g_strconcat (LK_LAB_DMTF_URI, class_name, NULL)
                 : g_strconcat (LK_LAB_WMI_URI "root/cimv2/", class_name, NULL);
}

/* xmlns:xsi, xmlns:p, xmlns:cim and xsi:type, as each object carries them. */
static void
write_object_namespaces (LkXmlWriter *writer, const char *uri, const char *type)
{
  g_autofree char *name = g_strconcat ("p:", type, "_Type", NULL);

  lk_xml_writer_namespace (writer, "xsi", LK_LAB_NS_XSI);
  lk_xml_writer_namespace (writer, "p", uri);
  lk_xml_writer_namespace (writer, "cim", LK_LAB_NS_CIM);
  lk_xml_writer_attribute (writer, "xsi:type", name);
}

GBytes *
lk_lab_answer_method (const LkLabRequest *request)
{
  g_autofree char *action = g_strconcat (request->action, "Response", NULL);
  g_autoptr (LkXmlWriter) writer = lk_lab_answer_begin (request, action);
  g_autofree char *output = g_strconcat (request->method, "_OUTPUT", NULL);
  g_autofree char *name = g_strconcat ("p:", output, NULL);

  lk_xml_writer_start (writer, name);
  write_object_namespaces (writer, request->resource, output);
  lk_xml_writer_element (writer, "p:ReturnValue", "0");
  return lk_xml_writer_finish (writer);
}

static void
write_value (LkXmlWriter *writer,
             const char *name,
             LkLabCimType type,
             const char *value,
             const char *datetime)
{
  lk_xml_writer_start (writer, name);
  if (value == NULL)
    lk_xml_writer_attribute (writer, "xsi:nil", "true");
  else if (type == LK_LAB_CIM_DATETIME)
    lk_xml_writer_element (writer, datetime, value);
  else
    lk_xml_writer_text (writer, value);
  lk_xml_writer_end (writer);
}

void
lk_lab_answer_write_object (LkXmlWriter *writer, const LkLabRow *row, gboolean is_dmtf)
{
  const LkLabClass *class_ = row->class_;
  LkLabColumns level = row->view->traits->generation->columns;
  g_autofree char *uri = dup_class_uri (class_->name, is_dmtf);
  g_autofree char *element = g_strconcat ("p:", class_->name, NULL);

  lk_xml_writer_start (writer, element);
  write_object_namespaces (writer, uri, class_->name);
  for (guint i = 0; i < class_->n_columns; i++)
    {
      const LkLabColumn *column = &class_->columns[i];
      char name[80];

      if (column->since > level)
        continue;
      g_snprintf (name, sizeof name, "p:%s", column->name);
      write_value (writer, name, column->type, lk_lab_row_get (row, column), "cim:Datetime");
    }
  lk_xml_writer_end (writer);
}

void
lk_lab_answer_write_fragment (LkXmlWriter *writer,
                              const LkLabRow *row,
                              const LkLabColumn *const *columns,
                              guint n)
{
  lk_xml_writer_start (writer, "w:XmlFragment");
  lk_xml_writer_namespace (writer, "xsi", LK_LAB_NS_XSI);
  for (guint i = 0; i < n; i++)
    write_value (writer, columns[i]->name, columns[i]->type, lk_lab_row_get (row, columns[i]),
                 "Datetime");
  lk_xml_writer_end (writer);
}

void
lk_lab_answer_write_epr (LkXmlWriter *writer, const LkLabRow *row, gboolean is_dmtf)
{
  const LkLabClass *class_ = row->class_;
  g_autofree char *uri = dup_class_uri (class_->name, is_dmtf);
  const LkLabColumn *key =
      lk_lab_class_find_column (class_, class_->key, row->view->traits->generation->columns);

  lk_xml_writer_start (writer, "a:EndpointReference");
  lk_xml_writer_element (writer, "a:Address", ANONYMOUS);
  lk_xml_writer_start (writer, "a:ReferenceParameters");
  lk_xml_writer_element (writer, "w:ResourceURI", uri);
  lk_xml_writer_start (writer, "w:SelectorSet");
  if (is_dmtf)
    {
      lk_xml_writer_start (writer, "w:Selector");
      lk_xml_writer_attribute (writer, "Name", "__cimnamespace");
      lk_xml_writer_text (writer, "root/cimv2");
      lk_xml_writer_end (writer);
    }
  lk_xml_writer_start (writer, "w:Selector");
  lk_xml_writer_attribute (writer, "Name", key->name);
  lk_xml_writer_text (writer, lk_lab_row_get (row, key));
  for (guint i = 0; i < 4; i++)
    lk_xml_writer_end (writer);
}
