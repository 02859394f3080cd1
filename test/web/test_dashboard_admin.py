# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's software over HTTP where it may not be changed, and the page then."""

from harness.browser import browsing
from harness.dashboard import Serve
from harness.pictures import Client


def test_where_nobody_administers_each_address_says_so(serve: Serve) -> None:
    client = Client(serve().port)
    for path in ("/api/admin", "/api/admin/apps", "/api/admin/log"):
        status, answer = client.json(path)
        assert (status, "cannot be changed here" in answer["error"]) == (503, True), path
    status, answer = client.post("/api/admin/start_app", {"name": "an_app"})
    assert (status, "cannot be changed here" in answer["error"]) == (503, True)


def test_a_name_that_can_be_none_is_refused(serve: Serve) -> None:
    client = Client(serve().port)
    for name in ("../..", "", "a b", "a\nb", "n" * 101):
        assert client.post("/api/admin/start_app", {"name": name})[0] == 422, name
    assert client.post("/api/admin/install_app", {"name": "a/b/c"})[0] == 422
    assert client.post("/api/admin/update_robot", {"name": "today"})[0] == 422
    assert client.json("/api/admin/log?after=-1")[0] == 422


def test_read_only_changes_nothing(serve: Serve) -> None:
    client = Client(serve(read_only=True).port)
    status, answer = client.post("/api/admin/reset_apps")
    assert (status, "read-only" in answer["error"]) == (403, True)


def test_agents_may_look_and_change_nothing(serve: Serve) -> None:
    client, agent = Client(serve().port), {"X-Agent": "helper"}
    status, answer = client.post("/api/admin/reset_apps", {}, **agent)
    assert (status, "for a person" in answer["error"]) == (403, True)
    assert client.json("/api/admin/apps", **agent)[0] == 503


def test_the_page_has_no_card_for_it_then(serve: Serve) -> None:
    served = serve()
    with browsing() as browser:
        browser.open(served.dashboard.url)
        browser.wait_until("document.getElementById('subtitle').textContent.includes('test')")
        assert not browser.find("admin").is_visible()
        assert browser.find("admin").inner_html() == ""
