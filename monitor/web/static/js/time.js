// Times as people read them: in the viewer's own zone, near ones relative, the whole of it on hover. Asks no server.

import { h, say } from "./dom.js";
import { now } from "./live.js";

const TICK_MS = 5000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const clockS = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const date = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

/** "14:03". */
export const hour = (ms) => clock.format(ms);

/** "14:03:22". */
export const second = (ms) => clockS.format(ms);

/** "Monday 3 November 2026 at 14:03:22 CET". */
export const absolute = (ms) => whole.format(ms);

/** Midnight of that day, here. */
export const midnight = (ms) => new Date(ms).setHours(0, 0, 0, 0);

/** "Today", "Yesterday" or "Mon 3 Nov". */
export function day(ms) {
  const days = Math.round((midnight(now()) - midnight(ms)) / 86400000);
  return days === 0 ? "Today" : days === 1 ? "Yesterday" : date.format(ms);
}

/** "14:03" today, "Mon 3 Nov, 14:03" otherwise. */
export function moment(ms) {
  return midnight(ms) === midnight(now()) ? hour(ms) : `${date.format(ms)}, ${hour(ms)}`;
}

/** "3 s ago", "12 min ago", "14:03", "Mon 3 Nov, 14:03". */
export function ago(ms) {
  const s = Math.max(0, Math.round((now() - ms) / 1000));
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.round(s / 60)} min ago`;
  if (s < 6 * 3600) return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min ago`;
  return moment(ms);
}

/** "8 s", "4 min 10 s", "3 h 12 min", "2 days". */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 600) return s % 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s / 60} min`;
  if (s < 3600) return `${Math.round(s / 60)} min`;
  if (s < 48 * 3600)
    return s % 3600 >= 30
      ? `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`
      : `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

/** A `<time>` that stays true while it is shown; `write` is one of the above. */
export function timeTag(ms, write = ago) {
  const made = h("time", { datetime: new Date(ms).toISOString(), title: absolute(ms) }, write(ms));
  if (write === ago) made.dataset.ago = ms;
  return made;
}

/** Change what a `<time>` shows. */
export function retime(tag, ms) {
  if (tag.dataset.ago !== String(ms)) {
    tag.dataset.ago = ms;
    tag.dateTime = new Date(ms).toISOString();
    tag.title = absolute(ms);
  }
  say(tag, ago(ms));
}

setInterval(() => {
  for (const tag of document.querySelectorAll("time[data-ago]")) say(tag, ago(Number(tag.dataset.ago)));
}, TICK_MS);
