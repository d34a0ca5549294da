#!/bin/sh
# steer-llama as its users run it: results, captured files, and how it ends.
#
#   program_test.sh PROGRAM MODEL SAE [STEERCTL]
#
# Without STEERCTL the step that reads a captured file with it is left out, and says so.
set -u
program=$1
model=$2
sae=$3
steerctl=${4:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
n_failed=0

fail() {
    echo "FAILED: $*"
    sed 's/^/    /' out err
    n_failed=$((n_failed + 1))
}

# ends CODE WORDS ARGUMENT...: the exit code, and words of standard error (none: no error there,
# though there may be progress).
ends() {
    code=$1 words=$2
    shift 2
    "$program" "$@" >out 2>err
    found=$?
    [ $found = "$code" ] || fail "exit code $found, expected $code: $*"
    if [ -z "$words" ]; then
        ! grep -q error err || fail "an error, expected none: $*"
    else
        grep -qF -- "$words" err || fail "no '$words' on standard error: $*"
        [ "$(wc -l <err)" = 1 ] || fail "more than one line on standard error: $*"
    fi
}

# has FILE PATTERN COUNT: how many lines match.
has() {
    found=$(grep -cE -- "$2" "$1")
    [ "$found" = "$3" ] || fail "$1 has $found lines with '$2', expected $3"
}

plan() { # FILE FEATURE ALPHA SCOPE
    printf '{"version":1,"interventions":[{"feature":%s,"mode":"add","alpha":%s}]%s}' \
        "$2" "$3" "$4" >"$1"
}
plan a.json 3229 8 ',"scope":{"skip_first":1}'
plan b.json 1234 8 ',"scope":{"skip_first":1}'
plan late.json 3229 8 ',"scope":{"phase":"generated"}'
plan far.json 3229 8 ',"scope":{"skip_first":1000}'
plan huge.json 3229 1e30 ''
echo 'one text' >text.txt
mkdir folder.safetensors

common="--model $model --threads 2"
# $common is split into words on purpose, everywhere below.

# ---- Two prompts with plans of their own, one without.
ends 0 '' $common --sae "$sae" -n 4 --json --capture rows.safetensors \
    --prompt 'The weather today is' --plan a.json --prompt 'My friend' --plan b.json \
    --prompt 'It was' --plan none
has out '"prompt": ' 3
has out '"unsteered": ' 3
has out '"steered": ' 2
has out '"applied": \[\{"layer": 12, ' 2
has out '"rows_edited": [1-9]' 2
has out '"rows_in_scope": 0' 0
has out '"layer": 12,$' 1

# ---- The captured file: eight bytes of length, a header of that length, then every tensor.
length=$(od -An -tu8 -N8 rows.safetensors | tr -d ' ')
tail -c +9 rows.safetensors | head -c "$length" >header
for name in activations documents positions tokens special steered; do
    grep -qF "\"$name\":{\"dtype\":" header || fail "no tensor '$name' in the header"
done
rows=$(sed 's/.*"steered":{"dtype":"U8","shape":\[\([0-9]*\)\].*/\1/' header)
bytes=$(sed 's/.*"steered":.*"data_offsets":\[[0-9]*,\([0-9]*\)\].*/\1/' header)
[ "$((8 + length + bytes))" = "$(wc -c <rows.safetensors)" ] ||
    fail "the file's size is not what its header says"
# The last tensor: ones for the two prompts with a plan, then zeros.
marks=$(tail -c "$rows" rows.safetensors | od -An -v -tu1 | tr -d ' \n')
echo "$marks" | grep -q 1 && echo "$marks" | grep -q 0 || fail "steered is $marks, expected both"
if [ -n "$steerctl" ]; then
    "$steerctl" encode --activations rows.safetensors --sae "$sae" >out 2>err ||
        fail "steerctl does not read what was captured"
else
    echo "no steerctl: reading the captured file with it is skipped"
fi

# ---- Whole texts.
ends 0 '' $common --text-file text.txt --capture text.safetensors --capture-layer 3 --json
has out '"documents": 1,' 1

# ---- A plan that meets no row: the others' results stand, and its own prompt is named.
ends 3 'the plan of prompt 2 never acted: 0 of ' $common --sae "$sae" -n 4 --no-baseline \
    --capture stays.safetensors --prompt 'The weather' --plan a.json --prompt 'My' --plan far.json
has out '^prompt: ' 2
[ -s stays.safetensors ] || fail "no captured rows beside a plan that never acted"
ends 3 'takes two tokens' $common --sae "$sae" -n 1 --prompt 'The weather' --plan late.json
ends 3 'the plan huge.json leaves no usable logits of prompt 1' $common --sae "$sae" -n 4 \
    --prompt 'The weather' --plan huge.json

# ---- What does not exist, or is of another kind.
ends 4 'none.gguf cannot be read' --model none.gguf --sae "$sae" --feature 1 --alpha 1 --prompt A
ends 3 'text.txt is no model' --model text.txt --capture x.safetensors --capture-layer 3 --prompt A
ends 4 'is a folder' --model . --sae "$sae" --feature 1 --alpha 1 --prompt A
ends 4 'folder.safetensors is a folder' $common --capture folder.safetensors --capture-layer 3 \
    --prompt A
ends 4 'folder.safetensors is a folder' $common --sae "$sae" --prompt A --plan folder.safetensors
ends 3 '4096' $common --sae "$sae" --feature 4096 --alpha 1 --prompt A

# ---- Wrong use.
ends 2 "'--alfa'" $common --sae "$sae" --feature 1 --alfa 1 --prompt A
ends 2 'positions per sequence' $common --sae "$sae" --feature 1 --alpha 1 --prompt A \
    -n 2147483647
ends 2 'positions per sequence' $common --sae "$sae" --feature 1 --alpha 1 --prompt A \
    --ctx 1073741824
ends 2 '--temp is' $common --sae "$sae" --feature 1 --alpha 1 --prompt A --temp 1e39
ends 2 '--temp is' $common --sae "$sae" --feature 1 --alpha 1 --prompt A --temp 1e-42
ends 2 'acts on no prompt' $common --sae "$sae" --feature 1 --alpha 1 --prompt A --plan a.json
ends 2 '-n means nothing' $common --text-file text.txt --capture x.safetensors \
    --capture-layer 3 -n 5
ends 2 'late.json tells prompt from generated' $common --sae "$sae" --plan late.json \
    --text-file text.txt --capture x.safetensors
ends 0 '' $common --sae "$sae" --feature 3229 --alpha 8 --prompt A -n 2 --batch 2147483647

# ---- Nothing half-done is left behind.
left=$(find . -name '*.safetensors*' ! -name rows.safetensors ! -name text.safetensors \
    ! -name stays.safetensors ! -name folder.safetensors)
[ -z "$left" ] || fail "left behind: $left"

[ $n_failed = 0 ] && echo "all passed"
[ $n_failed = 0 ]
