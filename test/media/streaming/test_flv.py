# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FLV tags: what they say of their packets, and how they are cut out of a stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.media import opus
from reachy_mini_ros.media.streaming.flv import (
    AUDIO,
    FILE_HEADER,
    VIDEO,
    Tag,
    TagReader,
    opus_described,
    opus_packet,
)


@given(
    st.lists(st.tuples(st.sampled_from([8, 9, 18]), st.integers(0, 2**31 - 1), st.binary())),
    st.integers(1, 40),
)
def test_tags_are_found_whatever_pieces_they_come_in(
    contents: list[tuple[int, int, bytes]], size: int
) -> None:
    tags = [Tag(*content) for content in contents]
    stream = FILE_HEADER + b"".join(tag.encode() for tag in tags)
    reader = TagReader()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert [tag for piece in pieces for tag in reader.add(piece)] == tags


def test_a_tag_can_begin_at_another_time() -> None:
    (tag,) = TagReader().add(FILE_HEADER + Tag(VIDEO, 20_000_000, b"\x17\x01").encode(5))
    assert tag.time_ms == 19_999_995


def test_a_tag_before_the_begin_is_at_the_begin() -> None:
    (tag,) = TagReader().add(FILE_HEADER + Tag(VIDEO, 4, b"\x17\x01").encode(5))
    assert tag.time_ms == 0


def test_a_large_picture_is_one_tag() -> None:
    tag = Tag(VIDEO, 0, bytes(70_000))
    assert TagReader().add(FILE_HEADER + tag.encode()) == [tag]


def test_a_tag_is_written_as_the_format_says() -> None:
    assert bytes.fromhex("464c5601 05 00000009 00000000") == FILE_HEADER
    assert Tag(AUDIO, 0x12345678, b"\xaf\x01\x02").encode() == bytes.fromhex(
        "08 000003 345678 12 000000 af0102 0000000e"
    )


@pytest.mark.parametrize(
    ("kind", "body", "describes", "key", "payload"),
    [
        (VIDEO, b"\x17\x00\x00\x00\x00avcC", True, False, b"avcC"),
        (VIDEO, b"\x17\x01\x00\x00\x00unit", False, True, b"unit"),
        (VIDEO, b"\x27\x01\x00\x00\x00unit", False, False, b"unit"),
        (VIDEO, b"\x17\x02\x00\x00\x00", True, False, b""),
        (AUDIO, b"\xaf\x00\x12\x10", True, False, b"\x12\x10"),
        (AUDIO, b"\xaf\x01aac", False, False, b"aac"),
        (18, b"\x02\x01onMetaData", True, False, b"onMetaData"),
    ],
    ids=["avcC", "key frame", "picture", "end", "AAC's head", "AAC", "script"],
)
def test_a_tag_tells_what_it_is(
    kind: int, body: bytes, describes: bool, key: bool, payload: bytes
) -> None:
    tag = Tag(kind, 0, body)
    assert (tag.describes, tag.key, tag.is_opus) == (describes, key, False)
    assert tag.payload == payload


def test_opus_has_tags_of_its_own() -> None:
    head, packet = opus_described(), opus_packet(40, b"opus")
    assert (head.kind, head.time_ms, head.describes, head.is_opus) == (AUDIO, 0, True, True)
    assert head.body == b"\x90Opus" + opus.head(2)
    assert (packet.time_ms, packet.describes, packet.is_opus) == (40, False, True)
    assert not packet.key
    assert packet.payload == b"opus"
    assert not Tag(VIDEO, 0, packet.body).is_opus
