/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

/**
 * LkTestCa:
 *
 * A certificate authority that lives as long as one test.
 */
typedef struct _LkTestCa LkTestCa;

LkTestCa *lk_test_ca_new (void);
void lk_test_ca_free (LkTestCa *self);
/* Its certificate as a PEM file, removed with it. */
const char *lk_test_ca_get_file (LkTestCa *self);
/* A server's certificate for a DNS name or (when it is one) an IP address, valid for @days from now
 * (negative: it expired that long ago). @pin gets its SHA-256 in hex, to be freed. */
gnutls_certificate_credentials_t
lk_test_ca_issue (LkTestCa *self, const char *name, int days, char **pin);
/* The same from a day on, relative to now, and @certificate gets its DER. @is_self_signed: without
 * the CA. */
gnutls_certificate_credentials_t lk_test_ca_issue_from (LkTestCa *self,
                                                        const char *name,
                                                        int from,
                                                        int days,
                                                        gboolean is_self_signed,
                                                        GBytes **certificate);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTestCa, lk_test_ca_free)
