// Score against limit over time, with events as marks that can be clicked and states below. Uses uPlot; fetches nothing.

import { fill, h, setStyle } from "./dom.js";
import { stretches } from "./history.js";
import { colour, onTheme } from "./look.js";
import { moment, second, span } from "./time.js";
import { STATES, STATE_HELP, figure } from "./words.js";

const HEIGHT = 260;
const LEFT = 48; // the scale's width, so that what is above and below lies over the same time
const RIGHT = 32; // half of a time of day below it

export class Plot {
  constructor(signal) {
    this.canvas = h("div.canvas", { role: "img" });
    this.marks = h("div.lane.marks");
    this.states = h("div.lane.states", { role: "img" });
    this.key = h("div.key", key("score", "score"), key("limit", "limit"), key("strange", "event"));
    this.element = h("div.plot", this.marks, this.canvas, this.states, this.key);
    const sized = new ResizeObserver(() => this.chart?.setSize({ width: this.canvas.clientWidth, height: HEIGHT }));
    sized.observe(this.canvas);
    signal.addEventListener("abort", () => (sized.disconnect(), this.chart?.destroy()));
    onTheme(() => this.minutes && this.#draw(), signal);
  }

  /** `minutes` as history.js makes them, `events` [{id, began, ended, held}], all times in Unix seconds. */
  show(minutes, events, from, to) {
    const same = this.chart && this.to - this.from > 0 && Math.abs(to - from - (this.to - this.from)) < 120;
    const zoomed = same && this.#isZoomed();
    Object.assign(this, {
      minutes,
      from,
      to,
      events,
    });
    this.#describe();
    if (!same) return this.#draw();
    this.chart.setData([minutes.s, minutes.score, minutes.limit], !zoomed);
    return this.#lay();
  }

  /** Somebody looks closer: what is new must not take that away. */
  #isZoomed() {
    const { min, max } = this.chart.scales.x;
    return min !== null && max - min < 0.98 * (this.to - this.from);
  }

  #describe() {
    const { score } = this.minutes;
    const known = score.filter((value) => value !== null);
    const told = known.length ? `Score over time: at most ${figure(Math.max(...known))}` : "No scores in this time";
    this.canvas.setAttribute("aria-label", `${told}; ${this.events.length} events.`);
  }

  #draw() {
    const { s, score, limit } = this.minutes;
    this.chart?.destroy();
    fill(this.canvas);
    this.chart = new uPlot(this.#options(), [s, score, limit], this.canvas);
    this.#lay();
  }

  #options() {
    const [ink, grid, line, limit] = ["--soft", "--grid", "--score", "--limit"].map(colour);
    const axis = {
      stroke: ink,
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: grid },
      font: "12px system-ui, sans-serif",
    };
    return {
      width: this.canvas.clientWidth || 600,
      height: HEIGHT,
      padding: [8, RIGHT, 0, 0],
      legend: { live: true, mount: (_, legend) => this.key.append(legend) },
      cursor: { drag: { x: true, y: false }, points: { size: 7 } },
      scales: {
        x: {
          time: true,
          range: (_, low, high) => this.#span(low, high),
        },
        y: { range: (_, low, high) => [0, Math.max(0.1, (high ?? 1) * 1.08)] },
      },
      axes: [
        { ...axis, space: 74, values: hours },
        { ...axis, size: LEFT, values: (_, values) => values.map((value) => figure(value)) },
      ],
      series: [
        { label: "time", value: (_, s) => (s === null ? "–" : moment(s * 1000)) },
        {
          label: "score",
          stroke: line,
          width: 1.5,
          fill: `color-mix(in srgb, ${line} 12%, transparent)`,
          value: (_, v) => figure(v),
          points: { show: false },
        },
        {
          label: "limit",
          stroke: limit,
          width: 1.5,
          dash: [6, 4],
          value: (_, v) => figure(v),
          points: { show: false },
        },
      ],
      hooks: { draw: [(u) => this.#bands(u)], setScale: [(u, name) => name === "x" && this.chart && this.#lay()] },
    };
  }

  /** All of the time that was asked for, also where nothing is known; or as much as somebody looks at. */
  #span(low, high) {
    const { s } = this.minutes;
    if (low === null || (low === s[0] && high === s.at(-1))) return [this.from, this.to];
    return [Math.max(this.from, low), Math.min(this.to, high)];
  }

  #bands(u) {
    u.ctx.save();
    u.ctx.fillStyle = colour("--event");
    for (const event of this.events) {
      const left = Math.max(u.bbox.left, u.valToPos(event.began, "x", true));
      const right = Math.min(u.bbox.left + u.bbox.width, u.valToPos(event.ended, "x", true));
      if (right < u.bbox.left || left > u.bbox.left + u.bbox.width) continue;
      u.ctx.globalAlpha = 0.35;
      u.ctx.fillRect(left, u.bbox.top, Math.max(2, right - left), u.bbox.height);
    }
    u.ctx.restore();
  }

  /** Put marks and states where their times are. */
  #lay() {
    const { min, max } = this.chart.scales.x;
    if (min === null || max === null) return;
    const share = (s) => `${((100 * (s - min)) / (max - min)).toFixed(3)}%`;
    const inside = this.events.filter((each) => each.began >= min && each.began <= max);
    fill(
      this.marks,
      inside.map((each) => mark(each, share(each.began))),
    );
    const parts = stretches(this.minutes).filter((each) => each.to > min && each.from < max);
    fill(
      this.states,
      parts.map((each) => stretch({ ...each, from: Math.max(min, each.from), to: Math.min(max, each.to) }, share)),
    );
    const words = parts.map((each) => `${STATES[each.state] ?? "Not running"} for ${span(each.to - each.from)}`);
    this.states.setAttribute("aria-label", `States: ${words.slice(-12).join(", ")}`);
  }
}

function mark(event, left) {
  const label = `Event at ${second(event.began * 1000)}${event.held ? `, held: ${event.held}` : ""}`;
  const made = h("a.mark", {
    href: `#/event/${event.id}`,
    title: label,
    "aria-label": label,
    class: event.held ? "mark held" : "mark",
  });
  setStyle(made, { left });
  return made;
}

function stretch({ state, from, to }, share) {
  const word = STATES[state] ?? "Not running";
  const made = h("span", {
    "data-state": state,
    title: `${word}, ${moment(from * 1000)} to ${moment(to * 1000)}: ${STATE_HELP[state] ?? ""}`,
  });
  setStyle(made, { left: share(from), width: `calc(${share(to)} - ${share(from)})` });
  return made;
}

function key(name, word) {
  return h("span.legend", h(`i.swatch.${name}`), word);
}

function hours(_, values) {
  const span = values.at(-1) - values[0];
  const days = span > 36 * 3600;
  return values.map((s) =>
    days ? moment(s * 1000).replace(", 00:00", "") : second(s * 1000).slice(0, span < 900 ? 8 : 5),
  );
}
