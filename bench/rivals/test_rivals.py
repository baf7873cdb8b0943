"""python3 -m unittest test_rivals, in this folder: turns, rest and warnings, without any runtime."""
import itertools
import os
import sys
import time
import unittest

import rivals


class Fake:
    """A runtime of which each run takes so many ms, the first ones after a rest twice that."""

    def __init__(self, ms: float, slow: int) -> None:
        self.ms, self.slow, self.asked = ms, slow, []

    def times(self, window: int, count: int) -> list[float]:
        self.asked.append(count)
        return [2 * self.ms] * min(self.slow, count) + [self.ms] * max(0, count - self.slow)


class Turns(unittest.TestCase):
    def test_runs_that_warm_up_are_not_counted_and_at_least_three_are(self):
        fakes = {"saccade": Fake(2, 1), "slow to wake": Fake(8, 2), "heavy": Fake(30, 1)}
        rounds, restless = rivals.take_turns(fakes, 8, 0, lambda: True)
        self.assertEqual((len(rounds), restless), (5, 0))
        self.assertEqual(rounds[0], {"saccade": 2, "slow to wake": 8, "heavy": 30})
        self.assertEqual([f.asked[1] for f in fakes.values()], [10 + 4, 2 + 3, 1 + 3])

    def test_nobody_always_follows_the_same_one(self):
        names = list("abcde")
        before = {name: set() for name in names}
        for r in range(10):
            order = rivals.in_turn(names, r)
            self.assertEqual(sorted(order), names)
            for a, b in zip(order, order[1:]):
                before[b].add(a)
        self.assertTrue(all(len(found) > 1 for found in before.values()))

    def test_rest_waits_until_nobody_spins_but_not_for_ever(self):
        clock = itertools.chain([0, 0.01, 0.02, 0.03], itertools.repeat(0.03))
        self.assertTrue(rivals.rest(lambda: next(clock)))
        self.assertFalse(rivals.rest(itertools.count(step=0.01).__next__))

    @unittest.skipUnless(sys.platform == "linux", "clocks of other processes")
    def test_what_a_child_spends_is_counted(self):
        before = time.process_time()
        self.assertGreaterEqual(rivals.spent(os.getpid()), 2 * before)  # it is its own child here


class Warnings(unittest.TestCase):
    def test_a_rival_that_was_faster_when_it_was_tried_is_named(self):
        tried = [{"rival": "A", "form": "f", "ms": 8.57}, {"rival": "A", "form": "g", "ms": 9.0}]
        rounds = [{"saccade": 2.0, "A": 21.0}, {"saccade": 2.0, "A": 20.0}, {"saccade": 2.0, "A": 8.4}]
        standings = [rivals.standing("saccade", rounds, "", tried), rivals.standing("A", rounds, "f", tried)]
        self.assertEqual((standings[1]["medianMs"], standings[1]["bestMs"], standings[1]["triedMs"]), (20.0, 8.4, 8.57))
        result = {"threads": 2, "rounds": 3, "restless": 1, "standings": standings}
        slow = "Doubtful, 2 threads: A took 2.3 times as long in the rounds as when it was tried (20.00 and 8.57 ms)."
        restless = "Doubtful, 2 threads: 1 of 6 turns began while a thread of another runtime still used a processor."
        self.assertEqual(rivals.warnings(result), [slow, restless])
        steady = [rivals.standing("A", [{"saccade": 2.0, "A": 9.0}], "f", tried)]
        self.assertEqual(rivals.warnings(result | {"restless": 0, "standings": steady}), [])


if __name__ == "__main__":
    unittest.main()
