"""What `benchmarks` offers, and nothing else."""

import benchmarks


def test_every_name_is_there_and_listed() -> None:
    for name in benchmarks.__all__:
        assert getattr(benchmarks, name) is not None
    assert dir(benchmarks) == sorted(benchmarks.__all__)
    assert "version" not in dir(benchmarks)
