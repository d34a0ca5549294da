#!/bin/sh
# steer-llama as its users run it: results, captured files, and how it ends.
#
#   program_test.sh PROGRAM MODEL SAE [STEERCTL [FAULTS]]
#
# Without STEERCTL the step that reads a captured file with it is left out, and says so; without FAULTS, the
# library of faults.cpp, the steps that need it.
set -u
program=$1
model=$2
sae=$3
steerctl=${4:-}
faults=${5:-}
. "$(dirname "$0")/program_support.sh"

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

[ "$(cat text.documents.jsonl)" = \
    '{"document":0,"text":"one text","pieces":["<bos>","one"," text"]}' ] ||
    fail "the documents file is $(cat text.documents.jsonl)"

# ---- Documents with members of their own, one longer than a window and one in half characters.
cat >in.jsonl <<'END'
{"id": "a", "text": "The cat sat on the mat, and the dog lay beside it.", "n": 1.50, "pieces": [1]}
 {"document": 7, "text":"\ud808\udf45 \"quoted\"","labels" : {"past-tense":true, "x": [1e2]}, "id":"b"} 
END
printf '{"te\\u0078t": "last"}' >more.jsonl
ends 0 '' $common --documents-file in.jsonl --documents-file more.jsonl --ctx 8 --json \
    --capture docs.safetensors --capture-layer 3 --capture-layer 4
has out '"documents": 3,' 1
has out '"documents_files": \["docs.layer-3.documents.jsonl", "docs.layer-4.documents.jsonl"\]' 1
cmp docs.layer-3.documents.jsonl docs.layer-4.documents.jsonl >out 2>err ||
    fail "the documents files of two layers differ"
mv docs.layer-3.documents.jsonl docs.jsonl
rm docs.layer-*
has docs.jsonl '^\{"document":[0-2],.*,"pieces":\["<bos>",.*"\]\}$' 3
has docs.jsonl '^\{"document":0,"id": "a","text": "The cat [^"]*","n": 1.50,"pieces":\[[^]]*\]\}$' 1
sed -n 2p docs.jsonl >second
has second '^\{"document":1,"text":"\\ud808\\udf45 \\"quoted\\"",' 1
has second ',"labels" : \{"past-tense":true, "x": \[1e2\]\},"id":"b","pieces":\[[^]]*\]\}$' 1
has docs.jsonl '^\{"document":2,"te\\u0078t": "last","pieces":\["<bos>","last"\]\}$' 1
[ "$(sed -n 1p docs.jsonl | grep -o '"<bos>"' | wc -l)" = 2 ] ||
    fail "not one piece for each BOS of two windows"
[ "$(sed -n 2p docs.jsonl | grep -o "\"$(printf '\357\277\275')\"" | wc -l)" = 4 ] ||
    fail "not one U+FFFD for each token of one byte"
sed -n 1p docs.jsonl >first
has first '"pieces":\["<bos>","The"," cat"," sat"," on"," the"," mat",",","<bos>"," and"," the",' 1

# ---- What a documents file must not hold: the file and the line are named.
bad() { # WORDS LINE
    printf '{"text":"good","id":"1"}\n%b\n' "$2" >bad.jsonl
    ends 3 "bad.jsonl line 2$1" $common --documents-file bad.jsonl --capture bad.safetensors \
        --capture-layer 3
}
bad ": 'text' is missing" '{"id":"2"}'
bad ": 'text' is 3, expected a string" '{"text":3}'
bad ": 'text' is empty" '{"text":""}'
bad ": 'text' contains U+0000" '{"text":"a\\u0000b"}'
bad ": 'id' is \"1\" as on an earlier line" '{"text":"b","id":"\\u0031"}'
bad ": 'id' is 2, expected a string" '{"text":"b","id":2}'
bad ": found '[', expected an object" '["text"]'
bad ': found the end of the line, expected an object' ''
bad ": found 'x' after the object" '{"text":"b"} x'
bad ": key \"text\" stands twice" '{"text":"b","t\\u0065xt":"c"}'
bad ": key \"y\" stands twice" '{"text":"b","x":[{"y":1,"y":2}]}'
bad ": number 18446744073709551616 is out of range" '{"text":"b","n":18446744073709551616}'
bad ": found 'N', expected a value" '{"text":"b","n":NaN}'
bad ": a number starts with 0" '{"text":"b","n":01}'
bad ": a string contains byte 255, expected UTF-8" '{"text":"\0377"}'
bad ": a string contains byte 9, expected an escape" '{"text":"\t"}'
bad ": a string contains an invalid escape" '{"text":"\\ud800"}'
bad ': a string does not end' '{"text":"'
bad ': more than 64 containers' "{\"text\":\"b\",\"x\":$(printf '%064d' 0 | tr 0 '[')"
{ printf '{"text":"good"}\n{"text":"'; head -c 16777216 /dev/zero | tr '\0' x; } >bad.jsonl
ends 3 'bad.jsonl line 2 is longer than 16777216 bytes' $common --documents-file bad.jsonl \
    --capture bad.safetensors --capture-layer 3
{ printf '{"text":"good"}\n{"text":"b","x":['; yes 1, | head -n 1000000 | tr -d '\n'; echo '1]}'; } >bad.jsonl
ends 3 'bad.jsonl line 2: more than 1000000 values' $common --documents-file bad.jsonl \
    --capture bad.safetensors --capture-layer 3
{ printf '{"text":"good"}\n{"text":"one two three four five six seven eight nine ten","x":['
    yes 1, | head -n 999994 | tr -d '\n'
    echo '1]}'; } >bad.jsonl
ends 3 "bad.jsonl line 2: the document's line, with its pieces, has more than 1000000 values" $common \
    --documents-file bad.jsonl --capture bad.safetensors --capture-layer 3
: >bad.jsonl
ends 3 'hold no document' $common --documents-file bad.jsonl --capture bad.safetensors \
    --capture-layer 3
cp in.jsonl own.documents.jsonl
ends 2 'own.documents.jsonl is what --documents-file reads' $common --documents-file own.documents.jsonl \
    --capture own.safetensors --capture-layer 3
ends 2 'exclude each other' $common --documents-file in.jsonl --text-file text.txt \
    --capture bad.safetensors --capture-layer 3
ends 2 '--documents-file needs --capture' $common --documents-file in.jsonl
mkdir taken.documents.jsonl
ends 4 'taken.documents.jsonl is a folder' $common --documents-file in.jsonl \
    --capture taken.safetensors --capture-layer 3
rmdir taken.documents.jsonl

# ---- Killed between two names: new documents never stand beside the rows of an earlier run.
if [ -n "$faults" ]; then
    ends 0 '' $common --text-file text.txt --capture kill.safetensors --capture-layer 3
    [ -s kill.safetensors ] || fail "no rows to replace"
    export LD_PRELOAD="$faults" STEER_TEST_FAULT=rename
    "$program" $common --documents-file in.jsonl --capture kill.safetensors --capture-layer 3 \
        >out 2>err
    found=$?
    [ $found = 137 ] || fail "exit code $found, expected 137: killed"
    STEER_TEST_FAULT=fdopen
    ends 4 'text.safetensors cannot be made' $common --text-file text.txt \
        --capture text.safetensors --capture-layer 3
    unset LD_PRELOAD STEER_TEST_FAULT
    grep -q '"id": "a"' kill.documents.jsonl || fail "no new documents"
    [ ! -e kill.safetensors ] || fail "old rows stand beside new documents"
    rm -f kill.*
else
    echo "no faults: killing the program between two names is skipped"
fi

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
left=$(find . \( -name '*.safetensors*' -o -name '*.documents.jsonl*' \) ! -name rows.safetensors \
    ! -name text.safetensors ! -name text.documents.jsonl ! -name own.documents.jsonl \
    ! -name stays.safetensors ! -name folder.safetensors)
[ -z "$left" ] || fail "left behind: $left"

[ $n_failed = 0 ] && echo "all passed"
[ $n_failed = 0 ]
