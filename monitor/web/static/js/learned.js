// What a camera has learned: snapshots, ordinary pictures, what people told it; and how often it may call.

import * as api from "./api.js";
import { mayChange, takeBack } from "./answers.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { tag } from "./parts.js";
import { moment, timeTag } from "./time.js";
import { complain, toast } from "./toast.js";

const LEAST = 0.2;
const MOST = 100;

export class Learned {
  constructor(name, who, signal) {
    Object.assign(this, { name, who, signal });
    this.snapshots = h("section.card");
    this.normals = h("section.card");
    this.feedback = h("section.card");
    this.element = h("div.columns.learned", this.feedback, this.normals, this.snapshots);
  }

  async load() {
    try {
      this.#show(await api.learned(this.name, this.signal));
    } catch (error) {
      complain(error);
    }
  }

  #show({ learned, snapshots, normals, feedback }) {
    const rows = snapshots.map((each) => h("tr", h("td", timeTag(Date.parse(each.at), moment)), h("td", each.why)));
    const none = "None yet. One is kept each day, and before something is learned for good.";
    fill(
      this.snapshots,
      h("h2", "Snapshots of what it knew"),
      rows.length ? h("table", h("tbody", rows)) : h("p.soft", none),
      rows.length > 0 && h("p.hint", h("code", "rareframe rollback"), " goes back to one of them."),
    );
    const pictures = normals.map((url, n) => h("img", { src: url, alt: `Ordinary picture ${n + 1}`, loading: "lazy" }));
    fill(
      this.normals,
      h(
        "header",
        h("h2", "What is ordinary to it"),
        learned !== null && h("span.aside", `${learned.toLocaleString()} pictures learned`),
      ),
      pictures.length
        ? h("div.strip", pictures)
        : h("p.soft", "No pictures yet: they are kept as it learns, and shown beside an event they are like."),
    );
    fill(
      this.feedback,
      h("h2", "What people told it"),
      feedback.length
        ? h(
            "ul.told",
            feedback.map((each) => this.#told(each)),
          )
        : h("p.soft", "Nothing yet. Say of an event that it is normal here, or really unusual, and it is listed here."),
    );
  }

  #told(each) {
    const undone = each.undone_ns !== null;
    const kind = each.kind === "normal" ? tag("ok", "calm", "Normal here") : tag("rare", "star", "Really unusual");
    const undo = h(
      "button.quiet",
      { type: "button", disabled: !mayChange(this.who), onclick: () => takeBack(each.id, () => this.load()) },
      icon("undo"),
      "Undo",
    );
    const by = h(
      "span.soft",
      `${each.who}, `,
      timeTag(each.at_ns / 1e6, moment),
      " · ",
      h("a", { href: `#/event/${each.event}` }, "event"),
    );
    const gone = undone && h("span.soft", "Undone by ", each.undone_by, ", ", timeTag(each.undone_ns / 1e6, moment));
    return h(
      `li${undone ? ".undone" : ""}`,
      h("div", kind, " ", by, each.note && h("p", each.note), !undone && h("p.soft", outcome(each)), gone),
      !undone && undo,
    );
  }
}

/** What came of feedback, which the server knows. */
function outcome({ kind, state, times, last_ns: last }) {
  if (state === "no effect") return "It changes no verdict: there is nothing that it can be compared with.";
  if (state === "does not fit") return "The camera's detectors were changed since: mark such an event anew.";
  if (state === "expired") return "It is so old that it counts no more.";
  const deed = kind === "normal" ? "Quieted" : "Raised";
  return times ? `${deed} ${times} like it, the last ${moment(last / 1e6)}.` : `${deed} nothing so far.`;
}

/** The card with which the budget is changed. */
export function budgetCard(card, camera, who) {
  if (camera.alerts_per_day === null) {
    fill(card, h("h2", "Alert budget"), h("p.soft", "This camera has no budget: its threshold alone decides."));
    return;
  }
  const may = mayChange(who);
  const input = h("input", {
    type: "number",
    min: LEAST,
    max: MOST,
    step: "any",
    required: true,
    disabled: !may,
    value: Number(camera.alerts_per_day.toPrecision(3)),
    "aria-label": "Alerts a day",
  });
  const save = h("button", { type: "submit", disabled: !may }, "Save");
  const form = h("form.row", { onsubmit: submit }, input, h("span.unit", "alerts a day"), save);
  fill(
    card,
    h("h2", "Alert budget"),
    h("p.soft", `About so many of its ordinary days' strangest moments are told, from ${LEAST} to ${MOST} a day.`),
    form,
    !may && h("p.hint", "An operator can change it."),
  );

  async function submit(event) {
    event.preventDefault();
    save.disabled = true;
    try {
      await api.setBudget(camera.camera, Number(input.value));
      toast(`About ${input.value} alerts a day are wanted from ${camera.camera} now.`);
    } catch (error) {
      complain(error);
    } finally {
      save.disabled = false;
    }
  }
}
