#!/usr/bin/env python3
"""What a journal of a chaos run says is what was sent and told, also when its writer was killed."""

import os
import tempfile
import unittest

from chaos_journal import Journal, longest_silence, payload, read_journal


class AJournal(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, 'journal')

    def test_tells_what_was_sent_and_how_it_ended(self):
        journal = Journal(self.path)
        first = journal.begin('write', name='a', offset=5, size=3, seed=12)
        journal.end(first, 'done', hlc=7, wid=1)
        second = journal.begin('write', name='a', offset=6, size=3, seed=13)
        one, two = read_journal(self.path)
        self.assertEqual(
            (one.begin['op'], one.begin['offset'], one.end['end'], one.end['hlc']), (first, 5, 'done', 7)
        )
        self.assertEqual((two.begin['op'], two.end), (second, None))

    def test_a_line_that_is_cut_short_is_none(self):
        journal = Journal(self.path)
        journal.end(journal.begin('put', name='a'), 'done')
        journal.begin('put', name='b')
        journal.file.write('{"op": 2, "at": 1, "end": "do')
        journal.file.flush()
        entries = read_journal(self.path)
        self.assertEqual([entry.begin['name'] for entry in entries], ['a', 'b'])
        self.assertIsNone(entries[1].end)

    def test_the_bytes_follow_from_the_seed(self):
        self.assertEqual(payload(5, 100), payload(5, 100))
        self.assertNotEqual(payload(5, 100), payload(6, 100))

    def test_the_longest_silence(self):
        self.assertEqual(longest_silence([5000, 1000, 2500]), 2.5)
        self.assertEqual(longest_silence([]), 0)


if __name__ == '__main__':
    unittest.main()
