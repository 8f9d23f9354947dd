"""A pytest plugin for the core on its lowest versions: what stops at a missing extra is skipped, all else must pass."""

from collections.abc import Generator

import pytest

EXTRAS = {
    "torch", "torch_geometric", "lightning", "safetensors", "PIL", "matplotlib", "optuna", "pymoo", "syne_tune",
    "torchmetrics", "ray", "submitit", "ConfigSpace", "mlcroissant", "huggingface_hub",
}  # fmt: skip
# Old versions use what newer ones below them deprecate (typer of click, matplotlib of pyparsing); ours may not.
DEPRECATIONS = ["ignore::DeprecationWarning", r"error::DeprecationWarning:(benchmarks|encoders|surrogates|tests)\b"]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Deprecations count where our code causes them."""
    for line in DEPRECATIONS:
        early_config.addinivalue_line("filterwarnings", line)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file that imports what is missing is left out."""
    report = yield
    call = getattr(report, "call", None)
    if report.failed and call is not None and call.excinfo and (name := _missing(call.excinfo.value)):
        report.outcome, report.longrepr = "skipped", (str(collector.path), 0, f"Skipped: needs {name}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """So is a test that gets to it."""
    report = yield
    if report.failed and call.excinfo and (name := _missing(call.excinfo.value)):
        report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"Skipped: needs {name}")
    return report


def _missing(error: BaseException | None) -> str | None:
    """The extra's package that was not there, if that is why `error` came about."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in EXTRAS:
            return error.name
        error = error.__cause__ or error.__context__
    return None
