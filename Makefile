# Everything starts here: `make help`. A Python of 3.11 or newer and make are all a machine needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PEERS  := $(VENV)/.peers-installed
FUZZERS := $(VENV)/.fuzzers-installed
PORT   ?= 8000
DEMO   ?= 1
SMS    ?=
SMS_SET ?=
STAGE  ?=
DAYS   ?= 7
PLAYBOOK ?=
KIND   ?= write
SCOPES ?= read,decide,operate
PACKAGED := build/packaged

.DEFAULT_GOAL := help
.PHONY: help run test package deploy key show erase-again evaluate bench cost load faults fuzz clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

run: $(STAMP)  ## start the local stack and play the sample story (PORT=8000, DEMO=0 starts it empty)
	@PORT=$(PORT) DEMO=$(DEMO) $(BIN)/python -m infra.local

test: $(STAMP)  ## lint, types, import rules, the packaged template, and the tests with coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@mkdir -p build/coverage && rm -f build/coverage/*
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term

package: $(STAMP)  ## build what is deployed into build/packaged: the code and its CloudFormation template
	$(BIN)/python -m infra.package --out $(PACKAGED)
	$(BIN)/cfn-lint $(PACKAGED)/sam.json

deploy: $(STAMP)  ## bring a stage to AWS: make deploy STAGE=dev (BASE_URL=https://... for an address of your own)
	@$(BIN)/python -m infra.account --stage "$(STAGE)"
	$(MAKE) package
	$(BIN)/python -m infra.deploy --packaged $(PACKAGED) --stage "$(STAGE)" --base-url "$(BASE_URL)" \
		--sms "$(SMS)" --sms-configuration-set "$(SMS_SET)" \
		--push-firebase "$(PUSH_FIREBASE)" --push-apple "$(PUSH_APPLE)"

key: $(STAMP)  ## make a key for a deployed stage: make key STAGE=dev KIND=operator SCOPES=read,decide
	@$(BIN)/python -m infra.key --stage "$(STAGE)" --kind "$(KIND)" --scopes "$(SCOPES)"

show: $(STAMP)  ## print one stored profile, readable: make show ID=user:123 (STAGE=dev, or the running local stack)
	@PORT=$(PORT) $(BIN)/python -m infra.show --stage "$(STAGE)" "$(ID)"

evaluate: $(STAMP)  ## what another playbook would have done: make evaluate PLAYBOOK=new.yaml (DAYS=7, STAGE=dev)
	@PORT=$(PORT) $(BIN)/python -m infra.evaluate --stage "$(STAGE)" --days "$(DAYS)" "$(PLAYBOOK)"

erase-again: $(STAMP)  ## after tables were restored, erase again who was erased: make erase-again STAGE=dev
	@$(BIN)/python -m infra.erase_again --stage "$(STAGE)"

bench: $(STAMP) $(PEERS)  ## measure calls, times and sizes, as counts and as ratios within the run
	$(BIN)/python -m tests.bench

cost: $(STAMP)  ## what a million events, decisions and e-mails, and a month, cost by AWS's price list
	$(BIN)/python -m tests.cost

load: $(STAMP)  ## a load over HTTP, with what was lost or doubled (MINUTES=1 WORKERS=8; ENDPOINT= for a deployed stage)
	$(BIN)/python -m tests.load

faults: $(STAMP)  ## strike a scripted day with faults, and say what broke (FULL=1 for every fault, SEED=1)
	$(BIN)/python -m tests.faults

fuzz: $(STAMP) $(FUZZERS)  ## input nobody would send, at everything that reads input (FULL=1 for an hour, SEED=1)
	$(BIN)/python -m tests.fuzz

clean:  ## remove the virtual environment and everything built
	rm -rf $(VENV) build .chalice/deployments .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed anew when a requirements file changes.
$(STAMP): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Topeka needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $(STAMP)

# One by one: what has no build for this machine is told, and the command goes on without it.
define one_by_one
@echo "installing what $(1) is for into $(VENV) ..."
@sed 's/ *#.*//; /^$$/d' $(1) | while read -r one; do \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps "$$one" 2>/dev/null || \
	echo "$$one cannot be installed here: what needs it is left out"; \
done
@touch $@
endef

$(PEERS): $(STAMP) tests/bench/requirements.txt
	$(call one_by_one,tests/bench/requirements.txt)

$(FUZZERS): $(STAMP) tests/fuzz/requirements.txt
	$(call one_by_one,tests/fuzz/requirements.txt)
