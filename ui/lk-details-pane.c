/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-details-pane.h"

#include "console/lk-console-trust.h"
#include "domain/lk-codes.h"
#include "domain/lk-identifiers.h"
#include "model/lk-table-list.h"
#include "ui/lk-event-row.h"
#include "ui/lk-explanation.h"
#include "ui/lk-fact.h"
#include "ui/lk-field.h"
#include "ui/lk-merged-list.h"
#include "ui/lk-product-columns.h"

#include <glib/gi18n.h>

#define LTR_MARK   "\xE2\x80\x8E"
#define MAX_EVENTS 50
#define MOMENT     150 /* ms: who walks through the list wants no timeline of each row */

struct _LkDetailsPane
{
  AdwBin parent_instance;

  LkDesk *desk;
  LkTableList *events;
  LkRowItem *item;
  gulong filled_id;
  guint timeline_id;
  guint32 shown_reason;
  guint32 shown_code;

  GtkStack *stack;
  GtkLabel *which;
  GtkLabel *heading;
  GtkWidget *state_box;
  GtkImage *state_icon;
  GtkLabel *state_label;
  AdwBin *reason;
  GtkWidget *result_box;
  GtkLabel *result;
  AdwBin *result_code;
  GtkWidget *check;
  GtkWidget *certificate;
  GtkWidget *license_heading;
  LkFact *product;
  LkFact *edition;
  LkFact *days;
  LkFact *activated;
  LkFact *kms;
  GtkWidget *key_heading;
  LkFact *key;
  LkFact *kind;
  LkFact *epid;
  LkFact *iid;
  LkFact *cid;
  LkFact *name;
  LkFact *fqdn;
  LkFact *domain;
  LkFact *address;
  LkFact *uuid;
  LkFact *cmid;
  LkFact *tags;
  LkFact *os;
  LkFact *rearm;
  LkFact *read;
  LkMergedList *merged;
  GtkListBox *timeline;
};

G_DEFINE_FINAL_TYPE (LkDetailsPane, lk_details_pane, ADW_TYPE_BIN)

static void
show_digits (LkFact *fact, const char *digits)
{
  g_autofree char *groups = digits != NULL ? lk_digits_to_groups (digits) : NULL;
  gboolean is_rtl = gtk_widget_get_direction (GTK_WIDGET (fact)) == GTK_TEXT_DIR_RTL;
  /* Groups are said from left to right in every language; digits alone take the direction of what
   * is around them. */
  g_autofree char *text =
      groups != NULL && is_rtl ? g_strconcat (LTR_MARK, groups, NULL) : g_strdup (groups);

  lk_fact_set_value_and_copy (fact, text, digits);
}

static void
show_code (AdwBin *bin, guint32 code, guint32 *shown, gboolean is_open)
{
  gtk_widget_set_visible (GTK_WIDGET (bin), code != 0);
  if (code == *shown)
    return;
  *shown = code;
  adw_bin_set_child (bin, lk_explanation_new (code, is_open));
}

static void
show_license (LkDetailsPane *self, const LkRow *row)
{
  const LkProduct *product = row->product;
  guint minutes = product->grace_minutes;
  guint n_days = LK_MINUTES_TO_DAYS (minutes);
  g_autofree char *days = g_strdup_printf (g_dngettext (NULL, "%u day", "%u days", n_days), n_days);
  g_autofree char *left =
      g_strdup_printf (g_dngettext (NULL, "%s (%'u minute)", "%s (%'u minutes)", minutes), days,
                       minutes);
  g_autofree char *kms = product->kms_machine != NULL && product->kms_port != 0
                             ? g_strdup_printf ("%s:%u", product->kms_machine, product->kms_port)
                             : g_strdup (product->kms_machine);
  const char *styles[] = { lk_license_status_to_style (product->status), NULL };

  gtk_widget_set_css_classes (self->state_box, styles);
  gtk_image_set_from_icon_name (self->state_icon, lk_license_status_to_icon (product->status));
  gtk_label_set_text (self->state_label, lk_license_status_to_title (product->status));
  /* What is no failure explains itself. */
  show_code (self->reason, product->status_reason, &self->shown_reason,
             (product->status_reason & 0x80000000) != 0);
  gtk_widget_set_visible (self->license_heading, product->application_id != NULL);
  lk_fact_set_value (self->product, product->name);
  lk_fact_set_value (self->edition, product->edition);
  lk_fact_set_value (self->days, minutes > 0 ? left : NULL);
  lk_fact_set_value (self->activated, row->is_subscription ? _ ("Activated by subscription")
                                      : row->has_oem_key   ? _ ("OEM entitlement in the firmware")
                                                           : NULL);
  lk_fact_set_value (self->kms, kms);
}

static void
show_key (LkDetailsPane *self, const LkRow *row)
{
  const LkProduct *product = row->product;
  g_autofree char *mask =
      product->partial_key != NULL ? lk_product_key_mask (product->partial_key) : NULL;
  gboolean has_product = product->application_id != NULL;

  gtk_widget_set_visible (self->key_heading, has_product);
  lk_fact_set_value (self->key, mask);
  lk_fact_set_value (self->kind, has_product ? lk_key_kind_to_title (product->key_kind) : NULL);
  lk_fact_set_value (self->epid, product->epid);
  show_digits (self->iid, product->iid);
  show_digits (self->cid, row->cid);
}

static void
show_machine (LkDetailsPane *self, const LkRow *row)
{
  const LkIdentity *identity = row->identity;
  g_autofree char *address =
      g_strdup_printf (row->tls ? _ ("%s, port %u (TLS)") : _ ("%s, port %u"),
                       row->address != NULL ? row->address : row->name, row->port);
  g_autofree char *rearm = row->rearm_left >= 0 ? g_strdup_printf ("%d", row->rearm_left) : NULL;
  g_autofree char *read = lk_time_to_text (row->read_at);

  lk_fact_set_value (self->name, identity->name != NULL ? identity->name : row->name);
  lk_fact_set_value (self->fqdn, identity->fqdn);
  lk_fact_set_value (self->domain, identity->domain);
  lk_fact_set_value_and_copy (self->address, address,
                              row->address != NULL ? row->address : row->name);
  lk_fact_set_value (self->uuid, identity->uuid);
  lk_fact_set_value (self->cmid, identity->cmid);
  lk_fact_set_value (self->tags, row->tags);
  lk_fact_set_value (self->os, row->os_version);
  lk_fact_set_value (self->rearm, rearm);
  lk_fact_set_value (self->read, *read != '\0' ? read : _ ("never"));
}

static void
show_result (LkDetailsPane *self, const LkRow *row)
{
  gboolean is_failure = !row->last_ok && row->last_result != NULL;

  gtk_widget_set_visible (self->result_box, is_failure);
  gtk_widget_set_visible (self->certificate,
                          is_failure && lk_failure_is_of_certificate (row->last_result));
  gtk_label_set_text (self->result, is_failure ? row->last_result : "");
  show_code (self->result_code, is_failure ? row->last_code : 0, &self->shown_code, TRUE);
}

static gboolean
show_timeline (gpointer user_data)
{
  LkDetailsPane *self = user_data;
  const LkRow *row = self->item != NULL ? lk_row_item_get_row (self->item) : NULL;

  self->timeline_id = 0;
  if (self->events != NULL && row != NULL)
    {
      lk_table_list_set_of (self->events, row->machine_id);
      lk_merged_list_set_machine (self->merged, row->machine_id);
    }
  return G_SOURCE_REMOVE;
}

static void
plan_timeline (LkDetailsPane *self)
{
  const LkRow *row = self->item != NULL ? lk_row_item_get_row (self->item) : NULL;
  gint64 of = row != NULL ? row->machine_id : 0;

  g_clear_handle_id (&self->timeline_id, g_source_remove);
  if (self->events == NULL || lk_table_list_get_of (self->events) == of)
    return;
  lk_table_list_set_of (self->events, 0);
  lk_merged_list_set_machine (self->merged, 0);
  if (of != 0)
    self->timeline_id = g_timeout_add (MOMENT, show_timeline, self);
}

static void
on_filled (LkDetailsPane *self)
{
  const LkRow *row = self->item != NULL ? lk_row_item_get_row (self->item) : NULL;

  lk_field_show_page (self->stack, row != NULL ? "row" : "none");
  plan_timeline (self);
  if (row == NULL)
    return;
  gtk_label_set_text (self->heading, row->name);
  show_license (self, row);
  show_result (self, row);
  show_key (self, row);
  show_machine (self, row);
}

void
lk_details_pane_set_item (LkDetailsPane *self, LkRowItem *item, guint n_selected)
{
  g_autofree char *which =
      g_strdup_printf (g_dngettext (NULL, "The first of %'u selected row",
                                    "The first of %'u selected rows", n_selected),
                       n_selected);

  gtk_label_set_text (self->which, which);
  gtk_widget_set_visible (GTK_WIDGET (self->which), n_selected > 1);
  gtk_widget_set_visible (self->check, n_selected == 1);
  if (item == self->item && item != NULL)
    return;
  if (self->item != NULL)
    g_clear_signal_handler (&self->filled_id, self->item);
  g_set_object (&self->item, item);
  if (item != NULL)
    self->filled_id = g_signal_connect_swapped (item, "filled", G_CALLBACK (on_filled), self);
  on_filled (self);
}

static GtkWidget *
make_event (gpointer item, gpointer user_data)
{
  return lk_event_row_new (lk_table_item_get_value (item));
}

void
lk_details_pane_set_desk (LkDetailsPane *self, LkDesk *desk)
{
  GtkSliceListModel *latest;

  lk_details_pane_set_item (self, NULL, 0);
  gtk_list_box_bind_model (self->timeline, NULL, NULL, NULL, NULL);
  g_clear_object (&self->events);
  g_set_object (&self->desk, desk);
  lk_merged_list_set_desk (self->merged, desk);
  if (desk == NULL)
    return;

  self->events = lk_table_list_new (lk_desk_get_reader (desk), &lk_table_events, 0);
  latest = gtk_slice_list_model_new (g_object_ref (G_LIST_MODEL (self->events)), 0, MAX_EVENTS);
  gtk_list_box_bind_model (self->timeline, G_LIST_MODEL (latest), make_event, NULL, NULL);
  g_object_unref (latest);
}

static void
lk_details_pane_dispose (GObject *object)
{
  LkDetailsPane *self = LK_DETAILS_PANE (object);

  g_clear_handle_id (&self->timeline_id, g_source_remove);
  if (self->item != NULL)
    g_clear_signal_handler (&self->filled_id, self->item);
  g_clear_object (&self->item);
  g_clear_object (&self->events);
  g_clear_object (&self->desk);
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_details_pane_parent_class)->dispose (object);
}

#define BIND(child) gtk_widget_class_bind_template_child (widget_class, LkDetailsPane, child)

static void
lk_details_pane_class_init (LkDetailsPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_details_pane_dispose;

  g_type_ensure (LK_TYPE_FACT);
  g_type_ensure (LK_TYPE_MERGED_LIST);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-details-pane.ui");
  BIND (stack);
  BIND (which);
  BIND (heading);
  BIND (state_box);
  BIND (state_icon);
  BIND (state_label);
  BIND (reason);
  BIND (result_box);
  BIND (result);
  BIND (result_code);
  BIND (check);
  BIND (certificate);
  BIND (license_heading);
  BIND (product);
  BIND (edition);
  BIND (days);
  BIND (activated);
  BIND (kms);
  BIND (key_heading);
  BIND (key);
  BIND (kind);
  BIND (epid);
  BIND (iid);
  BIND (cid);
  BIND (name);
  BIND (fqdn);
  BIND (domain);
  BIND (address);
  BIND (uuid);
  BIND (cmid);
  BIND (tags);
  BIND (os);
  BIND (rearm);
  BIND (read);
  BIND (merged);
  BIND (timeline);
}

static void
lk_details_pane_init (LkDetailsPane *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
