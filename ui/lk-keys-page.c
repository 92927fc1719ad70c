/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-keys-page.h"

#include "console/lk-console-keys.h"
#include "model/lk-table-list.h"
#include "ui/lk-field.h"
#include "ui/lk-key-dialog.h"
#include "ui/lk-key-reveal.h"
#include "ui/lk-key-row.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

struct _LkKeysPage
{
  AdwBin parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  LkTableList *keys;
  GSimpleActionGroup *actions;
  GtkWidget *tools;
  char *ref;        /* of the key that a question is about */
  gint64 remaining; /* the figure that was typed last */

  GtkStack *stack;
  GtkListBox *list;
};

static void
say (LkKeysPage *self, const char *text)
{
  lk_window_say (GTK_WIDGET (self), text);
}

static void
on_loaded (LkKeysPage *self)
{
  gboolean is_empty = g_list_model_get_n_items (G_LIST_MODEL (self->keys)) == 0;

  lk_field_show_page (self->stack, is_empty ? "empty" : "keys");
}

static GtkWidget *
make_row (gpointer item, gpointer user_data)
{
  return lk_key_row_widget_new (item);
}

static void
lk_keys_page_set_desk (LkPage *page, LkDesk *desk)
{
  LkKeysPage *self = LK_KEYS_PAGE (page);

  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  gtk_list_box_bind_model (self->list, NULL, NULL, NULL, NULL);
  if (self->keys != NULL)
    g_signal_handlers_disconnect_by_data (self->keys, self);
  g_clear_object (&self->keys);
  g_set_object (&self->desk, desk);
  if (desk == NULL)
    return;

  self->keys = lk_table_list_new (lk_desk_get_reader (desk), &lk_table_keys, 0);
  g_signal_connect_swapped (self->keys, "loaded", G_CALLBACK (on_loaded), self);
  gtk_list_box_bind_model (self->list, G_LIST_MODEL (self->keys), make_row, NULL, NULL);
}

static const LkKeyRow *
find_key (LkKeysPage *self, GVariant *id)
{
  guint position =
      self->keys != NULL ? lk_table_list_find (self->keys, g_variant_get_int64 (id)) : G_MAXUINT;
  g_autoptr (LkTableItem) item =
      position != G_MAXUINT ? g_list_model_get_item (G_LIST_MODEL (self->keys), position) : NULL;

  if (item == NULL)
    return NULL;
  g_free (self->ref);
  self->ref = g_strdup_printf ("%" G_GINT64_FORMAT, g_variant_get_int64 (id));
  return lk_table_item_get_value (item); /* the list has it, too */
}

static void
on_key_added (LkKeysPage *self, const char *text)
{
  say (self, text);
}

static void
on_add_key (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkKeysPage *self = user_data;
  GtkWidget *dialog;

  if (self->desk == NULL)
    return;
  dialog = lk_key_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), self->desk);
  g_signal_connect_object (dialog, "added", G_CALLBACK (on_key_added), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static gpointer
check_key (LkConsole *console, gpointer ref, GCancellable *cancellable, GError **error)
{
  return lk_console_check_key (console, ref, error);
}

static void
on_figure (gpointer answer, const GError *error, gpointer user_data)
{
  LkKeysPage *self = user_data;
  g_autofree char *text = NULL;

  if (answer == NULL)
    {
      say (self, error->message);
      return;
    }
  text = g_strdup_printf (_ ("%d activations are left of the key that ends in %s"),
                          (int) ((LkKeyRow *) answer)->pool.left, ((LkKeyRow *) answer)->last_five);
  say (self, text);
  lk_key_row_free (answer);
}

static void
on_check_key (GSimpleAction *action, GVariant *id, gpointer user_data)
{
  LkKeysPage *self = user_data;

  if (find_key (self, id) != NULL)
    lk_desk_call_long (self->desk, check_key, g_strdup (self->ref), g_free,
                       (GDestroyNotify) lk_key_row_free, self->cancellable, on_figure, self);
}

typedef struct
{
  char *ref;
  gint64 remaining;
} Figure;

static void
figure_free (gpointer data)
{
  g_free (((Figure *) data)->ref);
  g_free (data);
}

static gpointer
set_remaining (LkConsole *console, gpointer data, GCancellable *cancellable, GError **error)
{
  const Figure *figure = data;

  return lk_console_set_remaining (console, figure->ref, figure->remaining, error);
}

static void
on_figure_given (LkKeysPage *self)
{
  Figure *figure;

  if (self->desk == NULL)
    return;
  figure = g_new0 (Figure, 1);
  figure->ref = g_strdup (self->ref);
  figure->remaining = self->remaining;
  lk_desk_call (self->desk, set_remaining, figure, figure_free, (GDestroyNotify) lk_key_row_free,
                self->cancellable, on_figure, self);
}

static void
on_figure_typed (LkKeysPage *self, GtkEditable *row)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (gtk_widget_get_root (GTK_WIDGET (row)));
  GError *error = NULL;

  lk_console_parse_remaining (gtk_editable_get_text (row), &self->remaining, &error);
  adw_message_dialog_set_response_enabled (dialog, "set", lk_field_judge (GTK_WIDGET (row), error));
}

/* No spin button: it would correct what is wrong without a word. */
static GtkWidget *
make_figure (gint64 left)
{
  GtkWidget *list = gtk_list_box_new ();
  GtkWidget *row = adw_entry_row_new ();
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, left);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ ("Activations that are left"));
  adw_entry_row_set_input_purpose (ADW_ENTRY_ROW (row), GTK_INPUT_PURPOSE_DIGITS);
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (row), TRUE);
  gtk_editable_set_text (GTK_EDITABLE (row), text);
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_list_box_append (GTK_LIST_BOX (list), row);
  return list;
}

static void
on_set_remaining (GSimpleAction *action, GVariant *id, gpointer user_data)
{
  LkKeysPage *self = user_data;
  const LkKeyRow *key = find_key (self, id);
  GtkWidget *dialog, *list;
  g_autofree char *mask = key != NULL ? lk_product_key_mask (key->last_five) : NULL;

  if (key == NULL)
    return;
  self->remaining = MAX (key->pool.left, 0);
  dialog = adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
                                   _ ("How Many Activations Are Left?"), mask);
  list = make_figure (self->remaining);
  g_signal_connect_object (gtk_widget_get_first_child (list), "changed",
                           G_CALLBACK (on_figure_typed), self, G_CONNECT_SWAPPED);
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), list);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "set",
                                    _ ("_Set"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "set",
                                              ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "set");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  lk_field_name_parts (dialog);
  gtk_widget_grab_focus (gtk_widget_get_first_child (list));
  g_signal_connect_object (dialog, "response::set", G_CALLBACK (on_figure_given), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static gpointer
reveal_key (LkConsole *console, gpointer ref, GCancellable *cancellable, GError **error)
{
  return lk_console_reveal_key (console, ref, error);
}

static void
on_revealed (gpointer answer, const GError *error, gpointer user_data)
{
  LkKeysPage *self = user_data;

  if (answer != NULL)
    lk_key_reveal (GTK_WIDGET (self), answer);
  else
    say (self, error->message);
}

static void
on_reveal_agreed (LkKeysPage *self)
{
  if (self->desk != NULL)
    lk_desk_call (self->desk, reveal_key, g_strdup (self->ref), g_free,
                  (GDestroyNotify) lk_secret_free, self->cancellable, on_revealed, self);
}

static void
on_reveal_key (GSimpleAction *action, GVariant *id, gpointer user_data)
{
  LkKeysPage *self = user_data;
  const LkKeyRow *key = find_key (self, id);
  g_autofree char *mask = key != NULL ? lk_product_key_mask (key->last_five) : NULL;
  g_autofree char *body =
      g_strdup_printf (_ ("%s is shown for 30 seconds. The event log will say that you saw it."),
                       mask);

  if (key != NULL)
    lk_field_confirm (GTK_WIDGET (self), _ ("Show the Whole Key?"), body, _ ("_Show"),
                      G_CALLBACK (on_reveal_agreed), self);
}

/* Gives something on success. */
static gpointer
remove_key (LkConsole *console, gpointer ref, GCancellable *cancellable, GError **error)
{
  return lk_console_remove_key (console, ref, error) ? g_strdup ("") : NULL;
}

static void
on_removed (gpointer answer, const GError *error, gpointer user_data)
{
  g_autofree char *done = answer;

  say (user_data, done != NULL ? _ ("The product key is removed") : error->message);
}

static void
on_remove_agreed (LkKeysPage *self)
{
  if (self->desk != NULL)
    lk_desk_call (self->desk, remove_key, g_strdup (self->ref), g_free, g_free, self->cancellable,
                  on_removed, self);
}

static void
on_remove_key (GSimpleAction *action, GVariant *id, gpointer user_data)
{
  LkKeysPage *self = user_data;
  const LkKeyRow *key = find_key (self, id);
  g_autofree char *mask = key != NULL ? lk_product_key_mask (key->last_five) : NULL;
  g_autofree char *body =
      g_strdup_printf (_ ("%s cannot be shown again after that. Its activations stay on record."),
                       mask);

  if (key != NULL)
    lk_field_confirm (GTK_WIDGET (self), _ ("Remove the Product Key?"), body, _ ("_Remove"),
                      G_CALLBACK (on_remove_agreed), self);
}

static GActionGroup *
lk_keys_page_get_actions (LkPage *page)
{
  return G_ACTION_GROUP (LK_KEYS_PAGE (page)->actions);
}

static GtkWidget *
lk_keys_page_get_tools (LkPage *page)
{
  return LK_KEYS_PAGE (page)->tools;
}

static void
lk_keys_page_init_page (LkPageInterface *iface)
{
  iface->set_desk = lk_keys_page_set_desk;
  iface->get_actions = lk_keys_page_get_actions;
  iface->get_tools = lk_keys_page_get_tools;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (LkKeysPage,
                               lk_keys_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (LK_TYPE_PAGE, lk_keys_page_init_page))

static void
lk_keys_page_dispose (GObject *object)
{
  LkKeysPage *self = LK_KEYS_PAGE (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  if (self->keys != NULL)
    g_signal_handlers_disconnect_by_data (self->keys, self);
  /* No gtk_widget_dispose_template(): it would unparent the stack, which the bin does, too. */
  g_clear_object (&self->cancellable);
  g_clear_object (&self->keys);
  g_clear_object (&self->actions);
  g_clear_object (&self->tools);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->ref, g_free);

  G_OBJECT_CLASS (lk_keys_page_parent_class)->dispose (object);
}

static void
lk_keys_page_class_init (LkKeysPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_keys_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-keys-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkKeysPage, stack);
  gtk_widget_class_bind_template_child (widget_class, LkKeysPage, list);
}

static void
lk_keys_page_init (LkKeysPage *self)
{
  const GActionEntry entries[] = {
    { .name = "add-key", .activate = on_add_key },
    { .name = "check-key", .activate = on_check_key, .parameter_type = "x" },
    { .name = "set-remaining", .activate = on_set_remaining, .parameter_type = "x" },
    { .name = "reveal-key", .activate = on_reveal_key, .parameter_type = "x" },
    { .name = "remove-key", .activate = on_remove_key, .parameter_type = "x" },
  };

  self->cancellable = g_cancellable_new ();
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries),
                                   self);
  self->tools = g_object_ref_sink (gtk_button_new_with_mnemonic (_ ("_Add Key…")));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->tools), "page.add-key");
  lk_field_name (self->tools, _ ("Add key"));
  gtk_widget_init_template (GTK_WIDGET (self));
}
