#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# boot.sh ROOT NAME OPTION...: boots the tree ROOT as a container with a network of its own and real systemd, on top of
# ROOT, which stays as it is. SIGTERM shuts it down, and so do fifteen minutes. Leaves nothing behind. Needs root.
set -eu
root=$1
name=$2
shift 2

# Without a systemd that would make one, the container gets a control group of its own here, in each hierarchy that a
# systemd inside will want.
keep=
groups=
if [ ! -d /run/systemd/system ]; then
    keep=--keep-unit
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
        if [ -e "$hierarchy/cgroup.procs" ]; then groups="$groups $hierarchy"; fi
    done
fi

clean() {
    for hierarchy in $groups; do
        echo $$ >"$hierarchy/cgroup.procs"
        # A process that was killed leaves its group a moment later.
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            [ -d "$hierarchy/$name" ] || break
            find "$hierarchy/$name" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
        done
    done
    rmdir "/run/systemd/nspawn/propagate/$name" 2>/dev/null || true
}
trap clean EXIT
for hierarchy in $groups; do
    mkdir "$hierarchy/$name"
    echo $$ >"$hierarchy/$name/cgroup.procs"
done

timeout --kill-after=20 900 systemd-nspawn --quiet --directory="$root" --machine="$name" --boot --volatile=overlay \
    --register=no $keep --private-network --console=pipe \
    --capability=CAP_BPF,CAP_NET_ADMIN,CAP_NET_RAW,CAP_SYS_ADMIN --system-call-filter=bpf "$@" &
container=$!
trap 'kill $container' TERM INT HUP
# A signal ends the first wait before the container is down.
wait $container || wait $container || true
