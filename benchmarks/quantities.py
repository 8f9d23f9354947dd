"""What the name of a quantity says: whether lower is better, whether it is a cost, whether it is a result at all.

Names of a user's own tasks are free text, such as ``test_error`` or ``edgegpu_energy``. Their words decide only what
must be asked: a name that sounds as if lower were better is refused unless its direction is stated.
"""

from __future__ import annotations

import re

__all__ = ["is_bookkeeping", "is_cost", "lower_is_better", "words_of"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COSTS = _words(
    """
    byte bytes carbon co2 cost delay duration emission emissions energy expense flop flops footprint gb gflop
    gflops hour hours intensity joule joules kb kwh latency mac macs madd madds mb memory mflop mflops millisecond
    milliseconds minute minutes mj ms multiply multiplyadds opcount param parameter parameters params
    price ram runtime sec second seconds storage throughput time vram watt watts fps
    """
)
"""Words of what an architecture costs to run or to train: they depend on every operation, also on dead ones."""

_HIGHER_COSTS = frozenset({"fps", "intensity", "throughput"})

_LOWER = _COSTS - _HIGHER_COSTS | _words(
    """
    bpd brier cer crossentropy deviance deviation discrepancy disparity dist distance divergence ece entropy epe
    err error errors failure failures fid gap hausdorff impurity inconsistency kl loss losses mae mape
    misclassification misclassified mispredictions mistake mistakes mre mse msle nll nmse penalty perplexity ppl
    rank regret residual residuals risk rmse rmsle rse sd sse std stderr variance violation violations wer
    """
)
_SUFFIXES = ("crossentropy", "divergence", "energy", "error", "latency", "loss", "memory", "perplexity", "regret")
_HIGHER = _words(
    """
    acc accuracy ap auc auroc agreement coverage dice efficiency f1 fidelity fps gain iou improvement jaccard
    kappa kendall likelihood loglikelihood map mcc miou ndcg precision psnr quality r2 recall reduction reward
    rho robustness saving savings score spearman speed speedup ssim success tau throughput top1 top5 tpr utility
    """
)
_WORD = re.compile(r"[A-Z]+s?(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[A-Z]|[0-9]+")
_HUMPED = ("mIoU", "IoU", "mAP")
_NEGATIONS = frozenset({"inv", "inverse", "minus", "neg", "negated", "negative", "reciprocal"})

_BOOKKEEPING = _words(
    """
    batch created date datetime device epoch epochs finished fold gpu hash host hostname id idx index indomain
    iter iteration job level0 no node nr num number of process repeat repetition replicate row run seed source
    split started step timestamp trial uid uuid version worker rank
    """
)
_BOOKKEEPING_ENDS = frozenset({"fold", "id", "idx", "index", "iteration", "rank", "seed", "uid", "uuid"})


def lower_is_better(name: str) -> bool:
    """Whether the words of a name say that lower values are better: errors, losses, distances, costs.

    The last word that says anything decides: ``accuracy_loss`` is a loss, ``time_series_accuracy`` an accuracy. A
    negation reverses it: ``neg_loss`` is better when higher, ``1 - accuracy`` when lower.

    Example:
        >>> [lower_is_better(name) for name in ("test_error", "edgegpu_energy", "neg_loss", "depth_estimation")]
        [True, True, False, False]
    """
    words = words_of(name)
    said = [word for word in words if word in _HIGHER or word in _LOWER or word.endswith(_SUFFIXES)]
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
    accuracy = bool(set(words) & (_HIGHER - _HIGHER_COSTS)) and words[-1] not in _COSTS
    return not accuracy and any(word in _COSTS or word.endswith(("energy", "latency", "memory")) for word in words)


def is_bookkeeping(name: str) -> bool:
    """Whether a name is that of a column that trials, files or this package's own outputs have beside the results.

    Example:
        >>> [is_bookkeeping(name) for name in ("seed", "trial_id", "Unnamed: 0", "jigsaw_std", "jigsaw")]
        [True, True, True, True, False]
    """
    words = words_of(name)
    if not words or name.startswith("Unnamed: ") or "".join(words) in _BOOKKEEPING:
        return True
    return len(words) > 1 and (words[-1] in _BOOKKEEPING_ENDS or words[-1] in {"std", "sd", "stderr"})


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case: split at everything but letters and digits, and at humps.

    Example:
        >>> words_of("edgeGPU_energy-top1"), words_of("FLOPs")
        (['edge', 'gpu', 'energy', 'top1'], ['flops'])
    """
    for word in _HUMPED:
        name = name.replace(word, word.casefold())
    return [part.casefold() for part in _WORD.findall(name)]
