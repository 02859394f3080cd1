# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What differs between the distributions, on the one that the tests run on."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from harness.processes import Child, Processes
from harness.waiting import wait_for

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
