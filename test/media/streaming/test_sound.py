# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The clock of a stream's sound: in step with the pictures, whatever becomes of the microphone."""

import numpy as np
import pytest
from harness.streaming import TONE_HZ, pitch_hz, tone

from reachy_mini_ros.media.streaming.sound import DELAY_S, FRAME, RATE_HZ, SoundTimeline


def heard(timeline: SoundTimeline, now_s: float) -> np.ndarray:
    return np.concatenate([np.zeros((2, 0), np.float32), *timeline.take(now_s)], axis=1)


def test_without_a_microphone_there_is_silence_for_all_of_the_time() -> None:
    timeline = SoundTimeline()
    sound = heard(timeline, 60.0)
    assert not sound.any()
    assert 0 <= 60.0 - DELAY_S - sound.shape[1] / RATE_HZ < 0.022
    assert timeline.silent == timeline.position == sound.shape[1]


def test_frames_are_those_of_aac_at_48_khz() -> None:
    timeline = SoundTimeline()
    due_s = DELAY_S + 3000 * 1024 / 48_000
    timeline.take(due_s - 0.0006)
    assert timeline.position == 2999 * 1024
    (frame,) = timeline.take(due_s + 0.0006)
    assert frame.shape == (2, 1024)


def test_sound_is_stamped_with_the_time_at_which_it_came() -> None:
    timeline = SoundTimeline()
    parts = []
    for chunk in range(200):
        now_s = chunk * 0.02
        samples = np.zeros((320, 1), np.int16)
        samples[0] = 20_000 if chunk == 150 else 0
        timeline.add(samples, 16_000)
        parts.append(heard(timeline, now_s))
    at_s = np.abs(np.concatenate(parts, axis=1)[0]).argmax() / RATE_HZ
    assert abs(at_s - 150 * 0.02) < 0.04


@pytest.mark.parametrize("speed", [0.999, 1.001])
def test_a_microphone_whose_clock_differs_stays_in_step_and_whole(speed: float) -> None:
    timeline = SoundTimeline()
    parts = []
    for chunk in range(15_000):  # 5 minutes
        timeline.add(tone(chunk * 320, 320), 16_000)
        parts.append(heard(timeline, chunk * 0.02 * speed))
    assert timeline.dropped == 0
    assert timeline.silent < 0.2 * RATE_HZ  # at the beginning only
    assert (timeline.corrected > 0) == (speed > 1)
    # Heard where it belongs at the end too: what waits is about the delay.
    offered = 15_000 * 0.02
    assert abs(offered - (timeline.position - timeline.corrected) / RATE_HZ - DELAY_S) < 0.1
    sound = np.concatenate(parts, axis=1)[0][-RATE_HZ:]
    assert np.abs(np.diff(sound)).max() < 0.04  # a gap or a jump would be more than a tone's step
    assert abs(pitch_hz(sound, RATE_HZ) - TONE_HZ) < 3


def test_a_gap_is_silence_and_what_follows_is_in_step_again() -> None:
    timeline = SoundTimeline()
    parts = []
    for chunk in range(400):
        if not 100 <= chunk < 250:
            timeline.add(tone(chunk * 320, 320), 16_000)
        parts.append(heard(timeline, chunk * 0.02))
    sound = np.abs(np.concatenate(parts, axis=1)[0])
    assert sound[round(2.2 * RATE_HZ) : round(4.9 * RATE_HZ)].max() == 0
    assert sound[round(5.2 * RATE_HZ) :].max() > 0.2
    assert timeline.flows


def test_sound_of_the_past_that_comes_at_once_is_not_kept() -> None:
    timeline = SoundTimeline()
    timeline.add(tone(0, 16_000 * 10), 16_000)
    heard(timeline, 5.0)
    assert timeline.dropped > 9 * RATE_HZ
    assert timeline.silent > 0


def test_sound_begins_once_enough_of_it_waits() -> None:
    timeline = SoundTimeline()
    assert not timeline.flows
    for chunk in range(6):  # 0.12 s of the 0.14 s that are to wait
        timeline.add(tone(chunk * 960, 960, RATE_HZ), RATE_HZ)
    assert not heard(timeline, 0.13).any()
    assert (timeline.flows, timeline.silent, timeline.position) == (False, FRAME, FRAME)
    timeline.add(tone(5760, 961, RATE_HZ), RATE_HZ)
    assert heard(timeline, 0.15).any()
    assert (timeline.flows, timeline.silent, timeline.position) == (True, FRAME, 2 * FRAME)


def test_sound_that_ends_within_a_frame_is_heard_to_its_end() -> None:
    timeline = SoundTimeline()
    samples = tone(0, 7 * FRAME + 100, RATE_HZ)
    timeline.add(samples, RATE_HZ)
    sound = heard(timeline, DELAY_S + 8 * FRAME / RATE_HZ + 0.001)
    assert sound.shape == (2, 8 * FRAME)
    assert sound[0] * 32768 == pytest.approx(np.pad(samples[:, 0], (0, FRAME - 100)), abs=1)
    assert (timeline.flows, timeline.silent) == (False, FRAME - 100)
    assert (timeline.dropped, timeline.corrected) == (0, 0)


def test_of_sound_that_came_at_once_what_is_to_wait_is_kept() -> None:
    timeline = SoundTimeline()
    timeline.add(tone(0, RATE_HZ // 2, RATE_HZ), RATE_HZ)
    assert timeline.dropped == 0
    timeline.add(tone(0, 1, RATE_HZ), RATE_HZ)
    assert timeline.dropped == RATE_HZ // 2 + 1 - round(0.14 * RATE_HZ)


def test_clocks_that_differ_are_made_up_for_by_a_sample_a_frame() -> None:
    timeline = SoundTimeline()
    timeline.add(tone(0, round(0.3 * RATE_HZ), RATE_HZ), RATE_HZ)
    for number in range(1, 6):
        timeline.take(DELAY_S + (number + 0.5) * FRAME / RATE_HZ)
        assert (timeline.position, timeline.corrected) == (number * FRAME, -number)
    assert timeline.silent == 0


def test_channels_are_heard_on_both_sides_and_more_than_two_as_their_mean() -> None:
    for channels, sides in (((8000,), (8000, 8000)), ((8000, 2000), (8000, 2000))):
        assert _level(np.tile(np.int16(channels), (FRAME * 8, 1))) == pytest.approx(sides, abs=1)
    many = np.tile(np.int16((30_000, 20_000, 10_000, 20_002)), (FRAME * 8, 1))
    assert _level(many) == pytest.approx((20_000, 20_000), abs=1.5)


def _level(samples: np.ndarray) -> np.ndarray:
    timeline = SoundTimeline()
    timeline.add(samples, RATE_HZ)
    return heard(timeline, DELAY_S + 0.1).mean(axis=1) * 32768


def test_a_microphone_may_change_its_rate() -> None:
    timeline = SoundTimeline()
    parts = []
    for chunk in range(200):
        rate_hz = 16_000 if chunk < 100 else 48_000
        count = rate_hz // 50
        timeline.add(tone(chunk * count, count, rate_hz), rate_hz)
        parts.append(heard(timeline, chunk * 0.02))
    sound = np.concatenate(parts, axis=1)[0]
    for piece in (sound[RATE_HZ // 2 : RATE_HZ], sound[-RATE_HZ // 2 :]):
        assert abs(pitch_hz(piece, RATE_HZ) - TONE_HZ) < 3


def test_what_came_while_nobody_took_it_is_forgotten() -> None:
    timeline = SoundTimeline()
    timeline.add(tone(0, RATE_HZ // 4, RATE_HZ), RATE_HZ)
    assert heard(timeline, 0.2).any()
    timeline.skip(10.0)
    assert not timeline.flows
    assert timeline.position == int(9.9 * RATE_HZ) // FRAME * FRAME
    at = timeline.position
    sound = heard(timeline, 10.0 + 2 * FRAME / RATE_HZ)
    assert sound.shape[1] == timeline.position - at == 2 * FRAME
    assert not sound.any()
    timeline.skip(5.0)
    assert timeline.position == at + 2 * FRAME
