"""A plan as it is stored, logged and shown: JSON values, whose names operators rely on."""

from typing import TypeAlias

from transcode_service.domain.picture import Picture
from transcode_service.domain.plan import Plan

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | bool | None"
PlanRecord: TypeAlias = dict[str, Json]


def plan_record(plan: Plan) -> PlanRecord:
    """Return streams, transforms, rungs and why; lengths in seconds, sizes as `WIDTHxHEIGHT`."""
    width, height = plan.displayed
    return {
        "streams": {"video": plan.video, "audio": plan.audio},
        "displayed": f"{width}x{height}",
        "duration_s": plan.duration_s,
        "picture": {"frame_rate": str(plan.frame_rate), **_picture(plan.picture)},
        "sound": {"channels": plan.audio_channels} if plan.audio is not None else None,
        "hold_s": plan.hold_s,
        "rungs": [
            {
                "label": rung.label,
                "size": f"{rung.width}x{rung.height}",
                "crf": rung.crf,
                "max_kbps": rung.max_kbps,
            }
            for rung in plan.rungs
        ],
        "storyboard": _storyboard(plan),
        "why": [f"{decision.about}: {decision.what}" for decision in plan.decisions],
    }


def _picture(picture: Picture) -> PlanRecord:
    return {
        "deinterlace": picture.deinterlace,
        "matrix": picture.matrix,
        "full_range": picture.full_range,
        "primaries": picture.primaries,
        "tone_map": picture.tone_map,
    }


def _storyboard(plan: Plan) -> PlanRecord:
    board = plan.storyboard
    return {
        "interval_s": float(board.every / plan.frame_rate),
        "tile": f"{board.tile[0]}x{board.tile[1]}",
        "sheet": f"{board.columns}x{board.rows}",
    }
