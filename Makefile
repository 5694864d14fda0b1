# Everything one does with this course, one line per target; `make` alone lists them.
# For GNU make 3.81 (macOS) and newer. Paths are relative, because make cannot handle a folder's name with spaces.

PYTHON ?=
PORT := 8888
LESSON :=
NAME :=
CHECK :=
FORCE :=
ARGS :=

# Scripts such as `alembic`, which nbgrader calls by name, are found without activating anything.
RUN := PATH="$$PWD/.venv/bin:$$PATH" .venv/bin/python
VERSION := import sys; print('Python %d.%d.%d' % sys.version_info[:3])
NO_NEWS := {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
TESTED_PYTHONS := python3 python3.13 python3.12 python3.11 python3.14 python
EXTRAS := $(if $(wildcard tests),[test])
NOTEBOOKS := $(wildcard solutions/*.ipynb solutions/*/*.ipynb)
ALLOW_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

# The course's own kernel and settings come before those of the user's home; nothing from elsewhere is imported,
# and windows left open in another project are not restored here.
export JUPYTER_PREFER_ENV_PATH := 1
export JUPYTERLAB_WORKSPACES_DIR := .venv/workspaces
unexport JUPYTER_PATH PYTHONPATH PYTHONHOME

# The environment is complete when it runs, stands where it was made, and was made from these very pins.
WANTED := $(shell pwd -P; cat pyproject.toml requirements.txt | cksum)
PRESENT := $(shell .venv/bin/python -E -c '' 2>/dev/null && cat .venv/made_in .venv/installed 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup lab models clean test demo release rerun grade report bench bundle examine

help:
	@echo "make TARGET, where TARGET is one of:"
	@awk -F ':.*## ' -v student="$(if $(wildcard solutions),,1)" \
	    '/^##@ / { if (student) exit; print "\n" substr($$0, 5) } /^[a-z]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' Makefile

lab: setup ## open the course in JupyterLab, installing what is missing (PORT=8890, ARGS=--no-browser)
	@if ! [ "$(PORT)" -ge 0 -a "$(PORT)" -le 65535 ] 2>/dev/null; then \
	    echo "PORT=$(PORT) is not a port: give a number up to 65535, as in make lab PORT=8890" >&2; exit 2; fi
	@$(RUN) -m jupyterlab --ServerApp.root_dir=. --ServerApp.port=$(PORT) \
	    --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(ALLOW_ROOT) $(ARGS)

models: setup ## train the course's small models again (NAME=tiny-bert for one; CHECK=1 only measures them)
	@$(RUN) -m grader.lab.training $(NAME) $(if $(CHECK),--check)

# PIP_USE_PEP517: the pip of Debian 12 would else build seqeval in an old way, which breaks with setuptools_scm 10.
setup: ## only install what is missing, into .venv (PYTHON=/path/to/python3.13 chooses the Python)
ifneq ($(PRESENT),$(WANTED))
	@found=; for python in $(if $(PYTHON),"$(PYTHON)",$(TESTED_PYTHONS)); do \
	    if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; \
	    then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    first="$(or $(PYTHON),python3)"; \
	    echo "Headway needs Python 3.11, 3.12, 3.13 or 3.14, but $$first is $$("$$first" -c "$(VERSION)" 2>/dev/null || echo missing):" \
	        "install one, or name it with make PYTHON=/path/to/python3.13" >&2; exit 1; \
	fi; \
	if ! .venv/bin/python -m pip --version >/dev/null 2>&1 || [ "$$(cat .venv/made_in 2>/dev/null)" != "$$(pwd -P)" ]; then \
	    echo "Making .venv with $$("$$found" -c "$(VERSION)")"; \
	    "$$found" -m venv --clear .venv && pwd -P > .venv/made_in || exit 1; \
	fi; \
	if [ -d grader/kernel ]; then \
	    mkdir -p .venv/share/jupyter/kernels/headway && cp grader/kernel/kernelspec/kernel.json .venv/share/jupyter/kernels/headway; \
	fi; \
	mkdir -p .venv/share/jupyter/lab/settings && echo '$(NO_NEWS)' > .venv/share/jupyter/lab/settings/overrides.json; \
	echo "Installing the course's packages; the first time takes a few minutes"; \
	if PIP_USER=0 PIP_USE_PEP517=1 .venv/bin/python -m pip install --disable-pip-version-check -c requirements.txt -e ".$(EXTRAS)"; \
	then cat pyproject.toml requirements.txt | cksum > .venv/installed; \
	else echo "Installing stopped before its end. If you are offline, connect; then run the same command again: it goes on" \
	    "from here." >&2; exit 1; fi
else
	@:
endif

clean: ## remove the environment and all caches; answers, submissions and grades stay
	rm -rf .venv build dist ./*.egg-info .pytest_cache .ruff_cache .hypothesis
	find . \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

##@ For instructors:
ifneq ($(wildcard solutions),)

test: setup ## run every test, then every solution notebook with its outputs compared (ARGS="-k masked")
	OMP_NUM_THREADS=1 $(RUN) -m pytest -rsxX -n 2 --dist loadfile --no-loadscope-reorder tests $(ARGS)
	$(if $(NOTEBOOKS),OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 --dist loadfile --nbval --nbval-kernel-name headway solutions)

examine: setup ## put the checker itself to the test: mutants, misconceptions, bad faith (LESSON=03, ARGS="--part 0.1")
	PYTHONPATH=tests OMP_NUM_THREADS=1 $(RUN) -m examine $(LESSON) $(ARGS)

demo: setup ## grade four made-up students in a throw-away folder and show the table
	@$(RUN) -m grader.cli demo $(LESSON)

release: setup ## write notebooks/ from solutions/ (LESSON=03_masked_lm for one; CHECK=1 compares, FORCE=1 overwrites)
	@$(RUN) -m grader.cli release $(LESSON) $(if $(CHECK),--check) $(if $(FORCE),--force)

rerun: setup ## run solution notebooks again and store their outputs (LESSON=03_masked_lm for one)
	@$(RUN) -m grader.cli rerun $(LESSON)

grade: setup ## grade what was handed in for LESSON=03_masked_lm (ARGS="--force", or another option of `grader grade`)
	@$(RUN) -m grader.cli grade $(LESSON) $(ARGS)

report: setup ## write a page on what the class got wrong in LESSON=03_masked_lm
	@$(RUN) -m grader.cli report $(LESSON)

bench: setup ## measure how fast a class is graded, beside stock nbgrader (LESSON=03_masked_lm ARGS="--submissions 8")
	@$(RUN) -m grader.cli bench $(LESSON) $(ARGS)

bundle: setup ## write the zip that students get
	@$(RUN) -m grader.cli bundle

else

test demo release rerun grade report bench bundle examine:
	@echo "make $@ is for instructors. This is the student edition, without solutions/: make alone lists what it has." >&2; exit 2

endif
