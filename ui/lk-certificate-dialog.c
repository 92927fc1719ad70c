/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-certificate-dialog.h"

#include "console/lk-console-trust.h"
#include "ui/lk-field.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>
#include <string.h>

struct _LkCertificateDialog
{
  AdwWindow parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  LkShownCertificate *shown; /* until the console's thread takes it */
  char *machine;

  GtkStack *stack;
  AdwStatusPage *trouble;
  GtkWidget *accept;
  AdwActionRow *verdict;
  AdwPreferencesGroup *facts;
};

G_DEFINE_FINAL_TYPE (LkCertificateDialog, lk_certificate_dialog, ADW_TYPE_WINDOW)

/* In the console's thread. */
static gpointer
fetch (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  const char *names[] = { question, NULL };
  const LkChoice choice = { .names = names };
  g_autoptr (GPtrArray) rows = lk_console_list_rows (console, &choice, NULL, error);
  g_autoptr (GPtrArray) shown = NULL;

  if (rows != NULL)
    shown = lk_console_fetch_certificates (console, rows, NULL, NULL, cancellable, error);
  return shown != NULL ? g_ptr_array_steal_index (shown, 0) : NULL;
}

/* Gives something on success. */
static gpointer
take (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  const LkShownCertificate *shown = question;

  return lk_console_accept_certificate (console, shown, shown->facts->pin, error) ? g_strdup ("")
                                                                                  : NULL;
}

static void
show_trouble (LkCertificateDialog *self, const char *text)
{
  g_autofree char *markup = g_markup_escape_text (text, -1);

  adw_status_page_set_description (self->trouble, markup);
  lk_field_show_page (self->stack, "trouble");
  gtk_widget_set_sensitive (self->accept, FALSE);
}

static void
add_fact (LkCertificateDialog *self, const char *title, const char *value)
{
  GtkWidget *row;
  g_autofree char *name = NULL;

  if (value == NULL || *value == '\0')
    return;
  row = adw_action_row_new ();
  name = g_strdup_printf ("%s: %s", title, value);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), value);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  lk_field_name (row, name);
  adw_preferences_group_add (self->facts, row);
}

static const char *
get_verdict (const LkShownCertificate *shown)
{
  switch (shown->state)
    {
    case LK_SHOWN_NEW:
      return _ ("Nobody vouches for this certificate, and none was accepted for this machine yet");
    case LK_SHOWN_CHANGED:
      return _ ("The certificate changed since one was accepted");
    case LK_SHOWN_ACCEPTED:
      return _ ("This is the certificate that was accepted");
    case LK_SHOWN_TRUSTED:
      return _ ("An authority vouches for this certificate; nothing needs to be accepted");
    case LK_SHOWN_NO_TLS:
      return _ ("This machine is talked to without TLS, so it shows no certificate");
    case LK_SHOWN_FAILED:
    default:
      return _ ("No certificate was shown");
    }
}

static const char *
get_advice (const LkShownCertificate *shown)
{
  if (shown->state == LK_SHOWN_NEW)
    return _ ("Compare the SHA-256 with the one that the machine itself shows. Once accepted, this"
              " certificate is trusted for it and no other.");
  if (shown->state == LK_SHOWN_CHANGED)
    return _ ("Accept it only if there is a reason, such as a reinstallation or a renewal."
              " Otherwise somebody may stand between you and the machine.");
  return "";
}

static void
show_facts (LkCertificateDialog *self, const LkShownCertificate *shown)
{
  const LkCertificateFacts *facts = shown->facts;
  g_autofree char *names = lk_certificate_facts_join_names (facts);
  g_autofree char *from = lk_date_to_text (facts->not_before);
  g_autofree char *until = lk_date_to_text (facts->not_after);
  g_autofree char *amiss = lk_certificate_facts_describe_dates (facts, lk_clock_now (NULL));
  g_autofree char *valid = amiss != NULL ? g_strdup_printf (_ ("%s to %s: %s"), from, until, amiss)
                                         : g_strdup_printf (_ ("%s to %s"), from, until);
  g_autofree char *pin = lk_pin_to_text (facts->pin);
  g_autofree char *old = shown->accepted_pin != NULL && shown->state == LK_SHOWN_CHANGED
                             ? lk_pin_to_text (shown->accepted_pin)
                             : NULL;
  g_autofree char *reason = g_strdup (shown->ca_reason);

  /* What follows is the fingerprint once more, and the remedy of the command line. */
  if (reason != NULL && strstr (reason, "; SHA-256 ") != NULL)
    *strstr (reason, "; SHA-256 ") = '\0';
  add_fact (self, old != NULL ? _ ("SHA-256 now") : _ ("SHA-256"), pin);
  add_fact (self, _ ("SHA-256 that was accepted"), old);
  add_fact (self, _ ("What changed"), shown->change);
  add_fact (self, C_ ("certificate", "Names"), names);
  add_fact (self, _ ("Issuer"),
            facts->is_self_signed ? C_ ("issuer of a certificate", "itself") : facts->issuer);
  add_fact (self, C_ ("certificate", "Valid"), valid);
  add_fact (self, C_ ("certificate", "Key"), facts->key);
  if (!shown->is_ca_trusted)
    add_fact (self, _ ("Why authorities do not vouch for it"), reason);
}

static void
on_fetched (gpointer answer, const GError *error, gpointer user_data)
{
  LkCertificateDialog *self = user_data;
  g_autofree char *where = NULL;

  if (answer == NULL)
    {
      show_trouble (self, error->message);
      return;
    }
  self->shown = answer;
  self->machine = g_strdup (self->shown->name);
  where = g_strdup_printf (_ ("Certificate of %s"), self->shown->name);
  gtk_window_set_title (GTK_WINDOW (self), where);
  if (self->shown->facts == NULL)
    {
      show_trouble (self, self->shown->error != NULL ? self->shown->error->message
                                                     : get_verdict (self->shown));
      return;
    }

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->verdict), get_verdict (self->shown));
  adw_action_row_set_subtitle (self->verdict, get_advice (self->shown));
  show_facts (self, self->shown);
  gtk_widget_set_sensitive (self->accept, self->shown->state == LK_SHOWN_NEW ||
                                              self->shown->state == LK_SHOWN_CHANGED);
  lk_field_show_page (self->stack, "facts");
}

static void
on_accepted (gpointer answer, const GError *error, gpointer user_data)
{
  LkCertificateDialog *self = user_data;
  GtkWidget *window = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (self)));
  g_autofree char *done = answer;
  g_autofree char *text = NULL;

  if (done == NULL)
    {
      show_trouble (self, error->message);
      return;
    }
  text = g_strdup_printf (_ ("The certificate of %s is accepted; read the machine again, or retry"
                             " the job"),
                          self->machine);
  if (window != NULL)
    lk_window_say (window, text);
  gtk_window_destroy (GTK_WINDOW (self));
}

static void
on_accept (LkCertificateDialog *self)
{
  if (self->shown == NULL)
    return;
  gtk_widget_set_sensitive (self->accept, FALSE);
  lk_desk_call (self->desk, take, g_steal_pointer (&self->shown),
                (GDestroyNotify) lk_shown_certificate_free, g_free, self->cancellable, on_accepted,
                self);
}

static void
lk_certificate_dialog_dispose (GObject *object)
{
  LkCertificateDialog *self = LK_CERTIFICATE_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->desk);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_CERTIFICATE_DIALOG);

  G_OBJECT_CLASS (lk_certificate_dialog_parent_class)->dispose (object);
}

static void
lk_certificate_dialog_finalize (GObject *object)
{
  LkCertificateDialog *self = LK_CERTIFICATE_DIALOG (object);

  g_object_unref (self->cancellable);
  g_clear_pointer (&self->shown, lk_shown_certificate_free);
  g_free (self->machine);

  G_OBJECT_CLASS (lk_certificate_dialog_parent_class)->finalize (object);
}

#define BIND(child) gtk_widget_class_bind_template_child (widget_class, LkCertificateDialog, child)

static void
lk_certificate_dialog_class_init (LkCertificateDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_certificate_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = lk_certificate_dialog_finalize;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/latchkey/Latchkey/ui/lk-certificate-dialog.ui");
  BIND (stack);
  BIND (trouble);
  BIND (accept);
  BIND (verdict);
  BIND (facts);
  gtk_widget_class_bind_template_callback (widget_class, on_accept);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
lk_certificate_dialog_init (LkCertificateDialog *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  lk_field_show_page (self->stack, "waiting");
}

void
lk_certificate_ask (GtkWidget *from, LkDesk *desk, gint64 machine_id)
{
  LkCertificateDialog *self = g_object_new (LK_TYPE_CERTIFICATE_DIALOG, "transient-for",
                                            gtk_widget_get_ancestor (from, LK_TYPE_WINDOW), NULL);

  self->desk = g_object_ref (desk);
  lk_desk_call (desk, fetch, g_strdup_printf ("#%" G_GINT64_FORMAT, machine_id), g_free,
                (GDestroyNotify) lk_shown_certificate_free, self->cancellable, on_fetched, self);
  gtk_window_present (GTK_WINDOW (self));
}
