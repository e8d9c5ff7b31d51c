"""What a process of ours answers on its internal port."""

import re
from dataclasses import dataclass
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_S: Final = 10
UUID_TEXT: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Told:
    """The readiness checks by name, and the metrics as they were sent."""

    status: int
    checks: dict[str, str]
    text: str

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's values with these labels. Raises LookupError."""
        found = [
            sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        if not found:
            raise LookupError(name)
        return sum(found)

    @property
    def names_somebody(self) -> bool:
        """Tell whether an id is among the labels."""
        return UUID_TEXT.search(self.text) is not None


async def told_on(port: int) -> Told:
    """Ask for readiness, then for metrics."""
    base = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(trust_env=False, base_url=base, timeout=TIMEOUT_S) as http:
        ready, metrics = await http.get("/readyz"), await http.get("/metrics")
    return Told(ready.status_code, ready.json()["checks"], metrics.text)
