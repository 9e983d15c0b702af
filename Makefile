# Every target sets up what it needs. It takes Python 3.11 with venv, make, and nothing else.
#
#   make demo        train a CNN on the digits; leaves log, models and picture in demo-output
#   make test        the tests, without the slow ones
#   make test-slow   the slow ones
#   make lint        ruff, pyright, import contracts
#   make format      rewrites the code in the project's format
#   make docs        the documentation as a site, in site/
#   make bench       kir against hand-written TensorFlow loops
#   make proto       compiles specs/kir.proto; make proto-check tells whether that was done
#   make clean       removes environments and caches

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
JOBS ?= 2
# More options, e.g. make test PYTEST='-k Dense -x'
PYTEST ?=
DEMO_OUTPUT ?= demo-output

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PACKAGES := kir compiler runtime tests
SCRIPTS := docs/hooks

# The oldest generated code that TensorFlow's protobuf range (>=6.31.1,<8) can load. grpcio-tools
# asks for protobuf<7 itself, hence an environment of its own.
GRPCIO_TOOLS := grpcio-tools==1.80.0
PROTO_VENV ?= .venv-proto
PROTO_FOLDER := kir/serde/generated

.DEFAULT_GOAL := test
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: demo docs test test-slow bench lint format proto proto-check clean

# -- environments: made when absent, brought up to date when pyproject.toml is newer

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kir needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --editable '.[$*]'
	@touch $@

$(PROTO_VENV)/.installed:
	$(PYTHON) -m venv $(PROTO_VENV)
	$(PROTO_VENV)/bin/python -m pip --disable-pip-version-check install --quiet $(GRPCIO_TOOLS)
	@touch $@

# -- what users call

demo: $(VENV)/.installed-demo
	$(BIN)/kir train specs/examples/digits_cnn.yaml \
	    --data digits --loss categorical_crossentropy --optimizer adam --metrics accuracy \
	    --epochs 30 --batch-size 32 --seed 1337 --output $(DEMO_OUTPUT)

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'not slow' $(PYTEST)

test-slow: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m slow $(PYTEST)

# The API's pages come from the docstrings, the messages of the error index from programs that run.
docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean
	@echo 'Look at it with: $(BIN)/python -m http.server --directory site'

# On its own: other work on the machine would be measured too.
bench: $(VENV)/.installed-test
	$(BIN)/python -m tests.bench $(BENCH)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check $(PACKAGES) $(SCRIPTS)
	$(BIN)/ruff format --check $(PACKAGES) $(SCRIPTS)
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix $(PACKAGES) $(SCRIPTS)
	$(BIN)/ruff format $(PACKAGES) $(SCRIPTS)

# -- the protobuf form of the IR; the code is checked in, so that users need no compiler

# compile-proto(folder): writes the Python code for specs/kir.proto below a folder. The mapped
# import path gives the file the name of its package, which keeps protobuf's global pool apart
# from other files called kir.proto.
compile-proto = $(PROTO_VENV)/bin/python -m grpc_tools.protoc \
    --proto_path=$(PROTO_FOLDER)=specs --python_out=$(1) --pyi_out=$(1) $(PROTO_FOLDER)/kir.proto

proto: $(PROTO_VENV)/.installed
	mkdir -p $(PROTO_FOLDER)
	$(call compile-proto,.)

proto-check: $(PROTO_VENV)/.installed
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && \
	$(call compile-proto,$$fresh) && \
	for file in kir_pb2.py kir_pb2.pyi; do \
	    diff -u $(PROTO_FOLDER)/$$file $$fresh/$(PROTO_FOLDER)/$$file || \
	    { echo "$(PROTO_FOLDER)/$$file does not match specs/kir.proto; run: make proto"; exit 1; }; \
	done

clean:
	rm -rf site .venv .ci-venv $(PROTO_VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find $(PACKAGES) -name __pycache__ -type d -prune -exec rm -rf {} +
