/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-challenge.h"

#include <string.h>

#define MAX_LINES 4

/* A 401 with these WWW-Authenticate headers. */
static LkHttpMessage *
make_answer (const char *const *lines)
{
  LkHttpMessage *answer = g_new0 (LkHttpMessage, 1);

  answer->status = 401;
  answer->headers = g_ptr_array_new_with_free_func (g_free);
  answer->body = g_byte_array_new ();
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_ptr_array_add (answer->headers,
                       g_strdup (i % 2 == 0 ? "WWW-Authenticate" : "www-authenticate"));
      g_ptr_array_add (answer->headers, g_strdup (lines[i]));
    }
  return answer;
}

typedef struct
{
  const char *lines[MAX_LINES + 1];
  const char *names;     /* as described */
  const char *negotiate; /* its token; "": offered without one; NULL: not offered */
  gboolean basic;
} Case;

static const Case cases[] = {
  { { NULL }, "nothing", NULL, FALSE },
  { { "Negotiate" }, "Negotiate", "", FALSE },
  { { "Negotiate", "Kerberos", "Basic realm=\"WSMAN\"" }, "Negotiate, Kerberos, Basic", "", TRUE },
  { { "Negotiate, Kerberos, Basic realm=\"WSMAN\"" }, "Negotiate, Kerberos, Basic", "", TRUE },
  { { "Basic realm=\"WSMAN\", Negotiate,Kerberos" }, "Basic, Negotiate, Kerberos", "", TRUE },
  { { "Negotiate dG9rZW4=" }, "Negotiate", "token", FALSE },
  { { "Negotiate dG9rZQ==, Basic realm=x" }, "Negotiate, Basic", "toke", TRUE },
  { { "Basic realm=x, negotiate   dG9r" }, "Basic, negotiate", "tok", TRUE },
  { { "Basic realm=x", "NEGOTIATE +/+/" }, "Basic, NEGOTIATE", "\xfb\xff\xbf", TRUE },
  /* What stands in quotes is nobody's offer. */
  { { "Basic realm=\"a, Negotiate dG9r\"" }, "Basic", NULL, TRUE },
  { { "Digest realm=\"a \\\", Basic b\", qop = \"auth,auth-int\", nonce=x" },
    "Digest",
    NULL,
    FALSE },
  { { "Digest realm=\"a\", qop=\"auth\" , Negotiate" }, "Digest, Negotiate", "", FALSE },
  { { "Basic realm=\"never closed, Negotiate" }, "Basic", NULL, TRUE },
  { { "Basic realm=\"ends in \\" }, "Basic", NULL, TRUE },
  /* A parameter is no scheme, whatever its name, and a scheme's name is the whole word. */
  { { "Digest negotiate=x, basic=y" }, "Digest", NULL, FALSE },
  { { "NegotiateX, X-Basic, Basic2 realm=x" }, "NegotiateX, X-Basic, Basic2", NULL, FALSE },
  { { "Neg, Bas realm=x" }, "Neg, Bas", NULL, FALSE },
  { { "CredSSP, Bearer, Negotiate" }, "CredSSP, Bearer, Negotiate", "", FALSE },
  /* A token that is none. */
  { { "Negotiate ***" }, "Negotiate", "", FALSE },
  { { "Negotiate dG9r en" }, "Negotiate", "", FALSE },
  { { "Negotiate =" }, "nothing", NULL, FALSE },
  { { "Negotiate dG9rZW4=x" }, "Negotiate", "", FALSE },
  { { "Negotiate A===" }, "Negotiate", "", FALSE },
  { { "Negotiate dG9rZ" }, "Negotiate", "", FALSE },
  /* Garbage. */
  { { "" }, "nothing", NULL, FALSE },
  { { " ,, ,\t," }, "nothing", NULL, FALSE },
  { { "=" }, "nothing", NULL, FALSE },
  { { "\"Negotiate\"" }, "nothing", NULL, FALSE },
  { { ", ,Negotiate,," }, "Negotiate", "", FALSE },
  { { "@@ \xff\xfe, Basic realm=x" }, "Basic", NULL, TRUE },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (LkHttpMessage) answer = make_answer (c->lines);
  g_autofree char *names = lk_challenge_describe (answer);
  GBytes *negotiate = NULL;
  GBytes *basic = NULL;

  g_assert_cmpstr (names, ==, c->names);
  g_assert_cmpint (lk_challenge_find (answer, "Negotiate", &negotiate), ==, c->negotiate != NULL);
  g_assert_cmpint (lk_challenge_find (answer, "Basic", &basic), ==, c->basic);
  g_assert_cmpint (lk_challenge_find (answer, "Basic", NULL), ==, c->basic);
  g_assert_null (basic); /* it has parameters, no token */
  if (c->negotiate == NULL || *c->negotiate == '\0')
    g_assert_null (negotiate);
  else
    g_assert_cmpmem (g_bytes_get_data (negotiate, NULL), g_bytes_get_size (negotiate), c->negotiate,
                     strlen (c->negotiate));
  g_clear_pointer (&negotiate, g_bytes_unref);
}

/* Of one that offers without end, a message for people shows a part. */
static void
test_endless (void)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *long_name = g_strnfill (60000, 'x');
  const char *lines[] = { NULL, NULL };
  g_autoptr (LkHttpMessage) many = NULL;
  g_autoptr (LkHttpMessage) one = NULL;
  g_autofree char *names = NULL;
  g_autofree char *name = NULL;

  for (guint i = 0; i < 10000; i++)
    g_string_append (line, "Other, ");
  lines[0] = line->str;
  many = make_answer (lines);
  names = lk_challenge_describe (many);
  g_assert_cmpuint (strlen (names), <, 1000);
  g_assert_false (lk_challenge_find (many, "Basic", NULL));

  lines[0] = long_name;
  one = make_answer (lines);
  name = lk_challenge_describe (one);
  g_assert_cmpuint (strlen (name), ==, 32);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/challenge/%u", i);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/challenge/endless", test_endless);
  return g_test_run ();
}
