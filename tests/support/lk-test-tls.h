/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* Makes a throw-away CA and a certificate for 127.0.0.1 and localhost in @directory: ca.pem,
 * cert.pem, key.pem. */
void lk_test_make_certificates (const char *directory);
/* SHA-256 of the certificate in @path, hex; to be freed. */
char *lk_test_dup_fingerprint (const char *path);
