/* SPDX-License-Identifier: GPL-3.0-or-later */
#undef _FILE_OFFSET_BITS /* or open() would be open64() here, and both are wanted */

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Loaded before a program (LD_PRELOAD): SQLite's files sleep. Reading or writing one takes
 * LK_SLOW_MS ms, syncing it ten times as long. What the main thread does with such a file, or with
 * the network, is written into the file LK_SLOW_LOG. */

#define MAX_FILES 4096

static volatile char is_database[MAX_FILES];

static int
is_main_thread (void)
{
  return gettid () == getpid ();
}

static void
tell (const char *what)
{
  const char *path = getenv ("LK_SLOW_LOG");
  FILE *log = path != NULL && is_main_thread () ? fopen (path, "ae") : NULL;

  if (log == NULL)
    return;
  fprintf (log, "%s\n", what);
  fclose (log);
}

static void
dawdle (int file, const char *what, int factor)
{
  const char *ms = getenv ("LK_SLOW_MS");

  if (file < 0 || file >= MAX_FILES || !is_database[file])
    return;
  tell (what);
  usleep ((useconds_t) ((ms != NULL ? atoi (ms) : 0) * 1000 * factor));
}

static void
note (int file, const char *path)
{
  if (file >= 0 && file < MAX_FILES)
    is_database[file] = strstr (path, ".db") != NULL && strstr (path, ".db.lock") == NULL;
}

#define REAL(type, name) ((type) dlsym (RTLD_NEXT, name))

#define OPEN(name)                                                                                 \
  int name (const char *path, int flags, ...)                                                      \
  {                                                                                                \
    va_list arguments;                                                                             \
    mode_t mode;                                                                                   \
    int file;                                                                                      \
                                                                                                   \
    va_start (arguments, flags);                                                                   \
    mode = flags & (O_CREAT | O_TMPFILE) ? va_arg (arguments, mode_t) : 0;                         \
    va_end (arguments);                                                                            \
    file = REAL (int (*) (const char *, int, ...), #name) (path, flags, mode);                     \
    note (file, path);                                                                             \
    return file;                                                                                   \
  }

OPEN (open)
OPEN (open64)

int
close (int file)
{
  if (file >= 0 && file < MAX_FILES)
    is_database[file] = 0;
  return REAL (int (*) (int), "close") (file);
}

#define READ(name, buffer_type, offset_type)                                                       \
  ssize_t name (int file, buffer_type buffer, size_t n, offset_type at)                            \
  {                                                                                                \
    dawdle (file, #name, 1);                                                                       \
    return REAL (ssize_t (*) (int, buffer_type, size_t, offset_type), #name) (file, buffer, n,     \
                                                                              at);                 \
  }

READ (pread, void *, off_t)
READ (pread64, void *, off64_t)
READ (pwrite, const void *, off_t)
READ (pwrite64, const void *, off64_t)

#define SYNC(name)                                                                                 \
  int name (int file)                                                                              \
  {                                                                                                \
    dawdle (file, #name, 10);                                                                      \
    return REAL (int (*) (int), #name) (file);                                                     \
  }

SYNC (fsync)
SYNC (fdatasync)

int
connect (int file, const struct sockaddr *address, socklen_t size)
{
  if (address->sa_family == AF_INET || address->sa_family == AF_INET6)
    tell ("connect");
  return REAL (int (*) (int, const struct sockaddr *, socklen_t), "connect") (file, address, size);
}
