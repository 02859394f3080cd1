# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page's video beside the page's JPEG pictures, in Chromium, from the same simulated robot.

For each: pictures a second that the page shows, the time from the stamp in a picture to its being
shown (read from a canvas when the browser says that it presents it), gaps between pictures, and CPU
of camera node, dashboard and browser. The robot sends 720p at 30 Hz as H264; JPEG are 15 Hz.

    python benchmarks/page_video.py [--seconds 15]
"""

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]

import numpy as np  # noqa: E402
from figures import cpu_s, keep  # noqa: E402
from harness.browser import Browser  # noqa: E402
from harness.processes import Child, Processes, free_port  # noqa: E402
from harness.simulation import FULL, Simulation  # noqa: E402
from harness.waiting import wait_for  # noqa: E402

from reachy_mini_ros.simulation import overlay  # noqa: E402

SPACE = "/bench"
SHOWN = "document.getElementById('picture').dataset.shown"
NO_VIDEO = "delete window.MediaSource; delete window.ManagedMediaSource"
# The blocks of reachy_mini_ros/simulation/overlay.py. What is drawn is read at once: a canvas
# that is read again and again stands in the memory of the processor.
READ = """async ([seconds, rows, columns, blocks]) => {
  const shown = document.getElementById("picture").dataset.shown;
  const view = document.getElementById(shown);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const seen = [];
  let last = -1;
  const look = () => {
    const at = Date.now();
    const [width, height] = [view.videoWidth ?? view.width, view.videoHeight ?? view.height];
    const block = width / blocks;
    canvas.width = Math.ceil(columns * block);
    canvas.height = Math.ceil(rows * block);
    const [w, h] = [columns * block, rows * block];
    context.drawImage(view, 0, height - h, w, h, 0, 0, w, h);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const bit = (row, column) => {
      const [x, y] = [Math.floor((column + 0.5) * block), Math.floor((row + 0.5) * block)];
      return data[4 * (y * canvas.width + x)] > 128 ? 1 : 0;
    };
    const number = (from, count) => {
      let value = 0;
      for (let i = from; i < from + count; i++) {
        value = value * 2 + bit(Math.floor(i / columns), i % columns);
      }
      return value;
    };
    const frame = number(0, 32);
    if (frame !== last) seen.push([frame, at, at - number(32, 56) / 1000]);
    last = frame;
  };
  const end = performance.now() + seconds * 1000;
  return new Promise((done) => {
    const next = () => {
      look();
      if (performance.now() > end) done({ shown, seen });
      else if (shown === "video") view.requestVideoFrameCallback(next);
      else requestAnimationFrame(next);
    };
    next();
  });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each measurement")
    seconds = parser.parse_args().seconds
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        robot = Simulation.start(processes, Path(folder), *FULL)
        port = free_port()
        camera = processes.start_node("camera", namespace=SPACE, **robot.parameters)
        dashboard = processes.start_node("dashboard", namespace=SPACE, port=port)
        dashboard.wait_for_output("in a browser", 30)
        with Browser() as browser:
            results = {
                kind: measured(
                    browser, port, kind, {"camera": camera, "dashboard": dashboard}, seconds
                )
                for kind in ("pictures", "video")
            }
    report(results)


def measured(
    browser: Browser, port: int, kind: str, nodes: dict[str, Child], seconds: float
) -> dict[str, float]:
    """Return what one page shows of a kind, and what it costs."""
    browser.renew()
    if kind == "pictures":
        browser.page.add_init_script(NO_VIDEO)
    browser.open(f"http://127.0.0.1:{port}/")
    browser.wait_for_state("live", 30)
    wait_for(lambda: browser.evaluate(f"{SHOWN} === '{kind}'"), 20, kind)
    time.sleep(3.0)  # it has found its place behind the newest picture by then
    begun = {name: cpu_s(node.pid) for name, node in nodes.items()}
    begun_s = time.monotonic()
    answer: dict[str, Any] = browser.page.evaluate(
        READ, [seconds, overlay.ROWS, overlay.COLUMNS, overlay.BLOCKS_PER_WIDTH]
    )
    took_s = time.monotonic() - begun_s
    assert answer["shown"] == kind
    _, at_ms, ages_ms = np.array(answer["seen"][1:]).T
    frames = [int(frame) for frame, *_ in answer["seen"][1:]]
    return {
        "rate (Hz)": (len(at_ms) - 1) / (at_ms[-1] - at_ms[0]) * 1e3,
        "age p50 (ms)": float(np.percentile(ages_ms, 50)),
        "age p95 (ms)": float(np.percentile(ages_ms, 95)),
        "gap p95 (ms)": float(np.percentile(np.diff(at_ms), 95)),
        "of the robot's pictures (%)": 100 * len(set(frames)) / (frames[-1] - frames[0] + 1),
        **{
            f"{name} CPU (%)": 100 * (cpu_s(node.pid) - begun[name]) / took_s
            for name, node in nodes.items()
        },
    }


def report(results: dict[str, dict[str, float]]) -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'':30}{'JPEG':>10}{'video':>10}{'ratio':>8}")
    for name, pictures in results["pictures"].items():
        video = results["video"][name]
        keep(f"page by video, {name.partition(' (')[0]}", video, name[-4:].strip(" ()"), pictures)
        print(f"{name:30}{pictures:10.1f}{video:10.1f}{video / pictures:8.2f}")


if __name__ == "__main__":
    main()
