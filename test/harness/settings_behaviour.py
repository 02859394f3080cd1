# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How settings behave over the page's API, whatever robot is behind it; see behaviour.py."""

from typing import Any

from harness.behaviour import Page
from harness.pictures import Client
from harness.waiting import patience, wait_for


def settings(page: Page) -> dict[str, Any]:
    """Return the settings by their names."""
    told = Client(page.port, patience(30.0)).json("/api/settings")[1]
    return {one["name"]: one for one in told["settings"]}


def change(page: Page, path: str, **values: object) -> tuple[int, dict[str, Any]]:
    """Send settings of the camera."""
    named = {f"{page.section}{name}": value for name, value in values.items()}
    method = "POST" if path else "PUT"
    client = Client(page.port, patience(30.0))
    return client.post(f"/api/settings{path}", {"values": named}, method)


class SettingsBehaviour:
    """For each robot to inherit."""

    def test_settings_are_told_with_ranges_and_why_some_are_fixed(self, page: Page) -> None:
        told = settings(page)
        rate = told[f"{page.section}frame_rate"]
        assert (rate["kind"], rate["value"], rate["fixed"]) == ("number", 15.0, "")
        assert (rate["minimum"], rate["maximum"]) == (1.0, 60.0)
        assert all(one["description"] for one in told.values())
        fixed = [one for name, one in told.items() if name.endswith("signalling_port")]
        assert all(one["fixed"] for one in fixed)
        assert fixed
        assert all(one["value"] is None for one in told.values() if one["secret"])

    def test_a_setting_that_cannot_be_is_refused_at_its_field(self, page: Page) -> None:
        rate = f"{page.section}frame_rate"
        status, answer = change(page, "/validate", frame_rate=61, jpeg_quality=70)
        assert (status, list(answer["fields"])) == (200, [rate])
        for value in (61, 0.5, "fast", True):
            status, answer = change(page, "", frame_rate=value)
            assert (status, list(answer["fields"])) == (409, [rate])
        assert answer["fields"][rate] == "True is not a number"
        assert "nothing" in change(page, "", nothing=1)[1]["error"]
        assert settings(page)[rate]["value"] == 15.0
        assert change(page, "/validate", frame_rate=12)[1] == {"fields": {}}

    def test_a_setting_is_changed_and_gone_by(self, page: Page) -> None:
        for value in (5, 15):
            status, answer = change(page, "", frame_rate=value)
            assert status == 200, answer

            def rate() -> object:
                try:
                    return settings(page)[f"{page.section}frame_rate"]["value"]
                except OSError:  # the app begins anew
                    return None

            wait_for(lambda value=value: rate() == value, 15, f"{value} Hz")
            page.wait_connected()

    def test_the_connection_is_tried(self, page: Page) -> None:
        status, answer = change(page, "/test")
        assert status == 200, answer
        assert "mockup" in answer["message"]
