/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "job/lk-plan.h"

#include "domain/lk-job.h"
#include "store/lk-pins.h"
#include "store/lk-spends.h"

#include <glib/gi18n-lib.h>

static const struct
{
  const char *name;
  const char *title;
  gboolean changes;
  gboolean spends;
  const char *steps[8];
} plans[] = {
  { LK_PLAN_REFRESH, N_ ("Refresh"), FALSE, FALSE, { "refresh" } },
  { LK_PLAN_INSTALL_KEY, N_ ("Install key"), TRUE, FALSE, { "install-key", "refresh" } },
  { LK_PLAN_UNINSTALL_KEY, N_ ("Uninstall key"), TRUE, FALSE, { "uninstall-key", "refresh" } },
  { LK_PLAN_ACTIVATE_PROXY,
    N_ ("Activate by proxy"),
    TRUE,
    TRUE,
    { "install-key", "read-iid", "await-cid", "deposit-cid", "verify" } },
  { LK_PLAN_ACTIVATE_ONLINE,
    N_ ("Activate online"),
    TRUE,
    TRUE,
    { "install-key", "read-iid", "commit-spend", "activate", "verify" } },
  { LK_PLAN_DEPOSIT,
    N_ ("Deposit the confirmation ID on record"),
    TRUE,
    FALSE,
    { "install-key", "read-iid", "recall-cid", "deposit-cid", "verify" } },
  { LK_PLAN_REARM, N_ ("Rearm"), TRUE, FALSE, { "rearm", "refresh" } },
};

static const struct
{
  const char *name;
  const char *title;
} steps[] = {
  { "refresh", N_ ("Read the machine") },
  { LK_STEP_ACCEPT_CERTIFICATE, N_ ("Accept the certificate") },
  { LK_STEP_FORGET_CERTIFICATE, N_ ("Forget the certificate") },
  { "merge", N_ ("Merge rows of one machine") },
  { "split", N_ ("Split a row into two machines") },
  { "apart", N_ ("Keep apart from another row") },
  { "move", N_ ("Answer at another address") },
  { LK_STEP_TAKE_CID, N_ ("Take the confirmation ID given by phone") },
  { "install-key", N_ ("Install the product key") },
  { "uninstall-key", N_ ("Uninstall the product key") },
  { "read-iid", N_ ("Read the installation ID") },
  { "await-cid", N_ ("Wait for the confirmation ID") },
  { "recall-cid", N_ ("Look for the confirmation ID on record") },
  { "deposit-cid", N_ ("Deposit the confirmation ID") },
  { "commit-spend", N_ ("Note the activation before it is asked for") },
  { "activate", N_ ("Activate online") },
  { "verify", N_ ("Verify the licence") },
  { "rearm", N_ ("Rearm") },
};

static int
find_plan (const char *plan)
{
  for (guint i = 0; i < G_N_ELEMENTS (plans); i++)
    if (g_strcmp0 (plans[i].name, plan) == 0)
      return (int) i;

  return -1;
}

const char *
lk_plan_get_title (const char *plan)
{
  int i = find_plan (plan);

  return i >= 0 ? _ (plans[i].title) : NULL;
}

const char *
lk_plan_get_first_step (const char *plan)
{
  int i = find_plan (plan);

  return i >= 0 ? plans[i].steps[0] : NULL;
}

const char *
lk_plan_get_next_step (const char *plan, const char *step)
{
  int i = find_plan (plan);

  for (guint j = 0; i >= 0 && plans[i].steps[j] != NULL; j++)
    if (g_strcmp0 (plans[i].steps[j], step) == 0)
      return plans[i].steps[j + 1];

  return NULL;
}

gboolean
lk_plan_changes (const char *plan)
{
  int i = find_plan (plan);

  return i >= 0 && plans[i].changes;
}

gboolean
lk_plan_spends (const char *plan)
{
  int i = find_plan (plan);

  return i >= 0 && plans[i].spends;
}

const char *
lk_step_get_title (const char *step)
{
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (g_strcmp0 (steps[i].name, step) == 0)
      return _ (steps[i].title);

  return step;
}
