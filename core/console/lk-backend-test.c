/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-backend-test.h"

#include "console/lk-console-backend.h"

#include <glib/gi18n-lib.h>

/* In the order of LkBackendStage. */
static const char *const steps[LK_BACKEND_DONE] = {
  [LK_BACKEND_NAME] = N_ ("Find the address"),
  [LK_BACKEND_TCP] = N_ ("Connect"),
  [LK_BACKEND_PROXY] = N_ ("Pass the HTTP proxy"),
  [LK_BACKEND_TLS] = N_ ("Check the certificate (TLS)"),
  [LK_BACKEND_HTTP] = N_ ("Speak HTTP"),
  [LK_BACKEND_TOKEN] = N_ ("Sign in"),
  [LK_BACKEND_DIGEST] = N_ ("Compare the digest key"),
  [LK_BACKEND_SERVICE] = N_ ("Ask the service"),
};

void
lk_backend_test_free (LkBackendTest *self)
{
  if (self == NULL)
    return;
  g_free (self->peer);
  g_clear_error (&self->error);
  g_free (self);
}

const char *
lk_backend_test_get_step (guint n)
{
  g_return_val_if_fail (n < G_N_ELEMENTS (steps), NULL);

  return _ (steps[n]);
}

LkBackendTest *
lk_console_test_backend (LkConsole *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (LkBackendSetup) setup = lk_console_get_backend (self, error);
  g_autoptr (LkBackend) backend = setup != NULL ? lk_backend_new (&setup->options, error) : NULL;
  LkBackendStage stage = LK_BACKEND_NAME;
  LkBackendTest *test;

  if (backend == NULL)
    return NULL;

  test = g_new0 (LkBackendTest, 1);
  test->peer = g_strdup (lk_backend_get_peer (backend));
  test->n_steps = G_N_ELEMENTS (steps);
  test->remaining = -1;
  lk_backend_check (backend, NULL, &stage, &test->remaining, cancellable, &test->error);
  test->n_done = (guint) stage;
  return test;
}
