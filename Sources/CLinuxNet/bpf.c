// SPDX-License-Identifier: Apache-2.0
//
// The system call, which Glibc has no function for.

#include "bpf.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

int clnx_bpf(int command, union bpf_attr *attributes) {
    enum { ATTEMPTS = 5, NOT_SUPPORTED_INSIDE_THE_KERNEL = 524 };
    long result = -1;
    // The verifier gives up with EAGAIN when a signal comes.
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        result = syscall(SYS_bpf, command, attributes, sizeof *attributes);
        if (result >= 0 || errno != EAGAIN) { break; }
    }
    if (result >= 0) { return (int)result; }
    return errno == NOT_SUPPORTED_INSIDE_THE_KERNEL ? -EOPNOTSUPP : -errno;
}
