/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-machine.h"

#include <glib/gi18n-lib.h>

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
