"""The Hugging Face hub, as far as Aura asks it: what a repository holds, and its bytes.

Plain HTTP through the session of ``huggingface_hub``, which knows the endpoint, the proxy,
the token and whether the network may be used. Its own downloader begins a file anew after
every interruption; this one goes on where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from aura.catalog.models import Model
from aura.errors import (
    AuraError,
    GatedModel,
    HubBusy,
    HubUnreachable,
    NotOnHub,
    Offline,
    TokenRefused,
)

TIMEOUT_S = 15.0  # for an answer, and between two pieces of one
ETAG = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
ASK_LATER = frozenset({408, 425, 429, *range(500, 600)})


@dataclass(frozen=True)
class RemoteFile:
    """``etag`` names its content: SHA-256 for large files, git's SHA-1 for small ones.

    Both make names of files here, and neither can point out of its folder.
    """

    path: str  # within the repository, with forward slashes
    size: int
    etag: str


@dataclass(frozen=True)
class Listing:
    commit: str
    files: tuple[RemoteFile, ...]


class Hub:
    """Every method raises a HubError. ``offline``: never use the network."""

    def __init__(self, *, offline: bool = False, timeout: float = TIMEOUT_S) -> None:
        self.offline, self.timeout = offline, timeout

    @property
    def silent(self) -> bool:
        """Whether the network may not be used, by this or by ``HF_HUB_OFFLINE``."""
        from huggingface_hub import constants

        return self.offline or bool(constants.HF_HUB_OFFLINE)

    def listing(self, model: Model) -> Listing:
        """What the model's repository holds now, or in the revision that is pinned."""
        from huggingface_hub import HfApi

        with self._worded(model):
            try:
                info = HfApi().model_info(
                    str(model.repo),
                    revision=model.revision,
                    files_metadata=True,
                    timeout=self.timeout,
                )
            except (ValueError, KeyError, TypeError) as nonsense:  # a page of the network's own
                raise HubUnreachable(model=model.name) from nonsense
        files = (_file(sibling) for sibling in info.siblings or ())
        return Listing(str(info.sha), tuple(file for file in files if file is not None))

    @contextmanager
    def opened(
        self, model: Model, commit: str, file: RemoteFile, start: int
    ) -> Iterator[tuple[int, Iterator[bytes]]]:
        """The bytes of a file from ``start`` on, or from the 0 that the server chose."""
        from huggingface_hub import get_session, hf_hub_url
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

        headers = build_hf_headers() | {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        url = hf_hub_url(str(model.repo), file.path, revision=commit)
        with (
            self._worded(model),
            get_session().stream("GET", url, headers=headers, timeout=self.timeout) as response,
        ):
            if start and response.status_code == 416:
                yield start, iter(())  # it has no such byte: the file there is a shorter one
                return
            hf_raise_for_status(response)
            partial = response.status_code == 206
            # In pieces as they come: one of a set size would be lost with what is not there yet.
            yield start if partial else 0, response.iter_raw()

    def keep_token(self, model: Model, token: str) -> None:
        """Prove an access token and remember it where every tool of the hub looks for it."""
        from huggingface_hub import login
        from huggingface_hub.errors import HfHubHTTPError

        with self._worded(model):
            try:
                login(token=token.strip())
            except (HfHubHTTPError, ValueError) as refused:
                error = _typed(refused, model)
                raise _no_token(model) if not isinstance(error, HubBusy) else error from refused

    @contextmanager
    def _worded(self, model: Model) -> Iterator[None]:
        from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

        if self.silent:
            raise Offline(model=model.name)
        try:
            yield
        except OfflineModeIsEnabled as off:
            raise Offline(model=model.name) from off
        except HfHubHTTPError as refused:
            raise _typed(refused, model) from refused
        except HTTPError as cut:
            raise HubUnreachable(model=model.name) from cut


def page(model: Model) -> str:
    """Where a person reads about the model and agrees to its licence."""
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/{model.repo}"


def _file(sibling: object) -> RemoteFile | None:
    """None for what cannot be proven when it has come, and for names that point elsewhere."""
    lfs = getattr(sibling, "lfs", None)
    etag = str(lfs.sha256 if lfs else getattr(sibling, "blob_id", None))
    size = lfs.size if lfs else getattr(sibling, "size", None)
    path = PurePosixPath(str(getattr(sibling, "rfilename", "")))
    outside = path.is_absolute() or ".." in path.parts or not path.parts or "\\" in str(path)
    if outside or size is None or not ETAG.fullmatch(etag):
        return None
    return RemoteFile(path.as_posix(), int(size), etag)


def _typed(refused: Exception, model: Model) -> AuraError:
    from huggingface_hub import get_token
    from huggingface_hub.errors import GatedRepoError

    response = getattr(refused, "response", None)
    status = int(getattr(response, "status_code", 0))
    unknown = status == 401 and get_token() is None
    if isinstance(refused, GatedRepoError) or status == 403 or unknown:
        return GatedModel(model=model.name, url=page(model))
    if status == 401:
        return _no_token(model)
    if status in ASK_LATER:
        return HubBusy(model=model.name, status=status, wait_s=_asked(response))
    return NotOnHub(model=model.name, url=page(model))


def _no_token(model: Model) -> TokenRefused:
    from huggingface_hub import constants

    return TokenRefused(model=model.name, url=f"{constants.ENDPOINT}/settings/tokens")


def _asked(response: object) -> float:
    """Seconds the server wants us to wait, if it says so in a number."""
    said = getattr(response, "headers", {}).get("Retry-After", "")
    return float(said) if said.isdigit() else 0.0
