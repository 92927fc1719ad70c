/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-stage.h"

#define MAK_PRODUCT "coalesce (p.hidden = 0 AND p.key_kind = 'mak', 0)"
#define TO_ACTIVATE MAK_PRODUCT " AND p.status <> 1 AND p.iid IS NOT NULL"
#define WITH_CID                                                                                   \
  "EXISTS (SELECT 1 FROM confirmation AS c WHERE c.key_identity = p.key_identity AND c.iid = "     \
  "p.iid)"
#define WITH_SPEND                                                                                 \
  "EXISTS (SELECT 1 FROM spend AS s WHERE s.key_identity = p.key_identity AND s.iid = p.iid"       \
  " AND s.state IN ('reserved', 'sent', 'unknown'))"
#define DUE_IN(plans, steps)                                                                       \
  " FROM item AS i WHERE i.plan IN (" plans ") AND i.step IN (" steps ")"                          \
  " AND i.state IN ('ready', 'running', 'parked', 'paused') AND i.machine_id = "
#define KEYLESS DUE_IN ("'activate-proxy'", "'install-key', 'read-iid'")
#define TOLD    DUE_IN ("'activate-proxy', 'deposit'", "'verify'")
#define OF_PRODUCT(items)                                                                          \
  "EXISTS (SELECT 1" items "p.machine_id AND coalesce (i.application_id, p.application_id)"        \
  " = p.application_id)"
/* Of a machine of which no product is known yet. */
#define OF_MACHINE(items)                                                                          \
  "EXISTS (SELECT 1" items "m.id) AND NOT EXISTS (SELECT 1 FROM product AS q"                      \
  " WHERE q.machine_id = m.id AND q.hidden = 0)"

/* Where an activation by proxy stands; the figures are in LkPipelineCount. */
static const LkStage stages[] = {
  { "needs-key", OF_PRODUCT (KEYLESS), OF_MACHINE (KEYLESS) },
  { "has-iid", TO_ACTIVATE " AND NOT " WITH_CID " AND NOT " WITH_SPEND, NULL },
  { "waiting", TO_ACTIVATE " AND NOT " WITH_CID " AND " WITH_SPEND, NULL },
  { "has-cid", TO_ACTIVATE " AND " WITH_CID, NULL },
  { "deposited", OF_PRODUCT (TOLD), OF_MACHINE (TOLD) },
  { "licensed", MAK_PRODUCT " AND p.status = 1", NULL },
};

const LkStage *
lk_stage_find (const char *word)
{
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    if (g_str_equal (stages[i].word, word))
      return &stages[i];
  return NULL;
}
