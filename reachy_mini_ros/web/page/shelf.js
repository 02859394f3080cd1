// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Files that the robot's computer keeps: listed, loaded again when they change, deleted.

import { ask } from "./api.js";
import { askOnce, element, make } from "./dom.js";
import { on } from "./events.js";
import { toast } from "./log.js";

export const WHEN = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false };

/** Brings a list in line with `things`; those with the same key keep their elements and focus. */
export function fill(list, things, key, entry) {
  const old = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = things.map((thing) => old.get(String(key(thing))) ?? keyed(entry(thing), key(thing)));
  if (items.length !== list.children.length || items.some((item, at) => item !== list.children[at])) {
    list.replaceChildren(...items);
  }
}

function keyed(item, key) {
  item.dataset.key = key;
  return item;
}

/** Lets `load` run once at a time, and once more if it was asked for meanwhile. */
export function oneAtATime(load) {
  let loading = null;
  let again = false;
  return async function run() {
    again = loading !== null;
    if (again) return;
    loading = load();
    await loading;
    loading = null;
    if (again) run();
  };
}

/**
 * Shows the files of `api/<kind>` in the list `id`; `none` is said where there are none. `entry`
 * makes the element of a file, anew where its `key` is another.
 */
export class Shelf {
  constructor({ kind, id, none, key, entry, removed = () => {} }) {
    Object.assign(this, { kind, removed });
    const note = element(`${id}-note`);
    this.load = oneAtATime(async () => {
      this.asked = true;
      try {
        const files = (await ask(`api/${kind}`))[kind];
        fill(element(id), files, key, entry);
        note.textContent = files.length ? "" : none;
        element(`${id}-count`).textContent = files.length || "";
      } catch (error) {
        note.textContent = `The ${kind} cannot be shown: ${error.message}`;
      }
    });
  }

  start() {
    on(this.kind, this.load);
    on("status", (status) => status && !this.asked && this.load());
  }

  address = (name) => `api/${this.kind}/${encodeURIComponent(name)}`;

  /** A button that deletes a file when it is pressed twice. */
  bin(name, label) {
    const button = make("button", { type: "button", className: "bin acts", textContent: "✕", title: "Delete", aria: { label } });
    askOnce(button, "Delete?", () => this.remove(name));
    return button;
  }

  async remove(name) {
    try {
      await ask(this.address(name), { method: "DELETE" });
      this.removed(name);
    } catch (error) {
      toast("error", "Delete", error.message);
    }
    this.load();
  }
}
