/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "discovery/lk-ldap-connection.h"

/**
 * LkLdapSearch:
 *
 * One search on one connection, in pages (RFC 2696) where the server has them.
 */
typedef struct
{
  const char *base;
  int scope; /* LDAP_SCOPE_… */
  const char *filter;
  char **attributes;
  guint page_size; /* 0: no pages */
  /* FALSE ends the search: with @error set it has failed, else it had enough. */
  gboolean (*entry) (LDAP *ldap, LDAPMessage *entry, gpointer user_data, GError **error);
  /* After the last entry of each page; this and the next may be NULL. */
  gboolean (*page) (gpointer user_data, GError **error);
  /* A part of the tree that another server has. */
  void (*reference) (const char *url, gpointer user_data);
  gpointer user_data;
} LkLdapSearch;

/* Blocks until everything has come. What came before an error has been handed on. */
gboolean
lk_ldap_search_run (const LkLdapSearch *self, LkLdapConnection *connection, GError **error);

/* The first value of @attribute as text; options like “;range=0-1499” do not count. NULL when it
 * has none, with @why when it has one that is no text or longer than 1024 bytes. To be freed. */
char *
lk_ldap_entry_get_text (LDAP *ldap, LDAPMessage *entry, const char *attribute, const char **why);
/* All of them that are text; to be freed with g_strfreev(). */
char **lk_ldap_entry_get_texts (LDAP *ldap, LDAPMessage *entry, const char *attribute);
