"""What people write as a condition, what is understood of it, and what they are told where it is wrong."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors.rules import MAX_LENGTH, RuleError, Vocabulary, parse, table, text_of
from detectors.rules.conditions import And, Between, Comparison, Condition, Held, Not, Or, Quantity, Sign, names
from detectors.rules.parse import MAX_DEPTH
from detectors.rules.vocabulary import QUANTITIES, WEEKDAYS

MOVES = Comparison("motion", Sign.MORE, 0.1)
DARK = Comparison("brightness", Sign.LESS, 0.2)
LIT = Comparison("light", Sign.IS, "colour")
DAYS = ", ".join(WEEKDAYS)
PLAIN = ", ".join(known.name for known in QUANTITIES if "." not in known.name)
# What can stand in a condition, and a few things that cannot.
WORDS = """
and or not for between ( ) < <= > >= == != 0.1 1e-4 10 s 10s min h 22:00 24:00 time weekday sunday light infrared motion
score limit score.motion porch.motion porch.dwell porhc.motion = ! && -1 é . : 25:61 1e999 state active
"""


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("motion > 0.1", MOVES),
        ("  MOTION>.1\n", MOVES),
        ("p_value <= 1e-4", Comparison("p_value", Sign.AT_MOST, 1e-4)),
        ("porch.score >= limit", Comparison("porch.score", Sign.AT_LEAST, Quantity("limit"))),
        ("score.motion != score.prediction", Comparison("score.motion", Sign.IS_NOT, Quantity("score.prediction"))),
        ("2.motion == 0", Comparison("2.motion", Sign.IS, 0.0)),
        ("drive-way.dwell > 2 min", Comparison("drive-way.dwell", Sign.MORE, 120.0)),
        ("porch.dwell > 90", Comparison("porch.dwell", Sign.MORE, 90.0)),
        ("time >= 7:30", Comparison("time", Sign.AT_LEAST, 450.0)),
        ("time between 22:00 and 06:00", Between("time", 1320.0, 360.0)),
        ("time between 18:00 and 24:00", Between("time", 1080.0, 1440.0)),
        ("brightness between 0.2 and 0.8", Between("brightness", 0.2, 0.8)),
        ("not weekday == sunday", Not(Comparison("weekday", Sign.IS, "sunday"))),
        ("motion > 0.1 for 10 s", Held(MOVES, 10.0)),
        ("motion > 0.1 for 10s", Held(MOVES, 10.0)),
        ("(motion > 0.1 and brightness < 0.2) for 1.5 h", Held(And((MOVES, DARK)), 5400.0)),
        ("(motion > 0.1 for 10 s) for 1 min", Held(Held(MOVES, 10.0), 60.0)),
        ("motion > 0.1 or brightness < 0.2 and light == colour", Or((MOVES, And((DARK, LIT))))),
        ("(motion > 0.1 or brightness < 0.2) and light == colour", And((Or((MOVES, DARK)), LIT))),
        ("motion > 0.1 and brightness < 0.2 for 5 s", And((MOVES, Held(DARK, 5.0)))),
        ("not (motion > 0.1 for 10 s)", Not(Held(MOVES, 10.0))),
        ("(not motion > 0.1) for 10 s", Held(Not(MOVES), 10.0)),
        ("not motion > 0.1 and light == colour", And((Not(MOVES), LIT))),
    ],
)
def test_what_is_understood(text: str, condition: Condition, vocabulary: Vocabulary) -> None:
    """`not` binds closer than `and`, `and` than `or`, `for` belongs to the comparison or parenthesis before it."""
    assert parse(text, vocabulary) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a quantity, got the end at column 1; write a comparison, as in motion > 0.1"),
        ("motion", "expected one of < <= > >= == != or between, got the end at column 7; "
         "say what motion is compared with"),
        ("motion >", "expected a number, got the end at column 9; write it as 0.05, 12 or 1e-4"),
        ("motion > -1", 'expected a number, got "-1" at column 10; write it as 0.05, 12 or 1e-4'),
        ("motion > 1e999", 'expected a number, got "1e999" at column 10; write it as 0.05, 12 or 1e-4'),
        ("motion > 5s", 'expected a number without a unit, got "5s" at column 10; motion is no duration'),
        ("motion = 1", 'expected one of < <= > >= == != or between, got "=" at column 8; did you mean ==?'),
        ("! motion > 1", 'expected a quantity, got "!" at column 1; did you mean not?'),
        ("motion > 1 && time > 7:00", 'expected and, or, for or the end, got "&&" at column 12; did you mean and?'),
        ("motion > 1 fr 10 s", 'expected and, or, for or the end, got "fr" at column 12; did you mean for?'),
        ("motion > 1 )", 'expected and, or, for or the end, got ")" at column 12; '
         "comparisons are joined by and, or by or"),
        ("(motion > 1", "expected and, or, for or ), got the end at column 12; close the parenthesis"),
        ("motion > 1 and and", 'expected a quantity, got "and" at column 16; '
         "write a comparison, as in motion > 0.1"),
        ("0.1 < motion", 'expected a quantity, got "0.1" at column 1; write it first, as in motion > 0.1'),
        ("moton > 1", 'expected a known quantity, got "moton" at column 1; did you mean motion?'),
        ("humidity > 1", f'expected a known quantity, got "humidity" at column 1; there are {PLAIN}'),
        ("porhc.motion > 1", 'expected a known quantity, got "porhc.motion" at column 1; did you mean porch.motion?'),
        ("garage.motion > 1", 'expected a known quantity, got "garage.motion" at column 1; '
         "the zones here are porch, drive-way, 2"),
        ("porch.moton > 1", 'expected a known quantity, got "porch.moton" at column 1; did you mean porch.motion?'),
        ("porch.size > 1", 'expected a known quantity, got "porch.size" at column 1; '
         "there are score.DETECTOR, ZONE.motion, ZONE.brightness, ZONE.score, ZONE.dwell"),
        ("score.predicton > 1", 'expected a known quantity, got "score.predicton" at column 1; '
         "did you mean score.prediction?"),
        ("score.size > 1", 'expected a known quantity, got "score.size" at column 1; '
         "the detectors here are prediction, motion"),
        ("score > limt", 'expected a number or such a quantity, got "limt" at column 9; did you mean limit?'),
        ("score > garage.score", 'expected a known quantity, got "garage.score" at column 9; '
         "the zones here are porch, drive-way, 2"),
        ("score > time", 'expected a number, got "time" at column 9; time is a time of day as HH:MM'),
        ("weekday == sundy", f'expected one of {DAYS}, got "sundy" at column 12; did you mean sunday?'),
        ("weekday < sunday", 'expected one of == !=, got "<" at column 9; say what weekday is compared with'),
        ("verdict == unknown", 'expected one of normal, anomalous, got "unknown" at column 12; choose one'),
        ("time > 25:00", 'expected a time of day as HH:MM, got "25:00" at column 8; write it from 00:00 to 24:00'),
        ("time between 22:00", "expected and, got the end at column 19; write time between … and …"),
        ("time between 7:00 and 07:00", 'expected another time than the first, got "07:00" at column 23; '
         "leave it out for the whole day"),
        ("motion between 0.5 and 0.1", 'expected the larger of the two, got "0.1" at column 24; change their order'),
        ("motion > 1 for long", 'expected a duration such as 10 s, got "long" at column 16; '
         "write it as 0.05, 12 or 1e-4"),
        ("motion > 1 for 10", "expected a unit: s, min or h, got the end at column 18; choose one"),
        ("motion > 1 for 10 mn", 'expected a unit: s, min or h, got "mn" at column 19; did you mean min?'),
        ("motion > 1 for 0 s", 'expected a duration above 0 s and at most 24 h, got "0" at column 16; change it'),
        ("motion > 1 for 25 h", 'expected a duration above 0 s and at most 24 h, got "25" at column 16; change it'),
        ("not motion > 1 for 9 s", 'expected parentheses where not and for meet, got "for" at column 16; '
         "write (not …) for …, or not (… for …)"),
        ("(" * 21, 'expected at most 20 levels of parentheses and not, got "(" at column 21; make two rules of it'),
        ("x" * 1001, 'expected at most 1000 characters, got "x" at column 1001; make two rules of it'),
        ("\x00\n", 'expected a quantity, got "\\x00" at column 1; write a comparison, as in motion > 0.1'),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, message: str, vocabulary: Vocabulary) -> None:
    """What was expected, what stands there and where, what to do: the whole message."""
    with pytest.raises(RuleError) as error:
        parse(text, vocabulary)
    assert str(error.value) == message


def test_without_zones_a_rule_about_one_says_so() -> None:
    """It is the zone that is missing, not a letter."""
    with pytest.raises(RuleError, match="there are no zones here: add one"):
        parse("porch.motion > 1", Vocabulary())


def test_without_a_vocabulary_any_zone_and_detector_will_do() -> None:
    """Then it is the form alone that is checked."""
    assert list(names(parse("a.motion > 1 and score.b > c.score"))) == ["a.motion", "score.b", "c.score"]


@pytest.mark.parametrize(
    ("text", "pointed"),
    [
        ("time > 6:00 and moton > 1", "time > 6:00 and moton > 1\n                ^^^^^"),
        ("time > 6:00 and\n\tmoton > 1", "time > 6:00 and  moton > 1\n                 ^^^^^"),
        ("motion > ", "motion >\n        ^"),
        ("motion > 1 or " * 20 + "x > 1", "…" + ("motion > 1 or " * 4)[-50:] + "x > 1\n" + " " * 51 + "^"),
    ],
)
def test_the_word_is_pointed_at(text: str, pointed: str) -> None:
    """In a second line below it, also at the end, over several lines and in a long condition."""
    with pytest.raises(RuleError) as error:
        parse(text)
    assert error.value.pointed() == pointed


@settings(deadline=None)
@given(data=st.data())
def test_what_is_written_down_is_understood_as_it_was(
    data: st.DataObject, conditions: st.SearchStrategy[Condition], vocabulary: Vocabulary
) -> None:
    """A condition printed and parsed again is the same condition."""
    condition = data.draw(conditions)
    text = text_of(condition)
    assume(len(text) <= MAX_LENGTH)
    assert parse(text, vocabulary) == condition


def _understood(text: str, vocabulary: Vocabulary) -> tuple[Condition | None, RuleError | None]:
    try:
        return parse(text, vocabulary), None
    except RuleError as error:
        return None, error


@settings(deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS.split()), max_size=12).map(" ".join))
def test_any_text_is_understood_or_refused(text: str) -> None:
    """Never anything but a condition or a RuleError that points into the text."""
    vocabulary = Vocabulary(("porch",), ("motion",))
    understood, error = _understood(text, vocabulary)
    if understood is not None:
        assert parse(text_of(understood), vocabulary) == understood
    if error is not None:
        assert 1 <= error.column <= len(text) + 1
        line, carets = error.pointed().split("\n")
        assert set(carets) <= {" ", "^"}
        assert carets.index("^") <= len(line) + 1


@pytest.mark.parametrize("opening", ["(", "not ", "not ("])
def test_depth_is_bounded_before_the_stack_is(opening: str) -> None:
    """As deep as allowed is understood; a text full of parentheses is refused, whatever Python's own limit."""
    each = len(opening.split()) + opening.count("not (")
    depth = MAX_DEPTH // each
    parse(opening * depth + "motion > 1" + ")" * opening.count("(") * depth)
    with pytest.raises(RuleError, match="at most 20 levels"):
        parse((opening * MAX_LENGTH)[:MAX_LENGTH])


def test_the_table_tells_every_quantity() -> None:
    """What can be named is documented, a line each, and nothing else is."""
    assert [line.partition(": ")[0] for line in table()] == [known.name for known in QUANTITIES]
