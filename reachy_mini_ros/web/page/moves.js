// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The recorded moves: those of this installation first, then those of the robot's data set.

import { ask } from "./api.js";
import { act } from "./controls.js";
import { element, make } from "./dom.js";

const list = element("moves");
const note = element("moves-note");
const search = element("moves-search");

const title = (name) => name.split("/").at(-1).replaceAll("_", " ");

/** Only when asked for: the robot reads its data set for this, or fetches it. */
async function load() {
  note.textContent = "Asking the robot…";
  try {
    const { moves, recorded, unavailable } = await ask("api/moves");
    list.replaceChildren(
      ...recorded.map((name) => entry(name, "recorded here")),
      ...moves.filter((name) => !recorded.includes(name)).map((name) => entry(name, "")),
    );
    search.hidden = false;
    element("moves-again").textContent = "Reload";
    filter();
    if (unavailable) note.textContent = `Only those recorded here: ${unavailable}`;
  } catch (error) {
    note.textContent = `Moves cannot be listed: ${error.message}`;
  }
}

function entry(name, origin) {
  const button = make(
    "button",
    { type: "button", className: "move moves-robot", title: name, disabled: element("centre").disabled },
    make("span", { textContent: title(name) }),
    make("small", { textContent: origin }),
  );
  button.addEventListener("click", () => {
    for (const other of list.querySelectorAll("[data-chosen]")) delete other.dataset.chosen;
    button.dataset.chosen = "true";
    act(button, "Move", "play_move", { name });
  });
  return make("li", { data: { name: `${name} ${title(name)}`.toLowerCase() } }, button);
}

function filter() {
  const wanted = search.value.trim().toLowerCase();
  let count = 0;
  for (const item of list.children) {
    item.hidden = !item.dataset.name.includes(wanted);
    count += !item.hidden;
  }
  if (!list.children.length) note.textContent = "No moves: none recorded here, none on the robot.";
  else note.textContent = count ? "" : "No move of that name.";
}

export function update(status) {
  element("moves-again").disabled = status?.connection !== "connected";
  list.dataset.playing = status?.motion?.owner === "move";
}

export function start() {
  search.addEventListener("input", filter);
  element("moves-again").addEventListener("click", load);
}
