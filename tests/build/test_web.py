"""Who may come in, out of the configuration; and what the live view shows where others log in."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from monitor.build.alerting import alerting
from monitor.build.web import doors
from monitor.config import Config, ConfigError, load_text
from monitor.config.places import VIEW_TOKEN_ENV, web_url
from monitor.web.passwords import hashed
from monitor.web.roles import Role

TOKEN = "0123456789abcdef0123456789abcdef"
TOKENS = "tokens: [{name: robot, role: operator, token_env: ROBOT}]"


def config(folder: Path, web: str, listen: str = "127.0.0.1:0") -> Config:
    """One with this web server."""
    text = f'data_dir: {folder}\ncameras: {{a: {{source: x.mp4}}}}\nalerting:\n  web: {{listen: "{listen}", {web}}}\n'
    return load_text(text, "site.yaml")


def test_secrets_come_from_where_the_configuration_says(tmp_path: Path) -> None:
    """The hash of a file, the token of the environment; of the token only its digest is kept."""
    (tmp_path / "anna.hash").write_text(hashed("anna's password").text() + "\n")
    web = f"users: [{{name: anna, role: viewer, password_hash_file: {tmp_path}/anna.hash}}], {TOKENS}"
    found = doors(config(tmp_path, web).alerting.web, {"ROBOT": TOKEN})
    assert [(user.name, user.role) for user in found.users] == [("anna", Role.VIEWER)]
    assert found.users[0].password.fits("anna's password")
    assert [(token.name, token.role) for token in found.tokens] == [("robot", Role.OPERATOR)]
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("web", "environ", "message"),
    [
        (TOKENS, {}, "expected a secret in the environment variable ROBOT"),
        (TOKENS, {"ROBOT": "short"}, "expected a token of at least 32 characters, got 5"),
        ("users: [{name: anna, role: viewer, password_hash_env: ANNA}]", {"ANNA": "swordfish"}, "expected a hash"),
    ],
)
def test_a_secret_that_is_none_is_told_and_not_shown(
    tmp_path: Path, web: str, environ: dict[str, str], message: str
) -> None:
    """Before anything is served."""
    with pytest.raises(ConfigError, match=message) as caught:
        doors(config(tmp_path, web).alerting.web, environ)
    assert "swordfish" not in str(caught.value)


def test_names_that_are_ours(tmp_path: Path) -> None:
    """The address that is listened at, those of the configuration; every address only if we listen at all."""
    told = config(tmp_path, f"hosts: [nvr.example.org], {TOKENS}", "192.0.2.7:9108").alerting.web
    found = doors(told, {"ROBOT": TOKEN})
    assert {"192.0.2.7", "nvr.example.org", "localhost"} <= found.hosts
    assert not found.any_address
    assert doors(config(tmp_path, TOKENS, "0.0.0.0:9108").alerting.web, {"ROBOT": TOKEN}).any_address


def test_beyond_loopback_nothing_is_shown_without_a_login(tmp_path: Path) -> None:
    """With the daemon's own parts behind it; its own live view is let in to look."""
    environ = {"ROBOT": TOKEN, VIEW_TOKEN_ENV: "f" * 64}
    with alerting(config(tmp_path, TOKENS, "0.0.0.0:0"), environ, print) as running:
        running.desk.tick()
        url = web_url(config(tmp_path, TOKENS, "0.0.0.0:0").alerting.web, running.web.port)
        with httpx.Client(base_url=url, trust_env=False, verify=False) as client:  # noqa: S501 - plain HTTP
            for path in ("/status", "/metrics", "/healthz", "/api/v1/overview", "/cameras/a/picture.jpg"):
                assert client.get(path).status_code == 401
            client.headers["Authorization"] = f"Bearer {'f' * 64}"
            assert client.get("/status").json()["cameras"][0]["camera"] == "a"
            budget = client.put("/api/v1/cameras/a/budget", json={"alerts_per_day": 5})
            assert budget.status_code == 403
            client.headers["Authorization"] = f"Bearer {TOKEN}"
            assert client.put("/api/v1/cameras/a/budget", json={"alerts_per_day": 5}).status_code == 200
