# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the simulated robot to the browser and back: every part of the way is the real one."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from harness.browser import Browser, browsing
from harness.moves import cache, nod
from harness.pictures import Client, Stream
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.simulation import FULL, Simulation
from harness.waiting import patience, wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from numpy.typing import NDArray

from reachy_mini_ros.simulation import overlay

SPACE = "/dashboard_live"
DATASET = "some-lab/its-moves"
GOTO_S = 2.5
"""On an idle machine: long enough to be stopped on the way."""


@dataclass
class Stack:
    """The robot, all its nodes, and the page."""

    robot: Simulation
    start_dashboard: Callable[[], Child]
    dashboard: Child
    port: int
    photos: Path
    browser: Browser

    def status(self) -> dict[str, float]:
        """Return what the dashboard tells of the head: degrees."""
        head = Client(self.port).json("/api/status")[1].get("head")
        return dict(head) if head else {}

    def true_yaw(self) -> float:
        """Return the head's yaw as the robot's daemon tells it: degrees."""
        told = Client(self.robot.port).json("/api/state/full")[1]
        return math.degrees(told["head_pose"]["yaw"])

    def wait_for_head(self, angle: str, degrees: float, within: float = 3.0) -> None:
        wait_for(
            lambda: abs(self.status().get(angle, 1e9) - degrees) < within,
            15,
            f"{angle} {degrees}, is {self.status()}",
        )

    def picture(self) -> NDArray[np.uint8]:
        """Return what the page shows of the camera, BGR."""
        data = np.frombuffer(self.browser.find("picture").screenshot(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert image is not None
        return np.asarray(image, np.uint8)

    def drag_pad(self, x: float, y: float) -> None:
        """Drag the pad's knob from the middle, by shares of half the pad's size."""
        pad = self.browser.find("pad")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        mouse = self.browser.page.mouse
        mouse.move(*middle)
        mouse.down()
        mouse.move(middle[0] + x * box["width"] / 2, middle[1] + y * box["height"] / 2, steps=20)
        mouse.up()


@pytest.fixture(scope="module")
def stack(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home, photos = tmp_path_factory.mktemp("robot"), tmp_path_factory.mktemp("photos")
    cache(home, DATASET, {"nod": nod()})
    robot = Simulation.start(processes, home, *FULL)
    port, slow_s = free_port(), patience(GOTO_S)
    for node, own in (
        ("camera", {"photo_directory": photos}),
        ("audio", {}),
        (
            "control",
            {"move_dataset": DATASET, "move_approach": 0.3, "goto__duration": slow_s},
        ),
    ):
        processes.start_node(node, namespace=SPACE, **robot.parameters, **own)

    def start_dashboard() -> Child:
        return processes.start_node("dashboard", namespace=SPACE, port=port, photo_directory=photos)

    dashboard = start_dashboard()
    dashboard.wait_for_output("in a browser")
    wait_for(
        lambda: Client(port).get("/api/snapshot")[0] == 200, 20, "a first picture of the camera"
    )
    with browsing() as browser:
        browser.renew(1440, 900)
        browser.open(f"http://127.0.0.1:{port}/")
        browser.wait_for_state("live")
        stack = Stack(robot, start_dashboard, dashboard, port, photos, browser)
        browser.find("wake").click()
        stack.wait_for_head("pitch", 0)
        wait_for(lambda: browser.text("owner") == "Idle", 15, "the end of the wake-up")
        yield stack


def counter(image: NDArray[np.uint8] | bytes) -> int:
    """Return the simulated camera's frame counter, read from the picture itself; 0 for none."""
    if isinstance(image, bytes):
        decoded = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        image = np.asarray(decoded, np.uint8)
    seen = overlay.read(image)
    return seen.frame if seen else 0


def test_stream_shows_the_robots_own_pictures_in_order(stack: Stack) -> None:
    stream = Stream.of_topic(stack.port)
    frames = [counter(stream.read() or b"") for _ in range(20)]
    stream.close()
    assert frames == sorted(set(frames))
    assert frames[0] > 0
    later = counter(Client(stack.port).get("/api/snapshot")[2])
    assert later > frames[-1]


def test_page_shows_the_robot_and_newer_and_newer_pictures(stack: Stack) -> None:
    browser = stack.browser
    wait_for(lambda: browser.text("connection-text") == "Connected")
    assert browser.text("model") == "mockup"
    assert browser.text("motors-text") == "On"
    first = wait_for(lambda: counter(stack.picture()), 5, "the counter on the page")
    wait_for(lambda: counter(stack.picture()) > first, 5, "a later picture on the page")
    values = browser.find("plots").locator("b")
    wait_for(lambda: str(values.nth(2).text_content()).endswith(" ms"), 5, "the latency")
    assert str(values.nth(3).text_content()).endswith(" Hz")


def test_dragging_the_pad_turns_the_robots_head_and_the_picture(stack: Stack) -> None:
    before = stack.picture()
    stack.drag_pad(-0.6, 0.3)
    stack.wait_for_head("yaw", 36)
    stack.wait_for_head("pitch", 9)
    wait_for(lambda: stack.browser.text("yaw").startswith("3"), 5, "the angle on the page")
    moved = np.abs(stack.picture().astype(int) - before).max(axis=2) > 40
    assert moved.mean() > 0.2, "the picture did not move"


@pytest.mark.parametrize("way", ["button", "key"])
def test_stop_ends_a_goto(stack: Stack, way: str) -> None:
    browser = stack.browser
    wait_for(lambda: browser.text("owner") == "Idle")
    stack.drag_pad(-0.7, 0)
    stack.wait_for_head("yaw", 42)
    wait_for(lambda: browser.text("owner") == "Idle", 5, "the end of the stream")
    browser.find("centre").click()
    wait_for(lambda: stack.status().get("yaw", 90) < 38, 5, "the goto")
    if way == "key":
        browser.page.keyboard.press("Escape")
    else:
        browser.find("stop").click()
    wait_for(lambda: browser.text("owner") == "Idle", 5, "the stop")
    stopped_at = stack.true_yaw()
    assert stopped_at > 5, "the goto had reached its end"
    # It would move on within a second.
    first = counter(Client(stack.port).get("/api/snapshot")[2])
    wait_for(lambda: counter(Client(stack.port).get("/api/snapshot")[2]) > first + 30)
    assert abs(stack.true_yaw() - stopped_at) < 0.5


def test_a_click_in_the_picture_turns_the_head_there(stack: Stack) -> None:
    browser = stack.browser
    browser.find("centre").click()
    stack.wait_for_head("yaw", 0, 1.0)
    wait_for(lambda: browser.text("owner") == "Idle", 5, "the end of the goto")
    browser.find("look").click()
    box = browser.find("picture").bounding_box()
    assert box is not None
    browser.page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    wait_for(lambda: stack.status().get("yaw", 90) < -8, 10, "the head looking to the right")
    browser.find("look").click()
    wait_for(lambda: browser.text("owner") == "Idle", 5, "the end of the goto")


def test_a_recorded_move_is_listed_and_played(stack: Stack) -> None:
    moves = stack.browser.find("moves").get_by_role("button")
    stack.browser.find("moves-again").click()
    wait_for(lambda: moves.count() == 1, 15, "the moves")
    moves.click()

    def turned() -> bool:
        joints = Client(stack.port).json("/api/status")[1]["joints"] or {}
        return abs(joints.get("right_antenna", 0.0) + 34.4) < 3

    wait_for(turned, 10, "the antenna at the move's end")
    wait_for(lambda: stack.browser.text("right").startswith("\u22123"), 5, "its angle on the page")


def test_photo_is_saved_shown_and_deleted(stack: Stack) -> None:
    browser = stack.browser
    thumbs = browser.find("gallery").locator(".thumb")
    browser.find("photo").click()
    wait_for(lambda: thumbs.count() == 1, 10, "the photo in the gallery")
    [file] = stack.photos.iterdir()
    image = cv2.imread(str(file))
    assert image is not None
    assert image.shape == (720, 1280, 3)
    thumbs.click()
    browser.wait_until("document.getElementById('shot').naturalWidth === 1280")
    browser.find("remove").click()
    browser.find("remove").click()
    wait_for(lambda: thumbs.count() == 0, 5, "the photo's end")
    assert list(stack.photos.iterdir()) == []


def test_snapshot_is_downloaded_in_full_size(stack: Stack, tmp_path: Path) -> None:
    browser = stack.browser
    browser.find("shoot").click()
    with browser.page.expect_download() as download:
        browser.find("save").click()
    browser.find("dismiss").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.read_bytes().startswith(b"\xff\xd8\xff")
    image = cv2.imread(str(file))
    assert image is not None
    assert image.shape == (720, 1280, 3)


def test_sound_level_is_the_robots(stack: Stack) -> None:
    stack.browser.find("listen").click()
    wait_for(lambda: "dBFS" in stack.browser.text("level"), 15, "a level")
    stack.browser.find("listen").click()
    assert stack.browser.console == []


def test_page_says_that_the_camera_is_off_while_its_node_is_inactive(
    stack: Stack, ros: RosClient
) -> None:
    def change(transition: int) -> None:
        request = ChangeState.Request(transition=Transition(id=transition))
        assert ros.call(ChangeState, f"{SPACE}/camera/change_state", request).success

    change(Transition.TRANSITION_DEACTIVATE)
    wait_for(lambda: stack.browser.text("state") == "Camera off", 15)
    assert "inactive" in stack.browser.text("hint")
    change(Transition.TRANSITION_ACTIVATE)
    stack.browser.wait_for_state("live", 20)


def test_page_comes_back_with_the_dashboard(stack: Stack) -> None:
    stack.dashboard.stop()
    stack.browser.wait_for_state("unreachable")
    assert stack.browser.find("centre").is_disabled()
    stack.dashboard = stack.start_dashboard()
    stack.browser.wait_for_state("live", 20)
    wait_for(lambda: stack.browser.text("connection-text") == "Connected")
    wait_for(lambda: stack.browser.find("centre").is_enabled())


def test_page_and_status_know_nothing_of_a_robot_that_is_gone(stack: Stack) -> None:
    assert Client(stack.port).json("/api/status")[1]["connection"] == "connected"
    stack.robot.child.stop()

    def gone() -> bool:
        answer = Client(stack.port).json("/api/status")[1]
        return answer["connection"] == "lost" and answer["head"] is None

    wait_for(gone, 10, "the robot's absence in the status")
    assert Client(stack.port).get("/api/snapshot")[0] == 503
    stack.browser.wait_for_state("away")
    assert stack.browser.text("yaw") == "\u2013"
    assert stack.browser.find("pad").get_attribute("aria-disabled") == "true"
