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


def test_an_answer_names_session_and_description() -> None:
    assert json.loads(signalling.answer("s", "v=0")) == {
        "type": "peer",
        "sessionId": "s",
        "sdp": {"type": "answer", "sdp": "v=0"},
    }
