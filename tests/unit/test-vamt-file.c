/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "transfer/lk-vamt-file.h"

#include <string.h>

/* The files of VAMT, as far as they are known; made by hand. */

typedef struct
{
  GString *text; /* what was handed over, a line each */
  guint stop_at; /* fails when so many rows have come; 0: never */
  guint n;
} Taken;

static gboolean
count_row (Taken *taken, GError **error)
{
  if (++taken->n != taken->stop_at)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_STORE, "full");
  return FALSE;
}

static gboolean
take_computer (const LkSighting *sighting, gpointer user_data, GError **error)
{
  Taken *taken = user_data;

  g_string_append_printf (taken->text, "%s %s %s\n", sighting->name,
                          sighting->domain != NULL ? sighting->domain : "-",
                          sighting->os_version != NULL ? sighting->os_version : "-");
  return count_row (taken, error);
}

static gboolean
take_key (const LkSecret *key, const char *remarks, guint line, gpointer user_data, GError **error)
{
  Taken *taken = user_data;

  g_string_append_printf (taken->text, "%u %s %s\n", line, lk_secret_peek (key),
                          remarks != NULL ? remarks : "-");
  return count_row (taken, error);
}

static char *
read_data (const char *data, gsize length, guint stop_at, LkVamtReport *report, GError **error)
{
  g_autoptr (GInputStream) input =
      g_memory_input_stream_new_from_data (data, (gssize) length, NULL);
  Taken taken = { g_string_new (NULL), stop_at, 0 };
  const LkVamtFuncs funcs = { take_computer, take_key, &taken };
  gboolean done = lk_vamt_read (input, "the file", &funcs, report, error);
  char *text = g_string_free (taken.text, FALSE);

  g_assert_true (done == (error == NULL || *error == NULL));
  return text;
}

static char *
get_sample (const char *name, gsize *length)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "vamt", name, NULL);
  g_autoptr (GError) error = NULL;
  char *data;

  g_file_get_contents (path, &data, length, &error);
  g_assert_no_error (error);
  return data;
}

static void
assert_parts (const LkVamtReport *report, const char *const *expected)
{
  g_autoptr (GPtrArray) parts = lk_vamt_report_list_parts (report);

  g_assert_cmpuint (parts->len, ==, g_strv_length ((char **) expected));
  for (guint i = 0; i < parts->len; i++)
    g_assert_cmpstr (g_ptr_array_index (parts, i), ==, expected[i]);
}

#define COMPUTER "SoftwareLicensingData/Computers/Computer/"
static const char *const cil_parts[] = {
  COMPUTER "MacAddresses/MacAddress: 2",
  COMPUTER "MacAddresses: 1",
  COMPUTER "Products/Product/Sku: 1",
  COMPUTER "Products/Product: 1",
  COMPUTER "Products: 1",
  NULL,
};

/* The good rows, whatever stands beside them; each of the others is told. */
static void
test_computers (void)
{
  gsize length;
  g_autofree char *data = get_sample ("computers.cil", &length);
  g_auto (LkVamtReport) report = { .n_faults = 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *text = read_data (data, length, 0, &report, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "PC-0001 lab.test 6.1.7601\nPC-0004 - -\n");
  g_assert_cmpint (report.kind, ==, LK_VAMT_CIL);
  g_assert_cmpuint (report.n_computers, ==, 2);
  g_assert_cmpuint (report.n_faults, ==, 3);
  g_assert_true (g_str_has_prefix (g_ptr_array_index (report.faults, 0), "line 15: "));
  assert_parts (&report, cil_parts);
}

static void
test_keys (void)
{
  static const char *const parts[] = {
    "VolumeActivationManagementToolData/SoftwareLicensingData/ProductKeys/ProductKey/Invented: 1",
    "VolumeActivationManagementToolData/VamtSystemData/SupportedGVLKs/BuiltInGvlk/KeyType: 1",
    "VolumeActivationManagementToolData/VamtSystemData/SupportedGVLKs/BuiltInGvlk/KeyValue: 1",
    "VolumeActivationManagementToolData/VamtSystemData/SupportedGVLKs/BuiltInGvlk: 1",
    "VolumeActivationManagementToolData/VamtSystemData/SupportedGVLKs: 1",
    NULL,
  };
  gsize length;
  g_autofree char *data = get_sample ("keys.cilx", &length);
  g_auto (LkVamtReport) report = { .n_faults = 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *text = read_data (data, length, 0, &report, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==,
                   "7 VDYBN-27WPP-V4HQT-9VMD4-VMK7H the <servers>\n"
                   "20 TVRH6-WHNXV-R9WG3-9XRFY-MY832 -\n"
                   "25 AAAAA-AAAAA-AAAAA-AAAAA-AAAAA -\n");
  g_assert_cmpint (report.kind, ==, LK_VAMT_CILX);
  g_assert_cmpuint (report.n_keys, ==, 3);
  g_assert_cmpuint (report.n_faults, ==, 1);
  assert_parts (&report, parts);
}

/* As Windows' own tools write: UTF-16 of either order with its mark, UTF-8 with one. */
static void
test_encodings (void)
{
  static const struct
  {
    const char *charset, *mark;
    gsize n_mark;
  } cases[] = { { "UTF-16LE", "\xFF\xFE", 2 },
                { "UTF-16BE", "\xFE\xFF", 2 },
                { "UTF-8", "\xEF\xBB\xBF", 3 } };
  gsize length;
  g_autofree char *plain = get_sample ("computers.cil", &length);
  g_autofree char *data = NULL;
  g_auto (GStrv) halves = g_strsplit (plain, "utf-8", 2);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *declared =
          g_strjoinv (g_str_has_prefix (cases[i].charset, "UTF-16") ? "utf-16" : "utf-8", halves);
      gsize n;
      g_autoptr (GError) error = NULL;
      g_autofree char *bytes =
          g_convert (declared, -1, cases[i].charset, "UTF-8", NULL, &n, &error);
      g_autoptr (GByteArray) whole = g_byte_array_new ();
      g_auto (LkVamtReport) report = { .n_faults = 0 };
      g_autofree char *text = NULL;

      g_assert_no_error (error);
      g_byte_array_append (whole, (const guint8 *) cases[i].mark, (guint) cases[i].n_mark);
      g_byte_array_append (whole, (const guint8 *) bytes, (guint) n);
      text = read_data ((const char *) whole->data, whole->len, 0, &report, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (text, ==, "PC-0001 lab.test 6.1.7601\nPC-0004 - -\n");
      assert_parts (&report, cil_parts);
    }
}

static void
assert_refused (const char *data, gsize length)
{
  g_auto (LkVamtReport) report = { .n_faults = 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *text = read_data (data, length, 0, &report, &error);

  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_true (g_str_has_prefix (error->message, "“the file” "));
}

static void
test_refused (void)
{
  static const char *const cases[] = {
    "",
    "name,address\nPC,10.0.0.1\n",
    "<Computers/>",
    "<transfer xmlns='urn:latchkey:transfer:1'/>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]><SoftwareLicensingData/>",
    "<SoftwareLicensingData>&b;</SoftwareLicensingData>",
    "<SoftwareLicensingData><Computers></SoftwareLicensingData>",
    "\xFF\xFE<",
    "\xFF\xFE\x3C\x00\xD8",
  };
  gsize length;
  g_autofree char *data = get_sample ("computers.cil", &length);
  g_autofree char *text = g_strnfill (70000, 'x');
  g_autofree char *long_text = g_strdup_printf (
      "<VolumeActivationManagementToolData><a>%s</a></VolumeActivationManagementToolData>", text);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i], strlen (cases[i]));
  for (gsize n = 0; n < length - 2; n += 7)
    assert_refused (data, n);
  assert_refused (long_text, strlen (long_text));
}

/* What the taker of a row says is not put on the file. */
static void
test_taker_fails (void)
{
  gsize length;
  g_autofree char *data = get_sample ("keys.cilx", &length);
  g_auto (LkVamtReport) report = { .n_faults = 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *text = read_data (data, length, 2, &report, &error);

  g_assert_error (error, LK_ERROR, LK_ERROR_STORE);
  g_assert_cmpstr (error->message, ==, "full");
}

static void
test_is_one (void)
{
  g_autofree char *cil = g_test_build_filename (G_TEST_DIST, "data", "vamt", "computers.cil", NULL);
  g_autofree char *cilx = g_test_build_filename (G_TEST_DIST, "data", "vamt", "keys.cilx", NULL);
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "data", "vamt", NULL);
  g_autofree char *other = g_test_build_filename (G_TEST_DIST, "data", "vamt", "none", NULL);

  g_assert_true (lk_vamt_file_is_one (cil));
  g_assert_true (lk_vamt_file_is_one (cilx));
  g_assert_false (lk_vamt_file_is_one (folder));
  g_assert_false (lk_vamt_file_is_one (other));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vamt-file/computers", test_computers);
  g_test_add_func ("/vamt-file/keys", test_keys);
  g_test_add_func ("/vamt-file/encodings", test_encodings);
  g_test_add_func ("/vamt-file/refused", test_refused);
  g_test_add_func ("/vamt-file/taker-fails", test_taker_fails);
  g_test_add_func ("/vamt-file/is-one", test_is_one);
  return g_test_run ();
}
