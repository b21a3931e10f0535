// SPDX-License-Identifier: Apache-2.0
//
// Keeping the program of live frames in the kernel's table of XDP programs.

#define _GNU_SOURCE

#include "CLinuxNet.h"
#include "bpf.h"
#include "netlink_socket.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// Above what a new namespace has by itself, for the kernel numbers the peer.
enum { DEVICE = 100 };

static int read_answer(int fd) {
    _Alignas(struct nlmsghdr) uint8_t buffer[1024];
    // The kernel has answered before send(2) returns.
    int64_t length = clnx_netlink_receive(fd, buffer, sizeof buffer);
    if (length < 0) { return (int)length; }
    const struct nlmsghdr *header = (const struct nlmsghdr *)buffer;
    if (!mnl_nlmsg_ok(header, (int)length) || header->nlmsg_type != NLMSG_ERROR
        || header->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
        return -EPROTO;
    }
    return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(header))->error;
}

// Makes a pair of veth devices in the calling thread's namespace, one of them with the index DEVICE.
static int make_devices(void) {
    _Alignas(struct nlmsghdr) uint8_t buffer[256];
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = RTM_NEWLINK;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
    struct ifinfomsg *general = mnl_nlmsg_put_extra_header(header, sizeof *general);
    general->ifi_family = AF_UNSPEC;
    general->ifi_index = DEVICE;
    struct nlattr *information = mnl_attr_nest_start(header, IFLA_LINKINFO);
    mnl_attr_put_strz(header, IFLA_INFO_KIND, "veth");
    mnl_attr_nest_end(header, information);

    int fd = clnx_netlink_open(NETLINK_ROUTE, 0);
    if (fd < 0) { return fd; }
    int result = clnx_netlink_send(fd, header, header->nlmsg_len);
    if (result == 0) { result = read_answer(fd); }
    close(fd);
    return result;
}

// Attached by a link rather than by the device, the program goes with this process, however it ends.
static int attach(int program) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.link_create.prog_fd = (uint32_t)program;
    attributes.link_create.target_ifindex = DEVICE;
    attributes.link_create.attach_type = BPF_XDP;
    // The generic mode would cost every received packet of this machine a moment.
    attributes.link_create.flags = XDP_FLAGS_DRV_MODE;
    return clnx_bpf(BPF_LINK_CREATE, &attributes);
}

int clnx_live_warm(struct clnx_live *live) {
    if (live->link >= 0) { return 0; }
    int home = clnx_namespace_current();
    if (home < 0) { return home; }
    int result = unshare(CLONE_NEWNET) == 0 ? 0 : -errno;
    if (result == 0) {
        // Without it the namespace would be gone as soon as the thread has left.
        int own = clnx_namespace_current();
        result = own < 0 ? own : make_devices();
        int link = result == 0 ? attach(live->program) : -1;
        if (result == 0 && link < 0) { result = link; }
        if (result == 0) {
            live->link = link;
            live->namespace_file = own;
        } else if (own >= 0) {
            close(own);
        }
        if (clnx_namespace_enter(home) != 0) { result = -EXDEV; }
    }
    close(home);
    return result;
}
