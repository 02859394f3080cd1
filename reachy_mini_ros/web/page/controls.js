// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Stop, wake, sleep, motors; and who may press what, with the reason if not.

import { command } from "./api.js";
import { askOnce, element, remember, remembered, setText } from "./dom.js";
import * as drive from "./drive.js";
import { known } from "./events.js";
import { isLive } from "./live.js";
import { toast } from "./log.js";

/**
 * Sends a command, and marks the button while it runs. Tells how it ended: in the server's words,
 * or in `words` if it went well.
 */
export async function act(button, title, name, body = {}, words = "") {
  button.dataset.busy = "true";
  try {
    const { message } = await command(name, body);
    toast("ok", title, words || message);
  } catch (error) {
    toast("error", title, error.message);
  }
  delete button.dataset.busy;
}

export function stop() {
  drive.halt();
  act(element("stop"), "Stop", "stop");
}

export const mayAct = () => document.body.dataset.access === "control";

function motorMode(status) {
  return status?.motion?.motor_mode ?? status?.robot?.motor_mode ?? "";
}

/** Why the robot cannot be commanded at all, and why it cannot be moved; empty if it can. */
function obstacles(status) {
  if (!status) return ["The dashboard is out of reach.", ""];
  if (status.connection !== "connected") return ["The robot is away.", ""];
  if (motorMode(status) === "disabled" && status.motion?.asleep) return ["", "Asleep: press Wake up."];
  if (motorMode(status) === "disabled") {
    return ["", "The motors are off: wake the robot up, or switch them on."];
  }
  if (motorMode(status) === "gravity_compensation") {
    return ["", "The head is led by hand: gravity compensation is on."];
  }
  return ["", ""];
}

function disable(selector, disabled) {
  for (const node of document.querySelectorAll(selector)) {
    if ("disabled" in node) node.disabled = disabled;
    else node.setAttribute("aria-disabled", disabled);
  }
}

function setAccess(access) {
  if (document.body.dataset.access === access) return;
  document.body.dataset.access = access;
  remember("access", access);
}

export function update(status) {
  if (status) setAccess(status.read_only === false ? "control" : "view");
  const [noRobot, noMotion] = obstacles(status);
  setText("why", noRobot || noMotion);
  const asleep = !noRobot && status.motion?.asleep === true;
  element("asleep").hidden = !asleep || status.motion.moving === true;
  element("wake").classList.toggle("quiet", !asleep && motorMode(status) === "enabled");
  disable(".needs-robot", Boolean(noRobot));
  disable(".moves-robot", Boolean(noRobot || noMotion));
  element("photo").disabled = !isLive() || Boolean(noRobot);
  element("look").disabled = Boolean(noRobot || noMotion);
  const on = motorMode(status) === "enabled";
  element("motors").setAttribute("aria-checked", on && !noRobot);
  if (!element("motors-label").dataset.asking) {
    setText("motors-label", noRobot || !motorMode(status) ? "–" : on ? "On" : "Off");
  }
  drive.update(noRobot ? null : status);
}

function prepareMotors() {
  const button = element("motors");
  const off = () => button.getAttribute("aria-checked") !== "true";
  const change = () => act(button, "Motors", "motors", { enabled: off() });
  askOnce(button, "Head drops. Off?", change, { label: element("motors-label"), harmless: off });
}

export function start() {
  setAccess(remembered("access", "control"));
  for (const button of document.querySelectorAll(".stop")) button.addEventListener("click", stop);
  document.addEventListener(
    "keydown",
    (event) => event.key === "Escape" && !event.repeat && mayAct() && stop(),
    { capture: true },
  );
  const press = (id, title, name, body) =>
    element(id).addEventListener("click", () => act(element(id), title, name, body));
  press("wake", "Wake up", "wake_up");
  press("sleep", "Sleep", "goto_sleep");
  press("centre", "Centre", "head", { mode: "goto" });
  press("follow-on", "Body turns with the head", "automatic_body_yaw", { enabled: true });
  press("follow-off", "Body turns with the head", "automatic_body_yaw", { enabled: false });
  prepareMotors();
  element("stage").addEventListener("statechange", () => update(known.status));
  drive.start();
}
