/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Names of WS-Management (DSP0226, DSP0227, MS-WSMV), for both sides. */

#define LK_NS_SOAP        "http://www.w3.org/2003/05/soap-envelope"
#define LK_NS_ADDRESSING  "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define LK_NS_WSMAN       "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
#define LK_NS_WSMAN_MS    "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
#define LK_NS_ENUMERATION "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
#define LK_NS_TRANSFER    "http://schemas.xmlsoap.org/ws/2004/09/transfer"
#define LK_NS_IDENTITY    "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
#define LK_NS_FAULT       "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
#define LK_NS_CIM         "http://schemas.dmtf.org/wbem/wscim/1/common"
#define LK_NS_XSI         "http://www.w3.org/2001/XMLSchema-instance"

#define LK_ACTION_ENUMERATE LK_NS_ENUMERATION "/Enumerate"
#define LK_ACTION_PULL      LK_NS_ENUMERATION "/Pull"
#define LK_ACTION_RELEASE   LK_NS_ENUMERATION "/Release"
#define LK_ACTION_GET       LK_NS_TRANSFER "/Get"

#define LK_WSMAN_ANONYMOUS    LK_NS_ADDRESSING "/role/anonymous"
#define LK_WSMAN_WQL          "http://schemas.microsoft.com/wbem/wsman/1/WQL"
#define LK_WSMAN_CIMV2        "root/cimv2"
#define LK_WSMAN_WMI_PREFIX   "http://schemas.microsoft.com/wbem/wsman/1/wmi/" LK_WSMAN_CIMV2 "/"
#define LK_WSMAN_DMTF_PREFIX  "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
#define LK_WSMAN_NAMESPACE    "__cimnamespace"
#define LK_WSMAN_CONTENT_TYPE "application/soap+xml;charset=UTF-8"
