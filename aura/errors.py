"""Everything that can go wrong, as one tree.

    AuraError
    ├─ InputError                what a person gave cannot be used (exit code 2)
    │  ├─ BadRequest             a field is out of its bounds
    │  ├─ BadImage               bytes that are no picture, or too large a one
    │  ├─ CannotStart            a model that cannot start from a picture
    │  ├─ CannotInpaint          a model that cannot draw a part of one anew
    │  ├─ BadMetadata            a picture that carries no settings to read back
    │  ├─ UnknownModel           no model of that name
    │  ├─ UnknownCard            no graphics card of that name
    │  ├─ CardHasSizes           a card that is sold with several sizes of memory
    │  ├─ BadWeights             a file whose header is no header of weights
    │  ├─ PickleRefused          weights in a format that can run code
    │  ├─ LicenceNotAccepted     a restricted licence nobody has agreed to yet
    │  └─ NotRemovable           a model whose files are not Aura's to delete
    ├─ ModelError
    │  ├─ ModelMissing           known, but not on this disk
    │  ├─ ModelDamaged           files that are incomplete or not what they claim
    │  ├─ AdditionUnfit          a LoRA, VAE or embedding that was made for another model
    │  └─ PackageMissing         its files are here, the package that runs them is not
    ├─ HubError                  a model could not be fetched
    │  ├─ Offline                the network is switched off in the settings
    │  ├─ HubUnreachable         no answer: no network, or no hub
    │  ├─ HubBusy                it answers, but not now
    │  ├─ TokenRefused           the token is missing, wrong or out of date
    │  ├─ GatedModel             its licence must be agreed to on its page first
    │  ├─ NotOnHub               nothing there under that name
    │  └─ DownloadDamaged        what came is not what was promised
    ├─ MemoryRefused             no plan fits; names the smallest change that would
    ├─ OutOfMemory               a device ran out although the plan said it fits
    ├─ StorageError
    │  ├─ DiskFull
    │  └─ FolderUnwritable
    ├─ EngineError
    │  ├─ EngineLost             the child process died
    │  ├─ EngineStarved          the system killed it for want of RAM, more than once
    │  └─ EngineFault            a fault of ours inside a job; the log has the traceback
    ├─ Stopped                   a person stopped it: no error, but it unwinds like one
    ├─ AlreadyRunning            another studio serves this data folder
    └─ Retold                    any of these, as another process or a record told it

An error is a code and facts, both plain data, so that it crosses processes and is
put into words where it is shown: ``error.<code>.what``, ``.kept`` and ``.do`` in
``aura/i18n/<language>/errors.json`` say what happened, what was kept, what to press.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class AuraError(Exception):
    """Base of every error a person may see. ``facts`` fill the blanks of its texts."""

    code = "fault"

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code, facts)
        self.facts = facts

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.code}({told})"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the journal, the wire between processes and JSON output."""
        return {"code": self.code, "facts": self.facts}


class InputError(AuraError):
    code = "input"


class BadRequest(InputError):
    """Facts: ``field`` (its name), ``problem`` (an ``error.problem.*`` key)."""

    code = "bad_request"


class BadImage(InputError):
    """Facts: ``name`` (as the person knows the file), ``problem`` (an ``image.*`` key)."""

    code = "bad_image"


class CannotStart(InputError):
    """Facts: ``model``."""

    code = "cannot_start"


class CannotInpaint(InputError):
    """Facts: ``model``."""

    code = "cannot_inpaint"


class BadMetadata(InputError):
    """Facts: ``name``."""

    code = "bad_metadata"


class UnknownModel(InputError):
    """Facts: ``model``, ``known`` (comma-separated)."""

    code = "unknown_model"


class BadWeights(InputError):
    """Facts: ``name``, ``problem`` (an ``error.problem.weights_*`` key)."""

    code = "bad_weights"


class PickleRefused(InputError):
    """Facts: ``name``."""

    code = "pickle_refused"


class LicenceNotAccepted(InputError):
    """Facts: ``model``, ``licence``."""

    code = "licence_not_accepted"


class NotRemovable(InputError):
    """Facts: ``model``, ``path``."""

    code = "not_removable"


class UnknownCard(InputError):
    """Facts: ``name``, ``known`` (names close to it, comma-separated)."""

    code = "unknown_card"


class CardHasSizes(InputError):
    """Facts: ``name``, ``known`` (its sizes, comma-separated)."""

    code = "card_has_sizes"


class ModelError(AuraError):
    code = "model"


class ModelMissing(ModelError):
    """Facts: ``model``."""

    code = "model_missing"


class ModelDamaged(ModelError):
    """Facts: ``model``, ``path``."""

    code = "model_damaged"


class LenderMissing(ModelError):
    """Facts: ``model``, ``kind``."""

    code = "lender_missing"


class AdditionUnfit(ModelError):
    """Facts: ``name`` (of what was to be added), ``model``."""

    code = "addition_unfit"


class PackageMissing(ModelError):
    """Facts: ``model``, ``package``."""

    code = "package_missing"


class HubError(AuraError):
    code = "hub"


class Offline(HubError):
    """Facts: ``model``."""

    code = "offline"


class HubUnreachable(HubError):
    """Facts: ``model``."""

    code = "hub_unreachable"


class HubBusy(HubError):
    """Facts: ``model``, ``status`` (as HTTP numbers it), ``wait_s`` (as it asked for, or 0)."""

    code = "hub_busy"


class TokenRefused(HubError):
    """Facts: ``model``, ``url`` (where tokens are made)."""

    code = "token_refused"


class GatedModel(HubError):
    """Facts: ``model``, ``url`` (its page)."""

    code = "gated_model"


class NotOnHub(HubError):
    """Facts: ``model``, ``url`` (where it was looked for)."""

    code = "not_on_hub"


class DownloadDamaged(HubError):
    """Facts: ``model``, ``path``."""

    code = "download_damaged"


class MemoryRefused(AuraError):
    """Facts: ``model``, ``need_bytes``, ``budget_bytes``, ``change`` (a ``plan.*`` key).

    Where a bigger machine would help also ``ram_bytes`` or ``card_bytes``, its size.
    """

    code = "memory_refused"


class OutOfMemory(AuraError):
    """Facts: ``model``, ``tried`` (rungs, comma-separated)."""

    code = "out_of_memory"


class StorageError(AuraError):
    code = "storage"


class DiskFull(StorageError):
    """Facts: ``path``, ``need_bytes``, ``free_bytes``."""

    code = "disk_full"


class FolderUnwritable(StorageError):
    """Facts: ``path``."""

    code = "folder_unwritable"


class EngineError(AuraError):
    code = "engine"


class EngineLost(EngineError):
    """Facts: ``started`` (False where no engine came up that could have taken the job)."""

    code = "engine_lost"


class EngineStarved(EngineError):
    """Facts: ``tried`` (rungs, comma-separated)."""

    code = "engine_starved"


class EngineFault(EngineError):
    """Facts: ``fault`` (exception type and message), ``log`` (path)."""

    code = "engine_fault"


class Stopped(AuraError):
    code = "stopped"


class AlreadyRunning(AuraError):
    """Facts: ``url`` (where it is served, or empty)."""

    code = "already_running"


class Retold(AuraError):
    """What ``as_dict`` of another error was, raised again."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(**error.get("facts", {}))
        self.code = str(error.get("code", self.code))
