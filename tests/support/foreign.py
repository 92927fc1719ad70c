# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Management as python3-winrm speaks it: its headers, its transport; answers are read with
xml.etree. Nothing of Latchkey is used, so that a mistake made on both of its sides is seen."""
import xml.etree.ElementTree as ET

import xmltodict
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError
from winrm.protocol import Protocol

WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "n": ENUMERATION,
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "i": "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd",
}
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class Fault(Exception):
    """A SOAP fault, as it was answered."""

    def __init__(self, status, root):
        fault = root.find("s:Body/s:Fault", NS)
        self.status = status
        self.value = local(fault.findtext("s:Code/s:Value", "", NS))
        self.subcode = local(fault.findtext("s:Code/s:Subcode/s:Value", "", NS))
        self.text = fault.findtext("s:Reason/s:Text", "", NS)
        detail = fault.find(".//f:WSManFault", NS)
        self.code = int(detail.get("Code")) if detail is not None else None
        # In either of the shapes that Windows uses for what a provider says.
        self.codes = [int(element.get("Code") or element.text)
                      for element in fault.iter()
                      if element.get("Code") or local(element.tag) == "error_Code"]
        super().__init__(f"{self.value}/{self.subcode} {self.text}")


def local(name):
    """Without prefix or namespace."""
    return name.rpartition(":")[2].rpartition("}")[2]


def to_row(instance):
    """An instance's properties; None for nil."""
    return {local(child.tag): None if child.get(NIL) == "true" else child.text or ""
            for child in instance}


class Client:
    """One machine."""

    def __init__(self, address, port, user, password, **transport):
        scheme = "https" if transport else "http"
        self.protocol = Protocol(f"{scheme}://{address}:{port}/wsman", transport="basic",
                                 username=user, password=password, **transport)

    def send(self, message):
        """Posts text as it is; gives the root of the answer, or raises Fault."""
        try:
            answer = self.protocol.transport.send_message(message)
        except WinRMTransportError as error:
            if error.code != 500:
                raise
            raise Fault(error.code, ET.fromstring(error.response_text)) from error
        return ET.fromstring(answer)

    def make(self, action, resource, body, selectors=None, envelope=None, header=None):
        """A request as python3-winrm writes them."""
        envelope_tree = self.protocol._get_soap_header(resource_uri=resource, action=action)
        head = envelope_tree["env:Header"]
        if envelope:
            head["w:MaxEnvelopeSize"]["#text"] = str(envelope)
        if selectors:
            head["w:SelectorSet"] = {"w:Selector": [
                {"@Name": name, "#text": value} for name, value in selectors.items()]}
        head.update(header or {})
        envelope_tree["env:Body"] = body
        return xmltodict.unparse({"env:Envelope": envelope_tree})

    def call(self, action, resource, body, **more):
        return self.send(self.make(action, resource, body, **more))

    def identify(self):
        root = self.send(
            f'<s:Envelope xmlns:s="{NS["s"]}" xmlns:i="{NS["i"]}">'
            "<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>")
        return to_row(root.find("s:Body/i:IdentifyResponse", NS))

    def enumerate(self, class_name, wql=None, max_elements=50, envelope=None):
        """Rows, and how many messages they took."""
        resource = WMI + class_name
        body = {"n:Enumerate": {"w:OptimizeEnumeration": None,
                                "w:MaxElements": str(max_elements)}}
        if wql:
            body["n:Enumerate"]["w:Filter"] = {"@Dialect": WQL, "#text": wql}
        answer = self.call(ENUMERATION + "/Enumerate", resource, body, envelope=envelope)
        rows = []
        messages = 1
        while True:
            items = answer.find(".//w:Items", NS)
            items = answer.find(".//n:Items", NS) if items is None else items
            rows += [to_row(item) for item in items if item is not None]
            if (answer.find(".//w:EndOfSequence", NS) is not None
                    or answer.find(".//n:EndOfSequence", NS) is not None):
                return rows, messages
            context = answer.findtext(".//n:EnumerationContext", None, NS)
            answer = self.call(ENUMERATION + "/Pull", resource,
                               {"n:Pull": {"n:EnumerationContext": context,
                                           "n:MaxElements": str(max_elements)}},
                               envelope=envelope)
            messages += 1

    def get(self, class_name, **selectors):
        answer = self.call(TRANSFER + "/Get", WMI + class_name, None, selectors=selectors)
        return to_row(answer.find("s:Body", NS)[0])

    def invoke(self, class_name, method, parameters=None, **selectors):
        resource = WMI + class_name
        body = {f"p:{method}_INPUT": {"@xmlns:p": resource, **{
            f"p:{name}": value for name, value in (parameters or {}).items()}}}
        answer = self.call(f"{resource}/{method}", resource, body, selectors=selectors)
        return to_row(answer.find("s:Body", NS)[0])
