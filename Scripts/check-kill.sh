#!/bin/sh
# Kills runs of `steerctl detect` at random moments, starts them again on their folder until they are done,
# and compares the results with those of a run that nobody stopped, byte for byte.
#
#   Scripts/check-kill.sh STEERCTL FOLDER KILLS SEED ARGUMENT...
#
# KILLS are those that meet a run at work; at most eight times as many are tried. FOLDER is for the results,
# and must not exist. The arguments are those of `detect`, without --output.
set -eu
if [ $# -lt 5 ]; then
  echo "usage: $0 STEERCTL FOLDER KILLS SEED ARGUMENT..." >&2
  exit 2
fi
tool=$1 folder=$2 kills=$3 seed=$4
shift 4
mkdir "$folder"

begin=$(date +%s%N)
"$tool" detect "$@" --output "$folder/whole" >"$folder/log"
# How long a run takes, in milliseconds.
length=$((($(date +%s%N) - begin) / 1000000 + 1))

moments=$(awk -v seed="$seed" -v kills="$kills" -v length_ms="$length" \
  'BEGIN { srand(seed); for (i = 0; i < 8 * kills; i++) printf "%.4f\n", rand() * length_ms / 1000 }')

killed=0 finished=0 late=0
compare() {
  for file in verdicts.jsonl documents.csv summary.json; do
    cmp "$folder/whole/$file" "$folder/out/$file" || {
      echo "after $killed kills: $file differs" >&2
      exit 1
    }
  done
  if [ -e "$folder/out/parts" ]; then
    echo "after $killed kills: parts are left" >&2
    exit 1
  fi
  finished=$((finished + 1))
  rm -rf "$folder/out"
}
for moment in $moments; do
  [ "$killed" -lt "$kills" ] || break
  "$tool" detect "$@" --output "$folder/out" >"$folder/log" 2>&1 &
  process=$!
  sleep "$moment"
  kill -9 "$process" 2>/dev/null || true
  status=0
  wait "$process" 2>/dev/null || status=$?
  case $status in
  137) killed=$((killed + 1)) ;;
  0)
    late=$((late + 1))
    compare
    ;;
  *)
    echo "after $killed kills: exit code $status" >&2
    cat "$folder/log" >&2
    exit 1
    ;;
  esac
done
"$tool" detect "$@" --output "$folder/out" >"$folder/log"
compare
if [ "$killed" -lt "$kills" ]; then
  echo "only $killed of $kills kills met a run at work" >&2
  exit 1
fi
echo "$killed kills in runs of $length ms, $late runs done before theirs, $finished results compared: equal"
