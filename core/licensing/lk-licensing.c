/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "licensing/lk-licensing.h"

#include "base/lk-error.h"
#include "licensing/lk-licensing-columns.h"
#include "licensing/lk-licensing-rows.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define PRODUCT        "SoftwareLicensingProduct"
#define SERVICE        "SoftwareLicensingService"
#define OFFICE_SERVICE "OfficeSoftwareProtectionService"
#define OFFICE_PRODUCT "OfficeSoftwareProtectionProduct"

#define MAX_PRODUCTS 5000 /* a machine has hundreds of products, few of them with a key */

#define ACTIVATE_TIMEOUT_S 180
#define TIMEOUT_S          120

#define WBEM_E_INVALID_CLASS 0x80041010u
#define WBEM_E_INVALID_QUERY 0x80041017u

struct _LkLicensing
{
  LkWsman *wsman;
  LkAge product_age;
  LkAge service_age;
  gboolean ages_known;
  gboolean no_office; /* of the old kind */
  char *service_version;
  LkIdentity *identity;
  guint identity_serial; /* of the connection on which it was read */
};

LkLicensing *
lk_licensing_new (LkWsman *wsman)
{
  LkLicensing *self = g_new0 (LkLicensing, 1);

  self->wsman = wsman;
  return self;
}

void
lk_licensing_free (LkLicensing *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->service_version, g_free);
  g_clear_pointer (&self->identity, lk_identity_free);
  g_free (self);
}

LkWsman *
lk_licensing_get_wsman (LkLicensing *self)
{
  return self->wsman;
}

static LkLink *
get_link (LkLicensing *self)
{
  return lk_wsman_get_link (self->wsman);
}

static gboolean
settle_dialect (LkLicensing *self, GCancellable *cancellable, GError **error)
{
  if (lk_wsman_get_dialect (self->wsman) == LK_DIALECT_UNKNOWN &&
      !lk_wsman_identify (self->wsman, cancellable, error))
    return FALSE;

  if (!self->ages_known)
    {
      self->product_age = lk_age_from_stack (lk_wsman_get_stack (self->wsman));
      self->service_age = self->product_age;
      self->ages_known = TRUE;
    }
  return TRUE;
}

/* How the machine says that it does not know a class or a column. */
static gboolean
is_unknown_name (const GError *error)
{
  guint32 code = lk_error_get_remote_code (error);

  return g_error_matches (error, LK_ERROR, LK_ERROR_REJECTED) &&
         (code == LK_WSMAN_E_CANNOT_PROCESS_FILTER || code == LK_WSMAN_E_NOT_FOUND ||
          code == WBEM_E_INVALID_CLASS || code == WBEM_E_INVALID_QUERY);
}

/* Asks with the columns of @age, and of the ages before it as long as one is not known there;
 * remembers in @age what worked. */
static GPtrArray *
query_by_age (LkLicensing *self,
              const char *class_name,
              const char *(*get_query) (LkAge),
              LkAge *age,
              GCancellable *cancellable,
              GError **error)
{
  for (LkAge try = *age;; try++)
    {
      g_autoptr (GError) cause = NULL;
      GPtrArray *rows = lk_wsman_query (self->wsman, class_name, get_query (try), MAX_PRODUCTS,
                                        cancellable, &cause);

      if (rows != NULL)
        {
          *age = try;
          return rows;
        }
      if (try == LK_AGE_RTM || !is_unknown_name (cause))
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return NULL;
        }
      while (try + 1 < LK_AGE_RTM && strcmp (get_query (try + 1), get_query (try)) == 0)
        try++;
    }
}

/* The only row of a class that has one instance. */
static LkWsmanRow *
query_single (LkLicensing *self,
              const char *class_name,
              const char *wql,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GPtrArray) rows =
      lk_wsman_query (self->wsman, class_name, wql, 16, cancellable, error);

  if (rows == NULL)
    return NULL;
  if (rows->len > 0)
    return g_ptr_array_steal_index (rows, 0);

  g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("%s: it has no %s"),
               lk_link_get_peer (get_link (self)), class_name);
  return NULL;
}

static LkWsmanRow *
query_service (LkLicensing *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) rows = NULL;
  LkWsmanRow *row;

  if (!settle_dialect (self, cancellable, error))
    return NULL;

  rows = query_by_age (self, SERVICE, lk_licensing_get_service_query, &self->service_age,
                       cancellable, error);
  if (rows == NULL)
    return NULL;

  if (rows->len == 0 || lk_wsman_row_get (rows->pdata[0], "Version") == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("%s: it has no licensing service"),
                   lk_link_get_peer (get_link (self)));
      return NULL;
    }

  row = g_ptr_array_steal_index (rows, 0);
  g_free (self->service_version);
  self->service_version = g_strdup (lk_wsman_row_get (row, "Version"));
  return row;
}

/* Fills @identity from @service and two more questions. */
static LkIdentity *
query_identity (LkLicensing *self,
                const LkWsmanRow *service,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (LkWsmanRow) system =
      query_single (self, "Win32_ComputerSystem",
                    "SELECT Name, DNSHostName, Domain, Workgroup, PartOfDomain "
                    "FROM Win32_ComputerSystem",
                    cancellable, error);
  g_autoptr (LkWsmanRow) firmware = NULL;

  if (system == NULL)
    return NULL;

  firmware =
      query_single (self, "Win32_ComputerSystemProduct",
                    "SELECT Name, UUID FROM Win32_ComputerSystemProduct", cancellable, error);
  return firmware != NULL ? lk_identity_from_rows (service, system, firmware) : NULL;
}

/* What was read on two connections may be of two machines. */
static gboolean
keep_identity (LkLicensing *self, LkIdentity *identity, guint serial, GError **error)
{
  g_clear_pointer (&self->identity, lk_identity_free);
  self->identity = identity;
  self->identity_serial = lk_link_get_serial (get_link (self));
  if (self->identity_serial == serial)
    return TRUE;

  g_clear_pointer (&self->identity, lk_identity_free);
  g_set_error (error, LK_ERROR, LK_ERROR_UNREACHABLE,
               _ ("%s: the connection broke while the machine was being identified"),
               lk_link_get_peer (get_link (self)));
  return FALSE;
}

static gboolean
refresh_identity (LkLicensing *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (LkWsmanRow) service = query_service (self, cancellable, error);
  guint serial = lk_link_get_serial (get_link (self));
  LkIdentity *identity;

  if (service == NULL)
    return FALSE;

  identity = query_identity (self, service, cancellable, error);
  return identity != NULL && keep_identity (self, identity, serial, error);
}

const LkIdentity *
lk_licensing_read_identity (LkLicensing *self, GCancellable *cancellable, GError **error)
{
  if (self->identity != NULL && lk_link_is_fresh (get_link (self)) &&
      lk_link_get_serial (get_link (self)) == self->identity_serial)
    return self->identity;

  return refresh_identity (self, cancellable, error) ? self->identity : NULL;
}

/* A product without an id could never be worked on; one without a key is not of interest. */
static void
collect_products (const GPtrArray *rows, const char *application_id, GPtrArray *products)
{
  for (guint i = 0; i < rows->len; i++)
    {
      g_autoptr (LkProduct) product = lk_product_from_row (rows->pdata[i]);

      if (product->activation_id != NULL && product->application_id != NULL &&
          product->partial_key != NULL &&
          (application_id == NULL ||
           g_ascii_strcasecmp (product->application_id, application_id) == 0))
        g_ptr_array_add (products, g_steal_pointer (&product));
    }
}

static gboolean
has_old_stack (LkLicensing *self)
{
  const char *stack = lk_wsman_get_stack (self->wsman);

  return stack != NULL && (stack[0] == '1' || stack[0] == '2');
}

gboolean
lk_licensing_has_old_office (LkLicensing *self, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) rows =
      lk_wsman_query (self->wsman, OFFICE_SERVICE, "SELECT Version FROM " OFFICE_SERVICE, 16,
                      cancellable, NULL);

  return rows != NULL && rows->len > 0;
}

/* Before Windows 8, Office kept its licences in classes of its own. */
static gboolean
collect_old_office (LkLicensing *self,
                    const char *application_id,
                    GPtrArray *products,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GPtrArray) rows = NULL;

  if (!has_old_stack (self) || self->no_office ||
      (application_id != NULL && g_ascii_strcasecmp (application_id, LK_APPLICATION_WINDOWS) == 0))
    return TRUE;

  rows = lk_wsman_query (self->wsman, OFFICE_PRODUCT, lk_licensing_get_office_query (),
                         MAX_PRODUCTS, cancellable, &cause);
  if (rows != NULL)
    collect_products (rows, application_id, products);
  else if (is_unknown_name (cause))
    self->no_office = TRUE;
  else
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }

  return TRUE;
}

GPtrArray *
lk_licensing_read_products (LkLicensing *self,
                            const char *application_id,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GPtrArray) products = NULL;

  if (!settle_dialect (self, cancellable, error))
    return NULL;

  rows = query_by_age (self, PRODUCT, lk_licensing_get_product_query, &self->product_age,
                       cancellable, error);
  if (rows == NULL)
    return NULL;

  products = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_product_free);
  collect_products (rows, application_id, products);
  return collect_old_office (self, application_id, products, cancellable, error)
             ? g_steal_pointer (&products)
             : NULL;
}

LkReading *
lk_licensing_read (LkLicensing *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (LkReading) reading = g_new0 (LkReading, 1);
  g_autoptr (LkWsmanRow) service = NULL;
  LkIdentity *identity;
  guint serial;

  reading->rearm_left = -1;
  reading->products = lk_licensing_read_products (self, NULL, cancellable, error);
  if (reading->products == NULL)
    return NULL;

  serial = lk_link_get_serial (get_link (self));
  service = query_service (self, cancellable, error);
  if (service == NULL)
    return NULL;

  lk_reading_take_service (reading, service);
  identity = query_identity (self, service, cancellable, error);
  if (identity == NULL || !keep_identity (self, identity, serial, error))
    return NULL;

  reading->identity = lk_identity_copy (identity);
  reading->os_version = g_strdup (lk_wsman_get_os_version (self->wsman));
  reading->stack = g_strdup (lk_wsman_get_stack (self->wsman));
  return g_steal_pointer (&reading);
}

/* Whoever asked who the machine is wants to change that machine and no other: when the connection
 * had to be made anew meanwhile, the question is put again and the answers must agree. */
static gboolean
verify_still_same (LkLicensing *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (LkIdentity) before = NULL;
  g_autofree char *difference = NULL;
  const LkIdentity *now;

  if (self->identity == NULL)
    return TRUE;

  before = lk_identity_copy (self->identity);
  now = lk_licensing_read_identity (self, cancellable, error);
  if (now == NULL)
    return FALSE;
  if (lk_identity_matches (before, now, &difference))
    return TRUE;

  g_clear_pointer (&self->identity, lk_identity_free);
  g_set_error (error, LK_ERROR, LK_ERROR_REJECTED, _ ("%s: this is another machine now: %s"),
               lk_link_get_peer (get_link (self)), difference);
  return FALSE;
}

/* Before any change, and before its arguments are looked up: this may learn a new service version.
 */
static gboolean
prepare_change (LkLicensing *self, GCancellable *cancellable, GError **error)
{
  return settle_dialect (self, cancellable, error) && verify_still_same (self, cancellable, error);
}

static gboolean
change (LkLicensing *self,
        const char *class_name,
        const char *const *selectors,
        const char *method,
        const char *const *parameters,
        guint timeout_s,
        GCancellable *cancellable,
        GError **error)
{
  g_autoptr (LkWsmanRow) output = NULL;

  lk_link_require_serial (get_link (self), self->identity != NULL ? self->identity_serial : 0);
  output = lk_wsman_invoke (self->wsman, class_name, selectors, method, parameters, FALSE,
                            timeout_s, NULL, cancellable, error);
  lk_link_require_serial (get_link (self), 0);
  return output != NULL;
}

static gboolean
change_service (LkLicensing *self,
                const char *method,
                const char *const *parameters,
                GCancellable *cancellable,
                GError **error)
{
  const char *selectors[] = { "Version", NULL, NULL };

  if (!prepare_change (self, cancellable, error))
    return FALSE;
  if (self->service_version == NULL)
    {
      g_autoptr (LkWsmanRow) service = query_service (self, cancellable, error);

      if (service == NULL)
        return FALSE;
    }

  selectors[1] = self->service_version;
  return change (self, SERVICE, selectors, method, parameters, TIMEOUT_S, cancellable, error);
}

static gboolean
change_product (LkLicensing *self,
                const LkProduct *product,
                const char *method,
                const char *const *parameters,
                guint timeout_s,
                GCancellable *cancellable,
                GError **error)
{
  const char *selectors[] = { "ID", product->activation_id, NULL };
  const char *application = product->application_id != NULL ? product->application_id : "";
  gboolean is_old_office;

  if (!prepare_change (self, cancellable, error))
    return FALSE;

  is_old_office =
      has_old_stack (self) && g_ascii_strcasecmp (application, LK_APPLICATION_WINDOWS) != 0;
  return change (self, is_old_office ? OFFICE_PRODUCT : PRODUCT, selectors, method, parameters,
                 timeout_s, cancellable, error);
}

gboolean
lk_licensing_install_key (LkLicensing *self,
                          const LkSecret *key,
                          GCancellable *cancellable,
                          GError **error)
{
  const char *const parameters[] = { "ProductKey", lk_secret_peek (key), NULL };

  return change_service (self, "InstallProductKey", parameters, cancellable, error);
}

gboolean
lk_licensing_uninstall_key (LkLicensing *self,
                            const LkProduct *product,
                            GCancellable *cancellable,
                            GError **error)
{
  return change_product (self, product, "UninstallProductKey", NULL, TIMEOUT_S, cancellable, error);
}

gboolean
lk_licensing_activate (LkLicensing *self,
                       const LkProduct *product,
                       GCancellable *cancellable,
                       GError **error)
{
  return change_product (self, product, "Activate", NULL, ACTIVATE_TIMEOUT_S, cancellable, error);
}

gboolean
lk_licensing_deposit (LkLicensing *self,
                      const LkProduct *product,
                      const char *iid,
                      const char *cid,
                      GCancellable *cancellable,
                      GError **error)
{
  const char *const parameters[] = { "InstallationId", iid, "ConfirmationId", cid, NULL };

  return change_product (self, product, "DepositOfflineConfirmationId", parameters, TIMEOUT_S,
                         cancellable, error);
}

gboolean
lk_licensing_rearm (LkLicensing *self, GCancellable *cancellable, GError **error)
{
  return change_service (self, "ReArmWindows", NULL, cancellable, error);
}

gboolean
lk_licensing_refresh_status (LkLicensing *self, GCancellable *cancellable, GError **error)
{
  return change_service (self, "RefreshLicenseStatus", NULL, cancellable, error);
}
