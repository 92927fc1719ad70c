/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-phone-call.h"

#include "console/lk-preview.h"
#include "domain/lk-job.h"

#include <glib/gi18n.h>
#include <string.h>

char
lk_phone_group_letter (guint group)
{
  return (char) ('A' + group);
}

char *
lk_phone_explain_group (guint group, const char *text)
{
  g_autofree char *digits = lk_digits_extract (text);

  if (strlen (digits) != strlen (text))
    return g_strdup_printf (_ ("Group %c: only digits belong here"), lk_phone_group_letter (group));
  if (strlen (text) > LK_CID_GROUP_LENGTH)
    return g_strdup_printf (_ ("Group %c has more than six digits"), lk_phone_group_letter (group));

  return g_strdup_printf (_ ("Group %c is wrong: a digit was misheard or mistyped. Have this group"
                             " said again"),
                          lk_phone_group_letter (group));
}

struct _LkPhoneTyped
{
  LkPhoneLine line; /* what is needed of it */
  char *cid;
};

void
lk_phone_list_free (LkPhoneList *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->lines, g_ptr_array_unref);
  g_free (self);
}

const char *
lk_phone_list_explain (const LkPhoneList *self)
{
  if (self->n_without == 0 && self->n_licensed > 0)
    return _ ("They are licensed already");
  return _ (
      "No installation ID is known of them: read them first, and install a MAK or retail key");
}

gpointer
lk_phone_call_list (LkConsole *console,
                    gpointer question,
                    GCancellable *cancellable,
                    GError **error)
{
  const GArray *keys = question;
  const LkChoice choice = { .keys = &g_array_index (keys, gint64, 0), .n_keys = keys->len };
  GPtrArray *lines = lk_console_list_phone (console, &choice, NULL, error);
  LkPhoneList *list;

  if (lines == NULL)
    return NULL;

  list = g_new0 (LkPhoneList, 1);
  list->lines = lines;
  for (guint i = lines->len; i > 0; i--)
    {
      const LkPhoneLine *line = lines->pdata[i - 1];

      list->n_licensed += line->state == LK_PHONE_LICENSED;
      list->n_without += line->state == LK_PHONE_NO_IID;
      if (line->state == LK_PHONE_LICENSED || line->state == LK_PHONE_NO_IID)
        g_ptr_array_remove_index (lines, i - 1);
    }
  return list;
}

LkPhoneTyped *
lk_phone_typed_new (const LkPhoneLine *line, const char *cid)
{
  LkPhoneTyped *self = g_new0 (LkPhoneTyped, 1);

  self->line.key = line->key;
  self->line.machine_id = line->machine_id;
  self->line.machine = g_strdup (line->machine);
  self->line.key_identity = g_strdup (line->key_identity);
  self->line.iid = g_strdup (line->iid);
  self->line.epid = g_strdup (line->epid);
  self->cid = g_strdup (cid);
  return self;
}

void
lk_phone_typed_free (LkPhoneTyped *self)
{
  g_free (self->line.machine);
  g_free (self->line.key_identity);
  g_free (self->line.iid);
  g_free (self->line.epid);
  g_free (self->cid);
  g_free (self);
}

/* The number of the job, or 0 with why there is none. */
static gint64
file_deposit (LkConsole *console, gint64 key, GError **error)
{
  const LkOrder order = { .plan = LK_PLAN_DEPOSIT, .choice = { .keys = &key, .n_keys = 1 } };
  const LkFiling filing = { .is_person_waiting = TRUE };
  g_autoptr (LkPreview) preview = lk_console_preview (console, &order, NULL, error);
  gint64 job_id = 0;
  guint n_open = 0;

  if (preview != NULL && preview->n_included > 0)
    lk_console_file (console, preview, &filing, &job_id, &n_open, error);
  return job_id;
}

gpointer
lk_phone_call_take (LkConsole *console,
                    gpointer question,
                    GCancellable *cancellable,
                    GError **error)
{
  const LkPhoneTyped *typed = question;
  g_autoptr (GError) cause = NULL;
  LkTaken taken;
  gint64 job_id;

  if (!lk_console_take_cid (console, &typed->line, typed->cid, &taken, error))
    return NULL;

  job_id = file_deposit (console, typed->line.key, &cause);
  if (job_id != 0)
    return g_strdup_printf (_ ("%s: %s. Job %d deposits it"), typed->line.machine,
                            lk_taken_to_title (taken), (int) job_id);
  if (cause != NULL)
    return g_strdup_printf (_ ("%s: %s. It is not being deposited: %s"), typed->line.machine,
                            lk_taken_to_title (taken), cause->message);
  return g_strdup_printf (_ ("%s: %s. The machine is at work or changed; deposit it later"),
                          typed->line.machine, lk_taken_to_title (taken));
}
