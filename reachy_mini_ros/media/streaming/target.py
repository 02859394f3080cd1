# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a live stream goes: FFmpeg's address of it, and a name that tells no secret."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

MOST_DESTINATIONS = 16
_LONGEST_URL = 2048
_INIT = "init.mp4"
_FORMATS = {"rtmp": "flv", "rtmps": "flv", "rtsp": "rtsp", "srt": "mpegts"}
_OPTIONS = {
    "flv": {"flvflags": "no_duration_filesize"},
    "rtsp": {"rtsp_transport": "tcp"},
    "mpegts": {},
    # Segments end at key frames; this is less than the shortest interval between two of them.
    "hls": {
        "hls_time": "0.4",
        "hls_list_size": "6",
        "hls_delete_threshold": "3",
        "hls_flags": "delete_segments+independent_segments+program_date_time+temp_file",
        "hls_start_number_source": "epoch",
    },
    "dash": {
        "window_size": "6",
        "extra_window_size": "3",
        "use_timeline": "1",
    },
}
_OPUS_IN = ("hls", "dash", "rtsp")
"""Formats whose players take Opus; RTMP's do not, and of MPEG-TS few."""
_IN_MP4 = {
    "hls": {"hls_segment_type": "fmp4", "hls_fmp4_init_filename": _INIT},
    "dash": {"dash_segment_type": "mp4"},  # it would be WebM, which Apple's players do not know
}
"""What else it takes for Opus."""
_LEFTOVERS = {
    "hls": ("*.m3u8", "*.m3u8.tmp", "*.ts", "*.ts.tmp", "*.m4s", "*.m4s.tmp", _INIT),
    "dash": ("*.mpd", "*.mpd.tmp", "*.m4s", "*.m4s.tmp"),
}


@dataclass(frozen=True)
class Target:
    """A destination of the stream."""

    name: str
    """For people: without key, password and query."""
    url: str = field(repr=False)
    """For FFmpeg."""
    format: str
    viewer_urls: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    folder: Path | None = None
    """Where the files go, if it is files."""

    @property
    def host(self) -> tuple[str, int] | None:
        """Return name and port of the server, None if it is files."""
        if self.folder is not None:
            return None
        parts = urlsplit(self.url)
        default = {"rtmp": 1935, "rtmps": 443, "rtsp": 554}.get(parts.scheme, 0)
        return parts.hostname or "", parts.port or default

    @property
    def takes_opus(self) -> bool:
        """Return whether the robot's sound can be copied; AAC is for all."""
        return self.format in _OPUS_IN

    def options_for(self, *, opus: bool) -> dict[str, str]:
        """Return FFmpeg's options for a stream with one or the other sound."""
        options = dict(self.options)
        if opus:
            options |= _IN_MP4.get(self.format, {})
            if segments := options.get("hls_segment_filename"):
                options["hls_segment_filename"] = segments.removesuffix(".ts") + ".m4s"
        return options

    def clean(self) -> None:
        """Remove what a stream left in the folder, and nothing else."""
        if self.folder is None:
            return
        for pattern in _LEFTOVERS[self.format]:
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)


def server(url: str) -> Target:
    """Return the target for a URL.

    Raises ValueError, which tells no secret, if it is none that can be streamed to.
    """
    if len(url) > _LONGEST_URL or not url.isprintable() or " " in url:
        raise ValueError("a URL has spaces or is too long: each URL is an item of the list")
    scheme = url.partition("://")[0].lower()
    if scheme not in _FORMATS:
        raise ValueError(
            f"a URL begins with none of {', '.join(f'{name}://' for name in _FORMATS)}"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"{scheme}://... has no valid host and port") from None
    if not parts.hostname:
        raise ValueError(f"{scheme}://... names no host")
    if scheme == "srt" and port is None:
        raise ValueError("srt://... names no port")
    if scheme in ("rtmp", "rtmps") and not parts.path.strip("/"):
        raise ValueError(f"{scheme}://... has no application and key behind its host")
    name = _shown(parts)
    if "@" in name:  # who and a part of the password would be taken for the host, and shown
        raise ValueError(f"{scheme}://... has an @ in its path: a / in a password is written %2F")
    kind = _FORMATS[scheme]
    return Target(name, url, kind, (name,) if scheme == "rtsp" else (), _OPTIONS[kind])


def servers(urls: Sequence[str]) -> list[Target]:
    """Return the targets for ``destinations``, each by a name of its own.

    Raises ValueError, which tells no secret, if one is none, or there are too many.
    """
    if len(urls) > MOST_DESTINATIONS:
        raise ValueError(f"destinations: {len(urls)} are more than {MOST_DESTINATIONS}")
    if len(set(urls)) < len(urls):
        raise ValueError("destinations: one of them is there twice")
    names: dict[str, int] = {}
    found = []
    for url in urls:
        try:
            target = server(url)
        except ValueError as error:
            raise ValueError(f"destinations: {error}") from None
        names[target.name] = number = names.get(target.name, 0) + 1
        name = target.name if number == 1 else f"{target.name} ({number})"
        found.append(replace(target, name=name))
    return found


def folder(kind: str, directory: Path, base_url: str, keyframe_interval_s: float) -> Target:
    """Return the target for an ``hls`` or ``dash`` folder in ``directory``.

    ``base_url`` is where the directory is served.
    """
    file = {"hls": "index.m3u8", "dash": "manifest.mpd"}[kind]
    inner = directory / kind
    options = dict(_OPTIONS[kind])
    if kind == "hls":
        options["hls_segment_filename"] = str(inner / "segment%d.ts")
    else:
        # A segment of the picture ends with the first key frame after it, one of sound at once.
        options["seg_duration"] = f"{0.9 * keyframe_interval_s:.3f}"
    viewer_urls = (f"{base_url.rstrip('/')}/{kind}/{file}",)
    return Target(kind, str(inner / file), kind, viewer_urls, options, inner)


def _shown(parts: SplitResult) -> str:
    """Return the URL without what may be a secret."""
    host = parts.netloc.rpartition("@")[2]
    path = parts.path
    if parts.scheme in ("rtmp", "rtmps"):
        path = path.rstrip("/").rpartition("/")[0] + "/..."
    return f"{parts.scheme}://{host}{path}"
