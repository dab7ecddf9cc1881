# make test    install what the tests need and run them all, with -race
# make check   gofmt, go vet and staticcheck, on every module
# make bench   us beside others, in half an hour; in two minutes with ARGS=-quick
# make micro   the benchmarks beside the code

MODULES     := $(patsubst %/go.mod,%,$(shell find . -name go.mod -not -path './.git/*' | sort))
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Debian packages, each with a program by which it is known to be there. Servers
# are run by the tests that need them, with their data in a temporary folder.
PROGRAMS    := curl chromium postgres mariadbd mariadb-install-db python3 make_method
PACKAGES    := curl chromium fonts-dejavu-core postgresql mariadb-server-core mariadb-client-core python3 librpc-xml-perl
SUDO        := $(if $(filter 0,$(shell id -u)),,sudo)
INSTALL     := DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends

.PHONY: test check bench micro programs

test: programs
	@set -e; for m in $(MODULES); do echo "== go test -race ($$m)"; (cd $$m && go test -race -count=1 -timeout 20m ./...); done

# A missing program is installed; one that cannot be had ends the run. Debian
# keeps servers where only root looks for programs, or nobody.
WHERE := PATH=$$PATH:/usr/sbin:$$(echo /usr/lib/postgresql/*/bin | tr ' ' :)
programs:
	@$(WHERE); for p in $(PROGRAMS); do command -v $$p >/dev/null || missing=1; done; \
	if [ -n "$$missing" ]; then \
		$(SUDO) apt-get update -qq && $(INSTALL) $(PACKAGES) >/dev/null; \
	fi
	@$(WHERE); for p in $(PROGRAMS); do command -v $$p >/dev/null || { echo "$$p is missing and could not be installed" >&2; exit 1; }; done

check:
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	@set -e; for m in $(MODULES); do echo "== go vet, staticcheck ($$m)"; (cd $$m && go vet ./... && go run $(STATICCHECK) ./...); done

# The load comes from wrk, or if it cannot be had from a generator of our own.
bench:
	@command -v wrk >/dev/null || { $(SUDO) apt-get update -qq && $(INSTALL) wrk >/dev/null; } || echo "going on without wrk"
	cd bench && go run . $(ARGS)

micro:
	go test -run '^$$' -bench . ./timer ./session
	go test -run '^$$' -bench 'Request|Stored' ./site
	go test -run '^$$' -bench Call ./resource/rpc
	go test -run '^$$' -bench Loopback -benchtime 40x ./site
	cd drills && go test -run '^$$' -bench SQL .
