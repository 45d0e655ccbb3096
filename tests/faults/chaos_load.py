#!/usr/bin/env python3
"""The driver of one client of a chaos run: asks a client process for a mix of operations, keeps a journal of what it
sent and was told, and holds every read against that. Started by chaos.py:

  chaos_load.py DIRECTORY NUMBER SEED PROGRAM CLIENT.JSON

In the directory it makes client-N/: pid (of the client process), journal.jsonl, checked.json, cleaned.json; and
violation.json when something was wrong, with exit code 1. It works until the file `phase` says `check` (read all
back), and then `clean` (remove all).
"""

import json
import os
import random
import sys
import time

from chaos_executor import Died, Executor, Stuck
from chaos_journal import Journal, now_ms, payload
from chaos_model import Blocks, Name, Op, Thing

BUCKET = 'chaos'
CLIENTS = 8
NAMES = 6  # that a client has, about
LARGEST = 1 << 20  # bytes of an object
MOST_DOUBTS = 4  # of one object, before it is left alone for a while
SHARED_SIZE = 1 << 19
SHARED_BLOCK = 5000  # of objects whose blocks are two clients' in turn
PAUSE = 0.03  # seconds between operations, on average
TIMEOUT = 20  # of an operation
CHECK_SECONDS = 180  # for all to be read back once nothing is broken any more

# What an operation may end with while things are broken. Anything else is wrong.
BROKEN = {'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'ABORTED'}
CLOCKS = 'FAILED_PRECONDITION'  # what tells the user to set a clock


class Violation(Exception):
    pass


def blocks_object(client):
    """Of clients 0 and 1, 2 and 3 ..."""
    return f'shared/blocks-{client // 2}'


def anywhere_object(client):
    """Of clients 0 and 1, 2 and 3 ..., who both write where they like; chaos.py judges it by its history."""
    return f'shared/anywhere-{client // 2}'


def first_content(name):
    return payload(name, SHARED_SIZE)


class Driver:
    def __init__(self, directory, number, seed, program, config):
        self.number, self.root, self.home = number, directory, os.path.join(directory, f'client-{number}')
        os.makedirs(self.home, exist_ok=True)
        self.rng = random.Random(f'{seed}/{number}')
        self.journal = Journal(os.path.join(self.home, 'journal.jsonl'))
        self.log = open(os.path.join(self.home, 'log'), 'a')
        self.executor = Executor(
            [program, config, BUCKET], dict(os.environ, **self.clock()), self.log, os.path.join(self.home, 'pid')
        )
        self.things = {}  # name: Thing
        self.doubtful = {}  # name: Name
        self.made = 0
        self.shared = {}

    def clock(self):
        """The environment that lets chaos.py set the clock of the client process."""
        library = os.environ.get('CHAOS_FAKETIME')
        if not library:
            return {}
        return {
            'LD_PRELOAD': library,
            'FAKETIME_DONT_FAKE_MONOTONIC': '1',
            'FAKETIME_CACHE_DURATION': '1',
            'FAKETIME_TIMESTAMP_FILE': os.path.join(self.root, 'clocks', f'client-{self.number}'),
        }

    # ---- one operation ---------------------------------------------------------------------------

    def ask(self, request, data=b'', timeout=TIMEOUT):
        """(how it ended, the answer, its bytes); a client process that is gone is started again first."""
        self.executor_lives()
        try:
            answer, found = self.executor.call(request, data, timeout)
        except Died:
            return 'died', {}, b''
        except Stuck:
            raise Violation(f'{request} has not ended after {timeout + Executor.PATIENCE} s') from None
        if 'code' not in answer:
            return 'done', answer, found
        self.allow(request, answer)
        return ('doubt' if answer['in_doubt'] else 'failed'), answer, b''

    def executor_lives(self):
        while not self.executor.alive():
            try:
                self.executor.start()
            except Died:
                time.sleep(0.2)
            except Stuck:
                raise Violation('a client process has not opened its bucket after 300 s') from None

    def allow(self, request, answer):
        code = answer['code']
        if code in BROKEN or code == CLOCKS and 'clock' in answer['message']:
            return
        if code == 'NOT_FOUND' and request.get('may_be_gone'):
            return
        raise Violation(f'{request} ended with {answer["message"]}')

    def change(self, kind, request, data=b'', **what):
        """The same for what changes something, with its journal. Also its number."""
        if not self.executor.alive():
            self.executor_lives()
            return 'failed', {}, 0  # what may be changed depends on who lives: choose again
        number = self.journal.begin(kind, **what)
        how, answer, _ = self.ask(dict(request, op=kind), data)
        told = {key: answer[key] for key in ('object', 'hlc', 'wid', 'lo', 'code', 'message') if key in answer}
        self.journal.end(number, how, **told)
        return ('doubt' if how == 'died' else how), answer, number

    def read(self, thing, offset, size, timeout=TIMEOUT):
        """Whether it could be read; raises if it read wrong."""
        at = now_ms()
        how, _, found = self.ask(
            {'op': 'read', 'object': thing.object_id, 'offset': offset, 'size': size}, timeout=timeout
        )
        self.note('read', at, how)
        if how != 'done':
            return False
        difference = thing.judge_read(offset, size, found)
        if difference:
            raise Violation(
                f'object {thing.object_id} ({self.name_of(thing)}), a read of [{offset}, {offset + size}): {difference}'
            )
        return True

    def note(self, kind, at, how):
        """What changes nothing needs no place on the disk."""
        self.journal.ops += 1
        self.journal.write({'op': self.journal.ops, 'at': at, 'kind': kind}, durably=False)
        self.journal.end(self.journal.ops, how, durably=False)

    def name_of(self, thing):
        return next(
            (name for name, other in [*self.things.items(), *self.shared.items()] if other is thing), 'no name'
        )

    # ---- the mix ---------------------------------------------------------------------------------

    def run(self):
        self.open_shared()
        mix = [
            (self.put, 10),
            (self.write, 34),
            (self.append, 5),
            (self.truncate, 3),
            (self.read_range, 20),
            (self.read_whole, 9),
            (self.remove, 4),
            (self.clone, 4),
            (self.rehome, 3),
            (self.read_doubtful, 3),
            (self.share_blocks, 9),
            (self.share_anywhere, 4),
        ]
        operations, weights = zip(*mix)
        while self.phase() == 'load':
            self.rng.choices(operations, weights)[0]()
            time.sleep(self.rng.expovariate(1 / PAUSE))
        self.check()
        self.await_phase('clean')
        self.clean()

    def phase(self):
        with open(os.path.join(self.root, 'phase')) as file:
            return file.read().strip()

    def await_phase(self, phase):
        while self.phase() != phase:
            time.sleep(0.2)

    def open_shared(self):
        for name, owned in (
            (blocks_object(self.number), Blocks(self.number % 2, SHARED_BLOCK)),
            (anywhere_object(self.number), None),
        ):
            how = None
            while how != 'done':
                how, answer, _ = self.ask({'op': 'find', 'name': name})
            self.shared[name] = Thing(first_content(name), answer['object'], owned)

    def size(self, most):
        return int(2 ** self.rng.uniform(0, (most).bit_length() - 1))

    def pick(self):
        """(name, thing), or None."""
        return self.rng.choice(sorted(self.things.items())) if self.things else None

    def to_change(self):
        """The same of those that may be changed now."""
        now = now_ms()
        usable = [(name, thing) for name, thing in sorted(self.things.items()) if self.usable(thing, now)]
        return self.rng.choice(usable) if usable else None

    def usable(self, thing, now):
        if len(thing.doubts) > 2 * MOST_DOUBTS or len(thing.doubts) > MOST_DOUBTS and not thing.at_rest(now):
            return False
        # What a client process that is gone has sent may still come: a new one writes there when its order is surely
        # greater.
        return thing.at_rest(now) or all(
            op.life == self.executor.lives for op in thing.ops if op.number in thing.open
        )

    def put(self):
        old = None
        if len(self.things) >= NAMES:
            picked = self.to_change()
            if picked is None or not picked[1].settled():
                return
            name, old = picked
        else:
            name = self.new_name()
        seed, size = self.rng.getrandbits(60), self.size(LARGEST)
        data = payload(seed, size)
        how, answer, _ = self.change('put', {'name': name}, data, name=name, size=size, seed=seed)
        self.renamed(name, how, old, Thing(data, answer.get('object', '')))

    def new_name(self):
        self.made += 1
        return f'client-{self.number}/{self.made}'

    def renamed(self, name, how, old, new):
        """A name that was `old` was to become `new`; None: unbound."""
        if how == 'failed':
            return
        self.things.pop(name, None)
        if how == 'doubt':
            self.doubtful[name] = Name(old, new)
        elif new is not None:
            self.things[name] = new

    def write(self, picked=None):
        picked = picked or self.to_change()
        if picked is None:
            return
        name, thing = picked
        size = self.size(1 << 17)
        # Now and then beyond the end, which leaves zeros between.
        offset = self.rng.randrange(max(1, min(LARGEST, thing.size() + (4096 if self.rng.random() < 0.1 else 0))))
        self.patch(name, thing, 'write', offset, size, {'object': thing.object_id, 'offset': offset})

    def append(self):
        picked = self.to_change()
        if picked is None or not picked[1].settled() or picked[1].size() > LARGEST:
            return
        name, thing = picked
        size = self.size(1 << 14)
        self.patch(name, thing, 'append', thing.size(), size, {'object': thing.object_id})

    def patch(self, name, thing, kind, offset, size, request):
        seed = self.rng.getrandbits(60)
        data = payload(seed, size)
        how, answer, number = self.change(
            kind, request, data, name=name, object=thing.object_id, offset=offset, size=size, seed=seed
        )
        if how == 'done' and answer['lo'] != offset:
            raise Violation(f'{kind} to {thing.object_id} ({name}) went to {answer["lo"]} instead of {offset}')
        self.happened(thing, how, Op(number, offset, data, self.executor.lives, now_ms()))

    def happened(self, thing, how, op):
        if how == 'done':
            thing.done(op)
        elif how == 'doubt':
            thing.doubt(op)

    def truncate(self):
        picked = self.to_change()
        if picked is None or not picked[1].settled():
            return
        name, thing = picked
        size = self.rng.randrange(1, 2 + int(1.2 * thing.size()))
        how, _, number = self.change(
            'truncate', {'object': thing.object_id, 'size': size}, name=name, object=thing.object_id, offset=size
        )
        self.happened(thing, how, Op(number, size, None, self.executor.lives, now_ms()))

    def read_range(self):
        picked = self.pick()
        if picked is not None:
            size = self.size(1 << 18)
            self.read(picked[1], self.rng.randrange(1 + picked[1].size()), size)

    def read_whole(self):
        picked = self.pick()
        if picked is not None:
            self.read(picked[1], 0, 2 * LARGEST)

    def remove(self):
        picked = self.to_change()
        if picked is None or not picked[1].settled():
            return
        name, thing = picked
        at = now_ms()
        how, _, _ = self.change('unbind', {'name': name}, name=name)
        self.renamed(name, how, thing, None)
        if how == 'done' and self.rng.random() < 0.5:
            self.restore(name, thing, at)

    def restore(self, name, thing, removed_at):
        how, answer, _ = self.change('restore', {'name': name, 'may_be_gone': True}, name=name)
        # The collector may take it a minute after it was removed; clocks may be off by a third of that.
        if answer.get('code') == 'NOT_FOUND' and now_ms() - removed_at < 40_000:
            raise Violation(f'{name} was removed just now and cannot be restored: {answer["message"]}')
        if how == 'done' and answer['object'] != thing.object_id:
            raise Violation(f'{name} was {thing.object_id} and came back as {answer["object"]}')
        self.renamed(name, how, None, thing)

    def clone(self):
        picked = self.to_change()
        if picked is None or not picked[1].settled() or len(self.things) > NAMES:
            return
        name, thing = picked
        to = self.new_name()
        how, answer, _ = self.change('clone', {'name': name, 'to': to}, name=name, to=to)
        self.renamed(to, how, None, Thing(thing.base, answer.get('object', '')))

    def rehome(self):
        picked = self.pick()
        if picked is not None:
            self.change('rehome', {'object': picked[1].object_id}, name=picked[0], object=picked[1].object_id)

    def read_doubtful(self):
        if self.doubtful:
            self.read_name(*self.rng.choice(sorted(self.doubtful.items())))

    def read_name(self, name, doubt, timeout=TIMEOUT):
        """Whether that could be read. What is certain then is an object like others again."""
        at = now_ms()
        how, answer, _ = self.ask(
            {'op': 'find', 'name': name, 'may_be_gone': doubt.may_be_unbound()}, timeout=timeout
        )
        if answer.get('code') == 'NOT_FOUND':
            wrong = doubt.judge_unbound()
        elif how == 'done':
            # A put that is still to come may take away what the name had.
            how, _, found = self.ask(
                {'op': 'read', 'object': answer['object'], 'offset': 0, 'size': 2 * LARGEST, 'may_be_gone': True},
                timeout=timeout,
            )
            wrong = doubt.judge_read(found) if how == 'done' else None
        else:
            wrong = None
        self.note('read', at, how if not wrong else 'failed')
        if wrong:
            raise Violation(f'{name}: {wrong}')
        return how == 'done' or answer.get('code') == 'NOT_FOUND'

    def share_blocks(self):
        name = blocks_object(self.number)
        thing = self.shared[name]
        if self.rng.random() < 0.4:
            self.read(thing, self.rng.randrange(SHARED_SIZE), self.size(1 << 17))
        elif self.usable(thing, now_ms()):
            blocks = SHARED_SIZE // SHARED_BLOCK
            number = self.rng.randrange(blocks // 2) * 2 + self.number % 2
            lo = number * SHARED_BLOCK + self.rng.randrange(SHARED_BLOCK)
            size = self.rng.randrange(1, (number + 1) * SHARED_BLOCK - lo + 1)
            self.patch(name, thing, 'write', lo, size, {'object': thing.object_id, 'offset': lo})

    def share_anywhere(self):
        name = anywhere_object(self.number)
        size = self.rng.randrange(64, 1 << 16)
        offset, seed = self.rng.randrange(SHARED_SIZE - size), self.rng.getrandbits(60)
        object_id = self.shared[name].object_id
        self.change(
            'write',
            {'object': object_id, 'offset': offset},
            payload(seed, size),
            name=name,
            object=object_id,
            offset=offset,
            size=size,
            seed=seed,
        )

    # ---- the end ---------------------------------------------------------------------------------

    def check(self):
        """Nothing is broken any more: everything must read, and right."""
        deadline = time.monotonic() + CHECK_SECONDS
        things = [*self.things.values(), self.shared[blocks_object(self.number)]]
        for thing in things:
            self.until(
                deadline,
                f'object {thing.object_id} ({self.name_of(thing)})',
                lambda: self.read(thing, 0, 2 * LARGEST),
            )
        for name, doubt in list(self.doubtful.items()):
            self.until(deadline, name, lambda: self.read_name(name, doubt))
        self.write_file(
            'checked.json',
            {'objects': len(things), 'names in doubt': len(self.doubtful), 'lives': self.executor.lives},
        )

    def until(self, deadline, what, attempt):
        while not attempt():
            if time.monotonic() > deadline:
                raise Violation(f'{what} cannot be read although nothing is broken any more')
            time.sleep(0.5)

    def clean(self):
        deadline = time.monotonic() + CHECK_SECONDS
        for name in [*self.things, *self.doubtful]:
            self.until(deadline, f'{name}, which is to be removed,', lambda: self.gone(name))
        self.write_file('cleaned.json', {})

    def gone(self, name):
        how, answer, _ = self.ask({'op': 'unbind', 'name': name, 'may_be_gone': True})
        return how == 'done' or answer.get('code') == 'NOT_FOUND'

    def write_file(self, name, what):
        path = os.path.join(self.home, name)
        with open(path + '.new', 'w') as file:
            json.dump(what, file)
        os.rename(path + '.new', path)


def main():
    directory, number, seed, program, config = sys.argv[1:]
    driver = Driver(directory, int(number), seed, program, config)
    try:
        driver.run()
    except Violation as violation:
        driver.write_file('violation.json', {'what': str(violation), 'at': now_ms()})
        return 1
    finally:
        driver.executor.end()
    return 0


if __name__ == '__main__':
    sys.exit(main())
