/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>

/* NetBIOS name service (RFC 1001, RFC 1002): who has a name, and which names a node has. */

#define LK_NETBIOS_PORT        137
#define LK_NETBIOS_MAX_NAMES   64
#define LK_NETBIOS_MAX_ADDRESS 64

/* What a name stands for, in its sixteenth byte (MS-BRWS 2.1.1, MS-NBTE 2.2.1). */
#define LK_NETBIOS_MACHINE  0x00 /* a machine; as a group: its workgroup or domain */
#define LK_NETBIOS_MASTERS  0x01 /* __MSBROWSE__: master browsers, whatever their workgroup */
#define LK_NETBIOS_PDC      0x1B /* a domain's master browser */
#define LK_NETBIOS_MASTER   0x1D /* the workgroup's master browser on this network */
#define LK_NETBIOS_ELECTION 0x1E /* a group: everybody who takes part in browsing */
#define LK_NETBIOS_SERVER   0x20 /* who offers files */

#define LK_NETBIOS_BROWSERS "\x01\x02__MSBROWSE__\x02"

typedef struct
{
  char *name; /* UTF-8 */
  guint8 suffix;
  gboolean is_group;
} LkNetbiosName;

/**
 * LkNetbiosAnswer:
 *
 * What one datagram says.
 */
typedef struct
{
  guint16 id;
  gboolean is_status;
  LkNetbiosName asked; /* the name that the answer is about */
  GArray *names;       /* of a node status: LkNetbiosName */
  GArray *addresses;   /* of a name: struct in_addr */
} LkNetbiosAnswer;

/* Asks a node for all its names; sent to its address. */
GByteArray *lk_netbios_write_status (guint16 id);
/* Asks everybody who has @name; sent to the broadcast address. "*" is anybody. NULL when @name is
 * none: longer than 15 bytes, or not to be written in NetBIOS's characters. */
GByteArray *lk_netbios_write_query (guint16 id, const char *name, guint8 suffix);

/* NULL when it is no answer, or a negative one. */
LkNetbiosAnswer *lk_netbios_read (const void *data, gsize length);
void lk_netbios_answer_free (LkNetbiosAnswer *self);

/* From a node status: the machine's name, and its workgroup or domain; NULL when it tells none. */
const char *lk_netbios_get_machine (const LkNetbiosAnswer *self);
const char *lk_netbios_get_workgroup (const LkNetbiosAnswer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkNetbiosAnswer, lk_netbios_answer_free)
