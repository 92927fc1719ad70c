/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-order-text.h"

#include "base/lk-locale.h"
#include "console/lk-preview.h"
#include "domain/lk-job.h"

#include <glib/gi18n.h>

const char *
lk_order_text_title (const char *plan)
{
  if (plan == NULL || lk_plan_spends (plan))
    return _ ("Activate");
  if (g_str_equal (plan, LK_PLAN_REFRESH))
    return _ ("Read Machines");
  if (g_str_equal (plan, LK_PLAN_INSTALL_KEY))
    return _ ("Install a Product Key");
  if (g_str_equal (plan, LK_PLAN_UNINSTALL_KEY))
    return _ ("Uninstall the Product Key");
  if (g_str_equal (plan, LK_PLAN_DEPOSIT))
    return _ ("Deposit Confirmation IDs");
  if (g_str_equal (plan, LK_PLAN_REARM))
    return _ ("Rearm");
  return lk_plan_get_title (plan);
}

char *
lk_order_text_verb (const LkPreview *preview)
{
  const char *plan = preview->plan;
  guint n = preview->n_included;

  if (lk_plan_spends (plan))
    return g_strdup_printf (ngettext ("_Activate %u Product", "_Activate %u Products", n), n);
  if (g_str_equal (plan, LK_PLAN_REFRESH))
    return g_strdup_printf (ngettext ("_Read %u Machine", "_Read %u Machines", n), n);
  if (g_str_equal (plan, LK_PLAN_INSTALL_KEY))
    return g_strdup_printf (ngettext ("_Install on %u Machine", "_Install on %u Machines", n), n);
  if (g_str_equal (plan, LK_PLAN_UNINSTALL_KEY))
    return g_strdup_printf (ngettext ("_Uninstall %u Key", "_Uninstall %u Keys", n), n);
  if (g_str_equal (plan, LK_PLAN_DEPOSIT))
    return g_strdup_printf (ngettext ("_Deposit %u ID", "_Deposit %u IDs", n), n);
  return g_strdup_printf (ngettext ("_Rearm %u Machine", "_Rearm %u Machines", n), n);
}

char *
lk_order_text_filed (const char *plan, const LkOrderFiled *filed)
{
  const int job = (int) filed->job_id;
  const guint n = filed->n_rows;

  if (lk_plan_spends (plan))
    return g_strdup_printf (ngettext ("Job %d: activating %u product",
                                      "Job %d: activating %u products", n),
                            job, n);
  if (g_str_equal (plan, LK_PLAN_REFRESH))
    return g_strdup_printf (ngettext ("Job %d: reading %u machine", "Job %d: reading %u machines",
                                      n),
                            job, n);
  if (g_str_equal (plan, LK_PLAN_INSTALL_KEY))
    return g_strdup_printf (ngettext ("Job %d: installing the key on %u machine",
                                      "Job %d: installing the key on %u machines", n),
                            job, n);
  if (g_str_equal (plan, LK_PLAN_UNINSTALL_KEY))
    return g_strdup_printf (ngettext ("Job %d: uninstalling %u key", "Job %d: uninstalling %u keys",
                                      n),
                            job, n);
  if (g_str_equal (plan, LK_PLAN_DEPOSIT))
    return g_strdup_printf (ngettext ("Job %d: depositing %u confirmation ID",
                                      "Job %d: depositing %u confirmation IDs", n),
                            job, n);
  return g_strdup_printf (ngettext ("Job %d: rearming %u machine", "Job %d: rearming %u machines",
                                    n),
                          job, n);
}

char *
lk_order_text_method (const char *plan, const char *backend)
{
  if (g_str_equal (plan, LK_PLAN_ACTIVATE_PROXY))
    return backend != NULL
               ? g_strdup_printf (_ ("Suggested: Latchkey asks %s for all of them, so the machines"
                                     " need no way to the Internet, and what was given once is on"
                                     " record"),
                                  backend)
               : g_strdup (_ ("Latchkey asks for all of them; this needs a backend, and none is set"
                              " up in the preferences"));

  return backend != NULL
             ? g_strdup (_ ("Each machine asks Microsoft itself and needs a way to the Internet"))
             : g_strdup (_ ("Suggested, because no backend is set up: each machine asks Microsoft"
                            " itself and needs a way to the Internet"));
}

char *
lk_order_text_leaves (const LkPreview *preview, const char *backend)
{
  if (preview->n_included == 0 || !lk_plan_spends (preview->plan))
    return g_strdup (_ ("Nothing leaves this network"));
  if (g_str_equal (preview->plan, LK_PLAN_ACTIVATE_ONLINE))
    return g_strdup (_ ("Each machine sends its own installation ID to Microsoft"));
  if (preview->n_spends == 0)
    return g_strdup (_ ("Nothing: all confirmation IDs are on record"));

  return g_strdup_printf (ngettext ("The installation ID and extended PID of %u product, to %s. No"
                                    " product key, no machine's name",
                                    "Installation IDs and extended PIDs of %u products, to %s. No"
                                    " product key, no machine's name",
                                    preview->n_spends),
                          preview->n_spends, backend != NULL ? backend : _ ("the backend"));
}

/* The core's words name its commands; here the remedy is in this window. */
char *
lk_order_text_obstacle (const LkPreview *preview)
{
  for (guint i = 0; i < preview->costs->len; i++)
    {
      const LkCost *cost = preview->costs->pdata[i];

      if (cost->n_spends == 0)
        continue;
      if (preview->obstacle == LK_OBSTACLE_UNKNOWN_POOL && !cost->is_known)
        return g_strdup_printf (_ ("How many activations the key that ends in %s has left is not"
                                   " known. On the page of product keys, check it or enter what"
                                   " is left; or say below that it does not matter."),
                                cost->last_five);
      if (preview->obstacle == LK_OBSTACLE_POOL && cost->is_known &&
          (gint64) cost->n_spends > cost->left)
        return g_strdup_printf (_ ("The key that ends in %s has too few activations: this would"
                                   " use %u, and %d are left. Choose fewer rows or another key,"
                                   " or enter a newer figure on the page of product keys."),
                                cost->last_five, cost->n_spends, (int) cost->left);
    }
  return g_strdup (preview->obstacle_text);
}

static const char *
get_reason (const LkPreviewLine *line)
{
  static const struct
  {
    const char *reason;
    const char *text;
  } texts[] = {
    { "application", N_ ("it is not Windows; to mean it, select it on the page of products") },
    { "other-application",
      N_ ("a product key is installed in Windows here; for Office, select its rows alone") },
    { "kms-client",
      N_ ("it has a KMS client key, which a KMS host activates; choose a MAK above") },
    { "no-key", N_ ("no product key is installed; choose one above") },
    { "oem", N_ ("it has an OEM entitlement in its firmware") },
    { "subscription", N_ ("it is activated by subscription") },
    { "unread", N_ ("it is not read yet; read it first") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (g_strcmp0 (line->reason, texts[i].reason) == 0)
      return _ (texts[i].text);
  return line->explanation;
}

static const char *
get_fate (const LkPreview *preview, const LkPreviewLine *line)
{
  switch (line->fate)
    {
    case LK_FATE_LEFT_OUT:
      return get_reason (line);
    case LK_FATE_SPENDS:
      return _ ("uses one activation");
    case LK_FATE_ON_RECORD:
      return _ ("its confirmation ID is on record and costs nothing");
    case LK_FATE_FREE:
      return lk_plan_get_title (preview->plan);
    default:
      g_assert_not_reached ();
    }
}

char *
lk_order_text_line (const LkPreview *preview, const LkPreviewLine *line)
{
  const char *product = line->row->product->name;

  /* Translators: a machine, its product, what happens to it */
  return product != NULL
             ? g_strdup_printf (_ ("%s · %s · %s"), line->row->name, product,
                                get_fate (preview, line))
             : g_strdup_printf (_ ("%s · %s"), line->row->name, get_fate (preview, line));
}

typedef struct
{
  const char *reason;
  guint n;
} Tally;

static int
compare_tallies (gconstpointer a, gconstpointer b)
{
  return (int) ((const Tally *) b)->n - (int) ((const Tally *) a)->n;
}

#define MAX_REASONS 3

char *
lk_order_text_left_out (const LkPreview *preview)
{
  g_autoptr (GArray) tallies = g_array_new (FALSE, FALSE, sizeof (Tally));
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < preview->lines->len; i++)
    {
      const LkPreviewLine *line = preview->lines->pdata[i];
      const char *reason = line->fate == LK_FATE_LEFT_OUT ? get_reason (line) : NULL;
      Tally *known = NULL;

      for (guint j = 0; reason != NULL && j < tallies->len && known == NULL; j++)
        if (g_str_equal (g_array_index (tallies, Tally, j).reason, reason))
          known = &g_array_index (tallies, Tally, j);
      if (known != NULL)
        known->n++;
      else if (reason != NULL && tallies->len < 50)
        g_array_append_vals (tallies, &(Tally){ reason, 1 }, 1);
    }

  g_array_sort (tallies, compare_tallies);
  for (guint i = 0; i < tallies->len && i < MAX_REASONS; i++)
    g_string_append_printf (text, "%s%u: %s", i > 0 ? "\n" : "",
                            g_array_index (tallies, Tally, i).n,
                            g_array_index (tallies, Tally, i).reason);
  if (tallies->len > MAX_REASONS)
    g_string_append_printf (text, "\n…");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
lk_order_text_pool (const LkKeyRow *key)
{
  const LkPool *pool = &key->pool;
  g_autoptr (GString) text = g_string_new (NULL);

  if (pool->blocked_code != 0)
    g_string_append_printf (text, _ ("stopped by the service (0x%X)"), pool->blocked_code);
  else if (pool->remaining >= 0)
    g_string_append_printf (text, ngettext ("%u left", "%u left", (gulong) MAX (pool->left, 0)),
                            (guint) MAX (pool->left, 0));
  else
    g_string_append (text, _ ("what is left is not known"));
  if (pool->open > 0)
    lk_text_add_part (text, ngettext ("%u reserved", "%u reserved", pool->open), pool->open);
  lk_text_add_part (text, ngettext ("%u used", "%u used", pool->confirmed), pool->confirmed);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
