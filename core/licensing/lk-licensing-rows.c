/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "licensing/lk-licensing-rows.h"

#include <string.h>

/* Some firmware has no UUID and gives all zeros or all ones, on many machines alike. */
static char *
read_uuid (const char *text)
{
  if (text == NULL || !g_uuid_string_is_valid (text) || strspn (text, "0-") == strlen (text) ||
      strspn (text, "Ff-") == strlen (text))
    return NULL;

  return g_ascii_strup (text, -1);
}

static char *
dup_filled (const char *text)
{
  return text != NULL && *text != '\0' ? g_strdup (text) : NULL;
}

LkIdentity *
lk_identity_copy (const LkIdentity *identity)
{
  LkIdentity *copy = g_new0 (LkIdentity, 1);

  copy->name = g_strdup (identity->name);
  copy->fqdn = g_strdup (identity->fqdn);
  copy->domain = g_strdup (identity->domain);
  copy->is_member = identity->is_member;
  copy->uuid = g_strdup (identity->uuid);
  copy->cmid = g_strdup (identity->cmid);
  return copy;
}

LkIdentity *
lk_identity_from_rows (const LkWsmanRow *service,
                       const LkWsmanRow *system,
                       const LkWsmanRow *firmware)
{
  LkIdentity *identity = g_new0 (LkIdentity, 1);
  const char *domain = lk_wsman_row_get (system, "Domain");
  const char *workgroup = lk_wsman_row_get (system, "Workgroup");
  const char *host = lk_wsman_row_get (system, "DNSHostName");

  identity->is_member = lk_wsman_row_get_boolean (system, "PartOfDomain");
  identity->name = dup_filled (lk_wsman_row_get (system, "Name"));
  identity->domain = dup_filled (identity->is_member || workgroup == NULL ? domain : workgroup);
  if (identity->is_member && identity->domain != NULL && (host != NULL || identity->name != NULL))
    {
      g_autofree char *fqdn =
          g_strdup_printf ("%s.%s", host != NULL ? host : identity->name, identity->domain);

      identity->fqdn = g_utf8_strdown (fqdn, -1);
    }
  identity->uuid = read_uuid (lk_wsman_row_get (firmware, "UUID"));
  identity->cmid = dup_filled (lk_wsman_row_get (service, "ClientMachineID"));
  return identity;
}

static guint32
read_uint32 (const LkWsmanRow *row, const char *property)
{
  guint64 value = 0;

  return lk_wsman_row_get_uint (row, property, &value) && value <= G_MAXUINT32 ? (guint32) value
                                                                               : 0;
}

static LkLicenseStatus
read_status (const LkWsmanRow *row)
{
  guint64 value = 0;

  return lk_wsman_row_get_uint (row, "LicenseStatus", &value) && value <= LK_LICENSE_EXTENDED_GRACE
             ? (LkLicenseStatus) value
             : LK_LICENSE_UNREAD;
}

/* The host that was set, else the one that DNS gave. */
static void
read_kms (const LkWsmanRow *row, LkProduct *product)
{
  product->kms_machine = dup_filled (lk_wsman_row_get (row, "KeyManagementServiceMachine"));
  product->kms_port = read_uint32 (row, "KeyManagementServicePort");
  if (product->kms_machine != NULL)
    return;

  product->kms_machine =
      dup_filled (lk_wsman_row_get (row, "DiscoveredKeyManagementServiceMachineName"));
  product->kms_port = read_uint32 (row, "DiscoveredKeyManagementServiceMachinePort");
}

LkProduct *
lk_product_from_row (const LkWsmanRow *row)
{
  LkProduct *product = g_new0 (LkProduct, 1);
  const char *channel = lk_wsman_row_get (row, "ProductKeyChannel");

  product->application_id = dup_filled (lk_wsman_row_get (row, "ApplicationID"));
  product->activation_id = dup_filled (lk_wsman_row_get (row, "ID"));
  product->name = dup_filled (lk_wsman_row_get (row, "Name"));
  product->description = dup_filled (lk_wsman_row_get (row, "Description"));
  product->edition = dup_filled (lk_wsman_row_get (row, "LicenseFamily"));
  product->partial_key = dup_filled (lk_wsman_row_get (row, "PartialProductKey"));
  product->epid = dup_filled (lk_wsman_row_get (row, "ProductKeyID"));
  product->iid = dup_filled (lk_wsman_row_get (row, "OfflineInstallationId"));
  product->key_kind = lk_key_kind_from_channel (channel, product->description);
  product->status = read_status (row);
  product->status_reason = read_uint32 (row, "LicenseStatusReason");
  product->grace_minutes = read_uint32 (row, "GracePeriodRemaining");
  product->is_addon = lk_wsman_row_get_boolean (row, "LicenseIsAddon");
  read_kms (row, product);
  return product;
}

/* Neither value is set where it does not apply; 120 is "not implemented" on editions without. */
static gboolean
is_subscription (const LkWsmanRow *service)
{
  guint32 type = read_uint32 (service, "SubscriptionType");
  guint32 status = read_uint32 (service, "SubscriptionStatus");

  return type > 0 && type < 100 && status > 0 && status < 100;
}

/* The part number of a key in the firmware tells that there is one; or the marker of Windows 7's
 * days (1: the table is there and is Windows'). */
static gboolean
has_oem_key (const LkWsmanRow *service)
{
  const char *part = lk_wsman_row_get (service, "OA3xOriginalProductKeyPkPn");

  return (part != NULL && *part != '\0') || read_uint32 (service, "OA2xBiosMarkerStatus") == 1;
}

void
lk_reading_take_service (LkReading *reading, const LkWsmanRow *service)
{
  guint64 left = 0;

  reading->service_version = g_strdup (lk_wsman_row_get (service, "Version"));
  reading->is_subscription = is_subscription (service);
  reading->has_oem_key = has_oem_key (service);
  if (lk_wsman_row_get_uint (service, "RemainingWindowsReArmCount", &left) && left < G_MAXINT)
    reading->rearm_left = (int) left;
}
