# make course   the course in your browser (PORT=9000 for another port)
# make test     every test that is quick; make test FULL=1 takes all
# make bench    how fast it is beside other programs, as ratios; ROWS="serve reports" takes some
# make clean    takes away what these commands made; your folder my/ stays, and so do a gradebook and collected work
# make lock     for maintainers: the locks anew from pyproject.toml (UPGRADE=1 takes newer versions)
# make contents for maintainers: course/README.md anew, from the syllabus and the notebooks
# make places   for maintainers: runs the lessons that changed, and keeps what at("dmarc/02", "how it breaks") raises
# Without make: python bootstrap.py course

PYTHON ?= python3
KEPT = gradebook grading-seed collected  # an instructor's, in build: what learners handed in, and what they got for it
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) pyproject.toml

.PHONY: course test bench clean contents places lock
export PORT FULL ROWS

course test bench:
	@$(PYTHON) bootstrap.py $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis postlib.egg-info
	-find build -mindepth 1 -maxdepth 1 $(foreach name,$(KEPT),! -name "$(name)*") -exec rm -rf {} + 2>/dev/null
	find postlib autograder tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

contents:
	.venv/bin/python -m postlib.course.contents

places:
	.venv/bin/python -m postlib.course.placing

# The first lock holds everything; the second is the part of it that a learner needs.
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv, a maintainer's tool: python -m pip install uv"; exit 2; }
	$(COMPILE) --all-extras --output-file requirements/test.lock
	$(COMPILE) --extra course --extra second-opinion --constraint requirements/test.lock --output-file requirements/course.lock
