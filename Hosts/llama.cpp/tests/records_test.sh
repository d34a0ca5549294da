#!/bin/sh
# steer-llama's files of prompts and of texts to score, as its users run them.
#
#   records_test.sh PROGRAM MODEL SAE
set -u
program=$1
model=$2
sae=$3
. "$(dirname "$0")/program_support.sh"

# ---- Many prompts: the input's members, in its order, more prompts than sequences.
cat >prompts.jsonl <<'END'
{"id": "a", "prompt": "The weather today is", "n": 1.50, "tokens": "old", "z_kgw": 3, "log_ratios": [1], "error": "old", "model": "old.gguf"}
{"prompt":"My friend","plan":"none","seed":7}
 {"prompt": "It was a", "plan": "b.json", "id": "c"}
END
run="$common --temp 1 --top-k 40 --top-p 0.9 -n 6 --parallel 2 --batch 4 --json"
ends 0 '' $run --sae "$sae" --plan late.json --prompts-file prompts.jsonl --output made.jsonl
has out '"prompts": 3,' 1
has made.jsonl '"prompt_tokens":[0-9]+,"finished":"(length|end)","sampling":\{"temp":1,"top_k":40,"top_p":0.9,"seed":[07]\},"edited":[0-9]+\}$' 3
sed -n 1p made.jsonl >first
has first '^\{"id": "a","prompt": "The weather today is","n": 1.50,"text":"[^"]+","tokens":6,' 1
has first '"prompt_tokens":5,"finished":"length",.*,"seed":0\},"edited":5\}$' 1
has first 'old|z_kgw|log_ratios' 0
sed -n 2p made.jsonl >second
has second '^\{"prompt":"My friend","plan":"none","seed":7,"text":"[^"]+",.*"seed":7\},"edited":0\}$' 1
sed -n 3p made.jsonl >third
has third '^\{"prompt": "It was a","plan": "b.json","id": "c","text":"[^"]+",.*"edited":[1-9]' 1
ends 0 '' $run --sae "$sae" --plan late.json --prompts-file prompts.jsonl --output again.jsonl
cmp made.jsonl again.jsonl >out 2>err || fail "the same prompts and seed give other texts"
ends 0 '' $run --sae "$sae" --plan late.json --prompts-file prompts.jsonl --output other.jsonl \
    --seed 1
! cmp -s made.jsonl other.jsonl || fail "another seed gives the same texts"
[ "$(sed -n 2p made.jsonl)" = "$(sed -n 2p other.jsonl)" ] || fail "a seed of its own follows --seed"
# All tokens of a mark with a large delta are green: of 24 distinct pairs about 12 by chance.
mark="--token-mark kgw --token-key secret"
ends 0 '' $run $mark --token-delta 30 -n 24 --prompts-file prompts.jsonl --output marked.jsonl \
    --sae "$sae"
ends 0 '' $common $mark --score-file marked.jsonl --output kgw.jsonl
sed -n 1p kgw.jsonl >first
scored=$(sed 's/.*"scored":\([0-9]*\),.*/\1/' first)
green=$(sed 's/.*"green":\([0-9]*\),.*/\1/' first)
[ "$scored" -ge 4 ] && [ "$green" -ge "$((scored - 2))" ] ||
    fail "$green of $scored tokens are green, expected nearly all"
has kgw.jsonl ',"z_kgw":[^,]*,"z_ewd":[^,]*,"z_unigram":[^,]*\}$' 3
origin='"token_mark":\{"kind":"kgw","gamma":0.5,"delta":[0-9]+,"key":"[0-9a-f]{8}"\}'
has marked.jsonl "\"seed\":[07]\},$origin,\"edited\"" 3
has kgw.jsonl "\"cut\":false,\"model\":\"$(basename "$model")\",$origin,\"scored\"" 3
has kgw.jsonl '"key":"[^"]*secret' 0
# The same key's unigram list is counted beside kgw's as it is alone, and what that says of kgw stays.
ends 0 '' $common --token-mark unigram --token-key secret --score-file kgw.jsonl --output unigram.jsonl
unigram='s/.*"z_unigram":\([^,}]*\).*/\1/'
sed "$unigram" kgw.jsonl >a
sed "$unigram" unigram.jsonl >b
cmp a b >out 2>err || fail "z_unigram differs: $(cat a b | tr '\n' ' ')"
has unigram.jsonl '"z_kgw":[^,]*,"z_ewd":.*"kind":"unigram"' 3
has unigram.jsonl '("z_unigram".*){2}|("token_mark".*){2}|("scored".*){2}|("model".*){2}' 0
has kgw.jsonl '"log_ratio"' 0
# What the mark costs: nothing where it adds next to nothing.
cost='s/.*"cost":\([^,}]*\).*/\1/'
for delta in 0.000001 30; do
    ends 0 '' $common --token-mark kgw --token-key secret --token-delta $delta --score-file marked.jsonl \
        --output costs.jsonl --temp 1 --top-k 40 --top-p 0.9
    has costs.jsonl '"z_unigram":[^,]*,"cost":[^,]*\}$' 3
    sed "$cost" costs.jsonl >"cost-$delta"
done
awk '{ if ($1 < -0.001 || $1 > 0.001) exit 1 }' cost-0.000001 || fail "delta 1e-6 costs $(tr '\n' ' ' <cost-0.000001)"
awk '{ if ($1 < 1) exit 1 }' cost-30 || fail "delta 30 costs $(tr '\n' ' ' <cost-30)"
# As a detector has them: without their prompts, and not with them.
sed 's/"prompt":/"was":/' marked.jsonl >bare.jsonl
for texts in marked bare; do
    ends 0 '' $common --score-file $texts.jsonl --output $texts.alone.jsonl --text-alone
    sed 's/.*"log_likelihood":\([^,]*\),.*/\1/' $texts.alone.jsonl >$texts.alone
done
cmp marked.alone bare.alone >out 2>err || fail "--text-alone reads prompts"
sed 's/.*"log_likelihood":\([^,]*\),.*/\1/' kgw.jsonl >kgw.behind
! cmp -s marked.alone kgw.behind || fail "prompts change nothing"
ends 2 '--text-alone means nothing with --prompts-file' $run --prompts-file prompts.jsonl --output bad.jsonl --text-alone
ends 0 '' $common --token-mark unigram --token-key secret --score-file costs.jsonl --output again.jsonl
has again.jsonl '"cost"' 0
ends 2 '--top-k means nothing with --score-file without --sae or --token-mark' $common --score-file kgw.jsonl \
    --output bad.jsonl --temp 1 --top-k 40

# ---- Many texts: the same text twice, one with a plan that changes nothing, one cut, one empty.
plan zero.json 3229 0 ''
cat >texts.jsonl <<'END'
{"text": "The cat sat on the mat.", "perplexity": 1, "plan": "zero.json"}
{"text": "The cat sat on the mat.", "plan": "none"}
{"text": " sat on the mat.", "prompt": "The cat"}
{"text": "", "id": 5, "z_kgw": 9, "replay": {"z": 8}, "log_ratios": [7], "scored": 6}
{"text": "one two three four five six seven eight nine ten eleven twelve thirteen"}
END
ends 0 '' $common --sae "$sae" --plan b.json --score-file texts.jsonl --output scores.jsonl --ctx 10 \
    --batch 6 --token-mark unigram --token-key secret
has scores.jsonl '"log_likelihood":-[0-9.e-]+,"perplexity":[0-9.]+,"cut":(true|false),' 4
has scores.jsonl '"cut":true' 1
sed -n 1p scores.jsonl >first
has first '^\{"text": "The cat sat on the mat.","plan": "zero.json","tokens":7,"log_like' 1
has first ',"log_ratio":-?[0-9.]+(e-[0-9]+)?\}$' 1
sed -n 2p scores.jsonl >second
has second ',"scored":7,"green":[0-9],"z_unigram":[^,]*,"log_ratio":null\}$' 1
sed -n 3p scores.jsonl >third
has third '"prompt": "The cat","tokens":5,.*,"log_ratio":-?[0-9.]+(e-[0-9]+)?\}$' 1
sed -n 4p scores.jsonl >fourth
has fourth '^\{"text": "","id": 5,"z_kgw": 9,"log_ratios": \[7\],"tokens":0,.*"perplexity":null,"cut":false,' 1
has fourth '"scored":0,"green":0,"z_unigram":null,"log_ratio":null\}$' 1
sed -n 5p scores.jsonl >fifth
has fifth '"tokens":9,.*"cut":true' 1
# In one batch both readings of a plan that changes nothing meet the same kernels.
head -n 1 texts.jsonl >one.jsonl
ends 0 '' $common --sae "$sae" --score-file one.jsonl --output zero.jsonl
has zero.jsonl ',"log_ratio":-?(0|[0-9.]+e-[0-9]+|0\.00[0-9]*)\}$' 1
# Without --sae and a mark their earlier scores stay as they are.
head -n 4 texts.jsonl | tail -n 1 >one.jsonl
ends 0 '' $common --score-file one.jsonl --output stay.jsonl --batch 1
has stay.jsonl '"z_kgw": 9,"replay": \{"z": 8\},"log_ratios": \[7\],"scored": 6,"tokens":0,' 1
# The likelihood does not depend on the batch, but for the kernels' last bits.
ends 0 '' $common --score-file texts.jsonl --output alone.jsonl --ctx 10 --batch 64
digits='s/.*"log_likelihood":\(-[0-9]*\.[0-9]\).*/\1/'
sed "$digits" alone.jsonl | head -n 2 >a
sed "$digits" scores.jsonl | head -n 2 >b
cmp a b >out 2>err || fail "likelihoods differ: $(cat a b | tr '\n' ' ')"

# ---- What prompts and texts must not be: file, line and field are named, and nothing is written.
bad_prompt() { # WORDS LINE
    printf '{"prompt":"good","id":"1"}\n%b\n' "$2" >bad.jsonl
    ends 3 "bad.jsonl line 2: $1" $common --prompts-file bad.jsonl --output bad.out.jsonl
}
bad_prompt "'prompt' is missing, expected a string" '{"text":"A"}'
bad_prompt "'prompt' is 3, expected a string" '{"prompt":3}'
bad_prompt "'id' is \"1\" as on an earlier line" '{"prompt":"A","id":"1"}'
bad_prompt "'seed' is 1.5, expected a whole number" '{"prompt":"A","seed":1.5}'
bad_prompt "'seed' is -1, expected a whole number" '{"prompt":"A","seed":-1}'
bad_prompt "'seed' is 4294967296, expected a whole number" '{"prompt":"A","seed":4294967296}'
bad_prompt "'plan' is null, expected a string" '{"prompt":"A","plan":null}'
bad_prompt "'plan' is empty, expected a file or none" '{"prompt":"A","plan":""}'
bad_prompt 'found the end of the line, expected an object' ''
printf '{"prompt":"A","plan":"none.json"}\n' >bad.jsonl
ends 4 "bad.jsonl line 1: 'plan': none.json cannot be read" $common --sae "$sae" \
    --prompts-file bad.jsonl --output bad.out.jsonl
ends 2 "bad.jsonl line 1: 'plan' needs --sae" $common --prompts-file bad.jsonl \
    --output bad.out.jsonl
printf '{"prompt":"good"}\n{"prompt":"one two three four five six seven eight"}\n' >bad.jsonl
ends 3 "bad.jsonl line 2: 'prompt' has 9 tokens, expected at most 7 beside --predict 3" $common \
    --prompts-file bad.jsonl --output bad.out.jsonl -n 3 --ctx 10
# One without usable logits is a line with an error, and the others are what they are without it.
cat >lost.jsonl <<'END'
{"prompt":"The weather today is","plan":"none","text":"It was a day."}
{"prompt":"A","plan":"huge.json","text":"It was a day."}
{"prompt":"My friend","plan":"late.json","text":"It was a day."}
END
ends 3 'lost.jsonl line 2: the plan huge.json leaves no usable logits' $common --sae "$sae" \
    --prompts-file lost.jsonl --output made.jsonl -n 4
has out '^3 prompts, 8 tokens' 1
has made.jsonl '"plan":"huge.json","error":"the plan huge.json leaves no usable logits[^"]*"\}$' 1
sed -n 1p made.jsonl >first
sed 's/huge.json/none/' lost.jsonl >kept.jsonl
ends 0 '' $common --sae "$sae" --prompts-file kept.jsonl --output again.jsonl -n 4
sed -n 1p again.jsonl | cmp first - >out 2>err || fail "a neighbour's error changes a text"
has made.jsonl '"text":"[^"]+","tokens":4,' 2
ends 3 'lost.jsonl line 2: the plan huge.json leaves no usable logits' $common --sae "$sae" \
    --score-file lost.jsonl --output scores.jsonl --json
has out '"texts": 3,' 1
has out '"failed": 1,' 1
has scores.jsonl '"plan":"huge.json","text":"It was a day.","model":"[^"]*","error":"the plan[^"]*"\}$' 1
has scores.jsonl '"perplexity":[0-9.]+,.*"log_ratio":' 2
ends 0 '' $common --sae "$sae" --score-file kept.jsonl --output again.jsonl
for line in 1 3; do
    sed -n ${line}p scores.jsonl | sed "$digits" >a
    sed -n ${line}p again.jsonl | sed "$digits" >b
    cmp a b >out 2>err || fail "a neighbour's error changes a score: $(cat a b | tr '\n' ' ')"
done
printf '{"text":"good"}\n{"prompt":"A"}\n' >bad.jsonl
ends 3 "bad.jsonl line 2: 'text' is missing, expected a string" $common --score-file bad.jsonl \
    --output bad.out.jsonl
printf '{"text":"good"}\n{"text":"A","prompt":"one two three four five"}\n' >bad.jsonl
ends 3 "bad.jsonl line 2: 'prompt' has 6 tokens, expected fewer than 6" $common \
    --score-file bad.jsonl --output bad.out.jsonl --ctx 6
: >bad.jsonl
ends 3 'bad.jsonl holds no line' $common --score-file bad.jsonl --output bad.out.jsonl
ends 2 '--ctx is 1000000, expected at most' $common --score-file texts.jsonl --output bad.out.jsonl \
    --ctx 1000000
ln -s "$model" model.gguf
mkdir sae && cp "$sae"/* sae
printf '{"prompt":"A","plan":"b.json"}\n' >plans.jsonl
on="--sae sae --plan late.json --prompts-file plans.jsonl"
kept=$(cat b.json late.json sae/* | cksum)
ends 2 'is the model, expected another' $common --prompts-file prompts.jsonl --output model.gguf
ends 2 'is the plan, expected another' $common $on --output ./late.json
ends 2 'is the plan of plans.jsonl line 1, expected another' $common $on --output b.json
for file in sae/*; do ends 2 'is a file of the dictionary' $common $on --output "$file"; done
[ "$kept" = "$(cat b.json late.json sae/* | cksum)" ] || fail 'an input was written over'
ends 2 'is what --prompts-file reads' $common --prompts-file prompts.jsonl --output ./prompts.jsonl
ends 4 'folder.safetensors is a folder' $common --prompts-file prompts.jsonl \
    --output folder.safetensors
# The plan meets no row: the texts are there all the same.
printf '{"prompt":"A","plan":"far.json"}\n' >far.jsonl
ends 3 'far.jsonl line 1: its plan never acted' $common --sae "$sae" --prompts-file far.jsonl \
    --output stays.jsonl -n 3
has stays.jsonl '"edited":0' 1
[ -z "$(find . -name 'bad.out*')" ] || fail "left behind: $(find . -name 'bad.out*')"

[ $n_failed = 0 ] && echo "all passed"
[ $n_failed = 0 ]
