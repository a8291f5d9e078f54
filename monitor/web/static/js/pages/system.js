// The machinery: processes, drops, disk, sinks, who changed what, and the configuration in force.

import * as api from "../api.js";
import { mayChange } from "../answers.js";
import { fill, h, refill } from "../dom.js";
import { icon } from "../icons.js";
import * as live from "../live.js";
import { tag } from "../parts.js";
import { moment, span, timeTag } from "../time.js";
import { complain, toast } from "../toast.js";
import { bytes, dropWords } from "../words.js";

const REFRESH_MS = 10000;
// Each tells of itself about once a second.
const SILENT_S = 15;

export async function systemPage(root, { who, signal }) {
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
  const showNow = () => {
    const overview = live.newest();
    if (!overview) return;
    showProcesses(parts.processes, overview.processes);
    showDrops(parts.drops, overview.cameras);
  };
  live.on("overview", showNow, signal);
  live.on("connection", showNow, signal);

  async function load() {
    const [told, changes] = await Promise.all([api.system(signal), api.audit(signal)]);
    fill(version, `rareframe ${told.version}`);
    showDisk(parts.disk, told.disk);
    showSinks(parts.sinks, told.sinks, who, () => load().catch(complain));
    showAudit(parts.audit, changes.audit);
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
    const how = processTag(each);
    return h(
      "tr",
      h("td", h("strong", each.process)),
      h("td", how),
      h("td.number", each.pid ?? "–"),
      h("td.number", each.restarts ?? "–"),
      h("td.number", bytes(each.rss_bytes)),
    );
  });
  fill(card, h("h2", "Processes"), table(["Process", "State", "#Pid", "#Restarts", "#Memory"], rows));
}

function processTag({ up, silent_s: silent }) {
  if (live.connection().lost) return tag("plain", "unknown", "Not known");
  if (!up) return tag("rare", "rare", "Down");
  return silent > SILENT_S ? tag("warn", "unknown", `Silent for ${span(silent)}`) : tag("ok", "ordinary", "Runs");
}

function showDrops(card, cameras) {
  const heads = ["Camera", "#Read", "#Dropped", "#Missed", "#Lost", "#Judged a second"];
  const rows = cameras.flatMap((each) => {
    const lost = Math.max(each.dropped, each.missed); // most that are dropped are missed as well
    const share = each.frames ? (100 * lost) / each.frames : 0;
    const why = each.drops.map(({ label, total }) =>
      h("p.hint", `${total.toLocaleString()} dropped: ${dropWords(label)}`),
    );
    const row = h(
      "tr",
      h("td", h("a", { href: `#/camera/${encodeURIComponent(each.camera)}` }, each.camera)),
      h("td.number", each.frames.toLocaleString()),
      h("td.number", each.dropped.toLocaleString()),
      h("td.number", each.missed.toLocaleString()),
      h("td.number", `${share.toFixed(share && share < 10 ? 2 : 0)} %`),
      h("td.number", each.fps === null ? "–" : each.fps.toFixed(1)),
    );
    return why.length ? [row, h("tr.more", h("td", { colSpan: heads.length }, why))] : [row];
  });
  refill(card, h("h2", "Pictures"), table(heads, rows));
}

function showDisk(card, disk) {
  if (disk === null) {
    fill(card, h("h2", "Disk"), h("p.soft", "It was not looked at yet."));
    return;
  }
  const { used_bytes: used, quota_bytes: quota, free_bytes: free, full_in_s: full } = disk;
  const share = Math.min(1, used / Math.max(1, quota));
  const meter = h("meter", { min: 0, max: 1, high: 0.9, value: share, "aria-label": "Room that events take" });
  const soon = full === null ? "" : ` As it fills now, that lasts for ${span(full)}.`;
  fill(
    card,
    h("header", h("h2", "Disk"), h("span.aside", `${Math.round(100 * share)} %`)),
    meter,
    h("p", `${bytes(used)} of the ${bytes(quota)} that events may take. ${bytes(free)} of the disk are free.${soon}`),
    h("p.hint", "When they take all of it, the oldest that are not protected go first."),
  );
}

function showSinks(card, sinks, who, again) {
  const rows = sinks.map((each) => {
    const how = each.error
      ? tag("rare", "rare", "Fails")
      : each.pending
        ? tag("learn", "learning", "Sends")
        : tag("ok", "ordinary", "Works");
    return h(
      "tr",
      h("td", h("strong", each.sink), each.error && h("p.error", each.error), letters(each)),
      h("td", how),
      h("td.number", each.pending),
      h("td", each.dead ? h("span.dead", `${each.dead} `, resendButton(each.sink, who, again)) : "none"),
    );
  });
  const nobody = "No sink is configured: events are stored and shown here, and nobody else is told.";
  const heads = ["Sink", "State", "#Waiting", "Dead letters"];
  refill(card, h("h2", "Sinks"), rows.length ? table(heads, rows) : h("p.soft", nobody));
}

/** Tellings that were given up, and why. */
function letters({ letters: dead }) {
  const rows = dead.map((each) =>
    h(
      "li",
      h("a", { href: `#/event/${each.event}` }, each.camera || "rareframe itself"),
      ` ${each.phase}, given up `,
      timeTag(each.died_ns / 1e6, moment),
      ` after ${each.attempts} attempts: ${each.error}`,
    ),
  );
  return rows.length > 0 && h("details", h("summary", "What was given up"), h("ul.letters", rows));
}

function resendButton(sink, who, again) {
  const send = async ({ currentTarget: pressed }) => {
    try {
      const { count } = await api.resend(sink);
      toast(`${count} ${count === 1 ? "is" : "are"} sent again to ${sink}.`);
      pressed.blur(); // so that its table may be shown anew
      again();
    } catch (error) {
      complain(error);
    }
  };
  return h("button.quiet", { type: "button", disabled: !mayChange(who), onclick: send }, "Send again");
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
  refill(
    card,
    h("header", h("h2", "Who changed what"), h("span.aside", "newest first")),
    rows.length ? table(["When", "Who", "What", "Where", "More"], rows) : h("p.soft", "Nobody changed anything yet."),
  );
}

function place({ where }) {
  return /^[0-9a-f]{16}$/.test(where) ? h("a", { href: `#/event/${where}` }, h("code", where.slice(0, 8))) : where;
}

function showConfiguration(card, configuration) {
  const open = h(
    "details",
    h("summary", icon("system"), "Show everything that is in force, without secrets"),
    h("pre", { tabindex: 0 }, JSON.stringify(configuration, null, 2)),
  );
  fill(card, h("h2", "Configuration"), open);
}
