# kdumpcheck: make demo, make test. Everything they need is set up by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What a master and a minion import; all that Salt names would need a compiler.
FOR_SALT := cryptography distro jinja2 jmespath looseversion msgpack packaging psutil pyyaml pyzmq requests tornado
PACKAGES := $(shell sed 's/\#.*//' packages.apt)
# A download that fails once or twice is no verdict. pip does not try again what breaks off in its middle; apt does, thrice,
# but at once.
THRICE := thrice() { "$$@" || { sleep 5; "$$@"; } || { sleep 30; "$$@"; }; }; thrice

.PHONY: demo test lint unit net wheel docs engines lab bench detection proofs analysis setup system-packages clean
.DEFAULT_GOAL := test

## Bring up three emulated nodes, validate, break two, repair, validate, report. KEEP=1 keeps the lab.
demo: setup
	$(BIN)/python -m kdumpcheck.lab.demo $(if $(KEEP),--keep)

## Everything: rules, pure tests, tests against real sshd, what is released, the pages, tests against real nodes.
test: setup
	$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 2 selftest/unit selftest/browser selftest/net
	$(MAKE) --no-print-directory $(foreach for,sbom docs engines,$(VENV)-$(for)/.installed)
	$(MAKE) --no-print-directory --jobs=3 --output-sync=target wheel docs engines
	$(BIN)/pytest -n 2 --dist loadfile selftest/lab

lint: setup
	$(BIN)/ruff check lib selftest tests examples conftest.py setup.py docs/conf.py
	$(BIN)/ruff format --check lib selftest tests examples conftest.py setup.py docs/conf.py
	$(BIN)/mypy

unit: setup
	$(BIN)/pytest selftest/unit

net: setup
	$(BIN)/pytest selftest/net

## What is released: sdist and wheel, installed in a bare venv, judging kept evidence from an empty directory. They are left
## in dist/ with a bill of materials (CycloneDX) of what was tested.
wheel: setup $(VENV)-sbom/.installed
	DIST=$(CURDIR)/dist $(BIN)/pytest selftest/wheel

## The pages, as docs/_build/index.html; a link or an anchor that leads nowhere fails.
docs: setup $(VENV)-docs/.installed
	$(BIN)/kdumpcheck explain --markdown | cmp - docs/checks.md
	$(VENV)-docs/bin/sphinx-build --quiet --fail-on-warning --keep-going --nitpicky --fresh-env docs docs/_build

## The probe carried by Ansible and clush to real sshd, and by a real Salt master, judged as what ssh brings.
engines: setup $(VENV)-engines/.installed
	$(BIN)/pytest selftest/engines

lab: setup
	$(BIN)/pytest -n 2 --dist loadfile selftest/lab

## Measure: judging 1,000 nodes, and the whole validation against other clients (needs root; 20 minutes).
bench: setup
	$(BIN)/python -m selftest.bench

## Break nodes, ask the suite, crash them for real and compare (needs root; hours; goes on where it was left).
## ONLY=fault,... some of them; N=20 SEED=7 nodes drawn at random instead. Writes docs/detection.md.
detection: setup
	$(BIN)/python -m selftest.detection --document $(if $(N),--random $(N)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

## Crash proofs of real nodes in every way they can go, both dialects (needs root; hours). ONLY=words picks some, as pytest's -k.
proofs: setup
	$(BIN)/pytest selftest/proofs $(if $(ONLY),-k "$(ONLY)")

## Why a node died, told with the real crash(8), drgn, makedumpfile and the kernel's symbols of two real dumps (needs root;
## 16 minutes at first: two crashes and a download of 300 MB, kept in the cache; then 7).
analysis: setup
	$(BIN)/pytest -o tmp_path_retention_policy=failed selftest/analysis

setup: $(VENV)/.installed

# The stamp makes a second run free; it is older than the files that say what to install when they change.
$(VENV)/.installed: pyproject.toml requirements.lock packages.apt
	@$(MAKE) --no-print-directory system-packages
	$(PYTHON) -m venv $(VENV)
	$(THRICE) $(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# What only these three targets need has a venv of its own, so that it is not in the lock.
$(VENV)-docs/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-docs
	$(THRICE) $(VENV)-docs/bin/pip install --quiet --editable ".[docs]"
	@touch $@

$(VENV)-sbom/.installed: Makefile
	$(PYTHON) -m venv $(VENV)-sbom
	$(THRICE) $(VENV)-sbom/bin/pip install --quiet 'cyclonedx-bom>=7,<8'
	@touch $@

$(VENV)-engines/.installed: Makefile
	$(PYTHON) -m venv $(VENV)-engines
	$(THRICE) $(VENV)-engines/bin/pip install --quiet 'ansible-core>=2.17,<3' $(FOR_SALT)
	$(THRICE) $(VENV)-engines/bin/pip install --quiet --no-deps 'salt>=3007,<3009'
	@touch $@

system-packages:
	@missing=$$(for package in $(PACKAGES); do \
	    dpkg-query -W -f '$${db:Status-Status}\n' $$package 2>/dev/null | grep -qx installed || echo $$package; done); \
	[ -n "$$missing" ] || exit 0; \
	as_root=; [ "$$(id -u)" = 0 ] || as_root="sudo -n"; \
	if [ -n "$$as_root" ] && ! $$as_root true 2>/dev/null; then \
	    echo "kdumpcheck: not root, so first run: sudo apt-get install -y --no-install-recommends" $$missing >&2; exit 1; fi; \
	echo "Installing from Debian:" $$missing; \
	install() { $$as_root apt-get update -qq && \
	    $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }; \
	$(THRICE) install

clean:
	rm -rf $(VENV) $(VENV)-docs $(VENV)-engines $(VENV)-sbom docs/_build .mypy_cache .ruff_cache .pytest_cache build dist
