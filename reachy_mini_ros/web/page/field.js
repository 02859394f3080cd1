// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// One setting: its label, its input by its kind, its words, and why it was refused.

import { make, setText } from "./dom.js";

const DEFAULT = "Default";

export class Field {
  #setting;
  #input;
  #wrong;
  #button = null;
  #removed = false;

  constructor(setting, id, readOnly) {
    this.#setting = setting;
    this.#input = input(setting);
    Object.assign(this.#input, { id, disabled: readOnly || Boolean(setting.fixed) });
    this.#input.setAttribute("aria-describedby", `${id}-about ${id}-wrong`);
    this.#wrong = make("p", { className: "wrong", id: `${id}-wrong`, role: "alert" });
    const title = setting.name.split("/").at(-1).replaceAll("_", " ");
    const about = make("p", { className: "soft", id: `${id}-about`, textContent: words(setting) });
    this.node = make("div", { className: "field", data: { name: setting.name } },
      make("label", { htmlFor: id, textContent: title }), this.#input, about, this.#wrong);
    if (!this.#input.disabled) this.#addButton();
    this.#input.addEventListener("input", () => this.#mark());
    this.reset();
  }

  get name() {
    return this.#setting.name;
  }

  get section() {
    return this.#setting.section;
  }

  get fixed() {
    return this.#input.disabled;
  }

  /** What stands in the field, as JSON; what is no number is sent as it stands, and refused. */
  get value() {
    const { kind } = this.#setting;
    const text = this.#input.value;
    if (kind === "boolean") return this.#input.checked;
    if (kind === "list") return text.split(this.#setting.secret ? /\s+/ : "\n").map((one) => one.trim()).filter(Boolean);
    if (kind === "text") return text;
    return text.trim() && Number.isFinite(Number(text)) ? Number(text) : text;
  }

  get changed() {
    if (this.fixed) return false;
    if (this.#setting.secret) return this.#removed || this.#input.value !== "";
    return JSON.stringify(this.value) !== JSON.stringify(this.#setting.value ?? "");
  }

  reset() {
    this.#removed = false;
    this.put(this.#setting.value);
  }

  put(value) {
    if (this.#setting.kind === "boolean") this.#input.checked = value === true;
    else if (Array.isArray(value)) this.#input.value = value.join("\n");
    else this.#input.value = value ?? "";
    this.#mark();
  }

  refuse(why) {
    setText(this.#wrong, why);
    this.#input.setAttribute("aria-invalid", Boolean(why));
  }

  #mark() {
    const { secret, default: usual } = this.#setting;
    this.node.classList.toggle("changed", this.changed);
    if (this.#button && !secret) this.#button.hidden = JSON.stringify(this.value) === JSON.stringify(usual);
    if (secret) this.#input.placeholder = this.#removed ? "to be removed" : this.#setting.is_set ? "is set" : "not set";
  }

  #addButton() {
    const { secret, is_set: isSet, default: usual } = this.#setting;
    if (secret ? !isSet : usual === null) return;
    const title = this.#setting.name;
    const button = make("button", { type: "button", className: "quiet small", textContent: secret ? "Remove" : DEFAULT,
      aria: { label: `${secret ? "Remove" : DEFAULT}: ${title}` } });
    button.addEventListener("click", () => {
      this.#removed = secret;
      this.put(secret ? "" : usual);
      this.#input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    this.#button = make("div", { className: "row" }, button);
    this.node.insertBefore(this.#button, this.#wrong);
  }
}

/** Description, range and default in a sentence each. */
function words({ description, minimum, maximum, choices, default: usual, fixed, kind }) {
  const range = minimum !== null && maximum !== null && kind !== "text" ? `${minimum} to ${maximum}` : "";
  const known = usual === null || usual === "" || choices.length || Array.isArray(usual) ? "" : `default ${usual}`;
  const limits = [range, range ? known : known.replace("d", "D")].filter(Boolean).join(", ");
  return [description, limits, fixed && `Not to be changed here: ${fixed}`].filter(Boolean).map((one) => `${one}.`).join(" ");
}

function input({ kind, choices, secret, value }) {
  const plain = { autocomplete: "off", spellcheck: false };
  if (secret) return make("input", { type: "password", autocomplete: "new-password" });
  if (kind === "boolean") return make("input", { type: "checkbox" });
  if (kind === "list") return make("textarea", { rows: Math.max(2, value?.length ?? 0), ...plain });
  if (choices.length) return make("select", {}, ...choices.map((one) => make("option", { value: one, textContent: one })));
  const mode = { integer: "numeric", number: "decimal" }[kind] ?? "text";
  return make("input", { type: "text", inputMode: mode, ...plain });
}
