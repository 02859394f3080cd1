# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the package says of itself, in one voice: package.xml, setup.py, the code, what is built."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import reachy_mini_ros

ROOT = Path(__file__).parents[1]
NAME = "reachy_mini_ros"
MODULES_OF_TESTS = {path.stem for path in (ROOT / "test").rglob("*.py")}
MANIFEST = ElementTree.parse(ROOT / "package.xml").getroot()
COMMENTS = " ".join(re.findall(r"<!--(.*?)-->", (ROOT / "package.xml").read_text(), re.DOTALL))
# Import name -> name on PyPI, where the two differ.
ON_PYPI = {
    "axe_playwright_python": "axe-playwright-python",
    "cv2": "opencv-python-headless",
    "gi": "pygobject",
    "reachy_mini": "reachy-mini",
    "yaml": "pyyaml",
}
# Name on PyPI -> rosdep's key, where it is not python3-<name>.
KEYS = {
    "opencv-python-headless": "python3-opencv",
    "pygobject": "python3-gi",
    "pyyaml": "python3-yaml",
}
WITHOUT_KEY = {
    *("aioice", "av", "mcp", "reachy-mini"),
    *("axe-playwright-python", "playwright", "schemathesis"),
}
WITH_THE_SDK = {"fastapi", "uvicorn"}
WITH_MCP = {"httpx2", "mcp_types", "uvicorn"}
# Run or loaded, not imported.
RUN = {
    *("robot_state_publisher", "ament_flake8", "ament_pep257"),
    *("chromium-browser", "libxml2-utils", "python3-colcon-common-extensions"),
    *("python3-gi", "python3-pytest-xdist"),
    *("ffmpeg_image_transport_msgs", "foxglove_msgs"),  # imported by their names
}


def setup_arguments() -> dict[str, object]:
    """Return the literal arguments of setup()."""
    tree = ast.parse((ROOT / "setup.py").read_text())
    call = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "setup"
    )
    values: dict[str, object] = {}
    for keyword in call.keywords:
        try:
            values[str(keyword.arg)] = ast.literal_eval(keyword.value)
        except ValueError:
            continue
    return values


SETUP = setup_arguments()


def text(tag: str) -> str:
    return (MANIFEST.findtext(tag) or "").strip()


def test_version_is_the_same_everywhere() -> None:
    assert text("version") == SETUP["version"] == reachy_mini_ros.__version__
    changes = (ROOT / "CHANGELOG.rst").read_text()
    assert re.findall(r"^(\d\S+) \(", changes, re.MULTILINE)[0] == reachy_mini_ros.__version__
    with (ROOT / "space" / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == reachy_mini_ros.__version__
    image = (ROOT / "deploy" / "Dockerfile").read_text()
    assert f'image.version="{reachy_mini_ros.__version__}"' in image


def test_description_and_licence_are_the_same_everywhere() -> None:
    assert text("description") == SETUP["description"]
    assert text("license") == SETUP["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def depends(*kinds: str) -> set[str]:
    return {str(element.text) for kind in kinds for element in MANIFEST.findall(f"{kind}_depend")}


def requirements(extra: str = "") -> dict[str, str]:
    """Return name and versions of what setup.py asks for."""
    listed = SETUP["extras_require"][extra] if extra else SETUP["install_requires"]  # type: ignore[index]
    return dict(re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in listed)  # type: ignore[union-attr]


def imported(*folders: str) -> set[str]:
    """Return the top names that the files there import, but for ours and Python's own."""
    names = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    tops = {name.partition(".")[0] for name in names}
    return tops - {NAME, "harness", *sys.stdlib_module_names, *MODULES_OF_TESTS}


def key(name: str) -> str:
    """Return rosdep's key of what is imported by a name, or installed by it from PyPI."""
    name = ON_PYPI.get(name, name)
    return KEYS.get(name, f"python3-{name}")


def test_every_import_of_the_package_is_declared_as_a_dependency() -> None:
    for name in imported(NAME, "launch") - {"mujoco"} - WITH_MCP:
        if name in depends("exec"):
            continue  # of ROS
        name = ON_PYPI.get(name, name)
        assert name in {*requirements(), *requirements("opencv"), *requirements("agent")}, name
        assert key(name) in depends("exec") or name in WITHOUT_KEY, name


def test_every_import_of_the_tests_is_declared_as_a_dependency() -> None:
    for name in imported("test") - {"launch", *WITH_THE_SDK, *WITH_MCP}:
        known = name in depends("exec", "test") or key(name) in depends("exec", "test")
        assert known or ON_PYPI.get(name, name) in WITHOUT_KEY, name


def test_every_declared_dependency_is_used() -> None:
    for kind, folders in (("exec", (NAME, "launch")), ("test", ("test",))):
        used = imported(*folders)
        names = {*used, *map(key, used), *RUN}
        assert depends(kind) <= names, depends(kind) - names
    assert not depends("exec") & depends("test")


def test_package_xml_and_setup_py_ask_for_the_same() -> None:
    of_ros = {name for name in depends("exec") if not name.startswith("python3-")}
    asked = {*requirements(), *requirements("opencv"), "pygobject"} - WITHOUT_KEY
    assert depends("exec", "buildtool") - of_ros == {key(name) for name in asked}
    for name in WITHOUT_KEY:
        assert re.search(rf"\b{name}\b", COMMENTS), f"package.xml does not tell of {name}"


def test_lowest_versions_are_those_of_setup_py() -> None:
    lines = (ROOT / "scripts" / "lowest-versions.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    asked = requirements() | requirements("opencv")
    lowest = {name: re.search(r">=([\d.]+)", versions) for name, versions in asked.items()}
    assert set(pinned) == {name for name, version in lowest.items() if version}
    for name, version in pinned.items():
        told = lowest[name][1]  # type: ignore[index]
        assert re.fullmatch(rf"{re.escape(told)}(\.0|\.0\.\d+)*", version), name


def test_python_is_the_same_everywhere() -> None:
    python = str(SETUP["python_requires"]).removeprefix(">=")
    with (ROOT / "pyproject.toml").open("rb") as file:
        tools = tomllib.load(file)["tool"]
    assert tools["mypy"]["python_version"] == python
    assert tools["ruff"]["target-version"] == f"py{python.replace('.', '')}"
    assert f"Python {python} or newer" in (ROOT / "README.md").read_text()


def test_addresses_are_the_same_everywhere() -> None:
    urls = {element.text for element in MANIFEST.findall("url")}
    assert urls == set(SETUP["project_urls"].values())  # type: ignore[attr-defined]
    assert all(str(url) in (ROOT / "README.md").read_text() for url in urls)


@pytest.mark.parametrize(
    "script",
    SETUP["entry_points"]["console_scripts"],  # type: ignore[index]
)
def test_executables_explain_themselves_or_load(script: str) -> None:
    module, _, function = script.partition("=")[2].strip().partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def files_below(folder: Path) -> set[Path]:
    """Return what is in a folder and those in it, but what Python made."""
    paths = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path for path in paths if "__pycache__" not in path.parts}


def test_colcon_builds_what_ros2_run_and_launch_look_for(tmp_path: Path) -> None:
    folders = [f"--{name}-base={tmp_path / name}" for name in ("build", "install")]
    result = subprocess.run(
        [
            *(sys.executable, "-m", "colcon", f"--log-base={tmp_path / 'log'}", "build", *folders),
            *("--base-paths", str(ROOT), "--packages-select", "reachy_mini_ros"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    prefix = tmp_path / "install" / "reachy_mini_ros"
    executables = {path.name for path in (prefix / "lib" / "reachy_mini_ros").iterdir()}
    assert {"bringup", "camera", "control", "dashboard", "reachy_mini_sim"} <= executables
    share = prefix / "share" / "reachy_mini_ros"
    for folder in ("launch", "config"):
        assert files_below(share / folder) == files_below(ROOT / folder)
    assert (share / "package.xml").is_file()
    page = next(prefix.rglob("site-packages/reachy_mini_ros/web/page"))
    assert (page / "index.html").is_file()
    assert (page.parents[1] / "py.typed").is_file()


def test_installed_distribution_asks_for_the_sdk() -> None:
    requires = importlib.metadata.requires("reachy_mini_ros") or []
    assert any(line.startswith("reachy-mini") for line in requires)
