/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

#define LK_TYPE_CERTIFICATE_DIALOG (lk_certificate_dialog_get_type ())
G_DECLARE_FINAL_TYPE (LkCertificateDialog, lk_certificate_dialog, LK, CERTIFICATE_DIALOG, AdwWindow)

/* Asks a machine for its certificate and shows it, beside the accepted one if that is another; the
 * person may accept it. @from: a widget of the window. */
void lk_certificate_ask (GtkWidget *from, LkDesk *desk, gint64 machine_id);
