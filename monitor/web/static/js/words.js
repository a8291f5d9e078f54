// What is known of a camera and of an event, in words, with a tone and a shape. The one place where it is decided what
// may look well: only a camera that is judged, by pictures that come, over a connection that holds.

// Pictures older than this say nothing of now. Unit: milliseconds.
const OLD_MS = 15000;

const LOOKS = {
  ordinary: ["Ordinary", "ok"],
  rare: ["Rare now", "rare"],
  learning: ["Learning", "learn"],
  degraded: ["Degraded", "warn"],
  blind: ["No picture", "blind"],
  ended: ["Ended", "plain"],
  unknown: ["Not known", "plain"],
};

/**
 * How a camera of an overview stands: {key, word, tone, why}. `key` is also its icon.
 *
 * `connection` as live.js tells it, `nowMs` the server's time. Unknown is never ordinary.
 */
export function standing(camera, connection, nowMs) {
  const [key, why] = judged(camera, connection, nowMs);
  return { key, word: LOOKS[key][0], tone: LOOKS[key][1], why: sentence(why) };
}

function judged(camera, connection, nowMs) {
  if (connection.lost || !connection.known) return ["unknown", "No news from rareframe; this is how it was."];
  if (camera.ended) return ["ended", camera.reason || "The recording has ended."];
  if (camera.state === "blind") return ["blind", camera.reason || "No pictures come from this camera."];
  if (camera.last_frame_ns !== null && nowMs - camera.last_frame_ns / 1e6 > OLD_MS && camera.link !== "ended") {
    return ["unknown", "The newest picture is old."];
  }
  if (camera.verdict === "anomalous" || isOpen(camera.open_event)) return ["rare", rareWords(camera)];
  if (camera.state === "degraded") return ["degraded", camera.reason || "It is judged, but something is wrong."];
  if (camera.state === "warming") return ["learning", camera.reason || "Learning what is ordinary here."];
  if (camera.state === "calibrating") return ["learning", camera.reason || "Learning how much its score varies."];
  if (camera.state === "active" && camera.verdict === "normal")
    return ["ordinary", camera.reason || "Nothing unusual."];
  return ["unknown", camera.reason || "There is no verdict on the newest picture."];
}

function isOpen(event) {
  return Boolean(event) && kindOf(event) === "anomaly";
}

function rareWords(camera) {
  const first = camera.open_event?.reasons?.[0]?.text;
  const said = first ? sentence(first) : "Something here is rarer than usual.";
  return camera.state === "active" ? said : `${said} (${STATES[camera.state]?.toLowerCase() ?? camera.state})`;
}

/** A state's name for people, as in the list of states. */
export const STATES = {
  warming: "Learning",
  calibrating: "Still learning",
  active: "Active",
  degraded: "Degraded",
  blind: "No picture",
};

/** What each state means for whoever reads a timeline. */
export const STATE_HELP = {
  warming: "its models do not know this scene yet; nothing is judged",
  calibrating: "it has scores, and its limit is not proven yet",
  active: "it is judged",
  degraded: "it is judged, but something was wrong",
  blind: "no pictures came, so nothing is known",
  off: "rareframe was not running, so nothing is known",
};

/** "ordinary text" → "Ordinary text."; an address stays as it is. */
export function sentence(text) {
  const said = /^[a-z]+:\/\//.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(said) ? said : `${said}.`;
}

/** What went wrong, and what to do about it. */
export const faultWords = ({ message, remedy }) => [message, remedy].filter(Boolean).map(sentence).join(" ");

/** Why an event ended. */
const CAUSES = {
  quiet: "it was quiet again",
  accepted: "it went on for so long that it was learned as a new normal",
  "camera lost": "the camera was lost",
  "source ended": "the recording ended",
  stopped: "rareframe was stopped",
  "not judged": "its pictures were not judged any more",
  "verdict unknown": "its verdict became unknown",
  interrupted: "rareframe was interrupted",
  promoted: "its shadow became live",
  removed: "the camera was removed",
  over: "it is over",
};
export const causeWords = (cause) => CAUSES[cause] ?? cause;

/** Why a picture never came to be judged. */
const DROPS = {
  newer_frame: "a newer one came while the worker was busy",
  receiver_lost: "the worker restarted",
  closed: "rareframe was stopped",
};
export const dropWords = (reason) => DROPS[reason] ?? reason;

/** "1 in 12,000 moments": the chance of it; `moments` says of which. */
export function rarity(p, moments) {
  if (p === null || p === undefined) return "not known";
  if (p <= 0) return `none of the ${moments}`;
  const one = Math.max(1, Math.round(1 / p));
  return `1 in ${(one > 1000 ? Number(one.toPrecision(2)) : one).toLocaleString()} ${moments}`;
}

/** A score with as many digits as tell something. */
export function figure(value) {
  if (value === null || value === undefined) return "–";
  return value >= 100 ? Math.round(value).toLocaleString() : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** "14.2 GB". */
export function bytes(value) {
  if (value === null || value === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[power]}`;
}

/** What an event tells of: "anomaly", or the daemon's word on itself, "health", or "test". */
export function kindOf(event) {
  const channel = event.reasons?.[0]?.channel;
  return channel === "health" || channel === "test" ? channel : "anomaly";
}

/** Whom it is of, for people. */
export const ofWhom = (event) => event.camera || "rareframe itself";

/** The one line that says what an event was. */
export function headline(event) {
  const text = event.reasons?.[0]?.text;
  return text ? sentence(text) : "Something rarer than this camera's ordinary life.";
}
