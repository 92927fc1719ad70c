/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "transfer/lk-transfer-file.h"
#include "transfer/lk-transfer-pass.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Opened by its name, as any other file. */
static int
make_file (const guint8 *data, gsize size)
{
  int fd = memfd_create ("transfer", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, data, size), ==, (gssize) size);
  return fd;
}

static void
check_record (const LkRecord *record)
{
  static const char *const fields[] = { "id", "iid", "epid", "state", "cid", "code", "message" };

  g_assert_true (g_utf8_validate (lk_record_get_name (record), -1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      const char *value = lk_record_get (record, fields[i]);

      g_assert_true (value == NULL || g_utf8_validate (value, -1, NULL));
      lk_record_get_number (record, fields[i], 0);
    }
}

/* The same bytes, in other pieces, are the same file. */
static void
check_pieces (const guint8 *data, gsize size, guint64 n_records, gboolean is_whole)
{
  g_autoptr (LkTransferPass) pass = lk_transfer_pass_new (NULL, FALSE);
  gboolean is_fine = TRUE;

  for (gsize done = 0; is_fine && done < size; done += 7)
    is_fine = lk_transfer_pass_feed (pass, data + done, MIN (7, size - done), NULL);
  is_fine = is_fine && lk_transfer_pass_finish (pass, NULL);

  g_assert_cmpint (is_fine, ==, is_whole);
  g_assert_true (!is_fine || lk_transfer_pass_get_count (pass) == n_records);
}

static void
read_all (LkTransferReader *reader)
{
  const LkTransferHead *head = lk_transfer_reader_get_head (reader);
  g_autoptr (GError) error = NULL;
  guint64 n = 0;

  g_assert_true (g_uuid_string_is_valid (head->id));
  g_assert_true (*head->store_id != '\0');
  g_assert_true ((head->kind == LK_TRANSFER_ANSWER) == (head->request_id != NULL));
  while (TRUE)
    {
      g_autoptr (LkRecord) record = lk_transfer_reader_next (reader, &error);

      if (record == NULL)
        break;
      check_record (record);
      n++;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, lk_transfer_reader_get_count (reader));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  int fd = make_file (data, size);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferReader) whole = lk_transfer_reader_open (path, NULL, FALSE, &error);
  g_autoptr (LkTransferReader) salvaged = lk_transfer_reader_open (path, NULL, TRUE, NULL);
  gboolean is_sealed;

  g_assert_true ((whole == NULL) == (error != NULL));
  g_assert_true (error == NULL || g_utf8_validate (error->message, -1, NULL));
  g_assert_true (whole == NULL || lk_transfer_reader_get_fault (whole) == NULL);
  g_assert_true (salvaged == NULL ||
                 (whole == NULL) == (lk_transfer_reader_get_fault (salvaged) != NULL));
  g_assert_true (whole == NULL || salvaged != NULL);
  g_assert_true (salvaged == NULL || lk_transfer_file_is_one (path, &is_sealed));

  if (whole != NULL)
    read_all (whole);
  if (salvaged != NULL)
    {
      read_all (salvaged);
      check_pieces (data, size, lk_transfer_reader_get_count (salvaged), whole != NULL);
    }
  close (fd);
  return 0;
}
