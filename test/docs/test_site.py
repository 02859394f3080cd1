# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The site of the docs: built with warnings as errors, whole, and from this host alone."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree, ignore_patterns
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest
from harness.browser import browsing
from harness.processes import free_port

ROOT = Path(__file__).parents[2]
LOADED = {"audio", "embed", "iframe", "img", "link", "script", "source", "video"}
"""Elements whose address a browser fetches by itself."""


def build(site: Path, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", site],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    result = build(folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


class Html(HTMLParser):
    """What a page links to and loads, and where it can be entered."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.anchors = {""}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.append((tag, value))
            elif name in ("id", "name") and value:
                self.anchors.add(value)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Html]:
    found = {path: Html(path) for path in site.rglob("*.html")}
    del found[site / "404.html"]  # its links begin at the host
    return found


def test_nothing_is_loaded_from_another_host(pages: dict[Path, Html]) -> None:
    loaded = [link for page in pages.values() for tag, link in page.links if tag in LOADED]
    assert len(loaded) > 5 * len(pages)
    assert not [link for link in loaded if urlsplit(link).netloc]


def where(page: Path, link: str) -> Path:
    """Return the file that a link of a page leads to; ``.`` is the start."""
    path = unquote(urlsplit(link).path)
    if not path:
        return page
    target = os.path.normpath(f"{page.parent}/{path}")
    return Path(target if target.rpartition(".")[2].isalnum() else f"{target}/index.html")


def test_links_lead_to_pages_and_anchors_that_are_there(pages: dict[Path, Html]) -> None:
    for path, page in pages.items():
        for _, link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = where(path, link)
            if target in pages:
                assert unquote(parts.fragment) in pages[target].anchors, f"{path}: {link}"
            else:
                assert target.is_file(), f"{path}: {link}"


def test_every_page_of_the_docs_is_on_the_site(site: Path, pages: dict[Path, Html]) -> None:
    start = site / "index.html"
    reached, left = {start}, [start]
    while left:
        here = left.pop()
        new = ({where(here, link) for _, link in pages[here].links} & set(pages)) - reached
        reached |= new
        left += new
    assert reached == set(pages)
    for source in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        title = source.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")
        name = source.relative_to(ROOT).with_suffix(".html").as_posix().lower()
        path = site / name.removeprefix("docs/").replace("readme", "index")
        assert title.replace("'", "&#39;") in path.read_text().replace("'", "&#39;"), path


def public(package: str) -> Iterator[tuple[str, str]]:
    """Return module and name of the public classes and functions of a package."""
    for path in (ROOT / package).rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            defined = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            if defined and not node.name.startswith("_"):
                yield module, node.name


@pytest.mark.parametrize("package", ["reachy_mini_ros/robot", "reachy_mini_ros/media"])
def test_the_reference_has_every_public_class_and_function(
    pages: dict[Path, Html], package: str
) -> None:
    anchors = {name for page in pages.values() for name in page.anchors}
    expected = {f"{module}.{name}" for module, name in public(package)}
    assert len(expected) > 100
    assert expected <= anchors, expected - anchors
    assert not [name for name in anchors if name.startswith("reachy_mini_ros.") and "._" in name]


def test_no_role_of_restructuredtext_is_left(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text())
    texts = [one["text"] for one in index["docs"] if one["location"].startswith("api/")]
    assert len(texts) > 500
    for role in (":class:", ":meth:", ":func:", ":attr:", ":data:", ":mod:"):
        assert not [text for text in texts if role in text], role


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Return the address of the site, served here."""
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), partial(Quiet, directory=str(site)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_search_finds_names_of_ros_of_python_and_words(address: str) -> None:
    with browsing() as browser:
        for words, page in (
            ("follow_joint_trajectory", "interface.html"),
            ("goto_duration_s", "api/robot/driver.html"),
            ("mjpeg", "dashboard_api.html"),
        ):
            browser.renew()
            browser.open(f"{address}/index.html?q={words}")
            browser.wait_until(
                "[...document.querySelectorAll('.md-search-result__link')].map((one) => one.href)",
                expected=lambda links, page=page: any(f"/{page}" in link for link in links),
            )
            assert not browser.console


def test_what_is_wrong_in_the_docs_is_an_error(tmp_path: Path) -> None:
    large = (".git", ".venv*", ".*cache", "build", "test", "reachy_mini_ros")
    copy = copytree(ROOT, tmp_path / "copy", ignore=ignore_patterns(*large))
    for package in ("robot", "media"):
        path = f"reachy_mini_ros/{package}/__init__.py"
        (copy / path).parent.mkdir(parents=True)
        (copy / path).write_text((ROOT / path).read_text())
    result = build(tmp_path / "right", copy)
    assert result.returncode == 0, result.stdout + result.stderr

    with (copy / "docs" / "motion.md").open("a") as page:
        page.write("[one](nowhere.md) [two](video.md#nowhere) [three](../scripts/nowhere.sh)\n")
    (copy / "docs" / "alone.md").write_text("# A page that nothing leads to\n")
    result = build(tmp_path / "wrong", copy)
    assert result.returncode == 1
    for wrong in ("nowhere.md", "video.md#nowhere", "scripts/nowhere.sh", "docs/alone.md"):
        assert wrong in result.stderr
