"""Holds what `pbfs get` and `pbfs verify` say of an object against what was done to its fragments.

Pure: nothing here runs anything, so corruption_judge_test.py can show that every lie is noticed.
"""
import collections
import json
import re
from typing import NamedTuple

EXIT_OK, EXIT_UNAVAILABLE, EXIT_DATA_LOSS = 0, 5, 6


class Thing(NamedTuple):
    """An object, as it was put."""
    name: str
    object_id: str
    content: bytes
    fragments: list   # all Fragments of its bodies
    extents: list     # [(lo, hi, body id)], visible ones that are in stores
    whole: bool       # every byte of every body is visible, so a read of the object reads every block that it needs


class Outcome(NamedTuple):
    exit_code: int
    stdout: bytes
    stderr: bytes


class Finding(NamedTuple):
    what: str
    again: bool = False  # it may be the load of the machine: look once more before it counts


def encodings_of(thing):
    """{encoding id: its fragments}"""
    found = {}
    for fragment in thing.fragments:
        found.setdefault(fragment.encoding, []).append(fragment)
    return found


def lost(thing, bad):
    """Ids of the bodies of which more than m fragments are among `bad`."""
    return {fragments[0].body for fragments in encodings_of(thing).values()
            if sum(f in bad for f in fragments) > fragments[0].n - fragments[0].k}


def unreadable(thing, wounds):
    """Whether some stripe has lost more than m of its blocks, so that nobody can read all of the object."""
    for fragments in encodings_of(thing).values():
        blocks = collections.Counter(stripe for f in fragments for stripe in wounds.unreadable.get(f, ()))
        if any(count > fragments[0].n - fragments[0].k for count in blocks.values()):
            return True
    return False


def parse_json(text):
    """The document in `text`, or None. stderr may hold lines of others around it."""
    text = text.decode(errors='replace')
    begin = 0 if text.startswith('{') else text.find('\n{') + 1
    try:
        return json.JSONDecoder().raw_decode(text, begin)[0]
    except ValueError:
        return None


# ---- pbfs get --json OBJECT - --------------------------------------------------------------------------------------------


def judge_get(thing, wounds, outcome):
    """A Finding, or None if all is as it must be."""
    if outcome.stdout != thing.content[:len(outcome.stdout)]:
        at = next(i for i, (a, b) in enumerate(zip(outcome.stdout, thing.content + b'\0' * len(outcome.stdout))) if a != b)
        return Finding(f'WRONG BYTES of {thing.name} from byte {at} on')
    if outcome.exit_code == EXIT_OK:
        return judge_success(thing, wounds, outcome)
    if outcome.exit_code == EXIT_DATA_LOSS:
        return judge_loss(thing, wounds, outcome)
    return Finding(f'get {thing.name} ended with {outcome.exit_code}: {outcome.stderr.decode()}',
                   again=outcome.exit_code == EXIT_UNAVAILABLE)


def judge_success(thing, wounds, outcome):
    if outcome.stdout != thing.content:
        return Finding(f'WRONG BYTES: {thing.name} came short, with exit code 0')
    if thing.whole and unreadable(thing, wounds):
        return Finding(f'{thing.name} was read although more than m blocks of a stripe are damaged: they were not')
    damage = (parse_json(outcome.stderr) or {}).get('damage')
    if damage is None:
        return Finding(f'get {thing.name} does not say what it went around: {outcome.stderr.decode()}')
    counted = {int(store) for kind in ('corrupt', 'missing') for store in damage[kind]}
    innocent = counted - {f.store for f in thing.fragments if f in wounds.spoiled | wounds.doubtful}
    if innocent:
        return Finding(f'get {thing.name} counts damage in stores {innocent}, which have none of it')
    # A read asks for the first k shards, so it meets the damage of these, unless it did not wait for a slow store.
    met = {f.store for f in thing.fragments if thing.whole and f in wounds.unreadable and f.shard < f.k}
    if not met <= counted and not damage['calls_not_waited_for']:
        return Finding(f'get {thing.name} does not count the damage in stores {met - counted}', again=True)
    return None


def judge_loss(thing, wounds, outcome):
    bodies = lost(thing, wounds.spoiled | wounds.doubtful)
    if not bodies:
        return Finding(f'DATA_LOSS of {thing.name} although at most m fragments of a body are damaged: {outcome.stderr.decode()}')
    error = (parse_json(outcome.stderr) or {}).get('error', {})
    message = error.get('message', '')
    if error.get('code') != 'DATA_LOSS' or thing.object_id not in message:
        return Finding(f'the error of get {thing.name} does not name the object: {outcome.stderr.decode()}')
    named = [tuple(map(int, match)) for match in re.findall(r'bytes \[(\d+), (\d+)\)', message)]
    ranges = [(lo, hi) for lo, hi, body in thing.extents if body in bodies]
    if not any(lo <= begin < end <= hi for begin, end in named for lo, hi in ranges):
        return Finding(f'the error of get {thing.name} names {named}, but lost is {ranges}: {message}')
    return None


def counted_by_get(outcome):
    """How many damaged fragments a `get` went around."""
    damage = (parse_json(outcome.stderr) or {}).get('damage') or {'corrupt': {}, 'missing': {}}
    return sum(damage['corrupt'].values()) + sum(damage['missing'].values())


# ---- pbfs verify --json OBJECT -------------------------------------------------------------------------------------------


def judge_verify(thing, wounds, outcome):
    report = parse_json(outcome.stdout)
    if report is None:
        return Finding(f'verify {thing.name} ended with {outcome.exit_code}: {outcome.stderr.decode()}',
                       again=outcome.exit_code == EXIT_UNAVAILABLE)
    if report['unreachable'] > 0:
        return Finding(f'verify {thing.name}: a store does not answer: {report["unsound"]}', again=True)
    if report['fragments'] != len(thing.fragments):
        return Finding(f'verify {thing.name} looked at {report["fragments"]} of {len(thing.fragments)} fragments')
    known = {(f.encoding, f.shard, f.store): f for f in thing.fragments}
    named = {known.get((bad['encoding'], bad['shard'], bad['store'])) for bad in report['unsound']}
    if None in named or not named <= wounds.spoiled | wounds.doubtful:
        return Finding(f'verify {thing.name} names sound fragments: {report["unsound"]}')
    missed = (wounds.spoiled & set(thing.fragments)) - named
    if missed:
        return Finding(f'verify {thing.name} does not name {sorted(missed)}')
    if report['lost_bodies'] != len(lost(thing, named)) or report['sound'] != (not named):
        return Finding(f'verify {thing.name} draws the wrong conclusion: {report}')
    if outcome.exit_code != (EXIT_DATA_LOSS if named else EXIT_OK):
        return Finding(f'verify {thing.name} ended with {outcome.exit_code}')
    return None


def counted_by_verify(outcome):
    report = parse_json(outcome.stdout) or {'missing': 0, 'corrupt': 0}
    return report['missing'] + report['corrupt']
