// SPDX-License-Identifier: Apache-2.0
//
// Credentials of the other end of a Unix socket.

#define _GNU_SOURCE

#include "CLinuxNet.h"

#include <errno.h>
#include <sys/socket.h>

int clnx_peer_credentials(int fd, struct clnx_credentials *credentials) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) { return -errno; }
    *credentials = (struct clnx_credentials){.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
    return 0;
}
