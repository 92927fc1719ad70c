/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-license.h"
#include "domain/lk-product-key.h"

/* Plain values. A string that is not known is NULL. */

/**
 * LkIdentity:
 *
 * Who a machine says it is: Win32_ComputerSystem, Win32_ComputerSystemProduct and the licensing
 * service's ClientMachineID.
 */
typedef struct
{
  char *name;         /* NetBIOS name, as the machine writes it */
  char *fqdn;         /* DNSHostName.Domain for members, else NULL */
  char *domain;       /* AD domain or workgroup */
  gboolean is_member; /* of an AD domain */
  char *uuid;         /* SMBIOS UUID, upper case */
  char *cmid;         /* client machine ID */
} LkIdentity;

void lk_identity_free (LkIdentity *self);

/* The name by which a domain and a certificate know a machine: @fqdn, or what follows from a listed
 * @name and the DNS @domain; to be freed. Each but @name may be NULL. */
char *lk_machine_make_full_name (const char *name, const char *fqdn, const char *domain);

/* Whether @seen is the machine of the row: every value known on both sides agrees (any case).
 * Else FALSE, and @difference (to be freed) says which in words: "its SMBIOS UUID is …, not …". */
gboolean lk_identity_matches (const LkIdentity *row, const LkIdentity *seen, char **difference);

/* @uuid when it tells machines apart; NULL for what boards share that were never given one: a
 * single digit all over, and the defaults of makers. NULL is NULL. Of client machine IDs, too. */
const char *lk_uuid_get_usable (const char *uuid);

/**
 * LkProduct:
 *
 * One licensable product on a machine, as last read.
 */
typedef struct
{
  gint64 id; /* row, 0 when fresh from a machine */
  gint64 machine_id;
  char *application_id;
  char *activation_id;
  char *name;
  char *description;
  char *edition; /* LicenseFamily */
  LkKeyKind key_kind;
  char *partial_key; /* last five of the installed key, NULL for none */
  char *epid;        /* ProductKeyID */
  char *iid;         /* OfflineInstallationId */
  LkLicenseStatus status;
  guint32 status_reason;
  guint32 grace_minutes; /* GracePeriodRemaining */
  gboolean is_addon;
  char *kms_machine;
  guint kms_port;
} LkProduct;

void lk_product_free (LkProduct *self);

/**
 * LkReading:
 *
 * Everything one read of a machine tells.
 */
typedef struct
{
  LkIdentity *identity;
  GPtrArray *products;      /* of LkProduct, those with a key installed */
  char *service_version;    /* SoftwareLicensingService.Version */
  char *os_version;         /* from Identify, "10.0.20348" */
  char *stack;              /* WinRM stack "1.1", "2.0", "3.0" */
  int rearm_left;           /* RemainingWindowsReArmCount, -1 unknown */
  gboolean is_subscription; /* activated by subscription: left alone */
  gboolean has_oem_key;     /* an OEM entitlement in the firmware: left alone */
} LkReading;

/* Empty, with an empty identity and an array that frees its products. */
LkReading *lk_reading_new (void);
void lk_reading_free (LkReading *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkIdentity, lk_identity_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkProduct, lk_product_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkReading, lk_reading_free)
