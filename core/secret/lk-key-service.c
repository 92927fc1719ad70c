/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "secret/lk-key-provider.h"

#include <glib/gi18n-lib.h>
#include <libsecret/secret.h>
#include <sodium.h>
#include <string.h>

#define PROBE_SECONDS  2
#define ANSWER_SECONDS 5

#define ATTRIBUTE_VAULT "vault"
#define ATTRIBUTE_STORE "store"

/* A key is found by what it is called alone, since stores move. */
static const SecretSchema schema = {
  .name = "org.latchkey.Store",
  .attributes = { { ATTRIBUTE_VAULT, SECRET_SCHEMA_ATTRIBUTE_STRING },
                  { ATTRIBUTE_STORE, SECRET_SCHEMA_ATTRIBUTE_STRING } },
};

typedef struct
{
  LkKeyProvider parent;
  char *store;
} ServiceProvider;

/* libsecret waits as long as the far side likes, unless it is cancelled. */
typedef struct
{
  GCancellable *cancellable;
  GThread *thread;
  GMutex lock;
  GCond over;
  gboolean is_over;
  gint64 end;
} Deadline;

static gpointer
watch_deadline (gpointer data)
{
  Deadline *self = data;

  g_mutex_lock (&self->lock);
  while (!self->is_over && g_cond_wait_until (&self->over, &self->lock, self->end))
    ;
  if (!self->is_over)
    g_cancellable_cancel (self->cancellable);
  g_mutex_unlock (&self->lock);
  return NULL;
}

static Deadline *
deadline_new (gint64 seconds)
{
  Deadline *self = g_new0 (Deadline, 1);

  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->over);
  self->end = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  self->thread = g_thread_new ("deadline", watch_deadline, self);
  return self;
}

static void
deadline_free (Deadline *self)
{
  g_mutex_lock (&self->lock);
  self->is_over = TRUE;
  g_cond_signal (&self->over);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  g_cond_clear (&self->over);
  g_mutex_clear (&self->lock);
  g_object_unref (self->cancellable);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Deadline, deadline_free)

static void
free_items (GList *items)
{
  g_list_free_full (items, g_object_unref);
}

typedef GList ItemList;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ItemList, free_items)

/* Without one, GDBus would start a bus of its own, which knows no keyring. */
static gboolean
has_session_bus (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  g_autofree char *socket = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);

  return address != NULL ? !g_str_has_prefix (address, "disabled:")
                         : g_file_test (socket, G_FILE_TEST_EXISTS);
}

static SecretService *
get_service (SecretServiceFlags flags, Deadline *deadline, GError **error)
{
  if (has_session_bus ())
    return secret_service_get_sync (flags, deadline->cancellable, error);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("there is no session bus"));
  return NULL;
}

/* NULL without an error when there is none. */
static SecretCollection *
get_default_collection (Deadline *deadline, GError **error)
{
  g_autoptr (SecretService) service = get_service (SECRET_SERVICE_OPEN_SESSION, deadline, error);

  return service != NULL ? secret_collection_for_alias_sync (service, SECRET_COLLECTION_DEFAULT,
                                                             SECRET_COLLECTION_NONE,
                                                             deadline->cancellable, error)
                         : NULL;
}

static gboolean
fail_locked (ServiceProvider *self, GError **error)
{
  g_set_error (
      error, LK_ERROR, LK_ERROR_DENIED,
      _ ("“%s” needs the keyring (Secret Service) for its key, and that is locked; unlock"
         " it (log in at the desktop, or unlock it in “Passwords and Keys”) and try again"),
      self->store);
  return FALSE;
}

/* What went wrong with the keyring, in words for a person. Takes @cause. */
static gboolean
fail (ServiceProvider *self, Deadline *deadline, GError *cause, GError **error)
{
  g_autoptr (GError) owned = cause;

  if (g_error_matches (owned, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
    return fail_locked (self, error);
  if (g_cancellable_is_cancelled (deadline->cancellable))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                   _ ("“%s” needs the keyring (Secret Service) for its key, and that did not answer"
                      " within %d s; see whether it hangs or asks for something, and try again"),
                   self->store, ANSWER_SECONDS);
      return FALSE;
    }

  g_dbus_error_strip_remote_error (owned);
  g_set_error (
      error, LK_ERROR, LK_ERROR_DENIED,
      _ ("“%s” needs the keyring (Secret Service) for its key, and that cannot be used: %s."
         " Try again in the session in which the keyring runs"),
      self->store, owned->message);
  return FALSE;
}

/* The items that hold the key called @id; of this store's own only if @is_own. */
static gboolean
search (ServiceProvider *self,
        const char *id,
        gboolean is_own,
        Deadline *deadline,
        ItemList **items,
        GError **error)
{
  g_autoptr (GHashTable) attributes =
      secret_attributes_build (&schema, ATTRIBUTE_VAULT, id, is_own ? ATTRIBUTE_STORE : NULL,
                               self->store, NULL);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (SecretService) service =
      get_service (SECRET_SERVICE_OPEN_SESSION, deadline, &local_error);

  if (service != NULL)
    *items = secret_service_search_sync (service, &schema, attributes, SECRET_SEARCH_ALL,
                                         deadline->cancellable, &local_error);
  return local_error == NULL || fail (self, deadline, g_steal_pointer (&local_error), error);
}

/* Base64, in guarded memory. */
static SecretValue *
encode (const LkSecret *key)
{
  gsize size = sodium_base64_encoded_len (LK_VAULT_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL);
  char *text = sodium_malloc (size);

  g_assert (text != NULL);
  sodium_bin2base64 (text, size, (const guint8 *) lk_secret_peek (key), LK_VAULT_KEY_BYTES,
                     sodium_base64_VARIANT_ORIGINAL);
  return secret_value_new_full (text, (gssize) size - 1, "text/plain", sodium_free);
}

static LkSecret *
decode (SecretValue *value)
{
  gsize length = 0;
  const char *text = secret_value_get (value, &length);
  guint8 bytes[LK_VAULT_KEY_BYTES];
  LkSecret *key = NULL;
  gsize n = 0;

  if (sodium_base642bin (bytes, sizeof bytes, text, length, "\n", &n, NULL,
                         sodium_base64_VARIANT_ORIGINAL) == 0 &&
      n == sizeof bytes)
    key = lk_secret_new ((const char *) bytes, sizeof bytes);
  sodium_memzero (bytes, sizeof bytes);
  return key;
}

static LkSecret *
read_item (SecretItem *item, Deadline *deadline, GError **error)
{
  g_autoptr (SecretValue) value = NULL;

  if (!secret_item_load_secret_sync (item, deadline->cancellable, error))
    return NULL;

  value = secret_item_get_secret (item);
  return value != NULL ? decode (value) : NULL;
}

static LkSecret *
service_load (LkKeyProvider *provider, const char *id, GError **error)
{
  ServiceProvider *self = (ServiceProvider *) provider;
  g_autoptr (Deadline) deadline = NULL;
  g_autoptr (ItemList) items = NULL;
  g_autoptr (SecretCollection) collection = NULL;
  gboolean is_locked = FALSE;

  if (id == NULL)
    return NULL; /* none is this store's before the store says so */

  deadline = deadline_new (ANSWER_SECONDS);
  if (!search (self, id, FALSE, deadline, &items, error))
    return NULL;

  for (GList *l = items; l != NULL; l = l->next)
    {
      g_autoptr (GError) local_error = NULL;
      g_autoptr (LkSecret) key = NULL;
      g_autofree char *its_id = NULL;

      if (secret_item_get_locked (l->data))
        {
          is_locked = TRUE;
          continue;
        }
      key = read_item (l->data, deadline, &local_error);
      if (local_error != NULL)
        {
          fail (self, deadline, g_steal_pointer (&local_error), error);
          return NULL;
        }
      its_id = key != NULL ? lk_key_get_id (key) : NULL;
      if (g_strcmp0 (its_id, id) == 0)
        return g_steal_pointer (&key);
    }

  /* A keyring that was not unlocked since it was started does not even tell what it has. */
  collection = is_locked ? NULL : get_default_collection (deadline, NULL);
  if (is_locked || (collection != NULL && secret_collection_get_locked (collection)))
    fail_locked (self, error);
  else
    g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                 _ ("The keyring (Secret Service) does not have the key of “%s”; without it the"
                    " secrets of this store cannot be opened. Put back the keyring in which it was"
                    " made"),
                 self->store);
  return NULL;
}

static gboolean
service_keep (LkKeyProvider *provider, const LkSecret *key, const char *beside, GError **error)
{
  ServiceProvider *self = (ServiceProvider *) provider;
  g_autoptr (Deadline) deadline = deadline_new (ANSWER_SECONDS);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (SecretCollection) collection = get_default_collection (deadline, &local_error);
  g_autofree char *id = lk_key_get_id (key);
  g_autofree char *name = g_path_get_basename (self->store);
  g_autofree char *label = g_strdup_printf ("Latchkey: %s", name);
  g_autoptr (GHashTable) attributes =
      secret_attributes_build (&schema, ATTRIBUTE_VAULT, id, ATTRIBUTE_STORE, self->store, NULL);
  g_autoptr (SecretValue) value = NULL;
  g_autoptr (SecretItem) item = NULL;

  if (local_error != NULL)
    return fail (self, deadline, g_steal_pointer (&local_error), error);
  if (collection == NULL)
    {
      g_set_error (
          error, LK_ERROR, LK_ERROR_DENIED,
          _ ("“%s” needs a default keyring (Secret Service) for its key, and there is none;"
             " make one, for example in “Passwords and Keys”"),
          self->store);
      return FALSE;
    }
  if (secret_collection_get_locked (collection)) /* or somebody would be prompted */
    return fail_locked (self, error);

  value = encode (key);
  item = secret_item_create_sync (collection, &schema, attributes, label, value,
                                  SECRET_ITEM_CREATE_NONE, deadline->cancellable, &local_error);
  return item != NULL || fail (self, deadline, g_steal_pointer (&local_error), error);
}

static LkSecret *
service_create (LkKeyProvider *provider, GError **error)
{
  g_autoptr (LkSecret) key = lk_key_make ();

  return service_keep (provider, key, NULL, error) ? g_steal_pointer (&key) : NULL;
}

static gboolean
service_settle (LkKeyProvider *provider, const char *id, GError **error)
{
  return TRUE;
}

/* A copy of a store has the same key until it is sealed anew, and the key stays for the original.
 */
static gboolean
service_remove (LkKeyProvider *provider, const char *id, GError **error)
{
  ServiceProvider *self = (ServiceProvider *) provider;
  g_autoptr (Deadline) deadline = deadline_new (ANSWER_SECONDS);
  g_autoptr (ItemList) items = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!search (self, id, TRUE, deadline, &items, error))
    return FALSE;

  for (GList *l = items; l != NULL; l = l->next)
    {
      if (secret_item_get_locked (l->data))
        return fail_locked (self, error);
      if (!secret_item_delete_sync (l->data, deadline->cancellable, &local_error))
        return fail (self, deadline, g_steal_pointer (&local_error), error);
    }

  return TRUE;
}

static void
service_free (LkKeyProvider *provider)
{
  ServiceProvider *self = (ServiceProvider *) provider;

  g_free (self->store);
  g_free (self->parent.place);
  g_free (self);
}

LkKeyProvider *
lk_key_provider_new_service (const char *store)
{
  ServiceProvider *self = g_new0 (ServiceProvider, 1);

  self->parent.name = LK_KEY_SERVICE;
  self->parent.place = g_strdup (_ ("the keyring (Secret Service)"));
  self->parent.load = service_load;
  self->parent.create = service_create;
  self->parent.keep = service_keep;
  self->parent.settle = service_settle;
  self->parent.remove = service_remove;
  self->parent.free = service_free;
  self->store = g_canonicalize_filename (store, NULL);
  return &self->parent;
}

gboolean
lk_key_service_is_ready (void)
{
  g_autoptr (Deadline) deadline = NULL;
  g_autoptr (SecretCollection) collection = NULL;

  if (!has_session_bus ())
    return FALSE;

  deadline = deadline_new (PROBE_SECONDS);
  collection = get_default_collection (deadline, NULL);
  return collection != NULL && !secret_collection_get_locked (collection);
}
