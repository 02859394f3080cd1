# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The app as a process, at a simulated robot, without ROS."""

import itertools
import json
import os
import signal
import time
from pathlib import Path

import pytest
from harness import app
from harness.app import start
from harness.behaviour import Behaviour, Page
from harness.browser import browsing
from harness.daemon import Daemon
from harness.media_behaviour import MediaBehaviour
from harness.panoramas import PanoramaBehaviour, begin, picture, scanned, scanning
from harness.pictures import Client, Stream
from harness.processes import Child, Processes, free_port
from harness.settings_behaviour import SettingsBehaviour
from harness.simulation import Simulation
from harness.voices import socket
from harness.waiting import patience, wait_for

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def page(
    processes: Processes, simulation: Simulation, tmp_path_factory: pytest.TempPathFactory
) -> Page:
    served = app.page(processes, simulation, tmp_path_factory.mktemp("app"))
    assert served.command("wake_up")[0] == 200
    return served


@pytest.fixture(scope="module")
def streams() -> None:
    """The app streams by itself."""


def cpu_s(child: Child) -> float:
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_without_a_token_everybody_may_look_and_nobody_command(
    processes: Processes, simulation: Simulation
) -> None:
    child, port = start(processes, simulation, REACHY_MINI_PAGE_ADDRESS="0.0.0.0")
    assert "token" in child.wait_for_output("in a browser", 30)
    assert Client(port).json("/api/status")[1]["read_only"] is True
    status, answer = Client(port).post("/api/command/stop")
    assert status == 403
    assert ".config/reachy_mini_ros/token" in answer["error"]
    # A page elsewhere that gave its own name the robot's address gets nothing.
    assert Client(port).get("/api/status", Host="evil.example")[0] == 403
    status, answer = Client(port).json("/api/admin")
    assert (status, "itself one of the robot's apps" in answer["error"]) == (503, True)
    assert Client(port).get("/api/status", Host="reachy-mini.local:8042")[0] == 200
    child.stop_cleanly()


def test_with_a_token_who_has_it_may_command(processes: Processes, simulation: Simulation) -> None:
    child, port = start(
        processes, simulation, REACHY_MINI_PAGE_ADDRESS="0.0.0.0", REACHY_MINI_TOKEN=TOKEN
    )
    child.wait_for_output("in a browser", 30)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert Client(port).get("/api/status")[0] == 401
    assert Client(port).json("/api/status", **bearer)[1]["read_only"] is False
    assert Client(port).post("/api/command/stop", **bearer)[0] == 200
    assert TOKEN not in child.output()
    child.stop_cleanly()


def test_the_first_token_is_set_by_who_reads_the_log(
    processes: Processes, simulation: Simulation, tmp_path: Path
) -> None:
    child, port = start(processes, simulation, REACHY_MINI_PAGE_ADDRESS="0.0.0.0", HOME=tmp_path)
    code = child.wait_for_output("with the code", 30).split()[-1]
    told = Client(port).json("/api/settings")[1]
    assert code not in str(told)
    assert (told["read_only"], "log" in told["unlock"]) == (True, True)
    first = {"code": code, "token": TOKEN}
    path = "/api/settings/token"
    assert Client(port).post(path, first, Origin="http://evil.example")[0] == 403
    assert Client(port).post(path, first, Host="evil.example")[0] == 403
    status, answer = Client(port).post(path, {**first, "token": "short"})
    assert (status, list(answer["fields"])) == (409, ["token"])
    for _ in range(3):
        assert Client(port).post(path, {**first, "code": code[::-1]})[0] == 403
    assert Client(port).get("/api/status")[0] == 200
    assert Client(port).post(path, first)[0] == 200
    bearer = {"Authorization": f"Bearer {TOKEN}"}

    def may_command() -> bool:
        try:
            return Client(port).post("/api/command/stop", **bearer)[0] == 200
        except OSError:  # it begins anew
            return False

    wait_for(may_command, 20, "the token")
    assert Client(port).get("/api/status")[0] == 401
    assert Client(port).post(path, first)[0] == 401
    status, answer = Client(port).post(path, {**first, "token": TOKEN[::-1]}, **bearer)
    assert (status, answer["error"]) == (409, "no first token is to be set here")
    assert (tmp_path / ".config/reachy_mini_ros/token").read_text() == f"{TOKEN}\n"
    assert TOKEN not in child.output()
    child.stop_cleanly()


def test_settings_that_cannot_be_used_leave_it_as_it_was(
    processes: Processes, simulation: Simulation, tmp_path: Path
) -> None:
    child, port = start(processes, simulation, HOME=tmp_path)
    child.wait_for_output("in a browser", 30)
    # Somebody spoils the token's file just when the app is to begin anew.
    token = tmp_path / ".config/reachy_mini_ros/token"
    token.parent.mkdir(parents=True)
    token.write_text("for everybody to read")
    token.chmod(0o644)
    assert Client(port).post("/api/agents/pause", {"paused": True})[0] == 200

    def happened() -> list[int]:
        Client(port).get("/api/status")  # the link rests while nobody asks
        return [one["id"] for one in Client(port).json("/api/timeline")[1]["happenings"]]

    [connected] = wait_for(happened, 20, "the connection on the timeline")
    change = {"values": {"jpeg_quality": 50}}
    assert Client(port).post("/api/settings", change, "PUT")[0] == 200
    child.wait_for_output("what was set cannot be", 20)
    wait_for(lambda: child.output().count("in a browser") == 2, 20, "the page")
    told = Client(port).json("/api/settings")[1]
    assert "chmod 600" in told["problem"]
    assert Client(port).json("/api/agents")[1]["paused"] is True, "nobody released them"
    wait_for(lambda: connected in happened(), 10, "what happened before")
    child.stop_cleanly()


def test_what_moves_is_recorded_where_that_is_set_and_ends_where_it_is_to(
    processes: Processes, simulation: Simulation, tmp_path: Path
) -> None:
    child, port = start(
        *(processes, simulation),
        HOME=tmp_path,
        REACHY_MINI_RECORD_ON="motion",
        REACHY_MINI_RECORD_MAX_S=2.0,
    )
    child.wait_for_output("in a browser", 30)
    clips, yaws = tmp_path / "Videos" / "reachy_mini", itertools.cycle((0.6, -0.6))

    def recorded() -> bool:
        pose = dict.fromkeys(("x", "y", "z", "roll", "pitch"), 0.0) | {"yaw": next(yaws)}
        simulation.post("/api/move/goto", {"head_pose": pose, "duration": 1.5})
        due_s = time.monotonic() + 1.5
        wait_for(lambda: time.monotonic() > due_s)
        return "as long as record_max_s allows" in child.output()

    wait_for(recorded, 30, lambda: child.output())
    assert list(clips.glob("*.mp4"))
    assert list(clips.glob("*.csv"))
    ended = Client(port).json("/api/status")[1]["recording"]["ended"]
    assert ended == "" or "record_max_s" in ended  # the next one may have begun
    child.stop_cleanly()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_within_two_seconds_with_viewers(
    processes: Processes, simulation: Simulation, number: signal.Signals
) -> None:
    child, port = start(processes, simulation)
    child.wait_for_output("in a browser", 30)
    streams = [Stream.of_topic(port), Stream.of_topic(port)]
    assert streams[0].read() is not None
    began_s = time.monotonic()
    child.stop_cleanly(number)
    assert time.monotonic() - began_s < patience(2.0)
    for stream in streams:
        stream.close()


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"REACHY_MINI_TOKEN": "4711"}, "token"),
        ({"REACHY_MINI_PORT": "many"}, "REACHY_MINI_PORT"),
        ({"REACHY_MINI_DESTINATIONS": "nowhere"}, "REACHY_MINI_DESTINATIONS"),
    ],
)
def test_what_is_set_wrongly_is_one_line(
    processes: Processes, simulation: Simulation, variables: dict[str, str], named: str
) -> None:
    child, _ = start(processes, simulation, **variables)
    assert child.wait(20) == 1, child.output()
    assert "Traceback" not in child.output()
    assert named in child.output().splitlines()[-1]


def test_a_taken_port_is_one_line(processes: Processes, simulation: Simulation, page: Page) -> None:
    child, _ = start(processes, simulation, REACHY_MINI_PAGE_PORT=page.port)
    assert child.wait(20) == 1, child.output()
    assert "Traceback" not in child.output()
    line = child.output().splitlines()[-1]
    assert "in use" in line
    assert "REACHY_MINI_PAGE_PORT" in line


def test_a_daemon_without_media_is_told_as_such(processes: Processes, tmp_path: Path) -> None:
    daemon = Daemon.start(processes, free_port())
    # Nobody listens where its media would be.
    alone = Simulation(daemon.child, daemon.port, free_port(), tmp_path, daemon.child.pid)
    child, port = start(processes, alone)
    child.wait_for_output("in a browser", 30)

    def reason() -> str:
        assert Client(port).get("/api/snapshot")[0] == 503
        return str(Client(port).json("/api/status")[1]["camera"]["reason"])

    wait_for(lambda: "runs without camera and sound (--no-media)" in reason(), 15, "the reason")
    assert Client(port).json("/api/status")[1]["connection"] == "connected"
    for way in ("video", "hear"):  # told at once, by who knows it now
        with socket(port, way) as looking:
            assert "--no-media" in json.loads(looking.recv(timeout=patience(10)))["waiting"]
    with socket(port, "talk") as talker:
        talker.send('{"rate": 16000}')
        talker.send(bytes(640))
        assert json.loads(talker.recv(timeout=patience(10))) == {"playing": True}
        assert "--no-media" in json.loads(talker.recv(timeout=patience(15)))["error"]
    status, answer = Client(port, 30).post("/api/command/record", {"enabled": True})
    assert (status, "--no-media" in answer["error"]) == (503, True), answer
    with browsing() as browser:
        browser.open(f"http://127.0.0.1:{port}/")
        browser.wait_for_state("silent")
        wait_for(lambda: "--no-media" in browser.text("hint"), 5, "the reason on the page")
        assert browser.text("connection-text") == "Connected"
        assert browser.find("record").get_attribute("aria-pressed") == "false"
    assert daemon.get("/api/media/status")["released"] is False
    child.stop_cleanly()


def test_while_nobody_looks_it_rests(processes: Processes, simulation: Simulation) -> None:
    child, port = start(processes, simulation)
    child.wait_for_output("in a browser", 30)
    Stream.of_topic(port).close()

    def rests() -> bool:
        """Tell whether it takes less than 1 % of a core for 2 s."""
        before_s, began_s = cpu_s(child), time.monotonic()
        wait_for(lambda: time.monotonic() > began_s + 2.0)
        return cpu_s(child) - before_s < 0.01 * (time.monotonic() - began_s)

    wait_for(rests, 30, "less than 1 % of a core")
    child.stop_cleanly()


def test_the_executable_makes_a_panorama_and_names_its_files(
    page: Page, processes: Processes
) -> None:
    options = ("--url", f"http://127.0.0.1:{page.port}", "--yaw-steps=-20,20", "--max-edge", "320")
    child = processes.start_module("reachy_mini_ros.web.panorama_scan", *options)
    told = child.wait_for_output("manifest.json", 60)
    assert "1/2 looks at yaw 20, pitch 0, body 0" in child.output()
    scan = scanning(page)
    assert f"done, 2 of 2 pictures, in the folder scans/{scan['name']}" in child.output(), told
    assert (page.photos / "scans" / scan["name"] / "panorama.jpg").is_file()


def test_a_volume_that_the_robot_cannot_set_is_refused_with_the_reason(page: Page) -> None:
    status, answer = Client(page.port).post("/api/volume", {"microphone": 70})
    assert status == 409
    assert "the volume of the microphone stays as it is" in answer["error"]


class TestSettings(SettingsBehaviour):
    """Settings of the app itself."""


class TestPanorama(PanoramaBehaviour):
    """Scans of this robot."""


def test_a_scan_of_a_robot_that_goes_keeps_what_was_taken(
    page: Page, processes: Processes, tmp_path: Path
) -> None:
    scan = begin(page, yaw_steps=[-40, -20, 0, 20, 40], max_edge=320)
    wait_for(lambda: scanning(page)["taken"], 20, "the first picture")
    before = page.robot
    before.child.stop()
    wait_for(lambda: page.status()["connection"] != "connected", 15, "a robot that is gone")
    # Gone for longer than a scan waits for a state that pauses.
    wait_for(lambda: "goes back" in scanning(page)["reason"], 30, lambda: str(scanning(page)))
    page.robot = Simulation.start(
        processes, tmp_path, port=before.port, signalling_port=before.signalling_port
    )
    told = scanned(page, "failed")
    assert 1 <= told["taken"] < 5
    assert picture(page, scan, "picture_01.jpg").shape == (180, 320, 3)
    assert "manifest.json" in told["files"]
    page.wait_connected()
    assert page.command("wake_up")[0] == 200


class TestDirectRobot(Behaviour, MediaBehaviour):
    """The API over the driver itself."""
