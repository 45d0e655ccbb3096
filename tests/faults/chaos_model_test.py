#!/usr/bin/env python3
"""The model of chaos runs accepts every way in which ops in doubt may go, and no other."""

import unittest

from chaos_model import Attempt, Blocks, Name, Op, Thing, judge_history

LATER = 100_000


def thing():
    return Thing(b'aaaaaaaa')


class AThing(unittest.TestCase):
    def sees(self, what, content):
        self.assertIsNone(what.judge_read(0, 100, content))

    def refuses(self, what, content):
        self.assertIsNotNone(what.judge_read(0, 100, content))

    def test_what_was_acknowledged_is_all_that_may_be_read(self):
        a = thing()
        a.done(Op(1, 2, b'bb'))
        self.refuses(a, b'aaaaaaaa')
        self.refuses(a, b'aabbaaa')
        self.sees(a, b'aabbaaaa')
        a.done(Op(2, 6, b'cccc'))
        self.sees(a, b'aabbaacccc')
        a.done(Op(3, 3, None))
        self.sees(a, b'aab')
        a.done(Op(4, 4, None))
        self.sees(a, b'aab\0')

    def test_a_difference_says_where(self):
        difference = thing().judge_read(2, 4, b'aaba')
        self.assertEqual(
            (difference.lo, difference.hi, difference.expected, difference.found), (4, 6, '6161', '6261')
        )

    def test_a_doubt_may_be_or_not_until_it_is_seen(self):
        a = thing()
        a.doubt(Op(1, 0, b'bb'))
        self.sees(a, b'aaaaaaaa')
        self.sees(a, b'bbaaaaaa')
        self.refuses(a, b'aaaaaaaa')
        self.assertTrue(a.settled())

    def test_a_doubt_is_whole_or_not_at_all(self):
        a = thing()
        a.doubt(Op(1, 0, b'bb'))
        self.refuses(a, b'baaaaaaa')
        self.assertIsNone(a.judge_read(1, 1, b'b'))
        self.assertIsNotNone(a.judge_read(0, 1, b'a'))

    def test_a_doubt_lies_below_what_was_sent_later(self):
        a = thing()
        a.doubt(Op(1, 0, b'bbbb'))
        a.done(Op(2, 1, b'c'))
        self.refuses(a, b'bbbbaaaa')
        self.sees(a, b'bcbbaaaa')

    def test_a_doubt_that_a_later_write_overtook_never_comes(self):
        a = thing()
        a.doubt(Op(1, 0, b'bb'))
        a.done(Op(2, 4, b'c'))
        self.sees(a, b'aaaacaaa')
        self.refuses(a, b'bbaacaaa')

    def test_unless_the_clock_of_a_new_life_may_be_behind(self):
        a = thing()
        a.doubt(Op(1, 0, b'bb', life=0, ended_ms=0))
        a.done(Op(2, 4, b'c', life=1, ended_ms=1000))
        self.sees(a, b'aaaacaaa')
        self.sees(a, b'bbaacaaa')
        b = thing()
        b.doubt(Op(1, 0, b'bb', life=0, ended_ms=0))
        self.assertFalse(b.at_rest(1000))
        self.assertTrue(b.at_rest(LATER))
        b.done(Op(2, 4, b'c', life=1, ended_ms=LATER))
        self.sees(b, b'aaaacaaa')
        self.refuses(b, b'bbaacaaa')

    def test_two_doubts_go_each_its_way(self):
        for content in (b'aaaaaaaa', b'bbaaaaaa', b'bccaaaaa', b'accaaaaa'):
            a = thing()
            a.doubt(Op(1, 0, b'bb'))
            a.doubt(Op(2, 1, b'cc'))
            self.sees(a, content)
        self.refuses(a, b'abcaaaaa')

    def test_of_a_shared_object_ours_is_judged(self):
        a = Thing(b'aabbaabb', owned=Blocks(0, 2))
        self.sees(a, b'aaxxaayy')
        self.refuses(a, b'aaxxaxyy')
        self.refuses(a, b'aaxxaayyy')
        self.assertIsNone(a.judge_read(1, 4, b'axxa'))
        self.assertEqual(a.judge_read(1, 4, b'axxx').lo, 4)


class AName(unittest.TestCase):
    def test_one_of_two_and_the_old_one_only_before_the_new_one(self):
        name = Name(Thing(b'old'), Thing(b'new'))
        self.assertIsNotNone(name.judge_read(b'odd'))
        self.assertIsNotNone(name.judge_unbound())
        self.assertIsNone(name.judge_read(b'old'))
        self.assertIsNone(name.judge_read(b'new'))
        self.assertIsNotNone(name.judge_read(b'old'))

    def test_a_delete(self):
        name = Name(Thing(b'old'), None)
        self.assertIsNone(name.judge_read(b'old'))
        self.assertIsNone(name.judge_unbound())
        self.assertIsNotNone(name.judge_read(b'old'))


class AHistory(unittest.TestCase):
    FIRST = b'aaaa'
    SENT = [
        Attempt(0, 1, 1, b'bb', (5, 1), False),
        Attempt(1, 1, 2, b'c', None, True),
        Attempt(1, 2, 0, b'd', None, False),
    ]

    def judge(self, writes, content):
        return judge_history(self.FIRST, self.SENT, [(1, 9, 0, 4), *writes], content)

    def test_the_truth_passes(self):
        self.assertIsNone(self.judge([(5, 1, 1, 3)], b'abba'))
        self.assertIsNone(self.judge([(5, 1, 1, 3), (6, 2, 2, 3)], b'abca'))
        self.assertIsNone(self.judge([(5, 1, 1, 3), (4, 2, 2, 3)], b'abba'))

    def test_lies(self):
        self.assertIn('gone', self.judge([], b'aaaa'))
        self.assertIn('by its history', self.judge([(5, 1, 1, 3)], b'aaaa'))
        self.assertIn('nobody made', self.judge([(5, 1, 1, 3), (6, 2, 0, 1)], b'dbba'))
        self.assertIn('nobody made', self.judge([(5, 1, 1, 3), (6, 2, 2, 3), (7, 2, 2, 3)], b'abca'))
        self.assertIn('is at', self.judge([(5, 1, 0, 2)], b'bbaa'))


if __name__ == '__main__':
    unittest.main()
