/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-request.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkLabRequest) request = lk_lab_request_parse ((const char *) data, size, &error);

  g_assert_true ((request == NULL) == (error != NULL));
  if (request == NULL)
    return 0;

  g_assert_cmpuint (request->selectors->len, <=, 32);
  g_assert_cmpuint (request->parameters->len, <=, 128);
  g_assert_true (request->operation != LK_LAB_INVOKE || request->method != NULL);
  lk_lab_request_get_selector (request, "ID");
  lk_lab_request_get_parameter (request, "ProductKey");
  return 0;
}
