"""Turn a JUnit report of the film matrix into a table to read: `tools/matrix.py REPORT OUT`."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

HEADER = "| film | plan, or reason | output | verdict |\n|---|---|---|---|\n"
OTHER = "refused"


@dataclass(frozen=True)
class Row:
    """One case: which part of the matrix it is of, and what became of it."""

    part: str
    film: str
    why: str
    output: str
    verdict: str

    def __str__(self) -> str:
        """Return the line of the table."""
        return f"| {self.film} | {self.why} | {self.output} | {self.verdict} |\n"


def main(report: Path, out: Path) -> None:
    """Write a table for each part, in the order in which the cases ran."""
    # Written by our own pytest a moment ago.
    rows = list(_rows(ET.parse(report).getroot()))  # noqa: S314
    right = sum(row.verdict == "right" for row in rows)
    parts = dict.fromkeys(row.part for row in rows)
    tables = "".join(_table(part, [row for row in rows if row.part == part]) for part in parts)
    out.write_text(f"# Film matrix\n\n{right} of {len(rows)} right.\n{tables}")


def _table(part: str, rows: list[Row]) -> str:
    return f"\n## {part.capitalize()} ({len(rows)})\n\n{HEADER}{''.join(map(str, rows))}"


def _rows(root: ET.Element) -> Iterator[Row]:
    for case in root.iter("testcase"):
        name = case.get("name", "")
        wrong = case.find("failure") if case.find("failure") is not None else case.find("error")
        yield Row(
            part="".join(_told(case, "bullet")) or OTHER,
            film=name.partition("[")[2].removesuffix("]") or name.removeprefix("test_"),
            why="<br>".join(_told(case, "why")),
            output="".join(_told(case, "output")),
            verdict="right" if wrong is None else f"wrong: {_first_line(wrong)}",
        )


def _told(case: ET.Element, name: str) -> list[str]:
    found = (item for item in case.iter("property") if item.get("name") == name)
    return [item.get("value", "").replace("|", "\\|") for item in found]


def _first_line(wrong: ET.Element) -> str:
    return wrong.get("message", "").partition("\n")[0].replace("|", "\\|")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
