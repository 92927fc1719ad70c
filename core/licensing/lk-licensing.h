/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-machine.h"
#include "wsman/lk-wsman.h"

/**
 * LkLicensing:
 *
 * The licensing classes of one machine as verbs (MS documentation of SoftwareLicensingService and
 * SoftwareLicensingProduct). One per link; keeps what it learnt about the machine's columns and the
 * service's key, for as long as the link lives. Changing verbs do not refresh by themselves: end
 * with lk_licensing_refresh_status(), as slmgr does.
 */
typedef struct _LkLicensing LkLicensing;

LkLicensing *lk_licensing_new (LkWsman *wsman);
void lk_licensing_free (LkLicensing *self);
LkWsman *lk_licensing_get_wsman (LkLicensing *self);

/* Everything: identify (only while the dialect is unknown), products, service, identity. */
LkReading *lk_licensing_read (LkLicensing *self, GCancellable *cancellable, GError **error);

/* Name, SMBIOS UUID and client machine ID; remembered for this connection, asked anew on another.
 */
const LkIdentity *
lk_licensing_read_identity (LkLicensing *self, GCancellable *cancellable, GError **error);

/* Products with a key of one application (NULL: all), with IID and extended PID. */
GPtrArray *lk_licensing_read_products (LkLicensing *self,
                                       const char *application_id,
                                       GCancellable *cancellable,
                                       GError **error);

/* Whether Office keeps its licences in classes of its own there (OSPP); FALSE when it is unknown.
 */
gboolean lk_licensing_has_old_office (LkLicensing *self, GCancellable *cancellable);

gboolean lk_licensing_install_key (LkLicensing *self,
                                   const LkSecret *key,
                                   GCancellable *cancellable,
                                   GError **error);
gboolean lk_licensing_uninstall_key (LkLicensing *self,
                                     const LkProduct *product,
                                     GCancellable *cancellable,
                                     GError **error);
/* May run to the server's limit (Windows cuts at 60 s): a time-out is an unknown outcome. */
gboolean lk_licensing_activate (LkLicensing *self,
                                const LkProduct *product,
                                GCancellable *cancellable,
                                GError **error);
gboolean lk_licensing_deposit (LkLicensing *self,
                               const LkProduct *product,
                               const char *iid,
                               const char *cid,
                               GCancellable *cancellable,
                               GError **error);
gboolean lk_licensing_rearm (LkLicensing *self, GCancellable *cancellable, GError **error);
gboolean lk_licensing_refresh_status (LkLicensing *self, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLicensing, lk_licensing_free)
