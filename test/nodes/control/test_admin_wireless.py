# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What only the wireless robot's daemon has, and docs/daemon.md against what any daemon has.

The daemon is its own application in wireless mode; what it would do to the robot's system (an
update of itself) is answered by a relay before it instead.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness.pictures import Client
from harness.processes import Child, Processes, free_port
from harness.relay import Relay
from harness.ros import RosClient
from harness.waiting import Awaited, wait_for
from harness.wireless import NETWORK, Wireless
from rcl_interfaces.msg import Log
from std_msgs.msg import String
from std_srvs.srv import Trigger

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.robot import sdk

pytest.importorskip("semver", reason="the wireless daemon imports it: scripts/setup.sh --tests")
pytest.importorskip("nmcli", reason="the wireless daemon imports it: scripts/setup.sh --tests")

NS = "/admin_wireless"
DOC = (Path(__file__).parents[3] / "docs" / "daemon.md").read_text(encoding="utf-8")
DOCUMENTED = "1.13.0"


@pytest.fixture(scope="module")
def daemon(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Wireless:
    return Wireless.begin(processes, tmp_path_factory.mktemp("wireless"))


@pytest.fixture(scope="module")
def relay(daemon: Wireless) -> Iterator[Relay]:
    with LoopThread() as io:
        relay = Relay(daemon.port)
        Awaited(io.submit(relay.start(free_port()))).result(5)
        yield relay
        Awaited(io.submit(relay.stop())).result(5)


@pytest.fixture(scope="module")
def node(processes: Processes, relay: Relay, ros: RosClient) -> Iterator[Child]:
    child = processes.start_node(
        "control", namespace=NS, robot_host="127.0.0.1", robot_port=relay.port, admin=True
    )
    wait_for(lambda: ros.node.count_services(f"{NS}/admin/overview"), 20, "the services")
    yield child
    child.stop_cleanly()


def values(message: DiagnosticStatus) -> dict[str, str]:
    return {entry.key: entry.value for entry in message.values}


def rows(heading: str) -> list[list[str]]:
    section = DOC.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [[*(cell.strip("`") for cell in row[:-1]), row[-1]] for row in cells]


def test_the_table_has_each_address_of_the_daemon_and_no_other(daemon: Wireless) -> None:
    described = daemon.get("/openapi.json")["paths"]
    live = {(method.upper(), path) for path, methods in described.items() for method in methods}
    table = rows("HTTP")
    documented = {(row[0], row[1]) for row in table}
    assert len(table) == len(documented)
    assert not live - documented
    sockets = json.loads(re.search(r"sockets (\[.*\])", daemon.child.output())[1])  # type: ignore[index]
    # Of nested routers the paths begin with their own prefix.
    ends = [row[0] for row in rows("WebSockets")]
    assert sockets
    for path in sockets:
        assert any(end.endswith(path) for end in ends), path
    if sdk.version() == DOCUMENTED:
        assert not documented - live
        assert len(sockets) == len(ends)
    for row in (*table, *rows("WebSockets")):
        assert row[-1], row


def test_what_the_table_names_is_there(ros: RosClient, node: Child) -> None:
    found = {name for name, _ in ros.node.get_topic_names_and_types()}
    found |= {name for name, _ in ros.node.get_service_names_and_types()}
    names = {
        name
        for row in (*rows("HTTP"), *rows("WebSockets"))
        for name in re.findall(r"`(app|(?:admin|daemon|media)/\w+)`", row[-1])
    }
    assert len(names) > 15
    assert not {name for name in names if f"{NS}/{name}" not in found}


def test_the_wifi_is_told_and_no_token(ros: RosClient, relay: Relay, node: Child) -> None:
    relay.answers["/api/hf-auth/status"] = json.dumps(
        {"is_logged_in": True, "username": "someone", "token": "hf_secret"}
    )
    answer = ros.call(Trigger, f"{NS}/admin/overview", None, 40.0)
    assert answer.success, answer.message
    overview = json.loads(answer.message)
    assert overview["wifi"] == {"mode": "wlan", "network": NETWORK, "known": [NETWORK]}
    assert overview["sign_in"] == {"signed_in": True, "user": "someone"}
    assert sdk.version() in overview["install_source"]
    assert "hf_secret" not in answer.message


def test_the_daemon_s_log_comes_to_rosout_and_its_motor_errors_to_diagnostics(
    ros: RosClient, daemon: Wireless, processes: Processes, node: Child
) -> None:
    page = free_port()
    processes.start_node("dashboard", namespace=NS, port=page).wait_for_output("in a browser")
    log = ros.subscribe(Log, "/rosout", reliable(100))
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")
    overload = "reachy_mini.backend - ERROR - Motor 'stewart_3' hardware errors: ['Overload Error']"

    def comes(text: str) -> list[Log]:
        return [one for one in list(log.messages) if text in one.msg]

    def overloaded() -> bool:
        daemon.log(overload)
        daemon.log("uvicorn.access - INFO - 127.0.0.1 - GET /api/daemon/status")
        text = "motors report errors: stewart_3: ['Overload Error']"
        return any(
            one.level == DiagnosticStatus.ERROR and text in one.message
            for one in diagnostics.next().status
        )

    wait_for(overloaded, 20, "the error in /diagnostics")
    wait_for(lambda: comes("Overload Error"), 10, "the line in /rosout")
    line = comes("Overload Error")[0]
    assert line.name == f"{NS[1:]}.control.daemon"
    assert line.level == Log.ERROR[0] if isinstance(Log.ERROR, bytes) else line.level == Log.ERROR
    assert not comes("uvicorn.access")

    def on_the_page() -> bool:
        daemon.log("reachy_mini.daemon - WARNING - for the page")
        status, told = Client(page).json("/api/admin/log")
        shown = [one for one in told.get("lines", ()) if one["text"].endswith("for the page")]
        return status == 200 and bool(shown) and shown[0]["level"] == "warn"

    wait_for(on_the_page, 20, "the line on the page")


def test_an_update_of_the_robot_ends_with_its_daemon_s_other_version(
    ros: RosClient, daemon: Wireless, relay: Relay, node: Child
) -> None:
    receipts = ros.subscribe(DiagnosticStatus, f"{NS}/command_events", reliable(50))
    progress = ros.subscribe(DiagnosticStatus, f"{NS}/admin/progress", latched(50))
    topic = f"{NS}/admin/update_robot"
    publisher = ros.publisher(String, topic)
    wait_for(lambda: ros.node.count_subscribers(topic), 10)

    def told(kind: str) -> str:
        found = [values(one) for one in list(receipts.messages) if values(one)["kind"] == kind]
        return found[-1]["reason"] if found else ""

    publisher.publish(String(data="stable"))  # the internet is not reached: nothing newer is known
    wait_for(lambda: told("refused"), 30, "the refusal")
    assert "there is no newer version than the robot's" in told("refused")

    versions = {"is_available": True, "current_version": "1.13.0", "available_version": "9.0.0"}
    relay.answers["/update/available"] = json.dumps({"update": {"reachy_mini": versions}})
    relay.answers["/update/start"] = json.dumps({"job_id": "u1"})
    job = {"command": "update_reachy_mini", "status": "in_progress"}
    path = "/api/apps/job-status/u1"
    relay.answers[path] = json.dumps({**job, "logs": ["Downloading", "Downloading 40 %"]})
    publisher.publish(String(data="stable"))
    wait_for(lambda: told("accepted") == "job u1", 20, "the job")
    wait_for(lambda: progress.count and values(progress.last)["percent"] == "40", 10, "40 %")
    assert progress.last.message == "Downloading 40 %"
    status = json.dumps({**daemon.get("/api/daemon/status"), "version": "9.0.0"})
    relay.answers["/api/daemon/status"] = status
    del relay.answers[path]  # the daemon that was restarted knows nothing of it
    wait_for(lambda: told("done"), 20, "the end")
    assert told("done") == "the daemon has version 9.0.0 now"
    assert values(progress.last)["status"] == "done"
