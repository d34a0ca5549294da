# make demo     install what is missing, build in release, run the main job on the bundled default
# make test     install what is missing, run every test
# make install  build and install under PREFIX (default /usr/local; DESTDIR is honoured)
# make lint     check formatting and warnings;  make format  apply the formatting
# make test-asan  the tests that feed untrusted bytes, under AddressSanitizer

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift

PACKAGES := libopenblas-dev libjson-c-dev libmd-dev pkg-config
SOURCES := Package.swift Sources Tests
STEERCTL := .build/release/steerctl
# A build of its own: the installed tool carries the Swift runtime in itself.
INSTALL_BUILD := .build-install

.PHONY: all demo test test-asan install uninstall format lint dependencies clean

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

test: dependencies
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build

# XCTest's own runner leaks, which LeakSanitizer would count as a failure. The backtracer would hold a
# crashed process.
test-asan: dependencies
	SWIFT_BACKTRACE=enable=no $(SWIFT) test --sanitize=address --disable-xctest \
	    --scratch-path .build-asan --filter 'FormatsTests|ImportersTests'

install: dependencies
	$(SWIFT) build -c release --product steerctl --static-swift-stdlib \
	    --scratch-path $(INSTALL_BUILD)
	test -f default/manifest.json
	set -e; share='$(DESTDIR)$(PREFIX)/share/steering'; \
	install -d '$(DESTDIR)$(PREFIX)/bin' "$$share/schemas"; \
	(cd default && find . -type f) | while read -r file; do \
	    install -D -m 644 "default/$$file" "$$share/default/$$file"; \
	done; \
	install -m 644 docs/schemas/plan.schema.json "$$share/schemas/"; \
	install -s -m 755 $(INSTALL_BUILD)/release/steerctl '$(DESTDIR)$(PREFIX)/bin/steerctl'

uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/steerctl'
	rm -rf '$(DESTDIR)$(PREFIX)/share/steering'

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
	@if ! { command -v pkg-config && pkg-config --exists openblas json-c libmd; } >/dev/null 2>&1; then \
	    echo 'installing $(PACKAGES)'; \
	    as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$as_root apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq $(PACKAGES); \
	fi

clean:
	rm -rf .build .build-asan $(INSTALL_BUILD)
