/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-xml.h"

/* One WS-Management message as a server reads it (DSP0226, MS-WSMV): tolerant of order, prefixes
 * and the dialect of the URIs; every text is a stranger's. */

#define LK_LAB_NS_SOAP  "http://www.w3.org/2003/05/soap-envelope"
#define LK_LAB_NS_WSA   "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define LK_LAB_NS_WSMAN "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
#define LK_LAB_NS_MSW   "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
#define LK_LAB_NS_WSEN  "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
#define LK_LAB_NS_WXF   "http://schemas.xmlsoap.org/ws/2004/09/transfer"
#define LK_LAB_NS_WSMID "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
#define LK_LAB_NS_FAULT "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
#define LK_LAB_NS_CIM   "http://schemas.dmtf.org/wbem/wscim/1/common"
#define LK_LAB_NS_XSI   "http://www.w3.org/2001/XMLSchema-instance"
#define LK_LAB_WMI_URI  "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
#define LK_LAB_DMTF_URI "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
#define LK_LAB_WQL_URI  "http://schemas.microsoft.com/wbem/wsman/1/WQL"

#define LK_LAB_DEFAULT_ENVELOPE 153600
#define LK_LAB_MAX_REQUEST      (512 * 1024)

typedef enum
{
  LK_LAB_OTHER,
  LK_LAB_IDENTIFY,
  LK_LAB_GET,
  LK_LAB_ENUMERATE,
  LK_LAB_PULL,
  LK_LAB_RELEASE,
  LK_LAB_INVOKE,
} LkLabOperation;

typedef enum
{
  LK_LAB_OBJECTS,
  LK_LAB_EPRS,
  LK_LAB_OBJECTS_AND_EPRS,
} LkLabMode;

typedef struct
{
  LkLabOperation operation;
  char *action;
  char *message_id;   /* or NULL */
  char *operation_id; /* or NULL */
  char *resource;     /* ResourceURI as it came, or NULL */
  char *namespace_;   /* "root/cimv2", lower case, or NULL */
  char *class_name;   /* or "*" */
  gboolean is_dmtf;
  guint64 max_envelope;
  GPtrArray *selectors; /* name, value, …, without __cimnamespace */
  char *unknown_name;   /* a header that had to be understood and is not … */
  char *unknown_ns;     /* … and its namespace */
  char *filter;         /* or NULL */
  char *filter_dialect; /* or NULL */
  char *mode_text;      /* EnumerationMode that is none */
  LkLabMode mode;
  gboolean optimize;
  guint64 max_elements; /* 0: not said */
  char *context;        /* of Pull and Release */
  char *method;
  GPtrArray *parameters; /* name, value, … */
} LkLabRequest;

/* NULL with LK_ERROR_BAD_REPLY when it is no SOAP envelope. */
LkLabRequest *lk_lab_request_parse (const char *data, gsize length, GError **error);
void lk_lab_request_free (LkLabRequest *self);

/* Names of selectors compare in any case; names of parameters are exact. NULL when absent. */
const char *lk_lab_request_get_selector (const LkLabRequest *self, const char *name);
const char *lk_lab_request_get_parameter (const LkLabRequest *self, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLabRequest, lk_lab_request_free)
