// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// What the robot refuses, clamps or reports: a short log, and toasts that are read aloud.

import { element, make } from "./dom.js";
import { on } from "./events.js";

const KEPT = 50;
const SHOWN_MS = 6000;
const SAME_MS = 2000; // a refusal is both an answer and an event: it is told once
const MOST_TOASTS = 3;

const log = element("log");
const told = new Map(); // message -> when

/** Shows a message for some seconds. Levels: ok, warn, error. */
export function toast(level, title, message) {
  const now = performance.now();
  for (const [text, at] of told) if (now - at > SAME_MS) told.delete(text);
  if (told.has(message)) return;
  told.set(message, now);
  const box = element("toasts");
  const close = make("button", { type: "button", textContent: "×", aria: { label: "Close message" } });
  const item = make("div", { className: "toast", data: { level } }, make("p", {}, make("b", { textContent: title }), ` ${message}`), close);
  close.addEventListener("click", () => item.remove());
  while (box.children.length >= MOST_TOASTS) box.firstChild.remove();
  box.append(item);
  setTimeout(() => item.remove(), SHOWN_MS);
}

function note({ level, name, message }) {
  const now = new Date();
  const time = now.toLocaleTimeString([], { hour12: false });
  const last = log.firstElementChild;
  if (last?.dataset.text === `${name} ${message}`) {
    last.dataset.count = Number(last.dataset.count ?? 1) + 1;
    Object.assign(last.querySelector("time"), { textContent: time, dateTime: now.toISOString() });
    last.querySelector(".count").textContent = `${last.dataset.count}×`;
  } else {
    log.prepend(
      make("li", { data: { level, text: `${name} ${message}` } },
        make("time", { textContent: time, dateTime: now.toISOString() }), make("b", { textContent: name }),
        make("span", { className: "count" }), make("p", { textContent: message })),
    );
  }
  while (log.children.length > KEPT) log.lastChild.remove();
  element("log-note").hidden = true;
  element("log-save").disabled = false;
  if (level === "warn" || level === "error") toast(level, name, message);
}

/** Gives what the log shows to this computer as text, a line an event, the oldest first. */
function save() {
  const lines = [...log.children].reverse().map((item) => {
    const { level, text, count = 1 } = item.dataset;
    return `${item.querySelector("time").dateTime} ${level.toUpperCase()} ${text}${count > 1 ? ` (${count} times)` : ""}\n`;
  });
  const url = URL.createObjectURL(new Blob(lines, { type: "text/plain" }));
  make("a", { href: url, download: `reachy_mini_events_${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.txt` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

export function start() {
  on("safety", note);
  element("log-save").addEventListener("click", save);
  element("log-clear").addEventListener("click", () => {
    log.replaceChildren();
    element("log-note").hidden = false;
    element("log-save").disabled = true;
  });
}
