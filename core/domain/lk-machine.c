/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-machine.h"

#include <glib/gi18n-lib.h>
#include <string.h>

void
lk_identity_free (LkIdentity *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->fqdn);
  g_free (self->domain);
  g_free (self->uuid);
  g_free (self->cmid);
  g_free (self);
}

static gboolean
is_same (const char *a, const char *b)
{
  g_autofree char *folded_a = NULL;
  g_autofree char *folded_b = NULL;

  if (a == NULL || b == NULL)
    return TRUE;

  folded_a = g_utf8_casefold (a, -1);
  folded_b = g_utf8_casefold (b, -1);
  return g_str_equal (folded_a, folded_b);
}

gboolean
lk_identity_matches (const LkIdentity *row, const LkIdentity *seen, char **difference)
{
  const struct
  {
    const char *what;
    const char *seen;
    const char *expected;
  } values[] = {
    { _ ("name"), seen->name, row->name },
    { _ ("full name"), seen->fqdn, row->fqdn },
    { _ ("SMBIOS UUID"), seen->uuid, row->uuid },
    { _ ("client machine ID"), seen->cmid, row->cmid },
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    if (!is_same (values[i].seen, values[i].expected))
      {
        if (difference != NULL)
          *difference = g_strdup_printf (_ ("its %s is %s, not %s"), values[i].what, values[i].seen,
                                         values[i].expected);
        return FALSE;
      }

  return TRUE;
}

#define LENGTH_OF_UUID 36

/* Seen on boards of many makers, which should have written one in at the factory. */
static const char *const shared_uuids[] = {
  "03000200-0400-0500-0006-000700080009", /* American Megatrends */
  "00020003-0004-0005-0006-000700080009", /* the same, bytes swapped */
  "00010203-0405-0607-0809-0A0B0C0D0E0F", "01020304-0506-0708-090A-0B0C0D0E0F10",
  "12345678-1234-5678-90AB-CDDEEFAABBCC", "78563412-3412-7856-90AB-CDDEEFAABBCC",
  "01234567-8910-1112-1314-151617181920", "01234567-89AB-CDEF-0123-456789ABCDEF",
  "00112233-4455-6677-8899-AABBCCDDEEFF", "10000000-0000-8000-0040-000000000000",
  "4C4C4544-0020-2010-8020-A0C04F202020", /* Dell without a service tag */
  "FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE",
};

const char *
lk_uuid_get_usable (const char *uuid)
{
  gboolean is_one_digit = TRUE;

  if (uuid == NULL || strlen (uuid) != LENGTH_OF_UUID)
    return NULL;
  for (const char *p = uuid; *p != '\0' && is_one_digit; p++)
    is_one_digit = *p == '-' || g_ascii_toupper (*p) == g_ascii_toupper (*uuid);
  if (is_one_digit)
    return NULL;

  for (guint i = 0; i < G_N_ELEMENTS (shared_uuids); i++)
    if (g_ascii_strcasecmp (uuid, shared_uuids[i]) == 0)
      return NULL;

  return uuid;
}

void
lk_product_free (LkProduct *self)
{
  if (self == NULL)
    return;
  g_free (self->application_id);
  g_free (self->activation_id);
  g_free (self->name);
  g_free (self->description);
  g_free (self->edition);
  g_free (self->partial_key);
  g_free (self->epid);
  g_free (self->iid);
  g_free (self->kms_machine);
  g_free (self);
}

LkReading *
lk_reading_new (void)
{
  LkReading *self = g_new0 (LkReading, 1);

  self->identity = g_new0 (LkIdentity, 1);
  self->products = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_product_free);
  self->rearm_left = -1;
  return self;
}

void
lk_reading_free (LkReading *self)
{
  if (self == NULL)
    return;
  lk_identity_free (self->identity);
  g_clear_pointer (&self->products, g_ptr_array_unref);
  g_free (self->service_version);
  g_free (self->os_version);
  g_free (self->stack);
  g_free (self);
}

char *
lk_machine_make_full_name (const char *name, const char *fqdn, const char *domain)
{
  if (fqdn != NULL && *fqdn != '\0')
    return g_strdup (fqdn);
  /* A workgroup or a NetBIOS domain has no dot and says nothing about names. */
  if (strchr (name, '.') == NULL && strchr (name, ':') == NULL && domain != NULL &&
      strchr (domain, '.') != NULL)
    return g_strconcat (name, ".", domain, NULL);

  return g_strdup (name);
}
