# Everything a bare machine needs is git, make and python3 (3.11 or newer): `make up` and `make test` bring the rest.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# More than there are cores: much of the time goes into waiting (for packets that never come, for terraform).
JOBS ?= 3

.PHONY: help up down test check bench docs lock clean

help:
	@echo "make up     start a cloud in the background (installs what is missing)"
	@echo "make down   stop it"
	@echo "make test   run every test"
	@echo "make check  ruff, mypy, import contracts, the house"
	@echo "make bench  measure against peers, in one run"
	@echo "make docs   write the generated pages anew"

up: $(VENV)/run build/network build/node/ready
	@$(BIN)/fogbank up -d

down: $(VENV)/run
	@$(BIN)/fogbank down

test: $(VENV)/dev build/vectors build/clients/ready build/sam/ready build/cdk/ready build/node/ready build/network build/tools
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS)

check: $(VENV)/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/house

bench: $(VENV)/bench build/network
	@$(BIN)/python -m bench $(BENCH)

docs: $(VENV)/dev
	@$(BIN)/python docs/generate.py

# The protocol vectors of AWS's SDKs, which only botocore's source package carries.
build/vectors: requirements/vectors.lock | $(VENV)/dev
	@mkdir -p build
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --require-hashes \
		--dest build -r requirements/vectors.lock && touch $@

# Other people's clients, each of which does a real job in tests/clients.
build/clients/ready: requirements/clients.lock
	@requirements/venv $(PYTHON) build/clients
	@build/clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/clients.lock
	@touch $@

# SAM's command line, which tests/serverless deploys with. The lock names all that it needs, without the extras that
# pip would ask for.
build/sam/ready: requirements/sam.lock
	@requirements/venv $(PYTHON) build/sam
	@build/sam/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r requirements/sam.lock
	@touch $@

# The CDK, which tests/clients/test_cdk.py deploys with.
build/cdk/ready: requirements/node/cdk/package-lock.json
	@requirements/node/install cdk build/cdk

# The SDK that functions in Node find.
build/node/ready: requirements/node/sdk/package-lock.json
	@requirements/node/install sdk build/node

lock:
	@requirements/lock

clean:
	rm -rf $(VENV) build dist

$(BIN)/python:
	@requirements/venv $(PYTHON) $(VENV)

# Networks need one library that is no Python package; without it VPCs are records only, and fogbank says so.
build/network: requirements/debian
	@requirements/debian '/usr/lib/*/libnftables.so.1:libnftables1'
	@mkdir -p build && touch $@

# What tests ask and look with: other people's clients, and a browser.
build/tools: requirements/debian
	@requirements/debian rclone:rclone curl:curl slirp4netns:slirp4netns dig:bind9-dnsutils ip:iproute2 nft:nftables \
		unbound-host:unbound-host chromium:chromium chromedriver:chromium-driver
	@mkdir -p build && touch $@

$(VENV)/run $(VENV)/dev $(VENV)/bench: $(VENV)/%: requirements/%.lock pyproject.toml | $(BIN)/python
	@echo "installing what requirements/$*.lock pins"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$*.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
