# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the simulated robot itself costs: nobody looks, somebody does, the head turns all the while.

1280x720 at 30 Hz. CPU is that of the process that draws, encodes and sends, in percent of a core if
all pictures came; the daemon, which is the robot's own, is told apart. Baseline: FFmpeg's moving
test picture (testsrc2), made and encoded in the same way (libx264, ultrafast, zerolatency) at
4 Mbit/s, and sent to nobody.

    python benchmarks/simulation.py [--seconds 10]
"""

import argparse
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]

import av  # noqa: E402
from av.filter import Graph  # noqa: E402
from figures import cpu_s, keep  # noqa: E402
from harness.processes import Processes  # noqa: E402
from harness.simulation import FULL, Simulation  # noqa: E402

from reachy_mini_ros.aio import LoopThread  # noqa: E402
from reachy_mini_ros.media.webrtc import WebRtcSession  # noqa: E402

FPS = 30
TURN_S = 1.0


def test_picture(seconds: float) -> float:
    """Return the baseline's CPU."""
    graph = Graph()
    source = graph.add("testsrc2", f"size=1280x720:rate={FPS}")
    pixels, sink = graph.add("format", "yuv420p"), graph.add("buffersink")
    source.link_to(pixels)
    pixels.link_to(sink)
    graph.configure()
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 1280, 720, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate, encoder.gop_size, encoder.thread_count = 4_000_000, FPS, 1
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    begun_s, used_s = time.monotonic(), time.thread_time()
    for number in range(round(seconds * FPS)):
        frame = sink.pull()
        assert isinstance(frame, av.VideoFrame)
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        frame.pict_type = 0
        list(encoder.encode(frame))
        time.sleep(max(0.0, begun_s + (number + 1) / FPS - time.monotonic()))
    return 100 * (time.thread_time() - used_s) / (time.monotonic() - begun_s)


def turning(robot: Simulation, ended: threading.Event) -> None:
    """Turn the head from side to side without a stop."""
    robot.post("/api/motors/set_mode/enabled")
    side = 1
    while not ended.is_set():
        side = -side
        pose = {"x": 0, "y": 0, "z": 0, "roll": 0, "pitch": 0, "yaw": 0.5 * side}
        robot.post("/api/move/goto", {"head_pose": pose, "duration": TURN_S})
        ended.wait(TURN_S)


def measured(robot: Simulation, seconds: float) -> tuple[float, float]:
    """Return the CPU of the simulation and of its daemon."""

    def used() -> list[float]:
        return [cpu_s(pid) for pid in (robot.child.pid, robot.daemon_pid)]

    before, begun_s = used(), time.monotonic()
    time.sleep(seconds)
    passed_s = time.monotonic() - begun_s
    ours, daemon = (100 * (new - old) / passed_s for new, old in zip(used(), before, strict=True))
    return ours, daemon


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    seconds = parser.parse_args().seconds
    baseline = test_picture(seconds)
    print(f"{'test picture of FFmpeg':24} {baseline:5.1f} %")

    pictures: list[int] = []

    def told(what: str) -> None:
        count, begun_s = len(pictures), time.monotonic()
        ours, daemon = measured(robot, seconds)
        rate_hz = (len(pictures) - count) / (time.monotonic() - begun_s)
        # On a busy machine pictures are left out: what all of them would cost counts.
        ours *= max(1.0, FPS / rate_hz) if rate_hz else 1.0
        beside = f"{ours / baseline:5.2f}   {rate_hz:4.1f} Hz   its daemon {daemon:4.1f} %"
        print(f"{what:24} {ours:5.1f} %  {beside}")
        keep(f"simulated robot, CPU, {what}", ours, "%", baseline)

    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        robot = Simulation.start(processes, Path(folder) / "robot", *FULL)
        time.sleep(2.0)
        told("nobody looks")
        with LoopThread() as io:
            session = WebRtcSession("127.0.0.1", robot.signalling_port)
            session.add_encoded(lambda frame: pictures.append(len(frame.data)))
            running = io.submit(session.run())
            while not pictures:
                time.sleep(0.05)
            time.sleep(3.0)
            told("head still")
            ended = threading.Event()
            turner = threading.Thread(target=turning, args=(robot, ended))
            turner.start()
            time.sleep(2.0)
            told("head turns")
            ended.set()
            turner.join()
            running.cancel()


if __name__ == "__main__":
    main()
