// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Photos kept by the robot's computer: taken, looked at, downloaded and deleted here.

import { ask, command } from "./api.js";
import { askOnce, element, make } from "./dom.js";
import { on } from "./events.js";
import { toast } from "./log.js";
import { hideStill, showStill } from "./still.js";

const list = element("gallery");
const note = element("gallery-note");
const WHEN = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false };

let asked = false;
let loading = false;
let again = false;

const address = (name) => `api/photos/${encodeURIComponent(name)}`;

async function load() {
  if (loading) {
    again = true;
    return;
  }
  asked = loading = true;
  try {
    const { photos } = await ask("api/photos");
    fill(photos);
    note.textContent = photos.length ? "" : "None yet. “Photo” under the picture takes one.";
    element("gallery-count").textContent = photos.length || "";
  } catch (error) {
    note.textContent = `Photos cannot be shown: ${error.message}`;
  }
  loading = false;
  if (again) {
    again = false;
    load();
  }
}

/** Brings the list in line with the photos; those that stay keep their elements and focus. */
function fill(photos) {
  const old = new Map([...list.children].map((item) => [item.dataset.name, item]));
  const items = photos.map((photo) => old.get(photo.name) ?? entry(photo));
  if (items.length !== list.children.length || items.some((item, at) => item !== list.children[at])) {
    list.replaceChildren(...items);
  }
}

function entry({ name, time, width, height, bytes }) {
  const taken = new Date(time * 1000).toLocaleString([], WHEN);
  const image = make("img", { src: `${address(name)}?width=320`, alt: "", loading: "lazy" });
  const size = width && height ? `${width} × ${height}, ` : "";
  const open = make(
    "button",
    { type: "button", className: "thumb", title: `${name}, ${size}${Math.ceil(bytes / 1000)} kB`, aria: { label: `Photo of ${taken}` } },
    image,
    make("span", { textContent: taken }),
  );
  open.addEventListener("click", () => showStill(address(name), name, () => remove(name)));
  const label = `Delete photo of ${taken}`;
  const bin = make("button", { type: "button", className: "bin acts", textContent: "✕", title: "Delete", aria: { label } });
  askOnce(bin, "Delete?", () => remove(name));
  return make("li", { data: { name } }, open, bin);
}

async function remove(name) {
  try {
    await ask(address(name), { method: "DELETE" });
    hideStill(name);
  } catch (error) {
    toast("error", "Delete", error.message);
  }
  load();
}

async function take() {
  const button = element("photo");
  button.dataset.busy = "true";
  try {
    const { photo, message } = await command("photo");
    toast("ok", "Photo", photo ?? message);
    load();
  } catch (error) {
    toast("error", "Photo", error.message);
  }
  delete button.dataset.busy;
}

export function start() {
  element("photo").addEventListener("click", take);
  on("photos", load);
  on("status", (status) => status && !asked && load());
}
