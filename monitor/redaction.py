"""Secrets out of addresses and texts that people or machines will read. It cannot recognise a bare password."""

from __future__ import annotations

import re

HIDDEN = "***"

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?P<slashes>//)?")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s\"'<>]+")
_LOGIN_WITHOUT_SCHEME = re.compile(r"[^/\s]*:.*@", re.DOTALL)
# Parameters that choose a picture. The value of any other one is hidden: vendors invent names for passwords freely.
_HARMLESS = re.compile(
    "action|camera|cam|channel|ch|codec|fps|height|profile|proto|quality|rate|real_stream|resolution|size|stream"
    "|streamtype|subtype|transport|unicast|width",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"(?P<key>[^?&;=]*)=(?P<value>[^&;]*)")
_PLAIN_KEY = re.compile(r"\w{1,24}")
_HARMLESS_VALUE = re.compile(r"[\w.\-]{0,16}")
# Some recorders want the login in the path: rtsp://10.0.0.5/user=admin_password=x_channel=1_stream=0.sdp
_SECRET_IN_PATH = re.compile(r"(?P<key>user\w*?|login\w*?|pass\w*?|pwd|token|secret|auth\w*?|key)=[^/]*", re.IGNORECASE)

# Before an @: it may belong to the value of a parameter instead of ending a login.
_IN_PARAMETER = re.compile(r"\?|/.*=", re.DOTALL)


def without_credentials(text: str) -> str:
    """`text` with the secrets in every URL in it replaced by `***`, as `redact` does."""
    return _URL.sub(lambda url: redact(url[0]), text) if "://" in text else text


def redact(address: str) -> str:
    """`address` without logins, tokens and other secrets, to be shown to people.

    What stands before the *last* @ is hidden, so that a password with an unescaped @, / or ? in it does not show. An
    address with an @ in its path loses its host this way: the safe mistake of the two. Where that @ may stand in a
    parameter, what follows it may be the rest of a secret, and nothing is shown.
    """
    match = _SCHEME.match(address)
    if match is None or match["slashes"] is None:
        return _LOGIN_WITHOUT_SCHEME.sub(f"{HIDDEN}@", address)
    rest = address[match.end() :]
    before, at, after = rest.rpartition("@")
    if _IN_PARAMETER.search(before):
        return f"{match[0]}{HIDDEN}"
    place, question, query = after.partition("#")[0].partition("?")
    place = _SECRET_IN_PATH.sub(rf"\g<key>={HIDDEN}", place)
    return f"{match[0]}{HIDDEN + at if before or at else ''}{place}{question}{_safe_query(query)}"


def _safe_query(query: str) -> str:
    return re.sub(r"[^&;]+", lambda part: _safe_parameter(part[0]), query)


def _safe_parameter(text: str) -> str:
    match = _PARAMETER.fullmatch(text)
    if match is None:
        return HIDDEN  # a bare word may be a token
    key = match["key"]
    if _HARMLESS.fullmatch(key) and _HARMLESS_VALUE.fullmatch(match["value"]):
        return text
    return f"{key if _PLAIN_KEY.fullmatch(key) else HIDDEN}={HIDDEN}"
