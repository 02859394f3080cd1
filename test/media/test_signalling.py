# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from reachy_mini_ros.errors import RobotError
from reachy_mini_ros.media import signalling


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type":"welcome","peerId":"p"}', None),
        ('{"type":"list","producers":[]}', signalling.Producers({})),
        (
            '{"type":"list","producers":[{"id":"r","meta":{"name":"reachymini"}},{"id":"x"}]}',
            signalling.Producers({"reachymini": "r", "": "x"}),
        ),
        (
            '{"type":"peerStatusChanged","peerId":"r","roles":["producer"],"meta":{"name":"n"}}',
            signalling.PeerStatus("r", "n", True),
        ),
        (
            '{"type":"peerStatusChanged","peerId":"r","roles":[],"meta":null}',
            signalling.PeerStatus("r", "", False),
        ),
        (
            '{"type":"sessionStarted","peerId":"r","sessionId":"s"}',
            signalling.SessionStarted("s"),
        ),
        (
            '{"type":"peer","sessionId":"s","sdp":{"type":"offer","sdp":"v=0"}}',
            signalling.Offer("s", "v=0"),
        ),
        (
            '{"type":"peer","sessionId":"s","ice":{"candidate":"c","sdpMLineIndex":1}}',
            signalling.Candidate("s", "c", 1),
        ),
        (
            '{"type":"peer","sessionId":"s","ice":{"candidate":null,"sdpMLineIndex":0}}',
            signalling.Candidate("s", "", 0),
        ),
        ('{"type":"endSession","sessionId":"s"}', signalling.SessionEnded("s")),
        ('{"type":"error","details":"no"}', signalling.Refusal("no")),
        ('{"type":"something new"}', None),
    ],
)
def test_messages_of_the_robot_are_understood(
    text: str, message: signalling.Message | None
) -> None:
    assert signalling.parse(text) == message


@pytest.mark.parametrize(
    "text", ["", "hello", "[]", "1", "null", "{}", '{"type":"list"}', '{"type":"peer"}', b"\xff"]
)
def test_what_is_no_signalling_is_named_as_such(text: str | bytes) -> None:
    with pytest.raises(RobotError, match="check robot_host and signalling_port"):
        signalling.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"list","producers":[{"id":5}]}',
        '{"type":"peerStatusChanged","peerId":null,"roles":[]}',
        '{"type":"sessionStarted","sessionId":{}}',
        '{"type":"endSession","sessionId":7}',
        '{"type":"peer","sessionId":"s","sdp":{"type":"offer","sdp":[]}}',
        '{"type":"peer","sessionId":1,"sdp":{"type":"offer","sdp":"v=0"}}',
        '{"type":"peer","sessionId":"s","ice":{"candidate":9,"sdpMLineIndex":1}}',
        '{"type":"peer","sessionId":"s","ice":{"candidate":"c","sdpMLineIndex":"1"}}',
    ],
)
def test_what_is_no_text_where_one_is_due_is_refused(text: str) -> None:
    with pytest.raises(RobotError, match="does not speak the robot's protocol"):
        signalling.parse(text)


def test_an_answer_to_us_is_of_no_use() -> None:
    text = '{"type":"peer","sessionId":"s","sdp":{"type":"answer","sdp":"v=0"}}'
    assert signalling.parse(text) is None


def test_an_answer_names_session_and_description() -> None:
    assert json.loads(signalling.answer("s", "v=0")) == {
        "type": "peer",
        "sessionId": "s",
        "sdp": {"type": "answer", "sdp": "v=0"},
    }


def test_what_we_ask_for_is_said_in_the_protocol_s_words() -> None:
    assert [
        json.loads(text)
        for text in (
            signalling.register("us"),
            signalling.list_producers(),
            signalling.start_session("r"),
            signalling.end_session("s"),
        )
    ] == [
        {"type": "setPeerStatus", "roles": ["listener"], "meta": {"name": "us"}},
        {"type": "list"},
        {"type": "startSession", "peerId": "r"},
        {"type": "endSession", "sessionId": "s"},
    ]


@pytest.mark.parametrize(("line", "good"), [(0, True), (999, True), (1000, False), (-1, False)])
def test_the_line_of_a_candidate_can_be_in_a_description(line: int, good: bool) -> None:
    text = f'{{"type":"peer","sessionId":"s","ice":{{"candidate":"c","sdpMLineIndex":{line}}}}}'
    if good:
        assert signalling.parse(text) == signalling.Candidate("s", "c", line)
    else:
        with pytest.raises(RobotError):
            signalling.parse(text)


@pytest.mark.parametrize(("brackets", "good"), [(10_000, True), (10_001, False)])
def test_a_message_has_ten_thousand_brackets_at_most(brackets: int, good: bool) -> None:
    text = '{"type":"other","of":[' + ",".join("[]{}"[i % 2 * 2 :][:2] for i in range(brackets - 2))
    text += "]}"
    assert text.count("[") + text.count("{") == brackets
    if good:
        assert signalling.parse(text) is None
    else:
        with pytest.raises(RobotError) as refused:
            signalling.parse(text)
        assert text[:80] in str(refused.value)
        assert text[:81] not in str(refused.value)
