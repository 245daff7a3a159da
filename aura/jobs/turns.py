"""Whose job comes next: owners take turns, each owner's jobs keep their order."""

from __future__ import annotations

from collections import deque


class Turns:
    """A queue that is fair between owners. Plain data, no locks.

    An owner who comes anew stands as if served just before the one being served now: ahead
    of the one who has just had a turn, behind all who wait. So nobody waits for a second
    job of another owner, and a stream of newcomers starves nobody.
    """

    def __init__(self) -> None:
        self._first: list[str] = []  # moved to the front by hand
        self._waiting: dict[str, deque[str]] = {}
        self._served: dict[str, float] = {}  # by owner: the turn of the last job
        self._owner: dict[str, str] = {}  # by job
        self._turn = 0

    def __len__(self) -> int:
        return len(self._owner)

    def __contains__(self, job: str) -> bool:
        return job in self._owner

    def put(self, owner: str, job: str) -> None:
        if owner not in self._waiting:
            self._waiting[owner] = deque()
            self._served[owner] = max(self._served.get(owner, 0), self._turn - 0.5)
        self._waiting[owner].append(job)
        self._owner[job] = owner

    def remove(self, job: str) -> bool:
        """False if it does not wait here."""
        owner = self._owner.pop(job, None)
        if owner is None:
            return False
        if job in self._first:
            self._first.remove(job)
        self._waiting[owner].remove(job)
        if not self._waiting[owner]:
            del self._waiting[owner]
        return True

    def front(self, job: str) -> bool:
        """Ahead of every other. False if it does not wait here."""
        if job not in self._owner:
            return False
        if job in self._first:
            self._first.remove(job)
        self._first.insert(0, job)
        return True

    def next(self) -> str | None:
        """Take the job whose turn it is; None if nobody waits."""
        if not self._owner:
            return None
        job = self._first[0] if self._first else self._waiting[self._foremost(self._served)][0]
        owner = self._owner[job]
        self.remove(job)
        self._turn += 1
        self._served[owner] = self._turn
        for gone in [name for name in self._served if name not in self._waiting and name != owner]:
            del self._served[gone]
        return job

    def order(self) -> list[str]:
        """Every job that waits, in the order in which they would be taken."""
        served = dict(self._served)
        left = {
            owner: deque(job for job in jobs if job not in self._first)
            for owner, jobs in self._waiting.items()
        }
        order, turn = [], self._turn
        for job in self._first:
            order.append(job)
            turn += 1
            served[self._owner[job]] = turn
        while any(left.values()):
            owner = self._foremost(served, {name for name, jobs in left.items() if jobs})
            order.append(left[owner].popleft())
            turn += 1
            served[owner] = turn
        return order

    def _foremost(self, served: dict[str, float], among: set[str] | None = None) -> str:
        """Who was served longest ago; of equals, who came first."""
        names = [name for name in self._waiting if among is None or name in among]
        return min(names, key=served.__getitem__)
