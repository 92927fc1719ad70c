/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/lk-batch.h"

#include "base/lk-error.h"

#include <string.h>

#define EPID  "11111-00140-009-000002-03-1033-5384.0000-1942006"
#define IID   "000963843315259493598506854253663081409973656140419231"
#define CID_A "111111222222333333444444555555666666777777888888"
#define CID_B "999999222222333333444444555555666666777777888888"

#define SOAP_HEAD                                                                                  \
  "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"                     \
  "<BatchActivateResponse xmlns=\"http://www.microsoft.com/BatchActivationService\">"              \
  "<BatchActivateResult><ResponseXml>"
#define SOAP_TAIL                                                                                  \
  "</ResponseXml></BatchActivateResult></BatchActivateResponse></s:Body></s:Envelope>"

static LkSecret *
make_key (void)
{
  char bytes[32];

  for (int i = 0; i < 32; i++)
    bytes[i] = (char) i;
  return lk_secret_new (bytes, sizeof bytes);
}

static GPtrArray *
new_items (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
}

static char *
cut (const char *text, const char *from, const char *to)
{
  const char *start = strstr (text, from);
  const char *end = start != NULL ? strstr (start, to) : NULL;

  g_assert_nonnull (end);
  start += strlen (from);
  return g_strndup (start, (gsize) (end - start));
}

/* The published way of making a digest, checked against a vector computed elsewhere. */
static void
test_vector (void)
{
  g_autoptr (LkSecret) key = make_key ();
  g_autoptr (GPtrArray) items = new_items ();
  g_autoptr (GBytes) body = NULL;
  g_autofree char *text = NULL;
  g_autofree char *digest = NULL;
  g_autofree char *inner = NULL;
  g_autofree guchar *bytes = NULL;
  gsize length = 0;

  g_ptr_array_add (items, lk_batch_item_new (EPID, IID));
  body = lk_batch_write_request (LK_BATCH_CONFIRM, items, key);
  text = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  digest = cut (text, "<Digest>", "</Digest>");
  inner = cut (text, "<RequestXml>", "</RequestXml>");
  bytes = g_base64_decode (inner, &length);

  g_assert_cmpstr (digest, ==, "A/lDvqK9/SVSRAEk9eHCYfESirax4dER6HXNOTgXWXs=");
  g_assert_cmpuint (strlen (inner), ==, 888);
  g_assert_true (g_str_has_suffix (inner, "UgBlAHEAdQBlAHMAdAA+AA=="));
  g_assert_cmpuint (length, ==, 664);
  g_assert_cmpmem (bytes, 4, "<\0A\0", 4);
}

static void
test_request_round_trip (void)
{
  g_autoptr (LkSecret) key = make_key ();
  g_autoptr (LkSecret) padded = NULL;
  g_autoptr (GPtrArray) items = new_items ();
  g_autoptr (GPtrArray) read = NULL;
  g_autoptr (GPtrArray) read_padded = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  char bytes[64] = { 0 };
  LkBatchType type = 0;
  const LkBatchItem *item;

  g_ptr_array_add (items, lk_batch_item_new (EPID, IID));
  g_ptr_array_add (items, lk_batch_item_new ("weird <&> PID", "1"));
  body = lk_batch_write_request (LK_BATCH_CONFIRM, items, key);
  read = lk_batch_read_request (body, key, &type, &error);
  g_assert_no_error (error);
  g_assert_cmpint (type, ==, LK_BATCH_CONFIRM);
  g_assert_cmpuint (read->len, ==, 2);
  item = g_ptr_array_index (read, 0);
  g_assert_cmpstr (item->epid, ==, EPID);
  g_assert_cmpstr (item->iid, ==, IID);
  item = g_ptr_array_index (read, 1);
  g_assert_cmpstr (item->epid, ==, "weird <&> PID");

  /* A key padded with zeros to the hash's block is the same key. */
  memcpy (bytes, lk_secret_peek (key), 32);
  padded = lk_secret_new (bytes, sizeof bytes);
  read_padded = lk_batch_read_request (body, padded, &type, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (read_padded->len, ==, 2);
}

static void
test_wrong_digest (void)
{
  g_autoptr (LkSecret) key = make_key ();
  g_autoptr (LkSecret) other = lk_secret_new ("another key of sixteen", -1);
  g_autoptr (GPtrArray) items = new_items ();
  g_autoptr (GPtrArray) read = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  LkBatchType type = 0;

  g_ptr_array_add (items, lk_batch_item_new (EPID, IID));
  body = lk_batch_write_request (LK_BATCH_CONFIRM, items, other);
  read = lk_batch_read_request (body, key, &type, &error);
  g_assert_null (read);
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
}

static void
test_hostile_requests (void)
{
  static const char *const bodies[] = {
    "",
    "<",
    "<a/>",
    "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
    "<request xmlns=\"http://www.microsoft.com/BatchActivationService\"><Digest>!</Digest>"
    "<RequestXml>AA==</RequestXml></request>",
    "<e xmlns=\"http://www.microsoft.com/BatchActivationService\"><request><Digest/>"
    "<RequestXml/></request></e>",
  };
  g_autoptr (LkSecret) key = make_key ();
  g_autoptr (GPtrArray) many = new_items ();
  g_autoptr (GBytes) long_body = NULL;
  g_autoptr (GPtrArray) read = NULL;
  g_autoptr (GError) long_error = NULL;
  LkBatchType type = 0;

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) body = g_bytes_new_static (bodies[i], strlen (bodies[i]));

      g_assert_null (lk_batch_read_request (body, key, &type, &error));
      g_assert_nonnull (error);
    }

  /* One item more than is allowed, with a right digest. */
  for (guint i = 0; i < LK_BATCH_MAX_ITEMS + 1; i++)
    g_ptr_array_add (many, lk_batch_item_new (EPID, IID));
  long_body = lk_batch_write_request (LK_BATCH_CONFIRM, many, key);
  read = lk_batch_read_request (long_body, key, &type, &long_error);
  g_assert_null (read);
  g_assert_error (long_error, LK_ERROR, LK_ERROR_BAD_REPLY);
}

static GPtrArray *
read_inner (const char *inner, GError **error)
{
  g_autofree char *escaped = g_markup_escape_text (inner, -1);
  g_autofree char *text = g_strconcat (SOAP_HEAD, escaped, SOAP_TAIL, NULL);
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));

  return lk_batch_read_response (body, error);
}

static void
test_response_round_trip (void)
{
  g_autoptr (GPtrArray) items = new_items ();
  g_autoptr (GPtrArray) read = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  LkBatchItem *item = lk_batch_item_new (EPID, IID);

  item->cid = g_strdup (CID_A);
  item->remaining = 41;
  g_ptr_array_add (items, item);
  item = lk_batch_item_new (EPID, "2");
  item->code = LK_BATCH_E_EXHAUSTED;
  g_ptr_array_add (items, item);

  body = lk_batch_write_response (LK_BATCH_CONFIRM, items);
  read = lk_batch_read_response (body, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (read->len, ==, 2);
  item = g_ptr_array_index (read, 0);
  g_assert_cmpstr (item->cid, ==, CID_A);
  g_assert_cmpint (item->remaining, ==, 41);
  g_assert_cmpuint (item->code, ==, 0);
  item = g_ptr_array_index (read, 1);
  g_assert_null (item->cid);
  g_assert_cmpuint (item->code, ==, 0x7F);
  g_assert_cmpint (item->remaining, ==, -1);
}

/* The inner document may say utf-16 of itself, and need not have a Response for each line. */
static void
test_foreign_response (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) read = read_inner ("<?xml version=\"1.0\" encoding=\"utf-16\"?>"
                                           "<Any xmlns=\"urn:any\"><CID>" CID_A "</CID>"
                                           "<ActivationRemaining>7</ActivationRemaining></Any>",
                                           &error);
  const LkBatchItem *item;

  g_assert_no_error (error);
  g_assert_cmpuint (read->len, ==, 1);
  item = g_ptr_array_index (read, 0);
  g_assert_cmpstr (item->cid, ==, CID_A);
  g_assert_cmpint (item->remaining, ==, 7);
  g_assert_true (item->is_loose);
}

static void
test_fault (void)
{
  static const char fault[] =
      "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault>"
      "<faultcode>s:Client</faultcode><faultstring>no\x09way</faultstring></s:Fault></s:Body>"
      "</s:Envelope>";
  g_autoptr (GBytes) body = g_bytes_new_static (fault, sizeof fault - 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (lk_batch_read_response (body, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECTED);
  g_assert_nonnull (strstr (error->message, "no way"));
}

static void
test_hostile_responses (void)
{
  static const char *const inners[] = { "", "<", "<!DOCTYPE a><a/>", "<?xml version=\"1.0\"" };
  g_autoptr (GString) long_inner = g_string_new ("<a>");
  g_autoptr (GError) long_error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (inners); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_inner (inners[i], &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
    }

  for (guint i = 0; i < LK_BATCH_MAX_ITEMS + 1; i++)
    g_string_append (long_inner, "<Response/>");
  g_string_append (long_inner, "</a>");
  g_assert_null (read_inner (long_inner->str, &long_error));
  g_assert_error (long_error, LK_ERROR, LK_ERROR_BAD_REPLY);
}

/* Lines are written PID/IID=ANSWER: "-" for what is absent; A and B are confirmation IDs, "short"
 * is a wrong one, "!" an error code; a "~" at the end marks an answer without a Response element.
 */
typedef struct
{
  const char *name;
  const char *asked;
  const char *answers;
  const char *expected; /* a letter an item: A, B the CID; ! a code; - not matched */
} MatchCase;

static const MatchCase match_cases[] = {
  { "in order", "p/1 p/2", "p/1=A p/2=B", "AB" },
  { "shuffled", "p/1 p/2", "p/2=B p/1=A", "AB" },
  { "one missing", "p/1 p/2", "p/2=B", "-B" },
  { "duplicate keeps the first", "p/1 p/2", "p/1=A p/1=B", "A-" },
  { "foreign IID", "p/1 p/2", "p/9=A p/2=B", "-B" },
  { "CID of wrong length", "p/1 p/2", "p/1=short p/2=B", "-B" },
  { "no echo in a batch of two", "p/1 p/2", "-/-=A -/-=B", "--" },
  { "one without echo", "p/1", "-/-=A", "A" },
  { "one loose without echo", "p/1", "-/-=A~", "A" },
  { "one that echoes another", "p/1", "p/2=A", "-" },
  { "loose in a batch of two", "p/1 p/2", "p/1=A~", "--" },
  { "one asked, two answers", "p/1", "-/-=B p/1=A", "A" },
  { "two keys, one machine", "p/1 q/1", "q/1=B p/1=A", "AB" },
  { "two keys, one machine, echo without key", "p/1 q/1", "-/1=A", "--" },
  { "echo of the IID only", "p/1 p/2", "-/2=B -/1=A", "AB" },
  { "codes", "p/1 p/2", "p/2=! p/1=A", "A!" },
  { "neither CID nor code", "p/1", "p/1", "-" },
  { "counts by key", "p/- q/-", "q/-=!", "-!" },
};

static char *
known_or_null (const char *text)
{
  return g_str_equal (text, "-") ? NULL : g_strdup (text);
}

static GPtrArray *
items_from_text (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, " ", -1);
  GPtrArray *items = new_items ();

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) halves = g_strsplit (lines[i], "=", 2);
      g_auto (GStrv) names = g_strsplit (halves[0], "/", 2);
      const char *answer = halves[1] != NULL ? halves[1] : "";
      LkBatchItem *item = lk_batch_item_new (NULL, NULL);

      item->epid = known_or_null (names[0]);
      item->iid = known_or_null (names[1]);
      item->cid = g_strdup (*answer == 'A'   ? CID_A
                            : *answer == 'B' ? CID_B
                            : *answer == 's' ? "111"
                                             : NULL);
      item->code = *answer == '!' ? 0x7F : 0;
      item->is_loose = g_str_has_suffix (answer, "~");
      g_ptr_array_add (items, item);
    }

  return items;
}

static void
test_match (gconstpointer data)
{
  const MatchCase *one = data;
  g_autoptr (GPtrArray) asked = items_from_text (one->asked);
  g_autoptr (GPtrArray) answers = items_from_text (one->answers);
  guint8 matched[4] = { 9, 9, 9, 9 };
  guint n_expected = 0;
  guint n = lk_batch_match (asked, answers, matched);

  g_assert_cmpuint (asked->len, ==, strlen (one->expected));
  for (guint i = 0; i < asked->len; i++)
    {
      const LkBatchItem *item = g_ptr_array_index (asked, i);
      char expected = one->expected[i];

      n_expected += expected != '-' ? 1 : 0;
      g_assert_cmpuint (matched[i], ==, expected != '-' ? 1 : 0);
      g_assert_cmpstr (item->cid, ==, expected == 'A' ? CID_A : expected == 'B' ? CID_B : NULL);
      g_assert_true ((item->code != 0) == (expected == '!'));
    }
  g_assert_cmpuint (n, ==, n_expected);
  g_assert_cmpuint (matched[asked->len], ==, asked->len < 4 ? 9 : matched[3]);
}

static void
test_digest_key (void)
{
  static const struct
  {
    const char *text;
    gsize length; /* 0: refused */
  } cases[] = {
    { "000102030405060708090a0b0c0d0e0f", 16 },
    { "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F", 16 },
    { "AAECAwQFBgcICQoLDA0ODw==", 16 },
    { "0001", 0 },
    { "not a key at all!", 0 },
    { "000102030405060708090a0b0c0d0e0", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkSecret) text = lk_secret_new (cases[i].text, -1);
      g_autoptr (GError) error = NULL;
      g_autoptr (LkSecret) key = lk_batch_parse_digest_key (text, &error);

      if (cases[i].length == 0)
        {
          g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
          g_assert_null (strstr (error->message, cases[i].text));
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpuint (lk_secret_get_length (key), ==, cases[i].length);
      g_assert_cmpint (lk_secret_peek (key)[15], ==, 15);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/batch/vector", test_vector);
  g_test_add_func ("/batch/request", test_request_round_trip);
  g_test_add_func ("/batch/wrong-digest", test_wrong_digest);
  g_test_add_func ("/batch/hostile-requests", test_hostile_requests);
  g_test_add_func ("/batch/response", test_response_round_trip);
  g_test_add_func ("/batch/foreign-response", test_foreign_response);
  g_test_add_func ("/batch/fault", test_fault);
  g_test_add_func ("/batch/hostile-responses", test_hostile_responses);
  g_test_add_func ("/batch/digest-key", test_digest_key);
  for (guint i = 0; i < G_N_ELEMENTS (match_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/batch/match/%s", match_cases[i].name);

      g_test_add_data_func (path, &match_cases[i], test_match);
    }
  return g_test_run ();
}
