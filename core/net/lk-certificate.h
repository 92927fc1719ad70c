/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Makes a self-signed server certificate for @name, "localhost" and 127.0.0.1 with a fresh EC key;
 * valid for ten years. Both in PEM, to be freed. */
gboolean lk_certificate_new (const char *name, char **certificate, char **key, GError **error);
