# The C interface, tested from C. Included by the Makefile of the repository.
#
# make test-abi             headers, layout, exports, every program against the library, and the
#                           instructions of key calls (docs/performance.md)
# make test-abi-sanitizers  the same programs under AddressSanitizer, ThreadSanitizer and valgrind
# make test-abi-long        a million cycles of every handle (five to ten minutes)
# make bench-abi            what a call costs, as JSON
# make fuzz                every fuzz target, or FUZZ_TARGETS, FUZZ_SECONDS each

FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?=
ABI_BUILD := .build-abi
ABI_PROBE := Tests/ABIProbe

.PHONY: test-abi test-abi-sanitizers test-abi-long bench-abi fuzz sanitized-libraries \
    abi-compilers abi-valgrind

test-abi: lib abi-compilers abi-valgrind
	$(ABI_PROBE)/run.sh plain $(LIB_BUILD)/include $(LIB_BUILD)/lib steering $(ABI_BUILD)/plain
	Benchmarks/instructions.py --swift '$(SWIFT)' $(LIB_BUILD) $(ABI_BUILD)/instructions

# Shares its build for AddressSanitizer with test-asan.
sanitized-libraries: dependencies
	@# Modules wait for one another in a build: two builds at once take little longer than one.
	set -e; builds=; for mode in address thread; do \
	    $(SWIFT) build $(SANITIZED) --product SteeringC --sanitize=$$mode \
	        --scratch-path $(SANITIZED_BUILD)-$$mode & builds="$$builds $$!"; \
	done; \
	for build in $$builds; do wait $$build; done

test-abi-sanitizers: lib sanitized-libraries abi-compilers abi-valgrind
	@mkdir -p $(ABI_BUILD)
	@# One mode uses one core most of the time: all three at once, each one's output in one piece.
	set -e; runs=; for mode in address thread valgrind; do \
	    case $$mode in \
	        valgrind) library=$(LIB_BUILD)/lib name=steering;; \
	        *) library=$(SANITIZED_BUILD)-$$mode/release name=SteeringC;; \
	    esac; \
	    $(ABI_PROBE)/run.sh $$mode $(LIB_BUILD)/include $$library $$name $(ABI_BUILD)/$$mode \
	        >$(ABI_BUILD)/$$mode.log 2>&1 & runs="$$runs $$mode:$$!"; \
	done; \
	failed=; for run in $$runs; do \
	    wait $${run#*:} || failed="$$failed $${run%%:*}"; \
	    cat $(ABI_BUILD)/$${run%%:*}.log; \
	done; \
	[ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }

test-abi-long: test-abi
	$(ABI_BUILD)/plain/test_cycles 1000000 1000000

bench-abi: lib abi-compilers
	$(ABI_PROBE)/run.sh bench $(LIB_BUILD)/include $(LIB_BUILD)/lib steering $(ABI_BUILD)/bench

fuzz: dependencies
	Fuzz/run.sh $(FUZZ_SECONDS) $(SWIFT) "$(FUZZ_TARGETS)"

abi-compilers:
	@if ! { command -v gcc && command -v g++; } >/dev/null; then \
	    echo 'installing gcc and g++'; \
	    as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$as_root apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq gcc g++; \
	fi

abi-valgrind:
	@if ! command -v valgrind >/dev/null; then \
	    echo 'installing valgrind'; \
	    as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$as_root apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq valgrind; \
	fi
