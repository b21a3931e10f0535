// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
