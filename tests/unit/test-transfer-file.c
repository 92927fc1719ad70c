/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "transfer/lk-transfer-file.h"
#include "transfer/lk-transfer-seal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID         "0b5ffd4c-0f2b-4f3a-8f0d-6a5a5e1c1a11"
#define REQUEST_ID "9f1c2f52-5f0f-4d68-9f1b-0f6f0d0c2b7e"
#define STEM       "01013202645322075131470632213507240136521034627150346" /* an IID lacks one digit */
#define EPID       "55041-00168-305-190000-03-1033-7601.0000-1842011"
#define CID        "111111222222333333444444555555666666777777888888"

/* Ends of files for which the reading stops at the line that is wrong. */
#define TRAILER "<trailer records=\"0\" sha256=\"\"/>"

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("latchkey-transfer-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "file.xml", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_remove (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->path);
}

static LkTransferHead
make_head (LkTransferKind kind)
{
  gboolean answers = kind == LK_TRANSFER_ANSWER;

  return (LkTransferHead){ .kind = kind,
                           .id = (char *) ID,
                           .store_id = (char *) "lab-a",
                           .created_at = G_GINT64_CONSTANT (1795687200000),
                           .request_id = (char *) (answers ? REQUEST_ID : NULL),
                           .request_store_id = (char *) (answers ? "core" : NULL) };
}

static LkRecord *
make_row (LkTransferKind kind, guint i)
{
  static const char *const states[] = { "confirmed", "refused", "open", "bad" };
  LkRecord *row = lk_record_new ("row");
  const char *state = states[i % G_N_ELEMENTS (states)];
  g_autofree char *iid = g_strdup_printf (STEM "%u", i % 10);

  lk_record_set_number (row, "id", i);
  lk_record_set (row, "iid", iid);
  lk_record_set (row, "epid", EPID);
  if (kind == LK_TRANSFER_REQUEST)
    return row;

  lk_record_set (row, "state", state);
  lk_record_set (row, "cid", strcmp (state, "confirmed") == 0 ? CID : NULL);
  if (strcmp (state, "refused") == 0)
    {
      lk_record_set_number (row, "code", 0x71);
      lk_record_set (row, "message", "The service says “blocked” & nothing else");
    }
  if (strcmp (state, "bad") == 0)
    lk_record_set (row, "iid", "no number");
  return row;
}

static void
write_file (const char *path, LkTransferKind kind, guint n, const LkSecret *passphrase)
{
  LkTransferHead head = make_head (kind);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferWriter) writer = NULL;

  head.n_records = n;
  writer = lk_transfer_writer_new (path, &head, passphrase, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LkRecord) row = make_row (kind, i);

      g_assert_true (lk_transfer_writer_add (writer, row, &error));
    }
  g_assert_true (lk_transfer_writer_finish (writer, &error));
  g_assert_no_error (error);
}

static char *
read_text (const char *path, gsize *length)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, length, NULL));
  return g_steal_pointer (&text);
}

/* A new file each time, since ext4 brings one to the disk that is written again from its start. */
static void
put_bytes (const char *path, const void *bytes, gsize length)
{
  int fd;

  g_remove (path);
  fd = open (path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  g_assert_cmpint (write (fd, bytes, length), ==, (gssize) length);
  close (fd);
}

/* The ids and IIDs of the records, a line each, of a file that opens; NULL: it does not. */
static char *
read_records (const char *path,
              const LkSecret *passphrase,
              gboolean salvage,
              char **fault,
              GError **error)
{
  g_autoptr (LkTransferReader) reader = lk_transfer_reader_open (path, passphrase, salvage, error);
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (GError) local_error = NULL;
  guint64 n = 0;

  if (reader == NULL)
    return NULL;

  g_assert_nonnull (lk_transfer_reader_get_head (reader));
  while (TRUE)
    {
      g_autoptr (LkRecord) record = lk_transfer_reader_next (reader, &local_error);

      if (record == NULL)
        break;
      n++;
      g_string_append_printf (lines, "%s %s\n", lk_record_get (record, "id"),
                              lk_record_get (record, "iid"));
    }
  g_assert_no_error (local_error);
  g_assert_cmpuint (n, ==, lk_transfer_reader_get_count (reader));
  if (fault != NULL)
    *fault = g_strdup (lk_transfer_reader_get_fault (reader));
  else
    g_assert_null (lk_transfer_reader_get_fault (reader));
  return g_string_free (g_steal_pointer (&lines), FALSE);
}

/* Refused with words that say why and name the file. */
static void
assert_refused (const char *path, const LkSecret *passphrase, int code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *lines = read_records (path, passphrase, FALSE, NULL, &error);

  g_assert_null (lines);
  g_assert_error (error, LK_ERROR, code);
  g_assert_nonnull (strstr (error->message, path));
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” does not say “%s”", error->message, words);
}

static void
assert_refused_even_so (const char *path, const LkSecret *passphrase, int code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *fault = NULL;
  g_autofree char *lines = read_records (path, passphrase, TRUE, &fault, &error);

  g_assert_null (lines);
  g_assert_error (error, LK_ERROR, code);
  assert_refused (path, passphrase, code, words);
}

static void
assert_salvages (const char *path,
                 const LkSecret *passphrase,
                 const char *expected,
                 const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *fault = NULL;
  g_autofree char *lines = read_records (path, passphrase, TRUE, &fault, &error);

  assert_refused (path, passphrase, LK_ERROR_INVALID, words);
  g_assert_no_error (error);
  g_assert_cmpstr (lines, ==, expected);
  g_assert_nonnull (strstr (fault, words));
}

/* What is not whole is refused; salvaged, it gives records that stood there and says that it is not
 * whole, or is refused as well. */
static void
assert_broken (const char *path, const LkSecret *passphrase, const char *whole)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *fault = NULL;
  g_autofree char *lines = read_records (path, passphrase, TRUE, &fault, &error);

  assert_refused (path, passphrase, error != NULL ? error->code : LK_ERROR_INVALID,
                  "cannot be used");
  g_assert_true ((lines == NULL) == (error != NULL));
  if (lines == NULL)
    return;

  g_assert_nonnull (fault);
  g_assert_true (whole == NULL || g_str_has_prefix (whole, lines));
}

/* --- What is written is read --- */

static void
test_round_trip (Fixture *fixture, gconstpointer data)
{
  LkTransferHead head = make_head (LK_TRANSFER_ANSWER);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferWriter) writer = NULL;
  g_autoptr (LkTransferReader) reader = NULL;
  g_autoptr (LkRecord) record = lk_record_new ("machine");
  g_autoptr (LkRecord) back = NULL;
  const LkTransferHead *found;

  head.created_at += 7;
  lk_record_set (record, "text",
                 "line 1\nline 2\tand\rmore & <b> \"quoted\" 'so' > Grüße 世界 &#38;");
  lk_record_set (record, "control",
                 "a\x01"
                 "b\x1f"
                 "c\xEF\xBF\xBF");
  lk_record_set (record, "wrong", "before");
  lk_record_set (record, "wrong", "not UTF-8: \xE4");
  lk_record_set (record, "gone", "x");
  lk_record_set (record, "gone", NULL);
  lk_record_set (record, "empty", "");
  lk_record_set_number (record, "least", G_MININT64);

  writer = lk_transfer_writer_new (fixture->path, &head, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (lk_transfer_writer_add (writer, record, &error));
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  g_assert_true (lk_transfer_writer_finish (writer, &error));

  reader = lk_transfer_reader_open (fixture->path, NULL, FALSE, &error);
  g_assert_no_error (error);
  found = lk_transfer_reader_get_head (reader);
  g_assert_cmpint (found->kind, ==, LK_TRANSFER_ANSWER);
  g_assert_cmpstr (found->id, ==, ID);
  g_assert_cmpstr (found->store_id, ==, "lab-a");
  g_assert_cmpint (found->created_at, ==, head.created_at);
  g_assert_cmpstr (found->request_id, ==, REQUEST_ID);
  g_assert_cmpstr (found->request_store_id, ==, "core");
  g_assert_cmpuint (found->n_records, ==, 0);
  g_assert_cmpuint (lk_transfer_reader_get_count (reader), ==, 1);
  g_assert_null (lk_transfer_reader_get_fault (reader));

  back = lk_transfer_reader_next (reader, &error);
  g_assert_cmpstr (lk_record_get_name (back), ==, "machine");
  g_assert_cmpstr (lk_record_get (back, "text"), ==, lk_record_get (record, "text"));
  g_assert_cmpstr (lk_record_get (back, "control"), ==, "abc");
  g_assert_cmpstr (lk_record_get (back, "wrong"), ==, "not UTF-8: \xEF\xBF\xBD");
  g_assert_null (lk_record_get (back, "gone"));
  g_assert_cmpstr (lk_record_get (back, "empty"), ==, "");
  g_assert_cmpint (lk_record_get_number (back, "least", 0), ==, G_MININT64);
  g_assert_cmpint (lk_record_get_number (back, "empty", 5), ==, 5);
  g_assert_cmpint (lk_record_get_number (back, "gone", 5), ==, 5);
  g_assert_null (lk_transfer_reader_next (reader, &error));
  g_assert_null (lk_transfer_reader_next (reader, &error));
  g_assert_no_error (error);
}

/* Rows enough for several pieces, whatever the last one holds. */
static void
test_many (Fixture *fixture, gconstpointer data)
{
  static const guint counts[] = { 0, 1, 1000, 3000 };

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *lines = NULL;
      g_autofree char *last =
          g_strdup_printf ("%u " STEM "%u\n", counts[i] - 1, (counts[i] - 1) % 10);

      write_file (fixture->path, LK_TRANSFER_REQUEST, counts[i], NULL);
      lines = read_records (fixture->path, NULL, FALSE, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (counts[i] > 0 ? g_str_has_suffix (lines, last) : *lines == '\0');
    }
}

static void
test_sealed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (LkSecret) right = lk_secret_new ("eight words that nobody else has thought of", -1);
  g_autoptr (LkSecret) wrong = lk_secret_new ("eight words that somebody else thought of", -1);
  g_autoptr (LkSecret) none = lk_secret_new ("", -1);
  g_autoptr (GError) error = NULL;
  g_autofree char *lines = NULL;
  g_autofree char *bytes = NULL;
  g_autofree char *plain = NULL;
  LkTransferHead head = make_head (LK_TRANSFER_REQUEST);
  gboolean is_sealed;
  gsize length;

  write_file (fixture->path, LK_TRANSFER_REQUEST, 1500, NULL);
  plain = read_records (fixture->path, NULL, FALSE, NULL, &error);
  assert_refused_even_so (fixture->path, right, LK_ERROR_INVALID, "it is not sealed");
  g_assert_true (lk_transfer_file_is_one (fixture->path, &is_sealed));
  g_assert_false (is_sealed);

  write_file (fixture->path, LK_TRANSFER_REQUEST, 1500, right);
  lines = read_records (fixture->path, right, FALSE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lines, ==, plain);
  g_assert_true (lk_transfer_file_is_one (fixture->path, &is_sealed));
  g_assert_true (is_sealed);
  bytes = read_text (fixture->path, &length);
  g_assert_null (memmem (bytes, length, STEM, strlen (STEM)));

  assert_refused_even_so (fixture->path, NULL, LK_ERROR_DENIED, "its passphrase is needed");
  assert_refused_even_so (fixture->path, wrong, LK_ERROR_DENIED, "the passphrase is wrong");
  assert_refused_even_so (fixture->path, none, LK_ERROR_INVALID, "the passphrase is empty");
  g_assert_null (lk_transfer_writer_new (fixture->path, &head, none, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "the passphrase is empty"));
}

/* --- What was changed is refused --- */

/* Cheap to open, because each of its bytes gets its turn. */
static char *
seal_cheaply (const char *path, const LkSecret *passphrase, gsize *length)
{
  static const LkSealCost cheap = { .n_passes = 1, .memory_kib = 8 };
  g_autofree char *plain = read_text (path, length);
  g_autoptr (LkSealer) sealer = lk_sealer_new (passphrase, &cheap, NULL);
  g_autoptr (GByteArray) sealed = g_byte_array_new ();

  g_byte_array_append (sealed, lk_sealer_get_header (sealer), LK_SEAL_HEADER_BYTES);
  for (gsize done = 0; done < *length; done += LK_SEAL_PIECE_BYTES)
    {
      gsize left = *length - done;

      lk_sealer_add (sealer, plain + done, MIN (left, LK_SEAL_PIECE_BYTES),
                     left <= LK_SEAL_PIECE_BYTES, sealed);
    }

  *length = sealed->len;
  return (char *) g_byte_array_free (g_steal_pointer (&sealed), FALSE);
}

static void
test_cut_off (Fixture *fixture, gconstpointer data)
{
  g_autoptr (LkSecret) passphrase = lk_secret_new ("a passphrase", -1);
  g_autoptr (GError) error = NULL;
  g_autofree char *whole = NULL;
  g_autofree char *plain = NULL;
  g_autofree char *sealed = NULL;
  gsize n_plain;
  gsize n_sealed;

  write_file (fixture->path, LK_TRANSFER_ANSWER, 4, NULL);
  whole = read_records (fixture->path, NULL, FALSE, NULL, &error);
  plain = read_text (fixture->path, &n_plain);
  sealed = seal_cheaply (fixture->path, passphrase, &n_sealed);

  /* Without the line end behind it, it is still whole. */
  for (gsize i = 0; i < n_plain - 1; i++)
    {
      put_bytes (fixture->path, plain, i);
      assert_broken (fixture->path, NULL, whole);
    }
  for (gsize i = 0; i < n_sealed; i++)
    {
      put_bytes (fixture->path, sealed, i);
      assert_broken (fixture->path, i < strlen ("LATCHKEY SEALED TRANSFER ") ? NULL : passphrase,
                     whole);
    }

  put_bytes (fixture->path, plain, strstr (plain, "<row id=\"3\"") - plain + 20);
  assert_salvages (fixture->path, NULL, "0 " STEM "0\n1 " STEM "1\n2 " STEM "2\n",
                   "it ends too early");
  put_bytes (fixture->path, sealed, n_sealed);
  g_clear_pointer (&sealed, g_free);
  sealed = read_records (fixture->path, passphrase, FALSE, NULL, &error);
  g_assert_cmpstr (sealed, ==, whole);
}

/* Cut off between two pieces, each of which is right. */
static void
test_sealed_pieces (Fixture *fixture, gconstpointer data)
{
  g_autoptr (LkSecret) passphrase = lk_secret_new ("a passphrase", -1);
  const gsize piece = LK_SEAL_PIECE_BYTES + LK_SEAL_EXTRA_BYTES;
  g_autofree char *sealed = NULL;
  g_autofree char *swapped = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *fault = NULL;
  g_autofree char *lines = NULL;
  gsize length;

  write_file (fixture->path, LK_TRANSFER_REQUEST, 2000, NULL);
  sealed = seal_cheaply (fixture->path, passphrase, &length);
  g_assert_cmpuint (length, >, LK_SEAL_HEADER_BYTES + 3 * piece);

  put_bytes (fixture->path, sealed, LK_SEAL_HEADER_BYTES + piece);
  assert_refused (fixture->path, passphrase, LK_ERROR_INVALID, "its seal is broken");
  lines = read_records (fixture->path, passphrase, TRUE, &fault, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (lines, "0 " STEM "0\n1 "));
  g_assert_nonnull (strstr (fault, "its seal is broken"));

  swapped = g_memdup2 (sealed, length);
  memcpy (swapped + LK_SEAL_HEADER_BYTES + piece, sealed + LK_SEAL_HEADER_BYTES + 2 * piece, piece);
  put_bytes (fixture->path, swapped, length);
  assert_broken (fixture->path, passphrase, NULL);

  sealed = g_realloc (sealed, length + 1);
  sealed[length] = '\n';
  put_bytes (fixture->path, sealed, length + 1);
  assert_refused (fixture->path, passphrase, LK_ERROR_INVALID, "its seal is broken");
}

static void
test_flipped_bits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (LkSecret) passphrase = lk_secret_new ("a passphrase", -1);
  g_autofree char *plain = NULL;
  g_autofree char *sealed = NULL;
  g_autofree char *whole = NULL;
  gsize n_declaration;
  gsize n_plain;
  gsize n_sealed;

  write_file (fixture->path, LK_TRANSFER_ANSWER, 2, NULL);
  whole = read_records (fixture->path, NULL, FALSE, NULL, NULL);
  plain = read_text (fixture->path, &n_plain);
  n_declaration = (gsize) (strchr (plain, '\n') - plain);
  sealed = seal_cheaply (fixture->path, passphrase, &n_sealed);

  for (gsize i = 0; i < 8 * n_plain; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *fault = NULL;
      g_autofree char *lines = NULL;

      plain[i / 8] ^= (char) (1 << i % 8);
      put_bytes (fixture->path, plain, n_plain);
      lines = read_records (fixture->path, NULL, TRUE, &fault, &error);
      /* “utf-8” is as good as “UTF-8”. */
      if (lines != NULL && fault == NULL && i / 8 < n_declaration)
        g_assert_cmpstr (lines, ==, whole);
      else
        assert_broken (fixture->path, NULL, NULL);
      plain[i / 8] ^= (char) (1 << i % 8);
    }

  for (gsize i = 0; i < 8 * n_sealed; i++)
    {
      sealed[i / 8] ^= (char) (1 << i % 8);
      put_bytes (fixture->path, sealed, n_sealed);
      if (i / 8 >= strlen ("LATCHKEY SEALED TRANSFER "))
        assert_broken (fixture->path, passphrase, whole);
      else
        assert_broken (fixture->path, NULL, whole);
      sealed[i / 8] ^= (char) (1 << i % 8);
    }
}

/* @from once, in a copy; to be freed. */
static char *
replace (const char *text, const char *from, const char *to)
{
  const char *at = strstr (text, from);

  g_assert_nonnull (at);
  return g_strdup_printf ("%.*s%s%s", (int) (at - text), text, to, at + strlen (from));
}

static void
test_tampered (Fixture *fixture, gconstpointer data)
{
#define ROW(id)  "<row id=\"" id "\" iid=\"" STEM id "\" epid=\"" EPID "\"/>\n"
#define LINE(id) id " " STEM id "\n"
  static const char digest[] = "it was changed after it was written";
  static const struct
  {
    const char *from;
    const char *to;
    const char *salvaged;
    const char *words;
  } cases[] = {
    { ROW ("1"), "", LINE ("0") LINE ("2"), "it says that it has 3 records, but it has 2" },
    { ROW ("1"), ROW ("1") ROW ("1"), LINE ("0") LINE ("1") LINE ("1") LINE ("2"),
      "it says that it has 3 records, but it has 4" },
    { ROW ("0") ROW ("1"), ROW ("1") ROW ("0"), LINE ("1") LINE ("0") LINE ("2"), digest },
    { "id=\"1\"", "id=\"7\"", LINE ("0") "7 " STEM "1\n" LINE ("2"), digest },
    { "id=\"1\"", "id=\"1\" more=\"\"", LINE ("0") LINE ("1") LINE ("2"), digest },
    { "lab-a", "lab-b", LINE ("0") LINE ("1") LINE ("2"), digest },
    { ":00Z", ":01Z", LINE ("0") LINE ("1") LINE ("2"), digest },
    { "sha256=\"", "sha256=\"0", LINE ("0") LINE ("1") LINE ("2"), digest },
    { "\n<trailer records=\"3\"", "\n<trailer records=\"2\"", LINE ("0") LINE ("1") LINE ("2"),
      "it says that it has 2 records, but it has 3" },
    { "\n<trailer records=\"3\"", "\n<trailer records=\"-3\"", LINE ("0") LINE ("1") LINE ("2"),
      "its trailer makes no sense" },
    { "\n<trailer ", "\n<trailer more=\"\" ", LINE ("0") LINE ("1") LINE ("2"),
      "its trailer makes no sense" },
    { "</transfer>", ROW ("3") "</transfer>", LINE ("0") LINE ("1") LINE ("2"),
      "something follows its trailer" },
    { "</transfer>", "</transfer>\n<!-- more -->", LINE ("0") LINE ("1") LINE ("2"),
      "it has a comment" },
    { "</transfer>", "</transfer>\nmore", LINE ("0") LINE ("1") LINE ("2"),
      "it is not well-formed XML" },
    { ROW ("2"), "<row id=\"2\"><more/></row>", LINE ("0") LINE ("1") "2 (null)\n",
      "a record has something in it" },
    { ROW ("2"), "more", LINE ("0") LINE ("1"), "it has text" },
    { ROW ("2"), "<row id=\"&more;\"/>", LINE ("0") LINE ("1"), "it uses an entity" },
    { ROW ("2"), "<row xmlns=\"urn:other\"/>", LINE ("0") LINE ("1"), "is not of the namespace" },
    { ROW ("2"), "<row xml:lang=\"de\"/>", LINE ("0") LINE ("1"), "an attribute has a namespace" },
    { ROW ("2"), "<row id=\"\xE4\"/>", LINE ("0") LINE ("1"), "it is not UTF-8" },
    /* A fault costs its own line. */
    { ROW ("0"), "<row id=\"\xE4\"/>\n", LINE ("1") LINE ("2"), "it is not UTF-8" },
    { ROW ("1"), "\n\n<<>\n\x01\n<row\n", LINE ("0") LINE ("2"), "it is not well-formed XML" },
    { ROW ("1"), "<row id=\"1\" iid=\"" STEM "1/>\n", LINE ("0") LINE ("2"),
      "it is not well-formed XML" },
    { ROW ("1"), "<row id=\"1\">\n", LINE ("0") "1 (null)\n" LINE ("2"),
      "a record has something in it" },
    { ROW ("1"), "<!DOCTYPE more [<!ENTITY a \"b\">]>\n", LINE ("0") LINE ("2"), "" },
    { ROW ("1"), "</transfer>\n", LINE ("0") LINE ("2"), "" },
  };
  g_autofree char *text = NULL;

  write_file (fixture->path, LK_TRANSFER_REQUEST, 3, NULL);
  text = read_text (fixture->path, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *changed = replace (text, cases[i].from, cases[i].to);

      put_bytes (fixture->path, changed, strlen (changed));
      assert_salvages (fixture->path, NULL, cases[i].salvaged, cases[i].words);
    }
#undef LINE
}

/* A digest that somebody worked out for an announced number that is not there. */
static void
test_announced (Fixture *fixture, gconstpointer data)
{
  LkTransferHead head = make_head (LK_TRANSFER_REQUEST);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferWriter) writer = NULL;
  g_autoptr (LkRecord) row = make_row (LK_TRANSFER_REQUEST, 0);

  head.n_records = 2;
  writer = lk_transfer_writer_new (fixture->path, &head, NULL, &error);
  g_assert_true (lk_transfer_writer_add (writer, row, &error));
  g_assert_false (lk_transfer_writer_finish (writer, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_clear_pointer (&writer, lk_transfer_writer_free);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

/* --- What cannot be a transfer file --- */

#define HEAD_OF(ns, version, rest)                                                                 \
  "<transfer xmlns=\"" ns "\" version=\"" version "\" " rest ">\n" TRAILER "</transfer>"
#define REST(kind) "kind=\"" kind "\" id=\"" ID "\" store=\"s\" created=\"2026-11-26T10:00:00Z\""

static void
test_strangers (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *text;
    const char *words;
    gboolean is_one;
  } cases[] = {
    { "", "it is empty", FALSE },
    { "PK\x03\x04", "it is not well-formed XML", FALSE },
    { "<SoftwareLicensingData/>", "it is no transfer file", FALSE },
    { "<transfer/>", "it is no transfer file", FALSE },
    { "<row xmlns='" LK_TRANSFER_NAMESPACE "'/>", "it is no transfer file", FALSE },
    { HEAD_OF ("urn:latchkey:transfer:2", "2", REST ("request")), "made by a newer Latchkey",
      TRUE },
    { HEAD_OF (LK_TRANSFER_NAMESPACE, "2", ""), "made by a newer Latchkey", TRUE },
    { HEAD_OF (LK_TRANSFER_NAMESPACE, "0", REST ("request")), "which version", TRUE },
    { HEAD_OF (LK_TRANSFER_NAMESPACE, "1", REST ("other")), "what kind", TRUE },
    { HEAD_OF (LK_TRANSFER_NAMESPACE, "1", REST ("answer")), "must name a request", TRUE },
    { HEAD_OF (LK_TRANSFER_NAMESPACE, "1", REST ("request") " request=\"" ID "\""),
      "must name a request", TRUE },
    { HEAD_OF (LK_TRANSFER_NAMESPACE, "1", REST ("request") " records=\"x\""), "how many", TRUE },
    { HEAD_OF (LK_TRANSFER_NAMESPACE, "1", "kind=\"request\" id=\"" ID "\" store=\"s\""),
      "when it was made", TRUE },
    { HEAD_OF (LK_TRANSFER_NAMESPACE, "1",
               "kind=\"request\" id=\"x\" store=\"s\" created=\"2026-11-26T10:00:00Z\""),
      "no valid id", TRUE },
    { HEAD_OF (LK_TRANSFER_NAMESPACE, "1",
               "kind=\"request\" id=\"" ID "\" store=\"\" created=\"2026-11-26T10:00:00Z\""),
      "the store that wrote it", TRUE },
    { "<!DOCTYPE transfer>" HEAD_OF (LK_TRANSFER_NAMESPACE, "1", REST ("request")),
      "it has a DOCTYPE", FALSE },
    { "<?xml version='1.0' encoding='windows-1252'?>" HEAD_OF (LK_TRANSFER_NAMESPACE, "1",
                                                               REST ("request")),
      "its encoding is “windows-1252”", FALSE },
    { "LATCHKEY SEALED TRANSFER 1\n", "its passphrase is needed", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gboolean sealed = g_str_has_prefix (cases[i].text, "LATCHKEY");
      gboolean is_sealed;

      put_bytes (fixture->path, cases[i].text, strlen (cases[i].text));
      assert_refused_even_so (fixture->path, NULL, sealed ? LK_ERROR_DENIED : LK_ERROR_INVALID,
                              cases[i].words);
      g_assert_cmpint (lk_transfer_file_is_one (fixture->path, &is_sealed), ==, cases[i].is_one);
      g_assert_cmpint (is_sealed, ==, sealed);
    }
}

/* A header that asks for gigabytes, or for hours, and one of a later version. */
static void
test_hostile_seal (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *header;
    const char *words;
  } cases[] = {
    { "LATCHKEY SEALED TRANSFER 1\n\0\0\0\1\xFF\xFF\xFF\xFF", "makes no sense" },
    { "LATCHKEY SEALED TRANSFER 1\n\0\0\0\1\0\x08\0\1", "makes no sense" },
    { "LATCHKEY SEALED TRANSFER 1\n\0\0\0\x09\0\0\0\x08", "makes no sense" },
    { "LATCHKEY SEALED TRANSFER 1\n\0\0\0\0\0\0\0\x08", "makes no sense" },
    { "LATCHKEY SEALED TRANSFER 2\n\0\0\0\1\0\0\0\x08", "made by a newer Latchkey" },
  };
  g_autoptr (LkSecret) passphrase = lk_secret_new ("a passphrase", -1);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint8 bytes[200] = { 0 };

      memcpy (bytes, cases[i].header, 35);
      put_bytes (fixture->path, bytes, sizeof bytes);
      assert_refused_even_so (fixture->path, passphrase, LK_ERROR_INVALID, cases[i].words);
    }
}

static void
test_no_file (Fixture *fixture, gconstpointer data)
{
  gboolean is_sealed;
  int fd;

  assert_refused (fixture->path, NULL, LK_ERROR_INVALID, g_strerror (ENOENT));
  assert_refused (fixture->folder, NULL, LK_ERROR_INVALID, g_strerror (EISDIR));
  assert_refused ("/dev/zero", NULL, LK_ERROR_INVALID, "is not an ordinary file");

  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  assert_refused (fixture->path, NULL, LK_ERROR_INVALID, "is not an ordinary file");
  g_assert_false (lk_transfer_file_is_one (fixture->path, &is_sealed));
  g_remove (fixture->path);

  fd = open (fixture->path, O_WRONLY | O_CREAT, 0600);
  g_assert_cmpint (ftruncate (fd, G_GINT64_CONSTANT (2) << 30), ==, 0);
  close (fd);
  assert_refused_even_so (fixture->path, NULL, LK_ERROR_INVALID, "it is larger than 1 GiB");
}

/* Another file under the same descriptor, between the two readings. */
static void
test_changes_meanwhile (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *changed = NULL;
  LkRecord *record;
  LkTransferReader *reader;
  guint n = 0;
  int fd;

  write_file (fixture->path, LK_TRANSFER_REQUEST, 3, NULL);
  text = read_text (fixture->path, NULL);
  changed = replace (text, "id=\"1\"", "id=\"7\"");

  reader = lk_transfer_reader_open (fixture->path, NULL, FALSE, &error);
  g_assert_no_error (error);
  fd = open (fixture->path, O_WRONLY);
  g_assert_cmpint (write (fd, changed, strlen (changed)), ==, (gssize) strlen (changed));
  close (fd);
  while ((record = lk_transfer_reader_next (reader, &error)) != NULL)
    {
      n++;
      lk_record_free (record);
    }
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "it changed while it was read"));
  g_assert_cmpuint (n, ==, 3);
  lk_transfer_reader_free (reader);
}

/* A record that no reader would take is refused, and the file goes on without it. */
static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  LkTransferHead head = make_head (LK_TRANSFER_INVENTORY);
  g_autofree char *most = g_strnfill (64 * 1024, '&');
  g_autofree char *more = g_strnfill (64 * 1024 + 1, 'x');
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferWriter) writer = lk_transfer_writer_new (fixture->path, &head, NULL, &error);
  g_autoptr (LkTransferReader) reader = NULL;

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (LkRecord) record = lk_record_new ("machine");

      for (guint j = 0; j < (i == 2 ? 65 : 1); j++)
        {
          g_autofree char *name = g_strdup_printf ("f%u", j);

          lk_record_set (record, name, i == 0 ? more : "x");
        }
      if (i == 1)
        lk_record_set (record, "f0", most); /* too long only as it is written */
      g_assert_cmpint (lk_transfer_writer_add (writer, record, &error), ==, i == 3);
      g_assert_true (i == 3 || strstr (error->message, "a record (machine) is too large") != NULL);
      g_clear_error (&error);
    }
  memset (most, 'x', 64 * 1024);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (LkRecord) record = lk_record_new ("machine");

      lk_record_set (record, "f", most);
      g_assert_true (lk_transfer_writer_add (writer, record, &error));
    }
  g_assert_true (lk_transfer_writer_finish (writer, &error));

  reader = lk_transfer_reader_open (fixture->path, NULL, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (lk_transfer_reader_get_count (reader), ==, 3);
}

/* --- The schema, the examples and the documentation --- */

static void
run_xmllint (const char *path, gboolean is_valid)
{
  g_autofree char *schema = g_test_build_filename (G_TEST_DIST, "..", "data", "transfer.rng", NULL);
  const char *command[] = { "xmllint", "--noout", "--nonet", "--relaxng", schema, path, NULL };
  g_autofree char *output = NULL;
  g_autofree char *trouble = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &trouble,
                &status, &error);
  g_assert_no_error (error);
  if ((status == 0) != is_valid)
    g_error ("%s: %s", path, trouble);
}

static void
test_schema (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;
  g_autofree char *changed = NULL;

  write_file (fixture->path, LK_TRANSFER_REQUEST, 3, NULL);
  run_xmllint (fixture->path, TRUE);
  write_file (fixture->path, LK_TRANSFER_INVENTORY, 0, NULL);
  run_xmllint (fixture->path, TRUE);
  write_file (fixture->path, LK_TRANSFER_ANSWER, 4, NULL);
  run_xmllint (fixture->path, TRUE);

  text = read_text (fixture->path, NULL);
  changed = replace (text, "state=\"open\"", "state=\"other\"");
  put_bytes (fixture->path, changed, strlen (changed));
  run_xmllint (fixture->path, FALSE);
}

/* What is installed to show the format is what this program writes. */
static void
test_examples (Fixture *fixture, gconstpointer data)
{
  for (LkTransferKind kind = LK_TRANSFER_REQUEST; kind <= LK_TRANSFER_ANSWER; kind++)
    {
      g_autofree char *name = g_strdup_printf ("%s.xml", lk_transfer_kind_to_word (kind));
      g_autofree char *example =
          g_test_build_filename (G_TEST_DIST, "..", "data", "transfer-examples", name, NULL);
      g_autofree char *written = NULL;
      g_autofree char *installed = NULL;

      write_file (fixture->path, kind, 4, NULL);
      written = read_text (fixture->path, NULL);
      if (g_getenv ("LATCHKEY_WRITE_EXAMPLES") != NULL)
        put_bytes (example, written, strlen (written));
      installed = read_text (example, NULL);
      g_assert_cmpstr (installed, ==, written);
      run_xmllint (example, TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function)                                                                        \
  g_test_add ("/transfer-file/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("round-trip", test_round_trip);
  ADD ("many", test_many);
  ADD ("sealed", test_sealed);
  ADD ("cut-off", test_cut_off);
  ADD ("sealed-pieces", test_sealed_pieces);
  ADD ("flipped-bits", test_flipped_bits);
  ADD ("tampered", test_tampered);
  ADD ("announced", test_announced);
  ADD ("strangers", test_strangers);
  ADD ("hostile-seal", test_hostile_seal);
  ADD ("no-file", test_no_file);
  ADD ("changes-meanwhile", test_changes_meanwhile);
  ADD ("too-large", test_too_large);
  ADD ("schema", test_schema);
  ADD ("examples", test_examples);
#undef ADD

  return g_test_run ();
}
