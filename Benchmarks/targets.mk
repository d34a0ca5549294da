# Measurements. Included by the Makefile of the repository; docs/performance.md explains.
#
# make bench                    everything, 12 to 15 minutes on a quiet machine, into .build-bench/results
# make bench BENCH=quick        two minutes of it;  BENCH_ONLY='^encode/.*/b512/' by the cases' names
# make bench-publish            copies the last results into docs/
# make bench-instructions       instructions of the key calls against Benchmarks/thresholds
# make bench-instructions-update  takes today's as the thresholds
# make bench-instructions INSTRUCTIONS=--strict   fails where they cannot be compared
#
# BENCH_PYTHON names another Python that has the peers; else they are installed beside the build. What
# cannot be installed is left out, and tried again by the next run.

BENCH ?= full
BENCH_ONLY ?=
BENCH_BUILD := .build-bench
# The CPU build of torch is on an index of its own.
BENCH_PIP_OPTIONS ?= --extra-index-url https://download.pytorch.org/whl/cpu
BENCH_VENV := $(BENCH_BUILD)/venv
BENCH_PYTHON ?= $(BENCH_VENV)/bin/python
INSTRUCTIONS ?=
BENCH_PROGRAM := $(BENCH_BUILD)/swift/release/steering-bench

.PHONY: bench bench-build bench-peers bench-publish bench-instructions bench-instructions-update

bench: bench-build $(if $(filter $(BENCH_VENV)/%,$(BENCH_PYTHON)),bench-peers)
	'$(BENCH_PYTHON)' Benchmarks/bench.py --steering-bench $(BENCH_PROGRAM) \
	    --python '$(BENCH_PYTHON)' --data $(BENCH_BUILD)/data --output $(BENCH_BUILD)/results \
	    --which $(BENCH) --only '$(BENCH_ONLY)' --swift '$(SWIFT)'

bench-build: lib
	$(SWIFT) build -c release --package-path Benchmarks --scratch-path $(BENCH_BUILD)/swift \
	    -Xlinker '-L$(CURDIR)/$(LIB_BUILD)/lib' \
	    -Xlinker -rpath -Xlinker '$(CURDIR)/$(LIB_BUILD)/lib'

# `complete` is a copy of what was installed, made only when all of it was.
bench-peers: $(BENCH_VENV)/bin/python
	@wanted=Benchmarks/peers/requirements.txt; \
	if cmp -s $$wanted $(BENCH_VENV)/complete; then exit 0; fi; \
	rm -f $(BENCH_VENV)/complete; \
	if $(BENCH_VENV)/bin/pip install -q -r $$wanted $(BENCH_PIP_OPTIONS); then \
	    cp $$wanted $(BENCH_VENV)/complete; \
	else \
	    echo 'some peers are not to be had here: they will be left out'; \
	    grep -E '^(numpy|matplotlib)==' $$wanted | xargs $(BENCH_VENV)/bin/pip install -q; \
	fi

$(BENCH_VENV)/bin/python:
	@if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo 'installing python3-venv'; \
	    as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$as_root apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq python3-venv; \
	fi
	python3 -m venv $(BENCH_VENV)

bench-publish:
	'$(BENCH_PYTHON)' Benchmarks/publish.py $(BENCH_BUILD)/results docs

bench-instructions: lib abi-compilers abi-valgrind
	Benchmarks/instructions.py $(INSTRUCTIONS) --swift '$(SWIFT)' $(LIB_BUILD) $(BENCH_BUILD)/instructions

bench-instructions-update: lib abi-compilers abi-valgrind
	Benchmarks/instructions.py --update --swift '$(SWIFT)' $(LIB_BUILD) $(BENCH_BUILD)/instructions
