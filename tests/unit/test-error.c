/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"

#include <gio/gio.h>

static void
test_remote_code (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) copy = NULL;

  lk_error_set_remote (&error, LK_ERROR_REJECTED, 0xC004F050, "%s: refused", "pc-1");
  g_assert_false (lk_error_was_sent (error));
  lk_error_mark_sent (error);
  g_prefix_error (&error, "install-key: ");
  copy = g_error_copy (error);

  g_assert_error (copy, LK_ERROR, LK_ERROR_REJECTED);
  g_assert_cmpstr (copy->message, ==, "install-key: pc-1: refused");
  g_assert_cmphex (lk_error_get_remote_code (copy), ==, 0xC004F050);
  g_assert_true (lk_error_was_sent (copy));
}

/* Whoever asks need not know whose error it is. */
static void
test_foreign (void)
{
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "stop");

  lk_error_mark_sent (error);
  g_assert_false (lk_error_was_sent (error));
  g_assert_cmphex (lk_error_get_remote_code (error), ==, 0);
  g_assert_cmphex (lk_error_get_remote_code (NULL), ==, 0);
  g_assert_false (lk_error_was_sent (NULL));
  g_assert_false (lk_error_is_transient (error));
  lk_error_set_remote (NULL, LK_ERROR_BUSY, 1, "nobody listens");
}

static void
test_transient (void)
{
  for (int code = LK_ERROR_UNREACHABLE; code <= LK_ERROR_STORE; code++)
    {
      g_autoptr (GError) error = g_error_new (LK_ERROR, code, "x");

      g_assert_true (lk_error_is_transient (error) ==
                     (code == LK_ERROR_UNREACHABLE || code == LK_ERROR_BUSY));
    }
  g_assert_cmpstr (lk_error_code_to_word (LK_ERROR_BAD_REPLY), ==, "bad-reply");
  g_assert_cmpstr (lk_error_code_to_word (-1), ==, "error");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/remote-code", test_remote_code);
  g_test_add_func ("/error/foreign", test_foreign);
  g_test_add_func ("/error/transient", test_transient);
  return g_test_run ();
}
