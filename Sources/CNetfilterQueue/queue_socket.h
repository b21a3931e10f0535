// SPDX-License-Identifier: Apache-2.0
//
// What socket.c and config.c share.

#pragma once

#include "CNetfilterQueue.h"

// Sends the configuration of a queue that the socket `fd` shall hold and reads the kernel's answer. Returns 0 or
// -errno; with -EOPNOTSUPP, `refused_flags` says which flags the kernel does not have.
int cnfq_configure(int fd, const struct cnfq_config *_Nonnull config, uint32_t *_Nonnull refused_flags);

// Sets a socket's receive buffer; 0 bytes leave it as it is. Returns 0 or -errno.
int cnfq_set_receive_buffer(int fd, uint32_t bytes);
