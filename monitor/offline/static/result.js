"use strict";
// Draws every chart of an evaluation. Everything shown is in the page already.
(() => {
  const HEIGHT_PX = { share: 380, ms: 300, clock: 240 };
  const ALERT_PX = 5; // the strip along the top of the plot
  const HUES = 8;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  const clock = (seconds, step) => {
    const tenths = Math.round(seconds * 10);
    const h = Math.floor(tenths / 36000), m = Math.floor(tenths / 600) % 60, s = Math.floor(tenths / 10) % 60;
    const two = (n) => String(n).padStart(2, "0");
    const whole = (h ? h + ":" + two(m) : m) + ":" + two(s);
    return step < 1 ? whole + "." + (tenths % 10) : whole;
  };

  const band = (u, [from, to], paint) => {
    const left = Math.max(u.valToPos(from, "x", true), u.bbox.left);
    const right = Math.min(u.valToPos(to, "x", true), u.bbox.left + u.bbox.width);
    if (right >= left) paint(left, Math.max(right - left, uPlot.pxRatio));
  };

  const shade = (u, spans, name, alpha) => {
    const { ctx, bbox } = u;
    ctx.globalAlpha = alpha;
    ctx.fillStyle = colour(name);
    for (const span of spans) band(u, span, (left, width) => ctx.fillRect(left, bbox.top, width, bbox.height));
  };

  const drawBelow = (chart) => (u) => {
    u.ctx.save();
    shade(u, chart.unknown, "unknown", 0.2);
    shade(u, chart.truth, "truth", 0.16);
    u.ctx.restore();
  };

  // An alert: a line when people were told, a strip for as long as it was open.
  const drawAbove = (chart) => (u) => {
    const { ctx, bbox } = u, ratio = uPlot.pxRatio;
    ctx.save();
    ctx.fillStyle = colour("alert");
    for (const span of chart.alerts) {
      band(u, span, (left, width) => {
        ctx.fillRect(left, bbox.top, width, ALERT_PX * ratio);
        ctx.fillRect(left, bbox.top, ratio, bbox.height);
      });
    }
    ctx.restore();
  };

  const number = (u, value) => (value == null ? "\u2013" : String(Number(value.toPrecision(3))));

  const look = (line, hue) => {
    if (line.kind === "fused") return { stroke: () => colour("score"), width: 2 };
    if (line.kind === "limit") return { stroke: () => colour("limit"), width: 1.5, dash: [5, 4] };
    if (line.kind === "other") return { stroke: () => colour("other"), width: 1.5, dash: [2, 3] };
    return { stroke: () => colour("line-" + (hue % HUES + 1)), width: 1.2, dash: line.kind === "baseline" ? [3, 3] : [] };
  };

  const options = (chart, width) => {
    const axis = { stroke: () => colour("soft"), grid: { stroke: () => colour("grid") }, ticks: { stroke: () => colour("line") } };
    const times = (u, splits, _, __, step) => splits.map((value) => clock(value, step));
    const share = chart.x_kind === "share";
    return {
      width,
      height: HEIGHT_PX[chart.x_kind],
      padding: [8, 26, 0, 0],
      cursor: { y: false, points: { size: 7 } },
      scales: {
        x: { time: false, ...(chart.x_kind === "ms" ? { distr: 3 } : {}), ...(share ? { range: [0, 1] } : {}) },
        y: { range: (u, low, high) => [0, share ? 1 : Math.max(high, 1e-9) * 1.12] },
      },
      axes: [{ ...axis, size: 34, ...(chart.x_kind === "clock" ? { values: times } : {}) }, { ...axis, size: 56 }],
      series: [
        { label: chart.x_label, value: (u, v) => (v == null ? "\u2013" : chart.x_kind === "clock" ? clock(v, 0) : number(u, v)) },
        ...chart.lines.map((line, hue) => ({ label: line.label, show: line.shown, points: { show: false }, value: number, ...look(line, hue) })),
      ],
      hooks: { drawClear: [drawBelow(chart)], draw: [drawAbove(chart)] },
    };
  };

  const draw = (element) => {
    const chart = JSON.parse(document.getElementById(element.dataset.chart).textContent);
    const plot = new uPlot(options(chart, element.clientWidth), [chart.x, ...chart.lines.map((line) => line.values)], element);
    new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX[chart.x_kind] })).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
  };

  // A set may have hundreds of clips: the page stays usable while they are drawn one by one.
  const waiting = [...document.querySelectorAll(".chart")];
  const next = () => {
    if (!waiting.length) return;
    draw(waiting.shift());
    setTimeout(next);
  };
  next();
})();
