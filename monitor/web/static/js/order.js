// Which events were listed last, so that the page of one knows the one before and after it. Holds ids only.

let ids = [];

/** Remember what is listed, newest first. */
export function remember(listed) {
  ids = listed;
}

/** The id so many places after this one, or null. */
export function beside(id, by) {
  const at = ids.indexOf(id);
  return at < 0 ? null : (ids[at + by] ?? null);
}
