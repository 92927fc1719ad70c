/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-sighting.h"

#include "base/lk-error.h"
#include "base/lk-xml.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_NAME   253
#define MAX_LABEL  63
#define PORT_HTTPS 5986

void
lk_sighting_free (LkSighting *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->address);
  g_free (self->domain);
  g_strfreev (self->also);
  g_free (self->means);
  g_free (self->os_version);
  g_strfreev (self->tags);
  g_free (self);
}

LkSighting *
lk_sighting_copy (const LkSighting *self)
{
  LkSighting *copy = g_memdup2 (self, sizeof *self);

  copy->name = g_strdup (self->name);
  copy->address = g_strdup (self->address);
  copy->domain = g_strdup (self->domain);
  copy->also = g_strdupv (self->also);
  copy->means = g_strdup (self->means);
  copy->os_version = g_strdup (self->os_version);
  copy->tags = g_strdupv (self->tags);
  return copy;
}

static gboolean
is_name (const char *text)
{
  gsize label = 0;

  if (*text == '\0' || strlen (text) > MAX_NAME)
    return FALSE;

  for (const char *p = text; *p != '\0'; p++)
    {
      gboolean is_inner = *p == '-' || *p == '_';

      if (*p == '.' ? label == 0 : !g_ascii_isalnum (*p) && !is_inner)
        return FALSE;
      if (*p == '-' && (label == 0 || p[1] == '.' || p[1] == '\0'))
        return FALSE;
      label = *p == '.' ? 0 : label + 1;
      if (label > MAX_LABEL)
        return FALSE;
    }

  return TRUE;
}

gboolean
lk_host_is_plausible (const char *text)
{
  gboolean is_all_digits = text[strspn (text, "0123456789.")] == '\0';

  if (g_hostname_is_ip_address (text))
    return TRUE;

  /* 10.0.0.256 is an address gone wrong, not a name. */
  return !is_all_digits && is_name (text);
}

/* Cuts the port off the host; "::1" has none, "[::1]:5985" has. */
static char *
split_port (const char *text, guint16 *port, gboolean *is_bad_port)
{
  const char *close = *text == '[' ? strchr (text, ']') : NULL;
  const char *colon = close != NULL ? (close[1] == ':' ? close + 1 : NULL) : strrchr (text, ':');
  guint64 number = 0;

  *is_bad_port = FALSE;
  if (close != NULL && close[1] != '\0' && colon == NULL)
    {
      *is_bad_port = TRUE;
      return NULL;
    }
  if (close == NULL && (colon == NULL || strchr (text, ':') != colon))
    return g_strdup (text);

  if (colon != NULL)
    {
      if (!lk_text_to_uint (colon + 1, G_MAXUINT16, &number) || number == 0)
        {
          *is_bad_port = TRUE;
          return NULL;
        }
      *port = (guint16) number;
    }
  return close != NULL ? g_strndup (text + 1, (gsize) (close - text - 1))
                       : g_strndup (text, (gsize) (colon - text));
}

LkSighting *
lk_sighting_parse (const char *text, GError **error)
{
  gboolean is_https = g_ascii_strncasecmp (text, "https://", 8) == 0;
  gboolean is_bad_port;
  guint16 port = 0;
  g_autofree char *host = split_port (is_https ? text + 8 : text, &port, &is_bad_port);
  LkSighting *self;

  if (is_bad_port)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("“%s” has no valid port; ports are 1 to 65535"), text);
      return NULL;
    }
  if (!lk_host_is_plausible (host))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("“%s” is neither a host name nor an IP address"), text);
      return NULL;
    }

  self = g_new0 (LkSighting, 1);
  self->name = g_steal_pointer (&host);
  self->port = port;
  self->tls = is_https || port == PORT_HTTPS;
  return self;
}
