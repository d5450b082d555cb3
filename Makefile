# Showfloor: `make demo` shows it, `make test` proves it. ARGS reaches the program: `make demo ARGS=--exit`.
CARGO ?= cargo
ARGS ?=
# Of the group that is measured: `make bench PEOPLE=100000`.
PEOPLE ?= 10000

.PHONY: demo test bench check docs contract clients openapi

demo: postgres
	$(CARGO) run --locked -- demo $(ARGS)

test: postgres
	$(CARGO) fetch --locked
	$(CARGO) test --locked

# How fast it is: the functions inside, then a group's month beside PostgreSQL alone (docs/PERFORMANCE.md).
bench: postgres
	$(CARGO) bench --locked --bench allocations
	$(CARGO) bench --locked --bench functions
	$(CARGO) bench --locked --bench month -- --people $(PEOPLE) --json bench-results/month-$(PEOPLE).json $(ARGS)

# What has to hold besides the tests; none of it needs a network.
check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) run --locked --quiet -- rules check
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		echo "Dependencies: checked by cargo deny."; $(CARGO) deny --offline check bans licenses sources; \
	else \
		echo "Dependencies: cargo deny is not installed; checked by tests/api/house.rs."; \
		$(CARGO) test --locked --quiet --test api -- house::; \
	fi

# Pastes every command of README.md and the guides against a demonstration.
docs: postgres
	$(CARGO) build --locked
	./scripts/check_docs.sh

# Holds the program to its OpenAPI document: schemathesis, as two logins of each of six roles, against demonstrations of its own.
contract: postgres
	$(CARGO) build --locked
	python3 scripts/contract.py $(ARGS)

# Makes clients of the document with generators for TypeScript and Python, and reads a demonstration with them.
clients: postgres
	$(CARGO) build --locked
	python3 scripts/clients.py $(ARGS)

# Writes the document that the tests compare with the code.
openapi:
	$(CARGO) run --locked --quiet -- openapi > openapi/openapi.json

.PHONY: postgres
postgres:
	@./scripts/postgres.sh
