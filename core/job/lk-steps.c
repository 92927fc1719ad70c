/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "job/lk-steps.h"

#include "base/lk-error.h"
#include "domain/lk-identifiers.h"

#include <glib/gi18n-lib.h>

/* Windows cuts Activate at 60 s and may go on behind it: the state is watched this long before the
 * outcome counts as unknown. */
#define WATCH_ACTIVATION (10 * LK_MINUTE)
#define LOOK_AGAIN       (5 * LK_SECOND)

typedef gboolean (*StepFunc) (const LkStepContext *context, LkVerdict *verdict, GError **error);

static LkLicensing *
talk (const LkStepContext *context, GError **error)
{
  return lk_conversation_get_licensing (context->conversation, error);
}

/* Before anything is changed: is this the machine of the row? On this very connection. */
static gboolean
check_identity (const LkStepContext *context, const LkItem *item, GError **error)
{
  LkLicensing *licensing = talk (context, error);
  const LkIdentity *seen = NULL;
  g_autofree char *difference = NULL;

  if (licensing == NULL)
    return FALSE;
  if (item->identity == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("%s has never been read, so nobody knows whether it is the right machine;"
                      " refresh it first"),
                   item->name);
      return FALSE;
    }

  seen = lk_licensing_read_identity (licensing, context->cancellable, error);
  if (seen == NULL)
    return FALSE;
  if (lk_identity_matches (item->identity, seen, &difference))
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_REJECTED,
               _ ("This is another machine than %s: %s. Nothing was changed; refresh it, and if it"
                  " was replaced, forget the old row and add it anew"),
               item->name, difference);
  return FALSE;
}

static LkProduct *
find_product (GPtrArray *products, const LkItem *item)
{
  for (guint i = 0; i < products->len; i++)
    {
      LkProduct *product = g_ptr_array_index (products, i);

      if (product->partial_key != NULL && item->partial_key != NULL &&
          g_ascii_strcasecmp (product->partial_key, item->partial_key) == 0 &&
          (item->application_id == NULL ||
           g_ascii_strcasecmp (product->application_id, item->application_id) == 0))
        return product;
    }

  return NULL;
}

/* Reads the products into the verdict and finds the item's; NULL without an error when the key is
 * not installed. */
static LkProduct *
look (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  LkLicensing *licensing = talk (context, error);

  if (licensing == NULL)
    return NULL;

  g_clear_pointer (&verdict->products, g_ptr_array_unref);
  verdict->products = lk_licensing_read_products (licensing, verdict->item->application_id,
                                                  context->cancellable, error);
  return verdict->products != NULL ? find_product (verdict->products, verdict->item) : NULL;
}

static gboolean
set_no_product (const LkVerdict *verdict, GError **error)
{
  if (verdict->products != NULL) /* else the look itself failed, and said why */
    g_set_error (error, LK_ERROR, LK_ERROR_REJECTED,
                 _ ("No product with a key that ends in %s is installed on %s"),
                 verdict->item->partial_key != NULL ? verdict->item->partial_key : "?",
                 verdict->item->name);
  return FALSE;
}

static gboolean
step_refresh (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  LkLicensing *licensing = talk (context, error);

  if (licensing == NULL)
    return FALSE;

  verdict->reading = lk_licensing_read (licensing, context->cancellable, error);
  return verdict->reading != NULL;
}

static gboolean
step_install_key (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  const LkItem *item = verdict->item;
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (GError) local_error = NULL;

  if (item->key_id == 0)
    return TRUE; /* the job goes by the key that is installed */
  if (!check_identity (context, item, error))
    return FALSE;
  if (look (context, verdict, &local_error) != NULL)
    return TRUE;
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  key = context->access->get_key (item->key_id, context->access->user_data, error);
  if (key == NULL ||
      !lk_licensing_install_key (talk (context, error), key, context->cancellable, error) ||
      !lk_licensing_refresh_status (talk (context, error), context->cancellable, error))
    return FALSE;
  if (look (context, verdict, error) != NULL)
    return TRUE;

  return set_no_product (verdict, error);
}

static gboolean
step_uninstall_key (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  LkProduct *product;

  if (!check_identity (context, verdict->item, error))
    return FALSE;

  product = look (context, verdict, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (product == NULL)
    return TRUE;

  return lk_licensing_uninstall_key (talk (context, error), product, context->cancellable, error) &&
         lk_licensing_refresh_status (talk (context, error), context->cancellable, error);
}

/* Takes what a proxy or online activation needs from the product as it is now. */
static gboolean
take_iid (LkVerdict *verdict, const LkProduct *product, GError **error)
{
  const LkItem *item = verdict->item;
  g_autofree char *key_identity = lk_key_identity_from_epid (product->epid);

  if (key_identity == NULL || product->iid == NULL ||
      !lk_digits_is_plausible (LK_DIGITS_IID, product->iid))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
                   _ ("%s shows no usable installation ID or extended PID for its key %s"),
                   item->name, item->partial_key);
      return FALSE;
    }
  if (item->key_id != 0 && item->key_identity != NULL &&
      !g_str_equal (item->key_identity, key_identity))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_REJECTED,
                   _ ("The key installed on %s also ends in %s but is another one (%s, not %s)"),
                   item->name, item->partial_key, key_identity, item->key_identity);
      return FALSE;
    }

  verdict->key_identity = g_steal_pointer (&key_identity);
  verdict->iid = g_strdup (product->iid);
  verdict->epid = g_strdup (product->epid);
  return TRUE;
}

/* Licensed under this key already: straight to verify. If an online activation of it is still open,
 * it has its answer now. */
static void
note_licensed (LkVerdict *verdict, const LkProduct *product)
{
  verdict->next_step = "verify";
  if (take_iid (verdict, product, NULL))
    verdict->news = LK_SPEND_NEWS_CONFIRMED;
}

static gboolean
step_read_iid (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  LkProduct *product = look (context, verdict, error);

  if (product == NULL)
    return set_no_product (verdict, error);
  if (product->status != LK_LICENSE_LICENSED)
    return take_iid (verdict, product, error);

  note_licensed (verdict, product);
  return TRUE;
}

static gboolean
step_await_cid (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  verdict->outcome = LK_OUTCOME_AWAIT_CID;
  return TRUE;
}

static gboolean
step_recall_cid (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  verdict->outcome = LK_OUTCOME_RECALL_CID;
  return TRUE;
}

static gboolean
step_deposit_cid (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  const LkItem *item = verdict->item;
  LkProduct *product;

  if (!check_identity (context, item, error))
    return FALSE;
  product = look (context, verdict, error);
  if (product == NULL)
    return set_no_product (verdict, error);
  if (product->status == LK_LICENSE_LICENSED)
    return TRUE;

  if (g_strcmp0 (product->iid, item->iid) != 0)
    {
      /* Its hardware changed, say. Another CID would cost another activation: a person decides. */
      verdict->outcome = LK_OUTCOME_RECALL_CID;
      verdict->next_step = "deposit-cid";
      verdict->message = g_strdup_printf (
          _ ("%s changed since its installation ID was read, and no confirmation ID is on record"
             " for the new one. Activating it again spends another activation"),
          item->name);
      return take_iid (verdict, product, error);
    }
  if (item->cid == NULL)
    {
      verdict->next_step = g_str_equal (item->plan, LK_PLAN_DEPOSIT) ? "recall-cid" : "await-cid";
      return TRUE;
    }

  return lk_licensing_deposit (talk (context, error), product, product->iid, item->cid,
                               context->cancellable, error) &&
         lk_licensing_refresh_status (talk (context, error), context->cancellable, error);
}

static gboolean
step_verify (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  const LkItem *item = verdict->item;
  LkProduct *product;

  if (!step_refresh (context, verdict, error))
    return FALSE;

  product = find_product (verdict->reading->products, item);
  if (product != NULL && product->status == LK_LICENSE_LICENSED)
    {
      verdict->message = g_strdup (_ ("Licensed"));
      return TRUE;
    }

  lk_error_set_remote (error, LK_ERROR_REJECTED, product != NULL ? product->status_reason : 0,
                       _ ("Everything was done, but %s reads “%s” for the key %s"), item->name,
                       product != NULL ? lk_license_status_to_title (product->status)
                                       : _ ("no product"),
                       item->partial_key);
  return FALSE;
}

static gboolean
step_commit_spend (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  LkProduct *product;

  if (!check_identity (context, verdict->item, error))
    return FALSE;
  product = look (context, verdict, error);
  if (product == NULL)
    return set_no_product (verdict, error);

  if (product->status == LK_LICENSE_LICENSED)
    {
      note_licensed (verdict, product);
      return TRUE;
    }
  verdict->outcome = LK_OUTCOME_COMMIT_SPEND;
  return take_iid (verdict, product, error);
}

/* The activation was asked for, perhaps by an earlier run: only the machine's state can tell. */
static gboolean
watch_activation (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  gint64 now = lk_clock_now (context->clock);

  gint64 since =
      verdict->item->sent_at != 0 ? verdict->item->sent_at : verdict->item->failing_since;

  if (since != 0 && now - since > WATCH_ACTIVATION)
    {
      verdict->news = LK_SPEND_NEWS_UNKNOWN;
      g_set_error (error, LK_ERROR, LK_ERROR_REJECTED,
                   _ ("%s was told to activate and is still not licensed after 10 minutes; whether"
                      " an activation was spent is not known. “job retry” asks once more"),
                   verdict->item->name);
      return FALSE;
    }

  verdict->outcome = LK_OUTCOME_RETRY;
  verdict->due_at = now + MIN (LOOK_AGAIN, context->first_back_off);
  verdict->message = g_strdup (_ ("Activation was asked for; watching the machine's state"));
  return TRUE;
}

/* Nothing has left: the spend goes back, and the item to where it is committed anew. */
static gboolean
take_spend_back (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  verdict->news = LK_SPEND_NEWS_UNSENT;
  if (error != NULL && (lk_error_is_transient (*error) ||
                        g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
                        g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_PENDING)))
    verdict->next_step = "commit-spend";
  return FALSE;
}

static gboolean
step_activate (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  const LkItem *item = verdict->item;
  gboolean only_look = item->attempt > 1; /* what was not sent starts at commit-spend again */
  g_autoptr (GError) local_error = NULL;
  LkProduct *product = NULL;

  if (check_identity (context, item, &local_error))
    product = look (context, verdict, &local_error);
  if (product == NULL)
    {
      if (local_error == NULL)
        set_no_product (verdict, &local_error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return only_look ? FALSE : take_spend_back (context, verdict, error);
    }

  if (product->status == LK_LICENSE_LICENSED)
    {
      verdict->news = LK_SPEND_NEWS_CONFIRMED;
      return TRUE;
    }
  if (only_look)
    return watch_activation (context, verdict, error);

  if (lk_licensing_activate (talk (context, error), product, context->cancellable, &local_error))
    {
      /* From here on the machine has said yes; what follows must not send it again. */
      lk_licensing_refresh_status (talk (context, NULL), context->cancellable, NULL);
      product = look (context, verdict, NULL);
      if (product == NULL || product->status != LK_LICENSE_LICENSED)
        return watch_activation (context, verdict, error);
      verdict->news = LK_SPEND_NEWS_CONFIRMED;
      return TRUE;
    }

  /* Interrupted, cut off or answered with rubbish: the machine may be activating all the same. */
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      (lk_error_was_sent (local_error) &&
       (g_error_matches (local_error, LK_ERROR, LK_ERROR_UNREACHABLE) ||
        g_error_matches (local_error, LK_ERROR, LK_ERROR_BAD_REPLY))))
    return watch_activation (context, verdict, error);

  if (g_error_matches (local_error, LK_ERROR, LK_ERROR_REJECTED))
    verdict->news = LK_SPEND_NEWS_REFUSED;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return verdict->news == LK_SPEND_NEWS_REFUSED ? FALSE : take_spend_back (context, verdict, error);
}

static gboolean
step_rearm (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  const LkItem *item = verdict->item;
  g_autoptr (LkReading) before = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!check_identity (context, item, error))
    return FALSE;
  before = lk_licensing_read (talk (context, error), context->cancellable, error);
  if (before == NULL)
    return FALSE;

  verdict->message = g_strdup (_ ("Rearmed; it takes effect when the machine restarts"));
  if (item->attempt > 1 && before->rearm_left >= 0 && before->rearm_left < item->rearm_left)
    return TRUE; /* an earlier attempt got through */

  if (lk_licensing_rearm (talk (context, error), context->cancellable, &local_error))
    return lk_licensing_refresh_status (talk (context, error), context->cancellable, error);

  g_clear_pointer (&verdict->message, g_free);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static const struct
{
  const char *name;
  StepFunc run;
} steps[] = {
  { "refresh", step_refresh },
  { "install-key", step_install_key },
  { "uninstall-key", step_uninstall_key },
  { "read-iid", step_read_iid },
  { "await-cid", step_await_cid },
  { "recall-cid", step_recall_cid },
  { "deposit-cid", step_deposit_cid },
  { "commit-spend", step_commit_spend },
  { "activate", step_activate },
  { "verify", step_verify },
  { "rearm", step_rearm },
};

gboolean
lk_step_run (const LkStepContext *context, LkVerdict *verdict, GError **error)
{
  verdict->outcome = LK_OUTCOME_DONE;
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (g_str_equal (steps[i].name, verdict->item->step))
      return steps[i].run (context, verdict, error);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("This version of Latchkey has no step “%s”; use the version that filed the job"),
               verdict->item->step);
  return FALSE;
}
