// A word about what was just done, with a way back where there is one. Goes by itself, unless somebody is at it.

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { faultWords } from "./words.js";

const STAY_MS = 8000;
const host = h("div.toasts", { role: "status", "aria-live": "polite" });

/** Where they appear; put once into the page. */
export const toastHost = () => host;

/** Say `text`. `undo`: what a button "Undo" does. `bad`: it went wrong. */
export function toast(text, { undo, bad } = {}) {
  const made = h(`div.toast${bad ? ".bad" : ""}`, icon(bad ? "rare" : "ordinary"), h("span", text));
  const close = () => made.remove();
  if (undo) made.append(h("button.quiet", { type: "button", onclick: () => (close(), undo()) }, icon("undo"), "Undo"));
  made.append(h("button.bare", { type: "button", "aria-label": "Dismiss", onclick: close }, icon("close")));
  fill(host, ...[...host.children].slice(-2), made);
  let timer = setTimeout(close, STAY_MS);
  for (const at of ["pointerenter", "focusin"]) made.addEventListener(at, () => clearTimeout(timer));
  for (const at of ["pointerleave", "focusout"]) made.addEventListener(at, () => (timer = setTimeout(close, STAY_MS)));
}

/** Say what went wrong, and what to do about it. */
export function complain(error) {
  if (error.name === "AbortError") return;
  toast(faultWords(error), { bad: true });
}
