/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-method.h"

#include "domain/lk-codes.h"
#include "domain/lk-identifiers.h"
#include "domain/lk-practice.h"
#include "lab/lk-lab-trigger.h"

#define E_SKU_NOT_FOUND 0xC004F069u

/* What a method works on. */
typedef struct
{
  const LkLabTraits *traits;
  LkLabState *state;
  LkLabProduct *product; /* the one selected, NULL for the service */
  gint64 now;
  const LkLabRequest *request;
  LkLabEffect *effect;
} Call;

typedef guint32 (*Method) (Call *call);

static guint32
apply (Call *call, LkLabProduct *product, LkLabEvent event, LkKeyKind key)
{
  return lk_lab_license_apply (&product->license, call->traits->generation->profile, event, key,
                               call->now);
}

static LkLabProduct *
find_product (LkLabState *state, LkLabProductKind kind)
{
  for (guint i = 0; i < state->n_products; i++)
    if (state->products[i].kind == kind)
      return &state->products[i];

  return NULL;
}

/* Only practice keys are keys here. The same key again changes nothing, as on real machines. */
static guint32
install_product_key (Call *call)
{
  const char *key = lk_lab_request_get_parameter (call->request, "ProductKey");
  LkLabProduct typed = { 0 };
  LkLabProduct *product;
  LkKeyKind kind = LK_KEY_UNKNOWN;

  if (key == NULL || !lk_lab_product_set_key (&typed, key, &kind))
    return LK_LAB_E_BAD_KEY;
  product = find_product (call->state, lk_lab_key_get_product (typed.key_group));
  if (product == NULL || (product->kind == LK_LAB_ESU && kind != LK_KEY_MAK))
    return E_SKU_NOT_FOUND;
  if (product->license.key_kind == kind && product->key_group == typed.key_group &&
      product->key_serial == typed.key_serial)
    return 0;

  lk_lab_product_set_key (product, key, &kind);
  return apply (call, product, LK_LAB_INSTALL_KEY, kind);
}

static guint32
refresh_license_status (Call *call)
{
  return 0;
}

static guint32
rearm_windows (Call *call)
{
  return apply (call, &call->state->products[0], LK_LAB_REARM, LK_KEY_UNKNOWN);
}

static guint32
uninstall_product_key (Call *call)
{
  return apply (call, call->product, LK_LAB_UNINSTALL_KEY, LK_KEY_UNKNOWN);
}

/* Every call that reaches the activation service is counted, also the second one for the same
 * installation ID: whoever asked twice shall be seen. */
static guint32
activate (Call *call)
{
  LkLabProduct *product = call->product;
  guint32 code = apply (call, product, LK_LAB_ACTIVATE, LK_KEY_UNKNOWN);

  if (code == 0 &&
      (product->license.key_kind == LK_KEY_MAK || product->license.key_kind == LK_KEY_CSVLK))
    {
      call->effect->spend_key = lk_lab_product_dup_key_identity (product);
      call->effect->spend_iid = lk_lab_product_dup_iid (call->traits, call->state, product);
    }
  return code;
}

static guint32
deposit_confirmation_id (Call *call)
{
  const char *iid = lk_lab_request_get_parameter (call->request, "InstallationId");
  const char *cid = lk_lab_request_get_parameter (call->request, "ConfirmationId");
  g_autofree char *own_iid = lk_lab_product_dup_iid (call->traits, call->state, call->product);
  g_autofree char *identity = lk_lab_product_dup_key_identity (call->product);
  g_autofree char *own_cid = NULL;

  if (own_iid == NULL)
    return LK_LAB_E_NO_KEY;
  own_cid = lk_practice_cid (own_iid, identity);
  if (iid == NULL || cid == NULL || !g_str_equal (iid, own_iid) || !g_str_equal (cid, own_cid))
    return LK_LAB_E_BAD_ID;

  return apply (call, call->product, LK_LAB_CONFIRM, LK_KEY_UNKNOWN);
}

static const struct
{
  const char *class_name;
  const char *name;
  const char *what; /* for the journal */
  Method method;
  gboolean changes;
} methods[] = {
  { "SoftwareLicensingService", "InstallProductKey", "install-key", install_product_key, TRUE },
  { "SoftwareLicensingService", "RefreshLicenseStatus", "refresh", refresh_license_status, FALSE },
  { "SoftwareLicensingService", "ReArmWindows", "rearm", rearm_windows, TRUE },
  { "SoftwareLicensingProduct", "Activate", "activate", activate, TRUE },
  { "SoftwareLicensingProduct", "DepositOfflineConfirmationId", "deposit-cid",
    deposit_confirmation_id, TRUE },
  { "SoftwareLicensingProduct", "UninstallProductKey", "uninstall-key", uninstall_product_key,
    TRUE },
};

static int
find_method (const char *class_name, const char *method)
{
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (g_ascii_strcasecmp (methods[i].class_name, class_name) == 0 &&
        g_str_equal (methods[i].name, method))
      return (int) i;

  return -1;
}

gboolean
lk_lab_method_exists (const LkLabTraits *traits, const char *class_name, const char *method)
{
  return find_method (class_name, method) >= 0;
}

typedef struct
{
  const LkLabRequest *request;
  int method;
  guint product; /* index, or G_MAXUINT for the service */
} Invocation;

static gboolean
run_method (const LkLabTraits *traits,
            LkLabState *state,
            gint64 now,
            LkLabEffect *effect,
            gpointer user_data)
{
  const Invocation *invocation = user_data;
  Call call = {
    .traits = traits,
    .state = state,
    .now = now,
    .request = invocation->request,
    .effect = effect,
    .product =
        invocation->product < state->n_products ? &state->products[invocation->product] : NULL,
  };

  effect->what = methods[invocation->method].what;
  effect->code = methods[invocation->method].method (&call);
  if (effect->code == 0)
    lk_lab_trigger_note_method (state, effect->what);
  return effect->code == 0 && methods[invocation->method].changes;
}

/* An entry without the installed key can be selected, too; it only has nothing to work with. */
static gboolean
select_product (const LkLabView *view, const char *id, guint *product, gboolean *has_key)
{
  g_autoptr (GArray) rows =
      lk_lab_class_list_rows (lk_lab_class_find ("SoftwareLicensingProduct"), view);

  for (guint i = 0; i < rows->len; i++)
    {
      const LkLabRow *row = &g_array_index (rows, LkLabRow, i);
      const LkLabProduct *of = &view->state.products[row->product];
      g_autofree char *own = lk_lab_product_dup_activation_id (view->traits, of, row->key_kind);

      if (g_ascii_strcasecmp (own, id) == 0)
        {
          *product = row->product;
          *has_key = of->license.key_kind == row->key_kind;
          return TRUE;
        }
    }
  return FALSE;
}

static GBytes *
answer_code (const LkLabRequest *request, const LkLabVoice *voice, guint32 code)
{
  const LkCode *known = lk_code_lookup (code);

  return lk_lab_answer_hresult (request, voice, code,
                                known != NULL ? known->meaning : "The licensing service failed.");
}

GBytes *
lk_lab_method_invoke (LkLabFleet *fleet,
                      guint machine,
                      const LkLabRequest *request,
                      const LkLabVoice *voice,
                      guint *status,
                      gboolean *has_effect)
{
  Invocation invocation = {
    .request = request,
    .method = find_method (request->class_name, request->method),
    .product = G_MAXUINT,
  };
  const LkLabClass *class_ = lk_lab_class_find (request->class_name);
  const char *selected = lk_lab_request_get_selector (request, class_->key);
  const LkLabTraits *traits = lk_lab_fleet_get_traits (fleet, machine);
  g_autoptr (GError) error = NULL;
  gboolean has_key = TRUE;
  guint32 code = 0;
  LkLabView view;

  *status = 500;
  *has_effect = FALSE;
  if (selected == NULL)
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_SELECTORS, NULL);

  lk_lab_fleet_view (fleet, machine, &view);
  if (g_str_equal (class_->name, "SoftwareLicensingProduct")
          ? !select_product (&view, selected, &invocation.product, &has_key)
          : !g_str_equal (selected, traits->generation->service_version))
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_NO_INSTANCE, NULL);
  if (!has_key)
    return answer_code (request, voice, LK_LAB_E_NO_KEY);

  if (!lk_lab_fleet_change (fleet, machine, run_method, &invocation, &code, &error))
    return lk_lab_answer_fault (request, voice, LK_LAB_FAULT_INTERNAL, error->message);
  if (code != 0)
    return answer_code (request, voice, code);

  *status = 200;
  *has_effect = methods[invocation.method].changes;
  return lk_lab_answer_method (request);
}
