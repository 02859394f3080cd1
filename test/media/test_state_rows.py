# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows of states: one for a moment, in the order of their time, whatever order they come in."""

from reachy_mini_ros.media.state_rows import State, StateRows

MS = 1_000_000


def test_parts_that_come_in_batches_are_one_row_each_in_order() -> None:
    rows = StateRows()
    for time_ns in (100, 120, 140):
        rows.add(time_ns, {"head_z": float(time_ns)}, 0)
    for time_ns in (100, 120, 140):
        rows.add(time_ns, {"yaw_body": float(time_ns)}, 200 * MS)
    assert rows.take(250 * MS) == []
    assert rows.take(400 * MS) == [
        State(time_ns, {"head_z": float(time_ns), "yaw_body": float(time_ns)})
        for time_ns in (100, 120, 140)
    ]
    assert rows.take() == []


def test_a_row_is_given_300_ms_after_its_first_part() -> None:
    rows = StateRows()
    rows.add(100, {"head_z": 1.0}, 50 * MS)
    rows.add(100, {"yaw_body": 2.0}, 349 * MS)
    assert rows.take(350 * MS - 1) == []
    assert rows.take(350 * MS) == [State(100, {"head_z": 1.0, "yaw_body": 2.0})]
    rows.add(100, {"head_z": 3.0}, 350 * MS)
    rows.add(101, {"head_z": 4.0}, 350 * MS)
    assert rows.take() == [State(101, {"head_z": 4.0})]


def test_an_earlier_moment_that_comes_later_is_put_before() -> None:
    rows = StateRows()
    rows.add(120, {"head_z": 2.0}, 0)
    rows.add(100, {"yaw_body": 1.0}, 200 * MS)
    assert rows.take(400 * MS) == [], "the first of them waits still"
    assert [row.time_ns for row in rows.take(500 * MS)] == [100, 120]


def test_what_comes_after_a_later_row_was_given_is_left_out() -> None:
    rows = StateRows()
    rows.add(120, {"head_z": 2.0}, 0)
    assert len(rows.take(400 * MS)) == 1
    for late in (100, 120):
        rows.add(late, {"head_z": 1.0}, 400 * MS)
    assert rows.take() == []
