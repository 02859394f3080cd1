// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The settings page: shows what the server tells of each setting, sends what was changed, and puts
// each refusal at its field. The server alone judges what is right.

import { ask, post } from "./api.js";
import { element, make, setText, sleep } from "./dom.js";
import { Field } from "./field.js";

const BACK_MS = 20000; // the app begins anew within this
const PATH = "api/settings";

let fields = [];

const changed = () => fields.filter((field) => field.changed);
const values = (some) => Object.fromEntries(some.map((field) => [field.name, field.value]));

function say(text, level = "") {
  setText("saved", text);
  element("saved").dataset.level = level;
}

function showRefusals(reasons, error = "") {
  for (const field of fields) field.refuse(reasons[field.name] ?? "");
  const elsewhere = Object.keys(reasons).filter((name) => !fields.some((field) => field.name === name));
  if (error || elsewhere.length) say(error || reasons[elsewhere[0]], "error");
}

function update() {
  const none = !changed().length;
  element("save").disabled = element("discard").disabled = none;
}

async function load() {
  const told = await ask(PATH);
  document.body.dataset.access = told.read_only ? "view" : "control";
  setText("kept", told.kept);
  setText("problem", told.problem);
  element("problem").hidden = !told.problem;
  setText("unlock-how", told.unlock);
  element("unlock").hidden = !told.unlock;
  element("view-only").hidden = !told.read_only || Boolean(told.unlock);
  fields = told.settings.map((setting, index) => new Field(setting, `field-${index}`, told.read_only));
  const names = [...new Set(fields.map((field) => field.section))];
  element("form").replaceChildren(...names.map(section));
  update();
}

function section(name, index) {
  const id = `section-${index}`;
  const some = fields.filter((field) => field.section === name);
  const title = make("h2", { id, textContent: name });
  const rows = make("div", { className: "fields" }, ...some.map((field) => field.node));
  return make("section", { className: "card", aria: { labelledby: id } }, title, rows);
}

/** Checks what was changed so far; only what it is about is marked. */
async function validate() {
  update();
  say("");
  try {
    const { fields: reasons } = await post(`${PATH}/validate`, { values: values(changed()) });
    showRefusals(reasons);
  } catch (error) {
    say(error.message, "error");
  }
}

async function save(event) {
  event.preventDefault();
  const sent = values(changed());
  element("save").disabled = true;
  try {
    const { message } = await post(PATH, { values: sent }, "PUT");
    say(message);
    await comeBack(sent);
  } catch (error) {
    showRefusals(error.fields ?? {}, error.message);
    update();
  }
}

/** Loads again when the settings are in force: the app's server is away for a moment. */
async function comeBack(sent) {
  if (sent.page_port || sent.page_address) {
    const port = sent.page_port ?? location.port;
    say(`Saved: the page is served anew, at port ${port} of ${sent.page_address ?? location.hostname}.`);
    return;
  }
  if (sent.token) {
    await enter(sent.token);
    return;
  }
  const end = performance.now() + BACK_MS;
  for (;;) {
    await sleep(600);
    try {
      await load();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

/** Opens the page with the token as soon as it counts, which trades it for a cookie. */
async function enter(token) {
  const end = performance.now() + BACK_MS;
  let refused = false;
  while (!refused && performance.now() < end) {
    await sleep(300);
    refused = await ask(PATH).then(() => false, (error) => error.status === 401);
  }
  location.replace(`./?token=${encodeURIComponent(token)}`);
}

async function unlock(event) {
  event.preventDefault();
  const token = element("token").value;
  try {
    await post(`${PATH}/token`, { code: element("code").value, token });
    setText("unlock-wrong", "");
    await enter(token);
  } catch (error) {
    setText("unlock-wrong", error.fields?.token ?? error.message);
  }
}

async function busy(button, what, work) {
  button.disabled = true;
  setText("tested", what);
  try {
    setText("tested", await work());
  } catch (error) {
    for (const [name, why] of Object.entries(error.fields ?? {})) {
      fields.find((field) => field.name === name)?.refuse(why);
    }
    setText("tested", error.message);
  }
  button.disabled = false;
}

const test = () =>
  busy(element("test"), "Asking the robot…", async () => {
    const robot = changed().filter((field) => field.section === "robot");
    return (await post(`${PATH}/test`, { values: values(robot) })).message;
  });

const find = () =>
  busy(element("find"), "Looking for robots…", async () => {
    const { robots } = await ask(`${PATH}/robots`);
    element("robots").replaceChildren(...robots.map(found));
    return robots.length ? "" : "No robot announces itself in this network.";
  });

/** A robot that was found; pressed, it stands in the fields of the address, where there are any. */
function found({ name, host, port, model, version }) {
  const text = `${name}: ${host}:${port} (${[model, version].filter(Boolean).join(", ")})`;
  const address = { host, port };
  const there = fields.filter((field) => field.name in address && !field.fixed);
  if (!there.length) return make("li", { textContent: text });
  const button = make("button", { type: "button", className: "quiet small" }, make("span", { textContent: text }));
  button.addEventListener("click", () => {
    for (const field of there) field.put(address[field.name]);
    validate();
  });
  return make("li", {}, button);
}

async function begin() {
  element("form").addEventListener("submit", save);
  element("form").addEventListener("input", update);
  element("form").addEventListener("change", validate);
  element("unlock-form").addEventListener("submit", unlock);
  element("test").addEventListener("click", test);
  element("find").addEventListener("click", find);
  element("discard").addEventListener("click", () => {
    for (const field of fields) field.reset();
    showRefusals({});
    say("");
    update();
  });
  try {
    await load();
  } catch (error) {
    setText("kept", "");
    setText("problem", `Settings cannot be shown: ${error.message}`);
    element("problem").hidden = false;
  }
}

begin();
