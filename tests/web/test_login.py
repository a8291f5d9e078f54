"""Logging in with a password, slowly for whoever guesses; logging out; and who one is."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from monitor.web.sessions import IDLE_S, LIFE_S
from monitor.web.throttle import FREE

LOGIN, ME, OVERVIEW = "/api/v1/login", "/api/v1/me", "/api/v1/overview"


def test_a_login_opens_what_was_closed(closed: Any) -> None:
    """With the cookie alone; before and after, nothing is shown."""
    browser = closed.browser()
    assert browser.get(ME).json() == {"user": None, "role": None, "csrf": None, "login_required": True}
    assert browser.get(OVERVIEW).status_code == 401
    answer = browser.log_in("vera").json()
    assert (answer["user"], answer["role"]) == ("vera", "viewer")
    assert browser.get(OVERVIEW).status_code == 200
    assert browser.get(ME).json() == {**answer, "login_required": True}
    ticket = dict(browser.cookies)
    assert browser.post("/api/v1/logout").status_code == 200
    assert browser.get(OVERVIEW).status_code == 401
    browser.cookies.update(ticket)
    assert browser.get(OVERVIEW).status_code == 401, "the ticket is void, not just forgotten by the browser"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(closed: Any) -> None:
    """HttpOnly, SameSite=Strict, 256 random bits, another one at each login."""
    told = [closed.browser().log_in("vera").headers["set-cookie"] for _ in range(2)]
    tickets = {re.match(r"rareframe_session=([\w-]{43});", cookie)[1] for cookie in told}  # type: ignore[index]
    assert len(tickets) == 2
    for cookie in told:
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_behind_a_trusted_proxy_with_tls_the_cookie_is_secure(closed: Any, serve: Any, doors: Any) -> None:
    """It is never sent in clear; a proxy that is not trusted is not believed."""
    from_proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    browser = closed.browser()
    browser.headers.update(from_proxy)
    assert "Secure" not in browser.log_in("vera").headers["set-cookie"]
    browser = serve(doors, proxies=["127.0.0.1"]).browser()
    browser.headers.update(from_proxy)
    cookie = browser.log_in("vera").headers["set-cookie"]
    assert cookie.startswith("__Host-rareframe_session=")
    assert "Secure" in cookie


@pytest.mark.parametrize("user", ["vera", "nobody", "", "vera\u0000", "prometheus"])
def test_a_wrong_name_and_a_wrong_password_look_the_same(closed: Any, user: str) -> None:
    """Whoever guesses does not learn which names there are."""
    answers = [
        closed.browser().post(LOGIN, json={"user": each, "password": "wrong"}, headers={"X-CSRF-Token": "x"})
        for each in ("otto", user)
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].content == answers[1].content
    assert "set-cookie" not in answers[1].headers


def test_a_name_that_does_not_exist_is_compared_all_the_same(closed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it takes as long: one comparison each, of the same cost."""
    from monitor.web import passwords  # noqa: PLC0415 - to be watched

    costs = []
    made = passwords._scrypt

    def watched(password: str, like: passwords.PasswordHash) -> bytes:
        costs.append((like.cost, like.block, like.lanes))
        return made(password, like)

    monkeypatch.setattr(passwords, "_scrypt", watched)
    for user in ("vera", "nobody"):
        closed.browser().post(LOGIN, json={"user": user, "password": "wrong"}, headers={"X-CSRF-Token": "x"})
    assert len(costs) == 2
    assert costs[0] == costs[1]


def guess(browser: Any, user: str) -> int:
    """A wrong password; the status."""
    status: int = browser.post(LOGIN, json={"user": user, "password": "wrong"}).status_code
    return status


def test_guessing_becomes_slow(closed: Any, now: Any, passwords: dict[str, str]) -> None:
    """After some failures each has to wait, longer each time, also with the right password; waiting helps."""
    browser = closed.browser()
    browser.headers["X-CSRF-Token"] = "x"
    assert [guess(browser, "vera") for _ in range(FREE)] == [401] * FREE
    refused = browser.post(LOGIN, json={"user": "vera", "password": passwords["vera"]})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    waits = []
    for _ in range(6):
        wait_s = int(browser.post(LOGIN, json={"user": "vera", "password": "x"}).headers["retry-after"])
        waits.append(wait_s)
        now.clock_s += wait_s
        assert guess(browser, "vera") == 401
    assert waits == [1, 2, 4, 8, 16, 32]
    now.clock_s += 64
    browser.log_in("vera")


def test_an_address_that_guesses_many_names_waits_too(closed: Any) -> None:
    """And the wait is that address's: no name was guessed twice."""
    browser = closed.browser()
    browser.headers["X-CSRF-Token"] = "x"
    assert [guess(browser, f"name{number}") for number in range(FREE + 1)] == [*[401] * FREE, 429]


def test_guesses_from_many_addresses_slow_an_account(serve: Any, doors: Any) -> None:
    """Each from another address, as its proxy tells, and all for one name."""
    browser = serve(doors, proxies=["127.0.0.1"]).browser()
    browser.headers["X-CSRF-Token"] = "x"
    statuses = []
    for number in range(FREE + 1):
        browser.headers["X-Forwarded-For"] = f"203.0.113.{number}"
        statuses.append(guess(browser, "vera"))
    assert statuses == [*[401] * FREE, 429]


def test_guesses_at_the_same_time_do_not_pass_each_other(closed: Any) -> None:
    """However many are sent at once, no more than the free ones are looked at."""
    browsers = [closed.browser() for _ in range(8)]
    for browser in browsers:
        browser.headers["X-CSRF-Token"] = "x"
    with ThreadPoolExecutor(len(browsers)) as pool:
        statuses = list(pool.map(lambda browser: guess(browser, "vera"), browsers))
    assert statuses.count(401) <= FREE
    assert set(statuses) <= {401, 429, 503}


def test_a_login_that_succeeds_is_not_held_against_anybody(closed: Any) -> None:
    """Whoever logs in often does not wait."""
    for _ in range(FREE + 2):
        closed.browser().log_in("vera")


@pytest.mark.parametrize(("passed_s", "every_s"), [(IDLE_S + 1, IDLE_S + 1), (LIFE_S + 1, IDLE_S / 2)])
def test_a_session_ends_by_itself(closed: Any, now: Any, passed_s: float, every_s: float) -> None:
    """After a long silence, and after its life however it is used."""
    browser = closed.browser()
    browser.log_in("vera")
    end_s = now.clock_s + passed_s
    while now.clock_s + every_s < end_s:
        now.clock_s += every_s
        assert browser.get(OVERVIEW).status_code == 200
    now.clock_s = end_s
    assert browser.get(OVERVIEW).status_code == 401


def test_a_new_login_ends_the_one_before(closed: Any) -> None:
    """A ticket that somebody planted before is worth nothing afterwards."""
    browser = closed.browser()
    browser.log_in("vera")
    before = dict(browser.cookies)
    browser.log_in("otto")
    other = closed.browser()
    other.cookies.update(before)
    assert other.get(OVERVIEW).status_code == 401


def test_no_password_and_no_name_that_is_none_is_logged(
    closed: Any, passwords: dict[str, str], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What was typed into the wrong field stays unknown."""
    browser = closed.browser()
    browser.log_in("vera")
    browser.headers["X-CSRF-Token"] = "x"
    closed.browser().post(
        LOGIN, json={"user": passwords["otto"], "password": "s3cret-typed"}, headers={"X-CSRF-Token": "x"}
    )
    told = "".join(capsys.readouterr()) + caplog.text
    assert "login_failed" in told
    assert passwords["otto"] not in told
    assert passwords["vera"] not in told
    assert "s3cret-typed" not in told


def test_where_nobody_logs_in_everybody_here_is_an_operator(client: Any) -> None:
    """As on a machine of one's own; a login is refused with the reason."""
    assert client.get(ME).json() == {"user": "local", "role": "operator", "csrf": "open", "login_required": False}
    answer = client.post(LOGIN, json={"user": "vera", "password": "x"}, headers={"X-CSRF-Token": "open"})
    assert answer.status_code == 409


def test_tokens_open_without_a_cookie(closed: Any, tokens: dict[str, str]) -> None:
    """Each with its own role; one that is none opens nothing, not even with a good cookie beside it."""
    for name, role in (("prometheus", "viewer"), ("robot", "operator")):
        answer = closed.browser().get(ME, headers={"Authorization": f"Bearer {tokens[name]}"})
        assert answer.json() == {"user": name, "role": role, "csrf": None, "login_required": True}
    browser = closed.browser()
    browser.log_in("otto")
    for wrong in ("Bearer wrong", "Bearer", f"Basic {tokens['robot']}", tokens["robot"], "Bearer \u00e9"):
        # As bytes: httpx would refuse what is not ASCII.
        told = [(b"Authorization", wrong.encode("latin-1"))]
        assert browser.get(OVERVIEW, headers=told).status_code == 401


def test_metrics_and_health_are_public_if_the_configuration_says_so(closed: Any, serve: Any, doors: Any) -> None:
    """And nothing else."""
    browser = closed.browser()
    assert [browser.get(path).status_code for path in ("/metrics", "/healthz", "/status")] == [401, 401, 401]
    browser = serve(replace(doors, public=frozenset({"metrics"}))).browser()
    assert [browser.get(path).status_code for path in ("/metrics", "/healthz", "/status")] == [200, 401, 401]
