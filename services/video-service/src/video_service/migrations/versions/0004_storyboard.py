"""A video may have two THUMBNAIL assets: a poster and, in `vtt`, a storyboard; one of each at most.

The indexes hold all that GET joins for.
"""

from typing import Final

from reel_db.migrations import execute_script

revision = "0004"
down_revision = "0003"

ONE_OF_EACH_KIND: Final = """
DROP INDEX video_assets_one_of_a_kind;
CREATE UNIQUE INDEX video_assets_one_of_a_kind ON video_assets (video_id, type)
    INCLUDE (file_key, container)
    WHERE type = 'HLS_MASTER' OR (type = 'THUMBNAIL' AND container IS DISTINCT FROM 'vtt');
CREATE UNIQUE INDEX video_assets_one_storyboard ON video_assets (video_id)
    INCLUDE (file_key) WHERE type = 'THUMBNAIL' AND container = 'vtt';
"""


def upgrade() -> None:
    """Tell storyboards from posters."""
    execute_script(ONE_OF_EACH_KIND)
