// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Clips kept by the robot's computer: recorded, watched, downloaded and deleted here.

import { ask, command } from "./api.js";
import { askOnce, element, make, setText } from "./dom.js";
import { on } from "./events.js";
import { toast } from "./log.js";

const list = element("clips");
const note = element("clips-note");
const button = element("record");
const WHEN = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };

let asked = false;
let loading = false;
let again = false;
let since = null; // what is recorded began then, unix time in s
let ended = null; // the reason told last

const address = (name) => `api/clips/${encodeURIComponent(name)}`;

/** A length as minutes and seconds. */
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

async function load() {
  if (loading) {
    again = true;
    return;
  }
  asked = loading = true;
  try {
    const { clips } = await ask("api/clips");
    fill(clips);
    note.textContent = clips.length ? "" : "None yet. “Record” under the picture begins one.";
    element("clips-count").textContent = clips.length || "";
  } catch (error) {
    note.textContent = `Clips cannot be shown: ${error.message}`;
  }
  loading = false;
  if (again) {
    again = false;
    load();
  }
}

/** Brings the list in line with the clips; those that are as they were keep their elements and focus. */
function fill(clips) {
  const old = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = clips.map((clip) => old.get(key(clip)) ?? entry(clip));
  if (items.length !== list.children.length || items.some((item, at) => item !== list.children[at])) {
    list.replaceChildren(...items);
  }
}

const key = ({ name, length, states }) => `${name} ${length} ${states}`;

function entry(clip) {
  const { name, time, width, height, bytes, length, states } = clip;
  const ended = new Date(time * 1000).toLocaleString([], WHEN);
  const title = `${name}, ${width} × ${height}, ${(bytes / 1e6).toFixed(1)} MB`;
  const open = make(
    "a",
    { className: "thumb", href: address(name), target: "_blank", rel: "noopener", title, aria: { label: `Clip of ${ended}, ${clock(length)}` } },
    make("img", { src: `${address(name)}/still?width=320`, alt: "", loading: "lazy" }),
    make("span", { textContent: `${clock(length)} · ${ended}` }),
  );
  const links = make("span", { className: "clip-links" }, make("a", { href: address(name), download: name, textContent: "Download" }));
  if (states) links.append(make("a", { href: address(states), download: states, textContent: "States" }));
  const label = `Delete clip of ${ended}`;
  const bin = make("button", { type: "button", className: "bin acts", textContent: "✕", title: "Delete", aria: { label } });
  askOnce(bin, "Delete?", () => remove(name));
  return make("li", { data: { name, key: key(clip) } }, open, links, bin);
}

async function remove(name) {
  try {
    await ask(address(name), { method: "DELETE" });
  } catch (error) {
    toast("error", "Delete", error.message);
  }
  load();
}

async function record() {
  const enabled = since === null;
  button.dataset.busy = "true";
  try {
    const { message } = await command("record", { enabled });
    if (!enabled) toast("ok", "Record", message);
    show(enabled ? Date.now() / 1000 : null);
  } catch (error) {
    toast("error", "Record", error.message);
  }
  delete button.dataset.busy;
}

function show(began) {
  since = began;
  button.setAttribute("aria-pressed", since !== null);
  tick();
}

function tick() {
  setText("record-text", since === null ? "Record" : clock(Math.max(0, Date.now() / 1000 - since)));
}

/** Takes what the robot says of its recording. */
export function update(status) {
  const recording = status?.recording ?? null;
  button.disabled = !recording;
  if (button.dataset.busy) return;
  show(recording?.since ?? null);
  if (recording && recording.ended !== ended) {
    if (recording.ended && ended !== null) toast(recording.failed ? "error" : "ok", "Record", recording.ended);
    ended = recording.ended;
  }
}

export function start() {
  button.addEventListener("click", record);
  setInterval(() => since !== null && tick(), 500);
  on("clips", load);
  on("status", (status) => status && !asked && load());
}
