/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * LkWsmanRequest:
 *
 * What the header of a request says. Borrowed strings.
 */
typedef struct
{
  const char *to;
  const char *resource_uri;
  const char *message_id;
  const char *cim_namespace;    /* becomes the first selector, or NULL */
  const char *const *selectors; /* name, value, …, NULL; or NULL */
  guint max_envelope;
  guint timeout_s;
} LkWsmanRequest;

/* "uuid:" and an upper-case GUID, to be freed. */
char *lk_wsman_new_message_id (void);

GBytes *lk_wsman_write_identify (void);
/* Optimized: the first items come with the answer. */
GBytes *
lk_wsman_write_enumerate (const LkWsmanRequest *request, const char *wql, guint max_elements);
GBytes *
lk_wsman_write_pull (const LkWsmanRequest *request, const char *context, guint max_elements);
GBytes *lk_wsman_write_release (const LkWsmanRequest *request, const char *context);
GBytes *lk_wsman_write_get (const LkWsmanRequest *request);
/* @parameters: name, value, …, NULL; or NULL. */
GBytes *lk_wsman_write_invoke (const LkWsmanRequest *request,
                               const char *method,
                               const char *const *parameters);
