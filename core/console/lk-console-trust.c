/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-trust.h"

#include "base/lk-error.h"
#include "console/lk-console-backend.h"
#include "console/lk-console-private.h"
#include "net/lk-link.h"
#include "store/lk-pins.h"

#include <glib/gi18n-lib.h>

#define MAX_THREADS 64

void
lk_accepted_certificate_free (LkAcceptedCertificate *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->host);
  g_free (self->pin);
  g_clear_pointer (&self->facts, lk_certificate_facts_unref);
  g_free (self);
}

char *
lk_accepted_certificate_describe (const LkAcceptedCertificate *self, gint64 now)
{
  g_autofree char *from = NULL;
  g_autofree char *until = NULL;

  if (self->facts == NULL)
    return g_strdup (_ ("only its fingerprint is known"));

  from = lk_date_to_text (self->facts->not_before);
  until = lk_date_to_text (self->facts->not_after);
  if (self->facts->not_after < now)
    return g_strdup_printf (_ ("expired on %s"), until);
  if (self->facts->not_before > now)
    return g_strdup_printf (_ ("not valid before %s"), from);
  return g_strdup (_ ("valid"));
}

void
lk_shown_certificate_free (LkShownCertificate *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->host);
  g_clear_pointer (&self->certificate, g_bytes_unref);
  g_clear_pointer (&self->facts, lk_certificate_facts_unref);
  g_free (self->accepted_pin);
  g_free (self->change);
  g_free (self->ca_reason);
  g_clear_error (&self->error);
  g_free (self);
}

const char *
lk_shown_state_to_word (LkShownState state)
{
  static const char *const words[] = {
    [LK_SHOWN_NEW] = "new",           [LK_SHOWN_CHANGED] = "changed",
    [LK_SHOWN_ACCEPTED] = "accepted", [LK_SHOWN_TRUSTED] = "trusted",
    [LK_SHOWN_NO_TLS] = "no-tls",     [LK_SHOWN_FAILED] = "failed",
  };

  return words[state];
}

static const char *
get_host (const LkRow *row)
{
  return row->address != NULL ? row->address : row->name;
}

/* Whether row @i is of the same machine as the one before: they follow each other. */
static gboolean
is_repeated (GPtrArray *rows, guint i)
{
  return i > 0 && ((const LkRow *) g_ptr_array_index (rows, i - 1))->machine_id ==
                      ((const LkRow *) g_ptr_array_index (rows, i))->machine_id;
}

/* LkPinRow by the id of its machine. */
static GHashTable *
get_pins (LkConsole *self, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (GPtrArray) rows = store != NULL ? lk_store_list_pins (store, error) : NULL;
  GHashTable *pins;

  if (rows == NULL)
    return NULL;

  pins =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) lk_pin_row_free);
  g_ptr_array_set_free_func (rows, NULL);
  for (guint i = 0; i < rows->len; i++)
    {
      LkPinRow *row = g_ptr_array_index (rows, i);

      g_hash_table_insert (pins, &row->machine_id, row);
    }

  return pins;
}

GPtrArray *
lk_console_list_certificates (LkConsole *self, GPtrArray *rows, GError **error)
{
  g_autoptr (GHashTable) pins = get_pins (self, error);
  GPtrArray *list;

  if (pins == NULL)
    return NULL;

  list = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_accepted_certificate_free);
  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = g_ptr_array_index (rows, i);
      const LkPinRow *pin = g_hash_table_lookup (pins, &row->machine_id);
      LkAcceptedCertificate *accepted;

      if (pin == NULL || is_repeated (rows, i))
        continue;
      accepted = g_new0 (LkAcceptedCertificate, 1);
      accepted->machine_id = row->machine_id;
      accepted->name = g_strdup (row->name);
      accepted->host = g_strdup (get_host (row));
      accepted->port = row->port;
      accepted->pin = g_strdup (pin->pin);
      accepted->accepted_at = pin->pinned_at;
      if (pin->certificate != NULL)
        accepted->facts = lk_certificate_facts_new (pin->certificate, NULL);
      g_ptr_array_add (list, accepted);
    }

  return list;
}

/* What the threads of one fetch share. */
typedef struct
{
  LkTrust *trust;
  guint connect_ms;
  GHashTable *pins; /* read only meanwhile */
  GCancellable *cancellable;
  LkFetchFunc progress;
  gpointer user_data;
  GMutex lock; /* for what follows */
  guint n_all;
  guint n_done;
} Fetch;

static void
judge (LkShownCertificate *shown, const LkPinRow *pin)
{
  g_autoptr (LkCertificateFacts) old = NULL;

  if (pin == NULL)
    {
      shown->state = shown->is_ca_trusted ? LK_SHOWN_TRUSTED : LK_SHOWN_NEW;
      return;
    }

  shown->accepted_pin = g_strdup (pin->pin);
  shown->state = g_str_equal (pin->pin, shown->facts->pin) ? LK_SHOWN_ACCEPTED : LK_SHOWN_CHANGED;
  if (shown->state == LK_SHOWN_CHANGED && pin->certificate != NULL)
    old = lk_certificate_facts_new (pin->certificate, NULL);
  if (old != NULL)
    shown->change = lk_certificate_facts_describe_change (old, shown->facts);
}

/* Goes by CAs, whatever was accepted: so it comes out whether they would do. */
static void
ask (const Fetch *fetch, LkShownCertificate *shown)
{
  const LkLinkOptions options = {
    .host = shown->host,
    .port = shown->port,
    .tls = TRUE,
    .trust = fetch->trust,
    .connect_ms = fetch->connect_ms,
  };
  g_autoptr (LkLink) link = lk_link_new (&options);
  g_autoptr (GError) error = NULL;
  GBytes *certificate;

  shown->is_ca_trusted = lk_link_connect (link, fetch->cancellable, &error);
  certificate = lk_link_get_peer_certificate (link);
  if (certificate != NULL)
    shown->facts = lk_certificate_facts_new (certificate, &shown->error);
  else
    shown->error = g_steal_pointer (&error);

  shown->state = LK_SHOWN_FAILED;
  if (shown->facts == NULL)
    return;
  shown->certificate = g_bytes_ref (certificate);
  shown->ca_reason = error != NULL ? g_strdup (error->message) : NULL;
  judge (shown, g_hash_table_lookup (fetch->pins, &shown->machine_id));
}

static void
fetch_one (gpointer data, gpointer user_data)
{
  Fetch *fetch = user_data;
  LkShownCertificate *shown = data;

  if (!g_cancellable_set_error_if_cancelled (fetch->cancellable, &shown->error))
    ask (fetch, shown);
  g_mutex_lock (&fetch->lock);
  fetch->n_done++;
  if (fetch->progress != NULL)
    fetch->progress (fetch->n_done, fetch->n_all, fetch->user_data);
  g_mutex_unlock (&fetch->lock);
}

static GPtrArray *
list_machines (GPtrArray *rows)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_shown_certificate_free);

  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = g_ptr_array_index (rows, i);
      LkShownCertificate *shown;

      if (is_repeated (rows, i))
        continue;
      shown = g_new0 (LkShownCertificate, 1);
      shown->machine_id = row->machine_id;
      shown->name = g_strdup (row->name);
      shown->host = g_strdup (get_host (row));
      shown->port = row->port;
      shown->state = row->tls ? LK_SHOWN_FAILED : LK_SHOWN_NO_TLS;
      g_ptr_array_add (list, shown);
    }

  return list;
}

GPtrArray *
lk_console_fetch_certificates (LkConsole *self,
                               GPtrArray *rows,
                               LkFetchFunc progress,
                               gpointer user_data,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (GHashTable) pins = get_pins (self, error);
  g_autofree char *ca_file = NULL;
  g_autoptr (LkTrust) trust = NULL;
  g_autoptr (GPtrArray) list = NULL;
  Fetch fetch = { .progress = progress, .user_data = user_data, .cancellable = cancellable };
  GThreadPool *pool;

  if (pins == NULL)
    return NULL;
  ca_file = lk_store_get_setting (lk_console_get_store (self, NULL), LK_SETTING_MACHINES_CA, NULL);
  trust = lk_trust_new (ca_file, error);
  if (trust == NULL)
    return NULL;

  list = list_machines (rows);
  fetch.trust = trust;
  fetch.connect_ms = (guint) lk_console_get_duration (self, LK_SETTING_CONNECT_TIMEOUT);
  fetch.pins = pins;
  g_mutex_init (&fetch.lock);
  for (guint i = 0; i < list->len; i++)
    {
      LkShownCertificate *shown = g_ptr_array_index (list, i);

      fetch.n_all += shown->state != LK_SHOWN_NO_TLS ? 1 : 0;
    }
  pool = g_thread_pool_new (fetch_one, &fetch, MAX_THREADS, FALSE, NULL);
  for (guint i = 0; i < list->len; i++)
    {
      LkShownCertificate *shown = g_ptr_array_index (list, i);

      if (shown->state != LK_SHOWN_NO_TLS)
        g_thread_pool_push (pool, shown, NULL);
    }
  g_thread_pool_free (pool, FALSE, TRUE);
  g_mutex_clear (&fetch.lock);
  return g_steal_pointer (&list);
}

gboolean
lk_failure_is_of_certificate (const char *message)
{
  return message != NULL && strstr (message, LK_TRUST_REMEDY) != NULL;
}

char *
lk_console_parse_fingerprint (const char *text, GError **error)
{
  char *pin = lk_pin_parse (text);

  if (pin == NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("A fingerprint is the SHA-256 of a certificate, 64 hexadecimal digits"));
  return pin;
}

/* "user@host", for the record; to be freed. */
static char *
get_person (void)
{
  return g_strdup_printf ("%s@%s", g_get_user_name (), g_get_host_name ());
}

gboolean
lk_console_accept_certificate (LkConsole *self,
                               const LkShownCertificate *shown,
                               const char *fingerprint,
                               GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autofree char *person = get_person ();
  g_autofree char *given = lk_pin_parse (fingerprint);
  g_autofree char *pin = NULL;
  g_autofree char *pin_text = NULL;
  g_autofree char *names = NULL;
  g_autofree char *until = NULL;
  g_autofree char *note = NULL;
  gboolean changed = FALSE;

  if (store == NULL)
    return FALSE;
  if (shown->certificate == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("%s has shown no certificate"),
                   shown->name);
      return FALSE;
    }

  pin = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, shown->certificate);
  pin_text = lk_pin_to_text (pin);
  if (g_strcmp0 (pin, given) != 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                   _ ("%s shows another certificate than that: its SHA-256 is %s"), shown->name,
                   pin_text);
      return FALSE;
    }

  names = lk_certificate_facts_join_names (shown->facts);
  until = lk_date_to_text (shown->facts->not_after);
  note = g_strdup_printf (_ ("%s accepted the certificate for %s, valid until %s, SHA-256 %s"),
                          person, names, until, pin_text);
  if (!lk_store_set_pin (store, shown->machine_id, pin, shown->certificate, lk_console_now (self),
                         note, &changed, error))
    return FALSE;
  if (!changed)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("%s is not known any more"), shown->name);
  return changed;
}

gboolean
lk_console_forget_certificate (LkConsole *self,
                               const LkAcceptedCertificate *accepted,
                               GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autofree char *person = get_person ();
  g_autofree char *pin_text = lk_pin_to_text (accepted->pin);
  g_autofree char *note =
      g_strdup_printf (_ ("%s forgot the certificate with SHA-256 %s"), person, pin_text);
  gboolean changed = FALSE;

  return store != NULL && lk_store_set_pin (store, accepted->machine_id, NULL, NULL,
                                            lk_console_now (self), note, &changed, error);
}
