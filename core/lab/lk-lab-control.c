/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-control.h"

#include "base/lk-error.h"
#include "lab/lk-lab-trigger.h"
#include "lab/lk-lab-truth.h"
#include "net/lk-server.h"

#include <string.h>

#define ALL_MACHINES G_MAXUINT
#define MAX_ADVANCE  (1000 * 365 * 1440)

struct _LkLabControl
{
  LkLab *lab;
  LkServer *server;
  guint16 port;
};

/* What is to happen to a machine. */
typedef struct
{
  const char *word;
  GHashTable *query; /* name → value */
} Order;

static guint
get_number (const Order *order, const char *name, guint fallback)
{
  const char *text = g_hash_table_lookup (order->query, name);
  guint64 number = fallback;

  if (text != NULL)
    g_ascii_string_to_unsigned (text, 10, 0, MAX_ADVANCE, &number, NULL);
  return (guint) number;
}

/* By number from 1, or by name with or without its domain. */
static gboolean
find_machine (LkLabFleet *fleet, const char *word, guint *machine)
{
  guint n = lk_lab_fleet_get_n_machines (fleet);
  guint64 number;

  if (g_str_equal (word, "all"))
    {
      *machine = ALL_MACHINES;
      return TRUE;
    }
  if (g_ascii_string_to_unsigned (word, 10, 1, n, &number, NULL))
    {
      *machine = (guint) number - 1;
      return TRUE;
    }
  for (*machine = 0; *machine < n; (*machine)++)
    {
      const LkLabTraits *traits = lk_lab_fleet_get_traits (fleet, *machine);
      g_autofree char *name = lk_lab_machine_dup_name (traits);
      g_autofree char *fqdn = lk_lab_machine_dup_fqdn (traits);

      if (g_ascii_strcasecmp (name, word) == 0 || g_ascii_strcasecmp (fqdn, word) == 0)
        return TRUE;
    }
  return FALSE;
}

static const struct
{
  const char *word;
  LkLabEvent event;
} events[] = {
  { "tamper", LK_LAB_TAMPERED },
  { "block-key", LK_LAB_KEY_BLOCKED },
  { "found-nongenuine", LK_LAB_FOUND_NONGENUINE },
  { "found-genuine", LK_LAB_FOUND_GENUINE },
  { "generalize", LK_LAB_GENERALIZE },
};

static gboolean
let_happen (const LkLabTraits *traits,
            LkLabState *state,
            gint64 now,
            LkLabEffect *effect,
            gpointer user_data)
{
  const Order *order = user_data;

  effect->what = order->word;
  if (g_str_equal (order->word, "reboot"))
    lk_lab_machine_reboot (traits, state, now);
  else if (g_str_equal (order->word, "reimage"))
    lk_lab_machine_reimage (traits, state, now);
  else if (g_str_equal (order->word, "refit"))
    lk_lab_machine_refit (traits, state, get_number (order, "board", 0) != 0, now);
  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    if (g_str_equal (order->word, events[i].word))
      effect->code = lk_lab_license_apply (&state->products[0].license, traits->generation->profile,
                                           events[i].event, LK_KEY_UNKNOWN, now);
  return effect->code == 0;
}

static gboolean
is_change (const char *word)
{
  static const char *const words[] = { "reboot", "reimage", "refit", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    if (g_str_equal (word, events[i].word))
      return TRUE;
  return g_strv_contains (words, word);
}

static gboolean
take_over (LkLabControl *self, guint machine, const Order *order, GError **error)
{
  LkLabFleet *fleet = lk_lab_get_fleet (self->lab);
  const char *with = g_hash_table_lookup (order->query, "with");
  guint other;

  if (with == NULL || !find_machine (fleet, with, &other) || other == ALL_MACHINES)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "takeover needs with=MACHINE");
      return FALSE;
    }
  return lk_lab_fleet_swap_places (fleet, machine, other, error);
}

static gboolean
put_fault (LkLabControl *self, guint machine, const Order *order, GError **error)
{
  const char *name = g_hash_table_lookup (order->query, "name");
  LkLabFault fault;

  if (name == NULL || !lk_lab_fault_from_word (name, &fault))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "fault needs name=FAULT");
      return FALSE;
    }
  return lk_lab_put_fault (self->lab,
                           lk_lab_fleet_get_place_of (lk_lab_get_fleet (self->lab), machine), fault,
                           get_number (order, "on", 1) != 0, get_number (order, "value", 0), error);
}

static gboolean
obey_one (LkLabControl *self, guint machine, Order *order, GError **error)
{
  guint32 code = 0;

  if (g_str_equal (order->word, "fault"))
    return put_fault (self, machine, order, error);
  if (g_str_equal (order->word, "takeover"))
    return take_over (self, machine, order, error);
  if (!is_change (order->word))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "“%s” is nothing that can happen",
                   order->word);
      return FALSE;
    }
  if (!lk_lab_fleet_change (lk_lab_get_fleet (self->lab), machine, let_happen, order, &code, error))
    return FALSE;
  if (code != 0)
    g_set_error (error, LK_ERROR, LK_ERROR_REJECTED, "It did not happen: 0x%08X", code);
  return code == 0;
}

/* POST /machines/WHICH/WHAT?… */
static char *
obey (LkLabControl *self, char **path, Order *order, GError **error)
{
  LkLabFleet *fleet = lk_lab_get_fleet (self->lab);
  guint first;
  guint last;

  if (!find_machine (fleet, path[1], &first))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "There is no machine “%s”", path[1]);
      return NULL;
    }
  last = first == ALL_MACHINES ? lk_lab_fleet_get_n_machines (fleet) - 1 : first;
  first = first == ALL_MACHINES ? 0 : first;

  order->word = path[2];
  for (guint i = first; i <= last; i++)
    if (!obey_one (self, i, order, error))
      return NULL;
  return g_strdup ("{}");
}

static char *
move_clock (LkLabControl *self, const Order *order, GError **error)
{
  LkLabFleet *fleet = lk_lab_get_fleet (self->lab);
  gint64 minutes = get_number (order, "minutes", 0) + 1440 * (gint64) get_number (order, "days", 0);

  if (!lk_lab_fleet_advance (fleet, minutes, error))
    return NULL;
  return g_strdup_printf ("{\"minutes\":%" G_GINT64_FORMAT "}", lk_lab_fleet_get_now (fleet));
}

static char *
answer (LkLabControl *self, gboolean is_post, char **path, Order *order, GError **error)
{
  LkLabFleet *fleet = lk_lab_get_fleet (self->lab);
  guint n = g_strv_length (path);
  guint machine = ALL_MACHINES;

  if (is_post && n == 1 && g_str_equal (path[0], "clock"))
    return move_clock (self, order, error);
  if (is_post && n == 3 && g_str_equal (path[0], "machines"))
    return obey (self, path, order, error);
  if (!is_post && n == 1 && g_str_equal (path[0], "clock"))
    return move_clock (self, order, error);
  if (!is_post && n == 1 && g_str_equal (path[0], "spends"))
    return lk_lab_truth_dup_spends (fleet);
  if (!is_post && (n == 1 || n == 2) && g_str_equal (path[0], "machines") &&
      (n == 1 || find_machine (fleet, path[1], &machine)))
    return lk_lab_truth_dup_machines (fleet, machine);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "There is nothing at this path");
  return NULL;
}

static GHashTable *
parse_query (const char *text)
{
  GHashTable *query =
      text != NULL ? g_uri_parse_params (text, -1, "&", G_URI_PARAMS_NONE, NULL) : NULL;

  return query != NULL ? query : g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
handle (LkExchange *exchange, gpointer user_data)
{
  static const char *const headers[] = { "Content-Type", "application/json", NULL };
  static const char *const text_headers[] = { "Content-Type", "text/plain;charset=UTF-8", NULL };
  LkLabControl *self = user_data;
  const LkHttpMessage *request = lk_exchange_get_request (exchange);
  gboolean is_post = g_str_equal (request->method, "POST");
  g_auto (GStrv) halves = g_strsplit (request->target, "?", 2);
  g_auto (GStrv) path = g_strsplit (halves[0] + (*halves[0] == '/' ? 1 : 0), "/", 4);
  g_autoptr (GHashTable) query = parse_query (halves[1]);
  Order order = { .word = "", .query = query };
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  g_autoptr (GBytes) body = NULL;

  /* A page in a browser on this machine must not be able to give orders: it cannot leave the Origin
   * header out. */
  if (lk_http_message_get_header (request, "Origin") != NULL)
    g_set_error (&error, LK_ERROR, LK_ERROR_DENIED, "Not for web pages");
  else if (halves[0] != NULL && path[0] != NULL)
    text = answer (self, is_post, path, &order, &error);

  if (text == NULL)
    text = g_strdup_printf ("%s\n", error != NULL ? error->message : "Nothing was asked");
  body = g_bytes_new_take (text, strlen (text));
  lk_exchange_reply (exchange, error == NULL ? 200 : 400, error == NULL ? headers : text_headers,
                     body);
}

LkLabControl *
lk_lab_control_new (LkLab *lab, guint16 port, GError **error)
{
  g_autoptr (LkLabControl) self = g_new0 (LkLabControl, 1);
  const LkServerOptions options = {
    .n_threads = 1,
    .max_connections = 64,
    .max_body = 65536,
    .handler = handle,
    .user_data = self,
  };

  self->lab = lab;
  self->server = lk_server_new (&options);
  self->port = lk_server_listen (self->server, "127.0.0.1", port, LK_LISTEN_DEFAULT, error);
  if (self->port == 0 || !lk_server_start (self->server, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
lk_lab_control_free (LkLabControl *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->server, lk_server_free);
  g_free (self);
}

guint16
lk_lab_control_get_port (LkLabControl *self)
{
  return self->port;
}
