"""Models that this or another program has already fetched, in the Hugging Face cache."""

from __future__ import annotations

from pathlib import Path


def cached(repo: str, revision: str | None = None) -> Path | None:
    """The snapshot folder of ``repo`` in the standard cache, complete or not. No network."""
    from huggingface_hub import try_to_load_from_cache  # late: it takes a tenth of a second

    found = try_to_load_from_cache(repo, "model_index.json", revision=revision)
    return Path(found).parent if isinstance(found, str) else None
