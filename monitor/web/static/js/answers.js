// What people say of events: "normal here", "really unusual", protect. Each can be taken back from where it was said.

import * as api from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { complain, toast } from "./toast.js";
import { sentence } from "./words.js";

const SAID = { normal: "Marked as normal here", unusual: "Marked as really unusual" };

/** Whether this person may change things. */
export const mayChange = (who) => who?.role === "operator";

/** Give feedback; `changed` is told the event as it then is, also after an undo. */
export async function answer(event, kind, note, changed) {
  try {
    const given = await api.give(event.id, kind, note);
    changed({ ...event, feedback: kind });
    toast(sentence(`${SAID[kind]}: ${given.effect}`), { undo: () => takeBack(given.id, () => changed({ ...event })) });
  } catch (error) {
    complain(error);
  }
}

/** Undo feedback by its number. */
export async function takeBack(id, changed) {
  try {
    await api.undo(id);
    changed();
    toast("Taken back: it counts no more.");
  } catch (error) {
    complain(error);
  }
}

/** Keep an event for ever, or no longer. */
export async function setProtected(event, on, changed) {
  try {
    await api.protect(event.id, on);
    changed({ ...event, protected: on });
    const back = () => setProtected({ ...event, protected: on }, !on, changed);
    toast(on ? "Protected: it is kept until you say otherwise." : "No longer protected: it goes when it is old.", {
      undo: back,
    });
  } catch (error) {
    complain(error);
  }
}

/** The buttons beneath an event. `event()` gives it as it is, `note()` what was written beside it. */
export function answerButtons({ event, note, who, changed }) {
  const may = mayChange(who);
  const why = may ? null : "You are logged in as a viewer, who may look but not change.";
  const make = (shape, word, key, act) =>
    h("button", { type: "button", disabled: !may, title: why ?? `${word} (${key})`, onclick: act }, icon(shape), word);
  const normal = make("calm", "Normal here", "n", () => answer(event(), "normal", note(), changed));
  const unusual = make("star", "Really unusual", "u", () => answer(event(), "unusual", note(), changed));
  const keep = make("shield", "Protect", "p", () => setProtected(event(), !event().protected, changed));
  const show = () => {
    normal.setAttribute("aria-pressed", String(event().feedback === "normal"));
    unusual.setAttribute("aria-pressed", String(event().feedback === "unusual"));
    keep.setAttribute("aria-pressed", String(event().protected));
    keep.lastChild.textContent = event().protected ? "Protected" : "Protect";
  };
  show();
  return { normal, unusual, keep, show };
}
