# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A page whose name was given this machine's address after it was loaded, in a real browser."""

from harness.browser import Browser
from harness.dashboard import Serve
from harness.pictures import jpeg

RULES = "--host-resolver-rules=MAP attacker.example 127.0.0.1, MAP * ~NOTFOUND"


def test_a_name_that_was_rebound_to_this_machine_reaches_nothing(serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    with Browser(RULES) as other:
        answer = other.page.goto(f"http://attacker.example:{served.port}/")
        assert answer is not None
        assert answer.status == 403
        for path, method in (("api/stream", "GET"), ("api/command/wake_up", "POST")):
            ask = f"fetch('/{path}', {{method: '{method}'}}).then((one) => one.status)"
            assert other.evaluate(ask) == 403
    assert served.demands == []
    assert served.commands == []
