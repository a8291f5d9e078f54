"""What people say of events, "normal here" or "really unusual": kept, handed to the worker, listed with what it did.

The event store is where it is kept. What holds of it is written to one small file in the data folder, which each
worker reads again and again, and the worker writes down beside it what it quieted. `rareframe feedback` and the web
call `give`, `undo` and `listed`. Judges no picture: what is alike is the business of `detectors.feedback`.
"""

from monitor.feedback.counts import Counted as Counted
from monitor.feedback.counts import Tallies as Tallies
from monitor.feedback.giving import Given as Given
from monitor.feedback.giving import Listed as Listed
from monitor.feedback.giving import give as give
from monitor.feedback.giving import listed as listed
from monitor.feedback.giving import publish as publish
from monitor.feedback.giving import undo as undo
from monitor.feedback.marks import FeedbackError as FeedbackError
from monitor.feedback.marks import Mark as Mark
from monitor.feedback.marks import MarkWatch as MarkWatch
from monitor.stored import Kind as Kind
