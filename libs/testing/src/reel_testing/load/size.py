"""How much load, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSize:
    """The defaults are what is asked for; less is for a look.

    The routes are compared by `apps` pollers, in turns of `turn_s` seconds, `turns` for each side.
    """

    pollers: int = 500
    uploaders: int = 50
    seconds: float = 120
    warm_up_s: float = 20
    apps: int = 64
    turn_s: float = 6
    turns: int = 2
