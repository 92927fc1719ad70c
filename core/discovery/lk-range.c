/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-range.h"

#include "base/lk-error.h"
#include "base/lk-xml.h"

#include <arpa/inet.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

/* An IPv4 address as IPv6 maps it: ::ffff:10.0.0.7. */
#define MAPPED     G_GUINT64_CONSTANT (0x0000FFFF00000000)
#define MAX_RANGES 16384
#define MAX_TEXT   128

/* Addresses whose upper half is the same; more are never probed in one go. */
typedef struct
{
  guint64 net;
  guint64 first;
  guint64 last;
  guint32 scope; /* the interface of link-local ones, else 0 */
} Range;

struct _LkRanges
{
  GArray *ranges; /* of Range, in the order in which they were added, none touching another */
  guint64 count;
  guint64 max;
};

LkRanges *
lk_ranges_new (guint64 max_addresses)
{
  LkRanges *self = g_new0 (LkRanges, 1);

  self->ranges = g_array_new (FALSE, FALSE, sizeof (Range));
  self->max = max_addresses != 0 ? max_addresses : LK_RANGES_MAX_ADDRESSES;
  return self;
}

void
lk_ranges_free (LkRanges *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->ranges);
  g_free (self);
}

static guint64
read_half (const guint8 *bytes)
{
  guint64 value = 0;

  for (int i = 0; i < 8; i++)
    value = value << 8 | bytes[i];
  return value;
}

static void
write_half (guint8 *bytes, guint64 value)
{
  for (int i = 7; i >= 0; i--, value >>= 8)
    bytes[i] = (guint8) value;
}

static Range
range_from_address (const LkAddress *address)
{
  const struct sockaddr_in *four = (const void *) &address->storage;
  const struct sockaddr_in6 *six = (const void *) &address->storage;
  Range range = { 0 };

  if (address->storage.ss_family == AF_INET)
    range.first = MAPPED | ntohl (four->sin_addr.s_addr);
  else
    {
      range.net = read_half (six->sin6_addr.s6_addr);
      range.first = read_half (six->sin6_addr.s6_addr + 8);
      range.scope = six->sin6_scope_id;
    }
  range.last = range.first;
  return range;
}

static gboolean
is_four (const Range *range)
{
  return range->net == 0 && range->first >> 32 == MAPPED >> 32;
}

static void
get_nth (const Range *range, guint64 offset, LkAddress *address)
{
  struct sockaddr_in *four = (void *) &address->storage;
  struct sockaddr_in6 *six = (void *) &address->storage;

  memset (address, 0, sizeof *address);
  if (is_four (range))
    {
      address->length = sizeof *four;
      four->sin_family = AF_INET;
      four->sin_addr.s_addr = htonl ((guint32) (range->first + offset));
      return;
    }

  address->length = sizeof *six;
  six->sin6_family = AF_INET6;
  six->sin6_scope_id = range->scope;
  write_half (six->sin6_addr.s6_addr, range->net);
  write_half (six->sin6_addr.s6_addr + 8, range->first + offset);
}

static gboolean
is_same_net (const Range *a, const Range *b)
{
  return a->net == b->net && a->scope == b->scope;
}

/* What of @range is not in the set yet goes into it; pieces, where it has a part in its middle. */
static void
add_missing (LkRanges *self, Range range)
{
  for (guint i = 0; i < self->ranges->len; i++)
    {
      const Range *other = &g_array_index (self->ranges, Range, i);

      if (!is_same_net (other, &range) || other->last < range.first || other->first > range.last)
        continue;
      if (other->first > range.first)
        {
          Range before = range;

          before.last = other->first - 1;
          add_missing (self, before);
          other = &g_array_index (self->ranges, Range, i);
        }
      if (other->last >= range.last)
        return;
      range.first = other->last + 1;
    }

  g_array_append_val (self->ranges, range);
  self->count += range.last - range.first + 1;
}

static gboolean
fail_too_many (const LkRanges *self, const char *text, GError **error)
{
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("“%s” makes it more than %" PRIu64
                  " addresses, which is the most that is probed in one go; name smaller ranges"),
               text, self->max);
  return FALSE;
}

static gboolean
add_range (LkRanges *self,
           const Range *range,
           const char *text,
           gboolean *is_double,
           GError **error)
{
  guint64 before = self->count;

  /* The difference first, since the number of a whole half does not fit. */
  if (range->last - range->first >= self->max)
    return fail_too_many (self, text, error);
  if (self->ranges->len >= MAX_RANGES)
    {
      g_set_error (
          error, LK_ERROR, LK_ERROR_INVALID,
          _ ("“%s” is one too many; put long lists into a file: latchkeyctl discover file"), text);
      return FALSE;
    }

  add_missing (self, *range);
  if (self->count > self->max)
    {
      while (self->count > before)
        {
          const Range *last = &g_array_index (self->ranges, Range, self->ranges->len - 1);

          self->count -= last->last - last->first + 1;
          g_array_set_size (self->ranges, self->ranges->len - 1);
        }
      return fail_too_many (self, text, error);
    }
  if (self->count == before)
    {
      if (is_double != NULL)
        *is_double = TRUE;
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” was named already"), text);
      return FALSE;
    }

  return TRUE;
}

static gboolean
fail_not_address (const char *text, GError **error)
{
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("“%s” is not an address; write 10.0.0.7, 10.0.0.0/24, 10.0.0.5-90 or the same in"
                  " IPv6"),
               text);
  return FALSE;
}

/* "ADDRESS/BITS": every address of the network, whatever stands in the other bits. */
static gboolean
add_network (LkRanges *self,
             const char *text,
             const char *slash,
             gboolean *is_double,
             GError **error)
{
  g_autofree char *host = g_strndup (text, (gsize) (slash - text));
  LkAddress address;
  guint64 bits;
  guint64 mask;
  guint width;
  Range range;

  if (!lk_address_parse (host, 0, &address))
    return fail_not_address (text, error);

  range = range_from_address (&address);
  width = is_four (&range) ? 32 : 128;
  if (!lk_text_to_uint (slash + 1, width, &bits))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("“%s” does not end in a prefix length from 0 to %u"), text, width);
      return FALSE;
    }
  if (width - bits >= 64)
    return fail_too_many (self, text, error);

  mask = (G_GUINT64_CONSTANT (1) << (width - bits)) - 1;
  range.first &= ~mask;
  range.last = range.first | mask;
  return add_range (self, &range, text, is_double, error);
}

/* "10.0.0.5-90" means the last number only. */
static gboolean
parse_end (const LkAddress *first, const char *text, LkAddress *last)
{
  struct sockaddr_in *four = (void *) &last->storage;
  guint64 number;

  if (lk_address_parse (text, 0, last))
    return last->storage.ss_family == first->storage.ss_family;
  if (first->storage.ss_family != AF_INET || !lk_text_to_uint (text, 255, &number))
    return FALSE;

  *last = *first;
  four->sin_addr.s_addr = htonl ((ntohl (four->sin_addr.s_addr) & 0xFFFFFF00u) | (guint32) number);
  return TRUE;
}

static gboolean
add_from_to (LkRanges *self,
             const char *text,
             const char *dash,
             gboolean *is_double,
             GError **error)
{
  g_autofree char *from = g_strndup (text, (gsize) (dash - text));
  LkAddress first;
  LkAddress last;
  Range range;
  Range end;

  if (!lk_address_parse (g_strstrip (from), 0, &first) || !parse_end (&first, dash + 1, &last))
    return fail_not_address (text, error);

  range = range_from_address (&first);
  end = range_from_address (&last);
  if (range.net != end.net)
    return fail_too_many (self, text, error);
  if (end.first < range.first)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” ends before it begins"), text);
      return FALSE;
    }

  range.last = end.first;
  return add_range (self, &range, text, is_double, error);
}

gboolean
lk_ranges_add (LkRanges *self, const char *text, gboolean *is_double, GError **error)
{
  const char *slash = strchr (text, '/');
  const char *dash = strchr (text, '-');
  LkAddress address;
  Range range;

  if (is_double != NULL)
    *is_double = FALSE;
  if (strlen (text) > MAX_TEXT)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("a range is too long"));
      return FALSE;
    }
  if (slash != NULL)
    return add_network (self, text, slash, is_double, error);
  if (dash != NULL && !lk_address_parse (text, 0, &address))
    return add_from_to (self, text, dash, is_double, error);
  if (!lk_address_parse (text, 0, &address))
    return fail_not_address (text, error);

  range = range_from_address (&address);
  return add_range (self, &range, text, is_double, error);
}

gboolean
lk_range_is_meant (const char *text)
{
  return strpbrk (text, "/:") != NULL || text[strspn (text, "0123456789.-")] == '\0';
}

guint64
lk_ranges_count (const LkRanges *self)
{
  return self->count;
}

gboolean
lk_ranges_contains (const LkRanges *self, const LkAddress *address)
{
  Range one = range_from_address (address);

  for (guint i = 0; i < self->ranges->len; i++)
    {
      const Range *range = &g_array_index (self->ranges, Range, i);

      if (is_same_net (range, &one) && range->first <= one.first && one.first <= range->last)
        return TRUE;
    }

  return FALSE;
}

gboolean
lk_ranges_next (const LkRanges *self, LkRangeWalk *walk, LkAddress *address)
{
  const Range *range;

  if (walk->range >= self->ranges->len)
    return FALSE;

  range = &g_array_index (self->ranges, Range, walk->range);
  get_nth (range, walk->offset, address);
  if (walk->offset++ == range->last - range->first)
    *walk = (LkRangeWalk){ .range = walk->range + 1 };
  return TRUE;
}

gboolean
lk_address_parse (const char *text, guint16 port, LkAddress *address)
{
  struct sockaddr_in *four = (void *) &address->storage;
  struct sockaddr_in6 *six = (void *) &address->storage;
  const char *percent = strchr (text, '%');
  g_autofree char *host = g_strndup (text, percent != NULL ? (gsize) (percent - text) : MAX_TEXT);

  memset (address, 0, sizeof *address);
  if (percent == NULL && inet_pton (AF_INET, host, &four->sin_addr) == 1)
    {
      four->sin_family = AF_INET;
      address->length = sizeof *four;
    }
  else if (inet_pton (AF_INET6, host, &six->sin6_addr) == 1)
    {
      six->sin6_family = AF_INET6;
      address->length = sizeof *six;
      if (percent != NULL)
        six->sin6_scope_id = if_nametoindex (percent + 1);
      if (percent != NULL && six->sin6_scope_id == 0)
        return FALSE;
    }
  else
    return FALSE;

  lk_address_set_port (address, port);
  return TRUE;
}

char *
lk_address_to_host (const LkAddress *address)
{
  const struct sockaddr_in *four = (const void *) &address->storage;
  const struct sockaddr_in6 *six = (const void *) &address->storage;
  char text[INET6_ADDRSTRLEN] = "";
  char name[IF_NAMESIZE] = "";

  if (address->storage.ss_family == AF_INET)
    return g_strdup (inet_ntop (AF_INET, &four->sin_addr, text, sizeof text));

  inet_ntop (AF_INET6, &six->sin6_addr, text, sizeof text);
  if (six->sin6_scope_id != 0 && if_indextoname (six->sin6_scope_id, name) != NULL)
    return g_strconcat (text, "%", name, NULL);
  return g_strdup (text);
}

guint16
lk_address_get_port (const LkAddress *address)
{
  const struct sockaddr_in *four = (const void *) &address->storage;
  const struct sockaddr_in6 *six = (const void *) &address->storage;

  return ntohs (address->storage.ss_family == AF_INET ? four->sin_port : six->sin6_port);
}

void
lk_address_set_port (LkAddress *address, guint16 port)
{
  struct sockaddr_in *four = (void *) &address->storage;
  struct sockaddr_in6 *six = (void *) &address->storage;

  if (address->storage.ss_family == AF_INET)
    four->sin_port = htons (port);
  else
    six->sin6_port = htons (port);
}

gboolean
lk_address_is_same (const LkAddress *a, const LkAddress *b)
{
  Range first = range_from_address (a);
  Range second = range_from_address (b);

  return is_same_net (&first, &second) && first.first == second.first;
}
