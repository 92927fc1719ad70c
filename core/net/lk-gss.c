/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-gss-private.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <sodium.h>
#include <string.h>

#define CLIENT_FLAGS                                                                               \
  (GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG)
#define NTLM_SIGNATURE 16 /* MS-NLMP 2.2.2.9 */

struct _LkGssContext
{
  gss_ctx_id_t context;
  /* Of a client: */
  LkGssCredential *credential;
  LkGssTicket *ticket; /* of Kerberos, from the first step on */
  char *service;
  char *host;
  gss_OID mechanism;
  gboolean is_bare;
  gss_name_t target;
  /* Of a server: */
  const LkGssAcceptor *acceptor;
  gss_cred_id_t accepting; /* the acceptor's, from the first token on */
  gss_name_t initiator;
  GBytes *binding;
  gboolean is_complete;
  OM_uint32 flags;
};

static LkGssContext *
context_new (GBytes *binding)
{
  LkGssContext *self = g_new0 (LkGssContext, 1);

  self->context = GSS_C_NO_CONTEXT;
  self->binding = binding != NULL ? g_bytes_ref (binding) : NULL;
  return self;
}

LkGssContext *
lk_gss_context_new_client (LkGssCredential *credential,
                           LkGssKind kind,
                           const char *service,
                           const char *host,
                           GBytes *binding)
{
  LkGssContext *self = context_new (binding);
  g_autofree char *target = g_strconcat (service, "@", host, NULL);
  gss_buffer_desc text = { strlen (target), target };
  OM_uint32 minor;

  self->credential = lk_gss_credential_ref (credential);
  self->service = g_strdup (service);
  self->host = g_strdup (host);
  self->mechanism = kind == LK_GSS_KERBEROS ? &lk_gss_oid_kerberos
                    : kind == LK_GSS_SPNEGO ? &lk_gss_oid_spnego
                                            : &lk_gss_oid_ntlm;
  gss_import_name (&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &self->target);
  return self;
}

void
lk_gss_context_leave_bare (LkGssContext *self)
{
  self->is_bare = TRUE;
}

LkGssContext *
lk_gss_context_new_server (LkGssAcceptor *acceptor, GBytes *binding)
{
  LkGssContext *self = context_new (binding);

  self->acceptor = acceptor;
  return self;
}

void
lk_gss_context_free (LkGssContext *self)
{
  OM_uint32 minor;

  if (self == NULL)
    return;
  if (self->context != GSS_C_NO_CONTEXT)
    gss_delete_sec_context (&minor, &self->context, GSS_C_NO_BUFFER);
  gss_release_name (&minor, &self->target);
  gss_release_name (&minor, &self->initiator);
  g_clear_pointer (&self->ticket, lk_gss_ticket_free);
  g_clear_pointer (&self->credential, lk_gss_credential_unref);
  g_free (self->service);
  g_free (self->host);
  g_clear_pointer (&self->binding, g_bytes_unref);
  g_free (self);
}

/* The credential that GSSAPI works with; GSS_C_NO_CREDENTIAL with an error when there is none. */
static gss_cred_id_t
find_credential (LkGssContext *self, LkGssTrouble *trouble, GError **error)
{
  if (self->mechanism == &lk_gss_oid_ntlm)
    return lk_gss_credential_get_ntlm (self->credential);

  if (self->ticket == NULL)
    self->ticket = lk_gss_ticket_new (self->credential, self->service, self->host, trouble, error);
  return self->ticket != NULL ? lk_gss_ticket_get (self->ticket) : GSS_C_NO_CREDENTIAL;
}

gboolean
lk_gss_context_step (LkGssContext *self,
                     const guint8 *token,
                     gsize length,
                     GBytes **out,
                     LkGssTrouble *trouble,
                     GError **error)
{
  gss_buffer_desc input = { length, (void *) token };
  gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
  struct gss_channel_bindings_struct binding = { 0 };
  gss_channel_bindings_t bindings = GSS_C_NO_CHANNEL_BINDINGS;
  OM_uint32 minor = 0;
  gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
  OM_uint32 ignored;
  OM_uint32 major;

  *out = NULL;
  *trouble = LK_GSS_OTHER;
  if (self->binding != NULL)
    {
      binding.application_data.value = (void *) g_bytes_get_data (self->binding, NULL);
      binding.application_data.length = g_bytes_get_size (self->binding);
      bindings = &binding;
    }

  if (self->acceptor == NULL)
    {
      credential = find_credential (self, trouble, error);
      if (credential == GSS_C_NO_CREDENTIAL)
        return FALSE;
    }
  if (self->acceptor != NULL)
    {
      if (self->context == GSS_C_NO_CONTEXT)
        self->accepting = lk_gss_acceptor_find (self->acceptor, token, length);
      gss_release_name (&ignored, &self->initiator);
      major = gss_accept_sec_context (&minor, &self->context, self->accepting, &input, bindings,
                                      &self->initiator, NULL, &output, &self->flags, NULL, NULL);
    }
  else
    major = gss_init_sec_context (&minor, credential, &self->context, self->target, self->mechanism,
                                  self->is_bare ? GSS_C_MUTUAL_FLAG : CLIENT_FLAGS, 0, bindings,
                                  token != NULL ? &input : GSS_C_NO_BUFFER, NULL, &output,
                                  &self->flags, NULL);

  if (output.length > 0)
    *out = g_bytes_new (output.value, output.length);
  gss_release_buffer (&ignored, &output);
  self->is_complete = major == GSS_S_COMPLETE;
  if (!GSS_ERROR (major))
    return TRUE;

  lk_gss_set_error (error, trouble, major, minor, self->mechanism);
  return FALSE;
}

gboolean
lk_gss_context_is_complete (const LkGssContext *self)
{
  return self->is_complete;
}

gboolean
lk_gss_context_is_mutual (const LkGssContext *self)
{
  return self->is_complete && (self->flags & GSS_C_MUTUAL_FLAG) != 0;
}

gboolean
lk_gss_context_is_bound (const LkGssContext *self)
{
  return self->is_complete && (self->flags & GSS_C_CHANNEL_BOUND_FLAG) != 0;
}

char *
lk_gss_context_dup_initiator (LkGssContext *self)
{
  gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor;
  char *name = NULL;

  if (self->initiator != GSS_C_NO_NAME &&
      gss_display_name (&minor, self->initiator, &text, NULL) == GSS_S_COMPLETE)
    name = g_utf8_make_valid (text.value, (gssize) text.length);
  gss_release_buffer (&minor, &text);
  return name;
}

static gboolean
is_ntlm (LkGssContext *self)
{
  gss_OID mechanism = GSS_C_NO_OID;
  OM_uint32 minor;

  return gss_inquire_context (&minor, self->context, NULL, NULL, NULL, &mechanism, NULL, NULL,
                              NULL) == GSS_S_COMPLETE &&
         mechanism != GSS_C_NO_OID && mechanism->length == lk_gss_oid_ntlm.length &&
         memcmp (mechanism->elements, lk_gss_oid_ntlm.elements, mechanism->length) == 0;
}

const char *
lk_gss_context_get_mechanism (LkGssContext *self)
{
  return is_ntlm (self) ? "NTLM" : "Kerberos";
}

static gboolean
fail_to_seal (OM_uint32 major, OM_uint32 minor, GError **error)
{
  LkGssTrouble trouble;

  lk_gss_set_error (error, &trouble, major, minor, &lk_gss_oid_kerberos);
  g_prefix_error (error, _ ("the message could not be sealed: "));
  return FALSE;
}

gboolean
lk_gss_context_wrap (LkGssContext *self,
                     gboolean sealed,
                     const void *plain,
                     gsize length,
                     GByteArray *token,
                     GError **error)
{
  gss_buffer_desc input = { length, (void *) plain };
  gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor = 0;
  OM_uint32 ignored;
  int is_sealed = 0;
  OM_uint32 major =
      gss_wrap (&minor, self->context, sealed, GSS_C_QOP_DEFAULT, &input, &is_sealed, &output);
  gboolean ok = major == GSS_S_COMPLETE && (is_sealed || !sealed);

  if (ok)
    g_byte_array_append (token, output.value, (guint) output.length);
  gss_release_buffer (&ignored, &output);
  return ok || fail_to_seal (major != GSS_S_COMPLETE ? major : GSS_S_FAILURE, minor, error);
}

/* gss-ntlmssp has no gss_wrap_iov(); its token begins with the signature. */
static gboolean
seal_in_one (LkGssContext *self,
             guint header_length,
             const void *plain,
             gsize length,
             GByteArray *header,
             GByteArray *sealed,
             GError **error)
{
  g_autoptr (GByteArray) token = g_byte_array_new ();

  if (!lk_gss_context_wrap (self, TRUE, plain, length, token, error))
    return FALSE;
  if (token->len < header_length)
    return fail_to_seal (GSS_S_FAILURE, 0, error);

  g_byte_array_append (header, token->data, header_length);
  g_byte_array_append (sealed, token->data + header_length, token->len - header_length);
  return TRUE;
}

/* RFC 4121 4.2.6.2 with everything but the data in front (RRC 28 for AES), which is the only form
 * that Windows opens. */
static gboolean
seal_in_parts (LkGssContext *self,
               const void *plain,
               gsize length,
               GByteArray *header,
               GByteArray *sealed,
               GError **error)
{
  g_autofree guint8 *data = g_memdup2 (plain, length);
  gss_iov_buffer_desc parts[] = {
    { .type = GSS_IOV_BUFFER_TYPE_HEADER | GSS_IOV_BUFFER_FLAG_ALLOCATE },
    { .type = GSS_IOV_BUFFER_TYPE_DATA, .buffer = { length, data } },
    { .type = GSS_IOV_BUFFER_TYPE_PADDING | GSS_IOV_BUFFER_FLAG_ALLOCATE },
  };
  OM_uint32 minor = 0;
  OM_uint32 ignored;
  int is_sealed = 0;
  OM_uint32 major = gss_wrap_iov (&minor, self->context, 1, GSS_C_QOP_DEFAULT, &is_sealed, parts,
                                  G_N_ELEMENTS (parts));
  gboolean ok = major == GSS_S_COMPLETE && is_sealed;

  if (ok)
    {
      g_byte_array_append (header, parts[0].buffer.value, (guint) parts[0].buffer.length);
      g_byte_array_append (sealed, data, (guint) length);
      g_byte_array_append (sealed, parts[2].buffer.value, (guint) parts[2].buffer.length);
    }
  else
    sodium_memzero (data, length);
  gss_release_iov_buffer (&ignored, parts, G_N_ELEMENTS (parts));
  return ok || fail_to_seal (major != GSS_S_COMPLETE ? major : GSS_S_FAILURE, minor, error);
}

gboolean
lk_gss_context_seal (LkGssContext *self,
                     gboolean plainly,
                     const void *plain,
                     gsize length,
                     GByteArray *header,
                     GByteArray *sealed,
                     GError **error)
{
  if (is_ntlm (self))
    return seal_in_one (self, NTLM_SIGNATURE, plain, length, header, sealed, error);
  if (plainly)
    return seal_in_one (self, 16, plain, length, header, sealed, error);
  return seal_in_parts (self, plain, length, header, sealed, error);
}

static gboolean
unwrap (LkGssContext *self,
        gboolean sealed,
        const guint8 *token,
        gsize length,
        GByteArray *plain,
        GError **error)
{
  gss_buffer_desc input = { length, (void *) token };
  gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor = 0;
  OM_uint32 ignored;
  int is_sealed = 0;
  OM_uint32 major = gss_unwrap (&minor, self->context, &input, &output, &is_sealed, NULL);
  /* Supplementary bits tell of replays and gaps; on one connection neither can happen honestly. */
  gboolean ok = major == GSS_S_COMPLETE && (is_sealed || !sealed);

  if (ok)
    {
      g_byte_array_set_size (plain, 0);
      g_byte_array_append (plain, output.value, (guint) output.length);
    }
  else
    g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("the sealed message cannot be opened: %s"),
                 major == GSS_S_COMPLETE ? _ ("it is signed only")
                                         : _ ("it was changed on the way, or is out of order"));
  if (output.value != NULL)
    sodium_memzero (output.value, output.length);
  gss_release_buffer (&ignored, &output);
  return ok;
}

gboolean
lk_gss_context_unwrap (LkGssContext *self,
                       const guint8 *token,
                       gsize length,
                       GByteArray *plain,
                       GError **error)
{
  return unwrap (self, FALSE, token, length, plain, error);
}

gboolean
lk_gss_context_open (LkGssContext *self,
                     const guint8 *token,
                     gsize length,
                     GByteArray *plain,
                     GError **error)
{
  return unwrap (self, TRUE, token, length, plain, error);
}
