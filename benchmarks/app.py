# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the app on the robot costs, beside the usual way of a camera app.

That calls the SDK's `get_frame` 15 times a second, looked at or not, and encodes the newest picture
as JPEG for each viewer. The SDK's own camera class does it here, with its queue, converter and
sink; only its source is another, as the daemon's socket needs a GStreamer that few have: raw
pictures of 720p that lie in memory already, which is as cheap as can be. The app is the real one,
at the simulated robot: 720p at 30 Hz as H264 over WebRTC.

For each case: CPU of the process, the rate at the slowest viewer, what that is for each picture,
and CPU at the full rate (15 Hz of JPEG, 30 Hz of video), as a busy machine's robot sends less; the
ratio is that of the last. Neither counts what the daemon does.

    python benchmarks/app.py [--seconds 10] [--core 1]

GStreamer's plugins (gstreamer1.0-plugins-base) have to be there. With --core both run on it alone.
"""

import argparse
import asyncio
import os
import platform
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from aiohttp import web  # noqa: E402
from figures import cpu_s, keep  # noqa: E402
from harness.pictures import Client, Stream  # noqa: E402
from harness.processes import Child, Processes, free_port  # noqa: E402
from harness.simulation import FULL, Simulation  # noqa: E402
from harness.video import VideoViewer  # noqa: E402
from harness.waiting import wait_for  # noqa: E402

RATE_HZ = 15.0
QUALITY = 80
PICTURES = 8
SETTLE_S = 2.0
REST_S = 15.0
"""The app lets go of the robot some time after the last question."""
FULL_HZ = {"nobody": 0.0, "jpeg": RATE_HZ, "video": 30.0}
CASES = (("nobody", 0), ("jpeg", 1), ("jpeg", 3), ("video", 1), ("video", 3))


def sdk_camera(pictures: list[np.ndarray]) -> Callable[[], np.ndarray | None]:
    """Return `get_frame` of an open camera of the SDK's, fed with BGR pictures at the rate."""
    import gi

    gi.require_version("Gst", "1.0")
    from gi.repository import GLib, Gst
    from reachy_mini.media.camera_constants import ReachyMiniWirelessCamSpecs
    from reachy_mini.media.camera_gstreamer import GStreamerCamera

    height, width = pictures[0].shape[:2]
    raw = [cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes() for picture in pictures]
    content = [GLib.Bytes.new(one) for one in raw]

    class Camera(GStreamerCamera):  # type: ignore[misc]
        def _build_ipc_source(self) -> None:
            source = Gst.ElementFactory.make("appsrc")
            form = f"video/x-raw,format=I420,width={width},height={height},framerate=30/1"
            source.set_property("caps", Gst.Caps.from_string(form))
            source.set_property("is-live", True)
            source.set_property("format", Gst.Format.TIME)
            source.set_property("do-timestamp", True)
            queue = Gst.ElementFactory.make("queue")
            convert = Gst.ElementFactory.make("videoconvert")
            for element in (source, queue, convert):
                self.pipeline.add(element)
            source.link(queue)
            queue.link(convert)
            convert.link(self._appsink_video)
            self.source = source

    camera = Camera(camera_specs=ReachyMiniWirelessCamSpecs())
    assert camera.resolution == (width, height), camera.resolution

    def feed() -> None:
        number, due_s = 0, time.monotonic()
        while True:
            buffer = Gst.Buffer.new_wrapped_bytes(content[number % len(content)])
            camera.source.emit("push-buffer", buffer)
            number, due_s = number + 1, due_s + 1 / RATE_HZ
            time.sleep(max(0.0, due_s - time.monotonic()))

    threading.Thread(target=feed, daemon=True).start()
    camera.open()
    read: Callable[[], np.ndarray | None] = camera.read
    return read


class Usual:
    """The usual camera app."""

    def __init__(self, get_frame: Callable[[], np.ndarray | None]) -> None:
        self._get_frame = get_frame
        self._newest: np.ndarray | None = None
        self._number = 0
        self._threads = ThreadPoolExecutor(4)

    def capture(self) -> None:
        """Take pictures, whoever looks."""
        due_s = time.monotonic()
        while True:
            frame = self._get_frame()
            if frame is not None:
                self._newest = frame
                self._number += 1
                due_s += 1 / RATE_HZ
                time.sleep(max(0.0, due_s - time.monotonic()))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send pictures that are encoded for this viewer."""
        response = web.StreamResponse(
            headers={"Content-Type": "multipart/x-mixed-replace; boundary=picture"}
        )
        await response.prepare(request)
        await response.write(b"--picture\r\n")
        seen = 0
        while True:
            if self._newest is None or self._number == seen:
                await asyncio.sleep(0.005)
                continue
            seen = self._number
            loop = asyncio.get_running_loop()
            jpeg = await loop.run_in_executor(self._threads, encode, self._newest)
            head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
            await response.write(head + jpeg + b"\r\n--picture\r\n")


def encode(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def serve(port: int, folder: Path) -> None:
    """Run the usual camera app, with pictures of a folder."""
    read = [cv2.imread(str(path)) for path in sorted(folder.glob("*.jpg"))]
    usual = Usual(sdk_camera([picture for picture in read if picture is not None]))

    async def run() -> None:
        application = web.Application()
        application.router.add_get("/api/stream", usual.stream)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        threading.Thread(target=usual.capture, daemon=True).start()
        print("serving", flush=True)
        await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def looking(port: int, way: str, count: int) -> Iterator[list[int]]:
    """Look so many times; give how many pictures each has had."""
    had = [0] * count
    over = threading.Event()

    def look(viewer: int) -> None:
        source: Any = Stream.of_topic(port) if way == "jpeg" else VideoViewer(port)
        try:
            while not over.is_set():
                had[viewer] += source.read() is not None
                if way == "video":
                    source.film.clear()
        finally:
            source.close()

    threads = [threading.Thread(target=look, args=(viewer,)) for viewer in range(count)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: all(had), 30, "pictures for all viewers")
        yield had
    finally:
        over.set()
        for thread in threads:
            thread.join()


def measure(child: Child, port: int, way: str, count: int, seconds: float) -> tuple[float, float]:
    """Return CPU in percent of a core, and the rate at the slowest viewer."""
    with looking(port, way, count) as had:
        time.sleep(SETTLE_S if count else REST_S)
        before_s, pictures, begun_s = cpu_s(child.pid), list(had), time.monotonic()
        time.sleep(seconds)
        passed_s = time.monotonic() - begun_s
        used_s = cpu_s(child.pid) - before_s
        rates = [(now - then) / passed_s for now, then in zip(had, pictures, strict=True)]
    return used_s / passed_s * 100, min(rates, default=0.0)


def at_full_rate(way: str, cpu: float, rate_hz: float) -> float:
    """Return CPU in percent of a core if all pictures came."""
    return cpu * max(1.0, FULL_HZ[way] / rate_hz) if rate_hz else cpu


def clock_mhz(core: int | None) -> str:
    """Return the clock of a core, of the first without one, as the kernel tells it."""
    for line in Path("/proc/cpuinfo").read_text().split("\n\n")[core or 0].splitlines():
        if line.startswith("cpu MHz"):
            return f"{float(line.partition(':')[2]):.0f} MHz"
    return "a clock that is not told"


def main() -> None:
    """Measure both in each case."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="measured for each case")
    parser.add_argument("--core", type=int, help="the one that both run on; default: any")
    options = parser.parse_args()
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))  # its own ports
    pinned = [] if options.core is None else ["taskset", "-c", str(options.core)]
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        robot = Simulation.start(processes, Path(folder) / "robot", *FULL)
        ours, usual = free_port(), free_port()
        variables = {
            "REACHY_MINI_PORT": str(robot.port),
            "REACHY_MINI_SIGNALLING_PORT": str(robot.signalling_port),
            "REACHY_MINI_PAGE_ADDRESS": "127.0.0.1",
            "REACHY_MINI_PAGE_PORT": str(ours),
            "PYTHONPATH": str(ROOT),
        }
        app = processes.start(
            *(*pinned, sys.executable, "-m", "camera_live_feed.main"), env=variables
        )
        app.wait_for_output("in a browser")
        wait_for(lambda: Client(ours).get("/api/snapshot")[0] == 200, 30, "a picture")
        for number in range(PICTURES):
            picture = Client(ours).get("/api/snapshot")[2]
            Path(folder, f"{number}.jpg").write_bytes(picture)
        show(app, processes, (*pinned, sys.executable, __file__, "serve"), ours, usual, options)


def show(
    app: Child,
    processes: Processes,
    command: tuple[str, ...],
    ours: int,
    port: int,
    options: argparse.Namespace,
) -> None:
    """Print the figures of each case; one runs while the other is not measured."""
    print(f"{platform.machine()}, core {options.core}: {clock_mhz(options.core)}", flush=True)
    usual: dict[int, tuple[float, float]] = {}
    other = processes.start(*command, str(port), str(app.log.parent))
    other.wait_for_output("serving", 30)
    for way, count in CASES:
        if way != "video":
            usual[count] = measure(other, port, way, count, options.seconds)
            print_row(f"usual way, {way}", count, way, *usual[count])
    other.stop()
    for way, count in CASES:
        figures = measure(app, ours, way, count, options.seconds)
        print_row(f"app, {way}", count, way, *figures)
        full, other_full = at_full_rate(way, *figures), at_full_rate("jpeg", *usual[count])
        keep(f"app, {count} viewers, {way}, CPU", full, "%", other_full)
        ratio = full / other_full
        print(f"{'':20} beside the usual way with as many viewers: {ratio:.2f}", flush=True)


def print_row(what: str, count: int, way: str, cpu: float, rate_hz: float) -> None:
    """Print the figures of one case."""
    each = f"{cpu * 10 / rate_hz:6.2f} ms a picture" if rate_hz else ""
    full = at_full_rate(way, cpu, rate_hz)
    print(
        f"{what:20} {count} viewers {cpu:6.2f} % {rate_hz:5.1f} Hz, "
        f"at the full rate {full:6.2f} %  {each}"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
