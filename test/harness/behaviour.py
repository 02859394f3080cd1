# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How the page's API behaves, whatever robot is behind it: tests for each of them to inherit.

A test module with such a class has a fixture ``page``: the simulated robot, and a page of it; and
``streams``, which has what streams to the outside run.
"""

import math
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from schemathesis import GenerationMode

from harness.api import Api
from harness.browser import Browser, browsing
from harness.events import EventStream
from harness.pictures import Client, Stream
from harness.processes import Processes
from harness.simulation import Simulation
from harness.video import VideoViewer
from harness.waiting import patience, wait_for


@dataclass
class Page:
    """A page, and the robot that it is of; gotos take 0.4 s to 1 s."""

    port: int
    robot: Simulation
    photos: Path
    clips: Path
    section: str = ""
    """What the names of the camera's settings begin with."""

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = Client(self.port).json("/api/status")[1]
        return answer

    def command(self, name: str, /, **body: object) -> tuple[int, dict[str, str]]:
        client = Client(self.port, patience(30.0))
        return client.post(f"/api/command/{name}", body)

    def clip(self, name: str) -> dict[str, Any]:
        """Return what is listed of a clip; a length of 0 if it is not."""
        clips: list[dict[str, Any]] = Client(self.port).json("/api/clips")[1]["clips"]
        nothing = {"length": 0.0, "states": None}
        return next((clip for clip in clips if clip["name"] == name), nothing)

    def stream_states(self) -> dict[str, str]:
        return {one["name"]: one["state"] for one in self.status()["streams"] or ()}

    def reaches(self, what: Callable[[dict[str, Any]], float], value: float) -> None:
        wait_for(lambda: self._is_at(what, value), 8, lambda: f"{value}, {self.status()}")

    def _is_at(self, what: Callable[[dict[str, Any]], float], value: float) -> bool:
        told = self.status()  # for a moment nothing may be known, on a busy machine
        return bool(told["head"] and told["joints"]) and abs(what(told) - value) < 1.0

    def wait_connected(self) -> None:
        wait_for(lambda: self.status()["connection"] == "connected", 20, "the connection")
        wait_for(lambda: self.status()["joints"], 20, "joints in the status")


def next_event(events: EventStream, source: str) -> dict[str, str]:
    """Return the next safety event of a source."""
    while (told := events.next("safety"))["name"] != source:
        pass
    return dict(told)


class Behaviour:
    """Tests in the order in which they are to run; the last ones take the robot away."""

    @pytest.fixture(scope="class")
    @classmethod
    def window(cls, page: Page) -> Iterator[Browser]:
        """Show the page to somebody from the first fault on."""
        with browsing() as browser:
            browser.open(f"http://127.0.0.1:{page.port}/")
            browser.wait_for_state("live", 30)
            yield browser

    def test_status_tells_what_the_robot_does(self, page: Page) -> None:
        page.wait_connected()  # the app's link rests while nobody asks
        told = page.status()
        assert told["connection"] == "connected"
        assert told["joints"].keys() == {"yaw_body", "right_antenna", "left_antenna"}
        assert told["rates"]["joint_states_hz"] is not None
        assert told["read_only"] is False
        # Nobody asks for it any more.
        wait_for(lambda: page.status()["sound"] is None, 15, "no sound")
        # Each is told in its own time.
        wait_for(lambda: page.status()["robot"].get("model") == "mockup", 5, "the model")
        wait_for(lambda: page.status()["motion"]["motor_mode"] == "enabled", 5, "the motors")
        wait_for(lambda: page.status()["motion"]["owner"] == "idle", 5, "the owner")

    def test_gotos_are_carried_out_with_their_signs(self, page: Page) -> None:
        assert page.command("head", yaw=20, pitch=-5, z=0.01) == (
            200,
            {"message": "goto/head_pose accepted: starts"},
        )
        page.reaches(lambda told: told["head"]["yaw"], 20)
        page.reaches(lambda told: told["head"]["pitch"], -5)
        assert abs(page.status()["head"]["z"] - 0.01) < 0.003
        before = page.status()["joints"]["right_antenna"]
        assert page.command("antennas", left=30)[0] == 200
        page.reaches(lambda told: told["joints"]["left_antenna"], 30)
        page.reaches(lambda told: told["joints"]["right_antenna"], before)
        status, answer = page.command("body?wait=done", yaw=-100)
        assert status == 200, answer
        page.reaches(lambda told: told["joints"]["yaw_body"], -100)
        assert abs(page.status()["head"]["yaw"] + 100) < 66  # so pitched, further than it must
        assert page.command("head?wait=done", yaw=-100)[0] == 200
        assert page.command("body?wait=done", yaw=0)[0] == 200
        assert page.command("head?wait=done")[0] == 200
        assert page.command("body?wait=done", yaw=-100)[0] == 200
        page.reaches(lambda told: told["joints"]["yaw_body"], -100)
        page.reaches(lambda told: told["head"]["yaw"], -35)  # as far along as it has to
        assert page.command("body", yaw=15)[0] == 200
        page.reaches(lambda told: told["joints"]["yaw_body"], 15)
        assert page.command("head")[0] == 200
        page.reaches(lambda told: told["head"]["yaw"], 0)

    def test_all_joints_of_the_urdf_are_told(self, page: Page) -> None:
        def told() -> dict[str, float]:
            with EventStream(page.port, path="/api/joints") as stream:
                content = stream.next("joints")
                assert content["view"] is None or content["view"] == pytest.approx(
                    [0.7002, 0.3939], abs=1e-3
                ), "the simulated camera's"
                return dict(content["joints"])

        def agrees() -> bool:
            measured = page.robot.get("/api/state/full?with_head_joints=true")["head_joints"]
            joints = told()
            names = ("yaw_body", *(f"stewart_{number}" for number in range(1, 7)))
            return len(joints) == 30 and all(
                abs(joints[name] - angle) < 0.01
                for name, angle in zip(names, measured, strict=True)
            )

        wait_for(agrees, 10, lambda: f"{told()}")

    def test_the_end_is_waited_for_if_that_is_wanted(self, page: Page) -> None:
        status, answer = page.command("antennas?wait=done", left=-20)
        assert status == 200, answer
        assert answer["message"].startswith("goto/joints done: goto done in ")
        _, left = page.robot.get("/api/state/full")["antennas_position"]
        assert abs(math.degrees(left) - 20) < 2, "the daemon turns antennas the other way"
        answer = page.command("head?wait=done", mode="stream")[1]
        assert answer == {"message": "sent to set_target/head_pose"}
        assert page.command("head?wait=soon")[0] == 422

    def test_a_streamed_target_is_followed_and_shown(self, page: Page) -> None:
        with EventStream(page.port) as events:
            owners = set()
            for step in range(40):
                answer = page.command("head", roll=step / 4, mode="stream")
                assert answer == (200, {"message": "sent to set_target/head_pose"})
                owners.add(events.next("status")["motion"]["owner"])
            assert "streaming" in owners
        page.reaches(lambda told: told["head"]["roll"], 39 / 4)
        wait_for(lambda: page.status()["motion"]["owner"] == "idle", 5, "the stream's end")
        assert page.command("head")[0] == 200
        page.reaches(lambda told: told["head"]["roll"], 0)

    def test_what_is_refused_is_answered_with_its_reason(self, page: Page) -> None:
        with EventStream(page.port) as events:
            code, answer = page.command("head", pitch=80)
            assert code == 409
            assert "pitch 80.0 deg" in answer["error"]
            told = next_event(events, "goto/head_pose")
        assert told["level"] == "warn"
        assert answer["error"] in told["message"]
        assert page.command("head")[0] == 200, "the next one is judged by itself"
        with EventStream(page.port) as events:
            assert page.command("antennas", left=350, mode="stream")[0] == 200
            assert "refused" in next_event(events, "set_target/joints")["message"]

    def test_motors_and_stop_and_switches_answer(self, page: Page) -> None:
        assert page.command("motors", enabled=False)[0] == 200
        wait_for(lambda: page.status()["motion"]["motor_mode"] == "disabled", 5, "motors off")
        code, answer = page.command("head", yaw=10)
        assert code == 409
        assert "motors" in answer["error"]
        assert page.command("motors", enabled=True)[0] == 200
        assert page.command("automatic_body_yaw", enabled=True)[0] == 200
        assert page.command("stop")[0] == 200

    def test_a_stop_ends_what_runs(self, page: Page) -> None:
        assert page.command("head", yaw=35)[0] == 200
        wait_for(lambda: page.status()["motion"]["owner"] == "goto", 5, "the goto")
        status, answer = page.command("stop")
        assert (status, answer["message"]) == (200, "stopped: goto")
        wait_for(lambda: page.status()["motion"]["owner"] == "idle", 5, "its end")
        assert page.command("head?wait=done")[0] == 200

    def test_who_holds_the_lease_commands_alone(self, page: Page) -> None:
        def ask(action: str, name: str) -> tuple[int, dict[str, str]]:
            return page.command("lease", action=action, name=name, seconds=20)

        def antennas(name: str) -> tuple[int, dict[str, str]]:
            client = Client(page.port, patience(30.0))
            path = "/api/command/antennas?wait=done"
            return client.post(path, {"left": 5}, **({"Lease-Holder": name} if name else {}))

        assert ask("renew", "ann")[0] == 409
        assert ask("acquire", "ann")[0] == 200
        wait_for(lambda: (page.status()["lease"] or {}).get("holder") == "ann", 5, "the holder")
        assert page.status()["lease"]["until"] > page.status()["time"]
        assert ask("acquire", "bob")[0] == 409
        for name, holder in (("", "ann"), ("bob", "ann")):
            code, answer = antennas(name)
            assert code == 409
            assert f"{holder} commands the robot alone" in answer["error"]
        code, answer = antennas("ann")
        assert code == 200, answer
        assert page.command("stop")[0] == 200
        assert ask("take", "bob")[0] == 200
        code, answer = antennas("ann")
        assert code == 409
        assert "bob commands the robot alone" in answer["error"]
        assert ask("release", "bob")[0] == 200
        wait_for(lambda: page.status()["lease"] is None, 5, "no holder")
        code, answer = antennas("bob")
        assert code == 409
        assert "bob holds no lease" in answer["error"]
        assert antennas("")[0] == 200

    def test_a_pixel_is_looked_at(self, page: Page) -> None:
        with_picture = Stream.of_topic(page.port)
        code, answer = page.command("look_at_pixel", u=150.0, v=180.0)
        assert code == 200, answer
        wait_for(
            lambda: (page.status()["head"] or {"yaw": 0.0})["yaw"] > 5, 8, "a head turned left"
        )
        while (told := page.status())["latency"]["picture_ms"] is None:
            with_picture.read()
        picture_ms = told["latency"]["picture_ms"]
        assert 0 < picture_ms["p50"] <= picture_ms["p95"] < 5000
        assert told["rates"]["picture_hz"] > 1
        with_picture.close()
        assert page.command("head")[0] == 200

    def test_a_pixel_of_a_picture_of_another_size_is_scaled(self, page: Page) -> None:
        size = {"width": 2560, "height": 1440}
        code, answer = page.command("look_at_pixel", u=300.0, v=720.0, **size)
        assert code == 200, answer
        wait_for(
            lambda: (page.status()["head"] or {"yaw": 0.0})["yaw"] > 5, 8, "a head turned left"
        )
        assert page.command("head")[0] == 200

    @pytest.mark.parametrize("name", ["head", "antennas", "body", "look_at_pixel", "play_move"])
    def test_whatever_is_commanded_is_answered_as_described(self, page: Page, name: str) -> None:
        api = Api(page.port)
        for operation in api.operations(f"/api/command/{name}"):
            api.try_out(operation, GenerationMode.POSITIVE, 6)
        assert sum(api.statuses.values()) >= 6
        assert set(api.statuses) <= {200, 409}, api.failures

    def test_pictures_that_are_taken_away_are_told_and_come_back(
        self, page: Page, window: Browser
    ) -> None:
        viewer = VideoViewer(page.port)
        viewer.wait_for_text("mime")
        page.robot.child.send_signal(signal.SIGUSR1)

        def told() -> str:
            gone = Client(page.port).get("/api/snapshot")[0] == 503
            return page.status()["camera"].get("reason", "") if gone else ""

        wait_for(lambda: "'reachymini'" in told(), 15, "why there are no pictures")
        assert page.status()["connection"] == "connected"
        viewer.wait_for_text("waiting")
        window.wait_for_state("silent")
        wait_for(lambda: "'reachymini'" in window.text("hint"), 5, "the reason on the page")
        assert window.text("connection-text") == "Connected"
        page.robot.child.send_signal(signal.SIGUSR2)
        wait_for(lambda: Client(page.port).get("/api/snapshot")[0] == 200, 20, "a picture")
        numbers = [*viewer.pictures(len(viewer.film) + 10)]
        assert numbers == sorted(numbers)
        assert numbers[0] >= 0, "none is torn"
        viewer.close()
        window.wait_for_state("live", 20)

    def test_a_robot_that_is_gone_is_told_and_nothing_stale_of_it(
        self, page: Page, window: Browser
    ) -> None:
        page.robot.child.stop()

        def gone() -> bool:
            told = page.status()
            known = told["head"], told["joints"], told["target_head"]
            return told["connection"] == "lost" and known == (None, None, None)

        wait_for(gone, 15, lambda: str(page.status()))
        told = Client(page.port).json("/api/timeline")[1]["happenings"]
        states = [one["text"] for one in told if one["kind"] == "connection"]
        assert states[0] == "lost"
        assert states[-1] == "connected"
        for name in ("stop", "head", "wake_up"):
            status, answer = page.command(name)
            assert status == 503, answer
            assert "not connected" in answer["error"]
        assert Client(page.port).get("/api/snapshot")[0] == 503
        window.wait_for_state("away")
        assert window.text("connection-text") == "Robot away"
        assert window.find("centre").is_disabled()

    def test_it_comes_back_with_the_robot(
        self, page: Page, window: Browser, processes: Processes, tmp_path: Path
    ) -> None:
        before = page.robot
        before.child.stop()  # unless the test above has
        page.robot = Simulation.start(
            processes, tmp_path, port=before.port, signalling_port=before.signalling_port
        )
        page.wait_connected()
        wait_for(lambda: Client(page.port).get("/api/snapshot")[0] == 200, 20, "a picture")
        window.wait_for_state("live", 20)
        assert page.status()["motion"]["asleep"] is True
        status, answer = page.command("wake_up")
        assert status == 200, answer
        wait_for(lambda: page.status()["motion"]["asleep"] is False, 5, "a head that is up")
