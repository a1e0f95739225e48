#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A very small CRI v1 client, for machines that have no crictl.

    cri.py SOCKET up IMAGE POD_UID LOG_DIR [CGROUP_PARENT]   start a pod with two containers
    cri.py SOCKET rm SANDBOX_ID                              stop and remove the pod

`up` prints {"sandbox": id, "containers": {"plain": id, "hard": id}} as its
last line. The few messages that are needed are encoded by hand (field
numbers of runtime.v1), so no .proto file has to be compiled. The pod uses
the host network: no CNI plugin is called.
"""
import json
import sys

import grpc

POD, CONTAINER, NODE = 0, 1, 2


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while True:
        low, n = n & 0x7F, n >> 7
        out.append(low | 0x80 if n else low)
        if not n:
            return bytes(out)


def field(number, value):
    """One protobuf field: int and bool as varint, everything else as bytes."""
    if isinstance(value, (bool, int)):
        return varint(number << 3) + varint(int(value))
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def mapping(number, items):
    return b"".join(field(number, field(1, k) + field(2, v)) for k, v in items.items())


def first_string(message):
    """Text of field 1 (all the replies that we read have an id there)."""
    if not message or message[0] != (1 << 3 | 2):
        raise SystemExit("unexpected reply: %r" % message)
    size, shift, i = 0, 0, 1
    while True:
        size |= (message[i] & 0x7F) << shift
        shift += 7
        i += 1
        if not message[i - 1] & 0x80:
            return message[i:i + size].decode()


class Cri:
    def __init__(self, socket):
        self.channel = grpc.insecure_channel("unix://" + socket)

    def call(self, method, request, timeout=60):
        try:
            return self.channel.unary_unary("/runtime.v1.RuntimeService/" + method)(
                request, timeout=timeout)
        except grpc.RpcError as err:
            raise SystemExit("%s: %s" % (method, err.details()))


def namespaces(pid):
    return field(1, NODE) + field(2, pid) + field(3, POD)


def up(cri, image, pod_uid, log_dir, cgroup_parent=None):
    labels = {"io.kubernetes.pod.name": "zoo-cri", "io.kubernetes.pod.namespace": "zoo",
              "io.kubernetes.pod.uid": pod_uid}
    meta = field(1, "zoo-cri") + field(2, pod_uid) + field(3, "zoo") + field(4, 0)
    # PodSandboxConfig: 1 metadata, 3 log_directory, 6 labels, 8 linux
    sandbox = (field(1, meta) + field(3, log_dir) + mapping(6, labels) +
               field(8, field(1, cgroup_parent or "/kubepods/burstable/pod" + pod_uid) +
                     field(2, field(1, namespaces(CONTAINER)))))
    sandbox_id = first_string(cri.call("RunPodSandbox", field(1, sandbox)))
    containers = {}
    # LinuxContainerResources: 3 cpu_shares, 4 memory_limit_in_bytes
    plain = field(1, field(3, 256) + field(4, 104857600)) + field(2, field(3, namespaces(CONTAINER)))
    # LinuxContainerSecurityContext: 1 capabilities, 3 namespace_options, 5 run_as_user,
    # 7 readonly_rootfs, 11 no_new_privs, 12 run_as_group, 15 seccomp (0: RuntimeDefault)
    hard = (field(1, field(4, 104857600)) +
            field(2, field(1, field(2, "ALL")) + field(3, namespaces(CONTAINER)) +
                  field(5, field(1, 1000)) + field(7, True) + field(11, True) +
                  field(12, field(1, 1000)) + field(15, field(1, 0))))
    try:
        for name, linux in (("plain", plain), ("hard", hard)):
            # ContainerConfig: 1 metadata, 2 image, 3 command, 4 args, 9 labels, 11 log_path, 15 linux
            config = (field(1, field(1, name) + field(2, 0)) + field(2, field(1, image)) +
                      field(3, "/bin/sleep") + field(4, "1000000") +
                      mapping(9, dict(labels, **{"io.kubernetes.container.name": name})) +
                      field(11, name + ".log") + field(15, linux))
            containers[name] = first_string(cri.call(
                "CreateContainer", field(1, sandbox_id) + field(2, config) + field(3, sandbox)))
            cri.call("StartContainer", field(1, containers[name]))
    except BaseException:
        rm(cri, sandbox_id)
        raise
    print(json.dumps({"sandbox": sandbox_id, "containers": containers}))


def rm(cri, sandbox_id):
    cri.call("StopPodSandbox", field(1, sandbox_id))
    cri.call("RemovePodSandbox", field(1, sandbox_id))


def main(argv):
    if len(argv) in (6, 7) and argv[2] == "up":
        up(Cri(argv[1]), *argv[3:])
    elif len(argv) == 4 and argv[2] == "rm":
        rm(Cri(argv[1]), argv[3])
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv)
