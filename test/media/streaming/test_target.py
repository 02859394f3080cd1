# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a live stream may go, and what is said of it: a target's name tells no secret."""

from pathlib import Path

import pytest

from reachy_mini_ros.media.streaming.target import (
    MOST_DESTINATIONS,
    Target,
    folder,
    server,
    servers,
)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("rtmp://a.rtmp.youtube.com/live2/ab-SECRET", "rtmp://a.rtmp.youtube.com/live2/..."),
        ("rtmps://u:SECRET@host:443/app/x/SECRET?a=SECRET", "rtmps://host:443/app/x/..."),
        ("RTMP://host/SECRET", "rtmp://host/..."),
        ("rtmp://host/app/SECRET/", "rtmp://host/app/..."),
        ("rtsp://u:SECRET@host:8554/robot?SECRET#SECRET", "rtsp://host:8554/robot"),
        ("srt://[::1]:8890?streamid=publish:SECRET", "srt://[::1]:8890"),
        ("rtmp://host/app/SECRET@1234", "rtmp://host/app/..."),
        ("rtsp://u:12%2FSECRET@host/robot", "rtsp://host/robot"),
    ],
)
def test_the_name_of_a_target_tells_no_secret(url: str, name: str) -> None:
    target = server(url)
    assert target.name == name
    assert "SECRET" not in repr(target)
    assert not any("SECRET" in viewer for viewer in target.viewer_urls)
    assert target.url == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "SECRET", "http://host/SECRET", "file:///tmp/SECRET", "rtmp://", "rtmp:///SECRET"),
        *("rtmp://host", "rtmp://host/", "rtmp://host:99999/a/SECRET", "rtmp://host:x/a/SECRET"),
        *("rtmp://host/a/SECRET conn=1", "rtmp://host/a/SECRET\n", "srt://host?SECRET"),
        *("rtmp://[::1/a/SECRET", "rtmp://host/a/" + "SECRET" * 500),
        *("rtsp://u:12/SECRET@host/robot", "rtmp://u:12/SECRET@host/app/key"),
    ],
)
def test_what_cannot_be_streamed_to_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|://") as refused:
        server(url)
    assert "SECRET" not in str(refused.value)


def test_cleaning_removes_what_a_stream_left_and_nothing_else(tmp_path: Path) -> None:
    target = folder("hls", tmp_path, "http://host:8042/live/", 2.0)
    assert target.viewer_urls == ("http://host:8042/live/hls/index.m3u8",)
    inner = tmp_path / "hls"
    inner.mkdir()
    for name in ("index.m3u8", "segment12.ts", "index.m3u8.tmp", "holiday.mp4"):
        (inner / name).write_bytes(b"x")
    target.clean()
    assert [path.name for path in inner.iterdir()] == ["holiday.mp4"]


def test_a_folder_of_dash_is_cleaned_and_a_server_has_nothing_to_clean(tmp_path: Path) -> None:
    target = folder("dash", tmp_path, "http://host/live", 2.0)
    assert target.viewer_urls == ("http://host/live/dash/manifest.mpd",)
    assert target.url == str(tmp_path / "dash" / "manifest.mpd")
    assert target.options["seg_duration"] == "1.800"
    assert target.host is None
    target.folder.mkdir()
    for name in ("manifest.mpd", "chunk-1.m4s", "chunk-2.m4s.tmp", "segment1.ts"):
        (target.folder / name).write_bytes(b"x")
    target.clean()
    assert [path.name for path in target.folder.iterdir()] == ["segment1.ts"]
    server("srt://host:9000").clean()


@pytest.mark.parametrize(
    ("url", "host", "kind"),
    [
        ("rtmp://host/app/key", ("host", 1935), "flv"),
        ("rtmps://host/app/key", ("host", 443), "flv"),
        ("rtmp://host:1936/app/key", ("host", 1936), "flv"),
        ("rtsp://[::1]/robot", ("::1", 554), "rtsp"),
        ("srt://host:9000", ("host", 9000), "mpegts"),
    ],
)
def test_a_server_is_where_its_url_says(url: str, host: tuple[str, int], kind: str) -> None:
    target = server(url)
    assert (target.host, target.format) == (host, kind)
    assert target.viewer_urls == ((target.name,) if kind == "rtsp" else ())


def test_a_url_is_as_long_as_is_allowed_and_no_longer() -> None:
    longest = "rtmp://host/a/".ljust(2048, "k")
    assert server(longest).url == longest
    with pytest.raises(ValueError, match="too long"):
        server(longest + "k")


def test_opus_is_copied_where_players_take_it(tmp_path: Path) -> None:
    hls, dash = (folder(kind, tmp_path, "", 2.0) for kind in ("hls", "dash"))
    rtsp, rtmp, srt = map(server, ("rtsp://h/r", "rtmp://h/a/k", "srt://h:1"))
    assert [one.takes_opus for one in (hls, dash, rtsp, rtmp, srt)] == [True] * 3 + [False] * 2
    for target in (hls, dash, rtsp, rtmp, srt):
        assert target.options_for(opus=False) == target.options
    copied = hls.options_for(opus=True)
    assert copied["hls_segment_type"] == "fmp4"
    assert copied["hls_segment_filename"] == str(tmp_path / "hls" / "segment%d.m4s")
    assert hls.options["hls_segment_filename"] == str(tmp_path / "hls" / "segment%d.ts")
    assert dash.options_for(opus=True)["dash_segment_type"] == "mp4"
    assert rtsp.options_for(opus=True) == rtsp.options


def test_destinations_have_names_of_their_own() -> None:
    urls = [f"rtmp://host/app/{key}" for key in "abc"]
    found = servers([*urls, "rtsp://host/robot"])
    shown = "rtmp://host/app/..."
    assert [one.name for one in found] == [
        *(shown, f"{shown} (2)", f"{shown} (3)"),
        "rtsp://host/robot",
    ]
    assert [one.url for one in found] == [*urls, "rtsp://host/robot"]


def test_destinations_are_at_most_so_many_and_each_once() -> None:
    urls = [f"srt://host:{9000 + number}" for number in range(MOST_DESTINATIONS + 1)]
    assert len(servers(urls[:-1])) == MOST_DESTINATIONS
    assert servers([]) == []
    with pytest.raises(ValueError, match=r"destinations: 17 are more than 16"):
        servers(urls)
    with pytest.raises(ValueError, match=r"destinations: .*twice"):
        servers([urls[0], urls[1], urls[0]])
    with pytest.raises(ValueError, match=r"destinations: srt://... names no port"):
        servers([urls[0], "srt://host"])


def test_a_target_of_the_same_options_is_the_same() -> None:
    """Options are ours: where they alone differ nothing has to begin anew."""
    one = server("srt://host:9000")
    assert one == Target(one.name, one.url, one.format, options={"other": "1"})
