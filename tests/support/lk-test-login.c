/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-test-login.h"

LkLogin *
lk_test_login_new (const char *user, const char *password, LkScheme scheme)
{
  g_autoptr (LkSecret) secret = lk_secret_new (password, -1);

  return lk_login_new (
      &(LkLoginOptions){ .name = "test", .scheme = scheme, .user = user, .password = secret });
}
