"""Turn a JUnit report of the film matrix into a table to read: `tools/matrix.py REPORT OUT`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

HEADER = "| film | plan | output |\n|---|---|---|\n"


def main(report: Path, out: Path) -> None:
    """Write a line for each case, in the order in which they ran."""
    # Written by our own pytest a moment ago.
    cases = list(_cases(ET.parse(report).getroot()))  # noqa: S314
    right = sum(output == "right" for _, _, output in cases)
    lines = "".join(f"| {film} | {plan} | {output} |\n" for film, plan, output in cases)
    out.write_text(f"# Film matrix\n\n{right} of {len(cases)} right.\n\n{HEADER}{lines}")


def _cases(root: ET.Element) -> Iterator[tuple[str, str, str]]:
    for case in root.iter("testcase"):
        name = case.get("name", "")
        film = name.partition("[")[2].removesuffix("]") or name.removeprefix("test_")
        why = (item.get("value", "") for item in case.iter("property"))
        wrong = case.find("failure") if case.find("failure") is not None else case.find("error")
        output = "right" if wrong is None else f"wrong: {_first_line(wrong)}"
        yield film, "<br>".join(why), output


def _first_line(wrong: ET.Element) -> str:
    return wrong.get("message", "").partition("\n")[0].replace("|", "\\|")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
