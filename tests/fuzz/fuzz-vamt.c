/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-vamt-file.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static gboolean
take_computer (const LkSighting *sighting, gpointer user_data, GError **error)
{
  /* What gets past here is used as a host name and shown on terminals. */
  g_assert_true (lk_host_is_plausible (sighting->name));
  g_assert_true (sighting->domain == NULL || lk_host_is_plausible (sighting->domain));
  return TRUE;
}

static gboolean
take_key (const LkSecret *key, const char *remarks, guint line, gpointer user_data, GError **error)
{
  g_assert_cmpuint (lk_secret_get_length (key), >, 0);
  return TRUE;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GInputStream) input = g_memory_input_stream_new_from_data (data, (gssize) size, NULL);
  const LkVamtFuncs funcs = { take_computer, take_key, NULL };
  g_auto (LkVamtReport) report = { .n_faults = 0 };
  g_autoptr (GError) error = NULL;
  gboolean done = lk_vamt_read (input, "the file", &funcs, &report, &error);

  g_assert_true (done == (error == NULL));
  g_assert_cmpuint (report.faults->len, <=, LK_VAMT_MAX_FAULTS);
  return 0;
}
