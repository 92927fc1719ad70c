/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-file-source.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkFileList) list = lk_file_list_parse ((const char *) data, size, "the list", &error);

  g_assert_true ((list == NULL) == (error != NULL));
  if (list == NULL)
    return 0;

  g_assert_cmpuint (list->n_duplicates, <=, list->faults->len);
  for (guint i = 0; i < list->sightings->len; i++)
    {
      const LkSighting *sighting = g_ptr_array_index (list->sightings, i);

      /* What gets past here is used as a host name and shown on terminals. */
      g_assert_true (lk_host_is_plausible (sighting->name));
      g_assert_true (sighting->address == NULL || lk_host_is_plausible (sighting->address));
      g_assert_true (sighting->domain == NULL || lk_host_is_plausible (sighting->domain));
    }
  for (guint i = 0; i < list->faults->len; i++)
    g_assert_true (
        g_utf8_validate (((LkLineFault *) g_ptr_array_index (list->faults, i))->reason, -1, NULL));
  return 0;
}
