/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "licensing/lk-licensing-columns.h"

#define PRODUCT_RTM                                                                                \
  "ID, Name, Description, ApplicationID, LicenseFamily, PartialProductKey, ProductKeyID, "         \
  "OfflineInstallationId, LicenseStatus, GracePeriodRemaining, LicenseIsAddon"
#define PRODUCT_VISTA PRODUCT_RTM ", LicenseStatusReason"
#define PRODUCT_7                                                                                  \
  PRODUCT_VISTA ", KeyManagementServiceMachine, KeyManagementServicePort, "                        \
                "DiscoveredKeyManagementServiceMachineName, "                                      \
                "DiscoveredKeyManagementServiceMachinePort"
#define PRODUCT_8              PRODUCT_7 ", ProductKeyChannel"
#define INSTALLED(list, class) "SELECT " list " FROM " class " WHERE PartialProductKey IS NOT NULL"
#define PRODUCTS(list)         INSTALLED (list, "SoftwareLicensingProduct")

#define SERVICE_VISTA   "Version, ClientMachineID"
#define SERVICE_7       SERVICE_VISTA ", RemainingWindowsReArmCount"
#define SERVICE_8       SERVICE_7 ", OA3xOriginalProductKeyPkPn, OA2xBiosMarkerStatus"
#define SERVICE_CURRENT SERVICE_8 ", SubscriptionType, SubscriptionStatus"
#define SERVICE(list)   "SELECT " list " FROM SoftwareLicensingService"

LkAge
lk_age_from_stack (const char *stack)
{
  if (stack != NULL && stack[0] == '1')
    return LK_AGE_VISTA;

  return stack != NULL && stack[0] == '2' ? LK_AGE_7 : LK_AGE_CURRENT;
}

const char *
lk_licensing_get_product_query (LkAge age)
{
  static const char *const queries[] = {
    [LK_AGE_CURRENT] = PRODUCTS (PRODUCT_8), [LK_AGE_8] = PRODUCTS (PRODUCT_8),
    [LK_AGE_7] = PRODUCTS (PRODUCT_7),       [LK_AGE_VISTA] = PRODUCTS (PRODUCT_VISTA),
    [LK_AGE_RTM] = PRODUCTS (PRODUCT_RTM),
  };

  return queries[age];
}

const char *
lk_licensing_get_service_query (LkAge age)
{
  static const char *const queries[] = {
    [LK_AGE_CURRENT] = SERVICE (SERVICE_CURRENT),
    [LK_AGE_8] = SERVICE (SERVICE_8),
    [LK_AGE_7] = SERVICE (SERVICE_7),
    [LK_AGE_VISTA] = SERVICE (SERVICE_VISTA),
    [LK_AGE_RTM] = SERVICE (SERVICE_VISTA),
  };

  return queries[age];
}

const char *
lk_licensing_get_office_query (void)
{
  return INSTALLED (PRODUCT_VISTA, "OfficeSoftwareProtectionProduct");
}
