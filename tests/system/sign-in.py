#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand machines are read and activated by each way of signing in, and somebody listens: what
was done is asked of the lab and of the gateway, and nothing that matters is heard in clear text.

sign-in.py BUILD ticket|kerberos|ntlm|pins|certificates [MACHINES]
"""
import pathlib
import sys
import tempfile
import time

import latchkey_realm
from domain_rig import LICENCE_DATA, PASSWORD, Domain, DomainRig, expect
from latchkey_realm import Realm
from latchkey_rig import Failure

MACHINES = 1000
FEW = 50


def look(rig, whole_way):
    """Reads all machines, activates them, and asks the others how it went. The same is done
    whatever the way; returns how many are licensed."""
    begin = time.monotonic()
    items = rig.items("refresh", "--all", "--give-up-after", "20s", status=0)
    expect("machines read", len([item for item in items if item["state"] == "done"]), rig.machines)
    read = time.monotonic()
    ends = rig.key_ends()
    done = rig.activate()
    if done.returncode != 0:
        raise Failure(f"activate ended with {done.returncode}: {done.stderr[-800:]}")
    end = time.monotonic()
    n_licensed = rig.check()
    ends |= rig.key_ends()
    heard = rig.listened()
    addresses = {record.address for record in rig.proxy.connections}
    expect("machines that were heard", len(addresses), rig.machines)
    print(f"# {whole_way}: {rig.machines} machines read in {read - begin:.1f} s, {n_licensed} of"
          f" them licensed {end - read:.1f} s later; {len(rig.proxy.connections)} connections,"
          f" {rig.proxy.most_open} at once, {rig.proxy.n_kept >> 10} KiB heard", flush=True)
    if n_licensed < rig.machines // 2:
        raise Failure(f"only {n_licensed} machines could be activated")
    return heard, ends


def is_hidden(rig, way, secrets):
    heard, ends = look(rig, way)
    expect("heard in clear text", heard, dict.fromkeys(LICENCE_DATA, 0))
    if not ends:
        raise Failure("no machine has a key")
    expect("connections with the end of a key", len(rig.find_key_ends(ends)), 0)
    rig.proxy.check_hidden(secrets)


def ticket(domain, build, folder, machines):
    """The ticket in the cache, with nothing set: sealed Kerberos inside Negotiate."""
    with DomainRig(build, folder, machines, "negotiate", domain) as rig:
        rig.open()
        rig.kinit()
        issued = domain.realm.count_requests("TGS", "ISSUE")
        is_hidden(rig, "Kerberos by the ticket", {"password": PASSWORD})
        expect("proofs by NTLM", len(rig.proxy.find_ntlm_proofs()), 0)
        issued = domain.realm.count_requests("TGS", "ISSUE") - issued
        if issued < machines:
            raise Failure(f"the domain gave {issued} tickets for {machines} machines")


def raw(domain, build, folder, _):
    """Machines that offer Kerberos and no Negotiate."""
    with DomainRig(build, folder, FEW, "kerberos", domain) as rig:
        rig.open()
        rig.kinit()
        is_hidden(rig, "raw Kerberos", {"password": PASSWORD})
        if not rig.proxy.find_tokens("Kerberos"):
            raise Failure("nobody signed in with raw Kerberos")
        expect("sealed as", bool(rig.proxy.find(b"application/HTTP-Kerberos-session-encrypted")),
               True)


def password(domain, build, folder, _):
    """A user and a password: the domain is asked for a ticket once, not once for each machine."""
    with DomainRig(build, folder, 2 * FEW, "negotiate", domain) as rig:
        rig.open()
        rig.add_credential("domain", "--user", "alice@lab.test", password=PASSWORD)
        before = domain.realm.count_requests("AS", "ISSUE", "alice")
        is_hidden(rig, "Kerberos by a password", {"password": PASSWORD})
        expect("proofs by NTLM", len(rig.proxy.find_ntlm_proofs()), 0)
        n_logins = domain.realm.count_requests("AS", "ISSUE", "alice") - before
        expect("logins, one for each command", n_logins, 2)


def keytab(domain, build, folder, _):
    """A service account's keytab."""
    table = domain.realm.folder / "service.keytab"
    domain.realm.kadmin(f"ktadd -norandkey -k {table} service")
    with DomainRig(build, folder, 2 * FEW, "negotiate", domain) as rig:
        rig.open()
        rig.add_credential("service", "--user", "service@lab.test", "--keytab", table)
        is_hidden(rig, "Kerberos by a keytab", {"keytab": domain.realm.last_key(table)})
        expect("proofs by NTLM", len(rig.proxy.find_ntlm_proofs()), 0)


def ntlm(_, build, folder, machines):
    """No domain is in reach, so that NTLM is what remains."""
    with DomainRig(build, folder, machines, "negotiate") as rig:
        rig.open()
        rig.add_credential("domain", "--user", "LAB\\administrator", password=PASSWORD)
        is_hidden(rig, "NTLM", {"password": PASSWORD})
        proofs = {record.address for record in rig.proxy.find_ntlm_proofs()}
        expect("machines that were shown a proof", len(proofs), machines)


def pins(_, build, folder, machines):
    """HTTPS with certificates that a person accepted; the password goes inside."""
    with DomainRig(build, folder, machines, "basic", tls=True) as rig:
        rig.open()
        rig.add_credential("lab", "--user", "administrator", password=PASSWORD)
        begin = time.monotonic()
        said = rig.ctl("trust", "accept", "--all", "--yes").stdout
        print(f"# {machines} certificates accepted in {time.monotonic() - begin:.1f} s")
        expect("accepted", f"accepted: {machines}" in said, True)
        is_hidden(rig, "HTTPS with pins", {"password": PASSWORD})


def certificates(_, build, folder, machines):
    """A client certificate in place of a password."""
    folder.mkdir()
    tls = folder / "tls"
    options = ["--client-ca", tls / "ca.pem"]
    with DomainRig(build, folder, machines, "certificate", tls=True, lab_options=options) as rig:
        rig.run("latchkey-gateway", "init", "--folder", tls, "--name", "localhost")
        rig.run("latchkey-gateway", "--state", folder / "gateway.db", "client", "add", "card",
                "--certificate", "--folder", tls, "--out", folder / "card.pem")
        rig.open()
        key = (folder / "card-key.pem").read_text()
        rig.add_credential("card", "--certificate", folder / "card.pem", "--private-key",
                           folder / "card-key.pem")
        (folder / "card-key.pem").unlink()
        rig.ctl("trust", "accept", "--all", "--yes")
        is_hidden(rig, "client certificates", {"key": key.splitlines()[1]})
        done = rig.ctl("credential", "remove", "card", "--yes")
        done = rig.ctl("refresh", "--all", "--give-up-after", "1s", check=False)
        expect("exit without the certificate", done.returncode, 6)


def control(_, build, folder, __):
    """Over plain HTTP with Basic everything is heard, by the same means."""
    with DomainRig(build, folder, FEW, "basic") as rig:
        rig.open()
        rig.add_credential("lab", "--user", "administrator", password=PASSWORD)
        heard, ends = look(rig, "Basic in clear text")
        missing = [what for what, n in heard.items() if n == 0]
        expect("not heard", missing, [])
        expect("machines whose key's end was heard",
               len({record.address for record in rig.find_key_ends(ends)}), FEW)
        try:
            rig.proxy.check_hidden({"password": PASSWORD})
        except Failure:
            return
        raise Failure("the password was not heard")


GROUPS = {
    "ticket": (ticket,),
    "kerberos": (raw, password, keytab, control),
    "ntlm": (ntlm,),
    "pins": (pins,),
    "certificates": (certificates,),
}


def main():
    build, group = pathlib.Path(sys.argv[1]), sys.argv[2]
    machines = int(sys.argv[3]) if len(sys.argv) > 3 else MACHINES
    cases = GROUPS[group]
    with tempfile.TemporaryDirectory(prefix="latchkey-sign-in-") as folder:
        folder = pathlib.Path(folder)
        realm = domain = None
        if group in ("ticket", "kerberos"):
            if latchkey_realm.missing():
                print(f"1..0 # SKIP not installed: {latchkey_realm.missing()}")
                return
            realm = Realm(folder / "realm")
        print(f"1..{len(cases)}", flush=True)
        try:
            if realm is not None:
                realm.start()
                realm.add_users({"alice": PASSWORD, "service": PASSWORD})
                domain = Domain(realm)
            for number, case in enumerate(cases, 1):
                name = case.__name__
                try:
                    case(domain, build, folder / name, machines)
                    print(f"ok {number} {name}", flush=True)
                except Exception as failure:
                    print(f"not ok {number} {name} #", *str(failure).split(), flush=True)
        finally:
            if realm is not None:
                realm.stop()


if __name__ == "__main__":
    main()
