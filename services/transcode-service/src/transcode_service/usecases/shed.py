"""A rendition that wins nothing is taken back before anything names it."""

from collections.abc import Sequence
from dataclasses import replace

from transcode_service.domain.plan import Plan
from transcode_service.domain.worth import LeftOut, wins_nothing
from transcode_service.ports.media import HlsStore, Published
from transcode_service.usecases.presentation import variants


async def shed(
    plan: Plan, prefix: str, published: Published, outputs: HlsStore
) -> tuple[Plan, Published, tuple[LeftOut, ...]]:
    """Delete what was sent of such renditions.

    Returns plan and output as if they had never been asked for, and what was left out and why.

    Raises:
        StoreUnavailable: try again later.
    """
    left_out = wins_nothing(variants(plan, published))
    labels = [rendition.label for rendition in left_out]
    for label in labels:
        await outputs.delete_below(f"{prefix}/{label}/")
    kept = tuple(rung for rung in plan.rungs if rung.label not in labels)
    return replace(plan, rungs=kept), _without(published, prefix, labels), left_out


def _without(published: Published, prefix: str, labels: Sequence[str]) -> Published:
    gone = tuple(f"{prefix}/{label}/" for label in labels)
    return replace(
        published,
        sent={key: size for key, size in published.sent.items() if not key.startswith(gone)},
        renditions={
            label: rendition
            for label, rendition in published.renditions.items()
            if label not in labels
        },
    )
