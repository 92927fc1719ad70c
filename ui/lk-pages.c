/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-pages.h"

#include "ui/lk-activations-page.h"
#include "ui/lk-jobs-page.h"
#include "ui/lk-keys-page.h"
#include "ui/lk-overview-page.h"
#include "ui/lk-products-page.h"
#include "ui/lk-transfer-page.h"

#include <glib/gi18n.h>

static const LkPageEntry pages[] = {
  { "overview", N_ ("Overview"), "lk-overview-symbolic", lk_overview_page_get_type },
  { "products", N_ ("Products"), "computer-symbolic", lk_products_page_get_type },
  { "keys", N_ ("Product Keys"), "lk-key-symbolic", lk_keys_page_get_type },
  { "activations", N_ ("Activations"), "lk-activation-symbolic", lk_activations_page_get_type },
  { "jobs", N_ ("Jobs"), "view-list-symbolic", lk_jobs_page_get_type },
  { "transfer", N_ ("Transfer"), "lk-transfer-symbolic", lk_transfer_page_get_type },
  { NULL, NULL, NULL, NULL },
};

static guint
count_all (const LkSummary *summary)
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (summary->by_state); i++)
    n += summary->by_state[i];
  return n;
}

static guint
count_unread (const LkSummary *summary)
{
  return summary->by_state[LK_LICENSE_UNREAD + 1];
}

static guint
count_licensed (const LkSummary *summary)
{
  return summary->by_state[LK_LICENSE_LICENSED + 1];
}

static guint
count_grace (const LkSummary *summary)
{
  return summary->n_grace;
}

static guint
count_expiring (const LkSummary *summary)
{
  return summary->n_expiring_7;
}

static guint
count_attention (const LkSummary *summary)
{
  return summary->n_attention;
}

static const LkPageView views[] = {
  { "products", N_ ("All"), "", count_all },
  { "products", N_ ("Not read yet"), "state=unread", count_unread },
  { "products", N_ ("Licensed"), "state=licensed", count_licensed },
  { "products", N_ ("In grace"), "state=grace", count_grace },
  { "products", N_ ("Expires within 7 days"), "state=grace,days<7", count_expiring },
  { "products", N_ ("Needs attention"), "state=attention", count_attention },
  { NULL, NULL, NULL, NULL },
};

const LkPageEntry *
lk_pages_get_all (void)
{
  return pages;
}

const LkPageView *
lk_page_views_get_all (void)
{
  return views;
}
