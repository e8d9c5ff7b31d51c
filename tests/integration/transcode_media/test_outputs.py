"""Taking back what was published."""

from reel_testing.media_bucket import MediaBucket


async def test_a_rendition_is_deleted_and_its_neighbours_stay(bucket: MediaBucket) -> None:
    outputs, prefix = bucket.deps.outputs, "videos/v/hls"
    kept = [f"{prefix}/480p/playlist.m3u8", f"{prefix}/a2/720p/playlist.m3u8"]
    for key in (*kept, f"{prefix}/720p/playlist.m3u8", f"{prefix}/720p/init.mp4"):
        await outputs.put_text(key, "#EXTM3U")

    await outputs.delete_below(f"{prefix}/720p/")

    assert sorted(await outputs.sizes(f"{prefix}/")) == kept
