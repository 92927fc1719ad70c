/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

#define LK_TYPE_CREDENTIAL_DIALOG (lk_credential_dialog_get_type ())
G_DECLARE_FINAL_TYPE (LkCredentialDialog, lk_credential_dialog, LK, CREDENTIAL_DIALOG, AdwWindow)

/* Adds a credential set. Signal "added": it is in the store. */
GtkWidget *lk_credential_dialog_new (GtkWindow *parent, LkDesk *desk);

/* "Password", "Kerberos ticket", …: a kind of credential set for people. */
const char *lk_credential_kind_to_title (int kind);
