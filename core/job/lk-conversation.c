/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "job/lk-conversation.h"

#include "net/lk-certificate-facts.h"

struct _LkConversation
{
  const LkItem *item;
  const LkRunnerOptions *options;
  LkLink *link;
  LkWsman *wsman;
  LkLicensing *licensing;
};

LkConversation *
lk_conversation_new (const LkItem *item, const LkRunnerOptions *options)
{
  LkConversation *self = g_new0 (LkConversation, 1);

  self->item = item;
  self->options = options;
  return self;
}

void
lk_conversation_free (LkConversation *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->licensing, lk_licensing_free);
  g_clear_pointer (&self->wsman, lk_wsman_free);
  g_clear_pointer (&self->link, lk_link_free);
  g_free (self);
}

void
lk_conversation_set_item (LkConversation *self, const LkItem *item)
{
  self->item = item;
}

LkLicensing *
lk_conversation_get_licensing (LkConversation *self, GError **error)
{
  const LkAccess *access = self->options->access;
  const LkItem *item = self->item;
  g_autoptr (LkLogin) login = NULL;
  LkLinkOptions link = {
    .host = item->address != NULL ? item->address : item->name,
    .name = item->full_name,
    .port = item->port,
    .tls = item->tls,
    .path = "/wsman",
    .trust = self->options->trust,
    .pin = item->pin,
    .pinned = item->pinned,
    .pinned_at = item->pinned_at,
    .connect_ms = self->options->connect_ms,
    .first_byte_ms = self->options->answer_ms,
  };

  if (self->licensing != NULL)
    return self->licensing;
  login = access->get_login (item, access->user_data, error);
  if (login == NULL)
    return NULL;

  link.login = login;
  self->link = lk_link_new (&link);
  self->wsman = lk_wsman_new (self->link);
  if (item->stack != NULL)
    lk_wsman_set_dialect (self->wsman, LK_DIALECT_WMI, item->stack);
  self->licensing = lk_licensing_new (self->wsman);
  return self->licensing;
}

void
lk_conversation_note_stranger (LkConversation *self, LkVerdict *verdict)
{
  const char *shown = self->link != NULL ? lk_link_get_peer_pin (self->link) : NULL;
  g_autoptr (LkCertificateFacts) facts = NULL;

  if (self->item->pin == NULL || shown == NULL || g_ascii_strcasecmp (shown, self->item->pin) == 0)
    return;
  facts = lk_certificate_facts_new (lk_link_get_peer_certificate (self->link), NULL);
  if (facts == NULL)
    return;

  verdict->shown_pin = g_strdup (shown);
  verdict->shown_names = g_strdupv (facts->names);
}
