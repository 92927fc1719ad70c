/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Why a machine is not ready, as finely as it makes a difference to what a person does next. */
typedef enum
{
  LK_CAUSE_READY,
  LK_CAUSE_NO_ADDRESS,      /* the name leads nowhere */
  LK_CAUSE_STRANGE_ADDRESS, /* the name leads to a network where no machine can be */
  LK_CAUSE_NO_ROUTE,
  LK_CAUSE_NO_SERVICE,  /* the port is closed: nothing listens */
  LK_CAUSE_FIREWALL,    /* the port is silent, others answer */
  LK_CAUSE_SILENT,      /* nothing answers */
  LK_CAUSE_NO_TLS,      /* no TLS on the port */
  LK_CAUSE_CERTIFICATE, /* it is not trusted */
  LK_CAUSE_NO_ANSWER,   /* connected, and then nothing useful */
  LK_CAUSE_NOT_WINRM,   /* something else answers */
  LK_CAUSE_BUSY,
  LK_CAUSE_CLEAR, /* the password would go out in the clear */
  LK_CAUSE_NO_CREDENTIAL,
  LK_CAUSE_PASSWORD,     /* refused */
  LK_CAUSE_CLOCK,        /* Kerberos: they differ */
  LK_CAUSE_SPN,          /* Kerberos: the machine is not known */
  LK_CAUSE_NO_KDC,       /* no domain controller answers */
  LK_CAUSE_SCHEME,       /* no way of signing in that both take */
  LK_CAUSE_LOCAL_RIGHTS, /* access denied to a local account: UAC's filter, most likely */
  LK_CAUSE_RIGHTS,       /* access denied to a domain account */
  LK_CAUSE_NAMESPACE,    /* WMI denies the namespace */
  LK_CAUSE_NO_LICENSING, /* the licensing classes do not work */
  LK_CAUSE_CANCELLED,
  LK_CAUSE_OTHER,
} LkCheckCause;
#define LK_N_CAUSES (LK_CAUSE_OTHER + 1)

/* "firewall", for JSON and scripts. */
const char *lk_check_cause_to_word (LkCheckCause cause);
/* "Firewall", for people, translated. */
const char *lk_check_cause_to_title (LkCheckCause cause);

/**
 * LkCheckPlace:
 *
 * What advice and scripts are filled in with.
 */
typedef struct
{
  guint port;
  const char *network; /* of this computer as the machine sees it, "10.0.0.0/24"; NULL: unknown */
} LkCheckPlace;

/* What a person can do, several lines, translated; NULL when the message says all. To be freed. */
char *lk_check_advise (LkCheckCause cause, const LkCheckPlace *place);

/* PowerShell text for the machine, to be run there by an administrator; it opens no more than it
 * must, and may be run twice. English and ASCII, since consoles garble the rest. NULL when nothing
 * on the machine would help. To be freed. Facts: Microsoft's documentation of WinRM installation
 * and configuration, of about_Remote_Troubleshooting, of New-NetFirewallRule and of w32tm. */
char *lk_check_write_script (LkCheckCause cause, const LkCheckPlace *place);
