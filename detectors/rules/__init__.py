"""What people want to be told of, in words: conditions over named quantities. Looks at no picture."""

from __future__ import annotations

from detectors.rules.conditions import Condition, text_of
from detectors.rules.evaluate import Fired, Rule, Rules, Values
from detectors.rules.parse import parse
from detectors.rules.tokens import MAX_LENGTH, RuleError
from detectors.rules.vocabulary import RESERVED, Vocabulary, table

__all__ = [
    "MAX_LENGTH",
    "RESERVED",
    "Condition",
    "Fired",
    "Rule",
    "RuleError",
    "Rules",
    "Values",
    "Vocabulary",
    "parse",
    "table",
    "text_of",
]
