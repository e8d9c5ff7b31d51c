"""A rendition that wins nothing is taken back before anything names it."""

from collections.abc import Sequence
from dataclasses import replace

from transcode_service.domain.plan import Plan
from transcode_service.domain.worth import LeftOut, wins_nothing
from transcode_service.ports.media import HlsStore, Published
from transcode_service.usecases.presentation import variants


async def shed(
    plan: Plan, prefix: str, published: Published, outputs: HlsStore
) -> tuple[Published, tuple[LeftOut, ...]]:
    """Delete what was sent of such renditions; return the rest, and what was left out and why.

    Raises:
        StoreUnavailable: try again later.
    """
    left_out = wins_nothing(variants(plan, published))
    for rendition in left_out:
        await outputs.delete_below(f"{prefix}/{rendition.label}/")
    return _without(published, prefix, [rendition.label for rendition in left_out]), left_out


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
