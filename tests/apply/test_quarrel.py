from pattern_operator.apply.quarrel import LONGEST, PATIENCE, SOON, Quarrel


def test_a_few_repairs_are_made_at_once():
    quarrel = Quarrel()

    for second in range(PATIENCE):
        assert quarrel.pause(float(second)) == 0.0
        quarrel.repaired(float(second))

    assert not quarrel.going_on
    assert quarrel.pause(float(PATIENCE)) == 0.0


def test_repairs_that_are_undone_each_time_are_spaced_out_up_to_a_limit():
    quarrel, now, pauses = Quarrel(), 0.0, []

    for _ in range(PATIENCE + 12):
        pauses.append(quarrel.pause(now))
        now += pauses[-1]
        quarrel.repaired(now)
        now += 0.1

    assert pauses[PATIENCE + 1 : PATIENCE + 4] == [2.0, 4.0, 8.0]
    assert pauses[-1] == LONGEST
    assert quarrel.going_on


def test_the_pause_ends():
    quarrel = Quarrel()
    for _ in range(PATIENCE + 1):
        quarrel.repaired(0.0)

    pause = quarrel.pause(1.0)

    assert quarrel.is_quiet(1.0 + pause / 2)
    assert not quarrel.is_quiet(1.0 + pause)


def test_a_change_long_after_a_repair_is_no_quarrel():
    quarrel = Quarrel()
    for _ in range(PATIENCE + 3):
        quarrel.repaired(0.0)

    assert quarrel.pause(SOON + 1) == 0.0
    quarrel.repaired(SOON + 1)
    assert quarrel.repairs == 1
