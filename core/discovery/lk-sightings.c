/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-sightings.h"

#include "discovery/lk-range.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <netinet/in.h>
#include <string.h>

#define MAX_MACHINES 65536
#define MAX_EACH     16
#define MAX_GROUP    255

/* One machine, as far as it is known. */
typedef struct
{
  guint serial;
  guint means;
  char *name;
  char *full_name;
  char *group;
  char *asked_as;
  GPtrArray *names;  /* of char *, all it goes by, each once in any case */
  GArray *addresses; /* of LkAddress */
  GPtrArray *keys;   /* of char *, under which the table knows it; owned by the table */
  LkAddress at;      /* where WS-Management answered; length 0: nowhere */
  guint16 port;
  gboolean tls;
  gint64 changed_at;
  gboolean is_news;
} Machine;

struct _LkSightings
{
  GHashTable *by_key; /* "a…" address, "e…" endpoint, "n…" name → Machine */
  GQueue news;        /* machines to be handed out, the one that changed first first */
  GHashTable *machines;
  guint n_made;
};

static void
machine_free (gpointer data)
{
  Machine *self = data;

  g_free (self->name);
  g_free (self->full_name);
  g_free (self->group);
  g_free (self->asked_as);
  g_ptr_array_unref (self->names);
  g_array_unref (self->addresses);
  g_ptr_array_unref (self->keys);
  g_free (self);
}

LkSightings *
lk_sightings_new (void)
{
  LkSightings *self = g_new0 (LkSightings, 1);

  self->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->machines = g_hash_table_new_full (NULL, NULL, machine_free, NULL);
  g_queue_init (&self->news);
  return self;
}

void
lk_sightings_free (LkSightings *self)
{
  if (self == NULL)
    return;
  g_queue_clear (&self->news);
  g_hash_table_unref (self->by_key);
  g_hash_table_unref (self->machines);
  g_free (self);
}

guint
lk_sightings_count (const LkSightings *self)
{
  return g_hash_table_size (self->machines);
}

static Machine *
machine_new (LkSightings *self)
{
  Machine *machine;

  if (g_hash_table_size (self->machines) == MAX_MACHINES)
    return NULL;

  machine = g_new0 (Machine, 1);
  machine->serial = ++self->n_made;
  machine->names = g_ptr_array_new_with_free_func (g_free);
  machine->addresses = g_array_new (FALSE, FALSE, sizeof (LkAddress));
  machine->keys = g_ptr_array_new ();
  g_hash_table_add (self->machines, machine);
  return machine;
}

static void
set_news (LkSightings *self, Machine *machine, gint64 now)
{
  if (machine->is_news)
    g_queue_remove (&self->news, machine);
  machine->is_news = TRUE;
  machine->changed_at = now;
  g_queue_push_tail (&self->news, machine);
}

static gboolean
add_name (Machine *machine, const char *name)
{
  if (name == NULL || machine->names->len == MAX_EACH || !lk_host_is_plausible (name))
    return FALSE;
  for (guint i = 0; i < machine->names->len; i++)
    if (g_ascii_strcasecmp (machine->names->pdata[i], name) == 0)
      return FALSE;

  g_ptr_array_add (machine->names, g_strdup (name));
  return TRUE;
}

static gboolean
add_address (Machine *machine, const LkAddress *address)
{
  if (address == NULL || machine->addresses->len == MAX_EACH)
    return FALSE;
  for (guint i = 0; i < machine->addresses->len; i++)
    if (lk_address_is_same (&g_array_index (machine->addresses, LkAddress, i), address))
      return FALSE;

  g_array_append_val (machine->addresses, *address);
  return TRUE;
}

static gboolean
set_once (char **field, const char *value)
{
  if (*field != NULL || value == NULL)
    return FALSE;
  *field = g_strdup (value);
  return TRUE;
}

static gboolean
set_name (char **field, const char *name)
{
  return name != NULL && lk_host_is_plausible (name) && set_once (field, name);
}

/* A workgroup may have spaces and letters that no host's name has. */
static gboolean
is_group (const char *text)
{
  if (text == NULL || *text == '\0' || strlen (text) > MAX_GROUP)
    return FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (!g_unichar_isprint (g_utf8_get_char (p)))
      return FALSE;

  return TRUE;
}

static gboolean
set_port (Machine *machine, const LkAddress *address, guint16 port, gboolean tls)
{
  /* Plain WinRM seals its messages, and needs nobody to vouch for certificates. */
  gboolean is_better = machine->at.length == 0 || (machine->tls && !tls);

  if (port == 0 || address == NULL || !is_better)
    return FALSE;
  machine->at = *address;
  machine->port = port;
  machine->tls = tls;
  return TRUE;
}

/* @other is the same machine as @machine; what is known of it goes over. */
static void
absorb (LkSightings *self, Machine *machine, Machine *other)
{
  machine->serial = MIN (machine->serial, other->serial);
  machine->means |= other->means;
  set_once (&machine->name, other->name);
  set_once (&machine->full_name, other->full_name);
  set_once (&machine->group, other->group);
  set_once (&machine->asked_as, other->asked_as);
  for (guint i = 0; i < other->names->len; i++)
    add_name (machine, other->names->pdata[i]);
  for (guint i = 0; i < other->addresses->len; i++)
    add_address (machine, &g_array_index (other->addresses, LkAddress, i));
  set_port (machine, &other->at, other->port, other->tls);

  for (guint i = 0; i < other->keys->len; i++)
    {
      char *key = other->keys->pdata[i];

      if (g_hash_table_lookup (self->by_key, key) == other)
        {
          g_hash_table_steal (self->by_key, key);
          g_hash_table_insert (self->by_key, key, machine);
          g_ptr_array_add (machine->keys, key);
        }
    }
  if (other->is_news)
    g_queue_remove (&self->news, other);
  g_hash_table_remove (self->machines, other);
}

static gboolean
is_conflict (const char *a, const char *b)
{
  return a != NULL && b != NULL && g_ascii_strcasecmp (a, b) != 0;
}

/* An address or an endpoint is one machine's. A name is so within a workgroup only: two with
 * different workgroups are two. */
static Machine *
follow_key (LkSightings *self, Machine *machine, const char *key, const char *group)
{
  Machine *known = g_hash_table_lookup (self->by_key, key);

  if (known == NULL || known == machine)
    return machine;
  if (key[0] == 'n' && (is_conflict (known->group, group) ||
                        (machine != NULL && is_conflict (known->group, machine->group))))
    return machine;
  if (machine != NULL)
    absorb (self, known, machine);
  return known;
}

static void
remember_key (LkSightings *self, Machine *machine, const char *key)
{
  char *own;

  if (key == NULL || machine->keys->len >= 3 * MAX_EACH ||
      g_hash_table_contains (self->by_key, key))
    return;
  own = g_strdup (key);
  g_hash_table_insert (self->by_key, own, machine);
  g_ptr_array_add (machine->keys, own);
}

/* "n" and the name's first label, in lower case. */
static char *
make_name_key (const char *name)
{
  g_autofree char *label = name != NULL ? g_strndup (name, strcspn (name, ".")) : NULL;
  g_autofree char *lower = label != NULL ? g_ascii_strdown (label, -1) : NULL;

  return lower != NULL && lk_host_is_plausible (name) && !g_hostname_is_ip_address (name)
             ? g_strconcat ("n", lower, NULL)
             : NULL;
}

/* Whether it brings something new. */
static gboolean
learn (Machine *machine, const LkEvidence *evidence)
{
  gboolean has_news = (machine->means | evidence->means) != machine->means;

  machine->means |= evidence->means;
  has_news |= set_name (&machine->name, evidence->name);
  has_news |= set_name (&machine->full_name, evidence->full_name);
  has_news |= set_name (&machine->asked_as, evidence->asked_as);
  has_news |= is_group (evidence->group) && set_once (&machine->group, evidence->group);
  has_news |= add_name (machine, evidence->name);
  has_news |= add_name (machine, evidence->full_name);
  has_news |= add_name (machine, evidence->asked_as);
  has_news |= add_address (machine, evidence->address);
  has_news |= set_port (machine, evidence->address, evidence->port, evidence->tls);
  return has_news;
}

gboolean
lk_sightings_add (LkSightings *self, const LkEvidence *evidence, gint64 now)
{
  g_autofree char *host = evidence->address != NULL ? lk_address_to_host (evidence->address) : NULL;
  char *keys[] = {
    host != NULL ? g_strconcat ("a", host, NULL) : NULL,
    evidence->endpoint != NULL ? g_strconcat ("e", evidence->endpoint, NULL) : NULL,
    make_name_key (evidence->name),
    make_name_key (evidence->full_name),
  };
  guint n_before = lk_sightings_count (self);
  Machine *machine = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (keys[i] != NULL)
      machine = follow_key (self, machine, keys[i], evidence->group);
  if (machine == NULL)
    machine = machine_new (self);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (machine != NULL && keys[i] != NULL)
        remember_key (self, machine, keys[i]);
      g_free (keys[i]);
    }
  if (machine == NULL)
    return FALSE;

  if (learn (machine, evidence) || lk_sightings_count (self) != n_before)
    set_news (self, machine, now);
  return TRUE;
}

/* The fewer, the better: where WS-Management answers, then IPv4, then what is not link-local. */
static guint
rank (const Machine *machine, const LkAddress *address)
{
  const struct sockaddr_in6 *six = (const void *) &address->storage;

  if (machine->at.length != 0 && lk_address_is_same (&machine->at, address))
    return 0;
  if (address->storage.ss_family == AF_INET)
    return 1;
  return IN6_IS_ADDR_LINKLOCAL (&six->sin6_addr) ? 3 : 2;
}

static const LkAddress *
get_best_address (const Machine *machine)
{
  const LkAddress *best = NULL;

  for (guint i = 0; i < machine->addresses->len; i++)
    {
      const LkAddress *address = &g_array_index (machine->addresses, LkAddress, i);

      if (best == NULL || rank (machine, address) < rank (machine, best))
        best = address;
    }

  return best;
}

static char *
describe_means (guint means)
{
  static const struct
  {
    LkMeans means;
    const char *word;
  } words[] = {
    { LK_MEANS_WINRM, "WinRM" },         { LK_MEANS_NETBIOS, "NetBIOS" },
    { LK_MEANS_WSD, "WS-Discovery" },    { LK_MEANS_MDNS, "mDNS" },
    { LK_MEANS_PORT, N_ ("open port") },
  };
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if ((means & words[i].means) != 0)
      g_ptr_array_add (found, (gpointer) _ (words[i].word));
  g_ptr_array_add (found, NULL);
  return g_strjoinv (", ", (char **) found->pdata);
}

static LkSighting *
make_sighting (const Machine *machine)
{
  LkSighting *sighting = g_new0 (LkSighting, 1);
  g_autoptr (GPtrArray) also = g_ptr_array_new_with_free_func (g_free);
  const LkAddress *best = get_best_address (machine);
  const char *name = machine->asked_as != NULL ? machine->asked_as
                     : machine->name != NULL   ? machine->name
                                               : machine->full_name;

  sighting->serial = machine->serial;
  sighting->address = best != NULL ? lk_address_to_host (best) : NULL;
  sighting->name = name != NULL ? g_strdup (name) : g_steal_pointer (&sighting->address);
  sighting->domain = g_strdup (machine->group);
  sighting->port = machine->port;
  sighting->tls = machine->tls;
  sighting->means = describe_means (machine->means);
  for (guint i = 0; i < machine->names->len; i++)
    if (g_ascii_strcasecmp (machine->names->pdata[i], sighting->name) != 0)
      g_ptr_array_add (also, g_strdup (machine->names->pdata[i]));
  for (guint i = 0; i < machine->addresses->len; i++)
    if (&g_array_index (machine->addresses, LkAddress, i) != best)
      g_ptr_array_add (also,
                       lk_address_to_host (&g_array_index (machine->addresses, LkAddress, i)));
  if (also->len > 0)
    {
      g_ptr_array_add (also, NULL);
      sighting->also = (char **) g_ptr_array_free (g_steal_pointer (&also), FALSE);
    }
  return sighting;
}

void
lk_sightings_hand_out (LkSightings *self, gint64 before, LkSightingFunc func, gpointer user_data)
{
  while (self->news.length > 0)
    {
      Machine *machine = g_queue_peek_head (&self->news);
      g_autoptr (LkSighting) sighting = NULL;

      if (machine->changed_at > before)
        return;
      g_queue_pop_head (&self->news);
      machine->is_news = FALSE;
      /* Of an endpoint alone there is nothing to say yet. */
      if (machine->addresses->len == 0 && machine->names->len == 0)
        continue;
      sighting = make_sighting (machine);
      func (sighting, user_data);
    }
}
