// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <linux/bpf.h>

// bpf(2): what the command gives, or -errno.
int clnx_bpf(int command, union bpf_attr *attributes);
