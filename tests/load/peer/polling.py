"""The polling route as a FastAPI and SQLAlchemy service would have it: `uvicorn polling:app`.

Reads the same tables in the same way (one statement, the same joins), checks the same tokens and
answers the same JSON under the same ETag. It has neither access log, request ids, metrics nor a
limit for each owner, which the measured service has.

DATABASE_URL, POOL_MAX, JWT_PUBLIC_KEY, JWT_ISSUER, JWT_AUDIENCE and CDN_BASE_URL are read once.
"""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID
from zlib import crc32

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import Enum, Numeric, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column

CDN: Final = os.environ["CDN_BASE_URL"]
SALT: Final = crc32(CDN.encode())
ISSUER: Final = os.environ["JWT_ISSUER"]
AUDIENCE: Final = os.environ["JWT_AUDIENCE"]
KEY: Final = load_pem_public_key(os.environ["JWT_PUBLIC_KEY"].replace("\\n", "\n").encode())
LEEWAY_S: Final = 30
NOT_MODIFIED: Final = 304
READY: Final = "READY"
TRANSCODING: Final = "TRANSCODING"
STORYBOARD: Final = "vtt"

engine = create_async_engine(
    os.environ["DATABASE_URL"], pool_size=int(os.environ["POOL_MAX"]), max_overflow=0
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Table(DeclarativeBase):
    pass


class VideoRow(Table):
    __tablename__ = "videos"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID]
    title: Mapped[str]
    description: Mapped[str | None]
    duration_seconds: Mapped[float | None] = mapped_column(Numeric(asdecimal=False))
    width: Mapped[int | None]
    height: Mapped[int | None]
    status: Mapped[str] = mapped_column(
        Enum("DRAFT", "UPLOADING", "UPLOADED", TRANSCODING, READY, "FAILED", name="video_status")
    )
    fail_reason: Mapped[str | None]
    job_id: Mapped[UUID | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class AssetRow(Table):
    __tablename__ = "video_assets"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    video_id: Mapped[UUID]
    type: Mapped[str] = mapped_column(
        Enum("HLS_MASTER", "HLS_RENDITION", "THUMBNAIL", name="video_asset_type")
    )
    container: Mapped[str | None]
    file_key: Mapped[str]


class ProgressRow(Table):
    __tablename__ = "transcode_progress"

    video_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID]
    fraction: Mapped[float]
    eta_seconds: Mapped[float | None]
    phase: Mapped[str] = mapped_column(
        Enum("READING", "ENCODING", "PUBLISHING", "VERIFYING", name="transcode_phase")
    )
    revision: Mapped[int]


class View(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Playback(View):
    ready: bool
    stream_url: str | None


class Progress(View):
    percent: int
    eta_seconds: float | None
    phase: str


class Video(View):
    id: UUID
    owner_id: UUID
    title: str
    description: str | None
    status: str
    fail_reason: str | None
    playback: Playback
    poster_url: str | None
    storyboard_url: str | None
    duration_seconds: float | None
    width: int | None
    height: int | None
    created_at: datetime
    updated_at: datetime
    progress: Progress | None


def _details() -> Select[Any]:
    """Build the statement once: what SQLAlchemy makes of it is kept with it."""
    master, poster, board = (aliased(AssetRow) for _ in range(3))
    is_still = poster.type == "THUMBNAIL"
    return (
        select(VideoRow, master.file_key, poster.file_key, board.file_key, ProgressRow)
        .outerjoin(master, and_(master.video_id == VideoRow.id, master.type == "HLS_MASTER"))
        .outerjoin(
            poster,
            and_(
                poster.video_id == VideoRow.id,
                is_still,
                poster.container.is_distinct_from(STORYBOARD),
            ),
        )
        .outerjoin(
            board,
            and_(
                board.video_id == VideoRow.id,
                board.type == "THUMBNAIL",
                board.container == STORYBOARD,
            ),
        )
        .outerjoin(
            ProgressRow,
            and_(
                ProgressRow.video_id == VideoRow.id,
                ProgressRow.job_id == VideoRow.job_id,
                VideoRow.status == TRANSCODING,
            ),
        )
        .where(
            VideoRow.id == bindparam("video_id"),
            VideoRow.owner_id == bindparam("owner_id"),
            VideoRow.deleted_at.is_(None),
        )
    )


DETAILS: Final = _details()


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


async def owner(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> UUID:
    try:
        claims = jwt.decode(
            credentials.credentials,
            KEY,
            algorithms=["ES256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=LEEWAY_S,
            options={"require": ["sub", "exp", "iss", "aud"]},
        )
        return UUID(claims["sub"])
    except (jwt.InvalidTokenError, ValueError) as error:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from error


def _tag(video: VideoRow, progress: ProgressRow | None) -> str:
    shown = f"{video.version}.{progress.revision}" if progress else f"{video.version}"
    return f'"{shown}-{SALT:08x}"'


def _url(file_key: str | None) -> str | None:
    return f"{CDN}/{file_key}" if file_key else None


app = FastAPI()


@app.get("/api/videos/{video_id}", response_model=Video)
async def show(
    video_id: UUID,
    response: Response,
    caller: Annotated[UUID, Depends(owner)],
    database: Annotated[AsyncSession, Depends(session)],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Any:  # noqa: ANN401 - FastAPI's own pattern: a Response, or what response_model describes
    found = await database.execute(DETAILS, {"video_id": video_id, "owner_id": caller})
    row = found.one_or_none()
    if row is None:
        raise HTTPException(404)
    video, master, poster, board, progress = row
    headers = {
        "ETag": _tag(video, progress),
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
    }
    if if_none_match == headers["ETag"]:
        return Response(status_code=NOT_MODIFIED, headers=headers)
    response.headers.update(headers)
    stream = _url(master) if video.status == READY else None
    return Video(
        id=video.id,
        owner_id=video.owner_id,
        title=video.title,
        description=video.description,
        status=video.status,
        fail_reason=video.fail_reason,
        playback=Playback(ready=stream is not None, stream_url=stream),
        poster_url=_url(poster),
        storyboard_url=_url(board),
        duration_seconds=video.duration_seconds,
        width=video.width,
        height=video.height,
        created_at=video.created_at,
        updated_at=video.updated_at,
        progress=progress
        and Progress(
            percent=int(progress.fraction * 100),
            eta_seconds=progress.eta_seconds,
            phase=progress.phase,
        ),
    )
