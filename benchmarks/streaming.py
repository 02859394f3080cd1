# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a live stream costs, and how late its HLS is, beside the usual way on the same pictures.

Usual way: for each destination a program of its own that is fed with raw BGR pictures, decoded from
the JPEG, converts and encodes them, as with one ``ffmpeg`` for each destination (here with PyAV, as
it is the same FFmpeg; same codec, preset and bitrate, no sound, which spares it the AAC encode).

Copied: the robot's H264 at 30 Hz, which is made beforehand as far as the figures are concerned.

Pictures are 1280x720 at 15 Hz with the time in each. Destinations are HLS folders, so that nothing
but this machine is measured. CPU is of all processes together, that of making pictures left out.
The latency of HLS is the age of the newest picture of the newest segment at the moment when the
playlist first names it: what a player adds is its own.

    python benchmarks/streaming.py [--seconds 20] [--destinations 1 3] [--keyframe-interval 1.0]
"""

import argparse
import multiprocessing
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

ROOT = str(Path(__file__).parents[1])
sys.path.insert(0, ROOT)

from reachy_mini_ros.aio import LoopThread, Supervisor  # noqa: E402
from reachy_mini_ros.media.frames import ONE_THREAD  # noqa: E402
from reachy_mini_ros.media.streaming.encoder import Quality  # noqa: E402
from reachy_mini_ros.media.streaming.streamer import LiveStream  # noqa: E402
from reachy_mini_ros.media.streaming.target import Target, folder  # noqa: E402
from reachy_mini_ros.simulation import overlay  # noqa: E402
from reachy_mini_ros.simulation.overlay import Overlay  # noqa: E402
from reachy_mini_ros.simulation.picture import Picture  # noqa: E402

WIDTH, HEIGHT, RATE_HZ = 1280, 720, 15
BITRATE_KBPS = 2500
Take = Callable[[bytes], None]


class Camera:
    """Hands pictures with their time in them to ``take``, and knows what that cost itself.

    They are JPEG, or H264 with key frames ``interval_s`` apart.
    """

    def __init__(self, take: Take, interval_s: float | None) -> None:
        self.cpu_s = 0.0
        self._rate_hz = RATE_HZ if interval_s is None else 2 * RATE_HZ
        self._robot = None if interval_s is None else robot(self._rate_hz, interval_s)
        self._take = take
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        room = Picture(WIDTH, HEIGHT, seed=0)
        pose = np.eye(4)
        due_s = time.monotonic()
        frame = 0
        while not self._stop.is_set():
            begin_s = time.thread_time()
            angle = 0.4 * np.sin(frame / 40)
            pose[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
            picture = room.draw(pose)
            overlay.draw(picture, Overlay(frame, time.time_ns()))
            image = av.VideoFrame.from_ndarray(picture.buffer, "yuv420p")
            encoded = self._encoded(image, frame)
            self.cpu_s += time.thread_time() - begin_s
            self._take(encoded)
            frame += 1
            due_s += 1 / self._rate_hz
            self._stop.wait(max(0.0, due_s - time.monotonic()))

    def _encoded(self, image: av.VideoFrame, number: int) -> bytes:
        if self._robot is not None:
            image.pts, image.time_base = number, Fraction(1, self._rate_hz)
            return b"".join(map(bytes, self._robot.encode(image)))
        bgr = image.to_ndarray(format="bgr24", **ONE_THREAD)
        return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def robot(rate_hz: int, interval_s: float) -> Any:
    """Return an encoder as the simulated robot's."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, rate_hz), Fraction(rate_hz)
    encoder.gop_size, encoder.thread_count = round(rate_hz * interval_s), 1
    encoder.profile = "Baseline"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"}
    return encoder


class Watch:
    """Reads each new segment of a playlist, and notes how old its newest picture is."""

    def __init__(self, playlist: Path) -> None:
        self.ages_s: list[float] = []
        self.cpu_s = 0.0
        self._playlist = playlist
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        seen = ""
        while not self._stop.wait(0.01):
            begin_s = time.thread_time()
            names = (
                re.findall(r"^[^#].*\.ts$", self._playlist.read_text(), re.M)
                if self._playlist.exists()
                else []
            )
            if names and names[-1] != seen:
                seen, now_ns = names[-1], time.time_ns()
                with av.open(str(self._playlist.parent / seen)) as segment:
                    *_, last = segment.decode(video=0)
                known = overlay.read(last.to_ndarray(format="bgr24", **ONE_THREAD))
                if known is not None:
                    self.ages_s.append((now_ns - known.time_ns) / 1e9)
            self.cpu_s += time.thread_time() - begin_s


def usual(pipe: Any, url: str, options: dict[str, str], interval_s: float) -> None:
    """Encode raw pictures from a pipe: one destination of the usual way."""
    output = av.open(url, "w", format="hls", options=options)
    stream: Any = output.add_stream("libx264", rate=RATE_HZ)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.codec_context.bit_rate = BITRATE_KBPS * 1000
    stream.codec_context.gop_size = round(interval_s * RATE_HZ)
    stream.codec_context.thread_count = 1
    stream.codec_context.time_base = Fraction(1, RATE_HZ)
    stream.options = {"preset": "veryfast", "tune": "zerolatency", "sc_threshold": "0"}
    number = 0
    while content := pipe.recv_bytes():
        bgr = np.frombuffer(content, np.uint8).reshape(HEIGHT, WIDTH, 3)
        frame = av.VideoFrame.from_ndarray(bgr, "bgr24").reformat(format="yuv420p", **ONE_THREAD)
        frame.pts, frame.time_base = number, Fraction(1, RATE_HZ)
        output.mux(stream.encode(frame))
        number += 1


def cpu_s() -> float:
    """Return the CPU time of this process and of its living children."""
    ticks = 0
    children = [
        child
        for task in Path("/proc/self/task").glob("*/children")
        for child in task.read_text().split()
    ]
    for pid in [str(os.getpid()), *children]:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(
    take: Take, playlist: Path, seconds: float, robot_interval_s: float | None = None
) -> tuple[float, list[float]]:
    """Return CPU in percent of a core, and the ages of the segments' newest pictures."""
    camera, watch = Camera(take, robot_interval_s), Watch(playlist)
    time.sleep(4)  # all is there
    own_s, all_s, begin_s = camera.cpu_s + watch.cpu_s, cpu_s(), time.monotonic()
    watch.ages_s.clear()
    time.sleep(seconds)
    used_s = cpu_s() - all_s - (camera.cpu_s + watch.cpu_s - own_s)
    percent = 100 * used_s / (time.monotonic() - begin_s)
    watch.close()
    camera.close()
    return percent, watch.ages_s


def copied(targets: list[Target], seconds: float, interval_s: float) -> tuple[float, list[float]]:
    """Measure the streamer with the robot's H264."""
    return ours(targets, seconds, interval_s, copy=True)


def ours(
    targets: list[Target], seconds: float, interval_s: float, *, copy: bool = False
) -> tuple[float, list[float]]:
    """Measure the streamer."""
    with LoopThread() as io:
        streamer = LiveStream(
            io, targets, Quality(BITRATE_KBPS, interval_s), lambda: None, Supervisor()
        )
        io.submit(streamer.start(copy=copy)).result()
        robots_s = interval_s if copy else None
        try:
            return measure(streamer.add_picture, Path(targets[0].url), seconds, robots_s)
        finally:
            io.submit(streamer.stop()).result()


def theirs(targets: list[Target], seconds: float, interval_s: float) -> tuple[float, list[float]]:
    """Measure the usual way."""
    context = multiprocessing.get_context("spawn")
    pipes, workers = [], []
    for target in targets:
        assert target.folder is not None
        target.folder.mkdir(parents=True, exist_ok=True)
        receiving, sending = context.Pipe(duplex=False)
        arguments = (receiving, target.url, dict(target.options), interval_s)
        workers.append(context.Process(target=usual, args=arguments, daemon=True))
        workers[-1].start()
        pipes.append(sending)

    def take(jpeg: bytes) -> None:
        bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert bgr is not None
        for pipe in pipes:
            pipe.send_bytes(bgr.tobytes())

    try:
        return measure(take, Path(targets[0].url), seconds)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--destinations", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--keyframe-interval", type=float, default=1.0, help="s")
    options = parser.parse_args()
    print("| destinations | copied | encoded | usual way | HLS p50 / max | encoded | usual way |")
    print("|---|---|---|---|---|---|---|")
    for count in options.destinations:
        results = []
        for run in (copied, ours, theirs):
            with tempfile.TemporaryDirectory() as place:
                targets = [
                    folder("hls", Path(place) / str(number), "", options.keyframe_interval)
                    for number in range(count)
                ]
                results.append(run(targets, options.seconds, options.keyframe_interval))
        cpus = " | ".join(f"{cpu:.1f} %" for cpu, _ in results)
        late = " | ".join(f"{statistics.median(a):.2f} / {max(a):.2f} s" for _, a in results)
        print(
            f"| {count} | {cpus} | {late} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
