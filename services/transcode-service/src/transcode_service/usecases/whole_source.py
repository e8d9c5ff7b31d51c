"""Telling, before anything is decoded, a file that was cut off or has a tail that is no film."""

from typing import Final

from transcode_service.domain.containers import NoPiece, Row, check_piece_end
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.usecases.source_reader import SourceReader

MAX_TAIL_PIECES: Final = 256


async def check_whole(reader: SourceReader, row: Row, start: int = 0) -> bool:
    """Follow the row of pieces from `start` to the end of the file.

    Returns False when the row leaves open where it ends: its stream must tell.

    Raises:
        SourceRejected: SOURCE_TRUNCATED: the file ends before a piece does; SOURCE_CORRUPT: there
            is something else behind a piece, or there are more than `MAX_TAIL_PIECES`.
    """
    position = start
    for _ in range(MAX_TAIL_PIECES + 1):
        if position and reader.size_bytes - position <= row.slack_bytes:
            return True
        header = await reader.read(position, row.header_bytes)
        end = _end(row, header, position, reader.size_bytes)
        if end is None:
            return False
        check_piece_end(end - row.slack_bytes, reader.size_bytes)
        position = end
    raise SourceRejected(Rejection.SOURCE_CORRUPT, f"more than {MAX_TAIL_PIECES} pieces in a row")


def _end(row: Row, header: bytes, position: int, file_bytes: int) -> int | None:
    try:
        return row.end(header, position, file_bytes)
    except NoPiece as error:
        detail = f"{error}, where the file should go on or end"
        raise SourceRejected(Rejection.SOURCE_CORRUPT, detail) from error
