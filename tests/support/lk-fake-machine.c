/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-fake-machine.h"

#include <string.h>
#include <sys/socket.h>

#define ENVELOPE                                                                                   \
  "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' "                                 \
  "xmlns:a='http://schemas.xmlsoap.org/ws/2004/08/addressing' "                                    \
  "xmlns:n='http://schemas.xmlsoap.org/ws/2004/09/enumeration' "                                   \
  "xmlns:w='http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd' "                                      \
  "xmlns:f='http://schemas.microsoft.com/wbem/wsman/1/wsmanfault'>"                                \
  "<s:Header><a:RelatesTo>%s</a:RelatesTo></s:Header><s:Body>%s</s:Body></s:Envelope>"

#define PRODUCT                                                                                    \
  "<ID>11111111-aaaa-4bbb-8ccc-000000000001</ID><Name>Windows</Name>"                              \
  "<Description>Windows(R) Operating System, VOLUME_MAK channel</Description>"                     \
  "<ApplicationID>55c92734-d682-4d71-983e-d6ec3f16059f</ApplicationID>"                            \
  "<LicenseFamily>Enterprise</LicenseFamily><PartialProductKey>BCDF2</PartialProductKey>"          \
  "<ProductKeyID>03612-03305-000-000101-03-1033-20348.0000-1002024</ProductKeyID>"                 \
  "<OfflineInstallationId>012345678</OfflineInstallationId><LicenseStatus>2</LicenseStatus>"       \
  "<LicenseStatusReason>1074065420</LicenseStatusReason>"                                          \
  "<GracePeriodRemaining>43200</GracePeriodRemaining><LicenseIsAddon>false</LicenseIsAddon>"       \
  "<DiscoveredKeyManagementServiceMachineName>kms01</DiscoveredKeyManagementServiceMachineName>"   \
  "<DiscoveredKeyManagementServiceMachinePort>1688</DiscoveredKeyManagementServiceMachinePort>"
#define SERVICE                                                                                    \
  "<Version>10.0.20348.2700</Version>"                                                             \
  "<ClientMachineID>11111111-2222-4333-8444-555555555555</ClientMachineID>"                        \
  "<RemainingWindowsReArmCount>1001</RemainingWindowsReArmCount>"                                  \
  "<OA3xOriginalProductKeyPkPn>[4.0]X1</OA3xOriginalProductKeyPkPn>"                               \
  "<SubscriptionType>120</SubscriptionType><SubscriptionStatus>120</SubscriptionStatus>"
#define SYSTEM                                                                                     \
  "<Name>PC-7</Name><DNSHostName>Pc-7</DNSHostName><Domain>lab.test</Domain>"                      \
  "<PartOfDomain>true</PartOfDomain>"

static char *
enumerate (const char *row)
{
  return g_strdup_printf ("<n:EnumerateResponse><n:EnumerationContext/><w:Items>%s%s%s</w:Items>"
                          "<w:EndOfSequence/></n:EnumerateResponse>",
                          row != NULL ? "<w:XmlFragment>" : "", row != NULL ? row : "",
                          row != NULL ? "</w:XmlFragment>" : "");
}

static char *
fault (const char *code)
{
  return g_strdup_printf ("<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason>"
                          "<s:Text>fault</s:Text></s:Reason><s:Detail><f:WSManFault Code='%s'/>"
                          "</s:Detail></s:Fault>",
                          code);
}

static char *
find_between (const char *text, const char *start, const char *end)
{
  const char *from = strstr (text, start);
  const char *to = from != NULL ? strstr (from + strlen (start), end) : NULL;

  return to != NULL ? g_strndup (from + strlen (start), (gsize) (to - from) - strlen (start))
                    : NULL;
}

/* Ten to a batch, for ever: each Pull gives the same again. */
static char *
answer_endless (void)
{
  return g_strdup ("<n:PullResponse><n:EnumerationContext>again</n:EnumerationContext><n:Items>"
                   "<a/><a/><a/><a/><a/><a/><a/><a/><a/><a/></n:Items></n:PullResponse>");
}

static char *
answer_query (LkFakeMachine *self, const char *request)
{
  g_autofree char *row = NULL;

  if (self->unknown != NULL && strstr (request, self->unknown) != NULL)
    return fault ("2150858778");
  if (strstr (request, "FROM Endless") != NULL || strstr (request, "n:Pull") != NULL)
    return answer_endless ();
  if (strstr (request, "FROM SoftwareLicensingProduct") != NULL)
    return enumerate (PRODUCT);
  if (strstr (request, "FROM SoftwareLicensingService") != NULL)
    return enumerate (SERVICE);
  if (strstr (request, "FROM Win32_ComputerSystemProduct") != NULL)
    {
      row = g_strdup_printf ("<Name>Box</Name><UUID>%s</UUID>", self->uuid);
      return enumerate (row);
    }
  if (strstr (request, "FROM Win32_ComputerSystem") != NULL)
    return enumerate (SYSTEM);

  return enumerate (NULL);
}

static char *
answer (LkFakeMachine *self, const char *request)
{
  g_autofree char *method = find_between (request, "<s:Body><p:", "_INPUT");

  if (strstr (request, "wsmid:Identify") != NULL)
    return g_strdup_printf ("<IdentifyResponse><ProductVendor>Microsoft Corporation"
                            "</ProductVendor><ProductVersion>OS: 10.0.20348 SP: 0.0 Stack: %s"
                            "</ProductVersion></IdentifyResponse>",
                            self->stack);
  if (strstr (request, "n:Release") != NULL)
    return g_strdup ("");
  if (strstr (request, "n:Enumerate>") != NULL || strstr (request, "n:Pull>") != NULL)
    return answer_query (self, request);
  if (self->fault != NULL)
    return fault (self->fault);

  return g_strdup_printf ("<%s_OUTPUT><ReturnValue>0</ReturnValue></%s_OUTPUT>", method, method);
}

static gboolean
serve_request (LkFakeMachine *self, LkPeerConnection *connection, const char *request)
{
  g_autofree char *id = find_between (request, "<a:MessageID>", "</a:MessageID>");
  g_autofree char *content = answer (self, request);
  g_autofree char *text = g_strdup_printf (ENVELOPE,
                                           self->misrelates ? "uuid:0"
                                           : id != NULL     ? id
                                                            : "",
                                           content);

  if (self->hangs_up && strstr (request, "_INPUT") != NULL)
    return FALSE;

  return lk_peer_answer (connection, strstr (content, "<s:Fault>") != NULL ? 500 : 200, text);
}

static void
serve (LkPeerConnection *connection, gpointer data)
{
  LkFakeMachine *self = data;
  LkHttpMessage *message;
  gboolean open = TRUE;

  for (guint n = 1; open && (message = lk_peer_read (connection)) != NULL; n++)
    {
      char *request = g_strndup ((const char *) message->body->data, message->body->len);

      lk_http_message_free (message);
      g_mutex_lock (&self->lock);
      g_ptr_array_add (self->requests, request);
      g_mutex_unlock (&self->lock);
      open = serve_request (self, connection, request) && n != self->drop_after;
    }
}

LkFakeMachine *
lk_fake_machine_new (void)
{
  LkFakeMachine *self = g_new0 (LkFakeMachine, 1);

  self->stack = "3.0";
  self->uuid = "4c4c4544-0001-4d10-8000-b7c04f000001";
  self->requests = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&self->lock);
  self->peer = lk_peer_new (NULL, serve, self);
  return self;
}

void
lk_fake_machine_free (LkFakeMachine *self)
{
  g_clear_pointer (&self->peer, lk_peer_free);
  g_clear_pointer (&self->requests, g_ptr_array_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint
lk_fake_machine_count_with (LkFakeMachine *self, const char *words)
{
  guint n = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->requests->len; i++)
    if (strstr (self->requests->pdata[i], words) != NULL)
      n++;
  g_mutex_unlock (&self->lock);
  return n;
}

guint
lk_fake_machine_count (LkFakeMachine *self)
{
  return lk_fake_machine_count_with (self, "");
}
