// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// All robots of a fleet: a card each, and one stop for all.

import { ask, post } from "./api.js";
import { element, setText, sleep, whenVisible } from "./dom.js";

const PERIOD_MS = 700;
const CONNECTION = {
  connecting: "Connecting",
  connected: "Connected",
  stalled: "Stalled",
  lost: "Robot away",
  unreachable: "Offline",
  unknown: "No driver",
};
const MOTORS = { enabled: "On", disabled: "Off", gravity_compensation: "By hand" };
const HERE = ["localhost", "127.0.0.1", "[::1]"];

const cards = new Map();
let notStopped = "";
let away = "";

function card(name) {
  if (!cards.has(name)) {
    const made = element("robot").content.firstElementChild.cloneNode(true);
    made.querySelector("h2").textContent = name;
    element("robots").append(made);
    cards.set(name, made);
  }
  return cards.get(name);
}

/** Where a robot's own page is, as this browser sees it; empty where it cannot get there. */
function address({ port, local }) {
  if (!port || (local && !HERE.includes(location.hostname))) return "";
  return `http://${location.hostname}:${port}/`;
}

function show(robot) {
  const shown = card(robot.name);
  const part = (selector) => shown.querySelector(selector);
  part(".connection").dataset.state = robot.connection;
  setText(part(".connection dd"), CONNECTION[robot.connection] ?? robot.connection);
  const owner = robot.asleep ? "Asleep" : robot.owner.replace(/^./, (first) => first.toUpperCase());
  setText(part(".owner dd"), owner || "–");
  part(".owner").dataset.moving = robot.moving === true;
  setText(part(".motors dd"), MOTORS[robot.motors] ?? "–");
  setText(part(".title-line"), robot.title);
  const link = part("a");
  link.hidden = !address(robot);
  if (!link.hidden) {
    link.href = address(robot);
    link.setAttribute("aria-label", `Open the page of ${robot.name}`);
  }
  const picture = part("img");
  picture.hidden = robot.picture === null;
  setText(part(".reason"), picture.hidden ? robot.reason || "Waiting for a picture." : "");
  if (!picture.hidden && picture.dataset.number !== String(robot.picture)) {
    picture.dataset.number = robot.picture;
    picture.alt = `What ${robot.name} sees`;
    picture.src = `api/robots/${encodeURIComponent(robot.name)}/picture?${robot.picture}`;
  }
}

function tell() {
  element("problem").hidden = !(notStopped || away);
  setText("problem", [notStopped, away].filter(Boolean).join(" "));
}

async function update() {
  try {
    const { robots, read_only: readOnly } = await ask("api/robots");
    document.body.dataset.access = readOnly ? "view" : "full";
    for (const robot of robots) show(robot);
    const there = robots.filter(({ connection }) => connection === "connected").length;
    setText("subtitle", `${there} of ${robots.length} robots connected`);
    away = "";
  } catch (error) {
    away = `${error.message}: what is shown is not of now.`;
    for (const name of cards.keys()) {
      show({ name, connection: "unreachable", owner: "", motors: "", title: "", picture: null, reason: error.message });
    }
  }
  tell();
}

async function stop() {
  const button = element("stop");
  button.dataset.busy = true;
  try {
    await post("api/stop", {});
    notStopped = "";
  } catch (error) {
    notStopped = `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
  }
  delete button.dataset.busy;
  tell();
}

element("stop").addEventListener("click", stop);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.body.dataset.access === "full") stop();
});
for (;;) {
  await whenVisible();
  await update();
  await sleep(PERIOD_MS);
}
