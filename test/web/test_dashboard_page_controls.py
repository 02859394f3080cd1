# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: what can be pressed, and what is sent then."""

import time
from dataclasses import replace

import pytest
from harness.browser import Browser
from harness.dashboard import Serve, Served
from harness.pictures import Client, jpeg
from harness.waiting import wait_for

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.web.commands import (
    Antennas,
    AutomaticBodyYaw,
    Body,
    GotoSleep,
    Head,
    Lease,
    LookAtPixel,
    Motors,
    Photo,
    PlayMove,
    Stop,
    StreamStart,
    StreamStop,
    WakeUp,
)
from reachy_mini_ros.web.robot import LeaseHeld, MotionState, StreamState

BUTTONS = {
    "stop": Stop(),
    "wake": WakeUp(),
    "sleep": GotoSleep(),
    "centre": Head(),
    "follow-on": AutomaticBodyYaw(enabled=True),
    "follow-off": AutomaticBodyYaw(enabled=False),
    "photo": Photo(),
    "stream-start": StreamStart(),
}


def middle(browser: Browser, name: str) -> tuple[float, float, float, float]:
    """Return the centre of an element and its size, px."""
    browser.find(name).scroll_into_view_if_needed()
    box = browser.find(name).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"], box["height"]


def wait_for_command(served: Served, command: object) -> None:
    wait_for(lambda: command in served.commands, 5, f"{command} in {served.commands}")


def test_pad_streams_while_it_is_dragged_and_ends_at_the_last_place(
    browser: Browser, served: Served
) -> None:
    x, y, width, height = middle(browser, "pad")
    mouse = browser.page.mouse
    mouse.move(x, y)
    began_s = time.monotonic()
    mouse.down()
    for step in range(60):
        mouse.move(x - width / 4 * step / 59, y + height / 4 * step / 59)
    mouse.up()
    wait_for(
        lambda: served.commands and abs(getattr(served.commands[-1], "yaw", 0) - 30) < 1,
        5,
        "the last place",
    )
    heads = [command for command in served.commands if isinstance(command, Head)]
    assert heads == served.commands
    assert {head.mode for head in heads} == {"stream"}
    assert heads[-1].pitch == pytest.approx(15, abs=1)
    assert len(heads) <= 20 * (time.monotonic() - began_s) + 2
    assert [head.yaw for head in heads] == sorted(head.yaw for head in heads)
    assert browser.find("pad").get_attribute("aria-valuetext") == "30 degrees left, 15 degrees down"


def test_pad_and_sliders_obey_the_keyboard(browser: Browser, served: Served) -> None:
    browser.find("pad").press("Home")
    wait_for_command(served, Head(roll=1, pitch=0, yaw=0, z=0.01, mode="stream"))
    browser.find("pad").press("Shift+ArrowLeft")
    browser.find("pad").press("ArrowUp")
    wait_for_command(served, Head(roll=1, pitch=-2, yaw=10, z=0.01, mode="stream"))
    browser.find("slide-roll").press("ArrowRight")
    wait_for_command(served, Head(roll=2, pitch=-2, yaw=10, z=0.01, mode="stream"))
    # Left on the slider is left on the robot, which is positive.
    browser.find("slide-body").press("ArrowLeft")
    wait_for_command(served, Body(yaw=1, mode="stream"))
    browser.find("slide-right").press("ArrowRight")
    wait_for_command(served, Antennas(right=1, mode="stream"))


def test_sliders_follow_the_robot_when_they_are_not_touched(
    browser: Browser, served: Served
) -> None:
    joints = {"yaw_body": -40.0, "right_antenna": 30.0, "left_antenna": -31.0}
    served.known = replace(served.known, joints=joints)
    browser.wait_until("document.getElementById('slide-body').value === '-40'")
    assert browser.find("slide-left").input_value() == "-31"
    assert served.commands == []


def test_each_button_sends_its_command(browser: Browser, served: Served) -> None:
    served.known = replace(served.known, streams=(StreamState("hls", "stopped"),))
    for name, command in BUTTONS.items():
        browser.find(name).click()
        wait_for_command(served, command)
    assert served.commands == list(BUTTONS.values())


def test_streams_are_begun_where_they_are_over_and_ended_where_they_run(
    browser: Browser, served: Served
) -> None:
    def offered(*states: str) -> tuple[bool, bool]:
        streams = tuple(StreamState(f"s{n}", state) for n, state in enumerate(states))
        served.known = replace(served.known, streams=streams)
        text = "document.getElementById('stream-list').innerText"
        browser.wait_until(text, expected=lambda shown: all(one in shown for one in states))
        return browser.find("stream-start").is_enabled(), browser.find("stream-stop").is_enabled()

    assert offered("stopped") == (True, False)
    assert offered("active") == (False, True)
    browser.find("stream-stop").click()
    wait_for_command(served, StreamStop())
    assert offered("reconnecting", "error") == (True, True)


def test_the_page_shows_who_commands_alone_and_can_take_it(
    browser: Browser, served: Served
) -> None:
    assert browser.find("lease").is_hidden()
    served.known = replace(served.known, lease=LeaseHeld("ann", time.time() + 60))
    browser.wait_until("!document.getElementById('lease').hidden")
    assert "Only ann commands, for" in browser.text("lease-text")
    browser.find("lease-take").click()
    wait_for(lambda: served.commands, 5, "a command")
    taken = served.commands[-1]
    assert isinstance(taken, Lease)
    assert taken.action == "take"
    served.known = replace(served.known, lease=LeaseHeld(taken.name, time.time() + 30))
    browser.wait_until("!document.getElementById('lease-release').hidden")
    browser.find("centre").click()
    wait_for_command(served, Head())
    assert served.holders[served.commands.index(Head())] == taken.name
    browser.find("lease-release").click()
    wait_for_command(served, Lease(action="release", name=taken.name))


def test_a_panorama_is_begun_followed_and_shown(browser: Browser, served: Served) -> None:
    served.known = replace(served.known, joints={"yaw_body": 0.0})
    note = "document.getElementById('scan-note').textContent"
    browser.wait_until(f"{note}.startsWith('The head')")
    browser.find("scan-begin").click()
    browser.wait_until("!document.getElementById('scan-bar').hidden")
    wait_for_command(served, Head(yaw=-40.0))
    browser.wait_until(f"{note} === 'Done, 3 of 3 pictures'")
    assert browser.find("scan-bar").is_hidden()
    shown = "document.getElementById('scan-picture')"
    browser.wait_until(f"{shown}.complete && {shown}.naturalWidth > 200")
    assert str(browser.evaluate(f"{shown}.src")).endswith("/panorama.jpg")
    browser.find("scan-begin").click()
    browser.find("scan-cancel").click()
    browser.wait_until(f"{note}.startsWith('Cancelled')")
    assert served.commands[-1] == Head(roll=1.0, pitch=-2.0, yaw=3.0, z=0.01)


def test_pad_obeys_a_finger(browser: Browser, serve: Serve) -> None:
    served = serve()
    browser.renew(390, 844, has_touch=True, is_mobile=True)
    browser.open(served.dashboard.url)
    browser.wait_until("!document.getElementById('wake').disabled")
    x, y, width, height = middle(browser, "pad")
    browser.page.touchscreen.tap(x + width / 4, y - height / 4)
    wait_for(lambda: served.commands, 5, "a command")
    head = served.commands[-1]
    assert isinstance(head, Head)
    assert head.yaw == pytest.approx(-30, abs=1)
    assert head.pitch == pytest.approx(-15, abs=1)


@pytest.mark.parametrize("way", ["button", "key"])
def test_stop_is_sent_from_anywhere_and_ends_the_drag(
    browser: Browser, served: Served, way: str
) -> None:
    x, y, width, _ = middle(browser, "pad")
    mouse = browser.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x - width / 4, y)
    if way == "key":
        browser.page.keyboard.press("Escape")
    else:
        browser.find("stop").dispatch_event("click")
    wait_for_command(served, Stop())
    sent = len(served.commands)
    mouse.move(x + width / 4, y)
    mouse.up()
    browser.find("wake").click()
    wait_for_command(served, WakeUp())
    assert not [command for command in served.commands[sent:] if isinstance(command, Head)]


def test_refusals_are_told_in_the_robots_words(browser: Browser, served: Served) -> None:
    served.refusal = InvalidCommandError("the bed is too soft")
    browser.find("sleep").click()
    toast = browser.find("toasts").locator(".toast")
    wait_for(lambda: toast.count() == 1, 5, "a message")
    assert "the bed is too soft" in str(toast.text_content())


def test_motors_off_asks_once_because_the_head_drops(browser: Browser, served: Served) -> None:
    browser.find("motors").click()
    assert "Off?" in browser.text("motors-label")
    assert served.commands == []
    browser.find("motors").click()
    wait_for_command(served, Motors(enabled=False))
    served.known = replace(served.known, motion=MotionState("idle", False, "disabled"))
    browser.wait_until("document.getElementById('why').textContent.includes('motors are off')")
    assert browser.find("slide-body").is_disabled()
    assert browser.find("centre").is_disabled()
    assert browser.find("wake").is_enabled()
    browser.find("pad").press("ArrowLeft")
    browser.find("motors").click()
    wait_for_command(served, Motors(enabled=True))
    assert len(served.commands) == 2


def test_a_robot_that_is_asleep_says_what_to_press(browser: Browser, served: Served) -> None:
    assert browser.find("asleep").is_hidden()
    asleep = MotionState("sleeping", False, "disabled", True)
    served.known = replace(served.known, motion=asleep)
    browser.wait_until("!document.getElementById('asleep').hidden")
    assert browser.text("why") == "Asleep: press Wake up."
    assert browser.text("owner") == "Asleep"
    browser.find("wake").click()
    wait_for_command(served, WakeUp())
    served.known = replace(served.known, motion=MotionState("idle", False, "enabled", False))
    browser.wait_until("document.getElementById('asleep').hidden")


def test_moves_are_searched_and_played(browser: Browser, served: Served) -> None:
    moves = browser.find("moves").get_by_role("button")
    browser.find("moves-again").click()
    wait_for(lambda: moves.count() == 2, 5, "the moves")
    browser.find("moves-search").fill("wav")
    assert moves.count() == 1
    moves.click()
    wait_for_command(served, PlayMove(name="wave"))
    browser.find("moves-search").fill("nothing of that name")
    assert browser.text("moves-note") == "No move of that name."


def test_a_click_in_the_picture_looks_there_if_that_is_on(browser: Browser, served: Served) -> None:
    x, y, width, height = middle(browser, "picture")
    place = (x - width / 4, y - height / 4)
    browser.page.mouse.click(*place)
    browser.find("choose").click()
    browser.find("width").select_option("320")
    browser.wait_until("document.getElementById('format').textContent.startsWith('320')")
    browser.find("look").click()
    browser.page.mouse.click(*place)
    wait_for(lambda: served.commands, 5, "a command")
    [command] = served.commands
    assert isinstance(command, LookAtPixel)
    # Of the picture as published, 640 x 360, though a smaller one is shown.
    assert command.u == pytest.approx(160, abs=2)
    assert command.v == pytest.approx(90, abs=2)


def test_photos_are_shown_and_deleted_when_asked_twice(browser: Browser, served: Served) -> None:
    assert "None yet" in browser.text("gallery-note")
    served.photos.mkdir()
    for number in (1, 2):
        (served.photos / f"{number}.jpg").write_bytes(jpeg(number))
    thumbs = browser.find("gallery").locator(".thumb")
    wait_for(lambda: thumbs.count() == 2, 5, "two photos")
    thumbs.first.click()
    browser.wait_until("document.getElementById('shot').naturalWidth === 640")
    name = browser.text("shot-name")
    browser.find("remove").click()
    assert (served.photos / name).exists()
    browser.find("remove").click()
    wait_for(lambda: thumbs.count() == 1, 5, "one photo")
    assert not (served.photos / name).exists()
    assert browser.find("viewer").is_hidden()
    browser.find("gallery").locator(".bin").dblclick()
    wait_for(lambda: thumbs.count() == 0, 5, "no photo")
    assert list(served.photos.iterdir()) == []


def test_read_only_shows_no_controls_and_the_api_refuses(browser: Browser, serve: Serve) -> None:
    served = serve(read_only=True)
    served.feed(jpeg)
    browser.renew(1440, 900)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    browser.wait_until("document.body.dataset.access === 'view'")
    assert browser.find("view-only").is_visible()
    shown = browser.page.locator("button:visible, input:visible, [role=slider]:visible")
    labels = {str(label).strip() for label in shown.all_inner_texts()}
    looking = {"Snapshot", "Listen", "Quality", "Full screen", "3D"}
    assert labels == looking | {"Show", "Save", "Clear"}
    browser.page.keyboard.press("Escape")
    answer = browser.evaluate(
        "fetch('api/command/stop', {method: 'POST', body: '{}',"
        " headers: {'Content-Type': 'application/json'}}).then(a => a.status)"
    )
    assert answer == 403
    assert served.commands == []
    assert Client(served.port).json("/api/status")[1]["read_only"] is True
