// A camera's life minute by minute, as the server tells it, made into what pages draw. Fetches and draws nothing.

// A minute that is missing: rareframe did not run, or nobody heard of the camera.
export const OFF = "off";
const MINUTE_S = 60;

/**
 * The minutes of `told` without holes, each once: {s: [Unix seconds], score, limit, state, known, detectors}.
 *
 * `told` is what the API gives; from its first to its last minute those that are missing have the state "off".
 */
export function whole(told) {
  const at = new Map(told.minutes.map((s, index) => [Math.floor(s / MINUTE_S), index]));
  const keys = [...at.keys()];
  const made = { s: [], score: [], limit: [], state: [], known: [], detectors: {} };
  const names = Object.keys(told.detectors ?? {});
  for (const name of names) made.detectors[name] = [];
  if (keys.length === 0) return made;
  for (let key = Math.min(...keys); key <= Math.max(...keys); key += 1) {
    const index = at.get(key);
    const of = (list, otherwise) => (index === undefined ? otherwise : (list?.[index] ?? otherwise));
    made.s.push(key * MINUTE_S);
    made.score.push(of(told.score, null));
    made.limit.push(of(told.limit, null));
    made.state.push(of(told.state, OFF));
    made.known.push(of(told.known_s, 0));
    for (const name of names) made.detectors[name].push(of(told.detectors[name], null));
  }
  return made;
}

/** Stretches of one state: [{state, from, to}], Unix seconds, oldest first. */
export function stretches({ s, state }) {
  const found = [];
  s.forEach((from, index) => {
    const last = found.at(-1);
    if (last?.state === state[index]) last.to = from + MINUTE_S;
    else found.push({ state: state[index], from, to: from + MINUTE_S });
  });
  return found;
}

/** Of the time from `fromS` to `toS`: how many seconds had verdicts, and how many minutes each state lasted. */
export function coverage({ s, state, known }, fromS, toS) {
  const states = {};
  let knownS = 0;
  let minutes = 0;
  s.forEach((at, index) => {
    if (at < fromS || at >= toS) return;
    knownS += known[index];
    minutes += 1;
    states[state[index]] = (states[state[index]] ?? 0) + 1;
  });
  const missing = Math.max(0, Math.floor((toS - fromS) / MINUTE_S) - minutes);
  if (missing > 1) states[OFF] = (states[OFF] ?? 0) + missing;
  return { knownS, wholeS: toS - fromS, states };
}
