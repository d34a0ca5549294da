# make demo     install what is missing, build in release, run the main job on the bundled default
# make test     install what is missing, run every test
# make install  build and install under PREFIX (default /usr/local; DESTDIR is honoured)
# make lib      build the C library into .build-lib;  make install-lib  install it without steerctl
# make lint     check formatting and warnings;  make format  apply the formatting
# make test-asan  the tests that feed untrusted bytes, under AddressSanitizer
# make test-abi   the C library, from C; test-abi-sanitizers, bench-abi, fuzz: Tests/ABIProbe/targets.mk
# make test-report  a run's page in a headless browser (Chromium)
# make test-hosts  build llama.cpp and fetch a real model once, then test Hosts/ end to end;
#                  make prepare-hosts  no more than the first half of it
# make bench    time everything against the machine and its peers: Benchmarks/targets.mk
# make test-install  install into a temporary folder, build docs/examples against that, run them
# make packages    install what is missing of everything that these targets need, at once

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift

# OpenBLAS is not linked: opening a whitened dictionary loads it, as tests do.
PACKAGES := libjson-c-dev libmd-dev libyaml-dev zlib1g-dev libopenblas0 pkg-config
SOURCES := Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources
STEERCTL := .build/release/steerctl
# The C library, and the tool to install: both carry the Swift runtime in themselves.
LIB_BUILD := .build-lib
# What tests of the hosts fetch and build once.
HOSTS_BUILD := .build-hosts
# Optimising takes three quarters of a build, and leaves out accesses that a sanitizer could look at, and
# assertions. The C kernels are as they ship.
SANITIZED := -c release -Xswiftc -Onone
SANITIZED_BUILD := .build-sanitized
TEST_INSTALL_PACKAGES := gcc g++ cmake
# All that any target installs.
ALL_PACKAGES := $(PACKAGES) $(TEST_INSTALL_PACKAGES) make valgrind python3-venv chromium

# Targets share the build folders of the others.
.NOTPARALLEL:

.PHONY: all demo test test-asan test-install test-hosts prepare-hosts test-report lib install install-lib \
    uninstall format lint dependencies packages clean

all: dependencies
	$(SWIFT) build -c release

demo: all
	@echo
	@echo '$$ steerctl apply --feature 1234 --alpha 4 --skip-first 1'
	@$(STEERCTL) apply --feature 1234 --alpha 4 --skip-first 1 \
	    --output .build/activations.steered.safetensors
	@echo
	@echo '$$ steerctl encode --activations activations.steered.safetensors'
	@$(STEERCTL) encode --activations .build/activations.steered.safetensors
	@echo
	@echo '$$ steerctl features 1234'
	@$(STEERCTL) features 1234

# Not by `swift test` alone: it compiles everything in another way, for imports that no test here uses, and
# the next build would compile it all again.
test: dependencies
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build

# XCTest's own runner leaks, which LeakSanitizer would count as a failure. The backtracer would hold a
# crashed process. Foundation's Process leaks a weak reference: the test that starts one is left out.
# Only what these tests use is built; without testable imports, as in test-abi-sanitizers.
test-asan: dependencies
	export STEERING_TESTS=FormatsTests,ImportersTests SWIFT_BACKTRACE=enable=no; \
	build='$(SANITIZED) --sanitize=address --scratch-path $(SANITIZED_BUILD)-address'; \
	$(SWIFT) build $$build --product SteeringPackageTests && \
	$(SWIFT) test $$build --skip-build --disable-xctest --filter 'FormatsTests|ImportersTests' \
	    --skip digestsAreThoseOfTheBytes

lib: dependencies
	SWIFT='$(SWIFT)' Scripts/make-library.sh $(LIB_BUILD)

install-lib: lib
	set -e; prefix='$(DESTDIR)$(PREFIX)'; from='$(LIB_BUILD)'; \
	install -d "$$prefix/include" "$$prefix/lib/pkgconfig" "$$prefix/lib/cmake/Steering" \
	    "$$prefix/share/doc/steering"; \
	install -m 644 "$$from/include/steering.h" "$$prefix/include/"; \
	install -m 644 "$$from"/doc/* "$$prefix/share/doc/steering/"; \
	install -m 644 "$$from/lib/libsteering.a" "$$from"/lib/libsteering.so.*.*.*.* "$$prefix/lib/"; \
	cp -P "$$from/lib/libsteering.so" "$$from"/lib/libsteering.so.1 "$$prefix/lib/"; \
	install -m 644 "$$from/lib/pkgconfig/steering.pc" "$$prefix/lib/pkgconfig/"; \
	install -m 644 "$$from"/lib/cmake/Steering/*.cmake "$$prefix/lib/cmake/Steering/"
	@# The loader's cache, for folders that it covers: hosts then find the library by its name.
	@case '$(DESTDIR):$(PREFIX)' in :/usr | :/usr/local) \
	    [ "$$(id -u)" != 0 ] || PATH="$$PATH:/sbin" ldconfig || true ;; esac

# A host's side of it: compilers and CMake, which the library itself does not need.
test-install: dependencies
	@if ! { command -v gcc && command -v g++ && command -v cmake; } >/dev/null; then \
	    echo 'installing $(TEST_INSTALL_PACKAGES)'; \
	    as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$as_root apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq $(TEST_INSTALL_PACKAGES); \
	fi
	MAKE='$(MAKE)' SWIFT='$(SWIFT)' Scripts/check-installed.sh

# PICTURES=folder keeps screenshots.
test-report: all
	Scripts/test-report.sh $(STEERCTL) $(PICTURES)

test-hosts: lib
	Scripts/test-hosts.sh $(LIB_BUILD) $(HOSTS_BUILD)

prepare-hosts:
	Scripts/test-hosts.sh --prepare $(HOSTS_BUILD)

install: dependencies install-lib
	SWIFT='$(SWIFT)' Scripts/make-tool.sh $(LIB_BUILD)/bin/steerctl
	test -f default/manifest.json
	set -e; share='$(DESTDIR)$(PREFIX)/share/steering'; \
	install -d '$(DESTDIR)$(PREFIX)/bin' "$$share/schemas"; \
	(cd default && find . -type f) | while read -r file; do \
	    install -D -m 644 "default/$$file" "$$share/default/$$file"; \
	done; \
	install -m 644 docs/schemas/*.schema.json "$$share/schemas/"; \
	install -s -m 755 $(LIB_BUILD)/bin/steerctl '$(DESTDIR)$(PREFIX)/bin/steerctl'

uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/steerctl'
	rm -rf '$(DESTDIR)$(PREFIX)/share/steering/default' \
	    '$(DESTDIR)$(PREFIX)/share/steering/schemas' '$(DESTDIR)$(PREFIX)/share/doc/steering'
	-rmdir '$(DESTDIR)$(PREFIX)/share/steering' 2>/dev/null
	rm -f '$(DESTDIR)$(PREFIX)/include/steering.h' '$(DESTDIR)$(PREFIX)/lib/libsteering.a' \
	    '$(DESTDIR)$(PREFIX)/lib/libsteering.so' '$(DESTDIR)$(PREFIX)/lib/libsteering.so.1' \
	    '$(DESTDIR)$(PREFIX)'/lib/libsteering.so.1.[0-9]*.[0-9]*.[0-9]* \
	    '$(DESTDIR)$(PREFIX)/lib/pkgconfig/steering.pc'
	rm -rf '$(DESTDIR)$(PREFIX)/lib/cmake/Steering'

format:
	$(SWIFT) format format --in-place --recursive $(SOURCES)

lint: dependencies
	$(SWIFT) format lint --strict --recursive $(SOURCES)
	for compiler in clang gcc; do \
	    command -v $$compiler >/dev/null || continue; \
	    for file in Sources/CKernels/*.c; do \
	        $$compiler -std=c99 -Wall -Wextra -pedantic -Werror -Wno-unknown-pragmas \
	            $$([ $$compiler = clang ] && echo -Wno-nullability-extension) \
	            -fsyntax-only -ISources/CKernels/include $$file || exit 1; \
	    done; \
	done

# Installs only what is missing, so that a machine that has everything needs neither root nor network.
dependencies:
	@command -v $(SWIFT) >/dev/null || { \
	    echo 'swift not found: install Swift 6.3 or later from https://swift.org/install'; exit 1; }
	@if ! { command -v pkg-config && pkg-config --exists json-c libmd yaml-0.1 zlib && \
	    PATH="$$PATH:/sbin" ldconfig -p | grep -F libopenblas.so.0; } >/dev/null 2>&1; then \
	    echo 'installing $(PACKAGES)'; \
	    as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$as_root apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq $(PACKAGES); \
	fi

# Each target does this for itself; all at once is quicker, and two targets cannot do it at one time.
packages:
	@missing=$$(for each in $(ALL_PACKAGES); do \
	    dpkg-query -W -f '$${Status}\n' $$each 2>/dev/null | grep -q '^install ok installed$$' || echo $$each; \
	done); \
	if [ -n "$$missing" ]; then \
	    echo installing $$missing; \
	    as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$as_root apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq $$missing; \
	fi

clean:
	rm -rf .build .build-fuzz $(SANITIZED_BUILD)-* $(LIB_BUILD) $(ABI_BUILD) $(HOSTS_BUILD) \
	    $(BENCH_BUILD)

include Tests/ABIProbe/targets.mk
include Benchmarks/targets.mk
