/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-discover-network.h"

#include "base/lk-error.h"
#include "base/lk-xml.h"
#include "console/lk-console-private.h"
#include "discovery/lk-interface.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_PORTS    16
#define MAX_PARTS    65536
#define BATCH        64
#define MAX_NETWORK  1024 /* addresses of a local network that are asked one by one: a /22 */
#define LOOK_UP_TIME 5000

/* A search under way. */
typedef struct
{
  LkConsole *console;
  const LkNetworkSearch *search;
  const LkScanFuncs *funcs;
  LkNetworkFinds *finds;
  LkRanges *ranges;
  GHashTable *host_names;
  GArray *ports;       /* of LkScanPort */
  GHashTable *known;   /* serial → its place in the finds */
  GPtrArray *fresh;    /* sightings that are not in the store yet, borrowed from the finds */
  GPtrArray *repeated; /* those of machines that are */
  GCancellable *stop;
  GError *error; /* of the store */
} Search;

static void
fault_free (gpointer data)
{
  g_free (((LkLineFault *) data)->reason);
  g_free (data);
}

void
lk_network_finds_free (LkNetworkFinds *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->sightings);
  g_ptr_array_unref (self->faults);
  g_ptr_array_unref (self->notes);
  g_free (self);
}

static LkNetworkFinds *
finds_new (void)
{
  LkNetworkFinds *self = g_new0 (LkNetworkFinds, 1);

  self->sightings = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  self->faults = g_ptr_array_new_with_free_func (fault_free);
  self->notes = g_ptr_array_new_with_free_func (g_free);
  return self;
}

static void
search_clear (Search *self)
{
  g_clear_pointer (&self->finds, lk_network_finds_free);
  g_clear_pointer (&self->ranges, lk_ranges_free);
  g_clear_pointer (&self->host_names, g_hash_table_unref);
  g_clear_pointer (&self->ports, g_array_unref);
  g_clear_pointer (&self->known, g_hash_table_unref);
  g_clear_pointer (&self->fresh, g_ptr_array_unref);
  g_clear_pointer (&self->repeated, g_ptr_array_unref);
  g_clear_object (&self->stop);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Search, search_clear)

/* "5985", "5986/tls"; 5986 alone means TLS. */
static gboolean
parse_port (const char *text, LkScanPort *port)
{
  g_auto (GStrv) halves = g_strsplit (text, "/", 2);
  guint64 number = 0;

  if (halves[0] == NULL || !lk_text_to_uint (halves[0], G_MAXUINT16, &number) || number == 0)
    return FALSE;
  port->port = (guint16) number;
  port->tls = number == 5986 || halves[1] != NULL;
  return halves[1] == NULL || g_ascii_strcasecmp (halves[1], "tls") == 0;
}

static GArray *
parse_ports (const char *text, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text != NULL ? text : "5985,5986", ",", MAX_PORTS + 1);
  g_autoptr (GArray) ports = g_array_new (FALSE, FALSE, sizeof (LkScanPort));

  for (guint i = 0; words[i] != NULL; i++)
    {
      LkScanPort port;

      if (i == MAX_PORTS || !parse_port (g_strstrip (words[i]), &port))
        {
          g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                       _ ("“%s” are not ports; write at most %d, like 5985,5986/tls"), text,
                       MAX_PORTS);
          return NULL;
        }
      g_array_append_val (ports, port);
    }

  return g_steal_pointer (&ports);
}

static void
add_fault (LkNetworkFinds *finds, guint number, const GError *reason)
{
  LkLineFault *fault = g_new0 (LkLineFault, 1);

  fault->line = number;
  fault->reason = g_strdup (reason->message);
  g_ptr_array_add (finds->faults, fault);
}

/* A name stands for its addresses; what is found there gets the name. */
static gboolean
add_host (Search *self, const char *name, gboolean *is_double, GError **error)
{
  LkPatience patience = { G_MAXINT64, g_cancellable_get_fd (self->stop) };
  g_autoptr (GArray) addresses = NULL;
  const char *why = _ ("it took too long");
  gboolean was_added = FALSE;
  LkIo io;

  patience = lk_patience_shorten (&patience, LOOK_UP_TIME);
  io = lk_resolve (name, 0, &patience, &addresses, &why);
  if (patience.cancel_fd >= 0)
    g_cancellable_release_fd (self->stop);
  if (io != LK_IO_OK)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("no address was found for “%s”: %s"), name,
                   why);
      return FALSE;
    }

  for (guint i = 0; i < addresses->len; i++)
    {
      g_autofree char *host = lk_address_to_host (&g_array_index (addresses, LkAddress, i));

      if (lk_ranges_add (self->ranges, host, is_double, NULL))
        {
          was_added = TRUE;
          g_hash_table_insert (self->host_names, g_steal_pointer (&host), g_strdup (name));
        }
    }
  if (!was_added)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("the addresses of “%s” were named already, or are too many"), name);
  return was_added;
}

static void
add_part (Search *self, const char *part, guint number)
{
  g_autoptr (GError) reason = NULL;
  gboolean is_host = !lk_range_is_meant (part) && lk_host_is_plausible (part);
  gboolean is_double = FALSE;

  if (is_host ? add_host (self, part, &is_double, &reason)
              : lk_ranges_add (self->ranges, part, &is_double, &reason))
    return;
  add_fault (self->finds, number, reason);
  self->finds->n_duplicates += is_double ? 1 : 0;
}

static void
add_parts (Search *self)
{
  guint number = 0;

  for (guint i = 0; self->search->ranges[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit_set (self->search->ranges[i], ", \t\n", MAX_PARTS);

      for (guint j = 0; parts[j] != NULL; j++)
        if (*parts[j] != '\0' && !g_cancellable_is_cancelled (self->stop))
          add_part (self, parts[j], ++number);
    }
}

static void
on_cancelled (GCancellable *cancellable, gpointer stop)
{
  g_cancellable_cancel (stop);
}

/* What was found goes into the store. */
static void
commit (Search *self)
{
  LkStore *store;
  guint n_added = 0;
  guint n_known = 0;

  if (self->search->dry_run || self->error != NULL || self->fresh->len + self->repeated->len == 0)
    return;

  store = lk_console_get_store (self->console, &self->error);
  if (store != NULL && lk_store_add_machines (store, self->fresh, lk_console_now (self->console),
                                              &n_added, &n_known, &self->error))
    {
      self->finds->n_added += n_added;
      self->finds->n_known += n_known;
      lk_store_add_machines (store, self->repeated, lk_console_now (self->console), &n_added,
                             &n_known, &self->error);
    }
  g_ptr_array_set_size (self->fresh, 0);
  g_ptr_array_set_size (self->repeated, 0);
  if (self->error != NULL)
    g_cancellable_cancel (self->stop);
}

static void
on_found (const LkSighting *sighting, gpointer user_data)
{
  Search *self = user_data;
  gpointer place;
  LkSighting *copy = lk_sighting_copy (sighting);

  if (g_hash_table_lookup_extended (self->known, GUINT_TO_POINTER (sighting->serial), NULL, &place))
    {
      LkSighting **old = (LkSighting **) &self->finds->sightings->pdata[GPOINTER_TO_UINT (place)];

      if (g_ptr_array_find (self->fresh, *old, NULL) ||
          g_ptr_array_find (self->repeated, *old, NULL))
        commit (self);
      lk_sighting_free (*old);
      *old = copy;
      g_ptr_array_add (self->repeated, copy);
    }
  else
    {
      g_hash_table_insert (self->known, GUINT_TO_POINTER (sighting->serial),
                           GUINT_TO_POINTER (self->finds->sightings->len));
      g_ptr_array_add (self->finds->sightings, copy);
      g_ptr_array_add (self->fresh, copy);
    }

  if (self->fresh->len + self->repeated->len >= BATCH)
    commit (self);
  if (self->funcs->found != NULL)
    self->funcs->found (sighting, self->funcs->user_data);
}

static void
on_probed (const LkAddress *address, LkProbeOutcome outcome, gboolean is_wsman, gpointer user_data)
{
  Search *self = user_data;

  if (self->funcs->probed != NULL)
    self->funcs->probed (address, outcome, is_wsman, self->funcs->user_data);
}

static void
on_progressed (const LkScanCounts *counts, gpointer user_data)
{
  Search *self = user_data;

  commit (self);
  if (self->funcs->progressed != NULL)
    self->funcs->progressed (counts, self->funcs->user_data);
}

static gboolean
prepare (Search *self, GError **error)
{
  self->finds = finds_new ();
  self->ranges = lk_ranges_new (self->search->max_addresses);
  self->host_names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->known = g_hash_table_new (NULL, NULL);
  self->fresh = g_ptr_array_new ();
  self->repeated = g_ptr_array_new ();
  self->stop = g_cancellable_new ();
  self->ports = parse_ports (self->search->ports, error);
  if (self->ports == NULL)
    return FALSE;
  if (self->search->rate > LK_SCAN_MAX_RATE)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("A rate is from 1 to %d probes a second"),
                   LK_SCAN_MAX_RATE);
      return FALSE;
    }

  /* A store that cannot be opened is told before anything is sent. */
  return self->search->dry_run || lk_console_get_store (self->console, error) != NULL;
}

static LkNetworkFinds *
run (Search *self, GPtrArray *interfaces, GError **error)
{
  const LkScanFuncs funcs = { on_found, on_probed, on_progressed, self };
  const LkScanOptions options = {
    .ranges = self->ranges,
    .host_names = self->host_names,
    .ports = (const LkScanPort *) (void *) self->ports->data,
    .n_ports = self->ports->len,
    .identify = self->search->identify,
    .interfaces = interfaces,
    .workgroup = self->search->workgroup,
    .pattern = self->search->pattern,
    .rate = self->search->rate != 0 ? self->search->rate : LK_SCAN_RATE,
  };
  g_autoptr (GError) cause = NULL;

  if (!lk_scan_run (&options, &funcs, &self->finds->counts, self->stop, &cause) &&
      !g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }

  commit (self);
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (cause != NULL)
    g_propagate_error (error, g_steal_pointer (&cause));
  return g_steal_pointer (&self->finds);
}

LkNetworkFinds *
lk_console_discover_range (LkConsole *self,
                           const LkNetworkSearch *search,
                           const LkScanFuncs *funcs,
                           GCancellable *cancellable,
                           GError **error)
{
  g_auto (Search) state = { .console = self, .search = search, .funcs = funcs };
  LkNetworkFinds *finds;
  gulong handler;

  if (!prepare (&state, error))
    return NULL;

  handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), state.stop, NULL);
  add_parts (&state);
  finds = run (&state, NULL, error);
  g_cancellable_disconnect (cancellable, handler);
  return finds;
}

char **
lk_network_list_interfaces (char ***networks, GError **error)
{
  g_autoptr (GPtrArray) interfaces = lk_interfaces_list (NULL, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GPtrArray *texts;

  if (interfaces == NULL)
    return NULL;
  texts = g_ptr_array_new ();
  for (guint i = 0; i < interfaces->len; i++)
    {
      const LkInterface *interface = g_ptr_array_index (interfaces, i);
      GString *text = g_string_new (NULL);

      for (guint j = 0; j < interface->addresses->len; j++)
        {
          g_autofree char *network = lk_interface_address_to_network (
              &g_array_index (interface->addresses, LkInterfaceAddress, j));

          g_string_append_printf (text, "%s%s", j > 0 ? ", " : "", network);
        }
      g_ptr_array_add (names, g_strdup (interface->name));
      g_ptr_array_add (texts, g_string_free (text, FALSE));
    }

  g_ptr_array_add (names, NULL);
  g_ptr_array_add (texts, NULL);
  *networks = (char **) g_ptr_array_free (texts, FALSE);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

/* Small networks are asked address by address; of a large one those who answer everybody are. */
static void
add_networks (Search *self, const LkInterface *interface)
{
  for (guint i = 0; i < interface->addresses->len; i++)
    {
      const LkInterfaceAddress *own = &g_array_index (interface->addresses, LkInterfaceAddress, i);
      g_autofree char *network = lk_interface_address_to_network (own);

      if (own->broadcast.length == 0)
        continue;
      if (own->prefix < 32 && 1u << (32 - own->prefix) <= MAX_NETWORK)
        lk_ranges_add (self->ranges, network, NULL, NULL);
      else
        g_ptr_array_add (self->finds->notes,
                         g_strdup_printf (_ ("%s on %s is too large to be asked address by address;"
                                             " machines there that answer to nobody are found with:"
                                             " latchkeyctl discover range"),
                                          network, interface->name));
    }
}

LkNetworkFinds *
lk_console_discover_workgroup (LkConsole *self,
                               const LkNetworkSearch *search,
                               const LkScanFuncs *funcs,
                               GCancellable *cancellable,
                               GError **error)
{
  g_auto (Search) state = { .console = self, .search = search, .funcs = funcs };
  g_autoptr (GPtrArray) interfaces = NULL;
  LkNetworkFinds *finds;
  gulong handler;

  if (!prepare (&state, error))
    return NULL;
  interfaces = lk_interfaces_list (search->interfaces, error);
  if (interfaces == NULL)
    return NULL;

  for (guint i = 0; i < interfaces->len; i++)
    add_networks (&state, g_ptr_array_index (interfaces, i));
  handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), state.stop, NULL);
  finds = run (&state, interfaces, error);
  g_cancellable_disconnect (cancellable, handler);
  return finds;
}
