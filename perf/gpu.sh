#!/usr/bin/env bash
# Everything that needs a GPU, in order, within a deadline: checks, runs per hour, then the campaign for the time left.
#
#   OUT=folder bash perf/gpu.sh                          # nine minutes on the first card
#   OUT=folder bash perf/gpu.sh --device cpu --minutes 3 # does all of it work at all
#
# Needs torch, lightning, pandas, pyarrow, scikit-learn, typer and rich; no installation of this package, no network. The
# campaign goes on from perf/rooms_gpu/records.jsonl.gz; $OUT gets checks.txt, throughput.txt, table.json, fused.txt,
# log.txt and records.jsonl.gz, which perf/rooms_gpu/collect.py merges into the repository. The table is printed last.
set -u
cd "$(dirname "$0")/.."
device=cuda minutes=9
while [ $# -gt 0 ]; do
  case $1 in
    --device) device=$2; shift 2 ;;
    --minutes) minutes=$2; shift 2 ;;
    *) echo "expected --device NAME or --minutes N, got '$1'" >&2; exit 2 ;;
  esac
done
out=${OUT:-perf/rooms_gpu/out}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONPATH=$PWD OMP_NUM_THREADS=1 TRANSNAS_CACHE_DIR=${TRANSNAS_CACHE_DIR:-$work/cache}
total=$(python3 -c "print(int(60 * $minutes))")
deadline=$(($(date +%s) + total))
left() { echo $((deadline - $(date +%s))); }
step() { printf '\n== %s (%d s left)\n' "$*" "$(left)" | tee -a "$out/log.txt"; }
: > "$out/log.txt"

plan=perf/rooms_gpu/plan.json small=()
[ "$device" = cpu ] && plan=perf/rooms_gpu/small.json small=(--small)
python3 -c "
import sys
from benchmarks.training.campaign import ImageTrainer, load_plan
ImageTrainer('cpu').prepare(load_plan(sys.argv[1]))" "$plan" > /dev/null 2>> "$out/log.txt" & # images, while the card is checked
images=$!

step "checks"
timeout "$((total / 4))" python3 perf/rooms_gpu/checks.py --device "$device" 2> >(tail -c 4000 >> "$out/log.txt") | tee "$out/checks.txt"

step "runs per hour"
timeout "$((total / 3))" python3 perf/rooms_gpu/throughput.py --device "$device" --seconds "$((total / 4))" \
  "${small[@]}" --out "$out/table.json" 2> >(tail -c 4000 >> "$out/log.txt") | tee "$out/throughput.txt"

step "several seeds in one step"
timeout "$((total / 12))" python3 perf/rooms_gpu/fused.py --device "$device" "${small[@]}" \
  2> >(tail -c 4000 >> "$out/log.txt") | tee "$out/fused.txt"

step "campaign"
[ "$(left)" -gt 30 ] && timeout "$(left)" tail --pid="$images" -f /dev/null
[ "$device" != cpu ] && [ -f perf/rooms_gpu/records.jsonl.gz ] && python3 -m surrogates campaign unpack "$plan" perf/rooms_gpu/records.jsonl.gz --folder "$work/runs"
workers=$(python3 - "$out/table.json" <<'PYTHON'
import json, sys
try:
    rows = [row for row in json.load(open(sys.argv[1]))["rows"] if row["name"].startswith("ours") and "bf16" not in row["name"]]
    print(max((row for row in rows if "shared" not in row["name"]), key=lambda row: row["runs_per_hour"])["workers"])
except (OSError, ValueError, KeyError):
    print(2)
PYTHON
)
seconds=$(($(left) - 20))
if [ "$seconds" -gt 20 ]; then
  python3 -m surrogates campaign run "$plan" --folder "$work/runs" --device "$device" --workers "$workers" \
    --minutes "$(python3 -c "print($seconds / 60)")" 2>&1 | tail -n 20 | tee -a "$out/log.txt"
  python3 -m surrogates campaign pack "$plan" --out "$out/records.jsonl.gz" --folder "$work/runs"
  python3 -m surrogates campaign status "$plan" --folder "$work/runs" | tee "$out/status.txt"
fi

step "table"
cat "$out/checks.txt" "$out/throughput.txt" "$out/fused.txt"
