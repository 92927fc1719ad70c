/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-setting-row.h"

#include "console/lk-console-settings.h"
#include "ui/lk-field.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#define SAVE_AFTER_MS 500 /* the last click on a spin button */

/* What is kept with a row. */
typedef struct
{
  GtkWidget *row;
  GtkWidget *spin;   /* inside of the row, or NULL */
  GtkWidget *remove; /* a secret that is set, or NULL */
  LkDesk *desk;
  const LkSetting *setting;
  GCancellable *cancellable;
  char *title;
  gboolean is_loading;
  guint save_id;
} Binding;

typedef struct
{
  const char *name;
  char *value;
  LkSecret *secret;
} Question;

static void
binding_free (gpointer data)
{
  Binding *self = data;

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->desk);
  g_clear_handle_id (&self->save_id, g_source_remove);
  g_free (self->title);
  g_free (self);
}

static void
question_free (gpointer data)
{
  Question *self = data;

  g_free (self->value);
  g_clear_pointer (&self->secret, lk_secret_free);
  g_free (self);
}

static gpointer
get_setting (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  return lk_console_get_setting (console, question, error);
}

/* Gives something on success. */
static gpointer
set_setting (LkConsole *console, gpointer data, GCancellable *cancellable, GError **error)
{
  Question *question = data;
  gboolean done;

  if (question->secret != NULL)
    done = lk_console_set_secret (console, question->name, question->secret, error);
  else if (question->value != NULL)
    done = lk_console_set_setting (console, question->name, question->value, error);
  else
    done = lk_console_unset_setting (console, question->name, error);
  return done ? g_strdup ("") : NULL;
}

static gboolean
is_secret (Binding *self)
{
  return self->setting->kind == LK_SETTING_SECRET;
}

/* The title says whether a secret is there, since the row itself stays empty. */
static void
show_secret_state (Binding *self, gboolean is_set)
{
  /* Translators: after the name of a secret, like the digest key */
  g_autofree char *title =
      g_strdup_printf (is_set ? _ ("%s – set, not shown") : _ ("%s – not set"), self->title);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->row), title);
  gtk_widget_set_visible (self->remove, is_set);
}

static guint
find_choice (const char *choices, const char *value)
{
  g_auto (GStrv) words = g_strsplit (choices, "|", -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (g_str_equal (words[i], value))
      return i;
  return 0;
}

static void
show_value (Binding *self, const char *value)
{
  const char *shown = value != NULL                     ? value
                      : self->setting->fallback != NULL ? self->setting->fallback
                                                        : "";

  self->is_loading = TRUE;
  if (is_secret (self))
    {
      gtk_editable_set_text (GTK_EDITABLE (self->row), "");
      show_secret_state (self, value != NULL);
    }
  else if (self->spin != NULL)
    gtk_spin_button_set_value (GTK_SPIN_BUTTON (self->spin), atoi (shown));
  else if (ADW_IS_COMBO_ROW (self->row))
    adw_combo_row_set_selected (ADW_COMBO_ROW (self->row),
                                find_choice (self->setting->choices, shown));
  else
    gtk_editable_set_text (GTK_EDITABLE (self->row), shown);
  lk_field_mark (self->row, NULL);
  self->is_loading = FALSE;
}

static void
on_value (gpointer answer, const GError *error, gpointer user_data)
{
  g_autofree char *value = answer;

  show_value (user_data, value);
  if (error != NULL)
    lk_field_mark (((Binding *) user_data)->row, error->message);
}

static void
load (Binding *self)
{
  lk_desk_call (self->desk, get_setting, (gpointer) self->setting->name, NULL, g_free,
                self->cancellable, on_value, self);
}

static void
on_saved (gpointer answer, const GError *error, gpointer user_data)
{
  Binding *self = user_data;
  g_autofree char *done = answer;
  GtkWidget *window = gtk_widget_get_ancestor (self->row, ADW_TYPE_PREFERENCES_WINDOW);

  if (done == NULL)
    {
      lk_field_mark (self->row, error->message);
      return;
    }
  lk_desk_restart_runner (self->desk);
  if (window != NULL)
    {
      g_autofree char *text = g_strdup_printf (_ ("%s is saved"), self->title);
      g_autofree char *markup = g_markup_escape_text (text, -1);

      adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (window), adw_toast_new (markup));
    }
  load (self);
}

/* @text NULL or "": not set any more. */
static void
save (Binding *self, const char *text)
{
  Question *question = g_new0 (Question, 1);

  question->name = self->setting->name;
  if (text != NULL && *text != '\0' && is_secret (self))
    question->secret = lk_secret_new (text, -1);
  else if (text != NULL && *text != '\0')
    question->value = g_strdup (text);
  lk_desk_call (self->desk, set_setting, question, question_free, g_free, self->cancellable,
                on_saved, self);
}

static gboolean
check (Binding *self, const char *text)
{
  g_autoptr (LkSecret) secret = NULL;
  GError *error = NULL;

  if (*text == '\0')
    lk_field_mark (self->row, NULL);
  else if (is_secret (self))
    {
      secret = lk_secret_new (text, -1);
      lk_setting_check_secret (self->setting->name, secret, &error);
    }
  else
    lk_setting_check (self->setting->name, text, &error);
  return lk_field_judge (self->row, error);
}

static void
on_apply (AdwEntryRow *row, gpointer user_data)
{
  Binding *self = user_data;
  const char *text = gtk_editable_get_text (GTK_EDITABLE (row));

  if (check (self, text))
    save (self, text);
}

static void
on_changed (GtkEditable *row, gpointer user_data)
{
  Binding *self = user_data;

  if (!self->is_loading)
    check (self, gtk_editable_get_text (row));
}

static void
on_remove_secret (GtkButton *button, gpointer user_data)
{
  save (user_data, NULL);
}

static void
on_choice (GObject *row, GParamSpec *pspec, gpointer user_data)
{
  Binding *self = user_data;
  g_auto (GStrv) words = g_strsplit (self->setting->choices, "|", -1);
  guint n = adw_combo_row_get_selected (ADW_COMBO_ROW (row));

  if (!self->is_loading && n < g_strv_length (words))
    save (self, words[n]);
}

static gboolean
save_number (gpointer user_data)
{
  Binding *self = user_data;
  g_autofree char *text =
      g_strdup_printf ("%d", gtk_spin_button_get_value_as_int (GTK_SPIN_BUTTON (self->spin)));

  self->save_id = 0;
  if (check (self, text))
    save (self, text);
  return G_SOURCE_REMOVE;
}

static void
on_number (GtkSpinButton *spin, gpointer user_data)
{
  Binding *self = user_data;

  if (self->is_loading)
    return;
  g_clear_handle_id (&self->save_id, g_source_remove);
  self->save_id = g_timeout_add (SAVE_AFTER_MS, save_number, self);
}

/* While it is typed; what is wrong is not taken when the focus goes. */
static void
on_number_typed (GtkEditable *spin, gpointer user_data)
{
  Binding *self = user_data;

  if (!self->is_loading)
    check (self, gtk_editable_get_text (spin));
}

static Binding *
bind (GtkWidget *row, LkDesk *desk, const char *name)
{
  Binding *self = g_new0 (Binding, 1);

  self->row = row;
  self->desk = g_object_ref (desk);
  self->setting = lk_setting_find (name, NULL);
  self->cancellable = g_cancellable_new ();
  self->title = g_strdup (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)));
  gtk_widget_set_tooltip_text (row, _ (self->setting->help));
  g_object_set_data_full (G_OBJECT (row), "lk-setting", self, binding_free);
  return self;
}

void
lk_setting_row_bind_entry (AdwEntryRow *row, LkDesk *desk, const char *name)
{
  Binding *self = bind (GTK_WIDGET (row), desk, name);

  if (is_secret (self))
    {
      GtkWidget *button = gtk_button_new_from_icon_name ("user-trash-symbolic");

      lk_field_name_eye (ADW_PASSWORD_ENTRY_ROW (row)); /* before there are other buttons */
      gtk_widget_set_tooltip_text (button, _ ("Remove this secret"));
      lk_field_name (button, _ ("Remove this secret"));
      gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
      gtk_widget_add_css_class (button, "flat");
      gtk_widget_set_visible (button, FALSE);
      g_signal_connect (button, "clicked", G_CALLBACK (on_remove_secret), self);
      self->remove = button;
      adw_entry_row_add_suffix (row, button);
    }
  adw_entry_row_set_show_apply_button (row, TRUE);
  g_signal_connect (row, "apply", G_CALLBACK (on_apply), self);
  g_signal_connect (row, "changed", G_CALLBACK (on_changed), self);
  load (self);
}

void
lk_setting_row_bind_choice (AdwComboRow *row, LkDesk *desk, const char *name)
{
  Binding *self = bind (GTK_WIDGET (row), desk, name);

  self->is_loading = TRUE;
  g_signal_connect (row, "notify::selected", G_CALLBACK (on_choice), self);
  load (self);
}

/* Its text is what the focus is on, and the buttons have only pictures. */
static void
name_spin_button (GtkSpinButton *spin, const char *title)
{
  GtkWidget *text = GTK_WIDGET (gtk_editable_get_delegate (GTK_EDITABLE (spin)));
  gboolean is_first = TRUE;

  lk_field_name (GTK_WIDGET (spin), title);
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (spin)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      if (child == text)
        lk_field_name (child, title);
      else if (GTK_IS_BUTTON (child))
        {
          lk_field_name (child, is_first ? C_ ("button of a number", "Fewer")
                                         : C_ ("button of a number", "More"));
          is_first = FALSE;
        }
    }
}

void
lk_setting_row_bind_number (GtkSpinButton *spin, GtkWidget *row, LkDesk *desk, const char *name)
{
  Binding *self = bind (row, desk, name);

  self->spin = GTK_WIDGET (spin);
  self->is_loading = TRUE;
  gtk_spin_button_set_increments (spin, 1, 16);
  gtk_spin_button_set_range (spin, (double) self->setting->min, (double) self->setting->max);
  gtk_spin_button_set_update_policy (spin, GTK_UPDATE_IF_VALID);
  name_spin_button (spin, self->title);
  g_signal_connect (spin, "changed", G_CALLBACK (on_number_typed), self);
  g_signal_connect (spin, "value-changed", G_CALLBACK (on_number), self);
  load (self);
}
