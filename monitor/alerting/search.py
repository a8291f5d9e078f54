"""Finds stored events. Changes none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.alerting.database import Database
from monitor.alerting.telling import decode_event
from monitor.stored import Found, Listed, Search
from monitor.types import Event

_LISTED = "SELECT body, protected, feedback FROM events"


class Searches(Database):
    """The part of the event store that lists events."""

    def search(self, wanted: Search, limit: int = 50, cursor: str | None = None) -> Found:
        """One page of the events that are `wanted`, newest first, by when they began.

        What is stored while somebody turns pages moves no event from one page to another.

        Args:
            cursor: The `next` of the page before; None asks for the first.

        Raises:
            ValueError: `cursor` is none that this gave.
            StoreError: The store cannot be read.
        """
        query, values = page_of(wanted, limit + 1, cursor)
        with self.searching() as db:
            keys = db.execute(query, values).fetchall()
            # The bodies are fetched of the few that are shown only; one that is deleted meanwhile is left out.
            rows = [db.execute(f"{_LISTED} WHERE id = ?", (key,)).fetchone() for key, _ in keys[:limit]]
        more = len(keys) > limit
        last = keys[limit - 1] if more else None
        return Found(
            tuple(_listed(row) for row in rows if row is not None), None if last is None else f"{last[1]}-{last[0]}"
        )

    def listed(self, event_id: str) -> Listed | None:
        """The event of this id in its newest phase, and what people made of it; or None.

        Raises:
            StoreError: The store cannot be read.
        """
        with self.searching() as db:
            row = db.execute(f"{_LISTED} WHERE id = ?", (event_id,)).fetchone()
        return None if row is None else _listed(row)

    def beginning(self, letters: str) -> tuple[str, ...]:
        """The ids that begin so, shadows' too; at most two, for whoever asks wants one.

        Raises:
            StoreError: The store cannot be read.
        """
        with self.searching() as db:
            rows = db.execute("SELECT id FROM events WHERE id >= ?1 AND id < ?1 || '~' LIMIT 2", (letters,)).fetchall()
        return tuple(event_id for (event_id,) in rows)

    def events(
        self,
        *,
        camera: str | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
        limit: int = 100,
        shadow: bool = False,
    ) -> list[Event]:
        """The newest events, newest first, that overlap [since, until] in wall time; of shadows, or of none."""
        wanted = Search(camera=camera, since_ns=since_ns, until_ns=until_ns, shadow=shadow)
        return [each.event for each in self.search(wanted, limit).events]

    def event(self, event_id: str) -> Event | None:
        """The event of this id in its newest phase, or None."""
        found = self._bodies("SELECT body FROM events WHERE id = ?", (event_id,))
        return found[0] if found else None

    def open_events(self) -> list[Event]:
        """Every event that has not closed, shadows' too."""
        return self._bodies("SELECT body FROM events WHERE phase <> 'closed' ORDER BY began_ns", ())

    def _bodies(self, query: str, values: Sequence[object]) -> list[Event]:
        with self.reading() as db:
            rows = db.execute(query, tuple(values)).fetchall()
        return [decode_event(body) for (body,) in rows]


def words_of(event: Event) -> str:
    """All that is said of `event`, as it is searched: see `Search.text`."""
    said = [event.camera, event.cause or "", event.held]
    said += [word for reason in event.reasons for word in (reason.detector, reason.text)]
    return " ".join(word for word in said if word).casefold()


def page_of(wanted: Search, limit: int, cursor: str | None) -> tuple[str, tuple[object, ...]]:
    """The query for the ids and beginnings of one page, and what is bound in it.

    Raises:
        ValueError: `cursor` is none.
    """
    index, of_index = _index(wanted)
    clauses, values = ["shadow = ?", *of_index], list[object]([wanted.shadow])
    for clause, bound in _conditions(wanted, cursor):
        clauses.append(clause)
        values += bound
    # Only fixed clauses are put together; every value is bound.
    query = (
        f"SELECT id, began_ns FROM events INDEXED BY {index} WHERE {' AND '.join(clauses)} "  # noqa: S608
        "ORDER BY began_ns DESC, id DESC LIMIT ?"
    )
    return query, (*values, limit)


def _index(wanted: Search) -> tuple[str, tuple[str, ...]]:
    """The index that has every column that is asked for and the fewest rows, and what must be said to use it.

    The planner, knowing no figures, would take any.
    """
    if wanted.text.split():
        return "events_words", ()
    if wanted.protected:
        return "events_protected", ("protected = 1",)
    if wanted.feedback:
        return "events_spoken_of", ("feedback <> ''",)
    if wanted.held:
        return "events_held", ("held <> ''",)
    return ("events_search" if wanted.camera is None else "events_of_camera"), ()


def _conditions(wanted: Search, cursor: str | None) -> Iterator[tuple[str, tuple[object, ...]]]:
    if cursor is not None:
        yield "(began_ns, id) < (?, ?)", _place(cursor)
    for column, value in (
        ("camera = ?", wanted.camera),
        ("ended_ns >= ?", wanted.since_ns),
        ("began_ns <= ?", wanted.until_ns),
        ("state = ?", None if wanted.state is None else wanted.state.value),
        ("score >= ?", wanted.min_score),
        ("feedback = ?", wanted.feedback),
        ("protected = ?", wanted.protected),
        ("(held <> '') = ?", wanted.held),
    ):
        if value is not None:
            yield column, (value,)
    for word in wanted.text.casefold().split():
        yield "instr(words, ?) > 0", (word,)


def _place(cursor: str) -> tuple[int, str]:
    began, _, event_id = cursor.rpartition("-")
    try:
        return int(began), event_id
    except ValueError:
        raise ValueError(
            f'cursor: expected the `next` of a page, got "{cursor[:80]}"; ask for the first page'
        ) from None


def _listed(row: tuple[str, int, str]) -> Listed:
    body, protected, feedback = row
    return Listed(decode_event(body), bool(protected), feedback)  # type: ignore[arg-type]  # the table has no other
