# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot's nodes in one network and its page in another, as docs/networks.md configures ROS."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from harness.networks import FIRST, SECOND, Networks, possible
from harness.processes import Processes

DOCUMENT = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
# Asks a page until it shows the robot, and stops it.
ASK = """
import json, sys, time, urllib.error, urllib.request
def ask(path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}{path}", body,
                                     {"Content-Type": "application/json"})
    try:
        return json.load(urllib.request.urlopen(request, timeout=20))
    except urllib.error.HTTPError as error:
        return json.load(error)
    except OSError:
        return {}
while not ((status := ask("/api/status")).get("connection") == "connected" and status["head"]):
    time.sleep(0.1)
print("stop:", ask("/api/command/stop", b"{}"), flush=True)
"""
ONCE = """
import json, sys, urllib.request
address = f"http://127.0.0.1:{sys.argv[1]}/api/status"
print("connection:", json.load(urllib.request.urlopen(address))["connection"])
"""

if not possible():
    pytest.skip("this machine gives us no networks of our own", allow_module_level=True)


def exported(heading: str) -> list[dict[str, str]]:
    """Return what the document exports on each of the computers."""
    section = DOCUMENT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    found = [dict(re.findall(r"^export (\w+)=(\S+)", block, re.MULTILINE)) for block in blocks]
    return [one for one in found if one]


def test_a_page_in_another_network_shows_and_stops_the_robot(processes: Processes) -> None:
    networks = Networks(processes)
    networks.run(
        *(FIRST, sys.executable, "-m", "reachy_mini_ros.simulation.main"),
        *("--width=320", "--height=180"),
    )
    path = f"{sys.prefix}/bin:{os.environ['PATH']}"
    tool = shutil.which("fastdds", path=path)
    configured = {"static": exported("Static peers")}
    if tool is not None:  # of Fast DDS
        configured["server"] = exported("A discovery server")
        (line,) = re.findall(r"^fastdds (discovery .*)$", DOCUMENT, re.MULTILINE)
        libraries = f"{sys.prefix}/lib:{os.environ.get('LD_LIBRARY_PATH', '')}"
        server = networks.run(
            # The tool's own child ends with it.
            *(FIRST, "unshare", "-p", "--fork", "--kill-child", tool, *line.split()),
            PATH=path,
            LD_LIBRARY_PATH=libraries,
        )
        server.takes_leave = False
        server.wait_for_output("GUID prefix")  # it runs
    configured["unconfigured"] = [{}, {}]
    nodes, ports = [], {}
    for number, (name, (beside, far)) in enumerate(configured.items()):
        ports[name] = str(8042 + number)
        usual = ("-r", f"__ns:=/{name}", "-p", "robot_host:=127.0.0.1")
        for where, node, environment in (
            (FIRST, "control", beside),
            (SECOND, "dashboard", far),
        ):
            own = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET", **environment}
            port = ("-p", f"port:={ports[name]}") if node == "dashboard" else ()
            nodes.append(networks.run_node(where, node, *usual, *port, **own))
    for node in nodes[-2:]:
        node.wait_for_output("INFO", 30)
    for name in configured.keys() - {"unconfigured"}:
        asking = networks.run(SECOND, sys.executable, "-c", ASK, ports[name])
        assert "'message':" in asking.wait_for_output("stop: ", 30), name
    # By what is configured, and not by itself.
    asking = networks.run(SECOND, sys.executable, "-c", ONCE, ports["unconfigured"])
    assert asking.wait_for_output("connection:") == "connection: None"
    for node in nodes:
        assert node.stop() == 0, node.output()
