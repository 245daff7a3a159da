"""Tells running out of memory from every other fault. Works without torch loaded."""

from __future__ import annotations

TYPES = ("OutOfMemoryError", "MemoryError")
CUDA_OUT_OF_MEMORY = 2  # cudaErrorMemoryAllocation
TEXTS = (
    "out of memory",
    "cudnn_status_alloc_failed",
    "cublas_status_alloc_failed",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "failed to allocate",
    "std::bad_alloc",
)


def ran_out(fault: BaseException) -> bool:
    """True for every form in which torch, its libraries or the system run out of memory.

    The cause counts too: libraries wrap what they catch.
    """
    seen: BaseException | None = fault
    for _ in range(5):
        if seen is None:
            return False
        if _is(seen):
            return True
        seen = seen.__cause__
    return False


def _is(fault: BaseException) -> bool:
    names = {kind.__name__ for kind in type(fault).__mro__}
    if names & set(TYPES):
        return True
    if "AcceleratorError" in names and getattr(fault, "error_code", None) == CUDA_OUT_OF_MEMORY:
        return True
    return isinstance(fault, RuntimeError | OSError) and any(
        text in str(fault).lower() for text in TEXTS
    )
