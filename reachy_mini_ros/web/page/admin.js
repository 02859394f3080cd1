// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The robot's apps and its software: there only where they may be changed from here.

import { ask } from "./api.js";
import { askOnce, element, make, setText } from "./dom.js";
import { toast } from "./log.js";

const card = element("admin");
const PERIOD_MS = 1000;
const LONGEST_MS = 200000; // the robot looks for the version of each app, one by one
const LINES = 300;
const RUNS = ["starting", "running", "stopping"];

let parts = null; // made when they are first needed
let job = ""; // the newest that was shown, to tell its end once
let last = 0; // of the log

const get = (name) => ask(`api/admin/${name}`, { signal: AbortSignal.timeout(LONGEST_MS) });
const button = (text, more = {}) => make("button", { type: "button", className: "quiet small", textContent: text, ...more });

async function send(pressed, name, body = {}) {
  pressed.disabled = true;
  try {
    const { message } = await ask(`api/admin/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(LONGEST_MS),
    });
    toast("ok", "Apps", message);
  } catch (error) {
    toast("error", "Apps", error.message);
  }
  pressed.disabled = false;
  list();
}

function build() {
  const stop = button("Stop", { id: "app-stop" });
  const again = button("Restart", { id: "app-restart" });
  const space = make("input", { id: "app-space", className: "text", placeholder: "owner/space", autocomplete: "off", spellcheck: false, aria: { label: "Space of an app" } });
  const install = button("Install", { id: "app-install", type: "submit" });
  const form = make("form", { className: "row acts admin-form" }, space, install);
  const updates = button("Look for updates", { id: "app-updates" });
  const bar = make("progress", { id: "job-bar", max: 100, aria: { label: "Progress" } });
  const log = make("pre", { id: "daemon-log", tabIndex: 0, aria: { label: "Log of the robot's daemon" } });
  parts = {
    app: make("span", { id: "app-now" }),
    stop,
    again,
    apps: make("ul", { className: "plain-list", id: "apps" }),
    job: make("div", { className: "job", id: "job", hidden: true }, make("p", { id: "job-text" }), bar),
    bar,
    facts: make("dl", { className: "facts", id: "admin-facts" }),
    updates: make("p", { className: "soft", id: "updates-note", role: "status" }),
    details: make("details", { id: "log-details" }, make("summary", { textContent: "Log of the robot's daemon" }), log),
    log,
  };
  stop.addEventListener("click", () => send(stop, "stop_app"));
  again.addEventListener("click", () => send(again, "restart_app"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (space.value.trim()) send(install, "install_app", { name: space.value.trim() });
  });
  updates.addEventListener("click", () => look(updates));
  parts.details.addEventListener("toggle", lines);
  card.replaceChildren(
    make("div", { className: "row" }, make("h2", { id: "admin-title", textContent: "Apps" }), make("span", { className: "pair acts" }, stop, again)),
    make("p", { className: "row" }, parts.app),
    parts.apps,
    form,
    parts.job,
    make("div", { className: "row" }, updates),
    parts.updates,
    parts.facts,
    parts.details,
  );
}

function entry(app, startup) {
  const start = button("Start");
  const chosen = app.name === startup;
  const first = button(chosen ? "At wake-up ✓" : "At wake-up", { title: "Starts when the robot wakes up", aria: { pressed: chosen } });
  const newer = button("Update");
  const bin = button("Remove");
  start.addEventListener("click", () => send(start, "start_app", { name: app.name }));
  first.addEventListener("click", () => send(first, "startup_app", { name: chosen ? "" : app.name }));
  newer.addEventListener("click", () => send(newer, "update_app", { name: app.name }));
  askOnce(bin, "Remove?", () => send(bin, "remove_app", { name: app.name }));
  return make("li", { data: { name: app.name } }, make("b", { textContent: app.name }), make("p", { className: "soft", textContent: app.description }),
    make("span", { className: "pair acts admin-buttons" }, start, first, newer, bin));
}

async function list() {
  try {
    const { installed, startup_app: startup } = await get("apps");
    const none = make("li", { className: "soft", textContent: "No app is installed." });
    parts.apps.replaceChildren(...(installed.length ? installed.map((app) => entry(app, startup)) : [none]));
  } catch (error) {
    parts.apps.replaceChildren(make("li", { className: "soft", textContent: `Not known: ${error.message}` }));
  }
}

async function overview() {
  const fact = (name, value) => make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value }));
  try {
    const { robot_name: name, wifi, sign_in: user, install_source: source } = await get("overview");
    const network = typeof wifi === "string" ? wifi : `${wifi.network || "no network"} (${wifi.mode})`;
    const signed = typeof user === "string" ? user : user.signed_in ? user.user : "not signed in";
    parts.facts.replaceChildren(fact("Name", name), fact("Wi-Fi", network), fact("Hugging Face", signed), fact("Installed from", source));
  } catch (error) {
    parts.facts.replaceChildren(fact("Robot", error.message));
  }
}

async function look(pressed) {
  pressed.disabled = true;
  setText(parts.updates, "The robot looks for newer versions.");
  try {
    const { apps, robot } = await get("updates");
    const newer = typeof robot === "object" && robot.available;
    const own = typeof robot === "string" ? robot : newer ? `robot: ${robot.newest}` : `robot: ${robot.current} is the newest`;
    setText(parts.updates, `${apps.length ? `newer: ${apps.join(", ")}` : "no newer apps"}; ${own}`);
    if (newer) {
      const update = button("Update the robot", { className: "quiet small acts" });
      askOnce(update, "Update the robot?", () => send(update, "update_robot", { name: "stable" }));
      parts.updates.append(" ", update);
    }
  } catch (error) {
    setText(parts.updates, error.message);
  }
  pressed.disabled = false;
}

function show({ app, job: now }) {
  const runs = RUNS.includes(app?.state);
  setText(parts.app, !app ? "–" : app.problem || (runs ? `${app.name}: ${app.state}` : `None runs; the robot is ${app.lock || "–"}`));
  parts.stop.hidden = parts.again.hidden = !runs;
  parts.job.hidden = !now;
  if (!now) return;
  setText("job-text", `${now.command.replaceAll("_", " ")} ${now.what}: ${now.line || now.status.replaceAll("_", " ")}`);
  const over = ["done", "failed"].includes(now.status);
  if (over || now.percent !== null) parts.bar.value = now.status === "failed" ? 0 : now.percent ?? 100;
  else parts.bar.removeAttribute("value");
  parts.job.dataset.status = now.status;
  const key = `${now.command} ${now.what} ${now.status}`;
  if (over && job && key !== job) list();
  job = key;
}

async function lines() {
  if (!parts.details.open || card.hidden || document.hidden) return;
  try {
    const answer = await ask(`api/admin/log?after=${last}`);
    last = answer.last;
    for (const { level, text } of answer.lines) parts.log.append(make("span", { data: { level }, textContent: `${text}\n` }));
    while (parts.log.childNodes.length > LINES) parts.log.firstChild.remove();
    if (!last) setText(parts.log, "Nothing yet: a wireless robot gives its log, with the next line.");
  } catch (error) {
    setText(parts.log, error.message);
  }
}

async function tick() {
  if (!card.hidden && !document.hidden) {
    try {
      show(await ask("api/admin"));
    } catch {
      setText(parts.app, "–");
    }
    await lines();
  }
  setTimeout(tick, PERIOD_MS);
}

export function update(status) {
  const there = status?.admin === true;
  if (there && !parts) {
    build();
    tick();
  }
  if (there && card.hidden) {
    list();
    overview();
  }
  card.hidden = !there;
}
