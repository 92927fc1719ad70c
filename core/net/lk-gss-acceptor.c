/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-gss-private.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <string.h>

struct _LkGssAcceptor
{
  gss_cred_id_t credential; /* all keys of the keytab, and NTLM */
  krb5_context krb5;
  GHashTable *keys; /* Key by its host */
};

/* One machine's keys. */
typedef struct
{
  krb5_context krb5;
  krb5_keytab table; /* in memory; the credential reads it, too */
  gss_cred_id_t credential;
} Key;

static void
key_free (gpointer data)
{
  Key *self = data;
  OM_uint32 minor;

  if (self->credential != GSS_C_NO_CREDENTIAL)
    gss_release_cred (&minor, &self->credential);
  if (self->table != NULL)
    krb5_kt_close (self->krb5, self->table);
  g_free (self);
}

/* The host of HTTP/host@REALM; to be freed, or NULL. */
static char *
dup_host (krb5_const_principal principal)
{
  return principal->length == 2 ? g_strndup (principal->data[1].data, principal->data[1].length)
                                : NULL;
}

static krb5_error_code
add_key (LkGssAcceptor *self, krb5_keytab_entry *entry)
{
  g_autofree char *host = dup_host (entry->principal);
  g_autofree char *name = NULL;
  krb5_error_code code = 0;
  Key *key;

  if (host == NULL)
    return 0;

  key = g_hash_table_lookup (self->keys, host);
  if (key == NULL)
    {
      key = g_new0 (Key, 1);
      key->krb5 = self->krb5;
      key->credential = GSS_C_NO_CREDENTIAL;
      name = g_strdup_printf ("MEMORY:latchkey-%p", (void *) key);
      g_hash_table_insert (self->keys, g_steal_pointer (&host), key);
      code = krb5_kt_resolve (self->krb5, name, &key->table);
    }
  return code != 0 ? code : krb5_kt_add_entry (self->krb5, key->table, entry);
}

static krb5_error_code
read_keys (LkGssAcceptor *self, const char *keytab)
{
  krb5_keytab table = NULL;
  krb5_kt_cursor cursor;
  krb5_keytab_entry entry;
  krb5_error_code code = krb5_kt_resolve (self->krb5, keytab, &table);

  if (code == 0)
    code = krb5_kt_start_seq_get (self->krb5, table, &cursor);
  if (code == 0)
    {
      while (code == 0 && krb5_kt_next_entry (self->krb5, table, &entry, &cursor) == 0)
        {
          code = add_key (self, &entry);
          krb5_free_keytab_entry_contents (self->krb5, &entry);
        }
      krb5_kt_end_seq_get (self->krb5, table, &cursor);
    }
  if (table != NULL)
    krb5_kt_close (self->krb5, table);
  return code;
}

static OM_uint32
import_key (LkGssAcceptor *self, Key *key, OM_uint32 *minor)
{
  gss_OID_desc mechanisms[] = { lk_gss_oid_kerberos, lk_gss_oid_spnego };
  gss_OID_set_desc wanted = { G_N_ELEMENTS (mechanisms), mechanisms };
  gss_OID_set_desc inner = { 1, mechanisms };
  char name[256];
  gss_key_value_element_desc element = { "keytab", name };
  const gss_key_value_set_desc from = { 1, &element };
  OM_uint32 major;

  if (krb5_kt_get_name (self->krb5, key->table, name, sizeof name) != 0)
    return GSS_S_FAILURE;

  major = gss_acquire_cred_from (minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &wanted, GSS_C_ACCEPT,
                                 &from, &key->credential, NULL, NULL);
  return major == GSS_S_COMPLETE ? gss_set_neg_mechs (minor, key->credential, &inner) : major;
}

/* libkrb5 tries every key of a keytab on a ticket, which takes longer than everything else in a
 * fleet of thousands: so each machine gets a credential with its own keys. */
static gboolean
split_keytab (LkGssAcceptor *self, const char *keytab, GError **error)
{
  krb5_error_code code = krb5_init_context (&self->krb5);
  OM_uint32 major = GSS_S_COMPLETE;
  OM_uint32 minor = 0;
  LkGssTrouble trouble;
  GHashTableIter iter;
  gpointer key;

  if (code != 0)
    self->krb5 = NULL;
  else
    code = read_keys (self, keytab);
  if (code != 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The keytab “%s” cannot be read (%d)"),
                   keytab, code);
      return FALSE;
    }

  g_hash_table_iter_init (&iter, self->keys);
  while (major == GSS_S_COMPLETE && g_hash_table_iter_next (&iter, NULL, &key))
    major = import_key (self, key, &minor);
  if (major != GSS_S_COMPLETE)
    lk_gss_set_error (error, &trouble, major, minor, &lk_gss_oid_kerberos);
  return major == GSS_S_COMPLETE;
}

LkGssAcceptor *
lk_gss_acceptor_new (const char *keytab, gboolean with_ntlm, GError **error)
{
  g_autoptr (LkGssAcceptor) self = g_new0 (LkGssAcceptor, 1);
  gss_OID_desc mechanisms[3];
  gss_OID_set_desc wanted = { 0, mechanisms };
  LkGssTrouble trouble;
  OM_uint32 minor = 0;
  OM_uint32 major;

  self->credential = GSS_C_NO_CREDENTIAL;
  self->keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, key_free);
  if (keytab != NULL)
    {
      krb5_gss_register_acceptor_identity (keytab);
      mechanisms[wanted.count++] = lk_gss_oid_kerberos;
    }
  if (with_ntlm)
    mechanisms[wanted.count++] = lk_gss_oid_ntlm;
  mechanisms[wanted.count++] = lk_gss_oid_spnego;
  /* Not from a credential store: what gss-ntlmssp makes of one without a name is of no use. */
  major = gss_acquire_cred (&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &wanted, GSS_C_ACCEPT,
                            &self->credential, NULL, NULL);
  if (major == GSS_S_COMPLETE)
    {
      /* Inside SPNEGO, too, what was asked for and nothing else. */
      wanted.count--;
      major = gss_set_neg_mechs (&minor, self->credential, &wanted);
    }
  if (major != GSS_S_COMPLETE)
    {
      lk_gss_set_error (error, &trouble, major, minor,
                        keytab != NULL ? &lk_gss_oid_kerberos : &lk_gss_oid_ntlm);
      return NULL;
    }

  return keytab == NULL || split_keytab (self, keytab, error) ? g_steal_pointer (&self) : NULL;
}

void
lk_gss_acceptor_free (LkGssAcceptor *self)
{
  OM_uint32 minor;

  if (self == NULL)
    return;
  if (self->credential != GSS_C_NO_CREDENTIAL)
    gss_release_cred (&minor, &self->credential);
  g_hash_table_unref (self->keys);
  if (self->krb5 != NULL)
    krb5_free_context (self->krb5);
  g_free (self);
}

/* Whom a ticket is for stands in it in the clear: the sname of RFC 4120 5.3, two GeneralStrings.
 * NULL when it is no ticket for HTTP. */
static char *
find_host (const guint8 *token, gsize length)
{
  static const char service[] = "\x1b\x04HTTP\x1b";
  const gsize n = sizeof service - 1;
  const guint8 *at = token != NULL ? memmem (token, length, service, n) : NULL;
  gsize left = at != NULL ? length - (gsize) (at - token) - n : 0;

  if (left == 0 || at[n] >= 0x80 || at[n] >= left)
    return NULL;
  return g_strndup ((const char *) at + n + 1, at[n]);
}

gss_cred_id_t
lk_gss_acceptor_find (const LkGssAcceptor *self, const guint8 *token, gsize length)
{
  g_autofree char *host = find_host (token, length);
  const Key *key = host != NULL ? g_hash_table_lookup (self->keys, host) : NULL;

  return key != NULL ? key->credential : self->credential;
}
