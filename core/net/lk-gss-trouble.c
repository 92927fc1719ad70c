/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-gss-private.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define BROKEN_TRUST                                                                               \
  N_ ("the machine cannot read its ticket: its account in the domain has another password (broken" \
      " trust: Test-ComputerSecureChannel -Repair), or the name belongs to another machine")

/* RFC 4120 section 7.5.9, and what the library itself finds. */
static const struct
{
  krb5_error_code code;
  LkGssTrouble trouble;
  const char *words;
} meanings[] = {
  { KRB5KDC_ERR_PREAUTH_FAILED, LK_GSS_REFUSED, N_ ("the password is wrong") },
  { KRB5KRB_AP_ERR_BAD_INTEGRITY, LK_GSS_REFUSED, N_ ("the password is wrong") },
  { KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, LK_GSS_NO_ACCOUNT,
    N_ ("the domain does not know this account") },
  { KRB5KDC_ERR_CLIENT_REVOKED, LK_GSS_REFUSED,
    N_ ("the account is locked or disabled; unlock it in the domain") },
  { KRB5KDC_ERR_NAME_EXP, LK_GSS_REFUSED, N_ ("the account has expired") },
  { KRB5KDC_ERR_KEY_EXP, LK_GSS_REFUSED,
    N_ ("the password has expired; change it first, for example with kpasswd") },
  { KRB5KDC_ERR_POLICY, LK_GSS_REFUSED,
    N_ ("a policy of the domain does not let this account in") },
  { KRB5_KT_NOTFOUND, LK_GSS_REFUSED, N_ ("the keytab has no key of this account") },
  { KRB5_KT_IOERR, LK_GSS_REFUSED, N_ ("the keytab cannot be read") },
  { ENOENT, LK_GSS_REFUSED, N_ ("the keytab is not there") },
  { EACCES, LK_GSS_REFUSED, N_ ("the keytab may not be read by you") },
  { KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, LK_GSS_NO_SERVICE,
    N_ ("the domain does not know this machine; check its full name (setspn -L shows the names "
        "that it"
        " has)") },
  { KRB5_KDC_UNREACH, LK_GSS_NO_AUTHORITY,
    N_ ("no domain controller (KDC) answers; check the network, DNS and krb5.conf") },
  { KRB5_REALM_UNKNOWN, LK_GSS_NO_AUTHORITY,
    N_ ("no domain controller (KDC) is known for the realm; check DNS and krb5.conf") },
  { KRB5_REALM_CANT_RESOLVE, LK_GSS_NO_AUTHORITY,
    N_ ("the domain controller's (KDC's) name cannot be resolved; check DNS and krb5.conf") },
  { KRB5_CONFIG_NODEFREALM, LK_GSS_NO_AUTHORITY,
    N_ ("no Kerberos realm is set up here; write the account as user@REALM, or set default_realm in"
        " krb5.conf") },
  { KRB5_ERR_HOST_REALM_UNKNOWN, LK_GSS_NO_AUTHORITY,
    N_ ("the realm of the machine is not known; see [domain_realm] in krb5.conf") },
  { KRB5KDC_ERR_SERVICE_EXP, LK_GSS_NO_SERVICE, N_ ("the machine's account has expired") },
  { KRB5KRB_AP_ERR_TKT_EXPIRED, LK_GSS_NO_TICKET,
    N_ ("the ticket has expired; get one with: kinit") },
  { KRB5_FCC_NOFILE, LK_GSS_NO_TICKET, N_ ("there is no Kerberos ticket; get one with: kinit") },
  { KRB5_CC_NOTFOUND, LK_GSS_NO_TICKET, N_ ("there is no Kerberos ticket; get one with: kinit") },
  { KRB5_CC_END, LK_GSS_NO_TICKET, N_ ("there is no Kerberos ticket; get one with: kinit") },
  { KRB5KRB_AP_ERR_TKT_NYV, LK_GSS_SKEW,
    N_ ("the clocks differ: the ticket is not valid yet; set this computer's clock by NTP") },
  { KRB5KRB_AP_ERR_SKEW, LK_GSS_SKEW,
    N_ ("the clocks differ by more than five minutes; set both by NTP") },
  { KRB5_KDCREP_SKEW, LK_GSS_SKEW,
    N_ ("this computer's clock and the domain controller's differ by more than five minutes; set "
        "both"
        " by NTP") },
  /* Windows says the first, machines with a keytab also the others. */
  { KRB5KRB_AP_ERR_MODIFIED, LK_GSS_OTHER, BROKEN_TRUST },
  { KRB5KRB_AP_ERR_NOT_US, LK_GSS_OTHER, BROKEN_TRUST },
  { KRB5KRB_AP_ERR_BADKEYVER, LK_GSS_OTHER, BROKEN_TRUST },
  { KRB5KRB_AP_ERR_NOKEY, LK_GSS_OTHER, BROKEN_TRUST },
};

const char *
lk_gss_explain (krb5_error_code code, LkGssTrouble *trouble)
{
  for (guint i = 0; i < G_N_ELEMENTS (meanings); i++)
    if (meanings[i].code == code)
      {
        *trouble = meanings[i].trouble;
        return _ (meanings[i].words);
      }

  *trouble = LK_GSS_OTHER;
  return NULL;
}

/* SPNEGO replaces codes by numbers of its own, but keeps the words of the inner mechanism. */
static const char *
explain_text (const char *text, LkGssTrouble *trouble)
{
  const char *words = NULL;
  krb5_context context;

  if (text == NULL || krb5_init_context (&context) != 0)
    return NULL;

  for (guint i = 0; words == NULL && i < G_N_ELEMENTS (meanings); i++)
    {
      const char *known = krb5_get_error_message (context, meanings[i].code);

      if (strstr (text, known) != NULL)
        words = lk_gss_explain (meanings[i].code, trouble);
      krb5_free_error_message (context, known);
    }
  krb5_free_context (context);
  return words;
}

static char *
display (OM_uint32 status, int kind, gss_OID mechanism)
{
  gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
  OM_uint32 context = 0;
  OM_uint32 minor;
  char *copy = NULL;

  if (gss_display_status (&minor, status, kind, mechanism, &context, &text) == GSS_S_COMPLETE)
    copy = g_utf8_make_valid (text.value, (gssize) text.length);
  gss_release_buffer (&minor, &text);
  return copy;
}

void
lk_gss_set_error (GError **error,
                  LkGssTrouble *trouble,
                  OM_uint32 major,
                  OM_uint32 minor,
                  gss_OID mechanism)
{
  /* The codes of gss-ntlmssp are numbers of its own, and of the system. */
  gboolean is_krb5 = mechanism != &lk_gss_oid_ntlm;
  LkGssTrouble found = LK_GSS_OTHER;
  const char *words =
      is_krb5 && minor != 0 ? lk_gss_explain ((krb5_error_code) minor, &found) : NULL;
  g_autofree char *general = NULL;
  g_autofree char *special = NULL;

  if (words == NULL && GSS_ROUTINE_ERROR (major) == GSS_S_BAD_BINDINGS)
    words = _ ("the two sides do not see the same TLS connection: somebody stands between them");
  if (GSS_ROUTINE_ERROR (major) == GSS_S_BAD_MECH)
    {
      found = LK_GSS_UNAVAILABLE;
      words = _ ("the mechanism is not installed here (packages libgssapi-krb5-2 and gss-ntlmssp)");
    }
  if (words == NULL)
    {
      general = display (major, GSS_C_GSS_CODE, mechanism);
      special = minor != 0 ? display (minor, GSS_C_MECH_CODE, mechanism) : NULL;
      words = is_krb5 ? explain_text (special, &found) : NULL;
      if (words == NULL)
        words = special != NULL ? special : general;
    }

  *trouble = found;
  g_set_error (error, LK_ERROR,
               found == LK_GSS_NO_AUTHORITY ? LK_ERROR_UNREACHABLE : LK_ERROR_DENIED, "%s",
               words != NULL ? words : _ ("unknown reason"));
}
