// What of the events is wanted, as a form and as the query of an address. Asks no server.

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { STATES } from "./words.js";

const FIELDS = ["q", "camera", "since", "until", "state", "min_score", "feedback", "protected", "held", "shadow"];
const option = (value, word) => h("option", { value }, word);

export class Filters {
  /** `query`: of the address; `changed()`: something else is wanted. */
  constructor(query, changed) {
    this.inputs = {
      q: h("input", { type: "search", placeholder: "Words in its reasons", maxlength: 200, autocomplete: "off" }),
      camera: h("select"),
      since: h("input", { type: "datetime-local" }),
      until: h("input", { type: "datetime-local" }),
      state: h(
        "select",
        option("", "Any"),
        Object.entries(STATES).map(([name, word]) => option(name, word)),
      ),
      min_score: h("input", { type: "number", min: 0, step: "any", inputmode: "decimal", placeholder: "any" }),
      feedback: h("select", option("", "Any"), option("normal", "Normal here"), option("unusual", "Really unusual")),
      protected: h("select", option("", "Any"), option("true", "Protected"), option("false", "Not protected")),
      held: h("select", option("", "Any"), option("false", "Told at once"), option("true", "Held")),
      shadow: h("select", option("", "Cameras"), option("true", "Shadows")),
    };
    this.offer(query.get("camera") ? [query.get("camera")] : []);
    for (const name of FIELDS) {
      this.inputs[name].name = name;
      this.inputs[name].value = query.get(name) ?? "";
    }
    this.count = h("span.count");
    const label = (word, name) => h("label", word, this.inputs[name]);
    const clear = h("button.quiet", { type: "button", onclick: () => this.clear(changed) }, "Clear");
    this.form = h(
      "form.filters",
      { "aria-label": "Filters", onsubmit: (event) => event.preventDefault() },
      label("Search", "q"),
      label("Camera", "camera"),
      label("From", "since"),
      label("To", "until"),
      label("State", "state"),
      label("Score from", "min_score"),
      label("Feedback", "feedback"),
      label("Protected", "protected"),
      label("Told", "held"),
      label("Raised by", "shadow"),
      clear,
    );
    this.element = h("details.filtering", h("summary", icon("filter"), "Filters", this.count), this.form);
    this.element.open = this.active > 0 || matchMedia("(min-width: 1000px)").matches;
    let timer = 0;
    this.form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => (this.#showCount(), changed()), 250);
    });
    this.#showCount();
  }

  /** Let these cameras be chosen; the one that is chosen stays. */
  offer(cameras) {
    const chosen = this.inputs.camera.value;
    const names = chosen && !cameras.includes(chosen) ? [...cameras, chosen] : cameras;
    const offered = [...this.inputs.camera.options].slice(1).map((each) => each.value);
    if (offered.length && names.join("\n") === offered.join("\n")) return;
    fill(
      this.inputs.camera,
      option("", "All"),
      names.map((name) => option(name, name)),
    );
    this.inputs.camera.value = chosen;
  }

  /** How many fields say something. */
  get active() {
    return FIELDS.filter((name) => this.inputs[name].value !== "").length;
  }

  /** Forget everything. */
  clear(changed) {
    for (const name of FIELDS) this.inputs[name].value = "";
    this.#showCount();
    changed();
  }

  /** As an address has it: local times as they were typed. */
  address() {
    const said = FIELDS.filter((name) => this.inputs[name].value !== "").map((name) => [name, this.inputs[name].value]);
    return new URLSearchParams(said).toString();
  }

  /** As the server wants it: times in Unix seconds. */
  query() {
    const told = Object.fromEntries(FIELDS.map((name) => [name, this.inputs[name].value]));
    for (const name of ["since", "until"]) {
      const ms = told[name] ? new Date(told[name]).getTime() : NaN;
      told[name] = Number.isFinite(ms) ? String(ms / 1000) : "";
    }
    return told;
  }

  #showCount() {
    fill(this.count, this.active ? `${this.active} set` : "");
  }
}
