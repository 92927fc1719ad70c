/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "domain/lk-codes.h"
#include "wsman/lk-wsman-names.h"
#include "wsman/lk-wsman-reply.h"
#include "wsman/lk-wsman.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_WORDS 400

#define E_ACCESS_DENIED     0x80070005u
#define E_LOGON_FAILURE     0x8007052Eu
#define WIN32_ACCESS_DENIED 5u

/* Codes are written as unsigned decimals, sometimes signed, sometimes in hex. */
static guint32
read_code (const char *text)
{
  guint64 code = 0;
  gint64 negative = 0;

  if (lk_text_to_uint (text, G_MAXUINT32, &code))
    return (guint32) code;
  if (text != NULL && g_ascii_string_to_signed (text, 10, G_MININT32, -1, &negative, NULL))
    return (guint32) negative;

  return 0;
}

/* The outer code of nested WSManFaults may say no more than "the provider failed". */
static guint32
find_innermost_code (const xmlNode *parent)
{
  guint32 code = 0;

  for (const xmlNode *node = lk_xml_first (parent); node != NULL && code == 0;
       node = lk_xml_next (node))
    {
      code = find_innermost_code (node);
      if (code == 0 && lk_xml_is (node, LK_NS_FAULT, "WSManFault"))
        {
          g_autofree char *text = lk_xml_attribute (node, NULL, "Code");

          code = read_code (text);
        }
    }

  return code;
}

/* A pair like error_Code and error_Type: the code counts when the type says HRESULT. */
static guint32
find_typed_code (const xmlNode *detail, const char *code_name, const char *type_name)
{
  const xmlNode *code = lk_xml_find (detail, NULL, code_name);
  g_autofree char *text = lk_xml_text (code);
  g_autofree char *type = NULL;

  if (code == NULL)
    return 0;

  type = lk_xml_child_text (code->parent, NULL, type_name);
  return type != NULL && g_ascii_strcasecmp (type, "HRESULT") == 0 ? read_code (text) : 0;
}

/* "… 0x8033801A …" */
static guint32
find_hex_code (const char *text)
{
  for (const char *p = text; p != NULL && (p = strstr (p, "0x")) != NULL; p += 2)
    {
      g_autofree char *digits = g_strndup (p + 2, 8);
      guint64 code = 0;

      if (strlen (digits) == 8 && strspn (digits, "0123456789abcdefABCDEF") == 8 &&
          !g_ascii_isxdigit (p[10]) &&
          g_ascii_string_to_unsigned (digits, 16, 0, G_MAXUINT32, &code, NULL))
        return (guint32) code;
    }

  return 0;
}

static guint32
find_code (const xmlNode *fault, const char *text)
{
  const xmlNode *detail = lk_xml_child (fault, LK_NS_SOAP, "Detail");
  g_autofree char *message_id = lk_xml_text (lk_xml_find (detail, NULL, "MessageID"));
  guint32 code = find_innermost_code (detail);

  if (code == 0)
    code = find_typed_code (detail, "error_Code", "error_Type");
  if (code == 0)
    code = find_typed_code (detail, "OMI_Code", "OMI_Type");
  if (code == 0)
    code = find_hex_code (message_id);
  return code != 0 ? code : find_hex_code (text);
}

/* One line of bounded length; a key that the far side repeats does not get into our messages. */
static char *
tidy (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autoptr (GRegex) keys = g_regex_new ("[A-Z0-9]{5}(-[A-Z0-9]{5}){4}", G_REGEX_CASELESS, 0, NULL);
  g_autofree char *masked = g_regex_replace_literal (keys, valid, -1, 0, "•••••", 0, NULL);
  g_autofree char *cut = g_utf8_substring (masked, 0, MIN (g_utf8_strlen (masked, -1), MAX_WORDS));

  for (char *p = cut; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';

  return g_strdup (g_strstrip (cut));
}

LkWsmanFault *
lk_wsman_reply_read_fault (const LkWsmanReply *self)
{
  LkWsmanFault *fault;
  const xmlNode *code = lk_xml_child (self->fault, LK_NS_SOAP, "Code");
  const xmlNode *reason = lk_xml_child (self->fault, LK_NS_SOAP, "Reason");
  g_autofree char *text = lk_xml_child_text (reason, LK_NS_SOAP, "Text");
  g_autofree char *subcode = NULL;
  const char *colon;

  if (self->fault == NULL)
    return NULL;

  subcode = lk_xml_child_text (lk_xml_child (code, LK_NS_SOAP, "Subcode"), LK_NS_SOAP, "Value");
  if (subcode == NULL) /* then the code itself tells most: MustUnderstand, VersionMismatch */
    subcode = lk_xml_child_text (code, LK_NS_SOAP, "Value");
  colon = subcode != NULL ? strrchr (subcode, ':') : NULL;

  fault = g_new0 (LkWsmanFault, 1);
  fault->subcode = g_strdup (colon != NULL ? colon + 1 : subcode);
  fault->code = find_code (self->fault, text);
  fault->text = text != NULL && *text != '\0' ? tidy (text) : NULL;
  return fault;
}

void
lk_wsman_fault_free (LkWsmanFault *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->subcode, g_free);
  g_clear_pointer (&self->text, g_free);
  g_free (self);
}

/* Quotas of the shell, the user, the system and the plug-ins, and a pull that is still going on. */
static gboolean
is_busy (const LkWsmanFault *self)
{
  return self->code == 0x8033803Fu || self->code == 0x80338006u ||
         (self->code >= 0x803381A5u && self->code <= 0x803381A8u) ||
         (self->code >= 0x803381E4u && self->code <= 0x803381EAu) ||
         (self->code == 0 && g_strcmp0 (self->subcode, "QuotaLimit") == 0);
}

static LkError
decide (const LkWsmanFault *self)
{
  if (is_busy (self))
    return LK_ERROR_BUSY;
  if (self->code == LK_WSMAN_E_TIMED_OUT ||
      (self->code == 0 && g_strcmp0 (self->subcode, "TimedOut") == 0))
    return LK_ERROR_UNREACHABLE;
  if (self->code == WIN32_ACCESS_DENIED || self->code == E_ACCESS_DENIED ||
      self->code == E_LOGON_FAILURE || self->code == LK_WBEM_E_ACCESS_DENIED ||
      self->code == 0x80338036u ||
      (self->code == 0 && g_strcmp0 (self->subcode, "AccessDenied") == 0))
    return LK_ERROR_DENIED;

  return LK_ERROR_REJECTED;
}

void
lk_wsman_fault_to_error (const LkWsmanFault *self,
                         const char *who,
                         const char *doing,
                         GError **error)
{
  const LkCode *known = self->code != 0 ? lk_code_lookup (self->code) : NULL;
  const char *words = known != NULL ? known->meaning : self->text;

  if (words == NULL)
    words = self->subcode != NULL ? self->subcode : _ ("it failed without saying why");
  if (self->code != 0)
    lk_error_set_remote (error, decide (self), self->code, "%s: %s: %s (0x%08X)", who, doing, words,
                         self->code);
  else
    lk_error_set_remote (error, decide (self), 0, "%s: %s: %s", who, doing, words);
}
