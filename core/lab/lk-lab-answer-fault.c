/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-answer.h"

#define FAULT_ACTION_WSMAN LK_LAB_NS_MAN_BASE "fault"
#define LK_LAB_NS_MAN_BASE "http://schemas.dmtf.org/wbem/wsman/1/wsman/"
#define FAULT_DETAIL       LK_LAB_NS_MAN_BASE "faultDetail/"
#define WMI_ERROR_URI      LK_LAB_DMTF_URI "MSFT_WmiError"
#define NS_BINDING         "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"

typedef struct
{
  const char *action;
  const char *value;
  const char *subcode; /* or NULL */
  const char *detail;  /* of FaultDetail, or NULL */
  guint32 code;
  const char *text;
} FaultForm;

#define WSMAN_FAULT FAULT_ACTION_WSMAN
#define WSA_FAULT   LK_LAB_NS_WSA "/fault"
#define WSEN_FAULT  LK_LAB_NS_WSEN "/fault"

static const FaultForm forms[] = {
  [LK_LAB_FAULT_BAD_MESSAGE] = { WSMAN_FAULT, "s:Sender", "w:SchemaValidationError", NULL,
                                 0x80338041u,
                                 "The SOAP XML in the message does not match the schema." },
  [LK_LAB_FAULT_NOT_UNDERSTOOD] = { WSA_FAULT, "s:MustUnderstand", NULL, NULL, 0,
                                    "The header was not understood." },
  [LK_LAB_FAULT_ACTION] = { WSA_FAULT, "s:Sender", "a:ActionNotSupported", NULL, 0x80338001u,
                            "The action is not supported by the service." },
  [LK_LAB_FAULT_BAD_URI] = { WSA_FAULT, "s:Sender", "a:DestinationUnreachable",
                             "InvalidResourceURI", 0x80338000u,
                             "The resource URI is missing or it has an incorrect format." },
  [LK_LAB_FAULT_NO_CLASS] = { WSA_FAULT, "s:Sender", "a:DestinationUnreachable",
                              "InvalidResourceURI", 0x80338000u,
                              "The specified class does not exist in the given namespace." },
  [LK_LAB_FAULT_NO_INSTANCE] = { WSA_FAULT, "s:Sender", "a:DestinationUnreachable",
                                 "InvalidResourceURI", 0x80338000u,
                                 "No resource has this URI and these selectors." },
  [LK_LAB_FAULT_SELECTORS] = { WSMAN_FAULT, "s:Sender", "w:InvalidSelectors",
                               "InsufficientSelectors", 0x8033805Au,
                               "The request did not include all required selectors." },
  [LK_LAB_FAULT_FILTER] = { WSEN_FAULT, "s:Sender", "n:CannotProcessFilter", NULL, 0x8033801Au,
                            "The filter cannot be processed. It might be invalid." },
  [LK_LAB_FAULT_WQL_URI] = { WSMAN_FAULT, "s:Sender", "w:SchemaValidationError", NULL, 0x803380FBu,
                             "A WQL query needs a resource URI that ends with *." },
  [LK_LAB_FAULT_CONTEXT] = { WSEN_FAULT, "s:Receiver", "n:InvalidEnumerationContext", NULL,
                             0x8033801Bu, "The enumeration context is not valid." },
  [LK_LAB_FAULT_MODE] = { WSMAN_FAULT, "s:Sender", "w:UnsupportedFeature", "EnumerationMode",
                          0x80338041u, "The enumeration mode is not supported." },
  [LK_LAB_FAULT_ENVELOPE_SMALL] = { WSMAN_FAULT, "s:Sender", "w:EncodingLimit",
                                    "MinimumEnvelopeLimit", 0x80338048u,
                                    "The MaxEnvelopeSize of the request is too small." },
  [LK_LAB_FAULT_ENVELOPE_EXCEEDED] = { WSMAN_FAULT, "s:Sender", "w:EncodingLimit",
                                       "MaxEnvelopeSizeExceeded", 0x80338048u,
                                       "The answer is larger than the MaxEnvelopeSize." },
  [LK_LAB_FAULT_TIMED_OUT] = { WSMAN_FAULT, "s:Receiver", "w:TimedOut", NULL, 0x80338029u,
                               "The operation did not end within its OperationTimeout." },
  [LK_LAB_FAULT_DENIED] = { WSMAN_FAULT, "s:Sender", "w:AccessDenied", NULL, 5,
                            "Access is denied." },
  [LK_LAB_FAULT_QUOTA] = { WSMAN_FAULT, "s:Receiver", "w:QuotaLimit", NULL, 0x803381A6u,
                           "The maximum number of concurrent operations for this user has been "
                           "exceeded." },
  [LK_LAB_FAULT_INTERNAL] = { WSMAN_FAULT, "s:Receiver", "w:InternalError", NULL, 0x80338003u,
                              "The provider failed." },
};

static void
write_code (LkXmlWriter *writer, const FaultForm *form, const char *text)
{
  lk_xml_writer_start (writer, "s:Code");
  lk_xml_writer_element (writer, "s:Value", form->value);
  if (form->subcode != NULL)
    {
      lk_xml_writer_start (writer, "s:Subcode");
      lk_xml_writer_element (writer, "s:Value", form->subcode);
      lk_xml_writer_end (writer);
    }
  lk_xml_writer_end (writer);

  lk_xml_writer_start (writer, "s:Reason");
  lk_xml_writer_start (writer, "s:Text");
  lk_xml_writer_attribute (writer, "xml:lang", "en-US");
  lk_xml_writer_text (writer, text);
  lk_xml_writer_end (writer);
  lk_xml_writer_end (writer);
}

/* <f:WSManFault> up to and with the start tag of its message. */
static void
start_wsman_fault (LkXmlWriter *writer, const LkLabVoice *voice, guint32 code)
{
  g_autofree char *number = g_strdup_printf ("%u", code);

  lk_xml_writer_start (writer, "f:WSManFault");
  lk_xml_writer_namespace (writer, "f", LK_LAB_NS_FAULT);
  lk_xml_writer_attribute (writer, "Code", number);
  lk_xml_writer_attribute (writer, "Machine", voice->machine);
  lk_xml_writer_start (writer, "f:Message");
}

static void
write_wsman_fault (LkXmlWriter *writer, const LkLabVoice *voice, guint32 code, const char *text)
{
  start_wsman_fault (writer, voice, code);
  lk_xml_writer_text (writer, text);
  lk_xml_writer_end (writer);
  lk_xml_writer_end (writer);
}

static void
write_provider_fault (LkXmlWriter *writer, const LkLabVoice *voice, guint32 code, const char *text)
{
  start_wsman_fault (writer, voice, code);
  lk_xml_writer_start (writer, "f:ProviderFault");
  lk_xml_writer_attribute (writer, "provider", "WMI Provider");
  lk_xml_writer_attribute (writer, "path", "%systemroot%\\system32\\WsmWmiPl.dll");
  write_wsman_fault (writer, voice, code, text);
  lk_xml_writer_end (writer);
  lk_xml_writer_end (writer);
  lk_xml_writer_end (writer);
}

static void
write_typed (LkXmlWriter *writer, const char *name, const char *type, const char *value)
{
  lk_xml_writer_start (writer, name);
  lk_xml_writer_attribute (writer, "xsi:type", type);
  if (value == NULL)
    lk_xml_writer_attribute (writer, "xsi:nil", "true");
  else
    lk_xml_writer_text (writer, value);
  lk_xml_writer_end (writer);
}

static void
write_wmi_error (LkXmlWriter *writer, guint32 code, const char *text)
{
  g_autofree char *number = g_strdup_printf ("%u", code);
  g_autofree char *id = g_strdup_printf ("HRESULT 0x%08x", code);

  lk_xml_writer_start (writer, "p:MSFT_WmiError");
  lk_xml_writer_namespace (writer, "xsi", LK_LAB_NS_XSI);
  lk_xml_writer_namespace (writer, "b", NS_BINDING);
  lk_xml_writer_namespace (writer, "p", WMI_ERROR_URI);
  lk_xml_writer_namespace (writer, "cim", LK_LAB_NS_CIM);
  lk_xml_writer_attribute (writer, "b:IsCIM_Error", "true");
  lk_xml_writer_attribute (writer, "xsi:type", "p:MSFT_WmiError_Type");
  write_typed (writer, "p:CIMStatusCode", "cim:cimUnsignedInt", "1");
  write_typed (writer, "p:CIMStatusCodeDescription", "cim:cimString", NULL);
  write_typed (writer, "p:Message", "cim:cimString", text);
  write_typed (writer, "p:MessageID", "cim:cimString", id);
  write_typed (writer, "p:error_Category", "cim:cimUnsignedInt", "0");
  write_typed (writer, "p:error_Code", "cim:cimUnsignedInt", number);
  write_typed (writer, "p:error_Type", "cim:cimString", "HRESULT");
  write_typed (writer, "p:error_WindowsErrorMessage", "cim:cimString", text);
  lk_xml_writer_end (writer);
}

GBytes *
lk_lab_answer_fault (const LkLabRequest *request,
                     const LkLabVoice *voice,
                     LkLabFaultKind kind,
                     const char *text)
{
  const FaultForm *form = &forms[kind];
  g_autoptr (LkXmlWriter) writer = lk_lab_answer_begin (request, form->action);

  text = text != NULL ? text : form->text;
  lk_xml_writer_start (writer, "s:Fault");
  write_code (writer, form, text);
  if (form->code != 0)
    {
      lk_xml_writer_start (writer, "s:Detail");
      if (form->detail != NULL)
        {
          g_autofree char *uri = g_strconcat (FAULT_DETAIL, form->detail, NULL);

          lk_xml_writer_element (writer, "w:FaultDetail", uri);
        }
      if (kind == LK_LAB_FAULT_FILTER || kind == LK_LAB_FAULT_NO_CLASS ||
          kind == LK_LAB_FAULT_NO_INSTANCE)
        write_provider_fault (writer, voice, form->code, text);
      else
        write_wsman_fault (writer, voice, form->code, text);
    }
  return lk_xml_writer_finish (writer);
}

GBytes *
lk_lab_answer_hresult (const LkLabRequest *request,
                       const LkLabVoice *voice,
                       guint32 code,
                       const char *text)
{
  const FaultForm *form = &forms[LK_LAB_FAULT_INTERNAL];
  g_autoptr (LkXmlWriter) writer = lk_lab_answer_begin (request, form->action);

  lk_xml_writer_start (writer, "s:Fault");
  write_code (writer, form, text);
  lk_xml_writer_start (writer, "s:Detail");
  if (voice->wmi_errors)
    write_wmi_error (writer, code, text);
  else
    write_provider_fault (writer, voice, code, text);
  return lk_xml_writer_finish (writer);
}
