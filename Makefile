# A table of contents: each target is a script of the same name in scripts/.
.PHONY: help install run dev test check bench openapi docker clean

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

install: ## the environment, from the lock file
	@scripts/install

run: ## migrate, load the demo stories, serve on http://127.0.0.1:8000
	@scripts/run

dev: ## serve, and start again when a file changes
	@scripts/dev

test: ## the tests, on SQLite and on a real PostgreSQL
	@scripts/test

check: ## format, lint, types, the contract, the Dockerfile
	@scripts/check

bench: ## the figures of docs/performance.md
	@scripts/bench

openapi: ## write openapi.yaml and the examples in it
	@scripts/openapi

docker: ## build the image
	@scripts/docker

clean: ## remove what can be made again
	rm -rf .venv node_modules .mypy_cache .ruff_cache dist
