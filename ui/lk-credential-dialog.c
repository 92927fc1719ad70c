/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-credential-dialog.h"

#include "console/lk-console-credentials.h"
#include "ui/lk-field.h"

#include <glib/gi18n.h>

/* In the order of the combo row. */
static const LkCredentialKind kinds[] = {
  LK_CREDENTIAL_PASSWORD,
  LK_CREDENTIAL_ASK,
  LK_CREDENTIAL_TICKET,
  LK_CREDENTIAL_KEYTAB,
};

typedef struct
{
  LkCredentialKind kind;
  char *name;
  char *user;
  char *scope;
  char *keytab;
  LkSecret *password;
} Question;

struct _LkCredentialDialog
{
  AdwWindow parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  GtkFileChooserNative *chooser;

  GtkWidget *add_button;
  GtkWidget *name;
  AdwComboRow *kind;
  GtkWidget *user;
  GtkWidget *password;
  GtkWidget *keytab;
  GtkWidget *scope;
};

typedef enum
{
  SIGNAL_ADDED,
  N_SIGNALS,
} LkCredentialDialogSignal;

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LkCredentialDialog, lk_credential_dialog, ADW_TYPE_WINDOW)

const char *
lk_credential_kind_to_title (int kind)
{
  switch ((LkCredentialKind) kind)
    {
    case LK_CREDENTIAL_PASSWORD:
      return _ ("Password");
    case LK_CREDENTIAL_ASK:
      return _ ("Password, asked for");
    case LK_CREDENTIAL_TICKET:
      return _ ("Kerberos ticket");
    case LK_CREDENTIAL_KEYTAB:
      return _ ("Keytab");
    case LK_CREDENTIAL_CERTIFICATE:
      return _ ("Certificate");
    default:
      return "";
    }
}

static void
question_free (gpointer data)
{
  Question *self = data;

  g_free (self->name);
  g_free (self->user);
  g_free (self->scope);
  g_free (self->keytab);
  g_clear_pointer (&self->password, lk_secret_free);
  g_free (self);
}

static const char *
get_text (GtkWidget *row)
{
  return gtk_editable_get_text (GTK_EDITABLE (row));
}

static LkCredentialKind
get_kind (LkCredentialDialog *self)
{
  return kinds[MIN (adw_combo_row_get_selected (self->kind), G_N_ELEMENTS (kinds) - 1)];
}

/* Each field is judged by the core's check of a set that is right in everything else. */
static gboolean
check_name (LkCredentialDialog *self)
{
  const LkCredentialDraft draft = { .name = get_text (self->name), .kind = LK_CREDENTIAL_TICKET };
  GError *error = NULL;

  lk_credential_draft_check (&draft, &error);
  return lk_field_judge (self->name, error);
}

static gboolean
check_user (LkCredentialDialog *self)
{
  const LkCredentialDraft draft = {
    .name = "set",
    .kind = LK_CREDENTIAL_ASK,
    .user = get_text (self->user),
  };
  GError *error = NULL;

  if (get_kind (self) != LK_CREDENTIAL_TICKET)
    lk_credential_draft_check (&draft, &error);
  return lk_field_judge (self->user, error);
}

static gboolean
check_keytab (LkCredentialDialog *self)
{
  const LkCredentialDraft draft = {
    .name = "set",
    .kind = LK_CREDENTIAL_KEYTAB,
    .user = "user@REALM",
    .keytab = get_text (self->keytab),
  };
  GError *error = NULL;

  if (get_kind (self) == LK_CREDENTIAL_KEYTAB)
    lk_credential_draft_check (&draft, &error);
  return lk_field_judge (self->keytab, error);
}

static gboolean
check_scope (LkCredentialDialog *self)
{
  const LkCredentialDraft draft = {
    .name = "set",
    .kind = LK_CREDENTIAL_TICKET,
    .scope = get_text (self->scope),
  };
  GError *error = NULL;

  lk_credential_draft_check (&draft, &error);
  return lk_field_judge (self->scope, error);
}

static gboolean
check_password (LkCredentialDialog *self)
{
  gboolean is_missing =
      get_kind (self) == LK_CREDENTIAL_PASSWORD && *get_text (self->password) == 0;

  lk_field_mark (self->password, is_missing ? _ ("The set needs a password") : NULL);
  return !is_missing;
}

static void
on_name_changed (LkCredentialDialog *self)
{
  check_name (self);
}

static void
on_user_changed (LkCredentialDialog *self)
{
  check_user (self);
}

static void
on_password_changed (LkCredentialDialog *self)
{
  check_password (self);
}

static void
on_keytab_changed (LkCredentialDialog *self)
{
  check_keytab (self);
}

static void
on_keytab_chosen (LkCredentialDialog *self, int response)
{
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT
                               ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser))
                               : NULL;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

  if (path != NULL)
    gtk_editable_set_text (GTK_EDITABLE (self->keytab), path);
  g_clear_object (&self->chooser);
}

static void
on_choose_keytab (LkCredentialDialog *self)
{
  g_clear_object (&self->chooser);
  self->chooser = gtk_file_chooser_native_new (_ ("Keytab"), GTK_WINDOW (self),
                                               GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (on_keytab_chosen), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
on_scope_changed (LkCredentialDialog *self)
{
  check_scope (self);
}

static void
on_kind_changed (LkCredentialDialog *self)
{
  LkCredentialKind kind = get_kind (self);

  gtk_widget_set_visible (self->user, kind != LK_CREDENTIAL_TICKET);
  gtk_widget_set_visible (self->password, kind == LK_CREDENTIAL_PASSWORD);
  gtk_widget_set_visible (self->keytab, kind == LK_CREDENTIAL_KEYTAB);
  lk_field_mark (self->user, NULL);
  lk_field_mark (self->password, NULL);
  lk_field_mark (self->keytab, NULL);
}

/* Gives something on success. */
static gpointer
put_credential (LkConsole *console, gpointer data, GCancellable *cancellable, GError **error)
{
  const Question *question = data;
  const LkCredentialDraft draft = {
    .name = question->name,
    .kind = question->kind,
    .user = question->user,
    .scope = question->scope,
    .keytab = question->keytab,
    .secret = question->password,
  };

  return lk_console_put_credential (console, &draft, error) ? g_strdup ("") : NULL;
}

static void
on_put (gpointer answer, const GError *error, gpointer user_data)
{
  LkCredentialDialog *self = user_data;
  g_autofree char *done = answer;

  gtk_widget_set_sensitive (self->add_button, TRUE);
  if (done == NULL)
    {
      lk_field_mark (self->name, error->message);
      return;
    }
  g_signal_emit (self, signals[SIGNAL_ADDED], 0);
  gtk_window_close (GTK_WINDOW (self));
}

static void
on_add (LkCredentialDialog *self)
{
  gboolean is_right = check_name (self);
  Question *question;

  is_right = check_user (self) && is_right;
  is_right = check_password (self) && is_right;
  is_right = check_keytab (self) && is_right;
  is_right = check_scope (self) && is_right;
  if (!is_right)
    return;

  question = g_new0 (Question, 1);
  question->kind = get_kind (self);
  question->name = g_strdup (get_text (self->name));
  question->scope = g_strdup (get_text (self->scope));
  if (question->kind != LK_CREDENTIAL_TICKET)
    question->user = g_strdup (get_text (self->user));
  if (question->kind == LK_CREDENTIAL_KEYTAB)
    question->keytab = g_strdup (get_text (self->keytab));
  if (question->kind == LK_CREDENTIAL_PASSWORD)
    question->password = lk_secret_new (get_text (self->password), -1);
  gtk_widget_set_sensitive (self->add_button, FALSE);
  lk_desk_call (self->desk, put_credential, question, question_free, g_free, self->cancellable,
                on_put, self);
}

GtkWidget *
lk_credential_dialog_new (GtkWindow *parent, LkDesk *desk)
{
  LkCredentialDialog *self =
      g_object_new (LK_TYPE_CREDENTIAL_DIALOG, "transient-for", parent, NULL);

  self->desk = g_object_ref (desk);
  return GTK_WIDGET (self);
}

static void
lk_credential_dialog_dispose (GObject *object)
{
  LkCredentialDialog *self = LK_CREDENTIAL_DIALOG (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->chooser);
  g_clear_object (&self->desk);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_CREDENTIAL_DIALOG);

  G_OBJECT_CLASS (lk_credential_dialog_parent_class)->dispose (object);
}

static void
lk_credential_dialog_class_init (LkCredentialDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_credential_dialog_dispose;

  signals[SIGNAL_ADDED] = g_signal_new ("added", LK_TYPE_CREDENTIAL_DIALOG, G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-credential-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, LkCredentialDialog, add_button);
  gtk_widget_class_bind_template_child (widget_class, LkCredentialDialog, name);
  gtk_widget_class_bind_template_child (widget_class, LkCredentialDialog, kind);
  gtk_widget_class_bind_template_child (widget_class, LkCredentialDialog, user);
  gtk_widget_class_bind_template_child (widget_class, LkCredentialDialog, password);
  gtk_widget_class_bind_template_child (widget_class, LkCredentialDialog, keytab);
  gtk_widget_class_bind_template_child (widget_class, LkCredentialDialog, scope);
  gtk_widget_class_bind_template_callback (widget_class, on_add);
  gtk_widget_class_bind_template_callback (widget_class, on_kind_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_choose_keytab);
  gtk_widget_class_bind_template_callback (widget_class, on_keytab_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_name_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_password_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_scope_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_user_changed);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
lk_credential_dialog_init (LkCredentialDialog *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_grab_focus (self->name);
  lk_field_name_eye (ADW_PASSWORD_ENTRY_ROW (self->password));
}
