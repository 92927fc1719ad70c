/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-codes.h"

static void
test_lookup (void)
{
  const LkCode *code = lk_code_lookup (0xC004F074);

  g_assert_nonnull (code);
  g_assert_cmphex (code->code, ==, 0xC004F074);
  g_assert_cmpstr (code->symbol, ==, "SL_E_VL_BINDING_SERVICE_UNAVAILABLE");
  g_assert_true (lk_code_lookup_symbol ("sl_e_invalid_product_key") == lk_code_lookup (0xC004F050));
  g_assert_null (lk_code_lookup (0x12345678));
  g_assert_null (lk_code_lookup_symbol (""));
}

/* The codes that the licence states carry and that a person meets first. */
static void
test_common (void)
{
  static const guint32 codes[] = {
    0x4004F00C, 0x4004F00D, 0x4004F040, 0x4004F065, 0x80070005, 0x8007007B, 0x8007232A,
    0x8007232B, 0x8007251D, 0x80072EE7, 0x800706BA, 0x80092328, 0xC004C001, 0xC004C003,
    0xC004C008, 0xC004C020, 0xC004C021, 0xC004B100, 0xC004F009, 0xC004F00F, 0xC004F014,
    0xC004F02C, 0xC004F035, 0xC004F038, 0xC004F039, 0xC004F041, 0xC004F042, 0xC004F050,
    0xC004F051, 0xC004F064, 0xC004F06C, 0xC004F074, 0xC004F200,
  };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      const LkCode *code = lk_code_lookup (codes[i]);

      g_assert_cmphex (code != NULL ? code->code : 0, ==, codes[i]);
      g_assert_cmpstr (code->meaning, !=, "");
      g_assert_cmpstr (code->action, !=, "");
    }
}

static void
test_parse (void)
{
  static const struct
  {
    const char *text;
    guint32 code;
  } cases[] = {
    { "0xC004F074", 0xC004F074 },
    { "0Xc004f074", 0xC004F074 },
    { "C004F074", 0xC004F074 },
    { " 3221549172\n", 0xC004F074 },
    { "-1073418124", 0xC004F074 },
    { "80070005", 0x80070005 },
    { "-2147024891", 0x80070005 },
    { "0x5", 5 },
    { "5", 5 },
    { "0", 0 },
    { "4294967295", 0xFFFFFFFF },
    { "SL_E_INVALID_PRODUCT_KEY", 0xC004F050 },
    { "sl_e_invalid_product_key", 0xC004F050 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint32 code = 0xDEAD;

      g_assert_true (lk_code_parse (cases[i].text, &code));
      g_assert_cmphex (code, ==, cases[i].code);
    }
}

static void
test_parse_refused (void)
{
  static const char *const texts[] = {
    "",           " ",           "0x",      "-",           "0x1C004F074",
    "4294967296", "-2147483649", "C004F07", "0xC004F074!", "SL_E_NOT_THERE",
    "+5",         "- 5",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      guint32 code = 0xDEAD;

      g_assert_false (lk_code_parse (texts[i], &code));
      g_assert_cmphex (code, ==, 0xDEAD);
    }
}

/* The same numbers mean other things to Win32: 0x7F is ERROR_PROC_NOT_FOUND there. */
static void
test_batch (void)
{
  static const guint32 codes[] = { 0x67, 0x68, 0x71, 0x7F, 0x86, 0x8D, 0x8E, 0x90, 0xD5, 0xD6 };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      const LkCode *code = lk_batch_code_lookup (codes[i]);

      g_assert_cmphex (code != NULL ? code->code : 0, ==, codes[i]);
      g_assert_cmpstr (code->meaning, !=, "");
      g_assert_cmpstr (code->action, !=, "");
      g_assert_true (code != lk_code_lookup (codes[i]));
    }
  g_assert_cmpstr (lk_batch_code_lookup (0x7F)->meaning, ==, "The key has no activations left");
  g_assert_null (lk_batch_code_lookup (0));
}

static gpointer
look_up_in_thread (gpointer data)
{
  return (gpointer) lk_code_lookup (0xC004F050);
}

/* Workers ask at the same moment, and the first of them reads the table. */
static void
test_threads (void)
{
  GThread *threads[8];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("look-up", look_up_in_thread, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      const LkCode *code = g_thread_join (threads[i]);

      g_assert_true (code == lk_code_lookup (0xC004F050));
      g_assert_nonnull (code);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codes/threads", test_threads);
  g_test_add_func ("/codes/lookup", test_lookup);
  g_test_add_func ("/codes/common", test_common);
  g_test_add_func ("/codes/parse", test_parse);
  g_test_add_func ("/codes/parse-refused", test_parse_refused);
  g_test_add_func ("/codes/batch", test_batch);
  return g_test_run ();
}
