/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-class.h"

#include "base/lk-clock.h"

#include <string.h>

#define UNSET "4294967295" /* how a 32-bit column says "none" */
#define NEVER "1601-01-01T00:00:00Z"

/* A text that must never be seen anywhere but here: it stands where real machines have a whole
 * product key. */
#define FIRMWARE_KEY "NEVER-STORE-THISX-FAKEX-VALUE"

static const LkLabProduct *
get_product (const LkLabRow *row)
{
  return &row->view->state.products[row->product];
}

/* Whether this row is the one that the installed key belongs to. */
static gboolean
has_key (const LkLabRow *row)
{
  return row->key_kind != LK_KEY_UNKNOWN && get_product (row)->license.key_kind == row->key_kind;
}

static void
take (GString *value, gboolean *is_null, char *text)
{
  *is_null = text == NULL;
  if (text != NULL)
    g_string_assign (value, text);
  g_free (text);
}

static void
get_id (const LkLabRow *row, GString *value, gboolean *is_null)
{
  take (value, is_null,
        lk_lab_product_dup_activation_id (row->view->traits, get_product (row), row->key_kind));
}

static void
get_application (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, lk_lab_product_get_application_id (get_product (row)));
}

static const char *
get_channel_word (LkKeyKind kind, gboolean long_form)
{
  switch (kind)
    {
    case LK_KEY_MAK:
      return long_form ? "VOLUME_MAK" : "Volume:MAK";
    case LK_KEY_GVLK:
      return long_form ? "VOLUME_KMSCLIENT" : "Volume:GVLK";
    case LK_KEY_CSVLK:
      return long_form ? "VOLUME_KMS" : "Volume:CSVLK";
    case LK_KEY_OEM:
      return long_form ? "OEM_DM" : "OEM:DM";
    case LK_KEY_RETAIL:
    case LK_KEY_UNKNOWN:
    default:
      return long_form ? "RETAIL" : "Retail";
    }
}

static const char *
get_product_title (const LkLabRow *row)
{
  switch (get_product (row)->kind)
    {
    case LK_LAB_OFFICE:
      return "Office 16, Office16ProPlusVL edition";
    case LK_LAB_ESU:
      return "Windows(R), Extended Security Updates add-on";
    case LK_LAB_WINDOWS:
    default:
      return NULL;
    }
}

static void
get_name (const LkLabRow *row, GString *value, gboolean *is_null)
{
  const char *title = get_product_title (row);

  if (title != NULL)
    g_string_assign (value, title);
  else
    g_string_printf (value, "Windows(R), %s edition", row->view->traits->generation->edition);
}

static void
get_description (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_printf (value, "%s, %s channel",
                   get_product (row)->kind == LK_LAB_OFFICE ? "Office 16"
                                                            : "Windows(R) Operating System",
                   get_channel_word (row->key_kind, TRUE));
}

static void
get_channel (const LkLabRow *row, GString *value, gboolean *is_null)
{
  *is_null = !has_key (row);
  g_string_assign (value, get_channel_word (row->key_kind, FALSE));
}

static void
get_family (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, get_product (row)->kind == LK_LAB_OFFICE
                              ? "Office16ProPlusVL"
                              : row->view->traits->generation->edition);
}

static void
get_iid (const LkLabRow *row, GString *value, gboolean *is_null)
{
  take (value, is_null,
        has_key (row)
            ? lk_lab_product_dup_iid (row->view->traits, &row->view->state, get_product (row))
            : NULL);
}

static void
get_partial_key (const LkLabRow *row, GString *value, gboolean *is_null)
{
  *is_null = !has_key (row);
  g_string_assign (value, get_product (row)->last_five);
}

static void
get_epid (const LkLabRow *row, GString *value, gboolean *is_null)
{
  take (value, is_null,
        has_key (row) ? lk_lab_product_dup_epid (row->view->traits, get_product (row)) : NULL);
}

static void
get_status (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_printf (value, "%d",
                   has_key (row) ? (int) get_product (row)->license.status
                                 : (int) LK_LICENSE_UNLICENSED);
}

static void
get_reason (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_printf (value, "%u",
                   has_key (row) ? get_product (row)->license.reason : LK_LAB_E_NO_KEY);
}

static void
get_grace (const LkLabRow *row, GString *value, gboolean *is_null)
{
  const LkLabLicense *license = &get_product (row)->license;

  g_string_printf (value, "%u",
                   has_key (row) ? lk_lab_license_get_minutes_left (license, row->view->now) : 0);
}

static void
get_is_addon (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, get_product (row)->kind == LK_LAB_ESU ? "true" : "false");
}

static void
get_genuine (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, get_product (row)->license.genuine == LK_LAB_GENUINE_NO ? "1" : "0");
}

static void
get_now (const LkLabRow *row, GString *value, gboolean *is_null)
{
  take (value, is_null, lk_time_to_iso8601 (row->view->now * LK_MINUTE));
}

static void
get_activation_type (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, get_product (row)->license.activated_by == LK_LAB_BY_KMS ? "2" : "0");
}

static void
get_rearm_left (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_printf (value, "%u", row->view->state.products[0].license.rearm_left);
}

static void
get_service_version (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, row->view->traits->generation->service_version);
}

static void
get_cmid (const LkLabRow *row, GString *value, gboolean *is_null)
{
  take (value, is_null, lk_lab_machine_dup_cmid (row->view->traits, &row->view->state));
}

static void
get_firmware_key (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, row->view->traits->has_oem_key ? FIRMWARE_KEY : "");
}

static void
get_firmware_description (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, row->view->traits->has_oem_key ? "[4.0] Professional OEM:DM" : "");
}

static void
get_firmware_part (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, row->view->traits->has_oem_key ? "[4.0]X00-00000" : "");
}

static void
get_subscription (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, row->view->traits->is_subscription ? "1" : "0");
}

static void
get_subscription_edition (const LkLabRow *row, GString *value, gboolean *is_null)
{
  *is_null = !row->view->traits->is_subscription;
  g_string_assign (value, "Enterprise");
}

static void
get_host (const LkLabRow *row, GString *value, gboolean *is_null)
{
  take (value, is_null, lk_lab_machine_dup_name (row->view->traits));
}

static void
get_domain (const LkLabRow *row, GString *value, gboolean *is_null)
{
  take (value, is_null, lk_lab_machine_dup_domain (row->view->traits));
}

static void
get_workgroup (const LkLabRow *row, GString *value, gboolean *is_null)
{
  take (value, is_null,
        row->view->traits->is_member ? NULL : lk_lab_machine_dup_domain (row->view->traits));
}

static void
get_is_member (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, row->view->traits->is_member ? "true" : "false");
}

static void
get_domain_role (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_printf (value, "%u",
                   (row->view->traits->generation->is_server ? 2u : 0u) +
                       (row->view->traits->is_member ? 1u : 0u));
}

static void
get_uuid (const LkLabRow *row, GString *value, gboolean *is_null)
{
  take (value, is_null, lk_lab_machine_dup_uuid (row->view->traits, &row->view->state));
}

static void
get_caption (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, row->view->traits->generation->caption);
}

static void
get_os_version (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, row->view->traits->generation->version);
}

static void
get_build (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_printf (value, "%u", row->view->traits->generation->build);
}

static void
get_product_type (const LkLabRow *row, GString *value, gboolean *is_null)
{
  g_string_assign (value, row->view->traits->generation->is_server ? "3" : "1");
}

#define V LK_LAB_COLUMNS_VISTA
#define S LK_LAB_COLUMNS_2008
#define N LK_LAB_COLUMNS_7
#define E LK_LAB_COLUMNS_8
#define C LK_LAB_COLUMNS_10
#define TEXT(name, since, fixed, get)                                                              \
  {                                                                                                \
    name, LK_LAB_CIM_STRING, since, fixed, get                                                     \
  }
#define UINT(name, since, fixed, get)                                                              \
  {                                                                                                \
    name, LK_LAB_CIM_UINT, since, fixed, get                                                       \
  }
#define BOOL(name, since, fixed, get)                                                              \
  {                                                                                                \
    name, LK_LAB_CIM_BOOLEAN, since, fixed, get                                                    \
  }
#define TIME(name, since, fixed, get)                                                              \
  {                                                                                                \
    name, LK_LAB_CIM_DATETIME, since, fixed, get                                                   \
  }

static const LkLabColumn product_columns[] = {
  TEXT ("ADActivationCsvlkPid", E, NULL, NULL),
  TEXT ("ADActivationCsvlkSkuId", E, NULL, NULL),
  TEXT ("ADActivationObjectDN", E, NULL, NULL),
  TEXT ("ADActivationObjectName", E, NULL, NULL),
  TEXT ("ApplicationID", V, NULL, get_application),
  TEXT ("AutomaticVMActivationHostDigitalPid2", E, NULL, NULL),
  TEXT ("AutomaticVMActivationHostMachineName", E, NULL, NULL),
  TIME ("AutomaticVMActivationLastActivationTime", E, NEVER, NULL),
  TEXT ("Description", V, NULL, get_description),
  TEXT ("DiscoveredKeyManagementServiceMachineIpAddress", E, NULL, NULL),
  TEXT ("DiscoveredKeyManagementServiceMachineName", N, NULL, NULL),
  UINT ("DiscoveredKeyManagementServiceMachinePort", N, "0", NULL),
  TIME ("EvaluationEndDate", V, NEVER, NULL),
  UINT ("ExtendedGrace", N, UNSET, NULL),
  UINT ("GenuineStatus", N, NULL, get_genuine),
  UINT ("GracePeriodRemaining", V, NULL, get_grace),
  TEXT ("IAID", E, NULL, NULL),
  TEXT ("ID", V, NULL, get_id),
  UINT ("IsKeyManagementServiceMachine", N, "0", NULL),
  UINT ("KeyManagementServiceCurrentCount", N, UNSET, NULL),
  UINT ("KeyManagementServiceFailedRequests", N, UNSET, NULL),
  UINT ("KeyManagementServiceLicensedRequests", N, UNSET, NULL),
  TEXT ("KeyManagementServiceLookupDomain", E, NULL, NULL),
  TEXT ("KeyManagementServiceMachine", N, NULL, NULL),
  UINT ("KeyManagementServiceNonGenuineGraceRequests", N, UNSET, NULL),
  UINT ("KeyManagementServiceNotificationRequests", N, UNSET, NULL),
  UINT ("KeyManagementServiceOOBGraceRequests", N, UNSET, NULL),
  UINT ("KeyManagementServiceOOTGraceRequests", N, UNSET, NULL),
  UINT ("KeyManagementServicePort", N, "0", NULL),
  TEXT ("KeyManagementServiceProductKeyID", N, NULL, NULL),
  UINT ("KeyManagementServiceTotalRequests", N, UNSET, NULL),
  UINT ("KeyManagementServiceUnlicensedRequests", N, UNSET, NULL),
  TEXT ("LicenseDependsOn", V, NULL, NULL),
  TEXT ("LicenseFamily", V, NULL, get_family),
  BOOL ("LicenseIsAddon", V, NULL, get_is_addon),
  UINT ("LicenseStatus", V, NULL, get_status),
  UINT ("LicenseStatusReason", S, NULL, get_reason),
  TEXT ("MachineURL", V, NULL, NULL),
  TEXT ("Name", V, NULL, get_name),
  TEXT ("OfflineInstallationId", V, NULL, get_iid),
  TEXT ("PartialProductKey", V, NULL, get_partial_key),
  TEXT ("ProcessorURL", V, NULL, NULL),
  TEXT ("ProductKeyChannel", E, NULL, get_channel),
  TEXT ("ProductKeyID", V, NULL, get_epid),
  TEXT ("ProductKeyID2", E, NULL, get_epid),
  TEXT ("ProductKeyURL", V, NULL, NULL),
  UINT ("RemainingAppReArmCount", E, NULL, get_rearm_left),
  UINT ("RemainingSkuReArmCount", E, NULL, get_rearm_left),
  UINT ("RequiredClientCount", N, UNSET, NULL),
  TEXT ("TokenActivationAdditionalInfo", N, NULL, NULL),
  TEXT ("TokenActivationCertificateThumbprint", N, NULL, NULL),
  UINT ("TokenActivationGrantNumber", N, UNSET, NULL),
  TEXT ("TokenActivationILID", N, NULL, NULL),
  UINT ("TokenActivationILVID", N, UNSET, NULL),
  TIME ("TrustedTime", N, NULL, get_now),
  TEXT ("UseLicenseURL", V, NULL, NULL),
  UINT ("VLActivationInterval", N, "120", NULL),
  UINT ("VLActivationType", E, NULL, get_activation_type),
  UINT ("VLActivationTypeEnabled", E, "0", NULL),
  UINT ("VLRenewalInterval", N, "10080", NULL),
  TEXT ("ValidationURL", E, NULL, NULL),
};

static const LkLabColumn service_columns[] = {
  UINT ("AzureMetadataResponse", C, "0", NULL),
  TEXT ("ClientMachineID", V, NULL, get_cmid),
  TEXT ("DiscoveredKeyManagementServiceMachineIpAddress", E, NULL, NULL),
  TEXT ("DiscoveredKeyManagementServiceMachineName", N, NULL, NULL),
  UINT ("DiscoveredKeyManagementServiceMachinePort", N, "0", NULL),
  UINT ("IsKeyManagementServiceMachine", V, "0", NULL),
  BOOL ("KeyManagementServiceActivationDisabled", N, "false", NULL),
  UINT ("KeyManagementServiceCurrentCount", V, UNSET, NULL),
  BOOL ("KeyManagementServiceDnsPublishing", N, "true", NULL),
  UINT ("KeyManagementServiceFailedRequests", V, UNSET, NULL),
  BOOL ("KeyManagementServiceHostCaching", N, "true", NULL),
  UINT ("KeyManagementServiceLicensedRequests", V, UNSET, NULL),
  UINT ("KeyManagementServiceListeningPort", N, "0", NULL),
  TEXT ("KeyManagementServiceLookupDomain", E, NULL, NULL),
  BOOL ("KeyManagementServiceLowPriority", N, "false", NULL),
  TEXT ("KeyManagementServiceMachine", V, NULL, NULL),
  UINT ("KeyManagementServiceNonGenuineGraceRequests", V, UNSET, NULL),
  UINT ("KeyManagementServiceNotificationRequests", V, UNSET, NULL),
  UINT ("KeyManagementServiceOOBGraceRequests", V, UNSET, NULL),
  UINT ("KeyManagementServiceOOTGraceRequests", V, UNSET, NULL),
  UINT ("KeyManagementServicePort", N, "0", NULL),
  TEXT ("KeyManagementServiceProductKeyID", V, NULL, NULL),
  UINT ("KeyManagementServiceTotalRequests", V, UNSET, NULL),
  UINT ("KeyManagementServiceUnlicensedRequests", V, UNSET, NULL),
  UINT ("OA2xBiosMarkerMinorVersion", E, "0", NULL),
  UINT ("OA2xBiosMarkerStatus", E, "0", NULL),
  TEXT ("OA3xOriginalProductKey", E, NULL, get_firmware_key),
  TEXT ("OA3xOriginalProductKeyDescription", E, NULL, get_firmware_description),
  TEXT ("OA3xOriginalProductKeyPkPn", E, NULL, get_firmware_part),
  UINT ("PolicyCacheRefreshRequired", V, "0", NULL),
  UINT ("RemainingWindowsReArmCount", N, NULL, get_rearm_left),
  UINT ("RequiredClientCount", V, UNSET, NULL),
  TEXT ("SubscriptionEdition", C, NULL, get_subscription_edition),
  TEXT ("SubscriptionExpiry", C, NULL, NULL),
  UINT ("SubscriptionStatus", C, NULL, get_subscription),
  UINT ("SubscriptionType", C, NULL, get_subscription),
  TEXT ("TokenActivationAdditionalInfo", N, NULL, NULL),
  TEXT ("TokenActivationCertificateThumbprint", N, NULL, NULL),
  UINT ("TokenActivationGrantNumber", N, UNSET, NULL),
  TEXT ("TokenActivationILID", N, NULL, NULL),
  UINT ("TokenActivationILVID", N, UNSET, NULL),
  TEXT ("Version", V, NULL, get_service_version),
  UINT ("VLActivationInterval", V, "120", NULL),
  UINT ("VLRenewalInterval", V, "10080", NULL),
};

static const LkLabColumn computer_columns[] = {
  TEXT ("DNSHostName", V, NULL, get_host),
  TEXT ("Domain", V, NULL, get_domain),
  UINT ("DomainRole", V, NULL, get_domain_role),
  TEXT ("Manufacturer", V, "Latchkey", NULL),
  TEXT ("Model", V, "Practice machine", NULL),
  TEXT ("Name", V, NULL, get_host),
  BOOL ("PartOfDomain", V, NULL, get_is_member),
  TEXT ("SystemType", V, "x64-based PC", NULL),
  TEXT ("UserName", V, NULL, NULL),
  TEXT ("Workgroup", V, NULL, get_workgroup),
};

static const LkLabColumn computer_product_columns[] = {
  TEXT ("Caption", V, "Computer System Product", NULL),
  TEXT ("IdentifyingNumber", V, "0", NULL),
  TEXT ("Name", V, "Practice machine", NULL),
  TEXT ("UUID", V, NULL, get_uuid),
  TEXT ("Vendor", V, "Latchkey", NULL),
  TEXT ("Version", V, "1", NULL),
};

static const LkLabColumn system_columns[] = {
  TEXT ("BuildNumber", V, NULL, get_build),  TEXT ("CSName", V, NULL, get_host),
  TEXT ("Caption", V, NULL, get_caption),    TIME ("LocalDateTime", V, NULL, get_now),
  TEXT ("Locale", V, "0409", NULL),          TEXT ("Name", V, NULL, get_caption),
  UINT ("OSLanguage", V, "1033", NULL),      UINT ("ProductType", V, NULL, get_product_type),
  TEXT ("Version", V, NULL, get_os_version),
};

#undef V
#undef S
#undef N
#undef E
#undef C

static const LkLabClass classes[] = {
  { "SoftwareLicensingProduct", "ID", FALSE, product_columns, G_N_ELEMENTS (product_columns) },
  { "SoftwareLicensingService", "Version", FALSE, service_columns, G_N_ELEMENTS (service_columns) },
  { "Win32_ComputerSystem", "Name", FALSE, computer_columns, G_N_ELEMENTS (computer_columns) },
  { "Win32_ComputerSystemProduct", "IdentifyingNumber", FALSE, computer_product_columns,
    G_N_ELEMENTS (computer_product_columns) },
  { "Win32_OperatingSystem", "Name", TRUE, system_columns, G_N_ELEMENTS (system_columns) },
};

const LkLabClass *
lk_lab_class_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (g_ascii_strcasecmp (classes[i].name, name) == 0)
      return &classes[i];

  return NULL;
}

const LkLabColumn *
lk_lab_class_find_column (const LkLabClass *self, const char *name, LkLabColumns level)
{
  for (guint i = 0; i < self->n_columns; i++)
    if (self->columns[i].since <= level && g_ascii_strcasecmp (self->columns[i].name, name) == 0)
      return &self->columns[i];

  return NULL;
}

/* An entry for each kind of key, with or without one installed, as the licensing service has it. */
static void
list_products (const LkLabClass *self, const LkLabView *view, GArray *rows)
{
  static const LkKeyKind kinds[] = { LK_KEY_GVLK, LK_KEY_MAK, LK_KEY_RETAIL, LK_KEY_OEM,
                                     LK_KEY_CSVLK };

  for (guint i = 0; i < view->state.n_products; i++)
    for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
      {
        LkLabRow row = { .view = view, .class_ = self, .product = i, .key_kind = kinds[k] };

        if (view->state.products[i].kind != LK_LAB_ESU || kinds[k] == LK_KEY_MAK)
          g_array_append_val (rows, row);
      }
}

GArray *
lk_lab_class_list_rows (const LkLabClass *self, const LkLabView *view)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (LkLabRow));
  LkLabRow single = { .view = view, .class_ = self };

  if (self == &classes[0])
    list_products (self, view, rows);
  else
    g_array_append_val (rows, single);
  return rows;
}

const char *
lk_lab_row_get (const LkLabRow *row, const LkLabColumn *column)
{
  gboolean is_null = FALSE;

  if (column->get == NULL)
    return column->fixed;

  g_string_truncate (row->scratch, 0);
  column->get (row, row->scratch, &is_null);
  return is_null ? NULL : row->scratch->str;
}
