# The developer's day. `make` builds, `make test` is what CI runs first, `make check` second.
GO    ?= go
TOOL  := $(GO) tool -modfile=tools/go.mod
export GOFLAGS := -mod=mod

# Packages whose tests are quick enough under the race detector, and how often each fuzz target runs
# (by count: one that ends by the clock fails now and then when a run is cut off).
RACE ?= ./cmd/... ./router/... ./risk/... ./spec/... ./switch/... ./balance ./cardnet/... ./internal/scenario \
  ./jobs ./teller ./vault ./wallet ./internal/wallettest
FUZZ ?= 3000x

.PHONY: build test check race fuzz fmt lint bench bench-wallet clients night clean
build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/sekisho ./cmd/sekisho

test:
	$(GO) test ./...

check:
	$(GO) vet ./...
	@bad=$$($(TOOL) gofumpt -l .); [ -z "$$bad" ] || { echo "not formatted, run make fmt:" $$bad; exit 1; }
	$(TOOL) staticcheck ./...
	$(MAKE) race fuzz

# The tag leaves out the reader of the wallet API's document, which takes minutes to build for it.
race:
	$(GO) test -race -short -tags fuzz $(RACE)

# Every fuzz target for a short while; one that is new is found by itself.
fuzz:
	@grep -rl --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do \
	  sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$$file" | while read -r target; do \
	    echo "fuzz $$(dirname "$$file") $$target"; \
	    $(GO) test -tags fuzz -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ) -fuzzminimizetime 20x "$$(dirname "$$file")" </dev/null || exit 1; \
	  done || exit 1; \
	done

fmt:
	$(TOOL) gofumpt -w .

# golangci-lint takes minutes to build: not in CI.
lint:
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...

bench:
	$(GO) run ./internal/bench

# Allocations per second of the wallet API, and what they do to the line beside it.
bench-wallet:
	$(GO) run ./internal/bench -only wallet

# Clients of the wallet API are made from its documents by other people's generators, and used. Needs npm and node.
clients:
	SEKISHO_CLIENTS=1 $(GO) test -count=1 -timeout 15m -run TestClientsMadeFromTheDocumentsWork -v ./internal/wallettest

# What takes too long for every change. A long clearing file is read, and loaded, in bounded memory; random
# clearing histories are held against a second, naive implementation.
RECORDS   ?= 10000000
HISTORIES ?= 3000
night:
	$(GO) test -race -count=3 ./...
	$(MAKE) fuzz FUZZ=300000x
	SEKISHO_CLEARING_RECORDS=$(RECORDS) $(GO) test -count=1 -timeout 20m -run TestAFileOfAnyLengthIsReadInTheSameMemory -v ./spec/clearing
	SEKISHO_CLEARING_RECORDS=$(RECORDS) $(GO) test -count=1 -timeout 60m -run TestALoadDoesNotNeedMoreMemoryForALongerFile -v ./jobs
	$(GO) test -count=1 -timeout 20m -run NaiveAccount ./router -histories $(HISTORIES)

clean:
	rm -rf bin
