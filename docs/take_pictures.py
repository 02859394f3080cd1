# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Takes the pictures of the dashboard in this folder, from a simulated robot and all its nodes.

``python docs/take_pictures.py [FOLDER]``; it needs what scripts/setup.sh and test.sh install.
"""

import os
import sys
import tempfile
from pathlib import Path

import cv2

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "test")]
os.environ.update(ROS_DOMAIN_ID="101", ROS_AUTOMATIC_DISCOVERY_RANGE="LOCALHOST")

from harness.browser import SOFTWARE_GRAPHICS, Browser  # noqa: E402
from harness.fleets import example  # noqa: E402
from harness.moves import cache, nod  # noqa: E402
from harness.pictures import Client  # noqa: E402
from harness.processes import Processes, free_port  # noqa: E402
from harness.simulation import Simulation  # noqa: E402
from harness.waiting import wait_for  # noqa: E402

DATASET = "some-lab/its-moves"
MOVES = ("attentive", "cheerful", "curious", "dance", "greeting", "nod", "surprised")
WINDOWS = {"dashboard": (1360, 850, "light"), "dashboard_phone": (390, 844, "dark")}
HISTORY_MS = 30_000
"""The plots are to show something."""


def start(processes: Processes, folder: Path) -> str:
    """Start the robot and its nodes; return the page's address."""
    home = folder / "robot"
    cache(home, DATASET, {name: nod() for name in MOVES})
    robot = Simulation.start(processes, home).parameters
    port = free_port()
    processes.start_node("camera", photo_directory=folder / "photos", **robot)
    processes.start_node("audio", **robot)
    processes.start_node("control", move_dataset=DATASET, **robot)
    processes.start_node("stream", hls=True, live_directory=folder / "live")
    processes.start_node(
        *("dashboard",),
        port=port,
        photo_directory=folder / "photos",
        live_directory=folder / "live",
    )
    wait_for(lambda: _answers(port), 30, "the camera's pictures")
    return f"http://127.0.0.1:{port}/"


def _answers(port: int) -> bool:
    try:
        return Client(port).get("/api/snapshot")[0] == 200
    except OSError:
        return False


def prepare(browser: Browser) -> None:
    """Wake the robot, and let it look somewhere; two photos on the way."""
    browser.find("wake").click()
    wait_for(lambda: browser.text("owner") == "Idle" and browser.text("pitch") == "0.0°", 20)
    browser.find("photo").click()
    browser.find("moves-again").click()
    browser.find("pad").press("Shift+ArrowLeft")
    browser.find("pad").press("Shift+ArrowLeft")
    browser.find("pad").press("Shift+ArrowUp")
    browser.find("slide-roll").fill("-6")
    browser.find("slide-left").fill("-35")
    browser.find("slide-right").fill("20")
    wait_for(lambda: browser.text("yaw").startswith(("19", "20")), 10, "the head's turn")
    browser.find("photo").click()
    wait_for(lambda: browser.find("gallery").locator("li").count() == 2, 10, "two photos")


def take_in_3d(browser: Browser, file: Path) -> None:
    """Open the robot in 3D, and have it look at something by a click."""
    browser.look(720, 1400)
    browser.find("solid-show").click()
    browser.wait_until("document.querySelector('.pose-card').dataset.view === 'solid'", 60)
    canvas = browser.find("solid-canvas")
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": 0.2 * box["width"], "y": 0.45 * box["height"]})
    browser.page.wait_for_timeout(5_000)
    canvas.screenshot(path=file)


def main() -> None:
    """Take all pictures."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Processes(folder) as processes, Browser(*SOFTWARE_GRAPHICS) as browser:
            url = start(processes, folder)
            for number, (picture, (width, height, scheme)) in enumerate(WINDOWS.items()):
                browser.renew(width, height, device_scale_factor=1 + number)
                browser.look(width, height, scheme=scheme)
                browser.open(url)
                browser.wait_for_state("live")
                if number == 0:
                    prepare(browser)
                browser.page.wait_for_timeout(HISTORY_MS)
                browser.evaluate("document.activeElement.blur()")
                browser.page.mouse.move(0, 0)
                browser.evaluate(
                    "scrollTo(0, 0), document.querySelector('.control').scrollTo(0, 0)"
                )
                browser.page.screenshot(path=target / f"{picture}.png")
            take_in_3d(browser, target / "dashboard_3d.png")
            fleet(processes, browser, folder, target / "fleet.png")
            for picture in (*WINDOWS, "dashboard_3d", "fleet"):
                _finish(target / f"{picture}.png")


def fleet(processes: Processes, browser: Browser, folder: Path, file: Path) -> None:
    """Take the picture of the page of two robots, one of which looks aside."""
    yaml, ports = example(folder)
    processes.start_module("reachy_mini_ros.nodes.bringup", "--fleet", str(yaml))
    browser.renew(1000, 560)
    wait_for(lambda: _answers(ports["ann"]), 40, "pictures of ann")
    wait_for(lambda: _answers(ports["bob"]), 40, "pictures of bob")
    wait_for(lambda: Client(ports["bob"], 30).post("/api/command/wake_up")[0] == 200, 20)
    Client(ports["bob"], 30).post("/api/command/head?wait=done", {"yaw": 20})
    browser.open(f"http://127.0.0.1:{ports['page']}/")
    for name in ports.keys() - {"page"}:
        browser.page.wait_for_selector(f"img[alt='What {name} sees']")
    browser.page.wait_for_timeout(3000)
    browser.page.screenshot(path=file)


def _finish(file: Path) -> None:
    """Write the picture again as small as PNG without loss gets, and tell of it."""
    image = cv2.imread(str(file))
    assert image is not None
    cv2.imwrite(str(file), image, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{file} {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
