/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-login.h"

/* A credential set of its own, as a link takes it. */
LkLogin *lk_test_login_new (const char *user, const char *password, LkScheme scheme);
