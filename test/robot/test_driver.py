# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The driver as a Python program uses it, without ROS, against the real daemon."""

import asyncio
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from harness import moves
from harness.daemon import Daemon
from harness.loop import on_a_loop
from harness.processes import Processes, free_port
from harness.waiting import patience, until

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import InvalidCommandError, NotConnectedError, RobotError
from reachy_mini_ros.robot.driver import Driver, Listeners, Settings
from reachy_mini_ros.robot.geometry.rotations import head_pose, roll_pitch_yaw
from reachy_mini_ros.robot.motion.commander import Limits
from reachy_mini_ros.robot.motion.events import EventKind, SafetyEvent
from reachy_mini_ros.robot.motion.receipts import Receipt, ReceiptKind
from reachy_mini_ros.robot.motion.trajectory import Point
from reachy_mini_ros.robot.state import RobotInfo, RobotState, Target

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "without_ros.py"
DATASET = "some-lab/its-moves"
WITHOUT_ROS = """
import runpy, sys
for name in ("rclpy", "std_msgs", "sensor_msgs", "geometry_msgs", "diagnostic_msgs"):
    sys.modules[name] = None
example = sys.argv[1]
sys.argv = sys.argv[1:]
runpy.run_path(example, run_name="__main__")
"""


@pytest.fixture(scope="module")
def daemon(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    home = tmp_path_factory.mktemp("robot")
    moves.cache(home, DATASET, {"nod": moves.nod()})
    return Daemon.start(processes, free_port(), HOME=str(home))


def run_example(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_ROS, str(EXAMPLE), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=patience(30))


def test_the_example_drives_the_robot_where_ros_is_not_installed(daemon: Daemon) -> None:
    ended = run_example("127.0.0.1", str(daemon.port), f"{DATASET}/nod")
    assert ended.returncode == 0, ended.stderr
    told = [line.partition(" in ")[0] for line in ended.stdout.splitlines()]
    assert told == ["wake_up done", "goto done", "move done", "stopped"]
    _, left = daemon.get("/api/state/full")["antennas_position"]
    assert left == pytest.approx(-0.6, abs=0.02)


def test_the_example_says_in_one_line_that_there_is_no_robot() -> None:
    ended = run_example("127.0.0.1", str(free_port()))
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "is not connected (nothing listens" in line


def driver_of(daemon: Daemon, **options: object) -> Driver:
    return Driver("127.0.0.1", daemon.port, **options)  # type: ignore[arg-type]


@on_a_loop
async def test_everything_is_commanded_through_one_object(daemon: Daemon, tmp_path: Path) -> None:
    settings = Settings(
        Limits(command_timeout_s=0.2),
        goto_duration_s=0.3,
        move_directory=tmp_path,
        move_dataset=DATASET,
        move_approach_s=0.2,
    )
    async with driver_of(daemon, settings=settings) as robot:
        await robot.wake_up()
        assert "goto done" in await robot.goto(Target(head_pose=head_pose(yaw=0.4)))
        assert roll_pitch_yaw(robot.state.head_pose)[2] == pytest.approx(0.4, abs=0.02)
        assert "goto done" in await robot.look_at(1.0, 0.0, 0.0)
        assert "trajectory done" in await robot.follow(["left_antenna"], [Point(0.4, [0.5])])
        assert robot.state.antennas[1] == pytest.approx(-0.5, abs=0.02)
        assert robot.recorder.start() == "recording"
        assert "move done" in await robot.play_move("nod")
        file = await robot.save_recording()
        found = await robot.list_moves()
        assert (found.recorded, found.dataset, found.names) == ((file.stem,), DATASET, ("nod",))
        assert "move done" in await robot.play_move(file.stem)
        robot.stream(Target(antennas=np.zeros(2)))
        assert await robot.stop() == "stopped: streaming"
        assert await robot.enable_motors(True) == "motors enabled"
        robot.configure(Settings(Limits(command_timeout_s=0.2)))
        with pytest.raises(RobotError, match="no data set 'pollen-robotics/"):
            await robot.play_move("nod")
        with pytest.raises(InvalidCommandError, match="is not the name of a move"):
            await robot.play_move("a/nod")


@on_a_loop
async def test_leaving_ends_what_moves_the_robot(daemon: Daemon) -> None:
    async with driver_of(daemon) as robot:
        await robot.wake_up()
        goto = asyncio.create_task(robot.goto(Target(body_yaw=1.0), 5.0))
        await until(lambda: robot.state.head_joints[0] > 0.05)
    assert isinstance(goto.exception(), Exception)
    assert daemon.get("/api/move/running") == []
    told: list[Receipt] = []
    async with driver_of(daemon, listeners=Listeners(on_receipt=told.append)) as streaming:
        streaming.stream(Target(antennas=np.zeros(2)))
    assert told[-1].kind is ReceiptKind.PREEMPTED
    assert "the end of the driver" in told[-1].reason
    with pytest.raises(NotConnectedError):
        await robot.stop()


@on_a_loop
async def test_recordings_are_listed_while_the_robot_is_away(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_bytes(moves.nod().to_json())
    robot = Driver("127.0.0.1", free_port(), Settings(move_directory=tmp_path))
    robot.start()
    found = await robot.list_moves()
    assert found.recorded == ("mine",)
    assert "not" in found.unavailable
    await robot.close()


@on_a_loop
async def test_what_the_robot_tells_of_itself_is_told_once_and_is_gone_with_it(
    processes: Processes,
) -> None:
    daemon = Daemon.start(processes, free_port())
    infos: list[RobotInfo] = []
    events: list[SafetyEvent] = []
    connections: list[Connection] = []
    listeners = Listeners(
        on_info=infos.append,
        on_event=events.append,
        on_connection=lambda connection, _: connections.append(connection),
    )
    async with driver_of(daemon, listeners=listeners) as robot:
        await until(lambda: robot.health.health is not None)
        assert await robot.ask() == infos[0]
        assert len(infos) == 1
        await robot.enable_motors(False)
        await robot.ask()
        assert infos[-1].motor_mode == "disabled"
        await robot.wake_up()
        goto = asyncio.create_task(robot.goto(Target(body_yaw=0.5), 5.0))
        await until(lambda: bool(robot.monitor.moving))
        assert not events
        robot.health.imu_celsius = 40.0  # as the wireless robot tells
        daemon.kill()
        await until(lambda: robot.link.connection is not Connection.CONNECTED)
        assert robot.health.imu_celsius is None
        assert not robot.monitor.moving
        with pytest.raises(NotConnectedError):
            await goto
        assert [event.source for event in events] == ["goto"]
        assert connections[0] is Connection.CONNECTED
        assert Connection.LOST in connections


@on_a_loop
async def test_a_bug_in_a_listener_ends_neither_link_nor_monitor(daemon: Daemon) -> None:
    states: list[RobotState] = []
    events: list[SafetyEvent] = []
    logged: list[str] = []

    def on_state(state: RobotState) -> None:
        states.append(state)
        if len(states) == 5:
            raise RuntimeError("a bug of the program's")

    def on_event(event: SafetyEvent) -> None:
        events.append(event)
        if len(events) == 1:
            raise RuntimeError("another bug")

    listeners = Listeners(on_state=on_state, on_event=on_event)
    async with driver_of(
        daemon, listeners=listeners, supervisor=Supervisor(logged.append)
    ) as robot:
        await robot.wake_up()
        await until(lambda: len(states) > 50)
        assert any("a bug of the program's" in line for line in logged)
        await asyncio.to_thread(
            daemon.post, "/api/move/goto", {"head_pose": {"yaw": 0.1}, "duration": 3.0}
        )
        await until(lambda: events)
        robot.monitor.app_lock = ""
        await until(lambda: robot.monitor.app_lock == "free")
        assert {event.kind for event in events} == {EventKind.OTHER_CLIENT}
        assert any("another bug" in line for line in logged)
        assert robot.link.connection is Connection.CONNECTED
