// The keyboard: each page names its keys, and `?` lists those that work right now.

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";

const everywhere = [
  { key: "1", what: "wall", act: () => (location.hash = "#/wall") },
  { key: "2", what: "events", act: () => (location.hash = "#/events") },
  { key: "3", what: "system", act: () => (location.hash = "#/system") },
  { key: "?", what: "this help", act: () => showHelp() },
];
let ofPage = [];
let dialog = null;

/** The keys of a page: [{key, what, act}], until `signal`. `Enter` and Tab are the browser's; `act: null` only lists. */
export function pageKeys(keys, signal) {
  ofPage = keys;
  signal.addEventListener("abort", () => {
    if (ofPage === keys) ofPage = [];
  });
}

/** Listen; once. */
export function listen() {
  document.addEventListener("keydown", (press) => {
    if (press.ctrlKey || press.metaKey || press.altKey || writes(press.target) || dialog?.open) return;
    const found = [...ofPage, ...everywhere].find((each) => each.act && each.key === press.key);
    if (!found) return;
    press.preventDefault();
    found.act();
  });
}

/** Show what the keys do. */
export function showHelp() {
  if (!dialog) {
    dialog = h("dialog.help", { "aria-labelledby": "help-title" });
    dialog.addEventListener("click", (click) => click.target === dialog && dialog.close());
    document.body.append(dialog);
  }
  fill(
    dialog,
    h("header", h("h2", { id: "help-title" }, "Keyboard"), closeButton()),
    ofPage.length > 0 && [h("h3", "On this page"), list(ofPage)],
    h("h3", "Everywhere"),
    list(everywhere),
  );
  dialog.showModal();
}

function closeButton() {
  return h("button.bare", { type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"));
}

function list(keys) {
  return h(
    "dl.keys",
    keys.map((each) => h("div", h("dt", h("kbd", each.shown ?? each.key)), h("dd", each.what))),
  );
}

function writes(target) {
  return Boolean(target.closest?.("input:not([type=checkbox]), textarea, select, video"));
}
