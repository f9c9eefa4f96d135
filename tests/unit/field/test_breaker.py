"""A silent controller is asked ever less often, and all of them together cost a line little."""

from shared.field.breaker import Breaker, LossBudget


def test_probes_grow_rarer_and_one_answer_closes_it() -> None:
    breaker = Breaker(open_after=2, probe_after_s=(5.0, 15.0))
    breaker.failed(0.0)
    assert breaker.allows(0.0)
    breaker.failed(1.0)
    assert (False, True) == (breaker.allows(5.9), breaker.allows(6.0))
    breaker.failed(6.0)
    assert (False, True) == (breaker.allows(20.9), breaker.allows(21.0))
    breaker.failed(21.0)
    assert not breaker.allows(35.9)
    breaker.answered()
    assert breaker.allows(36.0)
    assert not breaker.is_open


def test_it_tells_how_it_stands_and_since_when() -> None:
    breaker = Breaker(open_after=2, probe_after_s=(5.0, 15.0))
    breaker.failed(0.0)
    assert "closed" == breaker.state(0.5)
    breaker.failed(1.0)
    assert ("open", "probing") == (breaker.state(5.9), breaker.state(6.0))
    breaker.failed(6.0)
    assert ("open", 1.0, 21.0) == (breaker.state(6.1), breaker.opened_at_s, breaker.probe_at_s)
    breaker.answered()
    assert "closed" == breaker.state(21.0)


def test_a_single_miss_is_tried_again_at_once() -> None:
    budget = LossBudget(share=0.1, burst_s=2.0, left_s=2.0)
    budget.spend(0.5)
    assert budget.allows(0.0)


def test_in_the_long_run_no_more_than_the_share_is_lost() -> None:
    budget = LossBudget(share=0.1, burst_s=2.0, left_s=2.0)
    now_s = lost_s = 0.0
    while now_s < 1000:
        if budget.allows(now_s):
            budget.spend(0.8)
            lost_s += 0.8
            now_s += 0.8
        else:
            now_s += 0.05
    assert lost_s <= 1000 * 0.1 + 2.0 + 0.8
