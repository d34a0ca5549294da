#!/bin/sh
# Watermarks of steer-llama, as its users run them, with the bank and the keys of vectors/watermark/llama.
#
#   watermark_test.sh PROGRAM MODEL SAE VECTORS
set -u
program=$1
model=$2
sae=$3
vectors=$4
. "$(dirname "$0")/program_support.sh"

mkdir bank bare
cp "$vectors/bank.json" "$vectors/null.safetensors" bank
mkdir unbound && sed '/^ "steering": /d' "$vectors/bank.json" | tr '\n' ' ' |
    sed 's/, *"null": {[^}]*}//' >unbound/bank.json
for key in given prompt window constant retired other; do
    (umask 077 && cp "$vectors/key-$key.json" . && chmod 600 "key-$key.json")
done
run="$common --sae $sae --bank bank --strength 3"

# ---- Many prompts: each is marked by its id, one is left alone, one has a plan of its own.
cat >prompts.jsonl <<'END'
{"id": "a", "prompt": "My friend and I went to the", "watermark": "old"}
{"id": "b", "prompt": "The history of the city"}
{"id": "c", "prompt": "The weather today is", "plan": "none"}
{"id": "d", "prompt": "It was a", "plan": "late.json"}
END
ends 0 '' $run --watermark key-given.json --prompts-file prompts.jsonl --output marked.jsonl --temp 1 \
    -n 40 --seed 5 --json
has marked.jsonl '"watermark": "old"' 0
has marked.jsonl '"sampling":\{"temp":1,"top_k":0,"top_p":1,"seed":5\},"edited":[0-9]+,"watermark":\{"key":"llama.given","scheme":"given","document":"[ab]"\}\}$' 2
sed -n 1p marked.jsonl >first
has first '"tokens":40,.*"edited":39,"watermark":\{.*"document":"a"\}\}$' 1
sed -n 3p marked.jsonl >third
has third '"edited":0\}$' 1
sed -n 4p marked.jsonl >fourth
has fourth '"edited":[1-9][0-9]*\}$' 1

# ---- The marked texts are found by their names, and not by another name, whose choice points the other way.
ends 0 '' $run --watermark key-given.json --score-file marked.jsonl --output found.jsonl --per-token
has out '^marked.jsonl line [12]: flagged, p 0\.00249, z [0-9.]+$' 2
has out '^2 of 2 texts flagged$' 1
number='-?[0-9.e-]+'
has found.jsonl "\"replay\":\{\"key\":\"llama.given\",\"scheme\":\"given\",\"document\":\"[ab]\",\"strength\":3,\"tokens\":[34][0-9],\"innovation\":$number,\"variance\":$number,\"log_ratio\":$number,\"z\":$number,\"p\":0.0024[0-9]*,\"flagged\":true\}" 2
sed -n 1p found.jsonl | sed 's/.*"log_ratios":\[\([^]]*\)\].*/\1/' | tr ',' '\n' >ratios
# A text's own tokens need not be those that it was made of.
tokens=$(sed -n 1p found.jsonl | sed 's/.*"replay":{[^}]*"tokens":\([0-9]*\),.*/\1/')
has ratios "^$number\$" "$tokens"
sum=$(awk '{ sum += $1 } END { printf "%.6f", sum }' ratios)
total=$(sed -n 1p found.jsonl | sed 's/.*"log_ratio":\(-*[0-9.e-]*\)}$/\1/' | awk '{ printf "%.6f", $1 }')
[ "$sum" = "$total" ] || fail "log_ratios add up to $sum, log_ratio is $total"
sed -n 3p found.jsonl >third
has third '"replay"' 0
has third '"log_ratio":null\}$' 1
sed -n 4p found.jsonl >fourth # a plan of its own has no verdict
has fourth '"replay":\{"tokens":[34][0-9],"innovation":[^}]*,"z":[^,}]*\},"log_ratios"' 1
sed 's/"id": "[ab]"/"document": "w60"/' marked.jsonl | head -n 2 >wrong.jsonl
ends 0 '' $run --watermark key-given.json --score-file wrong.jsonl --output lost.jsonl --json
has out '"verdicts": 2,' 1
has out '"flagged": 0,' 1
has lost.jsonl '"document":"w60",.*"flagged":false' 2
has lost.jsonl '"log_ratios"' 0
# A batch of one row becomes one of two, for the text and its twin.
head -n 1 marked.jsonl >one.jsonl
ends 0 '' $run --watermark key-given.json --score-file one.jsonl --output small.jsonl --batch 1
has out 'line 1: flagged, p 0\.00249' 1
# A retired key detects what it marked, and marks no more: its secret is that of key-given.json.
ends 0 '' $run --watermark key-retired.json --score-file one.jsonl --output old.jsonl
has out 'line 1: flagged, p 0\.00249' 1
has old.jsonl '"replay":\{"key":"llama.old","scheme":"given","document":"a","strength":3,' 1
ends 3 'retired' $run --watermark key-retired.json --prompts-file prompts.jsonl --output bad.out.jsonl

# What a mark costs is asked of its whole plan, which a retired key makes no more; nobody is judged by that.
sampled='--temp 1 --top-k 64 --top-p 0.95'
ends 0 '' $run --watermark key-given.json --score-file marked.jsonl --output cost.jsonl $sampled
has out 'flagged' 0
has cost.jsonl "\"replay\":\{\"key\":\"llama.given\",\"scheme\":\"given\",\"document\":\"[ab]\",\"strength\":3,\"tokens\":[34][0-9],\"cost\":$number\}\}\$" 2
ends 3 'retired' $run --watermark key-retired.json --score-file one.jsonl --output bad.out.jsonl $sampled

# The bank's null texts are of one strength: at another one z is there, p is not, and one line says so.
ends 0 'steer-llama: null texts of bank bank were replayed at strength 3, these are at 2: there are no p-values' \
    $common --sae "$sae" --bank bank --watermark key-given.json --score-file marked.jsonl --output weak.jsonl --strength 2
has out 'flagged' 0
has weak.jsonl "\"strength\":2,\"tokens\":[34][0-9],.*\"z\":$number,\"p\":null,\"flagged\":null\}" 2
ends 0 '' $common --sae "$sae" --bank bank --watermark key-given.json --prompt A --document d --strength 2 -n 2
! grep -q 'strength' err || fail "p-values are spoken of where none are asked for"

# ---- A plan that changes nothing shows nothing, whatever the batches.
plan zero.json 3229 0 ''
printf '{"text":"The cat sat on the mat and looked at the dog.","plan":"zero.json"}\n' >zero.jsonl
for rows in 6 64; do
    ends 0 '' $common --sae "$sae" --score-file zero.jsonl --output zeros.jsonl --batch $rows
    has zeros.jsonl '"replay":\{"tokens":12,"innovation":0,"variance":0,"log_ratio":0,"z":null\},"log_ratio":0\}$' 1
done

# Nor in texts of 200 tokens at the default batch, which cuts their readings in the middle.
sentence='The weather in the north was cold and the people of the town stayed in their houses for most of the day. '
for i in 1 2 3; do
    printf '{"text":"%s. %s%s%s%s%s%s%s%s%s%s","plan":"zero.json"}\n' $i "$sentence" "$sentence" "$sentence" \
        "$sentence" "$sentence" "$sentence" "$sentence" "$sentence" "$sentence" "$sentence"
done >zero.jsonl
ends 0 '' $common --sae "$sae" --score-file zero.jsonl --output zeros.jsonl
has zeros.jsonl '"tokens":2[0-9][0-9],"innovation":0,"variance":0,"log_ratio":0,"z":null\},"log_ratio":0\}$' 3

# ---- A prompt is called what its "document" says, and found under that name.
printf '{"id":"a","document":"b","prompt":"My friend and I went to the"}\n' >named.jsonl
ends 0 '' $run --watermark key-given.json --prompts-file named.jsonl --output made.jsonl --temp 1 -n 40 --seed 5
has made.jsonl '"watermark":\{"key":"llama.given","scheme":"given","document":"b"\}\}$' 1
ends 0 '' $run --watermark key-given.json --score-file made.jsonl --output found.jsonl
has found.jsonl '"replay":\{"key":"llama.given","scheme":"given","document":"b",' 1

# ---- The other schemes, and single prompts.
printf '{"prompt":"My friend and I went to the"}\n' >prompt.jsonl
ends 0 '' $run --watermark key-prompt.json --prompts-file prompt.jsonl --output made.jsonl --temp 1 -n 40
has made.jsonl '"watermark":\{"key":"llama.prompt","scheme":"prompt","document":null\}\}$' 1
ends 0 '' $run --watermark key-prompt.json --score-file made.jsonl --output found-prompt.jsonl
has found-prompt.jsonl '"replay":\{"key":"llama.prompt",.*"p":0.0[^,]*,"flagged":true' 1
before=$(date +%s)
ends 0 '' $run --watermark key-window.json --prompts-file prompt.jsonl --output made.jsonl --temp 1 -n 40
time=$(sed 's/.*"scheme":"window","document":\([0-9]*\)}}$/\1/' made.jsonl)
[ "$time" -ge "$before" ] && [ "$time" -le "$(date +%s)" ] || fail "the document is '$time'"
sed 's/^{/{"document":"a name",/' made.jsonl >named.jsonl
ends 0 '' $run --watermark key-window.json --score-file named.jsonl --output found.jsonl
has found.jsonl "\"replay\":\{\"key\":\"llama.window\",\"scheme\":\"window\",\"document\":$time,.*\"p\":0.0[^,]*,\"flagged\":true" 1
ends 0 '' $run --watermark key-constant.json --prompt 'It was a' -n 4 --json
has out '"watermark": \{"key":"llama.constant","scheme":"constant","document":null\}' 1
ends 0 '' $run --watermark key-given.json --document 'the "first"' --prompt 'It was a' -n 4 --no-baseline
has out '^watermark \{"key":"llama.given","scheme":"given","document":"the \\"first\\""\}$' 1

# ---- What keys, banks and names must not be; nothing is written.
bad="$run --output bad.out.jsonl"
ends 3 "prompt.jsonl line 1: the document is missing, expected a name for key 'llama.given'" $bad \
    --watermark key-given.json --prompts-file prompt.jsonl
printf '{"text":"A text.","document":7}\n' >texts.jsonl
ends 3 'texts.jsonl line 1: the document is 7, expected a name' $bad --watermark key-given.json \
    --score-file texts.jsonl
printf '{"text":"A text.","document":"7"}\n' >texts.jsonl
ends 3 'texts.jsonl line 1: the document is "7", expected the seconds since 1970' $bad \
    --watermark key-window.json --score-file texts.jsonl
ends 3 '--prompt 1: the document is missing' $run --watermark key-given.json --prompt A
ends 2 '--document names one prompt, but 2 are marked' $run --watermark key-given.json --document d \
    --prompt A --prompt B
ends 2 '--document is given, but the key key-constant.json does not name' $run \
    --watermark key-constant.json --document d --prompt A
ends 3 'bound to no dictionary' $common --sae "$sae" --bank unbound --watermark key-given.json --prompt A --document d
ends 3 "key 'llama.other' is for bank" $bad --watermark key-other.json --prompts-file prompts.jsonl
ends 4 'none.json cannot be read' $bad --watermark none.json --prompts-file prompts.jsonl
ends 4 'bare/bank.json' $common --sae "$sae" --bank bare --watermark key-given.json --prompt A --document d
sed 's/"prompt":/"was":/' found-prompt.jsonl >texts.jsonl
ends 3 "texts.jsonl line 1: 'prompt' is missing, expected the prompt that key 'llama.prompt' takes" $bad \
    --watermark key-prompt.json --score-file texts.jsonl
chmod 644 key-prompt.json
ends 4 'chmod' $bad --watermark key-prompt.json --prompts-file prompts.jsonl
for file in bank/*; do
    ends 2 "--output $file is a file of the bank" $run --watermark key-given.json --prompts-file prompts.jsonl \
        --output "$file"
done
ends 2 '--output key-given.json is the key' $run --watermark key-given.json --prompts-file prompts.jsonl \
    --output key-given.json
for file in key-given.json bank/bank.json; do
    ends 2 "--capture $file is" $run --watermark key-given.json --document d --prompt A --capture "$file"
done
[ -z "$(find . -name 'bad.out*')" ] || fail "left behind: $(find . -name 'bad.out*')"

[ $n_failed = 0 ] && echo "all passed"
[ $n_failed = 0 ]
