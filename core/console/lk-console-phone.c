/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-phone.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "domain/lk-identifiers.h"
#include "store/lk-spends.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static const struct
{
  const char *word;
  const char *title;
} states[] = {
  [LK_PHONE_WAITING] = { "waiting", N_ ("to be telephoned for") },
  [LK_PHONE_IN_FLIGHT] = { "in-flight", N_ ("asked for another way, no answer yet") },
  [LK_PHONE_ON_RECORD] = { "on-record", N_ ("confirmation ID on record") },
  [LK_PHONE_LICENSED] = { "licensed", N_ ("licensed") },
  [LK_PHONE_NO_IID] = { "no-iid", N_ ("no installation ID") },
};

const char *
lk_phone_state_to_word (LkPhoneState state)
{
  return states[state].word;
}

const char *
lk_phone_state_to_title (LkPhoneState state)
{
  return _ (states[state].title);
}

void
lk_phone_line_free (LkPhoneLine *self)
{
  if (self == NULL)
    return;
  g_free (self->machine);
  g_free (self->product);
  g_free (self->partial_key);
  g_free (self->key_identity);
  g_free (self->iid);
  g_free (self->epid);
  g_free (self->cid);
  g_free (self);
}

char *
lk_phone_line_describe_cost (const LkPhoneLine *self)
{
  if (self->cid != NULL)
    return g_strdup (_ ("Costs nothing: the confirmation ID is on record"));
  if (self->state == LK_PHONE_IN_FLIGHT)
    return g_strdup_printf (_ ("An activation of the key that ends in %s was asked for already and"
                               " may be spent; telephoning may spend another one"),
                            self->partial_key);
  if (self->left < 0)
    return g_strdup_printf (_ ("Uses one activation of the key that ends in %s; how many are left"
                               " is not known"),
                            self->partial_key);

  return g_strdup_printf (_ ("Uses one of %d activations of the key that ends in %s"),
                          (int) self->left, self->partial_key);
}

static gboolean
can_be_read_out (const LkProduct *product)
{
  return product->partial_key != NULL && product->iid != NULL && product->key_kind != LK_KEY_GVLK &&
         lk_digits_is_plausible (LK_DIGITS_IID, product->iid);
}

static gboolean
judge (LkPhoneLine *line, const LkProduct *product, LkStore *store, GError **error)
{
  g_autoptr (LkSpend) spend = NULL;
  LkMethod method = LK_METHOD_PROXY;
  LkPool pool;

  line->state = LK_PHONE_NO_IID;
  line->left = -1;
  line->key_identity = can_be_read_out (product) ? lk_key_identity_from_epid (product->epid) : NULL;
  if (line->key_identity == NULL)
    return TRUE;

  line->iid = g_strdup (product->iid);
  line->epid = g_strdup (product->epid);
  if (!lk_store_find_spend (store, line->key_identity, line->iid, &line->cid, &method, &spend,
                            error) ||
      !lk_store_get_pool (store, line->key_identity, &pool, error))
    return FALSE;

  line->is_typed = line->cid != NULL && method == LK_METHOD_PHONE;
  line->left = pool.remaining >= 0 ? MAX (pool.left, 0) : -1;
  if (product->status == LK_LICENSE_LICENSED)
    line->state = LK_PHONE_LICENSED;
  else if (line->cid != NULL)
    line->state = LK_PHONE_ON_RECORD;
  else if (spend != NULL && (spend->state == LK_SPEND_SENT || spend->state == LK_SPEND_UNKNOWN))
    line->state = LK_PHONE_IN_FLIGHT;
  else
    line->state = LK_PHONE_WAITING;
  return TRUE;
}

GPtrArray *
lk_console_list_phone (LkConsole *self,
                       const LkChoice *choice,
                       gboolean *is_unknown_name,
                       GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_rows (self, choice, is_unknown_name, error);
  g_autoptr (GPtrArray) lines = NULL;

  if (rows == NULL)
    return NULL;

  lines = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_phone_line_free);
  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = g_ptr_array_index (rows, i);
      LkPhoneLine *line = g_new0 (LkPhoneLine, 1);

      g_ptr_array_add (lines, line);
      line->key = lk_row_get_key (row);
      line->machine_id = row->machine_id;
      line->machine = g_strdup (row->name);
      line->product = g_strdup (row->product->name);
      line->partial_key = g_strdup (row->product->partial_key);
      if (!judge (line, row->product, lk_console_get_store (self, NULL), error))
        return NULL;
    }

  return g_steal_pointer (&lines);
}

/* One CID for an IID is for ever, except that a person may correct what a person typed. */
static LkTaken
compare (const char *on_record, LkMethod method, const char *cid)
{
  if (on_record == NULL)
    return LK_TAKEN_NEW;
  return method == LK_METHOD_PHONE && !g_str_equal (on_record, cid) ? LK_TAKEN_CORRECTED
                                                                    : LK_TAKEN_KNOWN;
}

gboolean
lk_console_take_cid (LkConsole *self,
                     const LkPhoneLine *line,
                     const char *typed,
                     LkTaken *taken,
                     GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autofree char *cid =
      store != NULL ? lk_digits_from_typed (LK_DIGITS_CID, typed, NULL, error) : NULL;
  g_autofree char *on_record = NULL;
  g_autofree char *message = NULL;
  g_autoptr (LkSpend) spend = NULL;
  LkMethod method = LK_METHOD_PROXY;
  LkDelivery delivery = {
    .key_identity = line->key_identity,
    .iid = line->iid,
    .epid = line->epid,
    .cid = cid,
    .method = LK_METHOD_PHONE,
    .machine_id = line->machine_id,
  };

  if (cid == NULL)
    return FALSE;
  if (line->iid == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("%s has no installation ID to telephone for; refresh it first"),
                   line->machine);
      return FALSE;
    }
  if (!lk_store_find_spend (store, line->key_identity, line->iid, &on_record, &method, &spend,
                            error))
    return FALSE;

  *taken = compare (on_record, method, cid);
  if (*taken == LK_TAKEN_KNOWN)
    return TRUE;

  message = *taken == LK_TAKEN_CORRECTED
                ? g_strdup_printf (_ ("Confirmation ID by phone, in place of %s"), on_record)
                : g_strdup (_ ("Confirmation ID by phone"));
  delivery.message = message;
  return lk_store_deliver_cid (store, &delivery, lk_console_now (self), error);
}

const char *
lk_taken_to_title (LkTaken taken)
{
  switch (taken)
    {
    case LK_TAKEN_NEW:
      return _ ("The confirmation ID is on record");
    case LK_TAKEN_KNOWN:
      return _ ("A confirmation ID was on record already; it stays, and nothing was spent");
    case LK_TAKEN_CORRECTED:
      return _ ("The confirmation ID that was typed before is corrected; nothing was spent");
    }

  g_assert_not_reached ();
}

void
lk_phone_answer_free (LkPhoneAnswer *self)
{
  if (self == NULL)
    return;
  g_free (self->iid);
  g_free (self->cid);
  g_free (self);
}

/* An IID has 54 or 63 digits, so that both together tell where the CID begins. */
static LkPhoneAnswer *
answer_from_line (const char *line, guint number, GError **error)
{
  g_autofree char *digits = lk_digits_extract (line);
  gsize length = strlen (digits);
  gsize n_cid = LK_CID_GROUPS * LK_CID_GROUP_LENGTH;
  gsize n_iid = length > n_cid ? length - n_cid : 0;
  g_autofree char *iid = g_strndup (digits, n_iid);
  g_autofree char *cid = NULL;
  g_autoptr (GError) cause = NULL;
  LkPhoneAnswer *answer;

  if (length < n_cid || (n_iid > 0 && !lk_digits_is_plausible (LK_DIGITS_IID, iid)))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("Line %u has %zu digits; a confirmation ID has 48, with the installation ID"
                      " before it 102 or 111"),
                   number, length);
      return NULL;
    }
  cid = lk_digits_from_typed (LK_DIGITS_CID, digits + n_iid, NULL, &cause);
  if (cid == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Line %u: %s"), number, cause->message);
      return NULL;
    }

  answer = g_new0 (LkPhoneAnswer, 1);
  answer->iid = n_iid > 0 ? g_steal_pointer (&iid) : NULL;
  answer->cid = g_steal_pointer (&cid);
  return answer;
}

GPtrArray *
lk_phone_answers_parse (const char *text, GError **error)
{
  g_autoptr (GPtrArray) answers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_phone_answer_free);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      LkPhoneAnswer *answer;

      if (lines[i][0] == '#' || strpbrk (lines[i], "0123456789") == NULL)
        continue;
      answer = answer_from_line (lines[i], i + 1, error);
      if (answer == NULL)
        return NULL;
      g_ptr_array_add (answers, answer);
    }

  if (answers->len > 0)
    return g_steal_pointer (&answers);
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("There is no confirmation ID in it"));
  return NULL;
}
