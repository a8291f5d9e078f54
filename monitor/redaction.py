"""Credentials out of text that people or machines will read. Knows URLs only; it cannot recognise a bare password."""

from __future__ import annotations

import re

HIDDEN = "***"

# Up to the *last* @ of the word, so that a password with an unescaped @ or / in it does not show. A URL with an @ in
# its path loses its host this way: the safe mistake of the two. Where that @ may stand in a parameter, what follows it
# may be the rest of a secret, and nothing is left.
_LOGIN = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)(?P<login>[^\s\"'<>]*)@(?P<rest>[^\s\"'<>]*)")
_IN_PARAMETER = re.compile(r"\?|/.*=")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s\"'<>]+")
_SECRET_IN_QUERY = re.compile(
    r"(?P<key>[?&;](?:sig|signature|\w*key)=)[^&;\s\"'<>#]+",
    re.IGNORECASE,
)
# Some recorders want the login in the path: rtsp://10.0.0.5/user=admin_password=x_channel=1_stream=0.sdp
_SECRET_IN_PATH = re.compile(r"(?P<key>(?:user|login|pass|pwd|token|secret|auth)\w*?)=[^/?&;\s\"'<>]*", re.IGNORECASE)


def without_credentials(text: str) -> str:
    """`text` with the login of every URL in it, and the secrets in its query, replaced by `***`."""
    if "://" not in text:
        return text
    text = _LOGIN.sub(_without_login, text)
    text = _SECRET_IN_QUERY.sub(rf"\g<key>{HIDDEN}", text)
    return _URL.sub(lambda url: _SECRET_IN_PATH.sub(rf"\g<key>={HIDDEN}", url[0]), text)


def _without_login(url: re.Match[str]) -> str:
    return f"{url['scheme']}{HIDDEN}" + ("" if _IN_PARAMETER.search(url["login"]) else f"@{url['rest']}")
