// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Level and direction of what the robot hears; asked for only while the card is open.

import { element, number, setText } from "./dom.js";
import { listenToSound } from "./events.js";
import { load } from "./volume.js";

const QUIETEST_DB = -60;
const PEAK_HELD_MS = 1500;

let peak = QUIETEST_DB;
let peakAt = -Infinity;

const share = (level) => Math.max(0, Math.min(1, 1 - level / QUIETEST_DB));

function showLevel(level) {
  const now = performance.now();
  const shown = typeof level === "number" ? level : QUIETEST_DB;
  if (shown >= peak || now - peakAt > PEAK_HELD_MS) [peak, peakAt] = [shown, now];
  element("level-bar").style.transform = `scaleX(${share(shown)})`;
  element("level-peak").style.left = `${100 * share(peak)}%`;
  setText("level", number(level, 0, " dBFS"));
  const meter = element("meter");
  meter.setAttribute("aria-valuenow", Math.max(QUIETEST_DB, Math.min(0, Math.round(shown))));
  meter.setAttribute("aria-valuetext", number(level, 0, " dBFS"));
}

/** Seen from above, the robot looking up: a sound to its left is on the left. */
function showDirection(direction) {
  const known = typeof direction === "number";
  element("dial").dataset.known = known;
  if (known) element("needle").style.transform = `rotate(${-direction}deg)`;
  const side = Math.round(direction) === 0 ? "ahead" : direction > 0 ? "left" : "right";
  setText("dial-text", known ? `${Math.abs(Math.round(direction))}° ${side}` : "No direction");
}

export function update(status) {
  if (element("sound").hidden) return;
  const sound = status?.sound ?? {};
  showLevel(sound.level_dbfs);
  showDirection(sound.direction);
  const tell = (id, value) => {
    setText(id, typeof value === "boolean" ? (value ? "yes" : "no") : "–");
    element(id).dataset.on = value === true;
  };
  tell("activity", sound.activity);
  tell("speech", sound.is_speaking);
}

export function start() {
  const button = element("listen");
  button.addEventListener("click", () => {
    const open = element("sound").hidden;
    element("sound").hidden = !open;
    element("sound-closed").hidden = open;
    button.textContent = open ? "Hide" : "Show";
    button.setAttribute("aria-expanded", open);
    listenToSound(open);
    if (open) load();
    update(null);
  });
}
