/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-machine.h"
#include "wsman/lk-wsman-row.h"

/* What rows of the licensing and system classes mean. Missing values stay unknown. */

/* From SoftwareLicensingService, Win32_ComputerSystem and Win32_ComputerSystemProduct. */
LkIdentity *lk_identity_from_rows (const LkWsmanRow *service,
                                   const LkWsmanRow *system,
                                   const LkWsmanRow *firmware);
LkIdentity *lk_identity_copy (const LkIdentity *identity);
LkProduct *lk_product_from_row (const LkWsmanRow *row);
/* Fills what the service's row tells. */
void lk_reading_take_service (LkReading *reading, const LkWsmanRow *service);
