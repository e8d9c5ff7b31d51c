"""What video-service may answer an app (spec 2.1), story by story."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reel_testing.model.outcomes import Outcome, Rule, done, refused
from reel_testing.model.story import Story


def _gone(story: Story, *, mine: bool) -> bool:
    return story.is_deleted or not mine


def shown(*, mine: bool) -> Rule:
    """GET of one video."""

    def rule(story: Story) -> Iterator[Outcome]:
        if _gone(story, mine=mine):
            yield refused(404, "video-not-found", story)
        else:
            yield done(200, story, id=story.id, title=story.title)

    return rule


def shown_if_changed(known_version: int, *, is_current_view: bool) -> Rule:
    """GET with `If-None-Match` of a view that was read at `known_version` (ADR 13).

    `is_current_view` is False where progress may have moved since: then 200 is right as well.
    """

    def rule(story: Story) -> Iterator[Outcome]:
        if story.is_deleted:
            yield refused(404, "video-not-found", story)
            return
        if story.version == known_version:
            yield done(304, story)
        if story.version != known_version or not is_current_view:
            yield done(200, story, id=story.id)

    return rule


def patched(*, mine: bool, title: str, if_version: int | None) -> Rule:
    """PATCH of the title; `if_version` is what the tag in `If-Match` was given for."""

    def rule(story: Story) -> Iterator[Outcome]:
        if _gone(story, mine=mine):
            yield refused(404, "video-not-found", story)
        elif if_version is not None and if_version != story.version:
            yield refused(412, "precondition-failed", story)
        elif title == story.title:
            yield done(200, story, title=title, status=story.status)
        else:
            edited = replace(story, title=title, version=story.version + 1)
            yield done(200, edited, title=title, status=story.status)

    return rule


def patched_wrongly(*, mine: bool, if_version: int | None) -> Rule:
    """PATCH with a title that no video may have."""

    def rule(story: Story) -> Iterator[Outcome]:
        if _gone(story, mine=mine):
            yield refused(404, "video-not-found", story)
        elif if_version is not None and if_version != story.version:
            yield refused(412, "precondition-failed", story)
        else:
            yield refused(422, "validation-error", story)

    return rule


def deleted(*, mine: bool) -> Rule:
    """DELETE: gone at once, and told to the others (ADR 14)."""

    def rule(story: Story) -> Iterator[Outcome]:
        if _gone(story, mine=mine):
            yield refused(404, "video-not-found", story)
        else:
            version = story.version + 1
            yield done(204, replace(story, is_deleted=True, is_erasing=True, version=version))

    return rule


def retried(*, mine: bool) -> Rule:
    """POST …/retry (ADR 16)."""

    def rule(story: Story) -> Iterator[Outcome]:
        if _gone(story, mine=mine):
            yield refused(404, "video-not-found", story)
        elif story.status != "FAILED":
            yield refused(409, "invalid-transition", story, currentStatus=story.status)
        elif story.job == 0:
            yield refused(409, "source-missing", story)
        else:
            again = story.to("TRANSCODING").with_job()
            yield done(202, again, status="TRANSCODING", failReason=None)

    return rule


def listed(item: Mapping[str, object]) -> Rule:
    """One line of a list."""

    def rule(story: Story) -> Iterator[Outcome]:
        known = (story.title, story.description, story.status)
        if known == (item["title"], item["description"], item["status"]):
            yield done(200, story)

    return rule
