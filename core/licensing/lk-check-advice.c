/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "licensing/lk-check-advice.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define HEAD                                                                                       \
  "# For Windows PowerShell as an administrator, on the machine itself.\n"                         \
  "# It may be run more than once.\n"                                                              \
  "$ErrorActionPreference = 'Stop'\n"

#define SERVICE                                                                                    \
  "\n# The service WinRM, started now and with Windows, and its default HTTP listener.\n"          \
  "Set-Service -Name WinRM -StartupType Automatic\n"                                               \
  "Start-Service -Name WinRM\n"                                                                    \
  "winrm quickconfig -quiet\n"

/* @PORT@ and @NETWORK@ are filled in. */
#define FIREWALL                                                                                   \
  "\n# Lets only the network of the administrator's computer in, only to this port.\n"             \
  "# Behind address translation, write the address that the machine sees.\n"                       \
  "if (-not (Get-NetFirewallRule -Name 'Latchkey-WinRM-@PORT@' -ErrorAction SilentlyContinue)) "   \
  "{\n"                                                                                            \
  "    New-NetFirewallRule -Name 'Latchkey-WinRM-@PORT@' `\n"                                      \
  "        -DisplayName 'WinRM for license management (TCP @PORT@)' `\n"                           \
  "        -Direction Inbound -Action Allow -Protocol TCP -LocalPort @PORT@ `\n"                   \
  "        -RemoteAddress '@NETWORK@'\n"                                                           \
  "}\n"

#define LISTENER                                                                                   \
  "\n# An HTTPS listener with a certificate that the machine makes for its own name.\n"            \
  "# Where an authority certifies your machines, use a certificate of that instead.\n"             \
  "$name = [System.Net.Dns]::GetHostEntry('').HostName\n"                                          \
  "$certificate = New-SelfSignedCertificate -DnsName $name `\n"                                    \
  "    -CertStoreLocation Cert:\\LocalMachine\\My\n"                                               \
  "Get-ChildItem WSMan:\\localhost\\Listener |\n"                                                  \
  "    Where-Object { $_.Keys -contains 'Transport=HTTPS' } |\n"                                   \
  "    Remove-Item -Recurse -Force\n"                                                              \
  "New-Item -Path WSMan:\\localhost\\Listener -Transport HTTPS -Address * -Port @PORT@ `\n"        \
  "    -CertificateThumbPrint $certificate.Thumbprint -Force\n"                                    \
  "# Compare this with the fingerprint that is shown before you accept it.\n"                      \
  "$sha = [System.Security.Cryptography.SHA256]::Create()\n"                                       \
  "[BitConverter]::ToString($sha.ComputeHash($certificate.RawData)) -replace '-', ':'\n"

#define RESTART                                                                                    \
  "\n# Starts the service anew, and shows what it listens on.\n"                                   \
  "Restart-Service -Name WinRM -Force\n"                                                           \
  "winrm enumerate winrm/config/listener\n"

#define SHOW                                                                                       \
  "\n# Shows on which ports and under which prefix WinRM listens.\n"                               \
  "winrm enumerate winrm/config/listener\n"                                                        \
  "winrm get winrm/config/service\n"

#define NEGOTIATE                                                                                  \
  "\n# Kerberos and NTLM, which keep the password to themselves; Basic stays as it is.\n"          \
  "Set-Item WSMan:\\localhost\\Service\\Auth\\Negotiate -Value $true\n"                            \
  "Set-Item WSMan:\\localhost\\Service\\Auth\\Kerberos -Value $true\n"                             \
  "winrm get winrm/config/service/auth\n"

#define CLOCK                                                                                      \
  "\n# Sets the clock by the domain, or by the time source that is set up.\n"                      \
  "Start-Service -Name W32Time\n"                                                                  \
  "w32tm /resync /rediscover\n"                                                                    \
  "w32tm /query /status\n"

#define REGISTER                                                                                   \
  "\n# Shows the names under which the domain knows this machine, and mends its trust.\n"          \
  "setspn -L $env:COMPUTERNAME\n"                                                                  \
  "Test-ComputerSecureChannel -Verbose\n"                                                          \
  "# If that says False: Test-ComputerSecureChannel -Repair -Credential (Get-Credential)\n"

#define TOKEN_FILTER                                                                               \
  "\n# Lets local administrators keep their rights when they come over the network. That\n"        \
  "# lowers a guard against stolen passwords: a domain account is the better way.\n"               \
  "$key = 'HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System'\n"               \
  "Set-ItemProperty -Path $key -Name LocalAccountTokenFilterPolicy -Type DWord -Value 1\n"

#define MEMBERSHIP                                                                                 \
  "\n# Write the account that Latchkey uses. Reading needs Remote Management Users and the\n"      \
  "# rights below; installing keys and activating need Administrators.\n"                          \
  "$account = 'DOMAIN\\user'\n"                                                                    \
  "Add-LocalGroupMember -SID S-1-5-32-544 -Member $account\n"

#define NAMESPACE                                                                                  \
  "\n# Opens WMI's security: on root\\cimv2 allow the account Enable Account, Remote Enable\n"     \
  "# and Execute Methods (Properties, Security, root, cimv2, Security).\n"                         \
  "wmimgmt.msc\n"

#define LICENSING                                                                                  \
  "\n# Starts the licensing service and asks it; then checks the repository of WMI.\n"             \
  "Start-Service -Name sppsvc\n"                                                                   \
  "Get-CimInstance -ClassName SoftwareLicensingService | Select-Object Version\n"                  \
  "winmgmt /verifyrepository\n"

static const struct
{
  const char *word;
  const char *title;
  const char *script; /* or NULL */
} causes[LK_N_CAUSES] = {
  [LK_CAUSE_READY] = { "ready", N_ ("Ready"), NULL },
  [LK_CAUSE_NO_ADDRESS] = { "no-address", N_ ("Name not found"), NULL },
  [LK_CAUSE_STRANGE_ADDRESS] = { "strange-address", N_ ("Name leads elsewhere"), NULL },
  [LK_CAUSE_NO_ROUTE] = { "no-route", N_ ("No route"), NULL },
  [LK_CAUSE_NO_SERVICE] = { "no-service", N_ ("WinRM is not running"), HEAD SERVICE FIREWALL },
  [LK_CAUSE_FIREWALL] = { "firewall", N_ ("Firewall"), HEAD SERVICE FIREWALL },
  [LK_CAUSE_SILENT] = { "silent", N_ ("No answer"), NULL },
  [LK_CAUSE_NO_TLS] = { "no-tls", N_ ("No HTTPS listener"), HEAD LISTENER FIREWALL },
  [LK_CAUSE_CERTIFICATE] = { "certificate", N_ ("Certificate not trusted"), NULL },
  [LK_CAUSE_NO_ANSWER] = { "no-answer", N_ ("WinRM does not answer"), HEAD RESTART },
  [LK_CAUSE_NOT_WINRM] = { "not-winrm", N_ ("Not WinRM"), HEAD SHOW },
  [LK_CAUSE_BUSY] = { "busy", N_ ("Overloaded"), HEAD RESTART },
  [LK_CAUSE_CLEAR] = { "clear-text", N_ ("Needs HTTPS"), HEAD LISTENER FIREWALL },
  [LK_CAUSE_NO_CREDENTIAL] = { "no-credential", N_ ("No usable credential"), NULL },
  [LK_CAUSE_PASSWORD] = { "password", N_ ("Wrong user name or password"), NULL },
  [LK_CAUSE_CLOCK] = { "clock", N_ ("Clocks differ"), HEAD CLOCK },
  [LK_CAUSE_SPN] = { "spn", N_ ("Not known to the domain"), HEAD REGISTER },
  [LK_CAUSE_NO_KDC] = { "no-kdc", N_ ("No domain controller"), NULL },
  [LK_CAUSE_SCHEME] = { "scheme", N_ ("No common way to sign in"), HEAD NEGOTIATE },
  [LK_CAUSE_LOCAL_RIGHTS] = { "local-rights", N_ ("Local account without rights"),
                              HEAD TOKEN_FILTER },
  [LK_CAUSE_RIGHTS] = { "rights", N_ ("Access denied"), HEAD MEMBERSHIP },
  [LK_CAUSE_NAMESPACE] = { "namespace", N_ ("WMI denies access"), HEAD NAMESPACE },
  [LK_CAUSE_NO_LICENSING] = { "no-licensing", N_ ("Licensing service"), HEAD LICENSING },
  [LK_CAUSE_CANCELLED] = { "cancelled", N_ ("Cancelled"), NULL },
  [LK_CAUSE_OTHER] = { "other", N_ ("Other failures"), NULL },
};

const char *
lk_check_cause_to_word (LkCheckCause cause)
{
  return causes[cause].word;
}

const char *
lk_check_cause_to_title (LkCheckCause cause)
{
  return _ (causes[cause].title);
}

static const char *const by_policy =
    N_ ("For many machines, by group policy, under Computer Configuration > Policies:\n"
        "  - Administrative Templates > Windows Components > Windows Remote Management (WinRM) > "
        "WinRM Service > Allow remote server management through WinRM: Enabled, with * as the "
        "filter\n"
        "  - Windows Settings > Security Settings > System Services > Windows Remote Management "
        "(WS-Management): Automatic\n"
        "  - Windows Settings > Security Settings > Windows Defender Firewall > Inbound Rules: "
        "the predefined rule Windows Remote Management");

static char *
advise_on_port (const char *format, guint port)
{
  g_autoptr (GString) text = g_string_new (format);
  g_autofree char *number = g_strdup_printf ("%u", port);

  g_string_replace (text, "%u", number, 0);
  g_string_append_printf (text, "\n%s", _ (by_policy));
  return g_strdup (text->str);
}

static const char *
get_advice (LkCheckCause cause)
{
  switch (cause)
    {
    case LK_CAUSE_NO_ADDRESS:
      return _ ("Check the spelling, and that this computer asks the name servers of the "
                "machine's network; or use its address.");
    case LK_CAUSE_STRANGE_ADDRESS:
      return _ ("The name leads to a network in which no other machine can be. Check the name in "
                "DNS and in /etc/hosts, or use the machine's address.");
    case LK_CAUSE_NO_ROUTE:
      return _ ("There is no way to this network from here. Check the address, the VPN and "
                "the routes.");
    case LK_CAUSE_SILENT:
      return _ ("The machine does not answer at all, neither here nor on ports 445 and 135. "
                "It may be switched off, or a firewall drops everything from this computer.");
    case LK_CAUSE_NO_TLS:
      return _ ("Check that this port has an HTTPS listener: winrm enumerate "
                "winrm/config/listener");
    case LK_CAUSE_CERTIFICATE:
      return _ (
          "Compare the SHA-256 fingerprint with that of the certificate on the machine itself "
          "(exported to a file there: certutil -hashfile FILE SHA256).\n"
          "If it is the same, accept it for this machine: latchkeyctl trust accept NAME\n"
          "Or name the authorities that certify your machines: latchkeyctl config set "
          "machines.ca FILE");
    case LK_CAUSE_NO_ANSWER:
      return _ ("The port is open, but nobody answers there as WinRM does. A restart of the "
                "service WinRM on the machine may help.");
    case LK_CAUSE_NOT_WINRM:
      return _ ("Something else answers on this port. Check the port, whether it wants HTTPS, and "
                "the URL prefix: winrm get winrm/config/service");
    case LK_CAUSE_BUSY:
      return _ ("Try again later. If it stays so, restart the service WinRM there.");
    case LK_CAUSE_CLEAR:
      return _ ("Use HTTPS for this machine, so that the password is not sent in the clear.");
    case LK_CAUSE_PASSWORD:
      return _ ("Check the user name and the password, and that the way of signing in is allowed "
                "there: winrm get winrm/config/service/auth");
    case LK_CAUSE_CLOCK:
      return _ ("Kerberos allows five minutes. Set this computer's clock, the machine's and the "
                "domain controller's by the same time source; on Windows: w32tm /resync");
    case LK_CAUSE_SPN:
      return _ ("Use the machine's full name as the domain knows it: setspn -L NAME lists those. "
                "If it is right, the machine may have to join the domain again.");
    case LK_CAUSE_NO_KDC:
      return _ ("Check that this computer reaches a domain controller (port 88), that DNS knows "
                "the domain, and krb5.conf.");
    case LK_CAUSE_SCHEME:
      return _ ("Allow Negotiate on the machine, under WinRM Service in its policy, or choose "
                "another way for the credential set: latchkeyctl credential add --scheme");
    case LK_CAUSE_LOCAL_RIGHTS:
      return _ ("Local accounts other than the built-in Administrator lose their rights over the "
                "network, unless LocalAccountTokenFilterPolicy = 1 under "
                "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System. The account "
                "also needs to be an administrator of the machine.");
    case LK_CAUSE_RIGHTS:
      return _ ("The account may sign in, but not do this. Make it an administrator of the "
                "machine; for reading alone, Remote Management Users and rights on root\\cimv2 "
                "may do.");
    case LK_CAUSE_NAMESPACE:
      return _ ("The account needs Enable Account, Remote Enable and Execute Methods on the WMI "
                "namespace root\\cimv2 (wmimgmt.msc, Security), or to be an administrator.");
    case LK_CAUSE_NO_LICENSING:
      return _ ("Check on the machine that the service sppsvc can be started, and that WMI is "
                "sound: winmgmt /verifyrepository");
    case LK_CAUSE_READY:
    case LK_CAUSE_NO_SERVICE:
    case LK_CAUSE_FIREWALL:
    case LK_CAUSE_NO_CREDENTIAL:
    case LK_CAUSE_CANCELLED:
    case LK_CAUSE_OTHER:
    default:
      return NULL;
    }
}

char *
lk_check_advise (LkCheckCause cause, const LkCheckPlace *place)
{
  if (cause == LK_CAUSE_NO_SERVICE)
    return advise_on_port (_ ("The machine is up, but nothing listens on port %u.\n"
                              "On the machine itself, as an administrator:\n"
                              "    winrm quickconfig"),
                           place->port);
  if (cause == LK_CAUSE_FIREWALL)
    return advise_on_port (_ ("The machine is up, but WinRM does not answer on port %u: a firewall "
                              "drops it, on the machine or on the way.\n"
                              "On the machine itself, as an administrator:\n"
                              "    winrm quickconfig"),
                           place->port);
  return g_strdup (get_advice (cause));
}

char *
lk_check_write_script (LkCheckCause cause, const LkCheckPlace *place)
{
  g_autoptr (GString) text = NULL;
  g_autofree char *port = g_strdup_printf ("%u", cause == LK_CAUSE_CLEAR ? 5986 : place->port);

  if (causes[cause].script == NULL)
    return NULL;

  text = g_string_new (causes[cause].script);
  g_string_replace (text, "@PORT@", port, 0);
  g_string_replace (text, "@NETWORK@", place->network != NULL ? place->network : "LocalSubnet", 0);
  return g_strdup (text->str);
}
