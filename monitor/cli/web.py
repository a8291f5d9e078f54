"""`rareframe web`: what the web server's login needs. Talks to no server."""

from __future__ import annotations

import getpass
import sys

import typer

from monitor.cli.terms import EXIT_OK, FailedError, examples, say

app = typer.Typer(help="Make what the dashboard's login needs.", no_args_is_help=False, rich_markup_mode=None)


@app.command(
    "hash-password",
    epilog=examples("rareframe web hash-password", "rareframe web hash-password < password.txt > anna.hash"),
)
def hash_password() -> int:
    """Ask for a password, and print its hash for `alerting.web.users` in the configuration.

    The password is typed twice, or read from standard input where that is no terminal; it is not an argument, which
    other users of this machine could see.
    """
    from monitor.web.passwords import LEAST_CHARACTERS, MOST_CHARACTERS, hashed  # noqa: PLC0415 - see the package

    password = _typed() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise FailedError(
            f"expected a password of {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters, got {len(password)}; "
            "take a few words"
        )
    typer.echo(hashed(password).text())
    if sys.stdout.isatty():
        say("put it into a file that only rareframe can read, and name that as `password_hash_file`")
    return EXIT_OK


def _typed() -> str:
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise FailedError("expected the same password twice, got two; try again")
    return password
