# Backdock. `make help` lists the targets. Go 1.26 and Node 20 are prerequisites; everything else is brought by the targets.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# SQLite is pure Go here; cgo would only add a C compiler to the prerequisites.
export CGO_ENABLED := 0
export GOFLAGS := -buildvcs=false

GO_SOURCES := $(shell find scanner receiving inventory api cmd internal web -name '*.go' -not -path '*/node_modules/*' 2>/dev/null) go.mod go.sum
WEB_SOURCES := $(shell find web/src web/public web/*.html web/*.ts web/package.json web/package-lock.json -type f 2>/dev/null)
BINARIES := bin/backdock bin/station bin/sandbox
FUZZTIME ?= 5s
ONLY ?= .
JSON ?=
KERNEL_TESTS := hid plug serial

.PHONY: help run test build web test-go test-web test-e2e lint openapi bench fuzz soak vmtest test-peers screenshots clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 16

run: build ## set up, build and run the demo (SQLite, simulated world, a real station agent)
	bin/backdock demo $(ARGS)

build: .cache/setup-build web $(BINARIES) ## build everything into bin/

bin/%: $(GO_SOURCES) web/dist/index.html
	go build -o $@ ./cmd/$*

web: web/dist/index.html ## build the browser UI

web/dist/index.html: .cache/npm $(WEB_SOURCES)
	cd web && npm run build --silent

test: .cache/setup-test lint test-go test-web test-e2e fuzz ## every kind of test at reduced, fixed counts
	@echo "make test: all passed"

test-go: .cache/setup-test-go web $(BINARIES) ## Go tests on PostgreSQL and SQLite
	BACKDOCK_BIN=$(CURDIR)/bin go test -timeout 20m ./...

test-web: .cache/npm ## unit tests of the browser UI
	cd web && npm test --silent && npm run typecheck --silent && npm run build --silent && npm run budget --silent

test-e2e: .cache/setup-test web $(BINARIES) ## end to end in Chromium against the demo
	.ci/e2e.sh

lint: .cache/setup-build web ## formatting, vet, staticcheck, import rules
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	go test -count=1 ./internal/archtest
	.ci/setup_test.sh
	cd web && npm run api --silent -- --check

openapi: web $(BINARIES) ## the description of the API, and the types of the pages made from it
	bin/backdock openapi >web/openapi.json
	cd web && npm run api --silent

fuzz: .cache/setup-build ## every fuzz target for FUZZTIME (5s)
	.ci/fuzz.sh $(FUZZTIME)

bench: .cache/setup-bench web $(BINARIES) ## figures beside their baselines; ONLY=regex JSON=file
	go run ./cmd/bench -only '$(ONLY)' $(if $(JSON),-json $(JSON))

soak: .cache/setup-test web $(BINARIES) ## the crash and property tests at full counts, seeds printed
	BACKDOCK_SOAK=1 go test -count=1 -timeout 10h -v -run 'Crash|Crowd|Soak|Property|Model|Kill' ./...

vmtest: .cache/setup-vm ## drivers and agent on real kernel devices in QEMU; BACKDOCK_VM_SCANS=10000
	go build -o .cache/vm/ ./cmd/vmtest/guest ./cmd/station
	go test -c -o .cache/vm/ $(KERNEL_TESTS:%=./scanner/%)
	go run ./cmd/vmtest -tests '$(KERNEL_TESTS:%=.cache/vm/%.test)' $(ARGS)

test-peers: .cache/setup-build $(BINARIES) ## independent implementations of the outside protocols, both ways
	cd internal/sandbox/wechatpay/peers && npm ci --silent --no-audit --no-fund && npm test --silent
	go test -count=1 -tags peers -run Peers ./receiving/world/payment/wechatpay

screenshots: .cache/setup-test web $(BINARIES) ## pictures of every screen in both languages into docs/screens
	cd web && npm run screenshots --silent

clean: ## remove what the targets made
	rm -rf bin .cache web/node_modules web/dist/assets web/dist/*.html

.cache/setup-build: .ci/setup.sh
	@mkdir -p .cache && .ci/setup.sh go node && touch $@

.cache/setup-test-go: .ci/setup.sh
	@mkdir -p .cache && .ci/setup.sh go node postgres openssl && touch $@

.cache/setup-test: .ci/setup.sh
	@mkdir -p .cache && .ci/setup.sh go node postgres openssl chromium fonts && touch $@

.cache/setup-bench: .ci/setup.sh
	@mkdir -p .cache && .ci/setup.sh go node postgres pgbench && touch $@

.cache/setup-vm: .ci/setup.sh
	@mkdir -p .cache/vm && .ci/setup.sh go qemu dpkg && touch $@

.cache/npm: web/package.json web/package-lock.json .cache/setup-build
	cd web && npm ci --no-audit --no-fund --silent
	@touch $@
