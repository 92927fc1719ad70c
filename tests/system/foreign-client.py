#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice lab, asked by python3-winrm: none of the code that asks was written for Latchkey, so
that a mistake made on both of its sides is seen."""
import pathlib
import sys
import tempfile

from latchkey_rig import Failure, Rig

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
try:
    import foreign
except ImportError as error:
    print(f"1..0 # SKIP {error}")
    sys.exit(0)

SERVICE = "SoftwareLicensingService"
PRODUCT = "SoftwareLicensingProduct"


def expect(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found!r}, not {wanted!r}")


def expect_fault(what, call, subcode, code=None, value="Sender"):
    try:
        call()
    except foreign.Fault as fault:
        expect(what, (fault.value, fault.subcode), (value, subcode))
        if code is not None:
            expect(what, hex(fault.code or 0), hex(code))
        if not fault.text:
            raise Failure(f"{what}: a fault without words") from fault
        return
    raise Failure(f"{what}: no fault")


class Tests:
    def __init__(self, rig):
        self.rig = rig
        self.truth = rig.control("/machines")[0]
        self.client = self.make_client((rig.folder / "machine-password").read_text().strip())
        self.version = self.client.enumerate(SERVICE)[0][0]["Version"]

    def make_client(self, password):
        line = (self.rig.folder / "hosts.csv").read_text().splitlines()[1].split(",")
        return foreign.Client(line[1], int(line[2]), "administrator", password)

    def identify(self):
        answer = self.client.identify()
        expect("protocol", answer["ProtocolVersion"], foreign.NS["w"])
        expect("vendor", answer["ProductVendor"], "Microsoft Corporation")

    def wrong_password(self):
        client = self.make_client("not the password")
        try:
            client.enumerate(SERVICE)
        except foreign.InvalidCredentialsError:
            return
        raise Failure("a wrong password was taken")

    def page(self):
        query = f"SELECT ID, Name, LicenseStatus FROM {PRODUCT}"
        whole, n_whole = self.client.enumerate("*", query)
        paged, n_paged = self.client.enumerate("*", query, max_elements=2)
        expect("rows by pages", paged, whole)
        expect("messages for everything", n_whole, 1)
        expect("messages by twos", n_paged, (len(whole) + 1) // 2)
        expect("columns", set(whole[0]), {"ID", "Name", "LicenseStatus"})

    def filter(self):
        rows, _ = self.client.enumerate("*", f"SELECT ID, OfflineInstallationId FROM {PRODUCT} "
                                             "WHERE PartialProductKey IS NOT NULL")
        expect("what is installed", sorted((row["ID"], row["OfflineInstallationId"])
                                           for row in rows),
               sorted((product["activation-id"], product["iid"])
                      for product in self.truth["products"]))

    def enumerate_class(self):
        rows, _ = self.client.enumerate(SERVICE)
        expect("rows", len(rows), 1)
        expect("CMID", rows[0]["ClientMachineID"], self.truth["cmid"])
        expect("a property without a value", rows[0]["KeyManagementServiceMachine"], None)

    def get(self):
        row = self.client.get(SERVICE, Version=self.version)
        expect("Get", row, self.client.enumerate(SERVICE)[0][0])

    def refresh(self):
        answer = self.client.invoke(SERVICE, "RefreshLicenseStatus", Version=self.version)
        expect("RefreshLicenseStatus", answer, {"ReturnValue": "0"})

    def install_key(self):
        key = (self.rig.folder / "mak").read_text().strip()
        answer = self.client.invoke(SERVICE, "InstallProductKey", {"ProductKey": key},
                                    Version=self.version)
        expect("InstallProductKey", answer, {"ReturnValue": "0"})
        product = self.rig.control("/machines")[0]["products"][0]
        expect("the key installed", (product["key-kind"], product["last-five"]), ("mak", key[-5:]))

    def refuse_key(self):
        expect_fault("a key that is none", lambda: self.client.invoke(
            SERVICE, "InstallProductKey", {"ProductKey": "nonsense"}, Version=self.version),
            "InternalError", 0xC004F050, value="Receiver")

    def faults(self):
        client, version = self.client, {"Version": self.version}
        expect_fault("bad WQL", lambda: client.enumerate("*", "SELEC x"), "CannotProcessFilter",
                     0x8033801A)
        expect_fault("no class in WQL", lambda: client.enumerate("*", "SELECT * FROM Nothing"),
                     "CannotProcessFilter", 0x8033801A)
        expect_fault("no class", lambda: client.enumerate("Nothing"), "DestinationUnreachable",
                     0x80338000)
        expect_fault("no method", lambda: client.invoke(SERVICE, "Nothing", **version),
                     "ActionNotSupported", 0x80338001)
        expect_fault("no selectors",
                     lambda: client.invoke(SERVICE, "RefreshLicenseStatus"), "InvalidSelectors",
                     0x8033805A)
        unknown = {"x:Unknown": {"@xmlns:x": "urn:x", "@env:mustUnderstand": "true"}}
        expect_fault("a header that must be understood", lambda: client.call(
            foreign.TRANSFER + "/Get", foreign.WMI + SERVICE, None, selectors=version,
            header=unknown), "", value="MustUnderstand")

    def hostile(self):
        bodies = {
            "malformed XML": "<a><b></a>",
            "no XML": "\u0001\u0002",
            "cut off": "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body>",
            "DOCTYPE": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            "deep nesting": "<a>" * 20000 + "</a>" * 20000,
        }
        for what, body in bodies.items():
            expect_fault(what, lambda body=body: self.client.send(body), "SchemaValidationError",
                         0x80338041)
            self.identify()
        try:
            self.client.send("<a>" + "x" * (8 << 20) + "</a>")
            raise Failure("8 MB were taken")
        except foreign.WinRMTransportError as error:
            if error.code not in (400, 413):
                raise
        except OSError:
            pass  # closed while it was still sent
        self.identify()


CASES = [Tests.identify, Tests.wrong_password, Tests.page, Tests.filter, Tests.enumerate_class,
         Tests.get, Tests.refresh, Tests.install_key, Tests.refuse_key, Tests.faults, Tests.hostile]


def main():
    print(f"1..{len(CASES)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="latchkey-foreign-") as folder:
        rig = Rig(sys.argv[1], folder, 3, seed=3)
        try:
            rig.start_lab()
            rig.run("latchkey-lab", "--practice-key", "mak:1", "--key-file", rig.folder / "mak")
            tests = Tests(rig)
            for i, case in enumerate(CASES, 1):
                try:
                    case(tests)
                    print(f"ok {i} {case.__name__}", flush=True)
                except Exception as failure:
                    print(f"not ok {i} {case.__name__} # {failure}", flush=True)
        finally:
            rig.stop()


if __name__ == "__main__":
    main()
