/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-ldap-search.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_TEXT        1024
#define MAX_EMPTY_PAGES 100 /* Active Directory has some, where nothing of a page may be seen */

/* A search while it runs. */
typedef struct
{
  const LkLdapSearch *search;
  LkLdapConnection *connection;
  LDAP *ldap;
  struct berval *cookie; /* of the next page; NULL: there is none */
  guint n_entries;       /* of this page */
  gboolean is_over;      /* whoever asked has enough */
} Run;

static gboolean
is_text (const struct berval *value)
{
  return value->bv_len <= MAX_TEXT && memchr (value->bv_val, '\0', value->bv_len) == NULL &&
         g_utf8_validate_len (value->bv_val, value->bv_len, NULL);
}

static gboolean
is_called (const char *description, const char *attribute)
{
  gsize n = strlen (attribute);

  return g_ascii_strncasecmp (description, attribute, n) == 0 &&
         (description[n] == '\0' || description[n] == ';');
}

/* Of a range ("member;range=0-1499") those that the server gives at first; Active Directory puts
 * the attribute beside it, without values. To be freed with ldap_value_free_len(). */
static struct berval **
get_values (LDAP *ldap, LDAPMessage *entry, const char *attribute)
{
  BerElement *ber = NULL;
  struct berval **values = NULL;
  char *description = ldap_first_attribute (ldap, entry, &ber);

  while (description != NULL)
    {
      if (values == NULL && is_called (description, attribute))
        values = ldap_get_values_len (ldap, entry, description);
      if (values != NULL && values[0] == NULL)
        g_clear_pointer (&values, ldap_value_free_len);
      ldap_memfree (description);
      description = ldap_next_attribute (ldap, entry, ber);
    }

  if (ber != NULL)
    ber_free (ber, 0);
  return values;
}

char *
lk_ldap_entry_get_text (LDAP *ldap, LDAPMessage *entry, const char *attribute, const char **why)
{
  struct berval **values = get_values (ldap, entry, attribute);
  char *text = NULL;

  *why = NULL;
  if (values != NULL && values[0] != NULL && is_text (values[0]))
    text = g_strndup (values[0]->bv_val, values[0]->bv_len);
  else if (values != NULL && values[0] != NULL)
    *why = values[0]->bv_len > MAX_TEXT ? _ ("it is too long") : _ ("it is not UTF-8 text");
  ldap_value_free_len (values);
  return text;
}

char **
lk_ldap_entry_get_texts (LDAP *ldap, LDAPMessage *entry, const char *attribute)
{
  struct berval **values = get_values (ldap, entry, attribute);
  GPtrArray *texts = g_ptr_array_new ();

  for (guint i = 0; values != NULL && values[i] != NULL; i++)
    if (is_text (values[i]))
      g_ptr_array_add (texts, g_strndup (values[i]->bv_val, values[i]->bv_len));

  ldap_value_free_len (values);
  g_ptr_array_add (texts, NULL);
  return (char **) g_ptr_array_free (texts, FALSE);
}

/* A request that cannot be made has a code of its own; one that cannot be sent broke the
 * connection. */
static gboolean
send_request (Run *run, int *id, GError **error)
{
  const LkLdapSearch *search = run->search;
  LDAPControl *controls[] = { NULL, NULL };
  int result = LDAP_SUCCESS;

  if (search->page_size != 0)
    result = ldap_create_page_control (run->ldap, (ber_int_t) search->page_size, run->cookie, 0,
                                       &controls[0]);
  if (result == LDAP_SUCCESS)
    result = ldap_search_ext (run->ldap, search->base, search->scope, search->filter,
                              search->attributes, 0, controls, NULL, NULL, LDAP_NO_LIMIT, id);
  if (controls[0] != NULL)
    ldap_control_free (controls[0]);
  if (result == LDAP_SUCCESS)
    return TRUE;
  return result == LDAP_SERVER_DOWN
             ? lk_ldap_connection_fail_broken (run->connection, error)
             : lk_ldap_connection_fail_result (run->connection, result, NULL, error);
}

static gboolean
end_page (const LkLdapSearch *search, GError **error)
{
  return search->page == NULL || search->page (search->user_data, error);
}

static void
hand_on_references (Run *run, char **urls)
{
  /* Each of them has the same. */
  if (urls != NULL && urls[0] != NULL && run->search->reference != NULL)
    run->search->reference (urls[0], run->search->user_data);
}

static void
take_cookie (Run *run, LDAPControl **controls)
{
  LDAPControl *control = ldap_control_find (LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
  struct berval cookie = { 0, NULL };
  ber_int_t estimate = 0;

  g_clear_pointer (&run->cookie, ber_bvfree);
  if (control != NULL && control->ldctl_value.bv_val != NULL &&
      ldap_parse_pageresponse_control (run->ldap, control, &estimate, &cookie) == LDAP_SUCCESS &&
      cookie.bv_len > 0)
    run->cookie = ber_dupbv (NULL, &cookie);
  ldap_memfree (cookie.bv_val);
}

/* The last message of a page. */
static gboolean
take_result (Run *run, LDAPMessage *message, GError **error)
{
  char *said = NULL;
  char **urls = NULL;
  LDAPControl **controls = NULL;
  int code = LDAP_OTHER;
  gboolean ok;

  if (ldap_parse_result (run->ldap, message, &code, NULL, &said, &urls, &controls, 0) !=
      LDAP_SUCCESS)
    code = LDAP_DECODING_ERROR;
  ok = code == LDAP_SUCCESS || (code == LDAP_REFERRAL && urls != NULL);
  if (code == LDAP_REFERRAL)
    hand_on_references (run, urls);
  take_cookie (run, controls);
  /* What came is good, whatever the result says. */
  if (!end_page (run->search, error))
    ok = FALSE;
  else if (!ok)
    lk_ldap_connection_fail_result (run->connection, code, said, error);

  ldap_memfree (said);
  ber_memvfree ((void **) urls);
  ldap_controls_free (controls);
  return ok;
}

static gboolean
take_message (Run *run, LDAPMessage *message, GError **error)
{
  g_autoptr (GError) cause = NULL;
  char **urls = NULL;

  if (ldap_msgtype (message) == LDAP_RES_SEARCH_ENTRY)
    {
      run->n_entries++;
      run->is_over = !run->search->entry (run->ldap, message, run->search->user_data, &cause);
    }
  else if (ldap_msgtype (message) == LDAP_RES_SEARCH_REFERENCE &&
           ldap_parse_reference (run->ldap, message, &urls, NULL, 0) == LDAP_SUCCESS)
    {
      hand_on_references (run, urls);
      ber_memvfree ((void **) urls);
    }

  if (cause == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static gboolean
run_page (Run *run, GError **error)
{
  gboolean is_last = FALSE;
  gboolean ok = TRUE;
  int id = 0;

  run->n_entries = 0;
  if (!send_request (run, &id, error))
    return FALSE;

  while (ok && !is_last && !run->is_over)
    {
      LDAPMessage *message = lk_ldap_connection_receive (run->connection, id, error);

      if (message == NULL)
        return FALSE;
      is_last = ldap_msgtype (message) == LDAP_RES_SEARCH_RESULT;
      ok = is_last ? take_result (run, message, error) : take_message (run, message, error);
      ldap_msgfree (message);
    }

  return ok;
}

/* Entries that came before the connection broke are handed on, too. */
static gboolean
hand_on_rest (const LkLdapSearch *self, gboolean ok, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (end_page (self, &cause))
    return ok;
  g_clear_error (error);
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

gboolean
lk_ldap_search_run (const LkLdapSearch *self, LkLdapConnection *connection, GError **error)
{
  Run run = { .search = self, .connection = connection };
  guint n_empty = 0;
  gboolean ok;

  run.ldap = lk_ldap_connection_start_search (connection, error);
  if (run.ldap == NULL)
    return FALSE;

  do
    {
      ok = run_page (&run, error);
      n_empty = run.n_entries == 0 ? n_empty + 1 : 0;
      if (ok && n_empty == MAX_EMPTY_PAGES)
        ok = lk_ldap_connection_fail (connection, LK_ERROR_BAD_REPLY, error,
                                      _ ("the server sends one empty page after the other"));
    }
  while (ok && run.cookie != NULL && !run.is_over);

  g_clear_pointer (&run.cookie, ber_bvfree);
  return hand_on_rest (self, ok, error);
}
