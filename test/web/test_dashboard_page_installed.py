# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a browser needs to install the page as an application."""

import json
import struct

import pytest
from harness.browser import Browser
from harness.dashboard import Serve
from harness.pictures import Client


@pytest.mark.parametrize("token", ["", "correct-horse"])
def test_a_browser_can_install_the_page(browser: Browser, serve: Serve, token: str) -> None:
    served = serve(token=token)
    for address in ("", "settings"):
        browser.renew()
        browser.open(f"{served.dashboard.url}?token={token}")
        browser.open(f"{served.dashboard.url}{address}")
        session = browser.page.context.new_cdp_session(browser.page)
        found = session.send("Page.getAppManifest")
        assert found["url"] == f"{served.dashboard.url}manifest.webmanifest"
        assert found["errors"] == []
        assert json.loads(found["data"])["name"] == "Reachy Mini"
        errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
        # Each test's window is a private one, in which nothing is installed.
        assert [one["errorId"] for one in errors if one["errorId"] != "in-incognito"] == []


def test_the_icons_are_served_in_the_sizes_that_the_manifest_tells(serve: Serve) -> None:
    client = Client(serve().port)
    status, headers, body = client.get("/manifest.webmanifest")
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "application/manifest+json")
    icons = json.loads(body)["icons"]
    assert {icon.get("purpose", "any") for icon in icons} == {"any", "maskable"}
    for icon in icons:
        status, headers, body = client.get(f"/{icon['src']}")
        assert (status, headers["Content-Type"].split(";")[0]) == (200, icon["type"])
        if icon["type"] == "image/png":
            width, height = struct.unpack(">II", body[16:24])
            assert icon["sizes"] == f"{width}x{height}"
