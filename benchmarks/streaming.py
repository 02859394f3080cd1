# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a live stream costs, and how late its HLS is, beside the usual way on the same pictures.

Usual way: for each destination a program of its own that is fed with raw BGR pictures, decoded from
the JPEG, converts and encodes them, as with one ``ffmpeg`` for each destination (here with PyAV, as
it is the same FFmpeg; same codec, preset and bitrate, no sound, which spares it the AAC encode).

Copied: the robot's H264 at 30 Hz and its Opus; with AAC the picture is copied and silence encoded.

Pictures are 1280x720 at 15 Hz with the time in each. Destinations are HLS folders, so that nothing
but this machine is measured. CPU is of all threads and processes together, but for those that make
the pictures and read the segments, and for the reading of the pictures from the pipe.
The latency of HLS is the age of the newest picture of the newest segment at the moment when the
playlist first names it: what a player adds is its own.

    python benchmarks/streaming.py [--seconds 20] [--times 1] [--destinations 1 3]
"""

import argparse
import io
import itertools
import math
import multiprocessing
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

ROOT = str(Path(__file__).parents[1])
sys.path.insert(0, ROOT)

from figures import keep  # noqa: E402

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
CONTEXT = multiprocessing.get_context("spawn")


def generate(pipe: Any, interval_s: float | None) -> None:
    """Send pictures as they are due.

    It is a process of its own, as OpenCV and FFmpeg draw and encode in threads that nobody can tell
    from those that are measured.
    """
    due_s = time.monotonic()
    for picture in pictures(interval_s):
        pipe.send_bytes(picture)
        due_s += 1 / (RATE_HZ if interval_s is None else 2 * RATE_HZ)
        time.sleep(max(0.0, due_s - time.monotonic()))


def pictures(interval_s: float | None) -> Iterator[bytes]:
    """Yield pictures with their time in them: JPEG, or H264 with key frames so far apart."""
    rate_hz = RATE_HZ if interval_s is None else 2 * RATE_HZ
    encoder = None if interval_s is None else robot(rate_hz, interval_s)
    room = Picture(WIDTH, HEIGHT, seed=0)
    pose = np.eye(4)
    for frame in itertools.count():
        angle = 0.4 * np.sin(frame / 40)
        pose[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        picture = room.draw(pose)
        overlay.draw(picture, Overlay(frame, time.time_ns()))
        image = av.VideoFrame.from_ndarray(picture.buffer, "yuv420p")
        if encoder is not None:
            image.pts, image.time_base = frame, Fraction(1, rate_hz)
            encoded = b"".join(map(bytes, encoder.encode(image)))
        else:
            bgr = image.to_ndarray(format="bgr24", **ONE_THREAD)
            encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
        yield encoded


class Camera:
    """Hands pictures of another process to ``take``, and knows what that cost itself."""

    def __init__(self, take: Take, interval_s: float | None) -> None:
        self.cpu_s = 0.0
        self._take = take
        self._pipe, sending = CONTEXT.Pipe(duplex=False)
        self.process = CONTEXT.Process(target=generate, args=(sending, interval_s), daemon=True)
        self.process.start()
        sending.close()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self.process.terminate()
        self.process.join()
        self._thread.join()

    def _run(self) -> None:
        while True:
            begin_s = time.thread_time()
            try:
                encoded = self._pipe.recv_bytes()
            except (EOFError, OSError):
                return
            self.cpu_s += time.thread_time() - begin_s
            self._take(encoded)


def robot(rate_hz: int, interval_s: float) -> Any:
    """Return an encoder as the simulated robot's."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, rate_hz), Fraction(rate_hz)
    encoder.gop_size, encoder.thread_count = round(rate_hz * interval_s), 1
    encoder.profile = "Baseline"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"}
    return encoder


def watch(pipe: Any, playlist: Path) -> None:
    """Read each new segment of a playlist, and send how old its newest picture is."""
    seen = ""
    while True:
        time.sleep(0.01)
        names = (
            re.findall(r"^[^#].*\.(?:ts|m4s)$", playlist.read_text(), re.MULTILINE)
            if playlist.exists()
            else []
        )
        if not names or names[-1] == seen:
            continue
        seen, now_ns = names[-1], time.time_ns()
        parts = [*playlist.parent.glob("init.mp4"), playlist.parent / seen]
        with av.open(io.BytesIO(b"".join(part.read_bytes() for part in parts))) as segment:
            *_, last = segment.decode(video=0)
        known = overlay.read(last.to_ndarray(format="bgr24", **ONE_THREAD))
        if known is not None:
            pipe.send((now_ns - known.time_ns) / 1e9)


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


def cpu_s(others: set[int]) -> float:
    """Return the CPU time of this process and of its living children but the ``others``."""
    ticks = 0
    children = {
        int(child)
        for task in Path("/proc/self/task").glob("*/children")
        for child in task.read_text().split()
    }
    for pid in {os.getpid(), *children} - others:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(
    take: Take, playlist: Path, seconds: float, robot_interval_s: float | None = None
) -> tuple[float, list[float]]:
    """Return CPU in percent of a core, and the ages of the segments' newest pictures."""
    ages, sending = CONTEXT.Pipe(duplex=False)
    watching = CONTEXT.Process(target=watch, args=(sending, playlist), daemon=True)
    watching.start()
    camera = Camera(take, robot_interval_s)
    others = {int(process.pid or 0) for process in (watching, camera.process)}
    if not ages.poll(120):
        raise SystemExit("no segment came")
    time.sleep(3)  # all is there, and what starting took is over
    while ages.poll():
        ages.recv()
    own_s, all_s, begin_s = camera.cpu_s, cpu_s(others), time.monotonic()
    time.sleep(seconds)
    used_s = cpu_s(others) - all_s - (camera.cpu_s - own_s)
    percent = 100 * used_s / (time.monotonic() - begin_s)
    found = []
    while ages.poll():
        found.append(ages.recv())
    watching.terminate()
    watching.join()
    camera.close()
    return percent, found or [math.nan]


def copied(targets: list[Target], seconds: float, interval_s: float) -> tuple[float, list[float]]:
    """Measure the streamer with the robot's H264 and Opus."""
    return ours(targets, seconds, interval_s, copy=True, opus=True)


def with_aac(targets: list[Target], seconds: float, interval_s: float) -> tuple[float, list[float]]:
    """Measure the streamer with the robot's H264, and AAC of silence."""
    return ours(targets, seconds, interval_s, copy=True)


def ours(
    targets: list[Target], seconds: float, interval_s: float, **copies: bool
) -> tuple[float, list[float]]:
    """Measure the streamer."""
    with LoopThread() as io_thread:
        streamer = LiveStream(
            io_thread, targets, Quality(BITRATE_KBPS, interval_s), lambda: None, Supervisor()
        )
        if copies.get("opus") and not hasattr(streamer, "add_opus"):
            copies.pop("opus")  # an earlier version, to compare with
        io_thread.submit(streamer.start(**copies)).result()
        take = streamer.add_picture
        if copies.get("opus"):
            take = with_sound(streamer)
        try:
            robots_s = interval_s if copies else None
            return measure(take, Path(targets[0].url), seconds, robots_s)
        finally:
            io_thread.submit(streamer.stop()).result()


def with_sound(streamer: LiveStream) -> Take:
    """Return what takes pictures, and hands on 50 packets of sound a second with them."""
    packet = b"\xfc" + bytes(range(160))  # as many bytes as at 64 kbit/s; nobody decodes them
    begin_s, given = time.monotonic(), 0

    def take(picture: bytes) -> None:
        nonlocal given
        now_s = time.monotonic()
        streamer.add_picture(picture, now_s)
        while begin_s + given * 0.02 <= now_s:
            streamer.add_opus(packet, begin_s + given * 0.02)
            given += 1

    return take


def theirs(targets: list[Target], seconds: float, interval_s: float) -> tuple[float, list[float]]:
    """Measure the usual way."""
    pipes, workers = [], []
    for target in targets:
        assert target.folder is not None
        target.folder.mkdir(parents=True, exist_ok=True)
        receiving, sending = CONTEXT.Pipe(duplex=False)
        arguments = (receiving, target.url, dict(target.options), interval_s)
        workers.append(CONTEXT.Process(target=usual, args=arguments, daemon=True))
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
    parser.add_argument("--times", type=int, default=1, help="of which the least CPU counts")
    parser.add_argument("--keyframe-interval", type=float, default=1.0, help="s")
    options = parser.parse_args()
    ways = {"copied": copied, "copied, AAC": with_aac, "encoded": ours, "usual way": theirs}
    print(f"| destinations | {' | '.join(ways)} | HLS: {' | '.join(ways)} |")
    print("|---" * (1 + 2 * len(ways)) + "|", flush=True)
    for count in options.destinations:
        results = []
        for run in ways.values():
            with tempfile.TemporaryDirectory() as place:
                targets = [
                    folder("hls", Path(place) / str(number), "", options.keyframe_interval)
                    for number in range(count)
                ]
                again = [
                    run(targets, options.seconds, options.keyframe_interval)  # type: ignore[operator]
                    for _ in range(options.times)
                ]
                results.append(min(again))
        for way, (cpu, _) in zip(ways, results, strict=True):
            if way != "usual way":
                keep(f"stream to {count}, {way}, CPU", cpu, "%", results[-1][0])
        cpus = " | ".join(f"{cpu:.1f} %" for cpu, _ in results)
        late = " | ".join(f"{statistics.median(a):.2f} / {max(a):.2f} s" for _, a in results)
        print(
            f"| {count} | {cpus} | {late} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
