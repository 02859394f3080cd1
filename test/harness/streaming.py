# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and sound to stream, servers to stream to, and players of what comes out."""

import io
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from harness.pictures import GREEN, jpeg
from harness.processes import Child, Processes, free_port
from harness.waiting import patience, wait_for

TONE_HZ = 1000
_RTMP_MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
# One publisher, as FFmpeg's RTMP server takes no more; tells of what came.
_SINK = """
import sys, av
with av.open(sys.argv[1], options=dict(option.split("=") for option in sys.argv[2:])) as source:
    print("opened", sorted(stream.type for stream in source.streams), flush=True)
    for count, packet in enumerate(source.demux()):
        print("packet", count, packet.stream.type, flush=True)
"""


def tone(begin: int, count: int, rate_hz: int = 16_000) -> NDArray[np.int16]:
    """Return a piece of an endless tone, (count, 1)."""
    phase = 2 * np.pi * TONE_HZ * (begin + np.arange(count)) / rate_hz
    return (8000 * np.sin(phase)).astype(np.int16)[:, None]


def pitch_hz(samples: NDArray[Any], rate_hz: int) -> float:
    """Return the strongest frequency of (samples,)."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate_hz / len(samples))


@contextmanager
def filming(
    picture: Callable[[bytes], object], sound: Callable[[NDArray[np.int16]], object]
) -> Iterator[None]:
    """Hand over green pictures at 15 Hz and a tone in pieces of 20 ms."""
    stop = threading.Event()
    pictures = [jpeg(number) for number in range(10)]

    def film() -> None:
        tick = 0
        while not stop.wait(0.02):
            if tick % 3 == 0:
                picture(pictures[tick // 3 % 10])
            sound(tone(tick * 320, 320))
            tick += 1

    thread = threading.Thread(target=film)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Encoder:
    """Green pictures as a robot's H264: access units, with a key frame every half second."""

    def __init__(self, profile: str = "Baseline") -> None:
        self._codec = av.CodecContext.create("libx264", "w")
        self._codec.width, self._codec.height, self._codec.pix_fmt = 640, 360, "yuv420p"
        self._codec.time_base, self._codec.framerate = Fraction(1, 15), Fraction(15)
        self._codec.gop_size = 7
        self._codec.profile = profile
        # The fastest has nothing that needs more than the first profile.
        preset = "ultrafast" if profile == "Baseline" else "veryfast"
        self._codec.options = {"preset": preset, "tune": "zerolatency"}
        self._jpeg = av.CodecContext.create("mjpeg", "r")
        self._number = 0

    def unit(self, picture: bytes) -> bytes:
        """Return a JPEG picture as an access unit."""
        (frame,) = self._jpeg.decode(av.Packet(picture))
        frame = frame.reformat(format="yuv420p", dst_color_range=1)
        frame.pict_type = 0
        frame.pts, frame.time_base = self._number, Fraction(1, 15)
        self._number += 1
        return b"".join(map(bytes, self._codec.encode(frame)))


class OpusEncoder:
    """A tone as a robot's Opus, packets of 20 ms in stereo."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "w")
        self._codec.sample_rate, self._codec.layout, self._codec.format = 48_000, "stereo", "s16"
        self._sounded = 0

    def packet(self) -> bytes:
        """Return the next one."""
        samples = tone(self._sounded, 960, 48_000).repeat(2, axis=1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "s16", "stereo")
        frame.sample_rate, frame.pts = 48_000, self._sounded
        self._sounded += 960
        return b"".join(map(bytes, self._codec.encode(frame)))


@dataclass
class Played:
    """What a player saw and heard."""

    width: int
    height: int
    times_s: list[float]
    """Of the pictures."""
    bgr: NDArray[np.uint8]
    """The last picture."""
    sound: NDArray[np.float32]
    """One channel."""
    rate_hz: int
    sound_codec: str

    def check(self) -> None:
        """Compare with what :func:`filming` gives."""
        assert (self.width, self.height) == (640, 360)
        assert np.abs(self.bgr[20, 20].astype(int) - GREEN).max() < 8, self.bgr[20, 20]
        gaps = np.diff(self.times_s)
        assert gaps.min() > 0
        assert gaps.max() < 1.0
        size = self.rate_hz // 4
        pieces = [self.sound[at : at + size] for at in range(0, len(self.sound) - size, size // 4)]
        loud = max(pieces, key=lambda piece: float((piece**2).sum()))
        assert abs(pitch_hz(loud, self.rate_hz) - TONE_HZ) < 20


def play(source: str | io.BytesIO, pictures: int = 15, **options: str) -> Played:
    """Play until there are so many pictures, and as much sound."""
    with av.open(source, options=options, timeout=patience(20)) as container:
        video = container.streams.video[0]
        frames: list[av.VideoFrame] = []
        sound: list[NDArray[np.float32]] = []
        rate_hz = 48_000
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                frames.append(frame)
            else:
                rate_hz = frame.sample_rate
                sound.append(frame.to_ndarray()[0])
            if len(frames) >= pictures and sum(map(len, sound)) > rate_hz // 2:
                break
        return Played(
            video.codec_context.width,
            video.codec_context.height,
            [float(frame.time) for frame in frames],
            frames[-1].to_ndarray(format="bgr24"),
            np.concatenate(sound),
            rate_hz,
            container.streams.audio[0].codec_context.name,
        )


def sink(processes: Processes, url: str, **options: str) -> Child:
    """Start a server that takes one stream, and wait until it listens."""
    child = processes.start(
        sys.executable, "-c", _SINK, url, *(f"{name}={value}" for name, value in options.items())
    )
    port = int(url.rpartition(":")[2].partition("/")[0])
    # To connect would count as the one publisher.
    wait_for(lambda: _listens(port), 10, f"a server on port {port}")
    return child


class Nginx:
    """A real nginx with its RTMP module, of this test only: own port, own folder."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        if shutil.which("nginx") is None or not _RTMP_MODULE.exists():
            pytest.skip("nginx and libnginx-mod-rtmp are not installed (scripts/test.sh does)")
        self._processes = processes
        self._folder = folder
        self.port = free_port()
        (folder / "nginx.conf").write_text(
            f"load_module {_RTMP_MODULE}; daemon off; master_process off; pid {folder}/pid;\n"
            f"error_log {folder}/error.log info; events {{}}\n"
            f"rtmp {{ access_log off; server {{ listen 127.0.0.1:{self.port};\n"
            "  application live { live on; record off; }\n"
            "  application closed { live on; deny publish all; } } }\n"
        )
        self.start()

    def url(self, key: str, application: str = "live") -> str:
        return f"rtmp://127.0.0.1:{self.port}/{application}/{key}"

    def start(self) -> None:
        self.child = self._processes.start(
            "nginx", "-p", str(self._folder), "-c", str(self._folder / "nginx.conf")
        )
        wait_for(lambda: _listens(self.port), 10, f"nginx:\n{self.child.output()}")

    def kill(self) -> None:
        self.child.process.kill()
        self.child.process.wait()


@contextmanager
def deaf_server() -> Iterator[int]:
    """Accept connections on a port, and never read nor answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        kept: list[socket.socket] = []
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                try:
                    kept.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            stop.set()
            thread.join()
            for connection in kept:
                connection.close()


def senders(pid: int) -> list[int]:
    """Return the processes that send for a process."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [
        child
        for child in children
        if b"streaming.sender" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def _listens(port: int) -> bool:
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A" for row in rows)
