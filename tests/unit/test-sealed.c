/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "net/lk-sealed.h"

#include <string.h>

/* The frame of sealed messages, byte for byte: what Windows refuses for a blank too many. */

#define SPNEGO "application/HTTP-SPNEGO-session-encrypted"

/* A signature of three bytes and a message of four. */
#define WINDOWS_HEAD                                                                               \
  "--Encrypted Boundary\r\n"                                                                       \
  "\tContent-Type: " SPNEGO "\r\n"                                                                 \
  "\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=1380\r\n"                     \
  "--Encrypted Boundary\r\n"                                                                       \
  "\tContent-Type: application/octet-stream\r\n"
#define FOREIGN_HEAD                                                                               \
  "--Encrypted Boundary\r\n"                                                                       \
  "Content-Type: " SPNEGO "\r\n"                                                                   \
  "OriginalContent: type=application/soap+xml;charset=UTF-8;Length=1380\r\n"                       \
  "--Encrypted Boundary\r\n"                                                                       \
  "Content-Type: application/octet-stream\r\n"
#define TOKEN                                                                                      \
  "\x03\0\0\0"                                                                                     \
  "sig"                                                                                            \
  "data"
#define ENDING "--Encrypted Boundary--\r\n"

static GByteArray *
bytes (const void *data, gsize length)
{
  return g_byte_array_append (g_byte_array_new (), data, (guint) length);
}

static GByteArray *
frame (LkSealedForm form, const void *sealed, gsize length)
{
  g_autoptr (GByteArray) signature = bytes ("sig", 3);
  g_autoptr (GByteArray) message = bytes (sealed, length);

  return lk_sealed_write (form, SPNEGO, "application/soap+xml; charset=UTF-8", 1380, signature,
                          message);
}

static void
assert_parsed (const void *body, gsize length, const char *token, gsize token_length)
{
  g_autoptr (GError) error = NULL;
  LkSealedParts parts;

  g_assert_true (lk_sealed_parse (body, length, &parts, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (parts.plain_length, ==, 1380);
  g_assert_cmpuint (parts.header_length, ==, 3);
  g_assert_cmpmem (parts.token, parts.token_length, token, token_length);
}

static void
assert_broken (const void *body, gsize length)
{
  g_autoptr (GError) error = NULL;
  LkSealedParts parts;

  g_assert_false (lk_sealed_parse (body, length, &parts, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
}

static void
test_write (void)
{
  g_autoptr (GByteArray) windows = frame (LK_SEALED_WINDOWS, "data", 4);
  g_autoptr (GByteArray) foreign = frame (LK_SEALED_FOREIGN, "data", 4);
  static const char windows_golden[] = WINDOWS_HEAD TOKEN ENDING;
  static const char foreign_golden[] = FOREIGN_HEAD TOKEN ENDING;

  g_assert_cmpmem (windows->data, windows->len, windows_golden, sizeof windows_golden - 1);
  g_assert_cmpmem (foreign->data, foreign->len, foreign_golden, sizeof foreign_golden - 1);
}

static void
test_type (void)
{
  g_autofree char *type = lk_sealed_make_type (SPNEGO);

  g_assert_cmpstr (type, ==,
                   "multipart/encrypted;protocol=\"" SPNEGO "\";boundary=\"Encrypted Boundary\"");
  g_assert_true (lk_sealed_is_type (type));
  g_assert_true (lk_sealed_is_type ("Multipart/Encrypted; protocol=x"));
  g_assert_false (lk_sealed_is_type ("application/soap+xml"));
  g_assert_false (lk_sealed_is_type ("multipart/x-multi-encrypted"));
  g_assert_false (lk_sealed_is_type (NULL));
}

static void
test_read (void)
{
  static const struct
  {
    const char *body;
    gsize length;
  } good[] = {
#define BODY(text) { text, sizeof (text) - 1 }
    BODY (WINDOWS_HEAD TOKEN ENDING),
    BODY (FOREIGN_HEAD TOKEN ENDING),
    BODY (FOREIGN_HEAD TOKEN ENDING "\r\n"), /* OMI */
    BODY (WINDOWS_HEAD TOKEN "--Encrypted Boundary--"),
    /* Exchange */
    BODY ("-- Encrypted Boundary\r\n"
          "\tContent-Type: " SPNEGO "\r\n"
          "\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=1380\r\n"
          "-- Encrypted Boundary\r\n"
          "\tContent-Type: application/octet-stream\r\n" TOKEN "-- Encrypted Boundary--\r\n"),
    /* Headers in other words, another order, and one that nobody knows. */
    BODY ("--Encrypted Boundary\r\n"
          "originalcontent: Type=text/xml; length=1380\r\n"
          "X-More: x\r\n"
          "CONTENT-TYPE: " SPNEGO "\r\n"
          "--Encrypted Boundary\r\n"
          "X-More: x\r\n"
          "content-type:application/octet-stream\r\n" TOKEN ENDING),
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    assert_parsed (good[i].body, good[i].length, "sigdata", 7);
}

/* The message ends where the body's end says it does, whatever it holds. */
static void
test_any_cipher_text (void)
{
  static const struct
  {
    const char *data;
    gsize length;
  } messages[] = {
    { "", 0 },
    BODY ("\r\n"),
    BODY ("\r\n\r\n"),
    BODY ("\n\n\n"),
    BODY ("\0\0\0\0"),
    BODY ("x--Encrypted Boundary--\r\ny"),
    BODY ("--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"),
    BODY ("--Encrypted Boundary--"),
    BODY ("--Encrypted Boundary--\r\n"),
    BODY ("-- Encrypted Boundary--\r\n\r\n"),
    BODY ("--"),
    BODY ("\r\n\tContent-Type: application/octet-stream\r\n\xff\xff\xff\xff"),
#undef BODY
  };

  for (guint form = LK_SEALED_WINDOWS; form <= LK_SEALED_FOREIGN; form++)
    for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
      {
        g_autoptr (GByteArray) body =
            frame ((LkSealedForm) form, messages[i].data, messages[i].length);
        g_autoptr (GByteArray) token = bytes ("sig", 3);

        g_byte_array_append (token, (const guint8 *) messages[i].data, (guint) messages[i].length);
        assert_parsed (body->data, body->len, (const char *) token->data, token->len);
        g_byte_array_append (body, (const guint8 *) "\r\n", 2);
        assert_parsed (body->data, body->len, (const char *) token->data, token->len);
      }
}

/* The length of the signature is four bytes that may look like anything, a line's end too. */
static void
test_signature_length (void)
{
  static const struct
  {
    guint length;
    gboolean ok;
  } cases[] = {
    { 0, FALSE },      { 1, TRUE },         { 16, TRUE },        { 0x0A, TRUE },
    { 60, TRUE },      { 1024, TRUE },      { 1025, FALSE },     { 2000, FALSE },
    { 0x0A0D, FALSE }, { 1u << 16, FALSE }, { 1u << 31, FALSE }, { G_MAXUINT32, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint n = MIN (cases[i].length, 2000);
      g_autoptr (GByteArray) signature = g_byte_array_new ();
      g_autoptr (GByteArray) message = bytes ("data", 4);
      g_autoptr (GByteArray) body = NULL;
      guint32 wrong = GUINT32_TO_LE (cases[i].length);
      LkSealedParts parts;

      g_byte_array_set_size (signature, n);
      if (n > 0)
        memset (signature->data, '\n', n);
      body = lk_sealed_write (LK_SEALED_WINDOWS, SPNEGO, "application/soap+xml;charset=UTF-8", 1380,
                              signature, message);
      memcpy (body->data + sizeof WINDOWS_HEAD - 1, &wrong, sizeof wrong);
      g_assert_cmpint (lk_sealed_parse (body->data, body->len, &parts, NULL), ==, cases[i].ok);
      if (cases[i].ok)
        {
          g_assert_cmpuint (parts.header_length, ==, cases[i].length);
          g_assert_cmpuint (parts.token_length, ==, cases[i].length + 4);
        }
    }
}

/* One byte more than there is, even though the limit would allow it. */
static void
test_signature_beyond_the_end (void)
{
  static const char body[] = WINDOWS_HEAD "\x08\0\0\0"
                                          "sigdata" ENDING;

  assert_broken (body, sizeof body - 1);
}

/* In memory that ends where the body does, so that a byte read too far is seen. */
static void
test_truncated (void)
{
  static const char body[] = WINDOWS_HEAD TOKEN ENDING;

  for (gsize n = 0; n < sizeof body - 3; n++)
    {
      g_autofree char *copy = g_memdup2 (body, n);

      assert_broken (copy, n);
    }
}

static void
test_broken (void)
{
#define LENGTH(text)                                                                               \
  "--Encrypted Boundary\r\n\tContent-Type: x\r\n\tOriginalContent: type=x;" text                   \
  "\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n" TOKEN ENDING
  static const struct
  {
    const char *body;
    gsize length;
  } bad[] = {
#define BODY(text) { text, sizeof (text) - 1 }
    BODY ("<s:Envelope/>"),
    BODY (TOKEN ENDING),
    BODY (LENGTH ("Length=")),
    BODY (LENGTH ("Length=-1")),
    BODY (LENGTH ("Length=+1380")),
    BODY (LENGTH ("Length=0x10")),
    BODY (LENGTH ("Length=1380x")),
    BODY (LENGTH ("Length=2147483648")),
    BODY (LENGTH ("Length=99999999999999999999999")),
    BODY (LENGTH ("Width=1380")),
    /* No length at all, another type inside, no second part, a NUL in a header. */
    BODY ("--Encrypted Boundary\r\n\tContent-Type: x\r\n--Encrypted Boundary\r\n"
          "\tContent-Type: application/octet-stream\r\n" TOKEN ENDING),
    BODY ("--Encrypted Boundary\r\n\tOriginalContent: Length=1380\r\n--Encrypted Boundary\r\n"
          "\tContent-Type: text/plain\r\n" TOKEN ENDING),
    BODY ("--Encrypted Boundary\r\n\tOriginalContent: Length=1380\r\n" TOKEN ENDING),
    BODY ("--Encrypted Boundary\r\n\tOriginalContent: Length=1380\r\nX: \0\r\n"
          "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n" TOKEN ENDING),
    BODY ("--Other Boundary\r\n\tOriginalContent: Length=1380\r\n--Other Boundary\r\n"
          "\tContent-Type: application/octet-stream\r\n" TOKEN ENDING),
    BODY (WINDOWS_HEAD TOKEN "--Encrypted Boundary\r\n"),
    BODY (WINDOWS_HEAD TOKEN ENDING "\r\n\r\n"),
    BODY (WINDOWS_HEAD TOKEN ENDING "x"),
    BODY (WINDOWS_HEAD ENDING),
    BODY (WINDOWS_HEAD "\x03\0\0" ENDING),
#undef BODY
  };
  g_autoptr (GString) long_line = g_string_new ("--Encrypted Boundary\r\nX: ");
  g_autoptr (GString) many_lines = g_string_new ("--Encrypted Boundary\r\n");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_broken (bad[i].body, bad[i].length);

  for (guint i = 0; i < 100000; i++)
    {
      g_string_append_c (long_line, 'x');
      g_string_append (many_lines, "X: y\r\n");
    }
  g_string_append (long_line, "\r\n\tOriginalContent: Length=1380\r\n");
  assert_broken (long_line->str, long_line->len);
  assert_broken (many_lines->str, many_lines->len);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sealed/write", test_write);
  g_test_add_func ("/sealed/type", test_type);
  g_test_add_func ("/sealed/read", test_read);
  g_test_add_func ("/sealed/any-cipher-text", test_any_cipher_text);
  g_test_add_func ("/sealed/signature-length", test_signature_length);
  g_test_add_func ("/sealed/signature-beyond-the-end", test_signature_beyond_the_end);
  g_test_add_func ("/sealed/truncated", test_truncated);
  g_test_add_func ("/sealed/broken", test_broken);
  return g_test_run ();
}
