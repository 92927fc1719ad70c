/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-machines.h"
#include "net/lk-certificate-facts.h"

#include <gio/gio.h>

/* Certificates of machines: which are accepted, which are shown now, accepting and forgetting. */

/**
 * LkAcceptedCertificate:
 *
 * The one certificate that a machine is trusted by.
 */
typedef struct
{
  gint64 machine_id;
  char *name;
  char *host; /* where the machine is */
  guint16 port;
  char *pin;                 /* 64 hexadecimal digits */
  LkCertificateFacts *facts; /* NULL: only the pin is known */
  gint64 accepted_at;        /* 0: unknown */
} LkAcceptedCertificate;

void lk_accepted_certificate_free (LkAcceptedCertificate *self);

/* "valid", or what is wrong with its dates, which does not count as long as it is accepted; to be
 * freed. */
char *lk_accepted_certificate_describe (const LkAcceptedCertificate *self, gint64 now);

/* Of the machines of @rows (LkRow) that have one (LkAcceptedCertificate), in their order. */
GPtrArray *lk_console_list_certificates (LkConsole *self, GPtrArray *rows, GError **error);

/* What there is to do about the certificate that a machine shows. */
typedef enum
{
  LK_SHOWN_NEW,      /* no CA vouches for it, and nothing was accepted yet */
  LK_SHOWN_CHANGED,  /* not the accepted one */
  LK_SHOWN_ACCEPTED, /* the accepted one */
  LK_SHOWN_TRUSTED,  /* nothing was accepted, and a CA vouches for it */
  LK_SHOWN_NO_TLS,   /* the machine is talked to without TLS */
  LK_SHOWN_FAILED,   /* none was shown: see error */
} LkShownState;

/* "new", "changed", "accepted", "trusted", "no-tls", "failed": for JSON and scripts. */
const char *lk_shown_state_to_word (LkShownState state);

/**
 * LkShownCertificate:
 *
 * What one machine showed when it was asked, for a person to accept or not.
 */
typedef struct
{
  gint64 machine_id;
  char *name;
  char *host;
  guint16 port;
  LkShownState state;
  GBytes *certificate;       /* DER; NULL: none was shown */
  LkCertificateFacts *facts; /* of it */
  char *accepted_pin;        /* what was accepted before, or NULL */
  char *change;              /* what is different from that; NULL: nothing, or it is not known */
  gboolean is_ca_trusted;    /* CAs would do */
  char *ca_reason;           /* or why not */
  GError *error;
} LkShownCertificate;

void lk_shown_certificate_free (LkShownCertificate *self);

/* Called for each machine that is done, from any thread, but from one at a time. */
typedef void (*LkFetchFunc) (guint n_done, guint n_all, gpointer user_data);

/* Asks the machines of @rows, each once, for their certificates: connections and TLS handshakes,
 * up to 64 at a time, within the time that the settings give; nothing is sent and nothing is
 * written down. Gives LkShownCertificate for every machine, in their order; NULL when none could be
 * asked. Those that came after a cancellation have failed with G_IO_ERROR_CANCELLED. */
GPtrArray *lk_console_fetch_certificates (LkConsole *self,
                                          GPtrArray *rows,
                                          LkFetchFunc progress,
                                          gpointer user_data,
                                          GCancellable *cancellable,
                                          GError **error);

/* Whether a failure is that of a certificate that is not trusted, so that a person may want to see
 * it. @message may be NULL. */
gboolean lk_failure_is_of_certificate (const char *message);

/* A fingerprint as a person writes it, with or without colons, in the form that is kept; to be
 * freed. LK_ERROR_INVALID when it is none. */
char *lk_console_parse_fingerprint (const char *text, GError **error);

/* Trusts the machine by the very certificate that it showed, and by no other from now on.
 * @fingerprint: the one that the person saw or gave; LK_ERROR_DENIED when it is another one.
 * Nothing is fetched again. */
gboolean lk_console_accept_certificate (LkConsole *self,
                                        const LkShownCertificate *shown,
                                        const char *fingerprint,
                                        GError **error);

/* The machine goes by CAs again. */
gboolean lk_console_forget_certificate (LkConsole *self,
                                        const LkAcceptedCertificate *accepted,
                                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkAcceptedCertificate, lk_accepted_certificate_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkShownCertificate, lk_shown_certificate_free)
