#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice lab's ways of signing in, tried by what others wrote: curl, python3-winrm, and
python3-gssapi under python3-winrm's framing of sealed messages.

What Debian 12's python3-winrm 0.3.0 cannot do by itself, each pinned by a case here, so that it
shows when that changes:
- seal Kerberos messages: python3-requests-kerberos 0.12 asks python3-kerberos for
  authGSSWinRMEncryptMessage, which only the fork “pykerberos” has;
- sign in by NTLM: python3-ntlm-auth needs MD4, which OpenSSL 3 has in its legacy provider only
  (where gss-ntlmssp is loaded, that provider is, too, and it works);
- bind Kerberos to the TLS channel: python3-kerberos takes no channel bindings either.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import latchkey_realm
from domain_rig import PASSWORD, Domain, DomainRig, contains, expect
from latchkey_realm import Realm
from latchkey_rig import Failure

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
try:
    import foreign
    import foreign_gss
    from winrm.exceptions import InvalidCredentialsError, WinRMError
    from winrm.protocol import Protocol
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

IDENTIFY = ('<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:i="http://schemas.'
            'dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><s:Header/><s:Body><i:Identify/>'
            '</s:Body></s:Envelope>')
SERVICE = "SoftwareLicensingService"


class Tests:
    """One lab that takes messages in the clear, too, one that does not; both over TLS as well."""

    def __init__(self, clear, strict):
        self.clear, self.strict = clear, strict
        line = (strict.folder / "hosts.csv").read_text().splitlines()[1].split(",")
        self.name, self.address = line[0], line[1]
        self.truth = strict.control("/machines")[0]
        self.clients = []

    def url(self, rig, tls=False):
        return (f"https://{self.address}:{rig.lab_ports['tls']}/wsman" if tls else
                f"http://{self.address}:{rig.proxy.port}/wsman")

    def curl(self, rig, tls, *options):
        """The status, and the answer."""
        port = rig.lab_ports["tls"] if tls else rig.proxy.port
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "20", "--negotiate", *options,
             "--resolve", f"{self.name}:{port}:{self.address}", "-H",
             "Content-Type: application/soap+xml;charset=UTF-8", "--data", IDENTIFY, "-w",
             "\n%{http_code}", *(["--cacert", rig.folder / "lab.pem"] if tls else []),
             f"http{'s' if tls else ''}://{self.name}:{port}/wsman"],
            capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            raise Failure(f"curl: {done.stderr.strip()}")
        text, _, status = done.stdout.rpartition("\n")
        return status, text

    def curl_kerberos(self):
        status, text = self.curl(self.clear, False, "-u", ":")
        expect("status", status, "200")
        contains(text, "<wsmid:ProductVendor>Microsoft Corporation<")

    def curl_kerberos_tls(self):
        for rig in (self.clear, self.strict):
            status, text = self.curl(rig, True, "-u", ":")
            expect("status", status, "200")
            contains(text, "IdentifyResponse")

    def curl_in_the_clear(self):
        """Where sealed messages are due, a ticket alone opens nothing."""
        expect("status", self.curl(self.strict, False, "-u", ":")[0], "401")

    def curl_without_ticket(self):
        before = os.environ["KRB5CCNAME"]
        os.environ["KRB5CCNAME"] = "FILE:/nonexistent"
        try:
            expect("status", self.curl(self.clear, False, "-u", ":")[0], "401")
        finally:
            os.environ["KRB5CCNAME"] = before

    def winrm(self, rig, tls=False, **options):
        client = foreign.Client.__new__(foreign.Client)
        options = {"transport": "kerberos", "username": None, "password": None, **options}
        if tls:
            options["ca_trust_path"] = str(rig.folder / "lab.pem")
        client.protocol = Protocol(self.url(rig, tls), kerberos_hostname_override=self.name,
                                   **options)
        self.clients.append(client)
        return client

    def check_truth(self, client):
        rows, _ = client.enumerate(SERVICE)
        expect("CMID", rows[0]["ClientMachineID"], self.truth["cmid"])
        client.invoke(SERVICE, "RefreshLicenseStatus", Version=rows[0]["Version"])

    def winrm_kerberos(self):
        """In the clear: with “auto” it would seal if it could, and does not."""
        self.check_truth(self.winrm(self.clear))
        self.check_truth(self.winrm(self.clear, message_encryption="never"))

    def winrm_kerberos_tls(self):
        self.check_truth(self.winrm(self.strict, tls=True))

    def winrm_refused(self):
        try:
            self.winrm(self.strict).identify()
        except InvalidCredentialsError:
            return
        raise Failure("messages in the clear were taken")

    def winrm_cannot_seal(self):
        import kerberos
        expect("python3-kerberos can seal", hasattr(kerberos, "authGSSWinRMEncryptMessage"), False)
        try:
            self.winrm(self.strict, message_encryption="always").identify()
        except WinRMError as error:
            contains(str(error), "auth method kerberos does not support it")
            print("# cannot: python3-winrm 0.3.0 seals no Kerberos messages, because Debian's"
                  " python3-kerberos has no authGSSWinRMEncryptMessage")
            return
        raise Failure("python3-winrm seals Kerberos now: use it here")

    def winrm_cannot_ntlm(self):
        """In a process of its own, as anybody would begin."""
        program = "import hashlib; hashlib.new('md4', b'')"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                              timeout=30, check=False)
        contains(done.stderr, "ValueError", "md4")
        print("# cannot: python3-winrm 0.3.0 signs in by NTLM with python3-ntlm-auth, which needs"
              " MD4, and OpenSSL 3 has that in its legacy provider only")

    def winrm_ntlm(self):
        """gss-ntlmssp loads that provider for the whole process: then it can, and seals."""
        foreign_gss.Ntlm(self.name, "LAB\\administrator", PASSWORD).context.step()
        self.check_sealed(self.winrm(self.strict, transport="ntlm", message_encryption="always",
                                     username="LAB\\administrator", password=PASSWORD))

    def sealed(self, rig, auth):
        client = foreign.Client.__new__(foreign.Client)
        client.protocol = Protocol(self.url(rig), transport="basic", username="x", password="x")
        client.protocol.transport = foreign_gss.Transport(self.url(rig), auth)
        self.clients.append(client)
        return client

    def check_sealed(self, client):
        expect("vendor", client.identify()["ProductVendor"], "Microsoft Corporation")
        self.check_truth(client)
        try:
            client.enumerate("Nothing")
        except foreign.Fault as fault:
            expect("a sealed fault", (fault.status, fault.subcode), (500, "DestinationUnreachable"))
            return
        raise Failure("no fault")

    def sealed_kerberos(self):
        self.check_sealed(self.sealed(self.strict, foreign_gss.Kerberos(self.name)))

    def sealed_ntlm(self):
        self.check_sealed(self.sealed(self.strict, foreign_gss.Ntlm(
            self.name, "LAB\\administrator", PASSWORD)))

    def wrong_ntlm(self):
        try:
            self.sealed(self.strict, foreign_gss.Ntlm(self.name, "LAB\\administrator", "wrong"))
        except InvalidCredentialsError:
            return
        raise Failure("a wrong password was taken")

    def nothing_readable(self):
        """Of all that others have said to the strict lab."""
        for client in self.clients:
            if client.protocol.transport.session is not None:
                client.protocol.transport.session.close()
        heard = self.strict.listened()
        expect("product names", heard["a product's name"], 0)
        self.strict.proxy.check_hidden({"password": PASSWORD, "CMID": self.truth["cmid"]})
        if not self.strict.proxy.find(b"Encrypted Boundary", "sent"):
            raise Failure("nothing sealed was heard")


CASES = [value for name, value in vars(Tests).items() if callable(value) and not
         name.startswith("_") and name not in ("url", "curl", "winrm", "check_truth", "sealed",
                                               "check_sealed")]


def make_certificate(folder):
    """For all of the lab's addresses that are used here, and their names."""
    folder.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder / "lab.key", "-out",
                    folder / "lab.pem", "-days", "30", "-subj", "/CN=lab", "-addext",
                    "subjectAltName=DNS:*.lab.test,IP:127.1.0.1"], check=True, capture_output=True)
    return ["--tls-port", 0, "--tls-certificate", folder / "lab.pem", "--tls-key",
            folder / "lab.key"]


def main():
    if latchkey_realm.missing():
        print(f"1..0 # SKIP not installed: {latchkey_realm.missing()}")
        return
    build = pathlib.Path(sys.argv[1])
    print(f"1..{len(CASES)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="latchkey-foreign-") as folder:
        folder = pathlib.Path(folder)
        clear, strict = folder / "clear", folder / "strict"
        with Realm(folder / "realm") as realm:
            realm.add_users({"alice": PASSWORD})
            domain = Domain(realm)
            with DomainRig(build, clear, 3, "negotiate", domain, lab_options=[
                    "--allow-clear", *make_certificate(clear)]) as first, \
                 DomainRig(build, strict, 3, "negotiate", domain,
                           lab_options=make_certificate(strict)) as second:
                first.open()
                second.open()
                first.kinit()
                os.environ.update({name: value for name, value in first.environment({}).items()
                                   if name.startswith("KRB5")})
                tests = Tests(first, second)
                for number, case in enumerate(CASES, 1):
                    try:
                        case(tests)
                        print(f"ok {number} {case.__name__}", flush=True)
                    except Exception as failure:
                        print(f"not ok {number} {case.__name__} #", type(failure).__name__,
                              *str(failure).split(), flush=True)


if __name__ == "__main__":
    main()
