/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "wsman/lk-wsman-row.h"

#include "wsman/lk-wsman-names.h"

#include <string.h>

struct _LkWsmanRow
{
  GPtrArray *values; /* name, value, name, value, … */
};

static gboolean
is_nil (const xmlNode *node)
{
  g_autofree char *nil = lk_xml_attribute (node, LK_NS_XSI, "nil");

  return nil != NULL && (g_ascii_strcasecmp (nil, "true") == 0 || strcmp (nil, "1") == 0);
}

/* Windows wraps times in cim:Datetime, or in Datetime without a namespace when columns were named;
 * others write them bare. References and embedded objects are of no use here. */
static char *
read_value (const xmlNode *property)
{
  const xmlNode *child = lk_xml_first (property);

  if (is_nil (property))
    return NULL;
  if (child == NULL)
    return lk_xml_text (property);

  return lk_xml_is (child, NULL, "Datetime") || lk_xml_is (child, NULL, "Interval")
             ? lk_xml_text (child)
             : NULL;
}

LkWsmanRow *
lk_wsman_row_new (const xmlNode *instance)
{
  LkWsmanRow *self = g_new0 (LkWsmanRow, 1);

  self->values = g_ptr_array_new_with_free_func (g_free);
  for (const xmlNode *node = lk_xml_first (instance); node != NULL; node = lk_xml_next (node))
    {
      char *value = read_value (node);

      if (value == NULL)
        continue;
      g_ptr_array_add (self->values, g_strdup ((const char *) node->name));
      g_ptr_array_add (self->values, value);
    }

  return self;
}

void
lk_wsman_row_free (LkWsmanRow *row)
{
  if (row == NULL)
    return;
  g_clear_pointer (&row->values, g_ptr_array_unref);
  g_free (row);
}

const char *
lk_wsman_row_get_nth (const LkWsmanRow *row, const char *property, guint n)
{
  for (guint i = 0; i + 1 < row->values->len; i += 2)
    if (strcmp (row->values->pdata[i], property) == 0 && n-- == 0)
      return row->values->pdata[i + 1];

  return NULL;
}

const char *
lk_wsman_row_get (const LkWsmanRow *row, const char *property)
{
  return lk_wsman_row_get_nth (row, property, 0);
}

gboolean
lk_wsman_row_get_uint (const LkWsmanRow *row, const char *property, guint64 *out)
{
  return lk_text_to_uint (lk_wsman_row_get (row, property), G_MAXUINT64, out);
}

gboolean
lk_wsman_row_get_boolean (const LkWsmanRow *row, const char *property)
{
  const char *text = lk_wsman_row_get (row, property);

  return text != NULL && (g_ascii_strcasecmp (text, "true") == 0 || strcmp (text, "1") == 0);
}

gint64
lk_wsman_row_get_time (const LkWsmanRow *row, const char *property)
{
  const char *text = lk_wsman_row_get (row, property);
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, utc) : NULL;

  if (time == NULL || g_date_time_get_year (time) <= 1601)
    return 0;

  return g_date_time_to_unix (time) * 1000 + g_date_time_get_microsecond (time) / 1000;
}
