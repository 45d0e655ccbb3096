#!/usr/bin/env python3
"""The judge of corruption runs notices every kind of lie: each test tells it one, beside the truth."""
import json
import unittest

from corruption_judge import Outcome, Thing, judge_get, judge_verify
from volumes import Fragment, Wounds

CONTENT = bytes(range(256)) * 4


def fragment(shard, encoding='e', body='b', n=6):
    """Shard j in store j + 1, at 4096 of its volume."""
    return Fragment(shard + 1, f'volume-{shard}', 4096, 4160, 4288, 4800, 128, 4900, 4932, encoding, body, shard, 4, n)


FRAGMENTS = [fragment(shard) for shard in range(6)]
THING = Thing('b/x', 'id-of-x', CONTENT, FRAGMENTS, [(0, 1024, 'b')], whole=True)


def wounds(*shards):
    found = Wounds()
    for shard in shards:
        found.hit(FRAGMENTS[shard], 4300, 4301)
    return found


def got(content=CONTENT, corrupt=(), late=0):
    damage = {'corrupt': {str(store): 1 for store in corrupt}, 'missing': {}, 'calls_not_waited_for': late}
    return Outcome(0, content, json.dumps({'damage': damage}).encode())


def refused(message='object id-of-x bytes [0, 4096): bytes [0, 1024) of body b: lost', code='DATA_LOSS', exit_code=6, stdout=b''):
    return Outcome(exit_code, stdout, json.dumps({'error': {'code': code, 'message': message}}).encode())


def verified(*bad, **changes):
    report = {'sound': not bad, 'fragments': 6, 'missing': 0, 'corrupt': len(bad), 'unreachable': 0, 'lost_bodies': int(len(bad) > 2),
              'unsound': [{'encoding': 'e', 'shard': shard, 'store': shard + 1} for shard in bad]}
    report.update(changes)
    return Outcome(6 if bad else 0, json.dumps(report).encode(), b'')


class GetIsJudged(unittest.TestCase):
    def accepts(self, done, *bad):
        self.assertIsNone(judge_get(THING, wounds(*bad), done))

    def objects(self, done, *bad, to):
        finding = judge_get(THING, wounds(*bad), done)
        self.assertIsNotNone(finding)
        self.assertIn(to, finding.what)

    def test_the_truth_passes(self):
        self.accepts(got())
        self.accepts(got(corrupt=[1, 2]), 0, 1)
        self.accepts(got(), 4, 5)  # parity is not asked for
        self.accepts(got(late=1), 0)  # the store was slow, and another's answer was there first
        self.accepts(refused(), 0, 1, 5)

    def test_wrong_bytes(self):
        wrong = bytearray(CONTENT)
        wrong[700] ^= 1
        self.objects(got(bytes(wrong)), to='WRONG BYTES of b/x from byte 700')
        self.objects(got(CONTENT[:-1]), to='came short')
        self.objects(got(CONTENT + b'x'), to='WRONG BYTES')
        self.objects(refused(stdout=b'x'), 0, 1, 2, to='WRONG BYTES')

    def test_loss_that_is_none_and_success_that_cannot_be(self):
        self.objects(refused(), 0, 1, to='at most m')
        self.objects(got(corrupt=[1, 2, 3]), 0, 1, 2, to='they were not')

    def test_damage_in_different_stripes_may_be_read_around(self):
        found = wounds(0, 1)
        found.hit(FRAGMENTS[2], 4799, 4800)
        self.assertIsNone(judge_get(THING, found, got(corrupt=[1, 2, 3])))
        self.assertIsNone(judge_get(THING, found, refused()))

    def test_counts(self):
        self.objects(got(), 0, to='does not count')
        self.objects(got(corrupt=[1, 5]), 0, to='which have none')
        self.objects(Outcome(0, CONTENT, b'{}'), 0, to='does not say')

    def test_an_error_that_names_too_little(self):
        self.objects(refused('bytes [0, 1024) lost'), 0, 1, 2, to='name the object')
        self.objects(refused('object id-of-x is lost'), 0, 1, 2, to='names []')
        self.objects(refused('object id-of-x bytes [0, 4096)'), 0, 1, 2, to='names [(0, 4096)]')

    def test_other_endings(self):
        self.objects(refused(code='UNAVAILABLE', exit_code=5), 0, 1, 2, to='ended with 5')
        self.objects(Outcome(1, b'', b'what?'), to='ended with 1')


class VerifyIsJudged(unittest.TestCase):
    def accepts(self, done, *bad):
        self.assertIsNone(judge_verify(THING, wounds(*bad), done))

    def objects(self, done, *bad, to):
        finding = judge_verify(THING, wounds(*bad), done)
        self.assertIsNotNone(finding)
        self.assertIn(to, finding.what)

    def test_the_truth_passes(self):
        self.accepts(verified())
        self.accepts(verified(1), 1)
        self.accepts(verified(0, 2, 5), 0, 2, 5)

    def test_a_lost_footer_may_or_may_not_show(self):
        found = Wounds()
        found.hit(FRAGMENTS[3], 4910, 4911)
        self.assertIsNone(judge_verify(THING, found, verified()))
        self.assertIsNone(judge_verify(THING, found, verified(3)))

    def test_lies(self):
        self.objects(verified(), 1, to='does not name')
        self.objects(verified(2), 1, to='names sound fragments')
        self.objects(verified(1, fragments=5), 1, to='looked at 5 of 6')
        self.objects(verified(0, 1, 2, lost_bodies=0), 0, 1, 2, to='wrong conclusion')
        self.objects(verified(1, sound=True), 1, to='wrong conclusion')
        self.objects(verified(1)._replace(exit_code=0), 1, to='ended with 0')
        self.objects(Outcome(5, b'', b'nobody answers'), to='ended with 5')


if __name__ == '__main__':
    unittest.main()
