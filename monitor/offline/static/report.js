"use strict";
// Draws each file's chart and lets pictures show their heatmap. Everything shown is in the page already.
(() => {
  const STRIP_PX = 7; // the state strip along the bottom of the plot
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  const clock = (seconds, step) => {
    const tenths = Math.round(seconds * 10);
    const h = Math.floor(tenths / 36000), m = Math.floor(tenths / 600) % 60, s = Math.floor(tenths / 10) % 60;
    const two = (n) => String(n).padStart(2, "0");
    const whole = (h ? h + ":" + two(m) : m) + ":" + two(s);
    return step < 1 ? whole + "." + (tenths % 10) : whole;
  };

  const band = (u, from, to, paint) => {
    const left = Math.max(u.valToPos(from, "x", true), u.bbox.left);
    const right = Math.min(u.valToPos(to, "x", true), u.bbox.left + u.bbox.width);
    if (right >= left) paint(left, Math.max(right - left, uPlot.pxRatio));
  };

  // Below the curves: what was not known, then the events.
  const drawBelow = (chart) => (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    for (const [from, to] of chart.unknown) {
      band(u, from, to, (left, width) => {
        ctx.globalAlpha = 0.22;
        ctx.fillStyle = colour("unknown");
        ctx.fillRect(left, bbox.top, width, bbox.height);
      });
    }
    for (const [from, to] of chart.events) {
      band(u, from, to, (left, width) => {
        ctx.fillStyle = colour("event");
        ctx.globalAlpha = 0.16;
        ctx.fillRect(left, bbox.top, width, bbox.height);
        ctx.globalAlpha = 0.8;
        ctx.fillRect(left, bbox.top, uPlot.pxRatio, bbox.height);
        ctx.fillRect(left + width, bbox.top, uPlot.pxRatio, bbox.height);
      });
    }
    ctx.restore();
  };

  // Above them: the state strip, the moments' letters, and the events' numbers, left out where they would overlap.
  const drawAbove = (chart) => (u) => {
    const { ctx, bbox } = u, ratio = uPlot.pxRatio;
    ctx.save();
    for (const [from, to, state] of chart.states) {
      band(u, from, to, (left, width) => {
        ctx.fillStyle = colour(state);
        ctx.fillRect(left, bbox.top + bbox.height - STRIP_PX * ratio, width, STRIP_PX * ratio);
      });
    }
    ctx.font = "600 " + 11 * ratio + "px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    const badge = (name, middle, half, back) => {
      ctx.fillStyle = colour(back);
      ctx.beginPath();
      ctx.roundRect(middle - half, bbox.top + 2 * ratio, 2 * half, 16 * ratio, 8 * ratio);
      ctx.fill();
      ctx.fillStyle = colour("paper");
      ctx.fillText(name, middle, bbox.top + 10.5 * ratio);
    };
    for (const [at, letter] of chart.moments) {
      band(u, at, at, (left) => badge(letter, left, 8 * ratio, "soft"));
    }
    let free = -Infinity;
    for (const [from, to, number] of chart.events) {
      band(u, from, to, (left, width) => {
        const half = (ctx.measureText(number).width + 10 * ratio) / 2, middle = left + width / 2;
        if (middle - half < free) return;
        free = middle + half + 2 * ratio;
        badge(number, middle, half, "event");
      });
    }
    ctx.restore();
  };

  const findCard = (chart, at, reach) => {
    const event = chart.events.find(([from, to]) => at >= from - reach && at <= to + reach);
    const moment = chart.moments.find(([when]) => Math.abs(at - when) <= reach);
    if (!event && !moment) return;
    const card = document.getElementById(event ? "event-" + event[2] : moment[2]);
    document.querySelectorAll(".card.found").forEach((other) => other.classList.remove("found"));
    card.classList.add("found");
    card.scrollIntoView({ behavior: "smooth", block: "center" });
    card.focus({ preventScroll: true });
  };

  const number = (u, value) => (value == null ? "\u2013" : value.toPrecision(3));

  const draw = (element) => {
    const chart = JSON.parse(document.getElementById(element.dataset.chart).textContent);
    const axis = { stroke: () => colour("soft"), grid: { stroke: () => colour("grid") }, ticks: { stroke: () => colour("line") } };
    const options = {
      width: element.clientWidth,
      height: 240,
      padding: [8, 10, 0, 0],
      cursor: { y: false, points: { size: 7 } },
      scales: { x: { time: false }, y: { range: (u, low, high) => [0, Math.max(high, 1e-9) * 1.12] } },
      axes: [
        { ...axis, size: 34, values: (u, splits, _, __, step) => splits.map((value) => clock(value, step)) },
        { ...axis, size: 56 },
      ],
      series: [
        { label: "time", value: (u, value) => (value == null ? "\u2013" : clock(value, 0)) },
        { label: "score", stroke: () => colour("score"), width: 1.5, points: { show: false }, value: number },
        { label: "limit", stroke: () => colour("limit"), width: 1.5, dash: [5, 4], points: { show: false }, value: number },
      ],
      hooks: { drawClear: [drawBelow(chart)], draw: [drawAbove(chart)] },
    };
    const plot = new uPlot(options, [chart.at_s, chart.score, chart.limit], element);
    plot.over.addEventListener("click", (event) => {
      const left = event.clientX - plot.over.getBoundingClientRect().left;
      findCard(chart, plot.posToVal(left, "x"), plot.posToVal(6, "x") - plot.posToVal(0, "x"));
    });
    new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: 240 })).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
  };

  document.querySelectorAll(".chart").forEach(draw);
  document.querySelectorAll("button.picture").forEach((button) => {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") === "true" ? "false" : "true");
    });
  });
})();
