/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What is shown of one certificate: this many names of so many characters, and so long a DN. */
#define LK_CERTIFICATE_MAX_BYTES (64 * 1024)
#define LK_CERTIFICATE_MAX_NAMES 32
#define LK_CERTIFICATE_MAX_TEXT  255

/**
 * LkCertificateFacts:
 *
 * What a certificate says of itself, for people to judge by. Everything in it is whatever its maker
 * liked to write: texts here are valid UTF-8 of a limited length without control characters, and
 * none of them proves anything. Only the pin and the key's id do. Counted, and never changed.
 */
typedef struct
{
  char *common_name;   /* "" when there is none */
  char *subject;       /* distinguished name; NULL: none, or it cannot be read */
  char *issuer;        /* the same */
  char **names;        /* DNS names and IP addresses; without any, the common name; may be empty */
  gboolean more_names; /* than are kept here */
  gint64 not_before;   /* ms; 0: it cannot be read */
  gint64 not_after;
  char *pin;    /* SHA-256 of the whole, 64 hexadecimal digits */
  char *key;    /* "RSA 2048 bits" */
  char *key_id; /* SHA-256 of the public key; NULL: it cannot be read */
  gboolean is_self_signed;
} LkCertificateFacts;

/* @der: the certificate as it was sent. LK_ERROR_BAD_REPLY when it is none, or too large. */
LkCertificateFacts *lk_certificate_facts_new (GBytes *der, GError **error);
/* The first certificate in @pem (@length -1: up to the NUL), as a file has it; LK_ERROR_INVALID
 * without one. */
LkCertificateFacts *lk_certificate_facts_new_pem (const char *pem, gssize length, GError **error);
LkCertificateFacts *lk_certificate_facts_ref (LkCertificateFacts *self);
void lk_certificate_facts_unref (LkCertificateFacts *self);

/* "pc-1.lab.test, 10.0.0.1 and more", or "nobody"; to be freed. */
char *lk_certificate_facts_join_names (const LkCertificateFacts *self);
/* "expired on 2026-03-01", "not valid before 2027-01-01", or NULL at a time when it is valid. */
char *lk_certificate_facts_describe_dates (const LkCertificateFacts *self, gint64 now);
/* What is different in the certificate that took the place of @old: names, issuer, dates, key, and
 * both fingerprints; to be freed. */
char *lk_certificate_facts_describe_change (const LkCertificateFacts *old,
                                            const LkCertificateFacts *new);

/* A day in UTC, "2026-03-01", or "an unreadable date" for 0; to be freed. */
char *lk_date_to_text (gint64 ms);
/* A pin for people: "ab:cd:…"; to be freed. */
char *lk_pin_to_text (const char *pin);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkCertificateFacts, lk_certificate_facts_unref)
