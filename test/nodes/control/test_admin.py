# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's apps over ROS, held against the daemon's own app manager."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from harness.browser import browsing
from harness.daemon import Daemon
from harness.pictures import Client
from harness.processes import Child, Processes, free_port
from harness.ros import Collector, RosClient
from harness.tiny_app import APP, daemon_with_tiny_app
from harness.waiting import patience, wait_for
from std_msgs.msg import String
from std_srvs.srv import Trigger

from reachy_mini_ros.nodes.common.qos import latched, reliable

NS = "/admin_test"


@pytest.fixture(scope="module")
def daemon(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    return daemon_with_tiny_app(processes, tmp_path_factory.mktemp("apps"))


@pytest.fixture(scope="module")
def node(processes: Processes, daemon: Daemon, ros: RosClient) -> Iterator[Child]:
    child = processes.start_node(
        "control", namespace=NS, robot_host="127.0.0.1", robot_port=daemon.port, admin=True
    )
    yield child
    child.stop_cleanly()


@pytest.fixture(scope="module")
def app(ros: RosClient, node: Child) -> Collector:
    return ros.subscribe(DiagnosticStatus, f"{NS}/app", latched())


@pytest.fixture(scope="module")
def receipts(ros: RosClient, node: Child) -> Collector:
    return ros.subscribe(DiagnosticStatus, f"{NS}/command_events", reliable(50))


@pytest.fixture(scope="module")
def progress(ros: RosClient, node: Child) -> Collector:
    return ros.subscribe(DiagnosticStatus, f"{NS}/admin/progress", latched(50))


def values(message: DiagnosticStatus) -> dict[str, str]:
    return {entry.key: entry.value for entry in message.values}


def ask(ros: RosClient, name: str) -> tuple[bool, str]:
    answer = ros.call(Trigger, f"{NS}/admin/{name}", None, 40.0)
    return bool(answer.success), str(answer.message)


def told(ros: RosClient, name: str) -> Any:
    success, message = ask(ros, name)
    assert success, message
    return json.loads(message)


def tell(ros: RosClient, receipts: Collector, name: str, text: str) -> tuple[str, str]:
    """Send a command by its topic, and return the last receipt's kind and reason."""
    topic = f"{NS}/admin/{name}"
    publisher = ros.publisher(String, topic)
    wait_for(lambda: ros.node.count_subscribers(topic), 10, topic)
    seen = receipts.count
    publisher.publish(String(data=text))

    def mine() -> list[dict[str, str]]:
        news = list(receipts.messages)[-(receipts.count - seen) :] if receipts.count > seen else []
        return [one for one in map(values, news) if one["source"] == f"admin/{name}"]

    wait_for(lambda: {one["kind"] for one in mine()} - {"accepted"}, 40, f"an end of {name} {text}")
    *before, end = mine()
    assert [one["kind"] for one in before] in ([], ["accepted"])
    assert before or end["kind"] != "done"
    assert end.get("detail", "") == text
    return end["kind"], end["reason"]


def becomes(app: Collector, **wanted: str) -> None:
    def so() -> bool:
        return app.count > 0 and wanted.items() <= values(app.last).items()

    wait_for(so, 10, lambda: f"{wanted}, at last {app.last if app.count else None}")


def test_an_app_is_listed_started_restarted_and_stopped(
    ros: RosClient, daemon: Daemon, app: Collector, receipts: Collector
) -> None:
    becomes(app, name="", state="", lock="free", startup_app="")
    apps = told(ros, "list_apps")
    (mine,) = [one for one in apps["installed"] if one["name"] == APP]
    assert mine["page"] == "http://0.0.0.0:8042"
    kind, reason = tell(ros, receipts, "start_app", "no_such_app")
    assert kind == "refused"
    assert "no app 'no_such_app'; it has " in reason
    assert APP in reason
    assert tell(ros, receipts, "start_app", "../..")[0] == "refused"
    assert tell(ros, receipts, "start_app", APP) == ("done", f"{APP} is running")
    becomes(app, name=APP, state="running", lock=f"local_app: {APP}")
    assert daemon.get("/api/apps/current-app-status")["state"] == "running"
    kind, reason = tell(ros, receipts, "start_app", APP)
    assert (kind, "An app is already running" in reason) == ("failed", True)
    assert tell(ros, receipts, "remove_app", APP) == (
        "refused",
        f"{APP} is running: stop it first",
    )
    assert ask(ros, "restart_app") == (True, f"{APP} was started again")
    becomes(app, name=APP, state="running")
    assert ask(ros, "stop_app") == (True, "the app was stopped")
    becomes(app, lock="free")
    success, message = ask(ros, "stop_app")
    assert not success
    assert "No app is currently running" in message


def test_no_app_is_started_while_the_robot_is_moved(ros: RosClient, receipts: Collector) -> None:
    assert ros.call(Trigger, f"{NS}/wake_up", None, 20.0).success
    client = ros.node.create_client(Trigger, f"{NS}/goto_sleep")
    assert client.wait_for_service(10)
    sleeping = client.call_async(Trigger.Request())
    accepted = {"kind": "accepted", "source": "goto_sleep"}
    wait_for(lambda: any(accepted.items() <= values(one).items() for one in receipts.messages), 10)
    kind, reason = tell(ros, receipts, "start_app", APP)
    assert (kind, reason) == ("refused", "sleeping has the robot: wait for its end or call stop")
    assert ros.call(Trigger, f"{NS}/stop", None, 20.0).success
    wait_for(sleeping.done, 10, "the end of goto_sleep")
    ros.destroy(ros.node.destroy_client, client)


def test_startup_app_and_name_are_the_daemon_s(
    ros: RosClient, daemon: Daemon, app: Collector, receipts: Collector
) -> None:
    kind, reason = tell(ros, receipts, "startup_app", APP)
    assert (kind, reason) == ("done", f"{APP} starts when the robot wakes up")
    assert daemon.get("/api/apps/startup-app")["startup_app"] == APP
    becomes(app, startup_app=APP)
    assert tell(ros, receipts, "startup_app", "")[0] == "done"
    becomes(app, startup_app="")
    assert tell(ros, receipts, "robot_name", "kitchen") == ("done", "the robot is called kitchen")
    assert daemon.get("/api/daemon/robot-name")["name"] == "kitchen"
    assert tell(ros, receipts, "robot_name", "n" * 65)[0] == "refused"


def test_what_only_the_wireless_robot_has_says_so(ros: RosClient, receipts: Collector) -> None:
    only = "only on the wireless robot"
    overview = told(ros, "overview")
    assert (overview["wifi"], overview["install_source"]) == (only, only)
    assert overview["model"] == "mockup"
    assert overview["sign_in"] == {"signed_in": False, "user": ""}
    for service in ("clear_cache", "reset_apps"):
        success, message = ask(ros, service)
        assert (success, only in message) == (False, True), message
    assert only in tell(ros, receipts, "update_robot", "stable")[1]
    assert tell(ros, receipts, "update_robot", "today")[0] == "refused"


@pytest.fixture(scope="module")
def page(processes: Processes, node: Child) -> int:
    port = free_port()
    child = processes.start_node("dashboard", namespace=NS, port=port)
    child.wait_for_output("in a browser")
    wait_for(lambda: Client(port).json("/api/admin")[0] == 200, 20, "admin over HTTP")
    none = {"name": ""}
    wait_for(lambda: Client(port).post("/api/admin/startup_app", none)[0] == 200, 20, "commands")
    return port


def test_the_page_starts_and_stops_an_app_and_shows_a_job(page: int) -> None:
    client = Client(page, patience(40.0))
    with browsing() as browser:
        browser.open(f"http://127.0.0.1:{page}/")
        app = browser.page.locator(f"#apps li[data-name='{APP}']")
        app.get_by_text("Start", exact=True).click()
        now = "document.getElementById('app-now').textContent"
        browser.wait_until(f"{now} === '{APP}: running'", 30)
        assert client.json("/api/admin")[1]["app"]["lock"] == f"local_app: {APP}"
        browser.find("app-stop").click()
        browser.wait_until(f"{now} === 'None runs; the robot is free'", 30)
        browser.find("app-space").fill("nobody/no-such-space")
        browser.find("app-install").click()
        browser.wait_until("document.getElementById('job').dataset.status === 'failed'", 30)
        assert "nobody/no-such-space" in browser.text("job-text")
        browser.wait_until("document.getElementById('admin-facts').textContent.includes('kitchen')")
        assert "only on the wireless robot" in browser.text("admin-facts")


def test_over_http_it_is_answered_by_receipts(page: int) -> None:
    client = Client(page, patience(40.0))
    status, answer = client.post("/api/admin/start_app", {"name": "no_such_app"})
    assert (status, "no app 'no_such_app'" in answer["error"]) == (409, True)
    assert client.post("/api/admin/startup_app", {"name": ""})[0] == 200
    status, answer = client.post("/api/admin/stop_app")
    assert (status, "No app is currently running" in answer["error"]) == (409, True)
    status, told = client.json("/api/admin/apps")
    assert (status, APP in [one["name"] for one in told["installed"]]) == (200, True)
    assert client.json("/api/status")[1]["admin"] is True


def test_jobs_tell_their_progress_and_their_end(
    ros: RosClient, receipts: Collector, progress: Collector
) -> None:
    """Without a network an install fails; what is installed is removed."""
    kind, reason = tell(ros, receipts, "install_app", "nobody/no-such-space")
    assert (kind, "failed" in reason) == ("failed", True)
    wait_for(lambda: values(progress.last)["status"] == "failed", 5, "the job's end on its topic")
    last = values(progress.last)
    assert (last["command"], last["what"]) == ("install_app", "nobody/no-such-space")
    assert progress.last.level == DiagnosticStatus.ERROR
    lines = [one.message for one in progress.messages if values(one)["job"] == last["job"]]
    assert any("Downloading HuggingFace Space: nobody/no-such-space" in line for line in lines)

    kind, reason = tell(ros, receipts, "remove_app", APP)
    assert (kind, reason) == ("done", "Job 'remove' completed successfully")
    wait_for(lambda: values(progress.last)["status"] == "done", 5, "the job's end on its topic")
    last = values(progress.last)
    assert last["percent"] == "100"
    job = [values(one) for one in receipts.messages if values(one).get("detail") == APP][-2]
    assert (job["kind"], job["reason"]) == ("accepted", f"job {last['job']}")
    assert APP not in [one["name"] for one in told(ros, "list_apps")["installed"]]


def test_without_admin_there_is_nothing_of_it(processes: Processes, ros: RosClient) -> None:
    namespace = "/no_admin"
    child = processes.start_node("control", namespace=namespace, robot_host="127.0.0.1")
    wait_for(lambda: ros.node.count_services(f"{namespace}/wake_up"), 10, "the control node")
    names = [name for name, _ in ros.node.get_topic_names_and_types()]
    assert [
        name for name in names if name.startswith((f"{namespace}/admin", f"{namespace}/app"))
    ] == []
    assert not ros.node.count_services(f"{namespace}/admin/stop_app")
    child.stop_cleanly()
