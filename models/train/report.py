"""Text that a command writes into a page of docs/, between two marks."""
from pathlib import Path


def check_marks(page: Path, begin: str, end: str) -> None:
    text = page.read_text()
    if not (begin in text and end in text):
        raise SystemExit(f"{page}: the marks of the table are not there; put in {begin} and {end}")


def put_between(page: Path, begin: str, end: str, text: str) -> None:
    before, rest = page.read_text().split(begin)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{rest.split(end)[1]}")


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table, padded as the project's formatter does it."""
    widths = [max(3, *(len(row[i]) for row in [head, *rows])) for i in range(len(head))]
    line = lambda cells: "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    return [line(head), line(["-" * width for width in widths]), *map(line, rows)]
