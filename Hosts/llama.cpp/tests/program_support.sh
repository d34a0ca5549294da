# What the tests of steer-llama share, to be sourced: $program, $model and $sae are set. Runs in a folder
# of its own with some plans in it.
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

common="--model $model --threads ${STEERING_TEST_THREADS:-2}"
# $common is split into words on purpose, everywhere below.
