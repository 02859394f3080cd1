// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Streams to the outside: where they go, how they are, where to watch them.

import { act } from "./controls.js";
import { element, make } from "./dom.js";

const ENDED = ["stopped", "error"];

let shown = "";

/** What there is to do stands out; what there is not cannot be pressed. */
function offer(id, useful) {
  element(id).disabled = !useful;
  element(id).classList.toggle("quiet", !useful);
}

function link(url) {
  let address = null;
  try {
    address = new URL(url, location.href);
  } catch {
    // Shown as text.
  }
  const opens = address && ["http:", "https:"].includes(address.protocol);
  return opens
    ? make("a", { href: address.href, textContent: url, target: "_blank", rel: "noopener noreferrer" })
    : make("code", { textContent: url });
}

function entry({ name, state, reason, viewer_urls: urls }) {
  const item = make("li", { data: { state } },
    make("div", { className: "row" }, make("b", { textContent: name }), make("span", { className: "tag", textContent: state })));
  if (reason) item.append(make("p", { className: "soft", textContent: reason }));
  for (const url of urls ?? []) item.append(make("p", { className: "url" }, link(url)));
  return item;
}

export function update(status) {
  const streams = status?.streams ?? null;
  element("streams").hidden = !streams;
  const text = JSON.stringify(streams);
  if (!streams || text === shown) return;
  shown = text;
  const none = make("li", { className: "soft", textContent: "No destinations are set." });
  element("stream-list").replaceChildren(...(streams.length ? streams.map(entry) : [none]));
  const over = streams.filter(({ state }) => ENDED.includes(state)).length;
  offer("stream-start", over > 0);
  offer("stream-stop", over < streams.length);
}

export function start() {
  const press = (id, title, name, words) =>
    element(id).addEventListener("click", () => act(element(id), title, name, {}, words));
  press("stream-start", "Streams out", "stream_start", "started");
  press("stream-stop", "Streams out", "stream_stop", "ended");
}
