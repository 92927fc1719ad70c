/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-request.h"

#include "base/lk-error.h"

#include <string.h>

#define MAX_SELECTORS  16
#define MAX_PARAMETERS 64

static const LkXmlLimits limits = {
  .max_bytes = LK_LAB_MAX_REQUEST,
  .max_text = 64 * 1024,
  .max_elements = 1000,
};

void
lk_lab_request_free (LkLabRequest *self)
{
  if (self == NULL)
    return;
  g_free (self->action);
  g_free (self->message_id);
  g_free (self->operation_id);
  g_free (self->resource);
  g_free (self->namespace_);
  g_free (self->class_name);
  g_ptr_array_unref (self->selectors);
  g_free (self->unknown_name);
  g_free (self->unknown_ns);
  g_free (self->filter);
  g_free (self->filter_dialect);
  g_free (self->mode_text);
  g_free (self->context);
  g_free (self->method);
  /* A parameter may be a product key. */
  for (guint i = 1; i < self->parameters->len; i += 2)
    memset (self->parameters->pdata[i], 0, strlen (self->parameters->pdata[i]));
  g_ptr_array_unref (self->parameters);
  g_free (self);
}

static const char *
get_pair (GPtrArray *pairs, const char *name, gboolean any_case)
{
  for (guint i = 0; i + 1 < pairs->len; i += 2)
    if (any_case ? g_ascii_strcasecmp (pairs->pdata[i], name) == 0
                 : g_str_equal (pairs->pdata[i], name))
      return pairs->pdata[i + 1];

  return NULL;
}

const char *
lk_lab_request_get_selector (const LkLabRequest *self, const char *name)
{
  return get_pair (self->selectors, name, TRUE);
}

const char *
lk_lab_request_get_parameter (const LkLabRequest *self, const char *name)
{
  return get_pair (self->parameters, name, FALSE);
}

static gboolean
is_true (const char *text)
{
  return text != NULL && (g_str_equal (text, "1") || g_ascii_strcasecmp (text, "true") == 0);
}

/* With the SOAP namespace, or without any: some clients write it so. */
static gboolean
must_understand (const xmlNode *header)
{
  g_autofree char *with = lk_xml_attribute (header, LK_LAB_NS_SOAP, "mustUnderstand");
  g_autofree char *without = lk_xml_attribute (header, NULL, "mustUnderstand");

  return is_true (with) || is_true (without);
}

static gboolean
is_known (const xmlNode *header)
{
  static const struct
  {
    const char *ns;
    const char *names[12];
  } known[] = {
    { LK_LAB_NS_WSA,
      { "To", "Action", "MessageID", "ReplyTo", "RelatesTo", "From", "FaultTo", NULL } },
    { LK_LAB_NS_WSMAN,
      { "ResourceURI", "MaxEnvelopeSize", "OperationTimeout", "Locale", "SelectorSet", "OptionSet",
        "RequestEPR", "FragmentTransfer", NULL } },
    { LK_LAB_NS_MSW,
      { "DataLocale", "SessionId", "OperationID", "SequenceId", "ActivityId", NULL } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (lk_xml_is (header, known[i].ns, (const char *) header->name))
      return g_strv_contains (known[i].names, (const char *) header->name);

  return FALSE;
}

static void
read_selectors (LkLabRequest *self, const xmlNode *set)
{
  for (xmlNode *node = lk_xml_first (set); node != NULL; node = lk_xml_next (node))
    {
      char *name = lk_xml_attribute (node, NULL, "Name");

      if (name == NULL || self->selectors->len >= 2 * MAX_SELECTORS)
        {
          g_free (name);
          continue;
        }
      g_ptr_array_add (self->selectors, name);
      g_ptr_array_add (self->selectors, lk_xml_text (node));
    }
}

static void
read_header (LkLabRequest *self, const xmlNode *header)
{
  g_autofree char *size = lk_xml_child_text (header, LK_LAB_NS_WSMAN, "MaxEnvelopeSize");

  self->action = lk_xml_child_text (header, LK_LAB_NS_WSA, "Action");
  self->message_id = lk_xml_child_text (header, LK_LAB_NS_WSA, "MessageID");
  self->operation_id = lk_xml_child_text (header, LK_LAB_NS_MSW, "OperationID");
  self->resource = lk_xml_child_text (header, LK_LAB_NS_WSMAN, "ResourceURI");
  if (!lk_text_to_uint (size, G_MAXUINT32, &self->max_envelope))
    self->max_envelope = LK_LAB_DEFAULT_ENVELOPE;
  read_selectors (self, lk_xml_child (header, LK_LAB_NS_WSMAN, "SelectorSet"));

  for (xmlNode *node = lk_xml_first (header); node != NULL && self->unknown_name == NULL;
       node = lk_xml_next (node))
    if (!is_known (node) && must_understand (node))
      {
        self->unknown_name = g_strdup ((const char *) node->name);
        self->unknown_ns = g_strdup (node->ns != NULL ? (const char *) node->ns->href : "");
      }
}

/* Takes the namespace out of the selectors, where the DMTF dialect has it. */
static char *
take_namespace_selector (LkLabRequest *self)
{
  for (guint i = 0; i + 1 < self->selectors->len; i += 2)
    if (g_ascii_strcasecmp (self->selectors->pdata[i], "__cimnamespace") == 0)
      {
        char *value = g_ascii_strdown (self->selectors->pdata[i + 1], -1);

        g_ptr_array_remove_range (self->selectors, i, 2);
        return g_strdelimit (value, "\\", '/');
      }

  return NULL;
}

/* URIs compare without case, class names keep theirs. */
static void
read_resource (LkLabRequest *self)
{
  g_autofree char *selected = take_namespace_selector (self);
  const char *uri = self->resource;
  const char *slash;

  if (uri == NULL)
    return;

  if (g_ascii_strncasecmp (uri, LK_LAB_WMI_URI, strlen (LK_LAB_WMI_URI)) == 0)
    {
      uri += strlen (LK_LAB_WMI_URI);
      slash = strrchr (uri, '/');
      if (slash == NULL)
        return;
      g_free (self->namespace_);
      self->namespace_ = g_ascii_strdown (uri, slash - uri);
      self->class_name = g_strdup (slash + 1);
    }
  else if (g_ascii_strncasecmp (uri, LK_LAB_DMTF_URI, strlen (LK_LAB_DMTF_URI)) == 0)
    {
      self->is_dmtf = TRUE;
      self->namespace_ =
          selected != NULL ? g_steal_pointer (&selected) : g_strdup ("root/hardware");
      self->class_name = g_strdup (uri + strlen (LK_LAB_DMTF_URI));
    }
}

static void
read_enumerate (LkLabRequest *self, const xmlNode *body)
{
  const xmlNode *enumerate = lk_xml_child (body, LK_LAB_NS_WSEN, "Enumerate");
  const xmlNode *filter = lk_xml_child (enumerate, LK_LAB_NS_WSMAN, "Filter");
  g_autofree char *max = lk_xml_child_text (enumerate, LK_LAB_NS_WSMAN, "MaxElements");
  g_autofree char *mode = lk_xml_child_text (enumerate, LK_LAB_NS_WSMAN, "EnumerationMode");

  if (filter == NULL)
    filter = lk_xml_child (enumerate, LK_LAB_NS_WSEN, "Filter");
  self->filter = lk_xml_text (filter);
  self->filter_dialect = lk_xml_attribute (filter, NULL, "Dialect");
  self->optimize = lk_xml_child (enumerate, LK_LAB_NS_WSMAN, "OptimizeEnumeration") != NULL;
  lk_text_to_uint (max, G_MAXUINT32, &self->max_elements);

  if (mode == NULL)
    return;
  if (g_str_equal (mode, "EnumerateEPR"))
    self->mode = LK_LAB_EPRS;
  else if (g_str_equal (mode, "EnumerateObjectAndEPR"))
    self->mode = LK_LAB_OBJECTS_AND_EPRS;
  else
    self->mode_text = g_steal_pointer (&mode);
}

static void
read_context (LkLabRequest *self, const xmlNode *body)
{
  const xmlNode *pull = lk_xml_first (body);
  g_autofree char *max = lk_xml_child_text (pull, LK_LAB_NS_WSEN, "MaxElements");

  self->context = lk_xml_child_text (pull, LK_LAB_NS_WSEN, "EnumerationContext");
  lk_text_to_uint (max, G_MAXUINT32, &self->max_elements);
}

/* The action is the class URI and the method's name behind a slash. */
static void
read_invoke (LkLabRequest *self, const xmlNode *body)
{
  const char *slash = strrchr (self->action, '/');
  const xmlNode *input = lk_xml_first (body);

  if (slash == NULL || self->resource == NULL ||
      strlen (self->resource) != (gsize) (slash - self->action) ||
      g_ascii_strncasecmp (self->action, self->resource, (gsize) (slash - self->action)) != 0)
    return;

  self->operation = LK_LAB_INVOKE;
  self->method = g_strdup (slash + 1);
  for (xmlNode *node = lk_xml_first (input);
       node != NULL && self->parameters->len < 2 * MAX_PARAMETERS; node = lk_xml_next (node))
    {
      g_ptr_array_add (self->parameters, g_strdup ((const char *) node->name));
      g_ptr_array_add (self->parameters, lk_xml_text (node));
    }
}

static void
read_operation (LkLabRequest *self, const xmlNode *body)
{
  static const struct
  {
    const char *action;
    LkLabOperation operation;
  } actions[] = {
    { LK_LAB_NS_WXF "/Get", LK_LAB_GET },
    { LK_LAB_NS_WSEN "/Enumerate", LK_LAB_ENUMERATE },
    { LK_LAB_NS_WSEN "/Pull", LK_LAB_PULL },
    { LK_LAB_NS_WSEN "/Release", LK_LAB_RELEASE },
  };

  if (lk_xml_child (body, LK_LAB_NS_WSMID, "Identify") != NULL)
    self->operation = LK_LAB_IDENTIFY;
  for (guint i = 0; self->action != NULL && i < G_N_ELEMENTS (actions); i++)
    if (g_ascii_strcasecmp (self->action, actions[i].action) == 0)
      self->operation = actions[i].operation;

  if (self->operation == LK_LAB_ENUMERATE)
    read_enumerate (self, body);
  else if (self->operation == LK_LAB_PULL || self->operation == LK_LAB_RELEASE)
    read_context (self, body);
  else if (self->operation == LK_LAB_OTHER && self->action != NULL)
    read_invoke (self, body);
}

LkLabRequest *
lk_lab_request_parse (const char *data, gsize length, GError **error)
{
  g_autoptr (xmlDoc) doc = lk_xml_parse (data, length, &limits, "The request", error);
  g_autoptr (LkLabRequest) self = NULL;
  xmlNode *envelope;
  xmlNode *body;

  if (doc == NULL)
    return NULL;

  envelope = xmlDocGetRootElement (doc);
  body = lk_xml_child (envelope, LK_LAB_NS_SOAP, "Body");
  if (!lk_xml_is (envelope, LK_LAB_NS_SOAP, "Envelope") || body == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, "The request is no SOAP envelope");
      return NULL;
    }

  self = g_new0 (LkLabRequest, 1);
  self->selectors = g_ptr_array_new_with_free_func (g_free);
  self->parameters = g_ptr_array_new_with_free_func (g_free);
  read_header (self, lk_xml_child (envelope, LK_LAB_NS_SOAP, "Header"));
  read_resource (self);
  read_operation (self, body);
  return g_steal_pointer (&self);
}
