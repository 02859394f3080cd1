// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// What happened in the last day, as lanes and as a list; and motion in the picture as it is now.

import { ask } from "./api.js";
import { act } from "./controls.js";
import { clock, element, make, setText } from "./dom.js";
import { on } from "./events.js";
import { fill, oneAtATime } from "./shelf.js";
import { showStill } from "./still.js";

const DAY = 86400; // s
const LISTED = 60;
const NARROWEST = 0.4; // % of a lane
const DRAWN_EACH_MS = 30000; // lanes move with the time
const NAMES = { motion: "Motion", sound: "Sound", speech: "Speech", safety: "Safety", connection: "Robot" };

const known = new Map(); // id -> what happened
const button = element("detect");
let drawing = 0;

const load = oneAtATime(async () => {
  try {
    const { happenings } = await ask("api/timeline");
    known.clear();
    for (const one of happenings) known.set(one.id, one);
    draw();
  } catch (error) {
    setText("timeline-note", `It cannot be shown: ${error.message}`);
  }
});

/** Takes one entry that is new or is another now; which clip shows it, only the list tells. */
function take(one) {
  known.set(one.id, { ...one, clip: one.clip ?? known.get(one.id)?.clip ?? null });
  drawing ||= requestAnimationFrame(draw);
}

function draw() {
  drawing = 0;
  const now = Date.now() / 1000;
  for (const one of known.values()) if ((one.until ?? now) < now - DAY) known.delete(one.id);
  const newest = [...known.values()].sort((a, b) => b.id - a.id);
  fill(element("happenings"), newest.slice(0, LISTED), JSON.stringify, entry);
  setText("timeline-note", newest.length ? "" : "Nothing yet: motion, sound, safety events and lost connections stand here for a day.");
  element("lanes").replaceChildren(...Object.entries(NAMES).map(([kind, name]) => lane(kind, name, newest, now)));
  element("lanes").hidden = !newest.length;
}

function lane(kind, name, all, now) {
  const bar = make("div", { className: "lane-bar" });
  for (const one of all.filter((each) => each.kind === kind)) {
    const begun = Math.max(0, 1 - (now - one.time) / DAY);
    const mark = make("i", { title: `${when(one.time)} ${said(one)}`, data: { level: one.level } });
    const width = Math.max(NARROWEST, (100 * ((one.until ?? now) - one.time)) / DAY);
    mark.style.left = `${Math.min(100 - NARROWEST, 100 * begun)}%`;
    mark.style.width = `${Math.min(width, 100 - 100 * begun + NARROWEST)}%`;
    bar.append(mark);
  }
  return make("div", { className: "lane", data: { kind } }, make("span", { textContent: name }), bar);
}

const when = (time) => new Date(time * 1000).toLocaleTimeString([], { hour12: false });

/** What happened in words, with how long it lasted and how often it was. */
function said({ text, time, until, count }) {
  const length = until === null ? ", now" : until - time >= 1 ? `, ${clock(until - time)}` : "";
  return `${text}${length}${count > 1 ? `, ${count}×` : ""}`;
}

function entry(one) {
  const item = make("li", { data: { kind: one.kind, level: one.level } });
  if (one.picture) item.append(thumbnail(one));
  item.append(make("p", {}, make("time", { textContent: when(one.time) }), " ", make("b", { textContent: NAMES[one.kind] ?? one.kind }), ` ${said(one)}`));
  if (one.clip) {
    const href = `api/clips/${encodeURIComponent(one.clip)}`;
    item.append(make("a", { href, textContent: "Clip", target: "_blank", rel: "noopener", title: one.clip }));
  }
  return item;
}

function thumbnail({ id, kind, time }) {
  const src = `api/timeline/${id}/picture`;
  const name = `${kind}_${id}.jpg`;
  const open = make("button", { type: "button", className: "thumb", aria: { label: `Picture of ${kind} at ${when(time)}` } }, make("img", { src, alt: "", loading: "lazy" }));
  open.addEventListener("click", () => showStill(src, name));
  return open;
}

/** Takes what the robot says of motion in its picture. */
export function update(status) {
  const motion = status?.picture_motion ?? null;
  const detects = motion?.detection === true;
  button.disabled = !motion;
  button.setAttribute("aria-checked", detects);
  element("motion").hidden = !detects;
  if (!detects) return;
  const level = motion.level ?? 0;
  element("motion-bar").style.transform = `scaleX(${Math.sqrt(level)})`; // little is much
  element("motion-meter").setAttribute("aria-valuenow", Math.round(100 * level));
  const percent = `${(100 * level).toFixed(1)} %`;
  setText("motion-text", motion.level === null ? "–" : `${motion.moving ? "moves" : "still"}, ${percent}`);
  element("motion-text").dataset.on = motion.moving === true;
}

export function start() {
  button.addEventListener("click", () =>
    act(button, "Motion", "motion_detection", { enabled: button.getAttribute("aria-checked") !== "true" }),
  );
  on("timeline", (one) => (one ? take(one) : load()));
  on("clips", load);
  setInterval(() => document.hidden || draw(), DRAWN_EACH_MS);
}
