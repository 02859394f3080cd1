// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Requests to the dashboard: answers in JSON, errors in its own words, targets that do not queue.

const TIMEOUT_MS = 20000; // a wake-up or a sleep is answered at its end
const INTERVAL_MS = 60; // between streamed targets

/** In the name of which lease this page commands; empty without one. */
export const sender = { holder: "" };

/** The server's own words for an answer that is an error. */
export const reason = async (answer) => (await failure(answer)).message;

async function failure(answer) {
  const { status } = answer;
  const told = await answer.json().catch(() => ({}));
  return Object.assign(new Error(told.error ?? `HTTP ${status}`), { status, fields: told.fields ?? {} });
}

/**
 * The parsed answer; throws an Error with the server's reason, or that there was none. It has the
 * `status`, and `fields`: of settings, the reason for each that was refused.
 */
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...options,
    });
  } catch {
    throw new Error("The dashboard did not answer");
  }
  if (!answer.ok) throw await failure(answer);
  return answer.json();
}

export const command = (name, body = {}) => post(`api/command/${name}`, body);

export function post(path, body, method = "POST") {
  return ask(path, {
    method,
    headers: {
      "Content-Type": "application/json",
      ...(sender.holder && { "Lease-Holder": sender.holder }),
    },
    body: JSON.stringify(body),
  });
}

/**
 * Streams one kind of target: one request in flight, no more than 16 a second. What waits is
 * overwritten field by field, so that the newest wins and no part is lost.
 */
export class Sender {
  #name;
  #failed;
  #waiting = null;
  #busy = false;

  constructor(name, failed) {
    this.#name = name;
    this.#failed = failed;
  }

  send(body) {
    this.#waiting = { ...this.#waiting, ...body };
    if (!this.#busy) this.#run();
  }

  /** Forgets what is not sent yet. */
  drop() {
    this.#waiting = null;
  }

  async #run() {
    this.#busy = true;
    while (this.#waiting) {
      const body = this.#waiting;
      this.#waiting = null;
      const pause = new Promise((done) => setTimeout(done, INTERVAL_MS));
      try {
        await command(this.#name, { ...body, mode: "stream" });
      } catch (error) {
        this.#failed(error.message);
      }
      await pause;
    }
    this.#busy = false;
  }
}
