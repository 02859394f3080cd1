# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The settings page in a real browser."""

import json
from pathlib import Path

import pytest
from harness.browser import CONTRASTS, Browser
from harness.dashboard import Serve, Served
from harness.waiting import wait_for

from reachy_mini_ros.app.settings import settings
from reachy_mini_ros.app.settings_file import SETTINGS_FILE
from reachy_mini_ros.robot.discovery import Found

EVIL = "<img src=x onerror=document.title='hacked'>"


@pytest.fixture(autouse=True)
def _new_page(browser: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    browser.renew()


def opened(browser: Browser, served: Served) -> None:
    browser.open(f"{served.dashboard.url}settings")
    browser.wait_until("document.querySelectorAll('.field[data-name]').length > 20")


def field(name: str) -> str:
    return f".field[data-name='{name}']"


def wrong(browser: Browser, name: str) -> str:
    return str(browser.page.locator(f"{field(name)} .wrong").text_content())


def test_each_setting_has_its_label_its_words_and_its_value(browser: Browser, serve: Serve) -> None:
    opened(browser, serve())
    page = browser.page
    assert page.get_by_label("frame rate", exact=True).input_value() == "15"
    assert page.get_by_label("goto.method", exact=True).input_value() == "minjerk"
    assert page.get_by_label("photos", exact=True).is_disabled()
    unnamed = """[...document.querySelectorAll("input, select, textarea, button, a")]
      .filter((node) => !(node.labels?.length || node.textContent.trim() || node.ariaLabel))"""
    assert browser.evaluate(f"{unnamed}.length") == 0
    about = page.locator(f"{field('frame_rate')} .soft").text_content()
    assert "1 to 60, default 15." in str(about)
    assert page.locator(f"{field('token')} input").get_attribute("placeholder") == "not set"
    browser.open(served_url := str(page.url).removesuffix("settings"))
    browser.find("settings-link").click()
    page.wait_for_url(f"{served_url}settings")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(
    browser: Browser, serve: Serve, scheme: str
) -> None:
    browser.look(1440, 900, scheme=scheme)
    opened(browser, serve())
    assert browser.barriers() == []


def test_a_refusal_stands_at_its_field_and_a_good_value_is_saved(
    browser: Browser, serve: Serve
) -> None:
    served = serve()
    opened(browser, served)
    rate = browser.page.get_by_label("frame rate", exact=True)
    save = browser.find("save")
    assert save.is_disabled()
    for value, why in (("61", "61 is outside 1 to 60"), ("fast", "fast is not a number")):
        rate.fill(value)
        rate.blur()
        wait_for(lambda why=why: why in wrong(browser, "frame_rate"), 10, why)
        assert rate.get_attribute("aria-invalid") == "true"
    save.click()
    browser.wait_until("document.getElementById('saved').dataset.level === 'error'")
    assert served.changes == 0
    rate.fill("12")
    rate.blur()
    wait_for(lambda: not wrong(browser, "frame_rate"), 10, "no refusal")
    method = browser.page.get_by_label("goto.method", exact=True)
    usual = browser.page.get_by_label("Default: goto.method")
    assert usual.is_hidden()
    method.select_option("cartoon")
    usual.click()
    assert method.input_value() == "minjerk"
    method.select_option("linear")
    save.click()
    wait_for(lambda: served.changes == 1, 10, "the change")
    kept = json.loads(SETTINGS_FILE.expanduser().read_text())
    assert kept == {"frame_rate": 12.0, "goto.method": "linear"}


def test_a_secret_is_set_and_removed_and_never_shown(browser: Browser, serve: Serve) -> None:
    SETTINGS_FILE.expanduser().parent.mkdir(parents=True)
    SETTINGS_FILE.expanduser().write_text('{"destinations": ["rtmp://host/app/secret"]}')
    opened(browser, serve())
    destinations = browser.page.locator(f"{field('destinations')} input")
    assert destinations.get_attribute("type") == "password"
    assert destinations.get_attribute("placeholder") == "is set"
    assert "secret" not in str(browser.evaluate("document.documentElement.outerHTML"))
    browser.page.get_by_label("Remove: destinations").click()
    browser.find("save").click()
    wait_for(lambda: not settings({}).values["destinations"], 10, "none")


def test_whatever_is_told_is_text(browser: Browser, serve: Serve) -> None:
    SETTINGS_FILE.expanduser().parent.mkdir(parents=True)
    SETTINGS_FILE.expanduser().write_text(json.dumps({EVIL: 1, "host": EVIL}))
    served = serve(found=[Found(EVIL, "127.0.0.7", 8123, EVIL, EVIL)])
    opened(browser, served)
    assert EVIL in browser.text("problem")
    browser.find("find").click()
    robot = browser.page.locator("#robots button")
    robot.wait_for()
    assert EVIL in str(robot.text_content())
    robot.click()
    assert browser.page.get_by_label("host", exact=True).input_value() == "127.0.0.7"
    assert browser.page.get_by_label("port", exact=True).input_value() == "8123"
    browser.find("test").click()
    wait_for(lambda: "127.0.0.7:8123" in browser.text("tested"), 10, "why it is not reached")
    host = browser.page.get_by_label("host", exact=True)
    host.fill(EVIL)
    host.blur()
    wait_for(lambda: "neither" in wrong(browser, "host"), 10, "a refusal")
    assert browser.evaluate("document.title") == "Settings: Reachy Mini"
    assert browser.evaluate("document.querySelectorAll('img').length") == 1


def test_where_nobody_may_command_the_code_is_asked_for(browser: Browser, serve: Serve) -> None:
    served = serve(read_only=True)
    served.store.code = "abcd-efgh-jkmn"
    opened(browser, served)
    assert browser.find("save").is_hidden()
    assert browser.page.get_by_label("frame rate", exact=True).is_disabled()
    browser.find("code").fill("wrong")
    browser.find("token").fill("correct-horse")
    browser.find("unlock").get_by_role("button").click()
    wait_for(lambda: "not the code" in browser.text("unlock-wrong"), 10, "a refusal")
    browser.find("code").fill(served.store.code)
    browser.find("token").fill("short")
    browser.find("unlock").get_by_role("button").click()
    wait_for(lambda: "8 characters" in browser.text("unlock-wrong"), 10, "a refusal")
    browser.find("token").fill("correct-horse")
    browser.find("unlock").get_by_role("button").click()
    wait_for(lambda: settings({}).token == "correct-horse", 10, "the token")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_every_text_stands_out(
    browser: Browser, serve: Serve, scheme: str
) -> None:
    browser.look(390, 844, scheme=scheme)
    opened(browser, serve())
    rate = browser.page.get_by_label("frame rate", exact=True)
    rate.fill("0")
    rate.blur()
    wait_for(lambda: wrong(browser, "frame_rate"), 10, "a refusal")
    assert browser.evaluate("document.documentElement.scrollWidth") <= 390
    found = browser.evaluate(CONTRASTS)
    assert found
    low = [entry for entry in found if entry[0] < 4.5]
    assert not low
