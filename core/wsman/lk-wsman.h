/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-link.h"
#include "wsman/lk-wsman-row.h"

typedef enum
{
  LK_DIALECT_UNKNOWN,
  LK_DIALECT_WMI,  /* Windows' own resource URIs */
  LK_DIALECT_DMTF, /* DMTF's, with the selector __cimnamespace */
} LkDialect;

/**
 * LkWsman:
 *
 * WS-Management spoken over one link (DSP0226, DSP0227, MS-WSMV). Does not own the link.
 */
typedef struct _LkWsman LkWsman;

LkWsman *lk_wsman_new (LkLink *link);
void lk_wsman_free (LkWsman *self);
LkLink *lk_wsman_get_link (LkWsman *self);

/* Known from an earlier reading, so that Identify can be spared. @stack: "2.0". */
void lk_wsman_set_dialect (LkWsman *self, LkDialect dialect, const char *stack);
LkDialect lk_wsman_get_dialect (LkWsman *self);
const char *lk_wsman_get_stack (LkWsman *self);      /* NULL when unknown */
const char *lk_wsman_get_os_version (LkWsman *self); /* from Identify, else NULL */

/* Asks who is there and settles dialect and stack. */
gboolean lk_wsman_identify (LkWsman *self, GCancellable *cancellable, GError **error);

/* Enumerates in root/cimv2 by WQL, pulling to the end (or releasing on failure), at most @max_rows
 * (else BAD_REPLY). Gives LkWsmanRow. @wql must name its columns. */
GPtrArray *lk_wsman_query (LkWsman *self,
                           const char *class_name,
                           const char *wql,
                           guint max_rows,
                           GCancellable *cancellable,
                           GError **error);

/* Gets one instance of a class with the selectors (name, value, …, NULL). */
LkWsmanRow *lk_wsman_get (LkWsman *self,
                          const char *class_name,
                          const char *const *selectors,
                          GCancellable *cancellable,
                          GError **error);

/* Invokes a method. @parameters: name, value, …, NULL, in the method's order; repeated names make
 * arrays. Gives the OUTPUT as a row. A fault becomes the error; so does a ReturnValue that is not 0
 * (REJECTED with that code) unless @return_value is given to take it. The request counts as
 * changing unless @reads_only. @timeout_s goes into OperationTimeout. */
LkWsmanRow *lk_wsman_invoke (LkWsman *self,
                             const char *class_name,
                             const char *const *selectors,
                             const char *method,
                             const char *const *parameters,
                             gboolean reads_only,
                             guint timeout_s,
                             guint32 *return_value,
                             GCancellable *cancellable,
                             GError **error);

#define LK_WSMAN_E_TIMED_OUT             0x80338029u
#define LK_WSMAN_E_CANNOT_PROCESS_FILTER 0x8033801Au
#define LK_WSMAN_E_INVALID_CONTEXT       0x8033801Bu
#define LK_WSMAN_E_NOT_FOUND             0x80338000u
#define LK_WBEM_E_ACCESS_DENIED          0x80041003u

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWsman, lk_wsman_free)
