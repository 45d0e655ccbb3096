"""What stands where in the volume files of the fragment stores (docs/formats/volumes.md, bodies.md), and how to spoil it.

`Disks` are the stores' directories: sound at first, then flipped and cut, and healed again. `Wounds` are what the damage
means for each fragment, known from the format alone: what the stores and the client say is held against it.
"""
import glob
import os
import shutil
import struct
import uuid
from typing import NamedTuple

ALIGN = 4096
RECORD_HEADER = 64
RECORD_FOOTER = 32
FRAGMENT_HEADER = 128
VOLUME_HEADER_COPIES = ((0, 64), (2048, 2112))


class Fragment(NamedTuple):
    """A fragment in a volume. All positions are offsets in the file, ends are exclusive."""
    store: int
    path: str
    begin: int       # of its record
    payload: int     # the fragment itself begins here: header, blocks, trailer
    blocks: int      # [blocks, blocks_end): what reads of the object fetch
    blocks_end: int
    stripe: int      # bytes of each block with its CRC, but the last
    payload_end: int
    end: int         # behind the record's footer
    encoding: str
    body: str
    shard: int
    k: int
    n: int

    def stripes(self, begin, end):
        """Numbers of the blocks that bytes [begin, end) of the volume touch."""
        first, last = max(begin, self.blocks), min(end, self.blocks_end) - 1
        return range((first - self.blocks) // self.stripe, (last - self.blocks) // self.stripe + 1) if first <= last else range(0)


def parse_fragment(store, path, at, data):
    """The fragment whose record begins at `at`, or None if none does."""
    if data[at:at + 4] != b'PBVR' or data[at + 4] != 1 or struct.unpack_from('<Q', data, at + 32)[0] != at:
        return None
    length = struct.unpack_from('<Q', data, at + 8)[0]
    payload = at + RECORD_HEADER
    assert data[payload:payload + 4] == b'PBF1', f'{path}: no fragment in the record at {at}'
    k, n, shard = data[payload + 7:payload + 10]
    block, last_block, stripes = struct.unpack_from('<III', data, payload + 12)
    blocks = payload + FRAGMENT_HEADER
    blocks_end = blocks + (stripes - 1) * (block + 4) + last_block + 4
    return Fragment(store, path, at, payload, blocks, blocks_end, block + 4, payload + length, payload + length + RECORD_FOOTER,
                    str(uuid.UUID(bytes=data[payload + 32:payload + 48])), str(uuid.UUID(bytes=data[payload + 48:payload + 64])),
                    shard, k, n)


def parse_volume(store, path):
    with open(path, 'rb') as file:
        data = file.read()
    found = (parse_fragment(store, path, at, data) for at in range(ALIGN, len(data) - RECORD_HEADER, ALIGN))
    return [fragment for fragment in found if fragment]


class Wounds:
    """Which fragments the damage has hit, and how badly."""

    def __init__(self):
        self.unreadable = {}   # {fragment: numbers of the blocks that are wrong or gone}
        self.spoiled = set()   # any byte of it is wrong or gone: it is not sound
        self.doubtful = set()  # the record around it is damaged: it is lost if the store has to read the volume anew

    def hit(self, fragment, begin, end):
        """Bytes [begin, end) of its volume are not what they were."""
        if stripes := fragment.stripes(begin, end):
            self.unreadable.setdefault(fragment, set()).update(stripes)
        if begin < fragment.payload_end and fragment.payload < end:
            self.spoiled.add(fragment)
        if begin < fragment.end and fragment.begin < end:
            self.doubtful.add(fragment)


class Disks:
    def __init__(self, stores, vault):
        """`stores`: {number: directory}, of stores that do not run. Sound copies go to the directory `vault`."""
        self.stores, self.vault = stores, vault
        self.fragments = []
        for number, directory in stores.items():
            shutil.copytree(directory, self.copy_of(number))
            for path in sorted(glob.glob(os.path.join(directory, 'volume-*'))):
                self.fragments += parse_volume(number, path)
        self.ends = {}  # of the data in each volume that has any
        for fragment in self.fragments:
            self.ends[fragment.path] = max(self.ends.get(fragment.path, 0), fragment.end)
        self.forget()

    def copy_of(self, number):
        return os.path.join(self.vault, f'store-{number}')

    def forget(self):
        """All is sound again."""
        self.wounds, self.undo, self.flipped, self.header_copies = Wounds(), [], set(), set()

    def store_of(self, path):
        return next(number for number, directory in self.stores.items() if path.startswith(directory + os.sep))

    # ---- damage ----------------------------------------------------------------------------------------------------------

    def flip(self, rng):
        """Turns one bit over: mostly anywhere, one in five times in what surrounds fragments, which is a small part."""
        while True:
            path, at = self.near_a_border(rng) if rng.random() < 0.2 else self.anywhere(rng)
            if at < os.path.getsize(path) and (path, at) not in self.flipped:
                break
        self.flipped.add((path, at))
        with open(path, 'r+b') as file:
            file.seek(at)
            old = file.read(1)
            self.undo.append((path, at, old))
            file.seek(at)
            file.write(bytes([old[0] ^ 1 << rng.randrange(8)]))
        self.hit(path, at, at + 1)

    def anywhere(self, rng):
        path = rng.choices(list(self.ends), weights=list(self.ends.values()))[0]
        return path, rng.randrange(self.ends[path])

    def near_a_border(self, rng):
        """In the header of a volume, or the header or footer of a record."""
        fragment = rng.choice(self.fragments)
        begin, end = rng.choice([(0, 64), (2048, 2112), (fragment.begin, fragment.payload), (fragment.payload_end, fragment.end)])
        return fragment.path, rng.randrange(begin, end)

    def truncate(self, rng):
        """Cuts a volume anywhere."""
        path = rng.choice(list(self.ends))
        size = os.path.getsize(path)
        cut = rng.randrange(min(size, self.ends[path]) + 1)
        with open(path, 'r+b') as file:
            file.seek(cut)
            self.undo.append((path, cut, file.read()))
            file.truncate(cut)
        self.hit(path, cut, max(size, self.ends[path]))

    def hit(self, path, begin, end):
        for fragment in self.fragments:
            if fragment.path == path:
                self.wounds.hit(fragment, begin, end)
        for copy in VOLUME_HEADER_COPIES:
            if begin < copy[1] and copy[0] < end:
                self.header_copies.add((path, copy))
        if all((path, copy) in self.header_copies for copy in VOLUME_HEADER_COPIES):  # nothing says whose volume it is
            self.wounds.doubtful.update(fragment for fragment in self.fragments if fragment.path == path)

    def spoil_index(self, number, rng):
        """What a checkpoint may meet: nothing, a flipped bit, its loss. Of a store that does not run."""
        path = os.path.join(self.stores[number], 'index')
        fate = rng.choice(['keep', 'flip', 'lose'])
        if fate == 'lose' and os.path.exists(path):
            os.remove(path)
        if fate == 'flip' and os.path.exists(path):
            with open(path, 'r+b') as file:
                data = bytearray(file.read())
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
                file.seek(0)
                file.write(data)

    # ---- healing ---------------------------------------------------------------------------------------------------------

    def restore(self, number):
        """Puts the sound copy in place of a store that does not run."""
        shutil.rmtree(self.stores[number])
        shutil.copytree(self.copy_of(number), self.stores[number])

    def heal(self, restored):
        """Undoes the damage in place, under running stores, but in those that were restored already."""
        for path, at, old in reversed(self.undo):
            if self.store_of(path) not in restored:
                with open(path, 'r+b') as file:
                    file.seek(at)
                    file.write(old)
        self.forget()
