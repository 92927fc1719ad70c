/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ctl/lk-ctl.h"

#include <glib/gi18n.h>
#include <stddef.h>

static const struct
{
  guint takes; /* 0: every command */
  const char *name;
  char letter;
  GOptionArg arg;
  gsize offset;
  const char *help;
  const char *value;
} table[] = {
#define FIELD(name) offsetof (LkCtlOptions, name)
  { 0, "db", 0, G_OPTION_ARG_FILENAME, FIELD (db), N_ ("Use the store in this file"), N_ ("FILE") },
  { 0, "json", 0, G_OPTION_ARG_NONE, FIELD (json), N_ ("Print one JSON object"), NULL },
  { 0, "quiet", 'q', G_OPTION_ARG_NONE, FIELD (quiet), N_ ("Say nothing on standard error"), NULL },
  { LK_TAKES_ROWS, "select", 's', G_OPTION_ARG_STRING, FIELD (select),
    N_ ("Choose rows, like state=grace,days<7,name=pc-*"), N_ ("CONDITIONS") },
  { LK_TAKES_ROWS, "all", 'a', G_OPTION_ARG_NONE, FIELD (all), N_ ("Choose all rows"), NULL },
  { LK_TAKES_ROWS, "product", 0, G_OPTION_ARG_STRING, FIELD (product),
    N_ ("Only products whose name matches"), N_ ("PATTERN") },
  { LK_TAKES_CSV, "csv", 0, G_OPTION_ARG_NONE, FIELD (csv), N_ ("Print comma-separated values"),
    NULL },
  { LK_TAKES_DRY_RUN, "dry-run", 'n', G_OPTION_ARG_NONE, FIELD (dry_run),
    N_ ("Show what would be done and what it costs, and do nothing"), NULL },
  { LK_TAKES_YES, "yes", 'y', G_OPTION_ARG_NONE, FIELD (yes), N_ ("Do not ask"), NULL },
  { LK_TAKES_JOB, "detach", 0, G_OPTION_ARG_NONE, FIELD (detach),
    N_ ("File the job for “latchkeyctl run” and return"), NULL },
  { LK_TAKES_JOB, "give-up-after", 0, G_OPTION_ARG_STRING, FIELD (give_up_after),
    N_ ("Give up on what does not answer after this time (10m; detached 7d)"), N_ ("TIME") },
  { LK_TAKES_JOB | LK_TAKES_STREAM, "stream", 0, G_OPTION_ARG_NONE, FIELD (stream),
    N_ ("Print one JSON object for each machine as it finishes, one a line"), NULL },
  { LK_TAKES_SAVE, "save", 0, G_OPTION_ARG_STRING, FIELD (save),
    N_ ("Keep this search for “discover saved NAME”"), N_ ("NAME") },
  { LK_TAKES_READ, "read", 0, G_OPTION_ARG_NONE, FIELD (read), N_ ("Then read what was found"),
    NULL },
  { LK_TAKES_WORKERS, "workers", 0, G_OPTION_ARG_INT, FIELD (workers),
    N_ ("Talk to so many machines at the same time"), N_ ("NUMBER") },
  { LK_TAKES_KEY, "key", 'k', G_OPTION_ARG_STRING, FIELD (key),
    N_ ("The product key, by its id or its last five"), N_ ("REF") },
  { LK_TAKES_METHOD, "proxy", 0, G_OPTION_ARG_NONE, FIELD (proxy),
    N_ ("Ask for confirmation IDs on behalf of the machines"), NULL },
  { LK_TAKES_METHOD, "online", 0, G_OPTION_ARG_NONE, FIELD (online),
    N_ ("Let the machines ask for themselves"), NULL },
  { LK_TAKES_KEY_TEXT, "key-fd", 0, G_OPTION_ARG_INT, FIELD (secret_fd),
    N_ ("Read the product key from this descriptor"), N_ ("FD") },
  { LK_TAKES_KEY_TEXT, "key-file", 0, G_OPTION_ARG_FILENAME, FIELD (secret_file),
    N_ ("Read the product key from this file, which only you may read"), N_ ("FILE") },
  { LK_TAKES_KEY_TEXT, "remarks", 0, G_OPTION_ARG_STRING, FIELD (remarks),
    N_ ("What the key is for"), N_ ("TEXT") },
  { LK_TAKES_PASSWORD, "user", 'u', G_OPTION_ARG_STRING, FIELD (user), N_ ("User name"),
    N_ ("USER") },
  { LK_TAKES_PASSWORD, "scope", 0, G_OPTION_ARG_STRING, FIELD (scope),
    N_ ("For machines whose name, address or domain matches (*)"), N_ ("PATTERN") },
  { LK_TAKES_SET, "scheme", 0, G_OPTION_ARG_STRING, FIELD (scheme),
    N_ ("Sign in this way only: auto, kerberos, ntlm, basic or certificate"), N_ ("WAY") },
  { LK_TAKES_SET, "ask", 0, G_OPTION_ARG_NONE, FIELD (ask),
    N_ ("Keep no password; ask for it at run time"), NULL },
  { LK_TAKES_SET, "ticket", 0, G_OPTION_ARG_NONE, FIELD (ticket),
    N_ ("Use the ticket in the Kerberos cache"), NULL },
  { LK_TAKES_SET, "keytab", 0, G_OPTION_ARG_FILENAME, FIELD (keytab),
    N_ ("Use the user's Kerberos key in this keytab"), N_ ("FILE") },
  { LK_TAKES_SET, "certificate", 0, G_OPTION_ARG_FILENAME, FIELD (certificate),
    N_ ("Use this client certificate (PEM)"), N_ ("FILE") },
  { LK_TAKES_SET, "private-key", 0, G_OPTION_ARG_FILENAME, FIELD (secret_file),
    N_ ("Its key (PEM), which only you may read"), N_ ("FILE") },
  { LK_TAKES_VERBOSE, "verbose", 'v', G_OPTION_ARG_NONE, FIELD (verbose),
    N_ ("Say how it was found out"), NULL },
  { LK_TAKES_PASSWORD | LK_TAKES_PASSWORD_ONLY, "password-fd", 0, G_OPTION_ARG_INT,
    FIELD (secret_fd), N_ ("Read the password from this descriptor"), N_ ("FD") },
  { LK_TAKES_PASSWORD | LK_TAKES_PASSWORD_ONLY, "password-file", 0, G_OPTION_ARG_FILENAME,
    FIELD (secret_file), N_ ("Read the password from this file, which only you may read"),
    N_ ("FILE") },
  { LK_TAKES_VALUE, "fd", 0, G_OPTION_ARG_INT, FIELD (secret_fd),
    N_ ("Read the secret from this descriptor"), N_ ("FD") },
  { LK_TAKES_VALUE, "file", 0, G_OPTION_ARG_FILENAME, FIELD (secret_file),
    N_ ("Read the secret from this file, which only you may read"), N_ ("FILE") },
  { LK_TAKES_ONCE, "once", 0, G_OPTION_ARG_NONE, FIELD (once),
    N_ ("End when nothing is due any more"), NULL },
  { LK_TAKES_REVEAL, "reveal", 0, G_OPTION_ARG_NONE, FIELD (reveal),
    N_ ("Print the whole key, after asking; the event log says who saw it"), NULL },
  { LK_TAKES_MAX, "max", 0, G_OPTION_ARG_INT, FIELD (max), N_ ("Show at most so many"),
    N_ ("NUMBER") },
  { LK_TAKES_PIN, "fingerprint", 0, G_OPTION_ARG_STRING, FIELD (fingerprint),
    N_ ("Accept the certificate with this SHA-256 and no other, without asking"), N_ ("SHA256") },
  { LK_TAKES_CIDS, "enter", 0, G_OPTION_ARG_NONE, FIELD (enter),
    N_ ("Ask on the terminal for the confirmation ID of each, and deposit them"), NULL },
  { LK_TAKES_CIDS, "cid-file", 0, G_OPTION_ARG_FILENAME, FIELD (cid_file),
    N_ ("Take the confirmation IDs from this file (- for standard input), and deposit them"),
    N_ ("FILE") },
  { LK_TAKES_CIDS, "sheet", 0, G_OPTION_ARG_FILENAME, FIELD (sheet),
    N_ ("Write a sheet to print: HTML into FILE.html, text into any other (-: to standard output)"),
    N_ ("FILE") },
  { LK_TAKES_SEARCH, "ports", 0, G_OPTION_ARG_STRING, FIELD (ports),
    N_ ("Probe these ports (5985,5986/tls)"), N_ ("PORTS") },
  { LK_TAKES_SEARCH, "rate", 0, G_OPTION_ARG_INT, FIELD (rate),
    N_ ("Send at most so many probes a second (256)"), N_ ("NUMBER") },
  { LK_TAKES_SEARCH, "pattern", 0, G_OPTION_ARG_STRING, FIELD (pattern),
    N_ ("Only machines whose name matches, with * and ?"), N_ ("PATTERN") },
  { LK_TAKES_RANGE, "identify", 0, G_OPTION_ARG_NONE, FIELD (identify),
    N_ ("Ask open ports who they are, and add only those that speak WS-Management"), NULL },
  { LK_TAKES_RANGE, "max-addresses", 0, G_OPTION_ARG_INT64, FIELD (max_addresses),
    N_ ("Allow ranges with up to so many addresses (262144)"), N_ ("NUMBER") },
  { LK_TAKES_INTERFACE, "interface", 0, G_OPTION_ARG_STRING_ARRAY, FIELD (interfaces),
    N_ ("Ask on this network interface; may be given several times (all)"), N_ ("NAME") },
  { LK_TAKES_DIRECTORY, "server", 0, G_OPTION_ARG_STRING, FIELD (server),
    N_ ("Ask this directory server"), N_ ("HOST[:PORT]") },
  { LK_TAKES_DIRECTORY, "domain", 0, G_OPTION_ARG_STRING, FIELD (domain),
    N_ ("Ask a controller of this domain, found by DNS"), N_ ("DOMAIN") },
  { LK_TAKES_DIRECTORY, "global-catalog", 0, G_OPTION_ARG_NONE, FIELD (global_catalog),
    N_ ("Ask the global catalogue: the whole forest"), NULL },
  { LK_TAKES_DIRECTORY, "base", 0, G_OPTION_ARG_STRING, FIELD (base),
    N_ ("Search below this place only"), N_ ("DN") },
  { LK_TAKES_DIRECTORY, "scope", 0, G_OPTION_ARG_STRING, FIELD (scope),
    N_ ("How deep: sub (everything below), one (one level) or base"), N_ ("WORD") },
  { LK_TAKES_DIRECTORY, "filter", 0, G_OPTION_ARG_STRING, FIELD (filter),
    N_ ("Only entries that match this LDAP filter"), N_ ("FILTER") },
  { LK_TAKES_DIRECTORY, "name", 0, G_OPTION_ARG_STRING, FIELD (name),
    N_ ("Only names like this, where * stands for any text"), N_ ("PATTERN") },
  { LK_TAKES_DIRECTORY, "map", 0, G_OPTION_ARG_STRING, FIELD (map),
    N_ ("Where other schemas have it, like name=cn,address=ipHostNumber"), N_ ("MAP") },
  { LK_TAKES_DIRECTORY, "disabled", 0, G_OPTION_ARG_NONE, FIELD (disabled),
    N_ ("Take disabled accounts, too"), NULL },
  { LK_TAKES_DIRECTORY, "stale-days", 0, G_OPTION_ARG_INT, FIELD (stale_days),
    N_ ("Mark machines that have not signed in for so long (90; 0: none)"), N_ ("DAYS") },
  { LK_TAKES_DIRECTORY, "referrals", 0, G_OPTION_ARG_STRING, FIELD (referrals),
    N_ ("Parts that other servers have: report or follow"), N_ ("WORD") },
  { LK_TAKES_DIRECTORY, "max", 0, G_OPTION_ARG_INT, FIELD (max),
    N_ ("Take at most so many machines"), N_ ("NUMBER") },
  { LK_TAKES_DIRECTORY, "credential", 0, G_OPTION_ARG_STRING, FIELD (credential),
    N_ ("Sign in with this credential set"), N_ ("SET") },
  { LK_TAKES_DIRECTORY, "bind", 0, G_OPTION_ARG_STRING, FIELD (bind),
    N_ ("Sign in in this way: auto, simple, gssapi, spnego, external or anonymous"), N_ ("WAY") },
  { LK_TAKES_DIRECTORY, "tls", 0, G_OPTION_ARG_STRING, FIELD (tls),
    N_ ("Protect the connection: auto, ldaps, starttls or none"), N_ ("WAY") },
  { LK_TAKES_DIRECTORY, "ca", 0, G_OPTION_ARG_FILENAME, FIELD (ca),
    N_ ("Trust the authorities in this file (PEM)"), N_ ("FILE") },
  { LK_TAKES_DIRECTORY, "allow-clear-password", 0, G_OPTION_ARG_NONE, FIELD (allow_clear),
    N_ ("Send a password although nothing protects the connection"), NULL },
  { LK_TAKES_TAGS, "add", 0, G_OPTION_ARG_STRING_ARRAY, FIELD (add),
    N_ ("Give them this tag, or several with commas between"), N_ ("TAGS") },
  { LK_TAKES_TAGS, "remove", 0, G_OPTION_ARG_STRING_ARRAY, FIELD (remove),
    N_ ("Take this tag from them, or several with commas between"), N_ ("TAGS") },
  { LK_TAKES_SCRIPT, "script", 0, G_OPTION_ARG_NONE, FIELD (script),
    N_ ("Print only the PowerShell text that may mend it on the machine"), NULL },
  { LK_TAKES_EXPORT | LK_TAKES_ANSWER, "again", 0, G_OPTION_ARG_NONE, FIELD (again),
    N_ ("Ask again for what is not answered yet, or was refused"), NULL },
  { LK_TAKES_EXPORT | LK_TAKES_ANSWER, "seal", 0, G_OPTION_ARG_NONE, FIELD (seal),
    N_ ("Seal the file with a passphrase"), NULL },
  { LK_TAKES_EXPORT, "inventory", 0, G_OPTION_ARG_NONE, FIELD (inventory),
    N_ ("Write all of this store, to move it or to merge it into another one"), NULL },
  { LK_TAKES_EXPORT, "keys", 0, G_OPTION_ARG_NONE, FIELD (with_keys),
    N_ ("Write the product keys into the inventory, too, which seals it"), NULL },
  { LK_TAKES_EXPORT | LK_TAKES_ANSWER | LK_TAKES_IMPORT, "passphrase-fd", 0, G_OPTION_ARG_INT,
    FIELD (secret_fd), N_ ("Read the passphrase from this descriptor"), N_ ("FD") },
  { LK_TAKES_EXPORT | LK_TAKES_ANSWER | LK_TAKES_IMPORT, "passphrase-file", 0,
    G_OPTION_ARG_FILENAME, FIELD (secret_file),
    N_ ("Read the passphrase from this file, which only you may read"), N_ ("FILE") },
  { LK_TAKES_ANSWER, "output", 'o', G_OPTION_ARG_FILENAME, FIELD (output),
    N_ ("Write the answer here (NAME-answer beside the request)"), N_ ("FILE") },
  { LK_TAKES_ANSWER, "partial", 0, G_OPTION_ARG_NONE, FIELD (partial),
    N_ ("Write what is known now, and wait for nothing"), NULL },
  { LK_TAKES_IMPORT, "salvage", 0, G_OPTION_ARG_NONE, FIELD (salvage),
    N_ ("Take what is known here out of a file that is damaged or not for this store, too"), NULL },
  { LK_TAKES_IMPORT, "deposit", 0, G_OPTION_ARG_NONE, FIELD (deposit),
    N_ ("Then deposit the confirmation IDs on their machines"), NULL },
#undef FIELD
};

GOptionEntry *
lk_ctl_make_entries (guint takes, LkCtlOptions *options)
{
  GOptionEntry *entries = g_new0 (GOptionEntry, G_N_ELEMENTS (table) + 1);
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].takes == 0 || (table[i].takes & takes) != 0)
      {
        entries[n].long_name = table[i].name;
        entries[n].short_name = table[i].letter;
        entries[n].arg = table[i].arg;
        entries[n].arg_data = (char *) options + table[i].offset;
        entries[n].description = _ (table[i].help);
        entries[n].arg_description = table[i].value != NULL ? _ (table[i].value) : NULL;
        n++;
      }

  return entries;
}

void
lk_ctl_options_clear (LkCtlOptions *options)
{
  g_free (options->db);
  g_free (options->select);
  g_free (options->product);
  g_free (options->save);
  g_free (options->give_up_after);
  g_free (options->key);
  g_free (options->secret_file);
  g_free (options->remarks);
  g_free (options->user);
  g_free (options->scope);
  g_free (options->keytab);
  g_free (options->certificate);
  g_free (options->scheme);
  g_free (options->fingerprint);
  g_free (options->cid_file);
  g_free (options->sheet);
  g_free (options->ports);
  g_free (options->pattern);
  g_strfreev (options->interfaces);
  g_free (options->server);
  g_free (options->domain);
  g_free (options->base);
  g_free (options->filter);
  g_free (options->name);
  g_free (options->map);
  g_free (options->referrals);
  g_free (options->credential);
  g_free (options->bind);
  g_free (options->tls);
  g_free (options->ca);
  g_free (options->output);
  g_strfreev (options->add);
  g_strfreev (options->remove);
}
