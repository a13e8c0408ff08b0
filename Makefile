# A table of contents: each target is a script of the same name in scripts/.
.PHONY: help install run dev test test-postgres soak check bench search-quality openapi docker release clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' Makefile

install: ## the environment, from the lock file
	@scripts/install

run: ## migrate, load the demo stories, serve on http://127.0.0.1:8000
	@scripts/run

dev: ## the same, and start again when a file changes
	@scripts/dev

test: ## the tests, on SQLite and on a real PostgreSQL
	@scripts/test

test-postgres: ## the tests that ask PostgreSQL, alone
	@scripts/test -k postgres

soak: ## 2,000 writes on each database while the server is killed ten times
	@scripts/soak

check: ## format, lint, types, scripts, Dockerfile, the contract and its TypeScript
	@scripts/check

bench: ## the figures, beside a bare server's
	@scripts/bench

search-quality: ## how well search finds, on the development set
	@scripts/search-quality

openapi: ## write openapi.yaml
	@scripts/openapi

docker: ## build the image
	@scripts/docker

release: ## check, test, and build dist/ from this commit
	@scripts/release

clean: ## remove what can be made again
	@scripts/clean
