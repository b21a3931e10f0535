// SPDX-License-Identifier: Apache-2.0
//
// Attributes that the library doesn't know: it numbers them itself, up to NFQA_SECCTX in Debian 12.

#pragma once

enum { CNFQ_ATTRIBUTE_PRIORITY = 21 };  // NFQA_PRIORITY in linux/netfilter/nfnetlink_queue.h
