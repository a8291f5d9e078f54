"""The table of routes: what there is to ask, by whom, and who answers. Checks nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.views import Overview
from monitor.web.answering import AnswerPages, FeedbackBody, FeedbackPage, FeedbackQuery, GivenFeedback, ProtectedBody
from monitor.web.answers import Done
from monitor.web.cameras import Budget, BudgetBody, CameraPages, HistoryBody, HistoryQuery, LearnedBody
from monitor.web.listing import EventPage, ListedEvent
from monitor.web.live import HealthBody, LivePages, PictureQuery
from monitor.web.login import LoggedIn, LoginBody, LoginPages, Me
from monitor.web.openapi import Description
from monitor.web.pages import StaticPages
from monitor.web.roles import Role
from monitor.web.stored import EventPages, EventsQuery
from monitor.web.stream import Stream
from monitor.web.system import AuditPage, AuditQuery, Resent, SystemBody, SystemPages
from monitor.web.table import HTML, JPEG, JSON, MP4, STREAM, TEXT, ZIP, Endpoint

API = "/api/v1"
_ANYBODY, _VIEWER, _OPERATOR = Role.NOBODY, Role.VIEWER, Role.OPERATOR
_CAMERA, _EVENT = f"{API}/cameras/{{camera}}", f"{API}/events/{{event}}"


@dataclass(frozen=True, slots=True)
class Pages:
    """Who answers."""

    static: StaticPages
    login: LoginPages
    live: LivePages
    stream: Stream
    cameras: CameraPages
    events: EventPages
    answers: AnswerPages
    system: SystemPages
    description: Description


def table(pages: Pages) -> list[Endpoint]:
    """All routes."""
    return [*_files(pages), *_plain(pages), *_account(pages), *_cameras(pages), *_events(pages), *_machinery(pages)]


def _files(pages: Pages) -> list[Endpoint]:
    get, static = "GET", pages.static
    return [
        Endpoint(get, "/", _ANYBODY, "The dashboard.", static.index, HTML),
        Endpoint(get, "/static/{path:path}", _ANYBODY, "What the dashboard is made of.", static.static, HTML),
    ]


def _plain(pages: Pages) -> list[Endpoint]:
    """For programs that want one thing: Prometheus, a load balancer, `curl`."""
    get, live, events = "GET", pages.live, pages.events
    picture = "/cameras/{camera}/picture.jpg"
    health = "Whether events can be told; 503 if not."
    return [
        Endpoint(get, "/metrics", _VIEWER, "All metrics, for Prometheus.", live.metrics, TEXT, public="metrics"),
        Endpoint(get, "/healthz", _VIEWER, health, live.healthz, HealthBody, public="healthz", others=(503,)),
        Endpoint(get, "/status", _VIEWER, "As /api/v1/overview.", live.status, Overview),
        Endpoint(get, picture, _VIEWER, "As below /api/v1.", live.picture, JPEG, query=PictureQuery),
        Endpoint(get, "/events/{event}/snapshot.jpg", _VIEWER, "As below /api/v1.", events.snapshot, JPEG),
        Endpoint(get, "/events/{event}/overlay.jpg", _VIEWER, "As below /api/v1.", events.overlay, JPEG),
    ]


def _account(pages: Pages) -> list[Endpoint]:
    login = pages.login
    enter = "Log in with a password; sets a cookie."
    return [
        Endpoint("GET", f"{API}/me", _ANYBODY, "Who asks, and whether one has to log in.", login.me, Me),
        Endpoint("POST", f"{API}/login", _ANYBODY, enter, login.login, LoggedIn, body=LoginBody),
        Endpoint("POST", f"{API}/logout", _ANYBODY, "Log out.", login.logout, Done),
    ]


def _cameras(pages: Pages) -> list[Endpoint]:
    get, live, cameras = "GET", pages.live, pages.cameras
    picture = "The newest analysed picture; with heatmap=1 its heatmap."
    minutes = "Score, limit and state minute by minute, and events."
    wanted = "About how many alerts a day it may raise."
    return [
        Endpoint(get, f"{API}/overview", _VIEWER, "Every camera, process and recent event.", live.status, Overview),
        Endpoint(get, f"{API}/stream", _VIEWER, "Server-sent events: overview, event.", pages.stream.answer, STREAM),
        Endpoint(get, f"{_CAMERA}/picture.jpg", _VIEWER, picture, live.picture, JPEG, query=PictureQuery),
        Endpoint(get, f"{_CAMERA}/history", _VIEWER, minutes, cameras.history, HistoryBody, query=HistoryQuery),
        Endpoint(get, f"{_CAMERA}/learned", _VIEWER, "What it has learned.", cameras.learned, LearnedBody),
        Endpoint(get, f"{_CAMERA}/normal-{{number}}.jpg", _VIEWER, "An ordinary picture of it.", cameras.normal, JPEG),
        Endpoint("PUT", f"{_CAMERA}/budget", _OPERATOR, wanted, cameras.set_budget, Budget, body=BudgetBody),
    ]


def _events(pages: Pages) -> list[Endpoint]:
    get, events, answers = "GET", pages.events, pages.answers
    parts, normal = "Its video; Range is obeyed.", "An ordinary picture most like it; 1 is the nearest."
    say, back, keep = "Say that it is normal here, or unusual.", "Take it back.", "Never delete it to make room, or do."
    said = "What people said of events."
    undo = f"{API}/feedback/{{number}}/undo"
    return [
        Endpoint(get, f"{API}/events", _VIEWER, "Events, newest first.", events.events, EventPage, query=EventsQuery),
        Endpoint(get, _EVENT, _VIEWER, "One event.", events.event, ListedEvent),
        Endpoint(get, f"{_EVENT}/snapshot.jpg", _VIEWER, "Its strongest frame.", events.snapshot, JPEG),
        Endpoint(get, f"{_EVENT}/overlay.jpg", _VIEWER, "The same with its heatmap.", events.overlay, JPEG),
        Endpoint(get, f"{_EVENT}/full.jpg", _VIEWER, "Its strongest frame at full size.", events.full, JPEG),
        Endpoint(get, f"{_EVENT}/normal-{{number}}.jpg", _VIEWER, normal, events.normal, JPEG),
        Endpoint(get, f"{_EVENT}/clip.mp4", _VIEWER, parts, events.clip, MP4, others=(206, 416)),
        Endpoint(get, f"{_EVENT}/bundle", _VIEWER, "All it was judged by, for replay.", events.bundle, ZIP),
        Endpoint("POST", f"{_EVENT}/feedback", _OPERATOR, say, answers.give, GivenFeedback, body=FeedbackBody),
        Endpoint("PUT", f"{_EVENT}/protected", _OPERATOR, keep, answers.protect, Done, body=ProtectedBody),
        Endpoint(get, f"{API}/feedback", _VIEWER, said, answers.said, FeedbackPage, query=FeedbackQuery),
        Endpoint("POST", undo, _OPERATOR, back, answers.undo, Done),
    ]


def _machinery(pages: Pages) -> list[Endpoint]:
    get, system = "GET", pages.system
    machinery, again = "Processes, drops, disk, sinks, configuration.", "Tell its dead letters after all."
    return [
        Endpoint(get, f"{API}/system", _VIEWER, machinery, system.system, SystemBody),
        Endpoint(get, f"{API}/audit", _VIEWER, "Who changed what.", system.audit, AuditPage, query=AuditQuery),
        Endpoint("POST", f"{API}/sinks/{{sink}}/resend", _OPERATOR, again, system.resend, Resent),
        Endpoint(get, f"{API}/openapi.json", _ANYBODY, "This document.", pages.description.answer, JSON),
    ]
