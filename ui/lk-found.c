/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-found.h"

#include <glib/gi18n.h>

struct _LkFound
{
  GObject parent_instance;

  LkSighting *sighting;
  char *os;
  LkFoundMarks marks;
  gboolean is_chosen;
};

typedef enum
{
  PROP_MARKS = 1,
  PROP_IS_CHOSEN,
} LkFoundProp;

static GParamSpec *properties[PROP_IS_CHOSEN + 1];

G_DEFINE_FINAL_TYPE (LkFound, lk_found, G_TYPE_OBJECT)

LkFound *
lk_found_new (const LkSighting *sighting, const char *os, LkFoundMarks marks)
{
  LkFound *self = g_object_new (LK_TYPE_FOUND, NULL);

  self->sighting = lk_sighting_copy (sighting);
  self->os = g_strdup (os);
  self->marks = marks;
  self->is_chosen = !lk_found_is_known (self);
  return self;
}

const LkSighting *
lk_found_get_sighting (LkFound *self)
{
  return self->sighting;
}

gboolean
lk_found_is_chosen (LkFound *self)
{
  return self->is_chosen;
}

void
lk_found_set_chosen (LkFound *self, gboolean is_chosen)
{
  if (self->is_chosen == is_chosen)
    return;
  self->is_chosen = is_chosen;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_CHOSEN]);
}

gboolean
lk_found_is_known (LkFound *self)
{
  return (self->marks & LK_FOUND_KNOWN) != 0;
}

void
lk_found_set_known (LkFound *self, gboolean is_known)
{
  if (lk_found_is_known (self) == is_known)
    return;
  self->marks ^= LK_FOUND_KNOWN;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MARKS]);
}

static void
append (GString *text, const char *part)
{
  if (part != NULL)
    g_string_append_printf (text, "%s%s", text->len > 0 ? " · " : "", part);
}

char *
lk_found_describe (LkFound *self)
{
  const LkSighting *sighting = self->sighting;
  g_autoptr (GString) text = g_string_new (NULL);

  if (g_strcmp0 (sighting->address, sighting->name) != 0)
    append (text, sighting->address);
  append (text, sighting->domain);
  if (sighting->port != 0)
    {
      g_autofree char *port = g_strdup_printf (_ ("port %u"), sighting->port);

      append (text, port);
    }
  if (sighting->tls)
    append (text, "TLS");
  append (text, self->os);
  append (text, sighting->means);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
lk_found_describe_marks (LkFound *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->marks & LK_FOUND_KNOWN)
    append (text, _ ("Known already"));
  if (self->marks & LK_FOUND_STALE)
    append (text, _ ("Stale"));
  if (self->marks & LK_FOUND_DISABLED)
    append (text, _ ("Disabled"));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
lk_found_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  LkFound *self = LK_FOUND (object);

  switch ((LkFoundProp) prop_id)
    {
    case PROP_MARKS:
      g_value_set_uint (value, self->marks);
      break;
    case PROP_IS_CHOSEN:
      g_value_set_boolean (value, self->is_chosen);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lk_found_finalize (GObject *object)
{
  LkFound *self = LK_FOUND (object);

  lk_sighting_free (self->sighting);
  g_free (self->os);

  G_OBJECT_CLASS (lk_found_parent_class)->finalize (object);
}

static void
lk_found_class_init (LkFoundClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = lk_found_finalize;
  object_class->get_property = lk_found_get_property;

  properties[PROP_MARKS] = g_param_spec_uint ("marks", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_IS_CHOSEN] = g_param_spec_boolean ("is-chosen", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
lk_found_init (LkFound *self)
{
}
