# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What goes into a live stream: the one encode of picture and sound."""

import io
import time
from collections.abc import Callable

import av
import cv2
import numpy as np
from harness.pictures import GREEN, jpeg
from harness.streaming import filming, play, tone
from harness.waiting import wait_for

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.media.streaming import encoder
from reachy_mini_ros.media.streaming.encoder import STALE_S, Quality, StreamEncoder
from reachy_mini_ros.media.streaming.flv import AUDIO, FILE_HEADER, VIDEO, Tag
from reachy_mini_ros.media.streaming.muxer import EncodingMuxer
from reachy_mini_ros.media.streaming.sound import RATE_HZ


class Recording:
    """An encoder whose output is kept."""

    def __init__(self, quality: Quality, clock: Callable[[], float] = time.monotonic) -> None:
        self.tags: list[Tag] = []
        self.encoder = StreamEncoder(
            quality, self.tags.extend, self.tags.extend, Supervisor(), clock
        )

    def file(self) -> io.BytesIO:
        return io.BytesIO(FILE_HEADER + b"".join(tag.encode() for tag in self.tags))

    def keys_s(self) -> list[float]:
        return [tag.time_ms / 1000 for tag in self.tags if tag.key]

    def frames(self) -> list[av.VideoFrame]:
        with av.open(self.file()) as container:
            return list(container.decode(video=0))


def test_the_encode_carries_picture_and_sound_with_key_frames_in_time() -> None:
    recording = Recording(Quality(2000, 0.5))
    encoder = recording.encoder
    with filming(encoder.add_picture, lambda samples: encoder.add_sound(samples, 16_000)):
        wait_for(lambda: len(recording.keys_s()) > 4)
    encoder.close()
    play(recording.file()).check()
    gaps = np.diff(recording.keys_s())
    assert gaps.min() > 0.3
    assert abs(np.mean(gaps) - 0.5) < 0.1
    assert encoder.counts.undecodable == 0


def test_what_is_seen_and_heard_at_once_stays_together() -> None:
    now_s = 100.0
    recording = Recording(Quality(2000, 1.0), clock=lambda: now_s)
    encoder = recording.encoder
    green, red = jpeg(1), jpeg(1, colour=(40, 40, 230))
    for tick in range(130):
        now_s += 0.02
        if tick % 3 == 1:
            encoded = encoder.counts.encoded
            encoder.add_picture(red if tick >= 70 else green)
            wait_for(lambda encoded=encoded: encoder.counts.encoded > encoded)
        clap = 20_000 if tick == 70 else 0
        encoder.add_sound(np.full((320, 1), clap, np.int16), 16_000)
    encoder.close()
    seen_s = next(f.time for f in recording.frames() if f.to_ndarray(format="bgr24")[5, 5, 2] > 150)
    with av.open(recording.file()) as container:
        heard_s = next(
            float(frame.time) + float(np.abs(frame.to_ndarray()[0]).argmax()) / RATE_HZ
            for frame in container.decode(audio=0)
            if np.abs(frame.to_ndarray()).max() > 0.2
        )
    assert abs(heard_s - seen_s) < 0.15


def test_pictures_that_are_held_up_on_their_way_keep_the_pace_of_their_stamps() -> None:
    now_s = 100.0
    recording = Recording(Quality(2000, 1.0), clock=lambda: now_s)
    encoder = recording.encoder
    for number in range(40):
        stamp_s = 7000 + number / 15
        now_s = 100 + number / 15 + (0.05 if number % 3 == 2 else 0.01)
        encoder.add_picture(jpeg(number % 10), stamp_s)
        wait_for(lambda number=number: encoder.counts.encoded == number + 1)
    encoder.close()
    times_s = [frame.time for frame in recording.frames()]
    assert np.abs(np.diff(times_s) - 1 / 15).max() < 0.004


def test_stamps_of_a_clock_that_drifts_stay_with_what_came() -> None:
    pace = encoder._Pace()
    came_s = [100 + number / 15 for number in range(15 * 600)]
    stamps_s = [7000 + 0.9999 * one for one in came_s]
    made_s = [pace.at(*one) for one in zip(came_s, stamps_s, strict=True)]
    assert np.abs(np.subtract(made_s, came_s)).max() < 0.005
    # Sound of the same stamp that was held up on its way.
    assert abs(pace.beside(came_s[-1] + 0.1, stamps_s[-1]) - came_s[-1]) < 0.005


def test_the_bitrate_changes_while_it_runs_and_the_description_stays() -> None:
    now_s = 100.0
    recording = Recording(Quality(4000, 10.0), clock=lambda: now_s)
    encoder = recording.encoder

    def sent(count: int, kbps: int) -> float:
        nonlocal now_s
        encoder.quality = Quality(kbps, 10.0)
        begin = len(recording.tags)
        for number in range(count):
            now_s += 0.04
            before = encoder.counts.encoded
            encoder.add_picture(jpeg(number, noise=True))
            wait_for(lambda before=before: encoder.counts.encoded > before)
        tags = [tag for tag in recording.tags[begin:] if tag.kind == VIDEO]
        return sum(len(tag.body) for tag in tags[5:]) / (tags[-1].time_ms - tags[5].time_ms)

    assert sent(30, 8000) > 2 * sent(30, 1000)
    encoder.close()
    assert sum(tag.kind == VIDEO and tag.body[1] == 0 for tag in recording.tags) == 1
    assert len(recording.keys_s()) == 2  # the first one, and one for the change
    assert len(recording.frames()) == encoder.counts.encoded + encoder.counts.repeated


def test_sound_that_begins_after_pictures_went_out_is_taken() -> None:
    now_s = 100.0
    recording = Recording(Quality(2000, 1.0), clock=lambda: now_s)
    encoder = recording.encoder
    for number in range(10):  # so slow that none waits for the sound
        now_s = 100 + 0.4 * number
        encoder.add_picture(jpeg(number))
        wait_for(
            lambda number=number: encoder.failure or encoder.counts.encoded == number + 1,
        )
    encoder.close()
    assert encoder.failure == ""
    times_ms = [tag.time_ms for tag in recording.tags if tag.kind == AUDIO and not tag.describes]
    assert times_ms[0] == 0
    assert times_ms[-1] > 3000
    assert recording.keys_s()[0] == 0


def test_an_old_picture_gives_way_to_a_card_until_a_new_one_comes() -> None:
    recording = Recording(Quality(2000, 1.0), clock=lambda: 4 * time.monotonic())
    encoder = recording.encoder
    encoder.add_picture(jpeg(0))
    wait_for(lambda: encoder.counts.repeated >= 2)
    assert not encoder.stale
    wait_for(lambda: encoder.stale and encoder.counts.repeated > 10)
    encoder.add_picture(jpeg(1))
    wait_for(lambda: not encoder.stale and encoder.counts.encoded == 2)
    encoder.close()
    frames = recording.frames()
    assert len(frames) == encoder.counts.encoded + encoder.counts.repeated
    green = [
        bool(np.abs(frame.to_ndarray(format="bgr24")[5, 5].astype(int) - GREEN).max() < 8)
        for frame in frames
    ]
    first = green.index(False)
    last = len(green) - 1 - green[::-1].index(False)
    assert green[-1]
    assert not any(green[first : last + 1])
    assert frames[first].time >= STALE_S
    assert frames[first - 1].time <= STALE_S + 0.1


def test_the_newest_of_pictures_that_come_too_fast_is_encoded_and_the_others_are_counted() -> None:
    recording = Recording(Quality(2000, 1.0))
    counts, pictures = recording.encoder.counts, [jpeg(number) for number in range(30)]
    for picture in pictures:
        recording.encoder.add_picture(picture)
    wait_for(lambda: counts.encoded + counts.skipped == 30, 10, lambda: f"all of {counts}")
    recording.encoder.close()
    assert counts.skipped > 0


def test_pictures_of_other_sizes_are_fitted_and_broken_ones_left_out() -> None:
    recording = Recording(Quality(2000, 1.0))
    encoder = recording.encoder

    def offer(picture: bytes) -> None:
        before = encoder.counts.encoded, encoder.counts.undecodable
        encoder.add_picture(picture)
        wait_for(lambda: (encoder.counts.encoded, encoder.counts.undecodable) != before)

    offer(b"no picture at all")
    offer(jpeg(0))
    tall = np.full((301, 201, 3), (40, 40, 230), np.uint8)
    offer(cv2.imencode(".jpg", tall)[1].tobytes())
    small = np.full((180, 320, 3), (230, 40, 40), np.uint8)
    offer(cv2.imencode(".jpg", small)[1].tobytes())
    encoder.close()
    assert encoder.counts.undecodable == 1
    first, barred, scaled = (
        frame.to_ndarray(format="bgr24").astype(int) for frame in recording.frames()
    )
    assert first.shape == barred.shape == scaled.shape == (360, 640, 3)
    assert np.abs(barred[180, 320] - (40, 40, 230)).max() < 12
    assert barred[180, 20].max() < 12
    assert np.abs(scaled[5, 5] - (230, 40, 40)).max() < 12


def test_a_picture_up_to_full_hd_is_one_slice_of_the_same_level() -> None:
    levels = []
    for width, height in ((320, 180), (1920, 1080), (2560, 1440)):
        muxer = EncodingMuxer(width, height, 2000)
        noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
        frame = av.VideoFrame.from_ndarray(noise, format="bgr24").reformat(format="yuv420p")
        muxer.picture(frame, 0, key=True)
        muxer.close()
        tags = muxer.output.take()
        (described,) = (tag.body for tag in tags if tag.kind == VIDEO and tag.body[1] == 0)
        (picture,) = (tag.body[5:] for tag in tags if tag.key)
        levels.append(described[8])  # ISO 14496-15, 5.3.3.1.2
        slices = 0
        while picture:
            length = int.from_bytes(picture[:4], "big")
            slices += picture[4] & 0x1F == 5
            picture = picture[4 + length :]
        assert slices == 1 or width > 1920
    assert levels[:2] == [42, 42]
    assert levels[2] > 42


def test_nothing_is_encoded_before_the_first_picture() -> None:
    recording = Recording(Quality(2000, 1.0))
    recording.encoder.add_sound(tone(0, 320), 16_000)
    recording.encoder.close()
    assert recording.tags == []
    assert recording.encoder.age_s is None


def test_times_are_milliseconds_however_long_it_runs() -> None:
    now_s = 100.0
    recording = Recording(Quality(2000, 1.0), clock=lambda: now_s)
    for count in (1, 2):
        recording.encoder.add_picture(jpeg(count))
        wait_for(lambda: recording.encoder.counts.encoded == count, 10, "the picture")  # noqa: B023
        now_s += 1000
    recording.encoder.close()
    times_ms = [tag.time_ms for tag in recording.tags if tag.kind == VIDEO and not tag.describes]
    # While it was late the one before was shown again, a millisecond each.
    assert times_ms[0] == 0
    assert 1_000_000 <= times_ms[-1] < 1_000_100


def test_it_waits_for_pictures_without_work() -> None:
    recording = Recording(Quality(2000, 1.0))
    thread = recording.encoder._thread.ident
    assert thread is not None
    clock = time.pthread_getcpuclockid(thread)
    before_s, begin_s = time.clock_gettime(clock), time.monotonic()
    wait_for(lambda: time.monotonic() - begin_s > 0.4, 10, "a moment")
    used_s = time.clock_gettime(clock) - before_s
    recording.encoder.close()
    assert used_s < 0.1 * (time.monotonic() - begin_s)
