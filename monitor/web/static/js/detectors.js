// What each detector thinks, now and over time: whose share of the score it is. Each has units of its own.

import { fill, h, say, setStyle, svg } from "./dom.js";
import { figure } from "./words.js";

export class Detectors {
  constructor() {
    this.rows = new Map();
    this.list = h("ul.detectors");
    this.element = h(
      "section.card",
      h("header", h("h2", "Detectors"), h("span.aside", "share of the score now, and its peaks")),
      this.list,
    );
  }

  /** The newest frame's. */
  update({ scores }) {
    if (scores.map((each) => each.name).join("\n") !== [...this.rows.keys()].join("\n")) this.#rebuild(scores);
    for (const each of scores) this.rows.get(each.name).update(each);
  }

  /** Those of `minutes` since `fromS`. */
  past({ s, detectors }, fromS) {
    this.paths = { s, detectors, fromS };
    for (const [name, row] of this.rows) row.past(s, detectors[name] ?? [], fromS);
  }

  #rebuild(scores) {
    this.rows = new Map(scores.map((each) => [each.name, new Row(each.name)]));
    const none = h("li.soft", "No picture was judged yet.");
    fill(this.list, scores.length ? [...this.rows.values()].map((row) => row.element) : none);
    if (this.paths) this.past(this.paths, this.paths.fromS);
  }
}

class Row {
  constructor(name) {
    this.bar = h("i.bar");
    this.value = h("span.value");
    this.path = svg("path", { class: "score" });
    this.line = svg(
      "svg",
      { class: "spark", viewBox: "0 0 300 30", preserveAspectRatio: "none", "aria-hidden": "true" },
      this.path,
    );
    this.element = h("li", h("span.name", name), h("span.track", this.bar), this.value, this.line);
  }

  update({ value, share }) {
    setStyle(this.bar, { "--share": share ?? 0 });
    say(this.value, share === null ? "not known" : `${Math.round(100 * share)} %`);
    this.element.title = value === null ? "It does not know yet" : `Its own score: ${figure(value)}`;
  }

  past(s, values, fromS) {
    const most = Math.max(1e-9, ...values.filter((value, n) => value !== null && s[n] >= fromS));
    const span = Math.max(1, s.at(-1) - fromS);
    let open = false;
    let drawn = "";
    values.forEach((value, n) => {
      if (s[n] < fromS) return;
      if (value !== null)
        drawn += `${open ? "L" : "M"}${((300 * (s[n] - fromS)) / span).toFixed(1)} ${(29 - (28 * value) / most).toFixed(1)}`;
      open = value !== null;
    });
    this.path.setAttribute("d", drawn);
  }
}
