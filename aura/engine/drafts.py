"""Pictures between two passes, on the disk: what was drawn outlives engines and studios.

A job of several passes keeps each picture below ``drafts/<job>`` until it is finished. Where
the job ends before, however it ends, they are saved as they are: nothing drawn is lost.
"""

from __future__ import annotations

import contextlib
import io
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from PIL import Image
from pydantic import ValidationError

from aura.engine.protocol import Saved
from aura.errors import BadImage, StorageError
from aura.families.base import Box
from aura.library import atomic
from aura.library.images import open_image
from aura.library.results import Save, save_picture
from aura.passes.order import parts
from aura.passes.piece import Sketch
from aura.requests import GenerateRequest, Passed, Picture, Plain

PATIENCE_S = 5.0  # a process that was ended lets go of its files within that
PIXELS_MAX = 2**28  # of what Aura made itself; larger than any request may ask for
MEMORY = ("memory_refused", "out_of_memory", "engine_starved")

log = logging.getLogger(__name__)


class Header(Plain):
    """What all drafts of a job share."""

    request: GenerateRequest
    versions: dict[str, str]


class Draft(Plain):
    """One picture as its last pass left it, and what all of them took."""

    index: int
    file: str = ""  # its name in the folder
    things: tuple[dict[str, Any], ...] = ()  # families.base.Box
    passes: tuple[Passed, ...] = ()
    stages: dict[str, float] = {}
    notices: tuple[dict[str, Any], ...] = ()

    def after(
        self, passed: Passed, stages: Mapping[str, float], notices: list[dict[str, Any]]
    ) -> Draft:
        """With what one more pass took."""
        added = {name: self.stages.get(name, 0.0) + stages[name] for name in stages}
        return self.model_copy(
            update={
                "passes": (*self.passes, passed),
                "stages": self.stages | added,
                "notices": tuple(notices),
            }
        )

    def facts(self) -> dict[str, Any]:
        """What ``save_picture`` is told."""
        plans = [one.plan for one in self.passes if one.plan]
        return {
            "plan": plans[-1] if plans else {},
            "seconds": sum(one.seconds for one in self.passes),
            "stages": self.stages,
            "peak_bytes": max((one.peak_bytes for one in self.passes), default=0),
            "passes": self.passes if len(self.passes) > 1 else (),
        }


class Drafts:
    """Those of one job. Writing raises DiskFull, FolderUnwritable.

    Whoever works on them holds them, so that nobody else takes them for abandoned.
    """

    def __init__(self, data_dir: Path, job: str) -> None:
        self.folder = data_dir / "drafts" / job
        self._lock = FileLock(self.folder / "lock", thread_local=False)
        self._put: list[Path] = []

    # --- while the job runs

    def begin(self, request: GenerateRequest, versions: dict[str, str]) -> None:
        header = Header(request=request, versions=versions)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=PATIENCE_S)
        except (OSError, Timeout) as refused:
            raise atomic.worded(OSError(*refused.args), self.folder, 0) from refused
        atomic.replace(self.folder / "job.json", header.model_dump_json().encode())

    def waiting(self, passed: int) -> list[int]:
        """The pictures that have gone through so many passes."""
        return [draft.index for draft in self.all() if len(draft.passes) == passed]

    def draft(self, index: int) -> Draft:
        """A new one, where there is none."""
        with contextlib.suppress(OSError, ValidationError):
            return Draft.model_validate_json((self.folder / f"{index}.json").read_bytes())
        return Draft(index=index)

    def sketch(self, index: int) -> Sketch:
        draft = self.draft(index)
        return Sketch(self._image(draft), index, tuple(Box(**thing) for thing in draft.things))

    def keep(self, draft: Draft, sketch: Sketch) -> None:
        """In place of what there was of this picture."""
        before = self.draft(draft.index).file
        name = f"{draft.index}-{len(draft.passes)}.png"
        atomic.replace(self.folder / name, _png(sketch.image))
        things = tuple(asdict(thing) for thing in sketch.things)
        kept = draft.model_copy(update={"file": name, "things": things})
        atomic.replace(self.folder / f"{draft.index}.json", kept.model_dump_json().encode())
        if before:
            (self.folder / before).unlink(missing_ok=True)

    def put(self, image: Image.Image) -> str:
        """Keep an image for a model to open, until ``clear``; the path of its file."""
        path = self.folder / f"piece-{len(self._put)}.png"
        atomic.replace(path, _png(image))
        self._put.append(path)
        return str(path)

    def clear(self) -> None:
        for path in self._put:
            path.unlink(missing_ok=True)
        self._put.clear()

    def drop(self, index: int) -> None:
        """The picture is saved, or nobody wants it any more."""
        (self.folder / f"{index}.json").unlink(missing_ok=True)

    def close(self) -> None:
        self._lock.release()

    def remove(self) -> None:
        """All of them, and the folder."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- after it

    def all(self) -> list[Draft]:
        found = (self.draft(int(path.stem)) for path in self.folder.glob("[0-9]*.json"))
        return sorted((draft for draft in found if draft.file), key=lambda draft: draft.index)

    def saved(self, outputs: Path, why: str, save: Save) -> Iterator[tuple[int, Picture]]:
        """Save each as it is, with a notice of what it has not gone through."""
        header = Header.model_validate_json((self.folder / "job.json").read_bytes())
        for draft in self.all():
            missing = parts(header.request)[len(draft.passes) :]
            names = [f"passes.name.{part.name}" for part in missing]
            notice = {"code": f"passes.unfinished.{why}", "facts": {"missing": names}}
            yield (
                draft.index,
                save(
                    outputs,
                    self._image(draft),
                    header.request,
                    draft.index,
                    versions=header.versions,
                    notices=(*draft.notices, notice),
                    **draft.facts(),
                ),
            )
            self.drop(draft.index)

    def _image(self, draft: Draft) -> Image.Image:
        path = self.folder / draft.file
        return open_image(path, path.name, max_bytes=4 * PIXELS_MAX, max_pixels=PIXELS_MAX)

    def hold(self, patience_s: float) -> bool:
        """Whether nobody else works on them; from now on nobody will."""
        try:
            self._lock.acquire(timeout=patience_s)
        except (OSError, Timeout):
            return False
        return True


def rescued(
    data_dir: Path, job: str, error: str, save: Save = save_picture, patience_s: float = PATIENCE_S
) -> Iterator[Saved]:
    """Save what a job had drawn that ended with ``error`` (a code). Fails in silence.

    What a full disk does not take stays where it is, for ``sweep``.
    """
    drafts = Drafts(data_dir, job)
    if not (drafts.folder / "job.json").is_file() or not drafts.hold(patience_s):
        return
    try:
        for index, picture in drafts.saved(data_dir / "outputs", _why(error), save):
            yield Saved(job=job, index=index, picture=picture)
        drafts.remove()
    except (StorageError, OSError) as refused:
        log.error("the drafts of job %s stay in %s: %s", job, drafts.folder, refused)
    except (BadImage, ValidationError):
        log.exception("the drafts of job %s cannot be read", job)
        drafts.remove()
    finally:
        drafts.close()


def sweep(data_dir: Path) -> int:
    """Save what killed studios left of unfinished jobs. Returns how many pictures."""
    folder = data_dir / "drafts"
    jobs = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return sum(1 for job in jobs for _ in rescued(data_dir, job, "engine_lost", patience_s=0))


def _why(error: str) -> str:
    if error in MEMORY:
        return "memory"
    return {"stopped": "stopped", "engine_lost": "lost"}.get(error, "failed")


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
