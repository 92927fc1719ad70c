/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-folder.h"

#include "base/lk-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define CERTIFICATE_MODE 0644
#define KEY_MODE         0600
#define MAX_CA_NAME      64

static gboolean
set_file_error (GError **error, const char *path)
{
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot write “%s”: %s"), path,
               g_strerror (errno));
  return FALSE;
}

static gboolean
sync_folder (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean done = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return done;
}

static gboolean
write_all (int fd, const char *text)
{
  gsize length = strlen (text);

  for (gsize done = 0; done < length;)
    {
      gssize n = write (fd, text + done, length - done);

      if (n < 0 && errno != EINTR)
        return FALSE;
      done += n > 0 ? (gsize) n : 0;
    }

  return fsync (fd) == 0;
}

/* Takes what was left of an attempt that a power cut ended. */
static gboolean
write_file (const char *path, const char *text, int mode, gboolean replace, GError **error)
{
  g_autofree char *temporary = g_strconcat (path, ".new", NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  int fd;
  gboolean done;

  g_unlink (temporary);
  fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return set_file_error (error, temporary);

  done = write_all (fd, text) && fchmod (fd, (mode_t) mode) == 0;
  if (!done)
    set_file_error (error, temporary);
  close (fd);
  if (done)
    {
      /* link() refuses when something is there, rename() does not. */
      done = (replace ? rename (temporary, path) : link (temporary, path)) == 0;
      done = done && sync_folder (folder);
      if (!done)
        set_file_error (error, path);
    }
  g_unlink (temporary);
  return done;
}

gboolean
lk_gateway_write_new_file (const char *path, const char *text, int mode, GError **error)
{
  return write_file (path, text, mode, FALSE, error);
}

static gboolean
write_in (const char *folder,
          const char *name,
          const char *text,
          int mode,
          gboolean replace,
          GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return write_file (path, text, mode, replace, error);
}

static char *
read_in (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) cause = NULL;
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, &cause))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot read “%s”: %s"), path,
                 cause->message);
  return text;
}

static LkSecret *
read_key_in (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return lk_secret_read_file (path, error);
}

static gboolean
has_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* A CA that is gone cannot be had back, and with it every console's trust. */
static gboolean
check_empty (const char *folder, GError **error)
{
  static const char *const names[] = { LK_GATEWAY_CA, LK_GATEWAY_CA_KEY, LK_GATEWAY_SERVER,
                                       LK_GATEWAY_SERVER_KEY };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (has_file (folder, names[i]))
      {
        g_set_error (
            error, LK_ERROR, LK_ERROR_INVALID,
            has_file (folder, LK_GATEWAY_CA)
                ? _ ("There is an authority in “%s” already, and nothing is overwritten (%s);"
                     " “renew” makes a new server certificate")
                : _ ("In “%s” there is something of an init that did not finish: remove %s"),
            folder, names[i]);
        return FALSE;
      }

  return TRUE;
}

/* ca.pem comes last: with it the folder is complete. */
static gboolean
write_folder (const char *folder,
              const LkAuthority *authority,
              const char *server,
              const LkSecret *server_key,
              GError **error)
{
  return write_in (folder, LK_GATEWAY_CA_KEY, lk_secret_peek (lk_authority_get_key (authority)),
                   KEY_MODE, FALSE, error) &&
         write_in (folder, LK_GATEWAY_SERVER_KEY, lk_secret_peek (server_key), KEY_MODE, FALSE,
                   error) &&
         write_in (folder, LK_GATEWAY_SERVER, server, CERTIFICATE_MODE, FALSE, error) &&
         write_in (folder, LK_GATEWAY_CA, lk_authority_get_certificate (authority),
                   CERTIFICATE_MODE, FALSE, error);
}

static LkAuthority *
new_authority (const char *name, GError **error)
{
  g_autofree char *words = g_strdup_printf ("Latchkey CA of %s", name);

  return lk_authority_new (strlen (words) <= MAX_CA_NAME ? words : "Latchkey CA", error);
}

gboolean
lk_gateway_folder_init (const char *folder,
                        const char *const *names,
                        int days,
                        LkCertificateFacts **ca,
                        LkCertificateFacts **server,
                        GError **error)
{
  g_autofree char *parent = g_path_get_dirname (folder);
  g_autoptr (LkAuthority) authority = NULL;
  g_autofree char *certificate = NULL;
  g_autoptr (LkSecret) key = NULL;

  if (!check_empty (folder, error))
    return FALSE;

  authority = new_authority (names[0], error);
  if (authority == NULL ||
      !lk_authority_issue_server (authority, names, days, NULL, &certificate, &key, error))
    return FALSE;
  if (g_mkdir_with_parents (folder, 0700) != 0 || !sync_folder (parent))
    return set_file_error (error, folder);
  if (!write_folder (folder, authority, certificate, key, error))
    return FALSE;

  *ca = lk_certificate_facts_new_pem (lk_authority_get_certificate (authority), -1, error);
  *server = lk_certificate_facts_new_pem (certificate, -1, error);
  return *ca != NULL && *server != NULL;
}

LkAuthority *
lk_gateway_folder_load_authority (const char *folder, GError **error)
{
  g_autofree char *certificate = read_in (folder, LK_GATEWAY_CA, error);
  g_autoptr (LkSecret) key =
      certificate != NULL ? read_key_in (folder, LK_GATEWAY_CA_KEY, error) : NULL;

  return key != NULL ? lk_authority_load (certificate, key, error) : NULL;
}

/* NULL without an error when the file is not there, so that a new key can be had. */
static gboolean
load_server_key (const char *folder, LkSecret **key, GError **error)
{
  if (!has_file (folder, LK_GATEWAY_SERVER_KEY))
    return TRUE;

  *key = read_key_in (folder, LK_GATEWAY_SERVER_KEY, error);
  return *key != NULL;
}

gboolean
lk_gateway_folder_renew (const char *folder,
                         const char *const *names,
                         int days,
                         LkCertificateFacts **server,
                         GError **error)
{
  g_autoptr (LkAuthority) authority = lk_gateway_folder_load_authority (folder, error);
  g_autofree char *old = authority != NULL ? read_in (folder, LK_GATEWAY_SERVER, error) : NULL;
  g_autoptr (LkCertificateFacts) facts = NULL;
  g_autofree char *certificate = NULL;
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (LkSecret) new_key = NULL;

  facts = old != NULL ? lk_certificate_facts_new_pem (old, -1, error) : NULL;
  if (facts == NULL || !load_server_key (folder, &key, error) ||
      !lk_authority_issue_server (authority,
                                  names != NULL ? names : (const char *const *) facts->names, days,
                                  key, &certificate, key == NULL ? &new_key : NULL, error))
    return FALSE;
  if (new_key != NULL &&
      !write_in (folder, LK_GATEWAY_SERVER_KEY, lk_secret_peek (new_key), KEY_MODE, FALSE, error))
    return FALSE;
  if (!write_in (folder, LK_GATEWAY_OLD_SERVER, old, CERTIFICATE_MODE, TRUE, error) ||
      !write_in (folder, LK_GATEWAY_SERVER, certificate, CERTIFICATE_MODE, TRUE, error))
    return FALSE;

  *server = lk_certificate_facts_new_pem (certificate, -1, error);
  return *server != NULL;
}
