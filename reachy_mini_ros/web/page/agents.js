// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// What agents (programs that act for a language model) do: shown, paused, and asked about.

import { ask, post } from "./api.js";
import { element, make, setText } from "./dom.js";
import { on } from "./events.js";
import { toast } from "./log.js";

const LEVEL = { begun: "ok", done: "ok", refused: "warn", failed: "error" };
const MOST = 20;

const button = element("agents-pause");
const note = element("agents-note");
let paused = false;

async function send(path, body) {
  try {
    await post(path, body);
  } catch (error) {
    toast("error", "Agents", error.message);
  }
}

function entry({ agent, tool, arguments: given, outcome, text, time }) {
  const clock = new Date(time * 1000).toLocaleTimeString([], { hour12: false });
  return make("li", { data: { level: LEVEL[outcome] ?? "warn" } },
    make("time", { textContent: clock }), make("b", { textContent: `${tool}: ${outcome}` }),
    make("span", { className: "count", textContent: agent }),
    make("p", { textContent: [given === "{}" ? "" : given, text].filter(Boolean).join(" → ") }));
}

function question({ id, agent, tool, arguments: given, until }) {
  const left = make("span", { className: "soft", data: { until } });
  const answer = (text, allow, className) => {
    const made = make("button", { type: "button", className, textContent: text });
    made.addEventListener("click", () => send("api/agents/answers", { id, allow }));
    return made;
  };
  return make("li", {},
    make("p", {}, make("b", { textContent: `${agent} asks for ${tool}` }), ` ${given} `, left),
    make("div", { className: "buttons acts" }, answer("Allow", true, ""), answer("Refuse", false, "quiet")));
}

function update(state) {
  paused = state.paused;
  button.setAttribute("aria-pressed", paused);
  setText(button, paused ? "Release agents" : "Pause agents");
  element("agents").dataset.paused = paused;
  element("agents-questions").replaceChildren(...state.questions.map(question));
  element("agents-log").replaceChildren(...state.calls.slice(0, MOST).map(entry));
  setText(note, paused ? "Paused: agents may ask for the status and stop the robot, until you release them."
    : state.calls.length ? "" : "None has called.");
  tick();
}

/** A question is refused by the robot's computer when its time is over. */
function tick() {
  for (const left of element("agents-questions").querySelectorAll("[data-until]")) {
    const seconds = Math.max(0, Math.round(left.dataset.until - Date.now() / 1000));
    setText(left, `${seconds} s left`);
  }
}

async function load() {
  try {
    update(await ask("api/agents"));
  } catch (error) {
    setText(note, `What agents do cannot be shown: ${error.message}`);
  }
}

export function start() {
  on("agents", (state) => (state ? update(state) : load()));
  button.addEventListener("click", () => send("api/agents/pause", { paused: !paused }));
  setInterval(tick, 1000);
}
