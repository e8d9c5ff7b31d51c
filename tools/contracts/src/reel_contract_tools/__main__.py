"""`python -m reel_contract_tools [--release]`: write the contracts from the code.

`--release` also makes them the baseline that later changes must stay compatible with.
"""

import sys
from pathlib import Path

from reel_contract_tools.publish import BASELINE, generate, write

CONTRACTS = Path(__file__).resolve().parents[4] / "contracts"


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--release"]):
        return 2
    documents = generate()
    write(documents, CONTRACTS)
    if arguments:
        write(documents, CONTRACTS / BASELINE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
