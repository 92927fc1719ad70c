/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-order-dialog.h"

#include "console/lk-console-keys.h"
#include "console/lk-preview.h"
#include "domain/lk-job.h"
#include "ui/lk-field.h"
#include "ui/lk-line-list.h"
#include "ui/lk-order-text.h"

#include <glib/gi18n.h>

struct _LkOrderDialog
{
  AdwWindow parent_instance;

  LkDesk *desk;
  LkOrderAsk *order;
  LkOrderSheet *sheet; /* of what is shown */
  GPtrArray *keys;     /* of the chooser */
  GPtrArray *rows;     /* for passwords, in the order of the sheet's sets */
  GCancellable *cancellable;
  gboolean is_filling;
  gboolean is_busy;

  GtkButton *go;
  GtkWidget *problem_group;
  GtkWidget *problem;
  GtkWidget *anyway_row;
  GtkSwitch *anyway;
  GtkWidget *method_group;
  GtkWidget *proxy_row;
  GtkWidget *online_row;
  GtkCheckButton *proxy;
  GtkCheckButton *online;
  AdwComboRow *key;
  GtkWidget *included;
  GtkWidget *left_out;
  GtkListView *included_list;
  GtkListView *left_out_list;
  GtkWidget *entitled_row;
  GtkSwitch *entitled;
  GtkWidget *cost_group;
  GtkWidget *cost;
  GtkWidget *leaves;
  GtkWidget *warning;
  AdwPreferencesGroup *passwords;
};

typedef enum
{
  SIGNAL_FILED,
  N_SIGNALS,
} LkOrderDialogSignal;

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LkOrderDialog, lk_order_dialog, ADW_TYPE_WINDOW)

static void
set_subtitle (GtkWidget *row, const char *text)
{
  if (ADW_IS_EXPANDER_ROW (row))
    adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (row), text);
  else
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), text);
}

static void
show_problem (LkOrderDialog *self, const char *text)
{
  gtk_widget_set_visible (self->problem_group, text != NULL);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->problem), text != NULL ? text : "");
}

static gboolean
needs_consent (LkOrderDialog *self)
{
  return self->sheet->preview->obstacle == LK_OBSTACLE_UNKNOWN_POOL;
}

static gboolean
can_go (LkOrderDialog *self)
{
  if (self->is_busy || self->sheet == NULL || self->sheet->preview->n_included == 0 ||
      self->sheet->trouble != NULL)
    return FALSE;
  if (needs_consent (self))
    return gtk_switch_get_active (self->anyway);
  return self->sheet->preview->obstacle == LK_OBSTACLE_NONE;
}

static void
on_changed (LkOrderDialog *self)
{
  gtk_widget_set_sensitive (GTK_WIDGET (self->go), can_go (self));
}

static gboolean
takes_key (LkOrderDialog *self)
{
  const char *plan = self->sheet->preview->plan;

  return lk_plan_spends (plan) || g_str_equal (plan, LK_PLAN_INSTALL_KEY) ||
         g_str_equal (plan, LK_PLAN_DEPOSIT);
}

/* Every plan but this one can do with what is installed. */
static guint
count_keyless (LkOrderDialog *self)
{
  return g_str_equal (self->sheet->preview->plan, LK_PLAN_INSTALL_KEY) ? 0 : 1;
}

static void
fill_chooser (LkOrderDialog *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);

  if (self->keys != NULL)
    return;
  self->keys = g_ptr_array_ref (self->sheet->keys);
  if (count_keyless (self) > 0)
    gtk_string_list_append (names, _ ("The one that is installed"));
  for (guint i = 0; i < self->keys->len; i++)
    {
      const LkKeyRow *row = self->keys->pdata[i];

      const char *title = lk_key_row_get_title (row);

      /* The whole mask is too long for a row; it stands below. */
      gtk_string_list_take (names, *title != '\0'
                                       ? g_strdup_printf ("%s · %s", row->last_five, title)
                                       : g_strdup (row->last_five));
    }
  adw_combo_row_set_model (self->key, G_LIST_MODEL (names));
}

static void
fill_key (LkOrderDialog *self)
{
  const LkKeyRow *key = self->sheet->preview->key;
  g_autofree char *pool = key != NULL ? lk_order_text_pool (key) : g_strdup ("");
  g_autofree char *mask = key != NULL ? lk_product_key_mask (key->last_five) : NULL;
  g_autofree char *both = mask != NULL ? g_strdup_printf ("%s\n%s", mask, pool) : g_strdup ("");

  fill_chooser (self);
  gtk_widget_set_visible (GTK_WIDGET (self->key), takes_key (self));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->key), both);
  for (guint i = 0; key != NULL && i < self->keys->len; i++)
    if (((LkKeyRow *) self->keys->pdata[i])->id == key->id)
      adw_combo_row_set_selected (self->key, i + count_keyless (self));
}

static void
fill_method (LkOrderDialog *self)
{
  const LkOrderSheet *sheet = self->sheet;
  gboolean is_proxy = g_str_equal (sheet->preview->plan, LK_PLAN_ACTIVATE_PROXY);
  g_autofree char *proxy = lk_order_text_method (LK_PLAN_ACTIVATE_PROXY, sheet->backend);
  g_autofree char *online = lk_order_text_method (LK_PLAN_ACTIVATE_ONLINE, sheet->backend);

  gtk_widget_set_visible (self->method_group, lk_plan_spends (sheet->preview->plan));
  set_subtitle (self->proxy_row, proxy);
  set_subtitle (self->online_row, online);
  gtk_check_button_set_active (is_proxy ? self->proxy : self->online, TRUE);
}

static void
fill_rows (LkOrderDialog *self)
{
  const LkPreview *preview = self->sheet->preview;
  g_autoptr (GtkStringList) in = gtk_string_list_new (NULL);
  g_autoptr (GtkStringList) out = gtk_string_list_new (NULL);
  g_autofree char *n_in =
      g_strdup_printf (ngettext ("%u product", "%u products", preview->n_included),
                       preview->n_included);
  g_autofree char *n_out =
      g_strdup_printf (ngettext ("%u left out", "%u left out", preview->n_left_out),
                       preview->n_left_out);
  g_autofree char *reasons = lk_order_text_left_out (preview);

  for (guint i = 0; i < preview->lines->len; i++)
    {
      const LkPreviewLine *line = preview->lines->pdata[i];

      gtk_string_list_take (line->fate == LK_FATE_LEFT_OUT ? out : in,
                            lk_order_text_line (preview, line));
    }
  lk_line_list_set (self->included_list, G_LIST_MODEL (in));
  lk_line_list_set (self->left_out_list, G_LIST_MODEL (out));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->included), n_in);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->left_out), n_out);
  set_subtitle (self->left_out, reasons);
  adw_expander_row_set_enable_expansion (ADW_EXPANDER_ROW (self->included),
                                         preview->n_included > 0);
  gtk_widget_set_visible (self->left_out, preview->n_left_out > 0);
}

static void
fill_entitled (LkOrderDialog *self)
{
  guint n = self->sheet->n_entitled;
  gboolean is_overruled = gtk_switch_get_active (self->entitled);
  g_autofree char *text =
      n > 0 ? g_strdup_printf (ngettext ("_Also %u that has a subscription or an OEM entitlement",
                                         "_Also %u that have a subscription or an OEM entitlement",
                                         n),
                               n)
            : g_strdup (_ ("_Also those that have a subscription or an OEM entitlement"));

  gtk_widget_set_visible (self->entitled_row,
                          (n > 0 && lk_order_ask_is_of_several (self->order)) || is_overruled);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->entitled_row), text);
}

static void
fill_cost (LkOrderDialog *self)
{
  const LkPreview *preview = self->sheet->preview;
  g_autoptr (GString) costs = g_string_new (NULL);
  g_autoptr (GString) warnings = g_string_new (NULL);
  g_autofree char *leaves = lk_order_text_leaves (preview, self->sheet->backend);

  for (guint i = 0; i < preview->costs->len; i++)
    {
      const LkCost *cost = preview->costs->pdata[i];
      g_autofree char *text = lk_cost_to_text (cost);

      g_string_append_printf (costs, _ ("%sKey %s: %s"), i > 0 ? "\n" : "", cost->last_five, text);
    }
  if (preview->costs->len == 0)
    g_string_append (costs, _ ("No activation is used"));
  for (guint i = 0; i < self->sheet->warnings->len; i++)
    g_string_append_printf (warnings, "%s%s", i > 0 ? "\n" : "",
                            (const char *) self->sheet->warnings->pdata[i]);

  set_subtitle (self->cost, costs->str);
  set_subtitle (self->leaves, leaves);
  set_subtitle (self->warning, warnings->str);
  gtk_widget_set_visible (self->warning, warnings->len > 0);
}

static void
fill_passwords (LkOrderDialog *self)
{
  const GPtrArray *asked = self->sheet->asked;

  gtk_widget_set_visible (GTK_WIDGET (self->passwords), asked->len > 0);
  if (self->rows->len > 0 || asked->len == 0) /* the machines stay the same */
    return;
  for (guint i = 0; i < asked->len; i++)
    {
      GtkWidget *row = adw_password_entry_row_new ();
      g_autofree char *title =
          g_strdup_printf (_ ("Password of the set “%s”"), (const char *) asked->pdata[i]);

      adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
      lk_field_name_eye (ADW_PASSWORD_ENTRY_ROW (row));
      adw_preferences_group_add (self->passwords, row);
      g_ptr_array_add (self->rows, row);
    }
}

static void
fill_button (LkOrderDialog *self)
{
  const LkPreview *preview = self->sheet->preview;
  g_autofree char *verb = lk_order_text_verb (preview);
  g_autofree char *name = g_strdup (verb + (*verb == '_'));

  gtk_button_set_label (self->go, verb);
  lk_field_name (GTK_WIDGET (self->go), name);
  gtk_window_set_title (GTK_WINDOW (self), lk_order_text_title (preview->plan));
}

static void
fill (LkOrderDialog *self)
{
  const LkPreview *preview = self->sheet->preview;
  g_autofree char *obstacle = lk_order_text_obstacle (preview);
  const char *problem = self->sheet->trouble != NULL ? self->sheet->trouble : obstacle;

  self->is_filling = TRUE;
  if (problem == NULL && preview->n_included == 0)
    problem = preview->rows->len == 0 ? _ ("There are no such machines")
                                      : _ ("Nothing is left to do here");
  show_problem (self, problem);
  gtk_widget_set_visible (self->anyway_row, needs_consent (self));
  fill_method (self);
  fill_key (self);
  fill_rows (self);
  fill_entitled (self);
  fill_cost (self);
  fill_passwords (self);
  fill_button (self);
  self->is_filling = FALSE;
  on_changed (self);
}

static void
on_sheet (gpointer answer, const GError *error, gpointer user_data)
{
  LkOrderDialog *self = user_data;
  gboolean is_first = self->sheet == NULL;

  self->is_busy = FALSE;
  if (answer == NULL && is_first)
    {
      g_signal_emit (self, signals[SIGNAL_FILED], 0, error->message, FALSE);
      gtk_window_destroy (GTK_WINDOW (self));
      return;
    }
  if (answer == NULL)
    {
      show_problem (self, error->message);
      on_changed (self);
      return;
    }

  g_clear_pointer (&self->sheet, lk_order_sheet_unref);
  self->sheet = answer;
  fill (self);
  if (is_first)
    gtk_window_present (GTK_WINDOW (self));
}

/* Only the last choice is answered. */
static void
ask (LkOrderDialog *self, gboolean suggests)
{
  LkOrderAsk *question = lk_order_ask_copy (self->order);

  question->suggests = suggests;
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->is_busy = TRUE;
  on_changed (self);
  lk_desk_call (self->desk, lk_order_call_preview, question, (GDestroyNotify) lk_order_ask_free,
                (GDestroyNotify) lk_order_sheet_unref, self->cancellable, on_sheet, self);
}

static void
on_chosen (LkOrderDialog *self)
{
  guint selected = adw_combo_row_get_selected (self->key);

  if (self->is_filling || self->sheet == NULL)
    return;
  if (lk_plan_spends (self->sheet->preview->plan))
    {
      g_free (self->order->plan);
      self->order->plan =
          g_strdup (gtk_check_button_get_active (self->proxy) ? LK_PLAN_ACTIVATE_PROXY
                                                              : LK_PLAN_ACTIVATE_ONLINE);
    }
  g_clear_pointer (&self->order->key_ref, g_free);
  if (takes_key (self) && selected != GTK_INVALID_LIST_POSITION &&
      selected >= count_keyless (self) && selected - count_keyless (self) < self->keys->len)
    {
      const LkKeyRow *row = self->keys->pdata[selected - count_keyless (self)];

      self->order->key_ref = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);
    }
  self->order->is_swept =
      lk_order_ask_is_of_several (self->order) && !gtk_switch_get_active (self->entitled);
  gtk_switch_set_active (self->anyway, FALSE); /* it was said of another run */
  ask (self, FALSE);
}

static void
on_filed (gpointer answer, const GError *error, gpointer user_data)
{
  LkOrderDialog *self = user_data;
  g_autofree LkOrderFiled *filed = answer;
  g_autofree char *text = NULL;

  self->is_busy = FALSE;
  if (filed == NULL)
    {
      show_problem (self, error->message);
      on_changed (self);
      return;
    }
  text = lk_order_text_filed (self->sheet->preview->plan, filed);
  g_signal_emit (self, signals[SIGNAL_FILED], 0, text, TRUE);
  gtk_window_destroy (GTK_WINDOW (self));
}

static gboolean
answer_passwords (LkOrderDialog *self)
{
  gboolean is_complete = TRUE;

  for (guint i = 0; i < self->rows->len; i++)
    {
      gboolean is_empty = *gtk_editable_get_text (self->rows->pdata[i]) == '\0';

      lk_field_mark (self->rows->pdata[i], is_empty ? _ ("A password is needed") : NULL);
      is_complete = is_complete && !is_empty;
    }
  for (guint i = 0; is_complete && i < self->rows->len && i < self->sheet->asked->len; i++)
    {
      g_autoptr (LkSecret) password =
          lk_secret_new (gtk_editable_get_text (self->rows->pdata[i]), -1);

      lk_desk_answer_credential (self->desk, self->sheet->asked->pdata[i], password);
    }
  return is_complete;
}

static void
on_go (LkOrderDialog *self)
{
  LkOrderFiling *filing;

  if (!can_go (self) || !answer_passwords (self))
    return;
  filing = g_new0 (LkOrderFiling, 1);
  filing->sheet = lk_order_sheet_ref (self->sheet);
  filing->spends_unknown = needs_consent (self);
  self->is_busy = TRUE;
  on_changed (self);
  lk_desk_call (self->desk, lk_order_call_file, filing, (GDestroyNotify) lk_order_filing_free,
                g_free, self->cancellable, on_filed, self);
}

LkOrderDialog *
lk_order_dialog_new (GtkWindow *parent, LkDesk *desk, LkOrderAsk *order)
{
  LkOrderDialog *self = g_object_new (LK_TYPE_ORDER_DIALOG, "transient-for", parent, NULL);

  self->desk = g_object_ref (desk);
  self->order = order;
  ask (self, order->suggests);
  return self;
}

static void
lk_order_dialog_dispose (GObject *object)
{
  LkOrderDialog *self = LK_ORDER_DIALOG (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->order, lk_order_ask_free);
  g_clear_pointer (&self->sheet, lk_order_sheet_unref);
  g_clear_pointer (&self->keys, g_ptr_array_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_ORDER_DIALOG);

  G_OBJECT_CLASS (lk_order_dialog_parent_class)->dispose (object);
}

#define BIND(child) gtk_widget_class_bind_template_child (widget_class, LkOrderDialog, child)

static void
lk_order_dialog_class_init (LkOrderDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_order_dialog_dispose;

  signals[SIGNAL_FILED] = g_signal_new ("filed", LK_TYPE_ORDER_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-order-dialog.ui");
  BIND (go);
  BIND (problem_group);
  BIND (problem);
  BIND (anyway_row);
  BIND (anyway);
  BIND (method_group);
  BIND (proxy_row);
  BIND (online_row);
  BIND (proxy);
  BIND (online);
  BIND (key);
  BIND (included);
  BIND (left_out);
  BIND (included_list);
  BIND (left_out_list);
  BIND (entitled_row);
  BIND (entitled);
  BIND (cost_group);
  BIND (cost);
  BIND (leaves);
  BIND (warning);
  BIND (passwords);
  gtk_widget_class_bind_template_callback (widget_class, on_go);
  gtk_widget_class_bind_template_callback (widget_class, on_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_chosen);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
lk_order_dialog_init (LkOrderDialog *self)
{
  self->cancellable = g_cancellable_new ();
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
