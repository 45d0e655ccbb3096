"""What an object of a chaos run may read as, by what its writer was told. Pure; chaos_model_test.py shows that lies
are noticed.

An object has one writer at a time (of a shared one: each of its blocks has), so the order of its ops is known. Known
is also how each ended: done; not done; or in doubt, which is done, or still to come, or never. A read must fit one of
the ways in which the ops in doubt may have gone, and rules out the others: what was seen once does not go away.
"""

import itertools
from typing import NamedTuple

STEP_MS = 30_000  # two clocks of the run, whatever is done to them, are never so far apart


class Op(NamedTuple):
    """A write of `data` at `offset`; or where `data` is None, a truncation to `offset` bytes."""

    number: int  # ops of a writer are numbered in the order in which it sends them
    offset: int
    data: bytes
    life: int = 0  # of the client process that sent it
    ended_ms: int = 0

    def do(self, content):
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
            return
        end = self.offset + len(self.data)
        content.extend(bytes(max(0, end - len(content))))
        content[self.offset : end] = self.data

    def follows(self, other):
        """Whether this one's order is surely greater: then `other`, if it is not done by now, is refused for ever."""
        return self.life == other.life or self.ended_ms - other.ended_ms > STEP_MS


class Difference(NamedTuple):
    lo: int
    hi: int
    expected: str
    found: str
    ops: list  # numbers of the ops that are not settled

    def __str__(self):
        return f'bytes [{self.lo}, {self.hi}): expected {self.expected}, found {self.found}' + (
            f'; ops in doubt or after these: {self.ops}' if self.ops else ''
        )


class Thing:
    """An object. `owned(lo, hi)` yields the parts of a range that are this writer's; all of it, unless it is given."""

    def __init__(self, content, object_id='', owned=None):
        self.base, self.object_id = bytearray(content), object_id
        self.owned = owned
        self.ops = []  # after `base`
        self.doubts = set()  # numbers of those in doubt,
        self.open = set()  # of these: that may still come
        self.possible = {frozenset()}  # sets of doubts that happened, as far as nothing speaks against

    def settled(self):
        return not self.ops

    def at_rest(self, now_ms):
        """Whether what may still come of another life has an order below anything sent now."""
        return all(now_ms - op.ended_ms > STEP_MS for op in self.ops if op.number in self.open)

    # ---- what happens ----------------------------------------------------------------------------

    def done(self, op):
        self.possible = self.closure()
        for other in self.ops:
            if other.number in self.open and op.follows(other):
                self.open.discard(other.number)
        self.ops.append(op)
        self.settle()

    def doubt(self, op):
        self.ops.append(op)
        self.doubts.add(op.number)
        self.open.add(op.number)

    def closure(self):
        """What may have happened until now."""
        found = set()
        for known in self.possible:
            rest = sorted(self.open - known)
            for count in range(len(rest) + 1):
                found.update(known | set(more) for more in itertools.combinations(rest, count))
        return found

    def settle(self):
        for number in list(self.doubts):
            if all(number in known for known in self.possible):
                self.possible = {known - {number} for known in self.possible}
                self.doubts.discard(number)
                self.open.discard(number)
            elif number not in self.open and not any(number in known for known in self.possible):
                self.doubts.discard(number)
                self.ops = [op for op in self.ops if op.number != number]
        while self.ops and self.ops[0].number not in self.doubts:
            self.ops.pop(0).do(self.base)

    # ---- what is seen ----------------------------------------------------------------------------

    def content(self, happened=frozenset()):
        content = bytearray(self.base)
        for op in self.ops:
            if op.number not in self.doubts or op.number in happened:
                op.do(content)
        return content

    def size(self):
        """The newest that is known."""
        return len(self.content(next(iter(self.possible))))

    def judge_read(self, offset, size, found):
        """A Difference, or None."""
        fitting, nearest = set(), None
        for happened in self.closure():
            expected = self.content(happened)[offset : offset + size]
            wrong = self.first_difference(offset, expected, found)
            if wrong is None:
                fitting.add(happened)
            elif nearest is None or wrong > nearest[0]:
                nearest = (wrong, expected)
        if fitting:
            self.possible = fitting
            self.settle()
            return None
        at, expected = nearest
        return Difference(
            offset + at,
            offset + min(size, max(len(expected), len(found))),
            bytes(expected[at : at + 32]).hex(),
            bytes(found[at : at + 32]).hex(),
            [op.number for op in self.ops],
        )

    def first_difference(self, offset, expected, found):
        """Where they differ in what is ours, counted from `offset`; None if nowhere."""
        if self.owned is None:
            if expected == found:
                return None
            return next(
                (i for i, (a, b) in enumerate(zip(expected, found)) if a != b), min(len(expected), len(found))
            )
        if len(expected) != len(found):
            return min(len(expected), len(found))
        for lo, hi in self.owned(offset, offset + len(expected)):
            ours, theirs = expected[lo - offset : hi - offset], found[lo - offset : hi - offset]
            if ours != theirs:
                return lo - offset + next(i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b)
        return None


class Blocks:
    """Every other block of an object that two clients share: `lo` to `hi` of them that are `mine` (0 or 1)."""

    def __init__(self, mine, block):
        self.mine, self.block = mine, block

    def __call__(self, lo, hi):
        for number in range(lo // self.block, -(-hi // self.block)):
            if number % 2 == self.mine:
                yield max(lo, number * self.block), min(hi, (number + 1) * self.block)


class Name:
    """A name whose last change (a put, a clone, a delete) is in doubt: it has one of two values, and the old one only
    until the new one was seen. A value is a Thing, or None: not bound.
    """

    def __init__(self, old, new):
        self.values = [old, new]

    def may_be_unbound(self):
        return None in self.values

    def judge_unbound(self):
        if None not in self.values:
            return 'it has no name any more'
        self.keep(None)
        return None

    def judge_read(self, found):
        """A text, or None."""
        differences = []
        for thing in self.values:
            if thing is None:
                continue
            difference = thing.judge_read(0, len(found) + 1, found)
            if difference is None:
                self.keep(thing)
                return None
            differences.append(str(difference))
        return ' and '.join(differences) or 'it is bound, and must not be'

    def keep(self, value):
        if value is self.values[-1]:
            self.values = [value]


# ---- objects that several write at once ----------------------------------------------------------


class Attempt(NamedTuple):
    client: int
    number: int
    offset: int
    data: bytes
    order: tuple  # (hlc, wid), or None: not acknowledged
    doubtful: bool


def judge_history(first, attempts, writes, content):
    """`writes`: (hlc, wid, lo, hi) of all writes in the object's history. A text, or None.

    Every acknowledged attempt is there at its order, nothing is there that nobody sent, and the content is what they
    say.
    """
    acknowledged = {attempt.order: attempt for attempt in attempts if attempt.order}
    doubtful = [attempt for attempt in attempts if attempt.doubtful]
    expected, seen = bytearray(), set()
    for index, (hlc, wid, lo, hi) in enumerate(sorted(writes)):
        if index == 0 and (lo, hi) == (0, len(first)):
            data = first
        else:
            attempt = acknowledged.get((hlc, wid)) or take(doubtful, lo, hi)
            if attempt is None:
                return f'a write of bytes [{lo}, {hi}) with order {hlc}/{wid} that nobody made, or that was refused'
            if (attempt.offset, attempt.offset + len(attempt.data)) != (lo, hi):
                return f'op {attempt.number} of client {attempt.client} at {attempt.offset} is at [{lo}, {hi})'
            data = attempt.data
        seen.add((hlc, wid))
        expected.extend(bytes(max(0, hi - len(expected))))
        expected[lo:hi] = data
    for order, attempt in acknowledged.items():
        if order not in seen:
            return f'op {attempt.number} of client {attempt.client}, acknowledged with order {order}, is gone'
    if expected != content:
        at = next((i for i, (a, b) in enumerate(zip(expected, content)) if a != b), min(len(expected), len(content)))
        return f'bytes from {at} on: by its history {expected[at:at + 32].hex()}, found {content[at:at + 32].hex()}'
    return None


def take(doubtful, lo, hi):
    for attempt in doubtful:
        if (attempt.offset, attempt.offset + len(attempt.data)) == (lo, hi):
            doubtful.remove(attempt)
            return attempt
    return None
