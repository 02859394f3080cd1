// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Head pad and sliders: what is touched streams its target, what is not follows the robot.

import { Sender } from "./api.js";
import { element, number, setText } from "./dom.js";
import { toast } from "./log.js";

const HOLD_MS = 1000; // after the last touch, until the robot's own values are shown again
const NEAR = 4; // degrees or mm: a target this close to where the head is still holds
const YAW = 60;
const PITCH = 30;
const STEP = 2;
const LARGE_STEP = 10;

const pad = element("pad");
const clamp = (value, most) => Math.max(-most, Math.min(most, value));
const sender = (name, title) => new Sender(name, (message) => toast("error", title, message));
const senders = {
  head: sender("head", "Head"),
  body: sender("body", "Body"),
  antennas: sender("antennas", "Antennas"),
};

const SLIDERS = [
  { id: "slide-roll", unit: "°", seen: ({ head }) => head?.roll, send: (roll) => moveHead({ roll }) },
  { id: "slide-z", unit: " mm", seen: ({ head }) => head && head.z * 1000, send: (z) => moveHead({ z }) },
  { id: "slide-body", unit: "°", seen: ({ joints }) => joints?.yaw_body, send: (yaw) => senders.body.send({ yaw }) },
  { id: "slide-left", unit: "°", seen: ({ joints }) => joints?.left_antenna, send: (left) => senders.antennas.send({ left }) },
  { id: "slide-right", unit: "°", seen: ({ joints }) => joints?.right_antenna, send: (right) => senders.antennas.send({ right }) },
];

let seen = null; // the head as observed: roll, pitch, yaw in degrees, z in mm
let wanted = { roll: 0, pitch: 0, yaw: 0, z: 0 }; // as last streamed
let touchedHead = -Infinity;
let dragging = null; // id of the pointer on the pad
let stopped = false; // by the stop button during a touch: the rest of that touch is ignored

const enabled = () => pad.getAttribute("aria-disabled") !== "true";
const held = (since) => performance.now() - since < HOLD_MS;

function moveHead(change) {
  if (!held(touchedHead) && dragging === null && seen && !near()) {
    wanted = { roll: Math.round(seen.roll), pitch: seen.pitch, yaw: seen.yaw, z: Math.round(seen.z) };
  }
  touchedHead = performance.now();
  wanted = { ...wanted, ...change };
  drawKnob(wanted);
  const { roll, pitch, yaw, z } = wanted;
  senders.head.send({ roll, pitch: clamp(pitch, PITCH), yaw, x: 0, y: 0, z: z / 1000 });
}

function near() {
  return Object.keys(wanted).every((name) => Math.abs(wanted[name] - seen[name]) < NEAR);
}

// --- the pad: right is the robot's right, so that it turns with the picture ---

function place(mark, { yaw, pitch }) {
  mark.style.left = `${50 - (50 * clamp(yaw, YAW)) / YAW}%`;
  mark.style.top = `${50 + (50 * clamp(pitch, PITCH)) / PITCH}%`;
}

function drawKnob({ yaw, pitch }) {
  place(element("pad-knob"), { yaw, pitch });
  pad.setAttribute("aria-valuenow", Math.round(yaw));
  const side = Math.round(yaw) ? (yaw > 0 ? "left" : "right") : "ahead";
  const height = Math.round(pitch) ? (pitch > 0 ? "down" : "up") : "level";
  pad.setAttribute(
    "aria-valuetext",
    `${Math.abs(Math.round(yaw))} degrees ${side}, ${Math.abs(Math.round(pitch))} degrees ${height}`,
  );
}

function follow(event) {
  const box = pad.getBoundingClientRect();
  const x = (event.clientX - box.x) / box.width;
  const y = (event.clientY - box.y) / box.height;
  moveHead({ yaw: clamp((1 - 2 * x) * YAW, YAW), pitch: clamp((2 * y - 1) * PITCH, PITCH) });
}

function onPointer(event) {
  if (event.type === "pointerdown") {
    if (!enabled() || event.button !== 0) return;
    pad.setPointerCapture(event.pointerId);
    pad.focus({ preventScroll: true });
    event.preventDefault();
    stopped = false;
    follow(event);
    dragging = event.pointerId;
  } else if (dragging === event.pointerId) {
    if (event.type === "pointercancel" || event.type === "pointerup") dragging = null;
    if (!stopped && enabled() && event.type !== "pointercancel") follow(event);
  }
}

const KEYS = {
  ArrowLeft: { yaw: 1 },
  ArrowRight: { yaw: -1 },
  ArrowUp: { pitch: -1 },
  ArrowDown: { pitch: 1 },
};

function onKey(event) {
  if (!enabled() || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Home") {
    moveHead({ yaw: 0, pitch: 0 });
  } else if (KEYS[event.key]) {
    const from = held(touchedHead) || !seen || near() ? wanted : seen;
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const { yaw = 0, pitch = 0 } = KEYS[event.key];
    moveHead({
      yaw: clamp(Math.round(from.yaw) + yaw * step, YAW),
      pitch: clamp(Math.round(from.pitch) + pitch * step, PITCH),
    });
  } else {
    return;
  }
  event.preventDefault();
}

// --- the sliders ---

function prepare(slider) {
  const input = element(slider.id);
  const output = document.querySelector(`output[for="${slider.id}"]`);
  Object.assign(slider, { input, output, touched: -Infinity, down: false });
  const [least, most] = [Number(input.min), Number(input.max)];
  input.style.setProperty("--zero", `${(100 * -least) / (most - least)}%`);
  input.addEventListener("pointerdown", () => {
    slider.down = true;
    stopped = false;
  });
  input.addEventListener("keydown", () => (stopped = false));
  for (const kind of ["pointerup", "pointercancel", "change", "blur"]) {
    input.addEventListener(kind, () => (slider.down = false));
  }
  for (const kind of ["input", "change"]) {
    input.addEventListener(kind, () => {
      if (stopped) return;
      slider.touched = performance.now();
      setText(output, number(input.valueAsNumber, 0, slider.unit));
      slider.send(input.valueAsNumber);
    });
  }
}

function showSlider(slider, status) {
  if (slider.down || held(slider.touched)) return;
  const value = slider.seen(status ?? {});
  if (typeof value === "number") slider.input.value = Math.round(value);
  setText(slider.output, number(value, 0, slider.unit));
}

/** Shows where the robot is, in what nobody touches. */
export function update(status) {
  const head = status?.head ?? null;
  seen = head && { roll: head.roll, pitch: head.pitch, yaw: head.yaw, z: (head.z ?? 0) * 1000 };
  pad.dataset.known = seen !== null;
  if (seen) place(element("pad-seen"), seen);
  if (seen && dragging === null && !held(touchedHead)) drawKnob(seen);
  for (const slider of SLIDERS) showSlider(slider, status);
}

/**
 * Streams a head pose that something else than the page's pad asks for: degrees, and mm for z. After
 * a stop only when that begins anew. Tells whether it did.
 */
export function steer(pose, begins) {
  if (begins) stopped = false;
  if (stopped || !enabled()) return false;
  moveHead(pose);
  return true;
}

/** Forgets what is not sent yet, and the rest of a touch that goes on. */
export function halt() {
  stopped = true;
  touchedHead = -Infinity;
  for (const each of Object.values(senders)) each.drop();
}

export function start() {
  for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
    pad.addEventListener(kind, onPointer);
  }
  pad.addEventListener("keydown", onKey);
  SLIDERS.forEach(prepare);
}
