// SPDX-License-Identifier: Apache-2.0
//
// Network namespaces: open, recognise, enter, make.

#define _GNU_SOURCE

#include "CLinuxNet.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

// 1 for any namespace, 0 for another kind of file.
static int is_namespace(int fd) {
    struct statfs system;
    int result;
    do {
        result = fstatfs(fd, &system);
    } while (result != 0 && errno == EINTR);
    if (result != 0) { return -errno; }
    return system.f_type == NSFS_MAGIC;
}

static int is_network(int fd) {
    int type = ioctl(fd, NS_GET_NSTYPE);
    return type < 0 ? -errno : type == CLONE_NEWNET;
}

int clnx_namespace_open(const char *path) {
    // Non-blocking, for the path may be anything, a FIFO for instance.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) { return -errno; }
    int result = is_namespace(fd);
    if (result == 1) {
        result = is_network(fd);
        if (result == 1) { return fd; }
        if (result == 0) { result = -EINVAL; }
    } else if (result == 0) {
        result = -EAGAIN;
    }
    close(fd);
    return result;
}

int clnx_namespace_current(void) { return clnx_namespace_open("/proc/thread-self/ns/net"); }

int clnx_namespace_identify(int fd, struct clnx_namespace_id *id) {
    struct stat status;
    if (fstat(fd, &status) != 0) { return -errno; }
    *id = (struct clnx_namespace_id){.device = status.st_dev, .inode = status.st_ino};
    return 0;
}

int clnx_namespace_enter(int fd) { return setns(fd, CLONE_NEWNET) == 0 ? 0 : -errno; }

static int make_and_mount(const char *path) {
    if (unshare(CLONE_NEWNET) != 0) { return -errno; }
    return mount("/proc/thread-self/ns/net", path, NULL, MS_BIND, NULL) == 0 ? 0 : -errno;
}

int clnx_namespace_create(const char *path) {
    int home = clnx_namespace_current();
    if (home < 0) { return home; }
    int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
    int result = file < 0 ? -errno : 0;
    if (file >= 0) {
        close(file);
        result = make_and_mount(path);
        if (result != 0) { unlink(path); }
        if (setns(home, CLONE_NEWNET) != 0) { result = -EXDEV; }
    }
    close(home);
    return result;
}

int clnx_namespace_delete(const char *path) {
    if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL) { return -errno; }
    return unlink(path) == 0 ? 0 : -errno;
}
