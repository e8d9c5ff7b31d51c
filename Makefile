# Reel. Bare `make` lists what can be done; README.md tells the rest.

ifneq ($(words $(CURDIR)),1)
$(error Reel cannot be built below a path with spaces: $(CURDIR))
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

BIN := .venv/bin
READY := .venv/.ready
SERVERS_READY := .tools/servers/.ready
PEER_READY := .tools/peer/.ready
NEWMAN_READY := .tools/newman/.ready
MANIFESTS := $(wildcard */pyproject.toml */*/pyproject.toml)
PYTEST := $(BIN)/pytest
JOBS ?= auto
# One process a core, four at most: each may start a stack of its own. A module stays in one.
PARALLEL := -n $(JOBS) --maxprocesses=4 --dist=loadscope

##@ Set up

setup: $(READY) $(SERVERS_READY) ## make this clone's environments (again only when a lock changed)

$(READY): requirements.lock tools/setup.sh tools/uv/requirements.lock $(MANIFESTS)
	@tools/setup.sh develop
	@touch $@

$(SERVERS_READY): deploy/local/servers/requirements.lock tools/setup.sh tools/uv/requirements.lock
	@tools/setup.sh servers
	@touch $@

$(PEER_READY): tests/load/peer/requirements.lock tools/setup.sh tools/uv/requirements.lock
	@tools/setup.sh peer
	@touch $@

$(NEWMAN_READY): $(wildcard tools/newman/*) tools/newman/.npmrc tools/setup.sh
	@tools/setup.sh newman
	@touch $@

lock: ## resolve every requirements.lock again; UPGRADE=1 takes newer versions
	@UV=$$(tools/setup.sh uv) && export UV && tools/lock.sh $(if $(UPGRADE),--upgrade)

clean: ## stop the stack and remove all that was made here: environments, state, caches
	@if [ -x $(BIN)/reel-stack ]; then $(BIN)/reel-stack down; fi
	rm -rf .venv .tools var dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Check

fmt: $(READY) ## format the code and apply safe fixes
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lint: $(READY) ## ruff: every rule that pyproject.toml does not exempt
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY) ## basedpyright, strict
	$(BIN)/basedpyright

arch: $(READY) ## import rules and the other rules of the tree
	$(BIN)/lint-imports
	$(PYTEST) tests/architecture

contracts: $(READY) ## write contracts/schemas and contracts/openapi from the code
	$(BIN)/python -m reel_contract_tools

##@ Test

test: setup ## all tests; JOBS=0 runs them one by one
	$(PYTEST) $(PARALLEL)

test-unit: $(READY) ## no server, no network
	$(PYTEST) tests/unit tests/contract

test-integration: setup ## against PostgreSQL, S3 and SQS
	$(PYTEST) $(PARALLEL) tests/integration

test-long: setup ## what the tests above run a slice of, whole: fuzzing, properties, kills
	$(PYTEST) $(PARALLEL) -m "long or budgeted" --hypothesis-profile=long

e2e: setup ## the whole stack, through its public addresses
	$(PYTEST) $(PARALLEL) tests/e2e tests/resilience

postman: setup $(NEWMAN_READY) ## the Postman collection, by newman; PREPARE=1 readies it for make up
	@$(BIN)/python tools/postman.py $(if $(PREPARE),--prepare)

matrix: $(READY) ## every kind of film with its plan and checked output; writes var/matrix.md
	@mkdir -p var
	@$(PYTEST) tests/integration/transcode_media/test_matrix.py -q -o junit_family=xunit1 \
	--junitxml=var/matrix.xml; \
	status=$$?; $(BIN)/python tools/matrix.py var/matrix.xml var/matrix.md; exit $$status

bench: setup $(PEER_READY) ## measure against the targets and peers; writes var/bench.json
	@status=0; \
	$(BIN)/python tests/load/bench.py || status=1; \
	$(BIN)/python tests/load/load.py || status=1; exit $$status

load: setup $(PEER_READY) ## 500 pollers and 50 uploaders for 2 minutes, and a peer; ARGS="--seconds 10"
	@$(BIN)/python tests/load/load.py $(ARGS)

quality: $(READY) ## VMAF, bytes and CPU by preset and CRF, in var/quality; ARGS="--films DIR"
	@$(BIN)/python tests/load/quality.py $(ARGS)

##@ Run

demo: setup ## a video's whole way, measured; FILE=path sends your own
	@$(BIN)/reel-stack demo $(if $(FILE),"$(FILE)")

up: setup ## start the stack; Ctrl-C ends it, DETACH=1 leaves it running
	@$(BIN)/reel-stack up $(if $(DETACH),--detach)

down: $(READY) ## stop a detached stack
	@$(BIN)/reel-stack down

logs: $(READY) ## follow the logs of every part
	@$(BIN)/reel-stack logs --follow

token: $(READY) ## print a JWT for SUB=uuid
	@$(BIN)/reel-stack token --sub $(if $(SUB),"$(SUB)",$(error say whose: make token SUB=<uuid>))

ops: $(READY) ## look into a service: SERVICE=video|upload|transcode ARGS="dead"
	@$(BIN)/python tools/ops.py $(SERVICE) $(or $(ARGS),--help)

help: ## this list
	@awk 'BEGIN { FS = ":.*## "; print "usage: make TARGET [NAME=value …]" } \
	/^##@/ { printf "\n%s\n", substr($$0, 5) } \
	/^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup lock clean fmt lint types arch contracts test test-unit test-integration test-long e2e \
	postman matrix bench load quality demo up down logs token ops help
