# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: the robot's own video, and JPEG pictures in its place."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from harness.browser import Browser
from harness.dashboard import Serve, Served
from harness.pictures import jpeg
from harness.video import Encoder, counter
from harness.waiting import wait_for

from reachy_mini_ros.media.frames import EncodedFrame
from reachy_mini_ros.web.commands import LookAtPixel

SHOWN = "document.getElementById('picture').dataset.shown"
NO_MEDIA_SOURCE = "delete window.MediaSource; delete window.ManagedMediaSource"
NO_H264 = "MediaSource.isTypeSupported = () => false"
LIVE = "document.getElementById('stage').dataset.state === 'live'"
FORMAT = "document.getElementById('format').textContent"
BEHIND = """(() => {
  const { buffered, currentTime } = document.getElementById('video');
  // The newest picture is said to last for a quarter of a second.
  return buffered.length ? buffered.end(buffered.length - 1) - 0.25 - currentTime : 99;
})()"""


@pytest.fixture(autouse=True)
def _new_page(browser: Browser) -> None:
    browser.renew()


def filmed(serve: Serve, browser: Browser) -> Served:
    served = serve()
    served.film(Encoder())
    browser.open(served.dashboard.url)
    wait_for_video(browser)
    return served


def wait_for_video(browser: Browser) -> None:
    browser.wait_until(f"{SHOWN} === 'video' && {LIVE}")


def shown_counter(browser: Browser) -> int:
    """Return the counter in the picture that the page shows, -1 for none."""
    data = np.frombuffer(browser.find("picture").screenshot(), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert image is not None
    return counter(np.asarray(image, np.uint8))


def test_video_plays_and_the_page_says_so(browser: Browser, serve: Serve) -> None:
    served = filmed(serve, browser)
    first = wait_for(lambda: shown_counter(browser) + 1, 5, "a counter")
    wait_for(lambda: shown_counter(browser) > first, 5, "a later picture")
    browser.wait_until(rf"/^640 \S 360 \S \d+\.\d Hz \S H264 video$/.test({FORMAT})")
    assert served.demands == [], "no JPEG is asked for"
    assert browser.find("picture").get_attribute("aria-label")
    assert browser.find("shoot").is_enabled()
    assert not browser.console


def test_the_page_stays_close_to_the_newest_picture(browser: Browser, serve: Serve) -> None:
    served = filmed(serve, browser)
    wait_for(lambda: browser.evaluate(BEHIND) < 0.3, 5, "the live edge")
    # As after a hold-up on the way: many pictures at once.
    browser.evaluate(
        f"window.worst = 0, setInterval(() => window.worst = Math.max(window.worst, {BEHIND}), 5)"
    )
    encoder = Encoder()
    served.stop_film()
    for _ in range(25):
        served.io.call(served.video.publish, encoder.frame())
    browser.wait_until("window.worst > 0.4", 5)
    served.film(encoder)
    wait_for(lambda: browser.evaluate(BEHIND) < 0.3, 10, "the live edge again")
    assert not browser.console


class Uneven(Encoder):
    """A sender that leaves out one or two pictures again and again, as a busy robot does."""

    def frame(self, *, key: bool = False) -> EncodedFrame:
        left_out = 2 * (self.number // 4) + self.number // 7
        frame = super().frame(key=key)
        return replace(frame, pts=frame.pts + 3000 * left_out)


def test_pictures_at_uneven_times_play_without_a_key_frame(browser: Browser, serve: Serve) -> None:
    served = serve()
    served.film(Uneven(), 0.05)
    browser.open(served.dashboard.url)
    wait_for_video(browser)
    first = wait_for(lambda: max(0, shown_counter(browser)), 5, "a counter")
    for later in (first + 20, first + 40, first + 60):
        wait_for(lambda later=later: shown_counter(browser) > later, 4, f"picture {later}")
    assert browser.evaluate("document.getElementById('video').buffered.length") == 1
    assert served.keys_asked == 0


@pytest.mark.parametrize("spoil", [NO_MEDIA_SOURCE, NO_H264])
def test_a_browser_that_cannot_play_video_shows_pictures(
    browser: Browser, serve: Serve, spoil: str
) -> None:
    served = serve()
    served.film(Encoder())
    served.feed(jpeg)
    browser.page.add_init_script(spoil)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    assert browser.evaluate(SHOWN) == "pictures"
    browser.wait_until(f"{FORMAT}.endsWith('JPEG')")
    wait_for(lambda: served.video.viewers == 0, 5, "the end of the video")
    assert not browser.console


def test_pictures_are_shown_where_there_is_no_video_and_give_way_to_it(
    browser: Browser, serve: Serve
) -> None:
    served = serve()
    served.feed(jpeg)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    assert browser.evaluate(SHOWN) == "pictures"
    served.film(Encoder())
    wait_for_video(browser)
    wait_for(lambda: served.dashboard.streams.state().viewers == 0, 5, "the pictures' end")
    served.stop_film()
    browser.wait_until(f"{SHOWN} === 'pictures'")
    browser.wait_for_state("live")


def test_video_goes_on_after_the_sender_began_anew_and_with_another_size(
    browser: Browser, serve: Serve
) -> None:
    served = filmed(serve, browser)
    served.stop_film()
    browser.wait_for_state("silent")
    again = Encoder()
    again.number = 100_000
    served.film(again)
    wait_for_video(browser)
    wait_for(lambda: shown_counter(browser) >= 100_000, 10, "pictures of the new sender")
    served.stop_film()
    served.film(Encoder(1280, 720))
    browser.wait_until(f"{FORMAT}.startsWith('1280')")
    wait_for(lambda: 0 <= shown_counter(browser) < 100_000, 10, "pictures of another size")


def test_video_goes_on_after_the_dashboard_began_anew(browser: Browser, serve: Serve) -> None:
    first = filmed(serve, browser)
    first.stop()
    browser.wait_for_state("unreachable")
    second = serve(port=first.port)
    again = Encoder()
    again.number = 100_000
    second.film(again)
    wait_for_video(browser)
    wait_for(lambda: shown_counter(browser) >= 100_000, 10, "pictures of the second one")


def test_who_chooses_a_size_gets_pictures_and_video_again_without(
    browser: Browser, serve: Serve
) -> None:
    served = serve()
    served.film(Encoder())
    served.feed(jpeg)
    browser.open(served.dashboard.url)
    wait_for_video(browser)
    browser.find("choose").click()
    browser.find("width").select_option("320")
    browser.wait_until(f"{SHOWN} === 'pictures'")
    wait_for(lambda: served.video.viewers == 0, 5, "the end of the video")
    browser.find("width").select_option("")
    wait_for_video(browser)
    wait_for(lambda: served.dashboard.streams.state().viewers == 0, 5, "the pictures' end")


def test_a_page_in_the_background_asks_for_no_video(browser: Browser, serve: Serve) -> None:
    served = filmed(serve, browser)
    for hidden in ("true", "false"):
        browser.evaluate(
            f"Object.defineProperty(document, 'hidden', {{value: {hidden}, configurable: true}});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        viewers = 0 if hidden == "true" else 1
        wait_for(lambda count=viewers: served.video.viewers == count)
    browser.wait_for_state("live")
    assert browser.evaluate(SHOWN) == "video"


def test_a_click_in_the_video_names_its_pixel_and_size(browser: Browser, serve: Serve) -> None:
    served = filmed(serve, browser)
    browser.find("look").click()
    box = browser.find("picture").bounding_box()
    assert box is not None
    browser.page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    wait_for(lambda: served.commands, 5, "a command")
    [command] = served.commands
    assert isinstance(command, LookAtPixel)
    assert command.u == pytest.approx(160, abs=2)
    assert command.v == pytest.approx(90, abs=2)
    assert (command.width, command.height) == (640, 360)


def test_video_is_mirrored_as_the_cameras_pictures_are(browser: Browser, serve: Serve) -> None:
    served = filmed(serve, browser)
    wait_for(lambda: shown_counter(browser) >= 0, 5, "a counter")
    served.known = replace(served.known, camera={**served.known.camera, "flip": "horizontal"})
    wait_for(lambda: shown_counter(browser) == -1, 5, "a counter that is mirrored")
    picture = cv2.imdecode(np.frombuffer(browser.find("picture").screenshot(), np.uint8), 1)
    assert picture is not None
    assert counter(np.asarray(cv2.flip(picture, 1), np.uint8)) >= 0


def test_what_was_shown_long_ago_is_given_back(
    browser: Browser, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reachy_mini_ros.web.video.KEY_EVERY_S", 0.5)
    monkeypatch.setattr("reachy_mini_ros.web.video.ASK_EVERY_S", 0.25)
    filmed(serve, browser)
    browser.wait_until("document.getElementById('video').buffered.start(0) > 3", 20)
    wait_for_video(browser)
    assert browser.evaluate("document.getElementById('video').buffered.length") == 1
    assert not browser.console
