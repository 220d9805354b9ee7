# Five commands: make demo [FOR=60s], make demo-clean, make test, make lock, make clean. Needs Python 3.11 with venv.
PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed

.PHONY: demo demo-clean test race fuzz faults lock clean

# A simulated district from socket to suggested points, everything embedded; FOR=60s stops by itself,
# BROKER=amqtt takes the broker from pip.
demo: $(INSTALLED)
	@$(VENV)/bin/district demo $(if $(FOR),--for $(FOR)) $(if $(BROKER),--broker $(BROKER))

demo-clean: $(INSTALLED)
	@$(VENV)/bin/district demo --clean

# Everything the tests need, then ruff, mypy, and the whole suite.
test: $(INSTALLED)
	@VENV=$(VENV) bash tests/run.sh

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The collector under an independent harness (folder in RACE, default ../shared/race): make race [VARIANT=1|2|20]
# [TIMESCALE=1] [ROUNDS=3]; 1 where a goal is missed.
race: $(INSTALLED)
	@$(VENV)/bin/python -m tests.race --variant $(or $(VARIANT),2) --rounds $(or $(ROUNDS),1) $(if $(TIMESCALE),--timescale)

# Payloads that nobody meant to send through every wire format: make fuzz [N=1000000] [SEED=1]; 1 where one broke something.
fuzz: $(INSTALLED)
	@$(VENV)/bin/python -m tests.fuzz --number $(or $(N),100000) --seed $(or $(SEED),1)

# Everything that may die dies, again and again: make faults [ROUNDS=1] [SEED=1] [FAULT="disk full"] [RESULT=faults.jsonl];
# 1 where a promise was broken.
faults: $(INSTALLED)
	@$(VENV)/bin/python -m tests.faults.campaign $(or $(ROUNDS),1) --seed $(or $(SEED),1) --result $(or $(RESULT),faults.jsonl) $(if $(FAULT),--fault "$(FAULT)")

# Resolve the ranges of pyproject.toml anew; hashes, but no address of any registry.
lock:
	uv pip compile --quiet --generate-hashes --all-extras --no-emit-index-url --no-header -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
