// SPDX-License-Identifier: Apache-2.0
//
// What every netlink socket here has in common.

#pragma once

#include "CLinuxNet.h"

// Opens a netlink socket of `protocol` (NETLINK_*), subscribed to `groups`, non-blocking, closed on exec, connected to
// the kernel, so that no other process can send to it. Returns a descriptor or -errno.
int clnx_netlink_open(int protocol, uint32_t groups);

// Sends one request, whole. Returns 0 or -errno.
int clnx_netlink_send(int fd, const void *_Nonnull bytes, size_t length);

// Receives one datagram without waiting. Returns its length, 0 if none waits, -EMSGSIZE if it was longer than
// `capacity`, or -errno.
int64_t clnx_netlink_receive(int fd, void *_Nonnull buffer, size_t capacity);
