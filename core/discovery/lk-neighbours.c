/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-neighbours.h"

#include "base/lk-error.h"
#include "discovery/lk-mdns.h"
#include "discovery/lk-netbios.h"
#include "discovery/lk-range.h"
#include "discovery/lk-wsd.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINE   4096  /* questions that wait */
#define MAX_ASKED  65536 /* things that are not asked for again */
#define MAX_AT_ONE 64    /* datagrams that are taken in before others have their turn */
#define MAX_PATH   256
#define SMB        "_smb._tcp.local"

/* One socket, for one family on one interface; all three protocols go through it, since answers
 * come to the port that asked. */
typedef struct
{
  int fd;
  int family;
  const LkInterface *interface; /* NULL: any */
} Socket;

typedef struct
{
  const Socket *socket;
  LkAddress to;
  GBytes *bytes;
} Datagram;

struct _LkNeighbours
{
  Socket sockets[LK_NEIGHBOURS_MAX_SOCKETS];
  guint n_sockets;
  LkNeighbourFuncs funcs;
  GQueue line;       /* of Datagram */
  GHashTable *asked; /* what was asked for: a letter for its kind, and its name */
  guint16 id;        /* of our NetBIOS questions */
  guint8 buffer[LK_WSD_MAX_MESSAGE];
};

static void
datagram_free (gpointer data)
{
  Datagram *self = data;

  g_bytes_unref (self->bytes);
  g_free (self);
}

void
lk_neighbours_free (LkNeighbours *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_sockets; i++)
    close (self->sockets[i].fd);
  g_queue_clear_full (&self->line, datagram_free);
  g_hash_table_unref (self->asked);
  g_free (self);
}

/* Multicast leaves through the socket's own interface and does not come back to it. */
static gboolean
prepare (int fd, int family, const LkInterface *interface)
{
  int yes = 1;
  int hops = 1;
  int index = interface != NULL ? (int) interface->index : 0;
  struct ip_mreqn request = { .imr_ifindex = index };

  if (family == AF_INET)
    return setsockopt (fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes) == 0 &&
           setsockopt (fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops) == 0 &&
           (index == 0 ||
            setsockopt (fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) == 0);
  return setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0 &&
         setsockopt (fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) == 0 &&
         setsockopt (fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index) == 0;
}

static void
add_socket (LkNeighbours *self, const LkAddress *own, const LkInterface *interface)
{
  const struct sockaddr *address = (const void *) &own->storage;
  int fd;

  if (self->n_sockets == LK_NEIGHBOURS_MAX_SOCKETS)
    return;
  fd = socket (address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 && prepare (fd, address->sa_family, interface) &&
      bind (fd, address, own->length) == 0)
    self->sockets[self->n_sockets++] = (Socket){ fd, address->sa_family, interface };
  else if (fd >= 0)
    {
      g_debug ("No multicast on %s: %s", interface != NULL ? interface->name : "any interface",
               g_strerror (errno));
      close (fd);
    }
}

static gboolean
is_multicast_source (const LkAddress *address)
{
  const struct sockaddr_in6 *six = (const void *) &address->storage;

  return address->storage.ss_family == AF_INET || IN6_IS_ADDR_LINKLOCAL (&six->sin6_addr);
}

/* The first IPv4 address of an interface and its link-local one get a socket each. */
static void
add_interface (LkNeighbours *self, const LkInterface *interface)
{
  gboolean has_family[2] = { FALSE, FALSE };

  for (guint i = 0; i < interface->addresses->len; i++)
    {
      LkAddress own = g_array_index (interface->addresses, LkInterfaceAddress, i).address;
      gboolean is_six = own.storage.ss_family == AF_INET6;

      if (has_family[is_six] || !is_multicast_source (&own))
        continue;
      has_family[is_six] = TRUE;
      lk_address_set_port (&own, 0);
      add_socket (self, &own, interface);
    }
}

LkNeighbours *
lk_neighbours_new (GPtrArray *interfaces, const LkNeighbourFuncs *funcs, GError **error)
{
  g_autoptr (LkNeighbours) self = g_new0 (LkNeighbours, 1);
  LkAddress any;

  self->funcs = *funcs;
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->id = (guint16) g_random_int_range (1, G_MAXUINT16);
  g_queue_init (&self->line);
  lk_address_parse ("0.0.0.0", 0, &any);
  if (interfaces == NULL)
    add_socket (self, &any, NULL);
  for (guint i = 0; interfaces != NULL && i < interfaces->len; i++)
    add_interface (self, g_ptr_array_index (interfaces, i));

  if (self->n_sockets > 0)
    return g_steal_pointer (&self);
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("No network interface could be asked; name one with --interface, or probe"
                  " addresses with: latchkeyctl discover range"));
  return NULL;
}

/* Whether it is the first time that this is asked for. */
static gboolean
is_first (LkNeighbours *self, char kind, const char *name)
{
  char *key;

  if (g_hash_table_size (self->asked) >= MAX_ASKED)
    return FALSE;
  key = g_strdup_printf ("%c%s", kind, name);
  return g_hash_table_add (self->asked, key);
}

/* Takes @bytes, which may be NULL. */
static void
push (LkNeighbours *self, const Socket *socket, const LkAddress *to, GBytes *bytes)
{
  Datagram *datagram;

  if (bytes == NULL || self->line.length >= MAX_LINE)
    {
      g_clear_pointer (&bytes, g_bytes_unref);
      return;
    }
  datagram = g_new0 (Datagram, 1);
  datagram->socket = socket;
  datagram->to = *to;
  datagram->bytes = bytes;
  g_queue_push_tail (&self->line, datagram);
}

static void
push_to_group (LkNeighbours *self,
               const Socket *socket,
               const char *four,
               const char *six,
               guint16 port,
               GBytes *bytes)
{
  LkAddress to;

  lk_address_parse (socket->family == AF_INET ? four : six, port, &to);
  if (socket->family == AF_INET6)
    ((struct sockaddr_in6 *) (void *) &to.storage)->sin6_scope_id = socket->interface->index;
  push (self, socket, &to, bytes);
}

static GBytes *
to_bytes (GByteArray *packet)
{
  return packet != NULL ? g_byte_array_free_to_bytes (packet) : NULL;
}

static void
push_name_query (LkNeighbours *self, const Socket *socket, const char *name, guint8 suffix)
{
  if (socket->family != AF_INET || socket->interface == NULL)
    return;
  for (guint i = 0; i < socket->interface->addresses->len; i++)
    {
      const LkInterfaceAddress *own =
          &g_array_index (socket->interface->addresses, LkInterfaceAddress, i);
      LkAddress to = own->broadcast;

      if (to.length == 0)
        continue;
      lk_address_set_port (&to, LK_NETBIOS_PORT);
      push (self, socket, &to, to_bytes (lk_netbios_write_query (self->id, name, suffix)));
    }
}

/* Who browses for a workgroup: its master, its domain's master, and all who take part. */
static void
push_workgroup (LkNeighbours *self, const Socket *socket, const char *workgroup)
{
  push_name_query (self, socket, workgroup, LK_NETBIOS_MASTER);
  push_name_query (self, socket, workgroup, LK_NETBIOS_PDC);
  push_name_query (self, socket, workgroup, LK_NETBIOS_ELECTION);
}

static void
push_mdns (LkNeighbours *self, const Socket *socket, LkMdnsKind kind, const char *const *names)
{
  push_to_group (self, socket, LK_MDNS_GROUP, LK_MDNS_GROUP_V6, LK_MDNS_PORT,
                 to_bytes (lk_mdns_write_query (kind, names)));
}

void
lk_neighbours_ask_all (LkNeighbours *self, const char *workgroup)
{
  static const char *const services[] = { SMB, "_workstation._tcp.local", "_wsman._tcp.local",
                                          "_wsmans._tcp.local", NULL };

  for (guint i = 0; i < self->n_sockets; i++)
    {
      const Socket *socket = &self->sockets[i];

      push_to_group (self, socket, LK_WSD_GROUP, LK_WSD_GROUP_V6, LK_WSD_PORT,
                     lk_wsd_write_probe ());
      push_mdns (self, socket, LK_MDNS_PTR, services);
      push_name_query (self, socket, "*", 0);
      push_name_query (self, socket, LK_NETBIOS_BROWSERS, LK_NETBIOS_MASTERS);
      if (workgroup != NULL)
        push_workgroup (self, socket, workgroup);
    }
}

/* The socket whose interface reaches @address; else any of its family. */
static const Socket *
find_socket (const LkNeighbours *self, const LkAddress *address)
{
  const Socket *any = NULL;

  for (guint i = 0; i < self->n_sockets; i++)
    {
      const Socket *socket = &self->sockets[i];

      if (socket->family != address->storage.ss_family)
        continue;
      if (socket->interface == NULL || lk_interface_is_near (socket->interface, address))
        return socket;
      any = socket;
    }

  return any;
}

gboolean
lk_neighbours_ask_status (LkNeighbours *self, const LkAddress *address)
{
  const Socket *socket = find_socket (self, address);
  g_autofree char *host = lk_address_to_host (address);
  g_autoptr (GByteArray) packet = NULL;
  LkAddress to = *address;

  if (socket == NULL || socket->family != AF_INET || !is_first (self, 's', host))
    return FALSE;

  packet = lk_netbios_write_status (self->id);
  lk_address_set_port (&to, LK_NETBIOS_PORT);
  return sendto (socket->fd, packet->data, packet->len, MSG_NOSIGNAL, (const void *) &to.storage,
                 to.length) >= 0;
}

gboolean
lk_neighbours_send_next (LkNeighbours *self)
{
  Datagram *datagram = g_queue_pop_head (&self->line);
  gconstpointer bytes;
  gsize length;

  if (datagram == NULL)
    return FALSE;

  bytes = g_bytes_get_data (datagram->bytes, &length);
  if (sendto (datagram->socket->fd, bytes, length, MSG_NOSIGNAL,
              (const void *) &datagram->to.storage, datagram->to.length) < 0)
    g_debug ("A question could not be sent: %s", g_strerror (errno));
  datagram_free (datagram);
  return TRUE;
}

guint
lk_neighbours_get_fds (LkNeighbours *self, struct pollfd *fds)
{
  for (guint i = 0; i < self->n_sockets; i++)
    fds[i] = (struct pollfd){ .fd = self->sockets[i].fd, .events = POLLIN };
  return self->n_sockets;
}

static void
give_evidence (LkNeighbours *self, const LkEvidence *evidence)
{
  self->funcs.evidence (evidence, self->funcs.user_data);
}

/* Only what can be reached through the interface that asked is of interest. */
static gboolean
is_near (const Socket *socket, const LkAddress *address)
{
  return socket->interface == NULL || lk_interface_is_near (socket->interface, address);
}

static void
take_status (LkNeighbours *self, const LkAddress *from, const LkNetbiosAnswer *answer)
{
  const char *workgroup = lk_netbios_get_workgroup (answer);
  LkEvidence evidence = { .means = LK_MEANS_NETBIOS, .address = from, .group = workgroup };

  evidence.name = lk_netbios_get_machine (answer);
  give_evidence (self, &evidence);
  self->funcs.address (from, self->funcs.user_data);
  if (workgroup == NULL || !is_first (self, 'w', workgroup))
    return;
  for (guint i = 0; i < self->n_sockets; i++)
    push_workgroup (self, &self->sockets[i], workgroup);
}

static void
take_netbios (LkNeighbours *self, const Socket *socket, const LkAddress *from, gsize length)
{
  g_autoptr (LkNetbiosAnswer) answer = lk_netbios_read (self->buffer, length);
  LkAddress to = *from;

  if (answer == NULL || answer->id != self->id)
    return;
  if (answer->is_status)
    {
      take_status (self, from, answer);
      return;
    }

  lk_neighbours_ask_status (self, from);
  for (guint i = 0; i < answer->addresses->len; i++)
    {
      ((struct sockaddr_in *) (void *) &to.storage)->sin_addr =
          g_array_index (answer->addresses, struct in_addr, i);
      if (is_near (socket, &to))
        lk_neighbours_ask_status (self, &to);
    }
}

/* Link-local addresses in messages do not say of which link. */
static void
set_scope (LkAddress *address, const Socket *socket)
{
  struct sockaddr_in6 *six = (void *) &address->storage;

  if (six->sin6_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL (&six->sin6_addr) &&
      socket->interface != NULL)
    six->sin6_scope_id = socket->interface->index;
}

static gboolean
has_record (GPtrArray *records, LkMdnsKind kind, const char *name)
{
  for (guint i = 0; i < records->len; i++)
    {
      const LkMdnsRecord *record = g_ptr_array_index (records, i);

      if (record->kind == kind && g_ascii_strcasecmp (record->name, name) == 0)
        return TRUE;
    }

  return FALSE;
}

static void
follow_mdns (LkNeighbours *self, const Socket *socket, LkMdnsKind kind, const char *name)
{
  const char *const names[] = { name, NULL };

  if (is_first (self, kind == LK_MDNS_SRV ? 'i' : 'h', name))
    push_mdns (self, socket, kind, names);
}

static void
take_mdns_address (LkNeighbours *self, const Socket *socket, const LkMdnsRecord *record)
{
  LkEvidence evidence = { .means = LK_MEANS_MDNS, .full_name = record->name };
  LkAddress address = record->address;

  set_scope (&address, socket);
  if (!is_near (socket, &address))
    return;
  evidence.address = &address;
  give_evidence (self, &evidence);
  self->funcs.address (&address, self->funcs.user_data);
  lk_neighbours_ask_status (self, &address);
}

static void
take_mdns (LkNeighbours *self, const Socket *socket, gsize length)
{
  g_autoptr (GPtrArray) records = lk_mdns_read (self->buffer, length);

  for (guint i = 0; records != NULL && i < records->len; i++)
    {
      const LkMdnsRecord *record = g_ptr_array_index (records, i);

      switch (record->kind)
        {
        case LK_MDNS_PTR:
          if (!has_record (records, LK_MDNS_SRV, record->target))
            follow_mdns (self, socket, LK_MDNS_SRV, record->target);
          break;
        case LK_MDNS_SRV:
          if (!has_record (records, LK_MDNS_ADDRESS, record->target))
            follow_mdns (self, socket, LK_MDNS_ADDRESS, record->target);
          break;
        case LK_MDNS_ADDRESS:
          take_mdns_address (self, socket, record);
          break;
        }
    }
}

/* A device may only send us to itself. */
static gboolean
parse_url (const char *url,
           const Socket *socket,
           const LkAddress *from,
           LkAddress *address,
           char **path)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
  int port = uri != NULL ? g_uri_get_port (uri) : -1;

  if (uri == NULL || g_uri_get_host (uri) == NULL || strlen (url) > MAX_PATH ||
      g_strcmp0 (g_uri_get_scheme (uri), "http") != 0 ||
      !lk_address_parse (g_uri_get_host (uri), (guint16) (port > 0 ? port : 80), address))
    return FALSE;

  set_scope (address, socket);
  for (const char *p = g_uri_get_path (uri); *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return FALSE;
  *path = g_strdup (*g_uri_get_path (uri) == '/' ? g_uri_get_path (uri) : "/");
  return lk_address_is_same (address, from);
}

static void
take_match (LkNeighbours *self,
            const Socket *socket,
            const LkAddress *from,
            const LkWsdMatch *match)
{
  LkEvidence evidence = { .means = LK_MEANS_WSD, .endpoint = match->endpoint, .address = from };

  give_evidence (self, &evidence);
  if (match->urls[0] == NULL && is_first (self, 'r', match->endpoint))
    push_to_group (self, socket, LK_WSD_GROUP, LK_WSD_GROUP_V6, LK_WSD_PORT,
                   lk_wsd_write_resolve (match->endpoint));
  for (guint i = 0; match->urls[i] != NULL; i++)
    {
      g_autofree char *path = NULL;
      LkAddress address;

      if (parse_url (match->urls[i], socket, from, &address, &path) &&
          is_first (self, 'm', match->endpoint))
        self->funcs.metadata (&address, path, match->endpoint, self->funcs.user_data);
    }
}

static void
take_wsd (LkNeighbours *self, const Socket *socket, const LkAddress *from, gsize length)
{
  g_autoptr (GPtrArray) matches = lk_wsd_read_matches ((const char *) self->buffer, length);

  for (guint i = 0; matches != NULL && i < matches->len; i++)
    take_match (self, socket, from, g_ptr_array_index (matches, i));
  if (matches == NULL || matches->len == 0)
    return;
  self->funcs.address (from, self->funcs.user_data);
  lk_neighbours_ask_status (self, from);
}

/* What a datagram is shows by how it begins, and else by the port that it comes from. */
static void
take (LkNeighbours *self, const Socket *socket, LkAddress *from, gsize length)
{
  guint16 port = lk_address_get_port (from);

  lk_address_set_port (from, 0);
  if (!is_near (socket, from))
    return;
  if (length > 0 && self->buffer[0] == '<')
    take_wsd (self, socket, from, length);
  else if (port == LK_MDNS_PORT)
    take_mdns (self, socket, length);
  else
    take_netbios (self, socket, from, length);
}

void
lk_neighbours_receive (LkNeighbours *self)
{
  for (guint i = 0; i < self->n_sockets; i++)
    for (guint n = 0; n < MAX_AT_ONE; n++)
      {
        LkAddress from = { .length = sizeof from.storage };
        gssize length = recvfrom (self->sockets[i].fd, self->buffer, sizeof self->buffer, 0,
                                  (void *) &from.storage, &from.length);

        if (length < 0 && errno != EINTR)
          break;
        if (length >= 0)
          take (self, &self->sockets[i], &from, (gsize) length);
      }
}
