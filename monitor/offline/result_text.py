"""An evaluation on the terminal. Computes no figure."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from detectors.evaluation.result import Result
from monitor.offline.result_budgets import budget_facts, budget_sheets
from monitor.offline.sheets import Sheet, facts, headline, sheets

_STYLES = {"fused": "bold", "detector": "", "baseline": "dim", "": ""}


def print_result(result: Result, console: Console) -> None:
    """The result for people: every score in one table, the trivial ones beside the detectors, and the rest below."""
    console.print(Text(headline(result), style="bold"))
    for sheet in (*sheets(result), *budget_sheets(result.allowed)):
        console.print(_table(sheet))
        if sheet.note:
            console.print(Text(sheet.note, style="dim"))
    for name, value in (*facts(result), *budget_facts(result.allowed)):
        console.print(Text.assemble((f"{name:<16}", "bold"), value))
    for caveat in result.caveats:
        console.print(Text(f"note: {caveat}", style="yellow"))


def _table(sheet: Sheet) -> Table:
    table = Table(*sheet.columns, title=sheet.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in table.columns:
        column.no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for before, row in zip((None, *sheet.rows), sheet.rows, strict=False):
        if row.rank == "baseline" and before is not None and before.rank != "baseline":
            table.add_section()
        indent = "  " if row.rank == "detector" else ""
        table.add_row(Text(indent + row.name), *(Text(cell) for cell in row.cells), style=_STYLES[row.rank])
    return table
