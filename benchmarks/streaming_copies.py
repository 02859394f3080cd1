# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What it costs to copy a live stream to its destinations: of H264 that was made beforehand.

The streamer and its senders alone, without a camera, ROS and whatever makes pictures: 1280x720 at
30 Hz into HLS folders, with the robot's Opus, and with AAC of silence. CPU is of all threads and
processes, in percent of a core; the least of ``--times`` counts.

    python benchmarks/streaming_copies.py [--seconds 10] [--times 3] [--destinations 1 3]
"""

import argparse
import itertools
import tempfile
import threading
import time
from pathlib import Path

from figures import keep
from streaming import BITRATE_KBPS, RATE_HZ, Take, cpu_s, pictures, with_sound

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.media.streaming.encoder import Quality
from reachy_mini_ros.media.streaming.streamer import LiveStream
from reachy_mini_ros.media.streaming.target import folder

INTERVAL_S = 1.0
MADE = 120


class Loop:
    """Hands pictures to ``take`` as they are due, and knows what that cost itself."""

    def __init__(self, take: Take, units: list[bytes]) -> None:
        self.cpu_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(take, units))
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self, take: Take, units: list[bytes]) -> None:
        due_s, taken_s = time.monotonic(), 0.0
        for unit in itertools.cycle(units):
            begin_s = time.thread_time()
            take(unit)
            taken_s += time.thread_time() - begin_s
            due_s += 0.5 / RATE_HZ
            if self._stop.wait(max(0.0, due_s - time.monotonic())):
                return
            self.cpu_s = time.thread_time() - taken_s


def measure(place: Path, count: int, units: list[bytes], seconds: float, *, opus: bool) -> float:
    """Return the CPU of copying to so many destinations."""
    targets = [folder("hls", place / str(number), "", INTERVAL_S) for number in range(count)]
    with LoopThread() as io_thread:
        quality = Quality(BITRATE_KBPS, INTERVAL_S)
        streamer = LiveStream(io_thread, targets, quality, lambda: None, Supervisor())
        sound = {"opus": True} if opus else {}
        io_thread.submit(streamer.start(copy=True, **sound)).result()
        loop = Loop(with_sound(streamer) if opus else streamer.add_picture, units)
        time.sleep(5)  # all is there
        own_s, all_s, begin_s = loop.cpu_s, cpu_s(set()), time.monotonic()
        time.sleep(seconds)
        used_s = cpu_s(set()) - all_s - (loop.cpu_s - own_s)
        percent = 100 * used_s / (time.monotonic() - begin_s)
        loop.close()
        io_thread.submit(streamer.stop()).result()
    return percent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--times", type=int, default=3, help="of which the least CPU counts")
    parser.add_argument("--destinations", type=int, nargs="+", default=[1, 3])
    options = parser.parse_args()
    units = [*itertools.islice(pictures(INTERVAL_S), MADE)]
    print(f"{sum(map(len, units)) / MADE / 1000:.1f} kB a picture")
    print("| destinations | H264 and Opus | H264, AAC of silence |\n|---|---|---|", flush=True)
    # An earlier version, to compare with, has AAC alone.
    ways = (True, False) if hasattr(LiveStream, "add_opus") else (False,)
    for count in options.destinations:
        figures = {}
        for opus in ways:
            found = []
            for _ in range(options.times):
                with tempfile.TemporaryDirectory() as place:
                    found.append(measure(Path(place), count, units, options.seconds, opus=opus))
            figures[opus] = f"{min(found):.1f} %"
            keep(f"copies to {count}, {'Opus' if opus else 'AAC'}, CPU", min(found), "%")
        print(f"| {count} | {figures.get(True, '')} | {figures[False]} |", flush=True)


if __name__ == "__main__":
    main()
