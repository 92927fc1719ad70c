/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-gss-private.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <string.h>

gss_OID_desc lk_gss_oid_kerberos = { 9, (void *) "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
gss_OID_desc lk_gss_oid_spnego = { 6, (void *) "\x2b\x06\x01\x05\x05\x02" };
gss_OID_desc lk_gss_oid_ntlm = { 10, (void *) "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" };

struct _LkGssCredential
{
  gatomicrefcount refs;
  char *name;
  gint64 end;
  gss_cred_id_t ntlm;
  krb5_context krb5; /* of Kerberos; used under the lock, or by one thread before it is shared */
  krb5_ccache cache; /* in memory, ours alone */
  GMutex lock;
};

struct _LkGssTicket
{
  krb5_context krb5;
  krb5_ccache cache;
  gss_cred_id_t credential;
};

static LkGssCredential *
credential_new (const char *name)
{
  LkGssCredential *self = g_new0 (LkGssCredential, 1);

  g_atomic_ref_count_init (&self->refs);
  self->name = g_strdup (name);
  self->ntlm = GSS_C_NO_CREDENTIAL;
  g_mutex_init (&self->lock);
  return self;
}

LkGssCredential *
lk_gss_credential_ref (LkGssCredential *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
lk_gss_credential_unref (LkGssCredential *self)
{
  OM_uint32 minor;

  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  if (self->ntlm != GSS_C_NO_CREDENTIAL)
    gss_release_cred (&minor, &self->ntlm);
  if (self->cache != NULL)
    krb5_cc_destroy (self->krb5, self->cache);
  if (self->krb5 != NULL)
    krb5_free_context (self->krb5);
  g_mutex_clear (&self->lock);
  g_free (self->name);
  g_free (self);
}

const char *
lk_gss_credential_get_name (const LkGssCredential *self)
{
  return self->name;
}

gint64
lk_gss_credential_get_end (const LkGssCredential *self)
{
  return self->end;
}

gss_cred_id_t
lk_gss_credential_get_ntlm (const LkGssCredential *self)
{
  return self->ntlm;
}

/* Realms are in upper case by custom, and people write them as they write domains. */
static char *
spell_principal (const char *principal)
{
  const char *at = strrchr (principal, '@');
  g_autofree char *account = NULL;
  g_autofree char *realm = NULL;

  if (at == NULL)
    return g_strdup (principal);

  account = g_strndup (principal, (gsize) (at - principal));
  realm = g_ascii_strup (at, -1);
  return g_strconcat (account, realm, NULL);
}

/* Said by itself: where a domain wants a proof first, it would be hidden behind that. */
static krb5_error_code
look_into_keytab (LkGssCredential *self, krb5_keytab table)
{
  krb5_kt_cursor cursor;
  krb5_error_code code = krb5_kt_start_seq_get (self->krb5, table, &cursor);

  if (code == 0)
    krb5_kt_end_seq_get (self->krb5, table, &cursor);
  return code;
}

static krb5_error_code
ask_kdc (LkGssCredential *self,
         krb5_principal client,
         const LkSecret *password,
         const char *keytab,
         krb5_creds *creds)
{
  krb5_get_init_creds_opt *options = NULL;
  krb5_keytab table = NULL;
  krb5_error_code code = krb5_get_init_creds_opt_alloc (self->krb5, &options);

  if (code == 0 && password != NULL)
    code = krb5_get_init_creds_password (self->krb5, creds, client, lk_secret_peek (password), NULL,
                                         NULL, 0, NULL, options);
  else if (code == 0)
    {
      code = krb5_kt_resolve (self->krb5, keytab, &table);
      if (code == 0)
        code = look_into_keytab (self, table);
      if (code == 0)
        code = krb5_get_init_creds_keytab (self->krb5, creds, client, table, 0, NULL, options);
    }

  if (table != NULL)
    krb5_kt_close (self->krb5, table);
  if (options != NULL)
    krb5_get_init_creds_opt_free (self->krb5, options);
  return code;
}

static krb5_error_code
fill_from_kdc (LkGssCredential *self,
               const char *principal,
               const LkSecret *password,
               const char *keytab)
{
  g_autofree char *spelled = spell_principal (principal);
  krb5_principal client = NULL;
  krb5_creds creds = { 0 };
  krb5_error_code code = krb5_parse_name (self->krb5, spelled, &client);

  if (code == 0)
    code = ask_kdc (self, client, password, keytab, &creds);
  if (code == 0)
    code = krb5_cc_initialize (self->krb5, self->cache, creds.client);
  if (code == 0)
    code = krb5_cc_store_cred (self->krb5, self->cache, &creds);

  krb5_free_cred_contents (self->krb5, &creds);
  krb5_free_principal (self->krb5, client);
  return code;
}

/* The person's own cache would otherwise fill with a ticket for every machine, and each look into
 * it would read them all. */
static krb5_error_code
fill_from_cache (LkGssCredential *self)
{
  krb5_ccache from = NULL;
  krb5_principal client = NULL;
  krb5_error_code code = krb5_cc_default (self->krb5, &from);

  if (code == 0)
    code = krb5_cc_get_principal (self->krb5, from, &client);
  if (code == 0)
    code = krb5_cc_initialize (self->krb5, self->cache, client);
  if (code == 0)
    code = krb5_cc_copy_creds (self->krb5, from, self->cache);

  krb5_free_principal (self->krb5, client);
  if (from != NULL)
    krb5_cc_close (self->krb5, from);
  return code;
}

/* Finds the ticket-granting ticket, for whose it is and when it ends. */
static krb5_error_code
look_at_ticket (LkGssCredential *self)
{
  krb5_cc_cursor cursor;
  krb5_creds creds;
  krb5_timestamp now = 0;
  char *name = NULL;
  krb5_error_code code = krb5_cc_start_seq_get (self->krb5, self->cache, &cursor);

  if (code != 0)
    return code;

  while (krb5_cc_next_cred (self->krb5, self->cache, &cursor, &creds) == 0)
    {
      gint64 end = (guint32) creds.times.endtime; /* unsigned, so that it lasts beyond 2038 */

      if (!krb5_is_config_principal (self->krb5, creds.server) && creds.server->length > 0 &&
          creds.server->data[0].length == strlen ("krbtgt") &&
          memcmp (creds.server->data[0].data, "krbtgt", strlen ("krbtgt")) == 0 &&
          (self->name == NULL || end > self->end) &&
          krb5_unparse_name (self->krb5, creds.client, &name) == 0)
        {
          g_free (self->name);
          self->name = g_strdup (name);
          self->end = end;
          krb5_free_unparsed_name (self->krb5, name);
        }
      krb5_free_cred_contents (self->krb5, &creds);
    }
  krb5_cc_end_seq_get (self->krb5, self->cache, &cursor);

  if (self->name == NULL)
    return KRB5_CC_NOTFOUND;
  krb5_timeofday (self->krb5, &now);
  return self->end <= (gint64) (guint32) now ? KRB5KRB_AP_ERR_TKT_EXPIRED : 0;
}

static gboolean
import_cache (LkGssTicket *self, LkGssTrouble *trouble, GError **error)
{
  gss_OID_desc mechanisms[] = { lk_gss_oid_kerberos, lk_gss_oid_spnego };
  gss_OID_set_desc wanted = { G_N_ELEMENTS (mechanisms), mechanisms };
  gss_OID_set_desc inner = { 1, mechanisms };
  char *cache_name = NULL;
  OM_uint32 minor = 0;
  OM_uint32 major = GSS_S_FAILURE;

  if (krb5_cc_get_full_name (self->krb5, self->cache, &cache_name) == 0)
    {
      gss_key_value_element_desc element = { "ccache", cache_name };
      const gss_key_value_set_desc from = { 1, &element };

      major = gss_acquire_cred_from (&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &wanted,
                                     GSS_C_INITIATE, &from, &self->credential, NULL, NULL);
      krb5_free_string (self->krb5, cache_name);
    }
  /* Nothing else may be offered inside SPNEGO: which mechanism is used is our rule's business. */
  if (major == GSS_S_COMPLETE)
    major = gss_set_neg_mechs (&minor, self->credential, &inner);
  if (major == GSS_S_COMPLETE)
    return TRUE;

  lk_gss_set_error (error, trouble, major, minor, &lk_gss_oid_kerberos);
  return FALSE;
}

static void
set_krb5_error (LkGssCredential *self,
                krb5_error_code code,
                const char *principal,
                LkGssTrouble *trouble,
                GError **error)
{
  const char *words = lk_gss_explain (code, trouble);
  const char *message = NULL;
  g_autofree char *own = NULL;

  if (words == NULL)
    {
      message = krb5_get_error_message (self->krb5, code);
      own = g_utf8_make_valid (message, -1);
      krb5_free_error_message (self->krb5, message);
      words = own;
    }
  g_set_error (error, LK_ERROR,
               *trouble == LK_GSS_NO_AUTHORITY ? LK_ERROR_UNREACHABLE : LK_ERROR_DENIED,
               principal != NULL ? "%s: %s" : "%s%s", principal != NULL ? principal : "", words);
}

LkGssCredential *
lk_gss_credential_new_kerberos (const char *principal,
                                const LkSecret *password,
                                const char *keytab,
                                LkGssTrouble *trouble,
                                GError **error)
{
  g_autoptr (LkGssCredential) self = credential_new (NULL);
  krb5_error_code code = krb5_init_context (&self->krb5);

  *trouble = LK_GSS_OTHER;
  if (code != 0)
    {
      self->krb5 = NULL;
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("krb5.conf cannot be read (%d)"), code);
      return NULL;
    }

  code = krb5_cc_new_unique (self->krb5, "MEMORY", NULL, &self->cache);
  if (code == 0)
    code = password == NULL && keytab == NULL ? fill_from_cache (self)
                                              : fill_from_kdc (self, principal, password, keytab);
  if (code == 0)
    code = look_at_ticket (self);
  if (code != 0)
    {
      set_krb5_error (self, code, principal, trouble, error);
      return NULL;
    }

  return g_steal_pointer (&self);
}

static gboolean
set_service_error (krb5_context krb5,
                   krb5_error_code code,
                   const char *service,
                   const char *host,
                   LkGssTrouble *trouble,
                   GError **error)
{
  const char *words = lk_gss_explain (code, trouble);
  const char *message = words == NULL ? krb5_get_error_message (krb5, code) : NULL;
  g_autofree char *text = g_utf8_make_valid (words != NULL ? words : message, -1);

  if (message != NULL)
    krb5_free_error_message (krb5, message);
  g_set_error (error, LK_ERROR,
               *trouble == LK_GSS_NO_AUTHORITY ? LK_ERROR_UNREACHABLE : LK_ERROR_DENIED,
               "%s/%s: %s", service, host, text);
  return FALSE;
}

/* Asked for by libkrb5 itself and before GSSAPI looks for it, because SPNEGO hides why it cannot be
 * had. */
static gboolean
fetch_service (LkGssTicket *self,
               const char *service,
               const char *host,
               LkGssTrouble *trouble,
               GError **error)
{
  krb5_creds wanted = { 0 };
  krb5_creds *got = NULL;
  krb5_error_code code =
      krb5_sname_to_principal (self->krb5, host, service, KRB5_NT_SRV_HST, &wanted.server);

  if (code == 0)
    code = krb5_cc_get_principal (self->krb5, self->cache, &wanted.client);
  if (code == 0)
    code = krb5_get_credentials (self->krb5, 0, self->cache, &wanted, &got);
  if (got != NULL)
    krb5_free_creds (self->krb5, got);
  krb5_free_cred_contents (self->krb5, &wanted);
  return code == 0 || set_service_error (self->krb5, code, service, host, trouble, error);
}

void
lk_gss_ticket_free (LkGssTicket *self)
{
  OM_uint32 minor;

  if (self == NULL)
    return;
  if (self->credential != GSS_C_NO_CREDENTIAL)
    gss_release_cred (&minor, &self->credential);
  if (self->cache != NULL)
    krb5_cc_destroy (self->krb5, self->cache);
  if (self->krb5 != NULL)
    krb5_free_context (self->krb5);
  g_free (self);
}

gss_cred_id_t
lk_gss_ticket_get (const LkGssTicket *self)
{
  return self->credential;
}

/* GSSAPI's own credentials are locked while a KDC is asked, and a cache is searched from its
 * beginning: with one for each machine, 2,000 tickets take a second instead of eight. */
LkGssTicket *
lk_gss_ticket_new (LkGssCredential *from,
                   const char *service,
                   const char *host,
                   LkGssTrouble *trouble,
                   GError **error)
{
  g_autoptr (LkGssTicket) self = g_new0 (LkGssTicket, 1);
  krb5_principal client = NULL;
  krb5_error_code code = krb5_init_context (&self->krb5);

  *trouble = LK_GSS_OTHER;
  self->credential = GSS_C_NO_CREDENTIAL;
  if (code == 0)
    code = krb5_cc_new_unique (self->krb5, "MEMORY", NULL, &self->cache);
  g_mutex_lock (&from->lock);
  if (code == 0)
    code = krb5_cc_get_principal (from->krb5, from->cache, &client);
  if (code == 0)
    code = krb5_cc_initialize (self->krb5, self->cache, client);
  if (code == 0)
    code = krb5_cc_copy_creds (from->krb5, from->cache, self->cache);
  krb5_free_principal (from->krb5, client);
  g_mutex_unlock (&from->lock);
  if (code != 0)
    {
      set_service_error (self->krb5, code, service, host, trouble, error);
      return NULL;
    }

  return fetch_service (self, service, host, trouble, error) && import_cache (self, trouble, error)
             ? g_steal_pointer (&self)
             : NULL;
}

LkGssCredential *
lk_gss_credential_new_ntlm (const char *user,
                            const LkSecret *password,
                            LkGssTrouble *trouble,
                            GError **error)
{
  g_autoptr (LkGssCredential) self = credential_new (user);
  gss_OID_set_desc mechanisms = { 1, &lk_gss_oid_ntlm };
  gss_buffer_desc user_text = { strlen (user), (void *) user };
  gss_buffer_desc password_text = { lk_secret_get_length (password),
                                    (void *) lk_secret_peek (password) };
  gss_name_t name = GSS_C_NO_NAME;
  OM_uint32 minor = 0;
  OM_uint32 ignored;
  OM_uint32 major = gss_import_name (&minor, &user_text, GSS_C_NT_USER_NAME, &name);

  *trouble = LK_GSS_OTHER;
  if (major == GSS_S_COMPLETE)
    major = gss_acquire_cred_with_password (&minor, name, &password_text, GSS_C_INDEFINITE,
                                            &mechanisms, GSS_C_INITIATE, &self->ntlm, NULL, NULL);
  gss_release_name (&ignored, &name);
  if (major == GSS_S_COMPLETE)
    return g_steal_pointer (&self);

  lk_gss_set_error (error, trouble, major, minor, &lk_gss_oid_ntlm);
  g_prefix_error (error, "%s: ", user);
  return NULL;
}
