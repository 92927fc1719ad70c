/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-order-call.h"

#include "base/lk-error.h"
#include "console/lk-console-credentials.h"
#include "console/lk-console-jobs.h"
#include "console/lk-console-keys.h"
#include "console/lk-console-secrets.h"
#include "console/lk-console-settings.h"
#include "console/lk-preview.h"
#include "domain/lk-job.h"

#include <glib/gi18n.h>

LkOrderAsk *
lk_order_ask_copy (const LkOrderAsk *self)
{
  LkOrderAsk *copy = g_new0 (LkOrderAsk, 1);

  copy->plan = g_strdup (self->plan);
  copy->key_ref = g_strdup (self->key_ref);
  copy->names = g_strdupv (self->names);
  copy->keys = self->keys != NULL ? g_array_ref (self->keys) : NULL;
  copy->is_swept = self->is_swept;
  copy->suggests = self->suggests;
  return copy;
}

void
lk_order_ask_free (LkOrderAsk *self)
{
  g_free (self->plan);
  g_free (self->key_ref);
  g_strfreev (self->names);
  g_clear_pointer (&self->keys, g_array_unref);
  g_free (self);
}

gboolean
lk_order_ask_is_of_several (const LkOrderAsk *self)
{
  return (self->keys != NULL && self->keys->len > 1) ||
         (self->names != NULL && self->names[0] != NULL && self->names[1] != NULL);
}

static LkChoice
get_choice (const LkOrderAsk *self)
{
  return (LkChoice){
    .keys = self->keys != NULL ? &g_array_index (self->keys, gint64, 0) : NULL,
    .n_keys = self->keys != NULL ? self->keys->len : 0,
    .names = (const char *const *) self->names,
  };
}

static void
sheet_clear (gpointer data)
{
  LkOrderSheet *self = data;

  g_clear_pointer (&self->preview, lk_preview_free);
  g_clear_pointer (&self->keys, g_ptr_array_unref);
  g_clear_pointer (&self->asked, g_ptr_array_unref);
  g_clear_pointer (&self->warnings, g_ptr_array_unref);
  g_free (self->backend);
  g_free (self->trouble);
}

void
lk_order_sheet_unref (LkOrderSheet *self)
{
  g_atomic_rc_box_release_full (self, sheet_clear);
}

LkOrderSheet *
lk_order_sheet_ref (LkOrderSheet *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
lk_order_filing_free (LkOrderFiling *self)
{
  g_clear_pointer (&self->sheet, lk_order_sheet_unref);
  g_free (self);
}

static gboolean
is_reason (const LkPreviewLine *line, const char *reason)
{
  return g_strcmp0 (line->reason, reason) == 0;
}

static guint
count_reason (const LkPreview *preview, const char *reason)
{
  guint n = 0;

  for (guint i = 0; i < preview->lines->len; i++)
    n += is_reason (preview->lines->pdata[i], reason);
  return n;
}

/* What a key is for is not known, but most are for Windows. */
static gboolean
needs_windows_key (const LkPreview *preview)
{
  for (guint i = 0; i < preview->lines->len; i++)
    {
      const LkPreviewLine *line = preview->lines->pdata[i];
      const char *application = line->row->product->application_id;

      if ((is_reason (line, "no-key") || is_reason (line, "kms-client")) &&
          (application == NULL || g_ascii_strcasecmp (application, LK_APPLICATION_WINDOWS) == 0))
        return TRUE;
    }
  return FALSE;
}

/* A key for rows that have none of their own to activate with, when it is clear which one. */
static const LkKeyRow *
suggest_key (const LkOrderSheet *sheet)
{
  const LkPreview *preview = sheet->preview;
  const LkKeyRow *only = NULL;

  if (preview->key != NULL || !needs_windows_key (preview))
    return NULL;
  for (guint i = 0; i < sheet->keys->len; i++)
    {
      const LkKeyRow *key = sheet->keys->pdata[i];

      if (key->kind != LK_KEY_MAK || key->pool.blocked_code != 0)
        continue;
      if (only != NULL)
        return NULL;
      only = key;
    }
  return only;
}

static gboolean
read_preview (LkConsole *console,
              const LkOrderAsk *ask,
              const char *key_ref,
              LkOrderSheet *sheet,
              GError **error)
{
  const char *suggested = sheet->backend != NULL ? LK_PLAN_ACTIVATE_PROXY : LK_PLAN_ACTIVATE_ONLINE;
  const LkOrder order = {
    .plan = ask->plan != NULL ? ask->plan : suggested,
    .key_ref = key_ref,
    .choice = get_choice (ask),
    .is_swept = ask->is_swept,
  };

  g_clear_pointer (&sheet->preview, lk_preview_free);
  sheet->preview = lk_console_preview (console, &order, NULL, error);
  return sheet->preview != NULL;
}

/* NULL: the one that was named, or the one that is installed. */
static const LkKeyRow *
choose_key (const LkOrderAsk *ask, const LkOrderSheet *sheet)
{
  const char *plan = sheet->preview->plan;

  if (g_str_equal (plan, LK_PLAN_INSTALL_KEY)) /* the first that the dialog offers */
    return sheet->preview->key == NULL && sheet->keys->len > 0 ? sheet->keys->pdata[0] : NULL;
  return ask->suggests && (lk_plan_spends (plan) || g_str_equal (plan, LK_PLAN_DEPOSIT))
             ? suggest_key (sheet)
             : NULL;
}

/* What would make the job stand still is said before it is filed. */
static void
look_for_trouble (LkConsole *console, LkOrderSheet *sheet)
{
  g_autoptr (GError) error = NULL;

  if ((g_str_equal (sheet->preview->plan, LK_PLAN_ACTIVATE_PROXY) && sheet->preview->n_spends > 0 &&
       !lk_console_check_backend (console, &error)) ||
      !lk_console_try_key (console, &error))
    sheet->trouble = g_strdup (error->message);
  else if (g_str_equal (sheet->preview->plan, LK_PLAN_INSTALL_KEY) && sheet->preview->key == NULL)
    sheet->trouble = g_strdup (_ ("No product key is owned yet: add one on the page of product"
                                  " keys"));
}

/* Everything that the sheet shows. */
static gboolean
fill_sheet (LkConsole *console, const LkOrderAsk *ask, LkOrderSheet *sheet, GError **error)
{
  const LkChoice choice = get_choice (ask);
  const LkKeyRow *key = NULL;
  g_autofree char *ref = NULL;

  sheet->backend = lk_console_get_setting (console, LK_SETTING_BACKEND_URL, NULL);
  sheet->keys = lk_console_list_keys (console, error);
  if (sheet->keys == NULL || !read_preview (console, ask, ask->key_ref, sheet, error))
    return FALSE;

  key = choose_key (ask, sheet);
  if (key != NULL)
    {
      ref = g_strdup_printf ("%" G_GINT64_FORMAT, key->id);
      if (!read_preview (console, ask, ref, sheet, error))
        return FALSE;
    }
  sheet->asked = lk_console_list_unanswered (console, &choice, error);
  sheet->warnings =
      sheet->asked != NULL ? lk_console_list_credential_warnings (console, error) : NULL;
  if (sheet->warnings == NULL)
    return FALSE;

  sheet->n_entitled =
      count_reason (sheet->preview, "subscription") + count_reason (sheet->preview, "oem");
  look_for_trouble (console, sheet);
  return TRUE;
}

gpointer
lk_order_call_preview (LkConsole *console,
                       gpointer question,
                       GCancellable *cancellable,
                       GError **error)
{
  LkOrderSheet *sheet = g_atomic_rc_box_new0 (LkOrderSheet);

  if (fill_sheet (console, question, sheet, error))
    return sheet;

  lk_order_sheet_unref (sheet);
  return NULL;
}

gpointer
lk_order_call_file (LkConsole *console,
                    gpointer question,
                    GCancellable *cancellable,
                    GError **error)
{
  const LkOrderFiling *order = question;
  const LkFiling filing = { .is_person_waiting = TRUE, .spends_unknown = order->spends_unknown };
  g_autofree LkOrderFiled *filed = g_new0 (LkOrderFiled, 1);
  g_autoptr (GError) cause = NULL;

  filed->n_rows = order->sheet->preview->n_included;
  if (lk_console_file (console, order->sheet->preview, &filing, &filed->job_id, &filed->n_open,
                       &cause))
    {
      filed->n_rows -= MIN (filed->n_open, filed->n_rows);
      return g_steal_pointer (&filed);
    }

  g_propagate_error (error, g_steal_pointer (&cause));
  return NULL;
}
