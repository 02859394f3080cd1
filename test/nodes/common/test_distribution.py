# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What differs between the distributions, on the one that the tests run on."""

import itertools
import os
import socket
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from harness.processes import Child, Processes, free_port
from harness.waiting import patience, wait_for

PROFILE = Path(__file__).parents[3] / "config" / "fastdds.xml"


def largest_shared_memory(child: Child) -> int:
    """Return the bytes of the largest part of /dev/shm that a process uses."""
    sizes = [0]
    for line in Path(f"/proc/{child.pid}/maps").read_text().splitlines():
        if "/dev/shm/" in line:
            begin, end = line.split()[0].split("-")
            sizes.append(int(end, 16) - int(begin, 16))
    return max(sizes)


def test_nodes_share_memory_that_a_raw_image_fits_in(processes: Processes) -> None:
    wanted = int(ElementTree.parse(PROFILE).findtext(".//{*}segment_size") or 0)
    node = processes.start_node("stream", namespace="/shared_memory")
    wait_for(lambda: largest_shared_memory(node) >= wanted, 20, f"{wanted} B of shared memory")
    assert node.stop() == 0


def test_transports_are_those_that_the_user_chose(processes: Processes) -> None:
    nobody = {"robot_host": "127.0.0.1", "robot_port": free_port()}
    # With LOCALHOST Kilted's rmw_fastrtps adds shared memory, whatever the user chose.
    chosen = {"FASTDDS_BUILTIN_TRANSPORTS": "UDPv4", "ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}
    node = processes.start_node("control", namespace="/transports", env=chosen, **nobody)
    node.wait_for_output("127.0.0.1")
    assert "/dev/shm/fastdds" not in Path(f"/proc/{node.pid}/maps").read_text()
    assert node.stop() == 0


def announcements_s(child: Child, socket_: socket.socket, count: int) -> list[float]:
    """Return when a process announced itself as a participant (monotonic seconds)."""
    times: list[float] = []
    while len(times) < count:
        assert child.process.poll() is None, "the node has ended"
        socket_.recv(65536)
        if not times or time.monotonic() - times[-1] > 0.05:  # one from each of its addresses
            times.append(time.monotonic())
    return times


def test_nodes_announce_themselves_more_often_than_each_3_s(processes: Processes) -> None:
    # Ports of participants by the RTPS specification, 9.6.1: this is the third one's.
    port = 7400 + 250 * int(os.environ["ROS_DOMAIN_ID"]) + 10 + 2 * 3
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", port))
        listening.settimeout(patience(20))
        node = processes.start_node("stream", namespace="/announced")
        first = 6  # at the start five in quick succession, as every participant
        times = announcements_s(node, listening, first + 4)[first:]
    gaps_s = [after - before for before, after in itertools.pairwise(times)]
    assert min(gaps_s) < 1.5, gaps_s
    assert node.stop() == 0
