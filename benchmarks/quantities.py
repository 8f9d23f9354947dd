"""What the name of a quantity says: whether lower is better, whether it is a cost, whether it is a result at all.

Names of a user's own tasks are free text, such as ``test_error`` or ``edgegpu_energy``. Their words decide only what
must be asked: a name that sounds as if lower were better is refused unless its direction is stated.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["is_bookkeeping", "is_cost", "lower_is_better", "unit_of", "words_of"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COSTS = _words(
    """
    area bits byte bytes carbon co2 cost cycles delay duration emission edp elapsed emissions energy expense
    flop flops footprint gb gflop gflops hour hours intensity joule joules kb kwh latency mac macs madd madds mb
    memory mflop mflops millisecond milliseconds minute minutes mj ms multiply multiplyadds opcount overhead
    param parameter parameters params price ram runtime sec second seconds storage throughput time vram
    wallclock walltime watt watts fps
    """
)
"""Words of what an architecture costs to run or to train: they depend on every operation, also on dead ones."""

_HIGHER_COSTS = frozenset({"fps", "intensity", "throughput"})

_LOWER = _COSTS - _HIGHER_COSTS | _words(
    """
    absrel bpc bpd brier cer clock crossentropy degradation deviance deviation discrepancy disparity dist
    distance divergence drop ece entropy err error errors failure failures false fid fnr fpr gap hamming
    hausdorff impurity inconsistency kl l1 l2 loss losses lpips mae mape mpjpe misclassification misclassified
    mispredictions mistake mistakes mre mse msle nll nmse penalty perplexity ppl rank regret residual residuals
    risk rmse rmsle rse sd sse std stderr variance violation violations wer xent
    """
)
_SUFFIXES = ("crossentropy", "divergence", "energy", "error", "latency", "loss", "memory", "perplexity", "regret")
_HIGHER = _words(
    """
    acc accuracy ap auc auroc agreement coverage dice effectiveness efficiency f1 fidelity fps free gain iou
    improvement jaccard kappa kendall likelihood loglikelihood map mcc miou ndcg precision psnr quality r2
    recall reduction reward rho robustness saving savings spearman speed speedup ssim success tau throughput
    top1 top5 tpr utility
    """
)
_IN_COMPANY = frozenset({"power", "size"})
"""Words that are costs beside another word (``model_size``), and may be anything alone."""
_WORD = re.compile(r"[A-Z]+s?(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[A-Z]|[0-9]+")
_HUMPED = ("mIoU", "IoU", "mAP")
_NEGATIONS = frozenset({"inv", "inverse", "minus", "neg", "negated", "negative", "reciprocal"})

_BOOKKEEPING = _words(
    """
    batch batchsize bracket budget commit count created date datetime device dropout epoch epochs finished fold
    generation gpu hash host hostname id idx index indomain iter iteration iterations job jobid learningrate
    level0 lr momentum no node novelty nr num number of pid population process rank rep repeat repetition replica
    replicate resolution round row run runid seed seeds source split started step steps timestamp trial trialid
    trials uid uuid version wd weightdecay worker
    """
)
_BESIDE_BOOKKEEPING = _words("arch at best first git global last max min n num optimizer optimiser random total")
_BOOKKEEPING_ENDS = _words("ci fold hash id idx index iteration rank sd seed sem std stderr uid uuid")


_UNITS = {
    "ns": "ns", "us": "us", "ms": "ms", "s": "s", "sec": "s", "second": "s", "seconds": "s", "millisecond": "ms",
    "milliseconds": "ms", "minutes": "min", "hours": "h", "uj": "uJ", "mj": "mJ", "j": "J", "joule": "J", "joules": "J",
    "wh": "Wh", "kwh": "kWh", "mw": "mW", "w": "W", "watt": "W", "watts": "W", "byte": "B", "bytes": "B", "kb": "kB",
    "mb": "MB", "gb": "GB", "kib": "KiB", "mib": "MiB", "gib": "GiB", "mm2": "mm2", "usd": "USD",
}  # fmt: skip
"""Last word of the name of a cost -> its unit."""
_MEGA = ("MJ", "MW")  # not milli, and no unit of a network's costs


def unit_of(name: str) -> str:
    """The unit that the name of a cost ends with; ``"-"``, for a number without a unit, if it ends with none.

    Example:
        >>> [unit_of(name) for name in ("latency_ms", "edgegpu_energy_mJ", "fpga_latency", "images_per_second")]
        ['ms', 'mJ', '-', '-']
    """
    *before, last = re.split("[^A-Za-z0-9]+", name.rpartition("/")[2])
    if not before or "per" in before or last in _MEGA or not is_cost(name):
        return "-"
    return _UNITS.get(last.casefold(), "-")


def lower_is_better(name: str) -> bool:
    """Whether the words of a name say that lower values are better: errors, losses, distances, costs.

    The last word that says anything decides: ``accuracy_loss`` is a loss, ``time_series_accuracy`` an accuracy. A
    negation reverses it: ``neg_loss`` is better when higher, ``1 - accuracy`` when lower.

    Example:
        >>> [lower_is_better(name) for name in ("test_error", "edgegpu_energy", "neg_loss", "depth_estimation")]
        [True, True, False, False]
    """
    words = words_of(name)
    said = [_told(word) for word in _heads(words) if _told(word) in _HIGHER or _is_lower(word, words)]
    if not said:
        return False
    negated = bool(_NEGATIONS & set(words)) or words[0] in {"1", "one"}
    return (said[-1] not in _HIGHER) != negated


def is_cost(name: str) -> bool:
    """Whether the words of a name say that it is a cost of running or training an architecture, such as a latency.

    Example:
        >>> is_cost("fpga_latency"), is_cost("model_params"), is_cost("test_error")
        (True, True, False)
    """
    words = words_of(name)
    heads = _heads(words)
    accuracy = bool(set(heads) & (_HIGHER - _HIGHER_COSTS)) and heads[-1] not in _COSTS
    return not accuracy and any(_is_cost_word(word, words) for word in heads)


def is_bookkeeping(name: str) -> bool:
    """Whether a name is that of a column that trials, files or this package's own outputs have beside the results.

    Example:
        >>> [is_bookkeeping(name) for name in ("seed", "trial_id", "Unnamed: 0", "jigsaw_std", "jigsaw")]
        [True, True, True, True, False]
    """
    words = words_of(name)
    if not words:
        return not any(map(str.isalnum, name))  # letters of another script are a name
    if name.startswith("Unnamed: ") or "".join(words) in _BOOKKEEPING:
        return True
    known = [word in _BOOKKEEPING for word in words]
    if any(known) and all(word in _BOOKKEEPING or word in _BESIDE_BOOKKEEPING for word in words):
        return True
    return len(words) > 1 and words[-1] in _BOOKKEEPING_ENDS


def _heads(words: list[str]) -> list[str]:
    """The words that name the quantity: ``time_to_accuracy`` is a time, ``images_per_second`` are images."""
    for link in ("to", "per"):
        if link in words[1:]:
            words = words[: words.index(link, 1)]
    return words


def _told(word: str) -> str:
    """A word that is known, or known without the number at its end."""
    return word if word in _HIGHER or word in _LOWER else word.rstrip("0123456789")


def _is_cost_word(word: str, words: list[str]) -> bool:
    company = word in _IN_COMPANY and len(words) > 1
    return company or word in _COSTS or word.endswith(("energy", "latency", "memory"))


def _is_lower(word: str, words: list[str]) -> bool:
    if _told(word) in _HIGHER_COSTS:
        return False
    return _told(word) in _LOWER or word.endswith(_SUFFIXES) or _is_cost_word(word, words)


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case: split at everything but letters and digits, and at humps.

    Example:
        >>> words_of("edgeGPU_energy-top1"), words_of("FLOPs")
        (['edge', 'gpu', 'energy', 'top1'], ['flops'])
    """
    name = unicodedata.normalize("NFKC", name)  # letters of full width are letters
    for word in _HUMPED:
        name = name.replace(word, word.casefold())
    return [part.casefold() for part in _WORD.findall(name)]
