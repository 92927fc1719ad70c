# SPDX-License-Identifier: GPL-3.0-or-later
"""Sealed WS-Management by code of others: python3-winrm's framing, and python3-gssapi for the
tokens. python3-winrm cannot do it alone on Debian 12: for Kerberos it needs a python3-kerberos with
authGSSWinRMEncryptMessage, for NTLM the MD4 that OpenSSL 3 switches off."""
import base64
import re

import gssapi
import requests
from gssapi import raw
from winrm.encryption import Encryption
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError

SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
NTLM = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
FLAGS = (gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.confidentiality |
         gssapi.RequirementFlag.integrity | gssapi.RequirementFlag.out_of_sequence_detection |
         gssapi.RequirementFlag.replay_detection)
SOAP = "application/soap+xml;charset=UTF-8"


class Kerberos:
    """Wraps as Windows wants it, with gss_wrap_iov: 60 bytes in front, nothing behind."""
    protocol = "kerberos"

    def __init__(self, host):
        name = gssapi.Name(f"HTTP@{host}", gssapi.NameType.hostbased_service)
        self.context = gssapi.SecurityContext(name=name, mech=SPNEGO, flags=FLAGS,
                                              usage="initiate")

    def __call__(self, request):
        return request  # for requests: nothing to add

    def wrap_winrm(self, _, message):
        if isinstance(message, str):
            message = message.encode()
        parts = raw.IOV(raw.IOVBufferType.header, message, raw.IOVBufferType.padding,
                        std_layout=False)
        raw.wrap_iov(self.context, parts, confidential=True)
        return parts[1].value + (parts[2].value or b""), parts[0].value

    def unwrap_winrm(self, _, sealed, header):
        return raw.unwrap(self.context, header + sealed).message


class Ntlm:
    """gss-ntlmssp, without SPNEGO around it: the first 16 bytes of what it wraps are the
    signature."""
    protocol = "ntlm"

    def __init__(self, host, user, password):
        account = gssapi.Name(user, gssapi.NameType.user)
        got = raw.acquire_cred_with_password(account, password.encode(), mechs=[NTLM],
                                             usage="initiate")
        name = gssapi.Name(f"HTTP@{host}", gssapi.NameType.hostbased_service)
        self.context = gssapi.SecurityContext(name=name, mech=NTLM, flags=FLAGS, usage="initiate",
                                              creds=gssapi.Credentials(got.creds))
        self.session_security = self  # where python3-winrm looks for it

    def __call__(self, request):
        return request

    def wrap(self, message):
        if isinstance(message, str):
            message = message.encode()
        whole = raw.wrap(self.context, message, confidential=True).message
        return whole[16:], whole[:16]

    def unwrap(self, sealed, signature):
        return raw.unwrap(self.context, signature + sealed).message


class Transport:
    """In place of the transport of a winrm.protocol.Protocol."""

    def __init__(self, endpoint, auth):
        self.endpoint, self.auth = endpoint, auth
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = auth
        self.log_in()
        self.encryption = Encryption(self.session, auth.protocol)

    def log_in(self):
        token = None
        while True:
            token = self.auth.context.step(token)
            headers = {"Content-Type": SOAP, "Content-Length": "0"}
            if token:
                headers["Authorization"] = "Negotiate " + base64.b64encode(token).decode()
            answer = self.session.post(self.endpoint, headers=headers, timeout=30)
            found = re.search(r"Negotiate ([A-Za-z0-9+/=]+)",
                              answer.headers.get("WWW-Authenticate", ""))
            token = base64.b64decode(found.group(1)) if found else None
            if answer.status_code == 200:
                if token and not self.auth.context.complete:
                    self.auth.context.step(token)
                return
            if answer.status_code != 401 or token is None:
                raise InvalidCredentialsError(f"HTTP {answer.status_code}")

    def send_message(self, message):
        request = self.encryption.prepare_encrypted_request(self.session, self.endpoint,
                                                            message.encode())
        answer = self.session.send(request, timeout=30)
        if "multipart/encrypted" not in answer.headers.get("Content-Type", ""):
            raise WinRMTransportError("http", answer.status_code, answer.text)
        text = self.encryption.parse_encrypted_response(answer)
        if answer.status_code != 200:
            raise WinRMTransportError("http", answer.status_code, text.decode())
        return text
