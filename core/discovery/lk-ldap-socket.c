/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-ldap-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <openldap.h>
#include <string.h>

/* What libldap reads and writes through: our channel, and the seal of Kerberos where there is one.
 * A read waits for the first byte, as long as the connection's patience lasts. */

#define MAX_MESSAGE (4 * 1024 * 1024) /* one entry, one page's end */
#define MAX_SEALED  (16 * 1024 * 1024 + 1024)

/* Never an errno on which libldap would try again. */
static ber_slen_t
fail (LkLdapConnection *self, LkIo io)
{
  self->io = io;
  errno = io == LK_IO_CLOSED ? ECONNRESET : io == LK_IO_TIMED_OUT ? ETIMEDOUT : EIO;
  return -1;
}

static ber_slen_t
fail_seal (LkLdapConnection *self, const char *why)
{
  g_free (self->trouble);
  self->trouble = g_strdup (why);
  return fail (self, LK_IO_FAILED);
}

static gboolean
receive_all (LkLdapConnection *self, guint8 *data, gsize length)
{
  for (gsize at = 0; at < length;)
    {
      gsize n = 0;
      LkIo io =
          lk_channel_receive (self->channel, (char *) data + at, length - at, &n, &self->patience);

      if (io != LK_IO_OK)
        {
          fail (self, io);
          return FALSE;
        }
      at += n;
    }

  return TRUE;
}

/* RFC 4422 3.7: four bytes of length, and a token. */
static gboolean
receive_sealed (LkLdapConnection *self)
{
  guint8 head[4];
  guint32 length;
  g_autofree guint8 *token = NULL;
  g_autoptr (GError) error = NULL;

  if (!receive_all (self, head, sizeof head))
    return FALSE;
  length = (guint32) head[0] << 24 | (guint32) head[1] << 16 | (guint32) head[2] << 8 | head[3];
  if (length == 0 || length > MAX_SEALED)
    {
      fail_seal (self, _ ("it sent a sealed message of an impossible length"));
      return FALSE;
    }

  token = g_malloc (length);
  if (!receive_all (self, token, length))
    return FALSE;
  self->opened_at = 0;
  if (lk_gss_context_open (self->gss, token, length, self->opened, &error))
    return TRUE;
  fail_seal (self, error->message);
  return FALSE;
}

static ber_slen_t
on_read (Sockbuf_IO_Desc *desc, void *buffer, ber_len_t size)
{
  LkLdapConnection *self = desc->sbiod_pvt;
  gsize n = 0;
  LkIo io;

  if (self->gss == NULL)
    {
      io = lk_channel_receive (self->channel, buffer, size, &n, &self->patience);
      return io == LK_IO_OK ? (ber_slen_t) n : fail (self, io);
    }

  while (self->opened_at == self->opened->len)
    if (!receive_sealed (self))
      return -1;
  n = MIN (size, self->opened->len - self->opened_at);
  memcpy (buffer, self->opened->data + self->opened_at, n);
  self->opened_at += (guint) n;
  return (ber_slen_t) n;
}

static ber_slen_t
on_write (Sockbuf_IO_Desc *desc, void *buffer, ber_len_t size)
{
  LkLdapConnection *self = desc->sbiod_pvt;
  g_autoptr (GByteArray) token = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gsize left = 0;
  LkIo io;

  if (self->gss == NULL)
    {
      io = lk_channel_send (self->channel, buffer, size, &left, &self->patience);
      return io == LK_IO_OK ? (ber_slen_t) size : fail (self, io);
    }

  g_byte_array_set_size (token, 4);
  if (!lk_gss_context_wrap (self->gss, TRUE, buffer, size, token, &error))
    return fail_seal (self, error->message);
  for (guint i = 0; i < 4; i++)
    token->data[i] = (guint8) ((token->len - 4) >> (24 - 8 * i));
  io = lk_channel_send (self->channel, token->data, token->len, &left, &self->patience);
  return io == LK_IO_OK ? (ber_slen_t) size : fail (self, io);
}

static int
on_setup (Sockbuf_IO_Desc *desc, void *connection)
{
  desc->sbiod_pvt = connection;
  return 0;
}

/* libldap must not wait by itself, which nobody could cut short: there is always something to read,
 * as far as it knows. */
static int
on_control (Sockbuf_IO_Desc *desc, int option, void *argument)
{
  return option == LBER_SB_OPT_DATA_READY ? 1 : 0;
}

static int
on_end (Sockbuf_IO_Desc *desc)
{
  return 0;
}

static Sockbuf_IO handlers = {
  .sbi_setup = on_setup,
  .sbi_remove = on_end,
  .sbi_ctrl = on_control,
  .sbi_read = on_read,
  .sbi_write = on_write,
  .sbi_close = on_end,
};

gboolean
lk_ldap_socket_attach (LkLdapConnection *self, GError **error)
{
  int version = LDAP_VERSION3;
  ber_len_t largest = MAX_MESSAGE;
  Sockbuf *socket = NULL;
  /* Were it ever to connect by itself, it would find nobody there. */
  int result = ldap_init_fd (lk_channel_get_fd (self->channel), LDAP_PROTO_EXT,
                             "ldapi://%2Fnonexistent", &self->ldap);

  if (result != LDAP_SUCCESS)
    {
      self->ldap = NULL;
      return lk_ldap_connection_fail (self, LK_ERROR_INVALID, error, "libldap: %s",
                                      ldap_err2string (result));
    }

  ldap_set_option (self->ldap, LDAP_OPT_PROTOCOL_VERSION, &version);
  ldap_set_option (self->ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  ldap_get_option (self->ldap, LDAP_OPT_SOCKBUF, &socket);
  ber_sockbuf_ctrl (socket, LBER_SB_OPT_SET_MAX_INCOMING, &largest);
  ber_sockbuf_add_io (socket, &handlers, LBER_SBIOD_LEVEL_PROVIDER, self);
  return TRUE;
}
