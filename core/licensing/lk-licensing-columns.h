/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* The columns that a class has had since which WinRM stack. A query that names a column which the
 * machine's build lacks fails as a whole, so there is a list for each age; and whole instances are
 * never asked for, since one property of the service is a complete product key. */
typedef enum
{
  LK_AGE_CURRENT, /* builds of Windows 10 and later with subscriptions */
  LK_AGE_8,       /* stack 3.0: Windows 8, Server 2012 */
  LK_AGE_7,       /* stack 2.0: Windows 7, Server 2008 R2 */
  LK_AGE_VISTA,   /* stack 1.1: Vista with a service pack, Server 2008 */
  LK_AGE_RTM,     /* stack 1.1, too: the first Vista, without LicenseStatusReason */
} LkAge;

/* Where to begin for a machine of @stack ("3.0"; NULL: unknown). */
LkAge lk_age_from_stack (const char *stack);

/* "SELECT … FROM …" for @age. */
const char *lk_licensing_get_product_query (LkAge age);
const char *lk_licensing_get_service_query (LkAge age);
/* Of the classes that Office had before Windows 8. */
const char *lk_licensing_get_office_query (void);
