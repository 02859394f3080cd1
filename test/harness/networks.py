# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two networks of this machine's own and a router between them, over which no multicast goes."""

import subprocess
import sys

from harness.processes import Child, Processes, node_module

FIRST, SECOND = "10.1.0.2", "10.2.0.2"
"""The one computer of each."""
_COMPUTER = "mount -t tmpfs tmpfs /dev/shm && exec sleep infinity"
"""Computers share no memory: Fast DDS would go through it."""
_ROUTER = f"""
set -e
ip link set lo up
for number in 1 2; do
    setpriv --pdeathsig=KILL unshare -nm sh -c '{_COMPUTER}' &
    computer=$!
    until nsenter -t $computer -n ip link show lo 2>/dev/null | grep -q DOWN; do sleep 0.05; done
    ip link add cable$number type veth peer name eth0 netns $computer
    ip address add 10.$number.0.1/24 dev cable$number
    ip link set cable$number up
    nsenter -t $computer -n sh -c "ip link set lo up && ip address add 10.$number.0.2/24 dev eth0 \\
        && ip link set eth0 up && ip route add default via 10.$number.0.1"
    echo "computer $computer"
done
echo 1 > /proc/sys/net/ipv4/ip_forward
echo routes
wait
"""


def possible() -> bool:
    """Tell whether this machine lets us have networks of our own."""
    tried = subprocess.run(["unshare", "-rnm", "true"], capture_output=True, check=False)
    return tried.returncode == 0


class Networks:
    """Both networks; they end with the test's processes."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        router = processes.start("unshare", "-rnm", "sh", "-c", _ROUTER)
        router.wait_for_output("routes")
        pids = [line.split()[1] for line in router.output().splitlines() if "computer" in line]
        self._computers = dict(zip((FIRST, SECOND), pids, strict=True))

    def run(self, where: str, *command: str, **environment: str) -> Child:
        """Run a program on one of the computers."""
        enter = ["nsenter", "-t", self._computers[where], "-U", "--preserve-credentials"]
        return self._processes.start(*enter, "-n", "-m", *command, env=environment)

    def run_node(self, where: str, node: str, *arguments: str, **environment: str) -> Child:
        """Run a node there, with what it gets after --ros-args."""
        module = [sys.executable, "-m", *node_module(node), "--ros-args", *arguments]
        return self.run(where, *module, **environment)
