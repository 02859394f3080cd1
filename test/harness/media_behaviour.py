# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures, clips, sound and streams of the page's API, whatever robot is behind it: to inherit."""

import csv
import io
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import av
import cv2
import numpy as np
import pytest

from harness.behaviour import Page
from harness.events import EventStream
from harness.pictures import Client, Stream
from harness.rates import ascending
from harness.streaming import pitch_hz, play
from harness.video import VideoViewer
from harness.voices import heard, say
from harness.waiting import wait_for
from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.sound import TONE_HZ, analyse


class MediaBehaviour:
    """Tests of a robot that is there, and awake."""

    def test_a_photo_is_taken_and_shown_in_the_gallery(self, page: Page) -> None:
        code, answer = page.command("photo")
        assert code == 200, answer
        assert (page.photos / answer["photo"]).is_file()
        status, headers, body = Client(page.port).get(f"/api/photos/{answer['photo']}")
        assert (status, headers["Content-Type"], body[:2]) == (200, "image/jpeg", b"\xff\xd8")

    def test_stream_and_snapshot_are_pictures_of_one_size(self, page: Page) -> None:
        stream = Stream.of_topic(page.port)
        pictures = [stream.read() or b"" for _ in range(5)]
        stream.close()
        assert len(set(pictures)) == 5
        status, headers, snapshot = Client(page.port).get("/api/snapshot")
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        sizes = {
            cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR).shape  # type: ignore[union-attr]
            for one in (*pictures, snapshot)
        }
        assert sizes == {(360, 640, 3)}

    def test_the_robots_own_video_comes_whole_to_each_viewer(self, page: Page) -> None:
        with VideoViewer(page.port) as first:
            assert first.wait_for_text("mime").startswith("video/mp4")
            assert ascending([*first.pictures(10)])
            assert (first.told[-1]["width"], first.told[-1]["height"]) == (640, 360)
            told = page.status()
            assert (told["video"]["width"], told["video"]["viewers"]) == (640, 1)
            assert 0 < told["latency"]["picture_ms"]["p50"] < 5000
            with VideoViewer(page.port) as second:
                second.wait_for_text("mime")
                assert ascending([*second.pictures(10)])
                assert page.status()["video"]["viewers"] == 2
            assert ascending([*first.pictures(len(first.film) + 10)]), "nobody misses a picture"
        wait_for(lambda: page.status()["video"]["viewers"] == 0, 5, "the end of the viewers")

    def test_what_the_robot_hears_is_in_the_film_of_who_asks_for_it(self, page: Page) -> None:
        with VideoViewer(page.port, "?sound=true") as viewer:
            assert viewer.wait_for_text("mime").endswith(',opus"')
            while len(viewer.film) < 250:  # 3 s
                viewer.read()
        with av.open(io.BytesIO(b"".join(viewer.film))) as film:
            sound = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
        assert pitch_hz(sound, 48_000) == pytest.approx(TONE_HZ, 0.02)

    def test_a_clip_is_recorded_shown_and_has_the_joints_of_its_time(self, page: Page) -> None:
        nothing = {"clip": None, "since": None, "ended": "", "failed": False}
        wait_for(lambda: page.status()["recording"] == nothing, 5, "no clip")
        code, answer = page.command("record", enabled=True)
        assert code == 200, answer
        path = Path(answer["message"])
        assert path.parent == page.clips
        wait_for(
            lambda: (page.status()["recording"] or {}).get("clip") == path.name,
            5,
            "the clip's name",
        )
        assert page.status()["recording"]["since"] == pytest.approx(time.time(), abs=30)
        assert page.command("record", enabled=True)[1] == answer, "once more changes nothing"

        def is_shown() -> bool:
            clip = page.clip(path.name)
            return bool(clip["length"] > 1.0 and clip["states"])

        wait_for(is_shown, 15, "a clip of 1 s")
        code, answer = page.command("record", enabled=False)
        assert code == 200
        assert str(path) in answer["message"]
        wait_for(lambda: page.status()["recording"]["clip"] is None, 5, "the end")
        with path.with_suffix(".csv").open() as file:
            rows = list(csv.DictReader(file))
        whole = [row for row in rows if all(row.values())]
        assert len(whole) > len(rows) / 2, "the head's pose and all joints have the same stamp"
        assert 0.1 < float(whole[0]["head_z"]) < 0.3
        times_s = [float(row["clip_time"]) for row in rows]
        assert times_s == sorted(times_s)
        assert -0.5 < times_s[0] < times_s[-1] < page.clip(path.name)["length"] + 1.0
        assert Client(page.port).get(f"/api/clips/{path.name}/still")[1]["Content-Type"] == (
            "image/jpeg"
        )

    def test_what_the_robot_hears_is_heard(self, page: Page) -> None:
        told, sound = heard(page.port, 2.0)
        assert told == {"rate": 16_000, "channels": 1}
        assert analyse(sound, 16_000).frequency_hz == pytest.approx(TONE_HZ, 0.02)

    def test_what_is_said_is_played(self, page: Page) -> None:
        for _ in say(page.port, 880, 3.0):
            pass
        page.robot.child.wait_for_output("speaker 880 Hz", 10)

    def test_volumes_are_told_and_wrong_ones_refused(self, page: Page) -> None:
        client = Client(page.port)
        assert client.json("/api/volume") == (200, {"speaker": None, "microphone": None})
        for wrong in ({"speaker": 101}, {"microphone": "loud"}, {}):
            assert client.post("/api/volume", wrong)[0] == 422
        assert client.json("/api/volume") == (200, {"speaker": None, "microphone": None})

    def test_a_live_stream_is_begun_played_and_ended(self, page: Page, streams: None) -> None:
        wait_for(lambda: page.stream_states() == {"hls": "stopped"}, 20, "streams that rest")
        for _ in range(2):  # once more changes nothing
            code, answer = page.command("stream_start")
            assert code == 200, answer
        wait_for(lambda: page.stream_states() == {"hls": "active"}, 5, "the stream")
        [stream] = page.status()["streams"]
        url = urljoin(f"http://127.0.0.1:{page.port}/", stream["viewer_urls"][0])
        played = play(url, 75, live_start_index="0")  # long enough for the robot's beep
        assert (played.width, played.height) == (640, 360)
        assert overlay.read(played.bgr) is not None, "the robot's own picture"
        assert min(np.diff(played.times_s)) > 0
        assert pitch_hz(played.sound, played.rate_hz) == pytest.approx(TONE_HZ, 0.02)
        assert page.command("stream_stop")[0] == 200
        wait_for(lambda: page.stream_states() == {"hls": "stopped"}, 5, "its end")
        assert Client(page.port).get("/live/hls/index.m3u8")[0] == 404

    def test_motion_is_looked_for_on_demand_and_kept_with_its_picture(self, page: Page) -> None:
        def motion() -> dict[str, Any]:
            return dict(page.status()["picture_motion"] or {})

        def seen() -> list[dict[str, Any]]:
            told = Client(page.port).json("/api/timeline")[1]["happenings"]
            return [one for one in told if one["kind"] == "motion" and one["picture"]]

        wait_for(lambda: motion().get("detection") is False, 10, "no detection at first")
        code, answer = page.command("motion_detection", enabled=True)
        assert (code, answer) == (200, {"message": "motion detection is on"})
        wait_for(lambda: motion().get("level") is not None, 20, "a level")
        for yaw in (-25, 0):
            assert page.command("head?wait=done", yaw=yaw)[0] == 200
        wait_for(seen, 15, lambda: f"motion, {page.status()}")
        picture = Client(page.port).get(f"/api/timeline/{seen()[0]['id']}/picture")[2]
        shown = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
        assert shown is not None
        assert shown.shape == (180, 320, 3)
        assert page.command("motion_detection", enabled=False)[0] == 200
        wait_for(lambda: motion() == {"detection": False, "moving": None, "level": None}, 10)
        wait_for(lambda: seen()[0]["until"], 10, "its end")

    def test_sound_is_told_to_who_asks_for_it(self, page: Page) -> None:
        with EventStream(page.port) as events:
            assert events.next("status")["sound"] is None
        with EventStream(page.port, "?sound=1") as events:
            while (sound := events.next("status")["sound"]) is None:
                pass
        assert -100 <= sound["level_dbfs"] <= 0
        assert sound["activity"] in (True, False, None)
