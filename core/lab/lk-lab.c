/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab.h"

#include "base/lk-error.h"
#include "lab/lk-lab-dead.h"
#include "lab/lk-lab-enumerate.h"
#include "lab/lk-lab-method.h"
#include "lab/lk-lab-trigger.h"
#include "net/lk-certificate.h"
#include "net/lk-server.h"
#include "wsman/lk-wsman.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define N_WORKERS       16 /* they wait for the disk, together */
#define CONTEXT_MS      60000
#define MAX_CONNECTIONS 60000
#define ENDLESS_TIMES   64 /* of ENDLESS_BYTES */
#define ENDLESS_BYTES   (1024 * 1024)

struct _LkLab
{
  LkLabFleet *fleet;
  LkLabContexts *contexts;
  LkServer *server;
  GThreadPool *workers;
  LkLabDoor *door;
  gboolean is_foreign; /* speaks as OMI does */
  char *certificate;
  guint16 port;
  guint16 tls_port;
  guint latency_ms;
  GMutex lock;
  GHashTable *dead; /* place → GPtrArray of LkLabDead */
  GBytes *endless;
};

/* One request on its way. */
typedef struct
{
  LkExchange *exchange;
  guint place;
  guint machine;
  LkLabRequest *request;
} Work;

static void
work_free (Work *self)
{
  g_clear_pointer (&self->request, lk_lab_request_free);
  g_free (self);
}

static guint32
get_ipv4 (const struct sockaddr *address)
{
  return address->sa_family == AF_INET
             ? ntohl (((const struct sockaddr_in *) (const void *) address)->sin_addr.s_addr)
             : 0;
}

/* Where the kernel did not tie us to the loopback device, this keeps others out. */
static gboolean
admit (const struct sockaddr *local, const struct sockaddr *peer, gpointer user_data)
{
  LkLab *self = user_data;
  guint place;

  return get_ipv4 (peer) >> 24 == 127 &&
         lk_lab_fleet_find_place (self->fleet, get_ipv4 (local), &place) &&
         !lk_lab_fault_set_has (lk_lab_fleet_get_faults (self->fleet), place, LK_LAB_REFUSING);
}

/* Sends the answer as the faults of the place have it. */
static void
reply (LkLab *self, LkExchange *exchange, guint place, guint status, GBytes *body)
{
  LkLabFaultSet *faults = lk_lab_fleet_get_faults (self->fleet);
  g_autoptr (GBytes) half = NULL;

  if (lk_lab_fault_set_has (faults, place, LK_LAB_BREAK))
    lk_lab_door_break (self->door, exchange, status, body);
  else if (lk_lab_fault_set_has (faults, place, LK_LAB_BAD_XML))
    {
      half = g_bytes_new_from_bytes (body, 0, g_bytes_get_size (body) / 2);
      lk_lab_door_reply (self->door, exchange, status, half);
    }
  else
    lk_lab_door_reply (self->door, exchange, status, body);
}

static gboolean
reimage (const LkLabTraits *traits,
         LkLabState *state,
         gint64 now,
         LkLabEffect *effect,
         gpointer user_data)
{
  LkLabFault *fault = user_data;

  state->triggers |= LK_LAB_TRIGGER_FIRED;
  effect->what = lk_lab_fault_to_word (*fault);
  if (*fault == LK_LAB_REIMAGED)
    lk_lab_machine_reimage (traits, state, now);
  else if (*fault == LK_LAB_REFITTED)
    lk_lab_machine_refit (traits, state, FALSE, now);
  return TRUE;
}

/* The installation ID was read under a new key: what some places do to their machine then. */
static void
spring_surprise (LkLab *self, guint place, guint machine)
{
  static const LkLabFault surprises[] = { LK_LAB_REIMAGED, LK_LAB_REFITTED, LK_LAB_TAKEOVER };
  LkLabFaultSet *faults = lk_lab_fleet_get_faults (self->fleet);
  guint n = lk_lab_fleet_get_n_machines (self->fleet);
  g_autoptr (GError) error = NULL;
  LkLabView view;
  guint32 code;

  lk_lab_fleet_view (self->fleet, machine, &view);
  if (!lk_lab_trigger_is_armed (&view.state))
    return;

  for (guint i = 0; i < G_N_ELEMENTS (surprises) && error == NULL; i++)
    {
      LkLabFault fault = surprises[i];

      if (!lk_lab_fault_set_has (faults, place, fault))
        continue;
      lk_lab_fleet_change (self->fleet, machine, reimage, &fault, &code, &error);
      if (fault == LK_LAB_TAKEOVER && error == NULL)
        lk_lab_fleet_swap_places (self->fleet, machine,
                                  lk_lab_fleet_get_machine_at (self->fleet, (place + 1) % n),
                                  &error);
    }
  if (error != NULL)
    g_warning ("A surprise was not journalled: %s", error->message);
}

static gboolean
has_surprise (LkLab *self, guint place)
{
  LkLabFaultSet *faults = lk_lab_fleet_get_faults (self->fleet);

  return lk_lab_fault_set_has (faults, place, LK_LAB_REIMAGED) ||
         lk_lab_fault_set_has (faults, place, LK_LAB_REFITTED) ||
         lk_lab_fault_set_has (faults, place, LK_LAB_TAKEOVER);
}

/* Methods; gives NULL when the connection shall be reset after the effect. */
static GBytes *
answer_method (LkLab *self, Work *work, const LkLabVoice *voice, guint *status)
{
  LkLabFaultSet *faults = lk_lab_fleet_get_faults (self->fleet);
  gboolean has_effect = FALSE;
  g_autoptr (GBytes) answer = NULL;

  if (lk_lab_fault_set_has (faults, work->place, LK_LAB_ACCESS_DENIED))
    return lk_lab_answer_fault (work->request, voice, LK_LAB_FAULT_DENIED, NULL);

  answer =
      lk_lab_method_invoke (self->fleet, work->machine, work->request, voice, status, &has_effect);
  if (has_effect)
    lk_exchange_mark_effect (work->exchange);
  if (has_effect && lk_lab_fault_set_has (faults, work->place, LK_LAB_ACT_THEN_RESET))
    return NULL;
  if (has_effect && lk_lab_fault_set_has (faults, work->place, LK_LAB_ACT_THEN_TIMEOUT))
    {
      *status = 500;
      return lk_lab_answer_fault (work->request, voice, LK_LAB_FAULT_TIMED_OUT, NULL);
    }
  return g_steal_pointer (&answer);
}

/* What is wrong with the request itself, before anything is looked up. */
static gboolean
find_fault (LkLab *self,
            const LkLabTraits *traits,
            const LkLabRequest *request,
            LkLabFaultKind *kind)
{
  if (request->unknown_name != NULL)
    *kind = LK_LAB_FAULT_NOT_UNDERSTOOD;
  else if (request->class_name == NULL || *request->class_name == '\0')
    *kind = LK_LAB_FAULT_BAD_URI;
  else if (self->is_foreign && !request->is_dmtf)
    *kind = LK_LAB_FAULT_NO_CLASS; /* OMI ignores the namespace in a URI of Windows */
  else if (request->is_dmtf && !self->is_foreign && !g_str_equal (traits->generation->stack, "3.0"))
    *kind = LK_LAB_FAULT_BAD_URI;
  else if (g_strcmp0 (request->namespace_, "root/cimv2") != 0)
    *kind = LK_LAB_FAULT_NO_CLASS;
  else if (request->operation == LK_LAB_OTHER ||
           (request->operation == LK_LAB_INVOKE &&
            !lk_lab_method_exists (traits, request->class_name, request->method)))
    *kind = LK_LAB_FAULT_ACTION;
  else
    return FALSE;

  return TRUE;
}

/* What the account may not see, or what is not there for anybody; NULL: neither. */
static GBytes *
deny (LkLab *self, Work *work, const LkLabVoice *voice)
{
  const LkLabFaultSet *faults = lk_lab_fleet_get_faults (self->fleet);

  if (lk_lab_fault_set_has (faults, work->place, LK_LAB_FILTERED_TOKEN))
    return lk_lab_answer_fault (work->request, voice, LK_LAB_FAULT_DENIED, NULL);
  if (lk_lab_fault_set_has (faults, work->place, LK_LAB_NAMESPACE_DENIED))
    return lk_lab_answer_hresult (work->request, voice, LK_WBEM_E_ACCESS_DENIED, "Access denied");
  if (lk_lab_fault_set_has (faults, work->place, LK_LAB_NO_LICENSING) &&
      work->request->filter != NULL && strstr (work->request->filter, "SoftwareLicensing") != NULL)
    return lk_lab_answer_fault (work->request, voice, LK_LAB_FAULT_NO_CLASS, NULL);
  return NULL;
}

static GBytes *
answer (LkLab *self, Work *work, guint *status)
{
  const LkLabTraits *traits = lk_lab_fleet_get_traits (self->fleet, work->machine);
  const LkLabRequest *request = work->request;
  g_autofree char *name = lk_lab_machine_dup_fqdn (traits);
  const LkLabVoice voice = { name, traits->seed % 2 == 0 &&
                                       traits->generation->columns >= LK_LAB_COLUMNS_8 };
  gboolean reads_iid = FALSE;
  LkLabFaultKind kind;
  GBytes *body;

  *status = 500;
  if (find_fault (self, traits, request, &kind))
    return lk_lab_answer_fault (request, &voice, kind, NULL);
  body = deny (self, work, &voice);
  if (body != NULL)
    return body;
  if (lk_lab_fault_set_take_busy (lk_lab_fleet_get_faults (self->fleet), work->place))
    return lk_lab_answer_fault (request, &voice, LK_LAB_FAULT_QUOTA, NULL);

  switch (request->operation)
    {
    case LK_LAB_GET:
      return lk_lab_get (self->fleet, work->machine, request, &voice, status);
    case LK_LAB_PULL:
      return lk_lab_pull (self->contexts, work->machine, request, &voice, status);
    case LK_LAB_RELEASE:
      return lk_lab_release (self->contexts, work->machine, request, &voice, status);
    case LK_LAB_INVOKE:
      return answer_method (self, work, &voice, status);
    case LK_LAB_ENUMERATE:
    case LK_LAB_IDENTIFY:
    case LK_LAB_OTHER:
    default:
      body = lk_lab_enumerate (self->contexts, self->fleet, work->machine, request, &voice, status,
                               &reads_iid);
      if (reads_iid && has_surprise (self, work->place))
        spring_surprise (self, work->place, work->machine);
      return body;
    }
}

static void
do_work (gpointer data, gpointer user_data)
{
  LkLab *self = user_data;
  Work *work = data;
  guint status = 500;
  g_autoptr (GBytes) body = answer (self, work, &status);

  if (body != NULL)
    reply (self, work->exchange, work->place, status, body);
  else
    lk_exchange_drop (work->exchange);
  work_free (work);
}

/* Faults below SOAP. TRUE: the exchange is done with. */
static gboolean
meet_fault (LkLab *self, LkExchange *exchange, guint place)
{
  static const char garbage[] = "\x15\x03\x01 not HTTP at all\r\n\r\n\xff\xfe";
  static const char endless_head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n"
                                     "Transfer-Encoding: chunked\r\n\r\n";
  LkLabFaultSet *faults = lk_lab_fleet_get_faults (self->fleet);
  g_autoptr (GBytes) bytes = NULL;

  if (lk_lab_fault_set_is_healthy (faults, place))
    return FALSE;

  if (lk_lab_fault_set_has (faults, place, LK_LAB_SILENT) ||
      lk_lab_fault_set_has (faults, place, LK_LAB_DEAD))
    lk_exchange_hold (exchange);
  else if (lk_lab_fault_set_has (faults, place, LK_LAB_REFUSING))
    lk_exchange_drop (exchange);
  else if (lk_lab_fault_set_has (faults, place, LK_LAB_GARBAGE))
    {
      bytes = g_bytes_new_static (garbage, sizeof garbage - 1);
      lk_exchange_write_raw (exchange, bytes, 1);
    }
  else if (lk_lab_fault_set_has (faults, place, LK_LAB_ENDLESS))
    {
      GString *text = g_string_new (endless_head);

      g_string_append_printf (text, "%x\r\n", ENDLESS_BYTES * ENDLESS_TIMES);
      for (gsize i = text->len; i < ENDLESS_BYTES; i++)
        g_string_append_c (text, 'x');
      bytes = g_string_free_to_bytes (text);
      lk_exchange_write_raw (exchange, bytes, ENDLESS_TIMES);
    }
  else
    return FALSE;

  return TRUE;
}

static gboolean
is_unauthenticated_identify (const LkHttpMessage *message)
{
  const char *value = lk_http_message_get_header (message, "WSMANIDENTIFY");

  return value != NULL && g_ascii_strcasecmp (value, "unauthenticated") == 0;
}

static void
handle_soap (LkLab *self,
             LkExchange *exchange,
             guint place,
             const GByteArray *message_body,
             gboolean authorized)
{
  const LkHttpMessage *message = lk_exchange_get_request (exchange);
  guint machine = lk_lab_fleet_get_machine_at (self->fleet, place);
  const LkLabTraits *traits = lk_lab_fleet_get_traits (self->fleet, machine);
  g_autoptr (LkLabRequest) request =
      lk_lab_request_parse ((const char *) message_body->data, message_body->len, NULL);
  g_autofree char *name = NULL;
  g_autoptr (GBytes) body = NULL;
  Work *work;

  if (!authorized &&
      (self->is_foreign || request == NULL || request->operation != LK_LAB_IDENTIFY ||
       !is_unauthenticated_identify (message)))
    {
      lk_lab_door_reply_status (self->door, exchange, 401);
      return;
    }
  if (request == NULL || request->operation == LK_LAB_IDENTIFY)
    {
      name = lk_lab_machine_dup_fqdn (traits);
      if (request != NULL && self->is_foreign)
        body = lk_lab_answer_identify_foreign ();
      else
        body = request != NULL
                   ? lk_lab_answer_identify (traits,
                                             authorized && !is_unauthenticated_identify (message))
                   : lk_lab_answer_fault (NULL, &(LkLabVoice){ name, FALSE },
                                          LK_LAB_FAULT_BAD_MESSAGE, NULL);
      reply (self, exchange, place, request != NULL ? 200 : 500, body);
      return;
    }

  work = g_new0 (Work, 1);
  work->exchange = exchange;
  work->place = place;
  work->machine = machine;
  work->request = g_steal_pointer (&request);
  if (lk_lab_fleet_is_journalled (self->fleet) &&
      (work->request->operation == LK_LAB_INVOKE || has_surprise (self, place)))
    g_thread_pool_push (self->workers, work, NULL);
  else
    do_work (work, self);
}

static void
handle (LkExchange *exchange, gpointer user_data)
{
  LkLab *self = user_data;
  const LkHttpMessage *message = lk_exchange_get_request (exchange);
  g_autoptr (GByteArray) body = NULL;
  LkLabEntry entry;
  guint place;

  /* The connection was admitted, so its address is a machine's. */
  if (!lk_lab_fleet_find_place (self->fleet, get_ipv4 (lk_exchange_get_local (exchange)), &place))
    {
      lk_exchange_drop (exchange);
      return;
    }

  lk_exchange_set_delay (exchange,
                         self->latency_ms +
                             lk_lab_fault_set_get_value (lk_lab_fleet_get_faults (self->fleet),
                                                         place, LK_LAB_SLOW));
  if (meet_fault (self, exchange, place))
    return;
  if (!g_str_equal (message->target, "/wsman") && !g_str_equal (message->target, "/wsman/"))
    lk_lab_door_reply_status (self->door, exchange, 404);
  else if (!g_str_equal (message->method, "POST"))
    lk_lab_door_reply_status (self->door, exchange, 405);
  else
    {
      entry = lk_lab_door_enter (self->door, exchange,
                                 lk_lab_fault_set_has (lk_lab_fleet_get_faults (self->fleet), place,
                                                       LK_LAB_WRONG_PASSWORD),
                                 &body);
      if (entry != LK_LAB_ANSWERED)
        handle_soap (self, exchange, place, body, entry == LK_LAB_ENTERED);
    }
}

static gboolean
listen_tls (LkLab *self, const LkLabOptions *options, LkListenFlags flags, GError **error)
{
  g_autofree char *key = g_strdup (options->key);

  self->certificate = g_strdup (options->certificate);
  if (self->certificate == NULL &&
      !lk_certificate_new ("Latchkey practice lab", &self->certificate, &key, error))
    return FALSE;
  if (!lk_server_set_certificate (self->server, self->certificate, strlen (self->certificate), key,
                                  strlen (key), error))
    return FALSE;

  if (options->client_ca != NULL &&
      !lk_server_set_client_authority (self->server, options->client_ca,
                                       strlen (options->client_ca), FALSE, error))
    return FALSE;

  self->tls_port =
      lk_server_listen (self->server, "0.0.0.0", options->tls_port, flags | LK_LISTEN_TLS, error);
  return self->tls_port != 0;
}

static gboolean
kill_places (LkLab *self, GError **error)
{
  LkLabFaultSet *faults = lk_lab_fleet_get_faults (self->fleet);

  for (guint i = 0; i < lk_lab_fleet_get_n_machines (self->fleet); i++)
    if (lk_lab_fault_set_has (faults, i, LK_LAB_DEAD) &&
        !lk_lab_put_fault (self, i, LK_LAB_DEAD, TRUE, 1, error))
      return FALSE;

  return TRUE;
}

LkLab *
lk_lab_new (const LkLabOptions *options, GError **error)
{
  const LkListenFlags flags = LK_LISTEN_SHARED | LK_LISTEN_LOOPBACK;
  g_autoptr (LkLab) self = g_new0 (LkLab, 1);
  const LkServerOptions server_options = {
    .n_threads = options->n_threads,
    .max_connections = MAX_CONNECTIONS,
    .max_body = LK_LAB_MAX_REQUEST,
    .admit = admit,
    .handler = handle,
    .user_data = self,
  };

  g_mutex_init (&self->lock);
  self->dead = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->latency_ms = options->latency_ms;
  self->fleet = lk_lab_fleet_new (&options->fleet, error);
  if (self->fleet == NULL)
    return NULL;
  self->contexts = lk_lab_contexts_new (options->context_ms > 0 ? options->context_ms : CONTEXT_MS);
  self->workers = g_thread_pool_new (do_work, self, N_WORKERS, FALSE, NULL);
  self->door = lk_lab_door_new (&options->door, error);
  if (self->door == NULL)
    return NULL;
  self->is_foreign = options->door.is_foreign;

  self->server = lk_server_new (&server_options);
  self->port = lk_server_listen (self->server, "0.0.0.0", options->port, flags, error);
  if (self->port == 0 || (options->with_tls && !listen_tls (self, options, flags, error)) ||
      !kill_places (self, error) || !lk_server_start (self->server, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
lk_lab_free (LkLab *self)
{
  if (self == NULL)
    return;

  if (self->server != NULL)
    lk_server_stop (self->server);
  if (self->workers != NULL)
    g_thread_pool_free (self->workers, FALSE, TRUE);
  g_clear_pointer (&self->server, lk_server_free);
  g_clear_pointer (&self->contexts, lk_lab_contexts_free);
  g_clear_pointer (&self->fleet, lk_lab_fleet_free);
  g_hash_table_unref (self->dead);
  g_mutex_clear (&self->lock);
  g_clear_pointer (&self->door, lk_lab_door_free);
  g_free (self->certificate);
  g_free (self);
}

LkLabFleet *
lk_lab_get_fleet (LkLab *self)
{
  return self->fleet;
}

guint16
lk_lab_get_port (LkLab *self)
{
  return self->port;
}

guint16
lk_lab_get_tls_port (LkLab *self)
{
  return self->tls_port;
}

const char *
lk_lab_get_certificate (LkLab *self)
{
  return self->certificate;
}

gboolean
lk_lab_put_fault (LkLab *self,
                  guint place,
                  LkLabFault fault,
                  gboolean on,
                  guint value,
                  GError **error)
{
  g_autoptr (GPtrArray) sockets = NULL;
  const guint16 ports[] = { self->port, self->tls_port };

  lk_lab_fault_set_put (lk_lab_fleet_get_faults (self->fleet), place, fault, on, value);
  if (fault != LK_LAB_DEAD)
    return TRUE;

  sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_lab_dead_free);
  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->dead, GUINT_TO_POINTER (place));
  for (guint i = 0; on && i < G_N_ELEMENTS (ports); i++)
    {
      LkLabDead *dead;

      if (ports[i] == 0)
        continue;
      dead = lk_lab_dead_new (lk_lab_fleet_get_address (place), ports[i], error);
      if (dead == NULL)
        {
          g_mutex_unlock (&self->lock);
          return FALSE;
        }
      g_ptr_array_add (sockets, dead);
    }
  if (on)
    g_hash_table_insert (self->dead, GUINT_TO_POINTER (place), g_steal_pointer (&sockets));
  g_mutex_unlock (&self->lock);
  return TRUE;
}

gboolean
lk_lab_write_hosts (LkLab *self, const char *path, GError **error)
{
  g_autoptr (GString) text = g_string_new ("name,address,port,domain\n");

  for (guint i = 0; i < lk_lab_fleet_get_n_machines (self->fleet); i++)
    {
      const LkLabTraits *traits = lk_lab_fleet_get_traits (self->fleet, i);
      guint32 address = lk_lab_fleet_get_address (lk_lab_fleet_get_place_of (self->fleet, i));
      g_autofree char *name = lk_lab_machine_dup_fqdn (traits);
      g_autofree char *domain = lk_lab_machine_dup_domain (traits);

      g_string_append_printf (text, "%s,%u.%u.%u.%u,%u,%s\n", name, address >> 24,
                              address >> 16 & 0xFF, address >> 8 & 0xFF, address & 0xFF, self->port,
                              domain);
    }
  return g_file_set_contents (path, text->str, (gssize) text->len, error);
}
