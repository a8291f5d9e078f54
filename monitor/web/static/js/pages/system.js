// The machinery: processes, drops, disk, sinks, who changed what, and the configuration in force.

import * as api from "../api.js";
import { mayChange } from "../answers.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import * as live from "../live.js";
import { tag } from "../parts.js";
import { moment, span, timeTag } from "../time.js";
import { complain, toast } from "../toast.js";
import { bytes } from "../words.js";

const REFRESH_MS = 10000;

export async function system(root, { who, signal }) {
  const parts = {
    processes: h("section.card"),
    drops: h("section.card"),
    disk: h("section.card"),
    sinks: h("section.card"),
    audit: h("section.card"),
    configuration: h("section.card"),
  };
  const version = h("p.summary");
  fill(
    root,
    h("div.heading", h("h1", "System"), version),
    h("div.columns", parts.processes, parts.disk),
    h("div.columns", parts.drops, parts.sinks),
    parts.audit,
    parts.configuration,
  );
  live.on(
    "overview",
    (overview) => {
      showProcesses(parts.processes, overview.processes);
      showDrops(parts.drops, overview.cameras);
    },
    signal,
  );

  async function load() {
    const [told, changes] = await Promise.all([api.system(signal), api.audit(signal)]);
    fill(version, `rareframe ${told.version}`);
    showDisk(parts.disk, told.disk);
    showSinks(parts.sinks, told.sinks, who, () => load().catch(complain));
    showAudit(parts.audit, changes.audit ?? changes.entries ?? changes);
    if (!parts.configuration.hasChildNodes()) showConfiguration(parts.configuration, told.configuration);
  }
  const timer = setInterval(() => load().catch(complain), REFRESH_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  await load();
}

function table(heads, rows) {
  const head = heads.map((each) => (each.startsWith("#") ? h("th.number", each.slice(1)) : h("th", each)));
  return h("div.scroll", h("table", h("thead", h("tr", head)), h("tbody", rows)));
}

function showProcesses(card, processes) {
  const rows = processes.map((each) => {
    const quiet = each.silent_s > 30;
    const how = each.up
      ? quiet
        ? tag("warn", "unknown", `Silent for ${span(each.silent_s)}`)
        : tag("ok", "ordinary", "Runs")
      : tag("rare", "rare", "Down");
    return h(
      "tr",
      h("td", h("strong", each.process)),
      h("td", how),
      h("td.number", each.pid ?? "–"),
      h("td.number", each.restarts ?? "–"),
      h("td.number", bytes(each.rss_bytes)),
    );
  });
  fill(card, h("h2", "Processes"), table(["Process", "Is", "#Pid", "#Restarts", "#Memory"], rows));
}

function showDrops(card, cameras) {
  const rows = cameras.map((each) => {
    const lost = each.dropped + each.missed;
    const share = each.frames ? (100 * lost) / each.frames : 0;
    return h(
      "tr",
      h("td", h("a", { href: `#/camera/${encodeURIComponent(each.camera)}` }, each.camera)),
      h("td.number", each.frames.toLocaleString()),
      h("td.number", each.dropped.toLocaleString()),
      h("td.number", each.missed.toLocaleString()),
      h("td.number", `${share.toFixed(share && share < 10 ? 2 : 0)} %`),
      h("td.number", each.fps === null ? "–" : each.fps.toFixed(1)),
    );
  });
  fill(card, h("h2", "Pictures"), table(["Camera", "#Read", "#Dropped", "#Missed", "#Lost", "#Judged a second"], rows));
}

function showDisk(card, disk) {
  if (!disk) return;
  const { used_bytes: used, quota_bytes: quota, free_bytes: free } = disk;
  const share = quota ? used / quota : used / Math.max(1, used + free);
  const meter = h("meter", { min: 0, max: 1, high: 0.9, value: Math.min(1, share), "aria-label": "Room taken" });
  const of = quota ? `of the ${bytes(quota)} that events may take` : "taken by events; there is no quota";
  fill(
    card,
    h("header", h("h2", "Disk"), h("span.aside", `${Math.round(100 * share)} %`)),
    meter,
    h("p", `${bytes(used)} ${of}. ${bytes(free)} of the disk are free.`),
    h("p.hint", "When the quota is reached the oldest events that are not protected go first."),
  );
}

function showSinks(card, sinks, who, again) {
  const rows = (sinks ?? []).map((each) => {
    const how = each.error
      ? tag("rare", "rare", "Fails", each.error)
      : each.pending
        ? tag("learn", "learning", `${each.pending} wait`)
        : tag("ok", "ordinary", "Well");
    const resend = h(
      "button.quiet",
      { type: "button", disabled: !mayChange(who), onclick: () => send(each.sink ?? each.name, again) },
      "Send again",
    );
    const dead = each.dead ? h("span.dead", `${each.dead} given up `, resend) : "none";
    return h(
      "tr",
      h("td", h("strong", each.sink ?? each.name), each.error && h("p.error", each.error)),
      h("td", how),
      h("td.number", each.pending),
      h("td", dead),
    );
  });
  fill(
    card,
    h("h2", "Sinks"),
    rows.length
      ? table(["Sink", "Is", "#Waiting", "Dead letters"], rows)
      : h("p.soft", "No sink is configured: events are stored and shown here, and nobody else is told."),
  );
}

async function send(sink, again) {
  try {
    const told = await api.resend(sink);
    toast(`${told?.count ?? told?.resent ?? "They"} ${told?.count === 1 ? "is" : "are"} sent again to ${sink}.`);
    again();
  } catch (error) {
    complain(error);
  }
}

function showAudit(card, changes) {
  const rows = changes.map((each) =>
    h(
      "tr",
      h("td", timeTag(each.at_ns / 1e6, moment)),
      h("td", each.who),
      h("td", each.what),
      h("td", place(each)),
      h("td.soft", each.detail),
    ),
  );
  fill(
    card,
    h("header", h("h2", "Who changed what"), h("span.aside", "newest first")),
    rows.length ? table(["When", "Who", "What", "Where", "More"], rows) : h("p.soft", "Nobody changed anything yet."),
  );
}

function place({ where }) {
  return /^[0-9a-f]{16}$/.test(where) ? h("a", { href: `#/event/${where}` }, h("code", where.slice(0, 8))) : where;
}

function showConfiguration(card, configuration) {
  const text = typeof configuration === "string" ? configuration : JSON.stringify(configuration, null, 2);
  const open = h(
    "details",
    h("summary", icon("system"), "Show everything that is in force, without secrets"),
    h("pre", { tabindex: 0 }, text),
  );
  fill(card, h("h2", "Configuration"), open);
}
