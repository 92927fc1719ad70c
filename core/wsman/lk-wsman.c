/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "wsman/lk-wsman.h"

#include "base/lk-error.h"
#include "wsman/lk-wsman-names.h"
#include "wsman/lk-wsman-reply.h"
#include "wsman/lk-wsman-request.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#define READ_TIMEOUT_S  60
#define SLACK_MS        10000 /* the answer's way, on top of OperationTimeout */
#define ENVELOPE_SMALL  153600
#define ENVELOPE_LARGE  512000
#define BATCH_SMALL     20 /* all that WinRM 1.1 gives at once */
#define BATCH_LARGE     32000
#define MAX_EMPTY_PULLS 20

struct _LkWsman
{
  LkLink *link;
  char *to;
  LkDialect dialect;
  char *stack;
  char *os_version;
};

LkWsman *
lk_wsman_new (LkLink *link)
{
  LkWsman *self = g_new0 (LkWsman, 1);

  self->link = link;
  self->to = g_strdup_printf ("http://%s/wsman", lk_link_get_peer (link));
  return self;
}

void
lk_wsman_free (LkWsman *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->to, g_free);
  g_clear_pointer (&self->stack, g_free);
  g_clear_pointer (&self->os_version, g_free);
  g_free (self);
}

LkLink *
lk_wsman_get_link (LkWsman *self)
{
  return self->link;
}

void
lk_wsman_set_dialect (LkWsman *self, LkDialect dialect, const char *stack)
{
  g_autofree char *copy = g_strdup (stack);

  self->dialect = dialect;
  g_free (self->stack);
  self->stack = g_steal_pointer (&copy);
}

LkDialect
lk_wsman_get_dialect (LkWsman *self)
{
  return self->dialect;
}

const char *
lk_wsman_get_stack (LkWsman *self)
{
  return self->stack;
}

const char *
lk_wsman_get_os_version (LkWsman *self)
{
  return self->os_version;
}

static guint
get_stack_major (LkWsman *self)
{
  return self->stack != NULL ? (guint) g_ascii_strtoull (self->stack, NULL, 10) : 0;
}

/* Puts the machine and the step before what the layers below said, keeping the code. */
static void
prefix (LkWsman *self, const char *doing, gboolean changing, GError **error)
{
  if (error == NULL || *error == NULL)
    return;
  g_prefix_error (error, "%s: %s: ", lk_link_get_peer (self->link), doing);
  if (changing && lk_link_was_sent (self->link))
    lk_error_mark_sent (*error);
}

/* Posts one message and gives its answer; a fault becomes the error. */
static LkWsmanReply *
exchange (LkWsman *self,
          GBytes *message,
          const char *message_id,
          const char *doing,
          gboolean changing,
          guint timeout_ms,
          GCancellable *cancellable,
          GError **error)
{
  gsize length = 0;
  const void *data = g_bytes_get_data (message, &length);
  g_autoptr (LkHttpMessage) answer = lk_link_post (self->link, LK_WSMAN_CONTENT_TYPE, data, length,
                                                   changing, timeout_ms, cancellable, error);
  g_autoptr (LkWsmanReply) reply = NULL;
  g_autoptr (LkWsmanFault) fault = NULL;

  if (answer == NULL)
    return NULL;

  reply = lk_wsman_reply_parse (answer->body->data, answer->body->len, message_id, error);
  if (reply == NULL)
    {
      prefix (self, doing, changing, error);
      return NULL;
    }
  fault = lk_wsman_reply_read_fault (reply);
  if (fault == NULL)
    return g_steal_pointer (&reply);

  lk_wsman_fault_to_error (fault, lk_link_get_peer (self->link), doing, error);
  /* The machine gave up waiting; what it had begun may still come to its end. */
  if (changing && error != NULL && g_error_matches (*error, LK_ERROR, LK_ERROR_UNREACHABLE))
    lk_error_mark_sent (*error);
  return NULL;
}

/* "OS: 10.0.20348 SP: 0.0 Stack: 3.0" */
static char *
find_version (const char *text, const char *label)
{
  const char *start = text != NULL ? strstr (text, label) : NULL;
  gsize length;

  if (start == NULL)
    return NULL;

  start += strlen (label);
  start += strspn (start, " ");
  length = strspn (start, "0123456789.");
  return length > 0 && length <= 32 ? g_strndup (start, length) : NULL;
}

static void
learn_identity (LkWsman *self, const xmlNode *response)
{
  g_autofree char *vendor = lk_xml_child_text (response, NULL, "ProductVendor");
  g_autofree char *version = lk_xml_child_text (response, NULL, "ProductVersion");
  gboolean is_omi = vendor != NULL && strstr (vendor, "Open Management Infrastructure") != NULL;

  g_free (self->stack);
  g_free (self->os_version);
  self->dialect = is_omi ? LK_DIALECT_DMTF : LK_DIALECT_WMI;
  self->stack = find_version (version, "Stack:");
  self->os_version = find_version (version, "OS:");
  if (g_strcmp0 (self->os_version, "0.0.0") == 0) /* what strangers are told */
    g_clear_pointer (&self->os_version, g_free);
}

static LkWsmanReply *
ask_identity (LkWsman *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) message = lk_wsman_write_identify ();
  g_autoptr (GError) cause = NULL;
  LkWsmanReply *reply = exchange (self, message, NULL, "Identify", FALSE, 0, cancellable, &cause);

  /* OMI hangs up on a sealed message in Windows' form. Who is known by Windows' dialect is spared
   * the second try. */
  if (reply == NULL && self->stack == NULL && lk_link_was_sealing (self->link) &&
      lk_link_get_problem (self->link) == LK_LINK_PROBLEM_CLOSED)
    {
      lk_link_set_foreign (self->link, TRUE);
      reply = exchange (self, message, NULL, "Identify", FALSE, 0, cancellable, error);
      if (reply == NULL)
        lk_link_set_foreign (self->link, FALSE);
      return reply;
    }

  if (reply == NULL)
    g_propagate_error (error, g_steal_pointer (&cause));
  return reply;
}

gboolean
lk_wsman_identify (LkWsman *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (LkWsmanReply) reply = ask_identity (self, cancellable, error);

  if (reply == NULL)
    return FALSE;
  if (!lk_xml_is (reply->content, NULL, "IdentifyResponse"))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
                   _ ("%s: Identify: the answer does not identify anything"),
                   lk_link_get_peer (self->link));
      return FALSE;
    }

  learn_identity (self, reply->content);
  return TRUE;
}

/* @class_name "*" is every class of the namespace, which is how Windows wants WQL. */
static char *
make_uri (LkWsman *self, const char *class_name)
{
  return g_strconcat (self->dialect == LK_DIALECT_DMTF ? LK_WSMAN_DMTF_PREFIX : LK_WSMAN_WMI_PREFIX,
                      class_name, NULL);
}

static LkWsmanRequest
make_request (LkWsman *self, const char *uri, const char *message_id, guint timeout_s)
{
  LkWsmanRequest request = { .to = self->to, .resource_uri = uri, .message_id = message_id };

  request.cim_namespace = self->dialect == LK_DIALECT_DMTF ? LK_WSMAN_CIMV2 : NULL;
  request.max_envelope = get_stack_major (self) >= 3 ? ENVELOPE_LARGE : ENVELOPE_SMALL;
  request.timeout_s = timeout_s;
  return request;
}

static LkWsmanBatch *
fetch_batch (LkWsman *self,
             const char *uri,
             const char *wql,
             const char *context,
             guint max_elements,
             GCancellable *cancellable,
             GError **error)
{
  g_autofree char *id = lk_wsman_new_message_id ();
  LkWsmanRequest request = make_request (self, uri, id, READ_TIMEOUT_S);
  g_autoptr (GBytes) message = context == NULL
                                   ? lk_wsman_write_enumerate (&request, wql, max_elements)
                                   : lk_wsman_write_pull (&request, context, max_elements);
  const char *doing = context == NULL ? "Enumerate" : "Pull";
  g_autoptr (LkWsmanReply) reply =
      exchange (self, message, id, doing, FALSE, 0, cancellable, error);
  LkWsmanBatch *batch;

  if (reply == NULL)
    return NULL;

  batch = lk_wsman_reply_read_batch (reply, error);
  if (batch == NULL)
    prefix (self, doing, FALSE, error);
  return batch;
}

/* A courtesy: contexts count against the machine's quotas until they expire. */
static void
release (LkWsman *self, const char *uri, const char *context, GCancellable *cancellable)
{
  g_autofree char *id = lk_wsman_new_message_id ();
  LkWsmanRequest request = make_request (self, uri, id, READ_TIMEOUT_S);
  g_autoptr (GBytes) message = lk_wsman_write_release (&request, context);

  lk_wsman_reply_free (exchange (self, message, id, "Release", FALSE, 0, cancellable, NULL));
}

static gboolean
take_batch (LkWsman *self,
            LkWsmanBatch *batch,
            const char *context,
            GPtrArray *rows,
            guint max_rows,
            GError **error)
{
  if (batch->rows->len > max_rows - rows->len)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
                   _ ("%s: Enumerate: there are more than %u items"), lk_link_get_peer (self->link),
                   max_rows);
      return FALSE;
    }
  if (!batch->is_last && context == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
                   _ ("%s: Enumerate: the items neither end nor go on"),
                   lk_link_get_peer (self->link));
      return FALSE;
    }

  g_ptr_array_extend_and_steal (rows, g_steal_pointer (&batch->rows));
  return TRUE;
}

GPtrArray *
lk_wsman_query (LkWsman *self,
                const char *class_name,
                const char *wql,
                guint max_rows,
                GCancellable *cancellable,
                GError **error)
{
  gboolean is_dmtf = self->dialect == LK_DIALECT_DMTF;
  g_autofree char *uri = make_uri (self, is_dmtf ? class_name : "*");
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_wsman_row_free);
  guint limit = get_stack_major (self) == 1 ? BATCH_SMALL : BATCH_LARGE;
  g_autofree char *context = NULL;
  guint n_empty = 0;
  gboolean done = FALSE;

  while (!done)
    {
      g_autoptr (GError) cause = NULL;
      g_autoptr (LkWsmanBatch) batch =
          fetch_batch (self, uri, wql, context, limit, cancellable, &cause);
      gboolean ok = batch != NULL;

      if (ok)
        {
          g_free (context);
          context = g_steal_pointer (&batch->context);
          done = batch->is_last;
          n_empty = batch->rows->len == 0 ? n_empty + 1 : 0;
          ok = take_batch (self, batch, context, rows, max_rows, &cause);
        }
      if (ok && n_empty > MAX_EMPTY_PULLS)
        {
          g_set_error (&cause, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("%s: Pull: nothing comes any more"),
                       lk_link_get_peer (self->link));
          ok = FALSE;
        }
      if (!ok)
        {
          /* After a fault or a broken connection the context is of no use any more. */
          if (context != NULL && !done && g_error_matches (cause, LK_ERROR, LK_ERROR_BAD_REPLY))
            release (self, uri, context, cancellable);
          g_propagate_error (error, g_steal_pointer (&cause));
          return NULL;
        }
    }

  return g_steal_pointer (&rows);
}

LkWsmanRow *
lk_wsman_get (LkWsman *self,
              const char *class_name,
              const char *const *selectors,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *uri = make_uri (self, class_name);
  g_autofree char *id = lk_wsman_new_message_id ();
  LkWsmanRequest request = make_request (self, uri, id, READ_TIMEOUT_S);
  g_autoptr (GBytes) message = NULL;
  g_autoptr (LkWsmanReply) reply = NULL;

  request.selectors = selectors;
  message = lk_wsman_write_get (&request);
  reply = exchange (self, message, id, "Get", FALSE, 0, cancellable, error);
  if (reply == NULL)
    return NULL;
  if (reply->content != NULL)
    return lk_wsman_row_new (reply->content);

  g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("%s: Get: the answer is empty"),
               lk_link_get_peer (self->link));
  return NULL;
}

/* Registry methods report Win32 codes here, and licensing methods 0: their failures are faults. */
static gboolean
check_return_value (LkWsman *self,
                    const LkWsmanRow *row,
                    const char *method,
                    gboolean changing,
                    guint32 *return_value,
                    GError **error)
{
  guint64 value = 0;

  if (!lk_wsman_row_get_uint (row, "ReturnValue", &value) || value > G_MAXUINT32)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("the answer has no ReturnValue"));
      prefix (self, method, changing, error);
      return FALSE;
    }
  if (return_value != NULL)
    *return_value = (guint32) value;
  if (return_value != NULL || value == 0)
    return TRUE;

  lk_error_set_remote (error, LK_ERROR_REJECTED, (guint32) value, _ ("%s: %s returned %u (0x%08X)"),
                       lk_link_get_peer (self->link), method, (guint32) value, (guint32) value);
  return FALSE;
}

LkWsmanRow *
lk_wsman_invoke (LkWsman *self,
                 const char *class_name,
                 const char *const *selectors,
                 const char *method,
                 const char *const *parameters,
                 gboolean reads_only,
                 guint timeout_s,
                 guint32 *return_value,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autofree char *uri = make_uri (self, class_name);
  g_autofree char *id = lk_wsman_new_message_id ();
  LkWsmanRequest request = make_request (self, uri, id, timeout_s);
  g_autoptr (GBytes) message = NULL;
  g_autoptr (LkWsmanReply) reply = NULL;
  g_autoptr (LkWsmanRow) row = NULL;
  const xmlNode *output;
  gsize length = 0;

  request.selectors = selectors;
  message = lk_wsman_write_invoke (&request, method, parameters);
  reply = exchange (self, message, id, method, !reads_only, timeout_s * 1000 + SLACK_MS,
                    cancellable, error);
  /* It may hold a product key. */
  sodium_memzero ((void *) g_bytes_get_data (message, &length), g_bytes_get_size (message));
  if (reply == NULL)
    return NULL;

  output = lk_wsman_reply_find_output (reply, method);
  if (output == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("the answer is to something else"));
      prefix (self, method, !reads_only, error);
      return NULL;
    }

  row = lk_wsman_row_new (output);
  if (!check_return_value (self, row, method, !reads_only, return_value, error))
    return NULL;

  return g_steal_pointer (&row);
}
