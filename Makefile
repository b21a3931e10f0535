# SPDX-License-Identifier: Apache-2.0
# make demo    the main job on real packets       make test    everything, real packets included
# make bench   ratios against C programs          make tsan    what threads share under ThreadSanitizer
# make build   release build                      make gates   no allocation, no lock on the packet path
# make check   formatting and warnings            make fmt     apply the formatting
# make install programs, unit, manual (DESTDIR)   make deb     .build/neti_VERSION_ARCH.deb
# make test-vm the package on Debian's own kernel

SWIFT   ?= swift
SUDO    := $(if $(filter 0,$(shell id -u)),,sudo)
RELEASE := .build/release
# Nothing is left to be found by an RPATH.
STATIC  := -c release --static-swift-stdlib --disable-local-rpath

# Debian's packages: what the build links with, what tests and the demo call.
BUILD_PACKAGES := binutils libmnl-dev libnetfilter-queue-dev libnfnetlink-dev libnftnl-dev libpcap-dev pkg-config
RUN_PACKAGES   := iproute2 nftables procps util-linux
TEST_PACKAGES  := curl mandoc mmdebstrap python3-venv systemd systemd-container tshark

# Where `make install` puts things; below DESTDIR if that is set. The configuration is in /etc whatever PREFIX is.
PREFIX  ?= /usr/local
DESTDIR ?=
SBIN    := $(PREFIX)/sbin
UNITS   := $(PREFIX)/lib/systemd/system
SHARE   := $(PREFIX)/share
MANUAL  := $(SHARE)/man
ZSH     := $(SHARE)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
PACKAGE := .build/package
# The date that generated manual pages bear.
COMMIT_DATE = git log -1 --format=%cd --date='format:%B %-d, %Y' 2>/dev/null || LC_ALL=C date '+%B %-d, %Y'

# The functions of the packet path by their mangled names, for the disassembly check.
PACKET_PATH := '9NetiLinux8PumpLoopV' '9NetiLinux12PolledQueuesV' '9NetiLinux13VerdictBufferV' \
    '9NetiLinux13CaptureSwitchC5offer' '9NetiLinux13PacketCaptureC5offer' '9NetiLinux11CaptureRingV5write' \
    '5Hooks6ReaderV(5enter|5leave)' '5Hooks11PublicationC(5enter|5leave)' '5Hooks10EventChainV.*3run.*Neti06PacketB0V_Tg' '^.s4Neti11PacketEventV' \
    '6Impair0A6ModuleC(8function.*U[0-9]*_|6impair|9duplicate|4send|7refused|7corrupt)' \
    '6Impair.*(4fate|RateLimiterV4wait|DelayV11nanoseconds)' '8IPFilter15PacketConditionV7matches' \
    '6Packet8DatagramV' '6Packet.*updateChecksums' '8IPFilter0A6ModuleC8function.*U[0-9]*_' \
    '8IPFilter7RuleSetC6decide' '8IPFilter7LogRingV9writeBody' \
    '4Neti(14ProtocolHandle|15NetworkProtocol)C(3mtu|5route)' '5Hooks11PublicationC14isCallerInside' '4Neti10RouteTableV5route' \
    '4Neti17InterfaceSnapshotV3mtu' '9NetiLinux15InjectedPacketsC9recognise' '9NetiLinux15InjectedSourcesC6origin' \
    '9NetiLinux20InjectedFingerprintsC(4take|6search)' '4Neti13InjectionListC(6inject|5admit|5store|4copy|3arm|8setTimer)' \
    '4Neti15InjectionMemoryV(4take|9takeFresh|4link|8giveBack)' '9NetiLinux14DirectInjectorC(4send|6target|3hop)' '9NetiLinux14NeighbourTableC(4find|7address|12beginWaiting)'

TSAN         := NETI_THREAD_SANITIZER=1 NETI_CHURN_ROUNDS=5000
TSAN_OPTIONS := -c release --scratch-path .build/tsan -Xswiftc -enable-testing
TSAN_TESTS   := HooksTests|KstatTests|NetiTests|NetiLinuxTests|HooksComeAndGo|InstancesEnd|InterfacesAreReported|LookUpsAgreeWithIP|InjectionKeepsOrder|InjectionEnds|PacketsGo

.PHONY: demo test prometheus troubled gates tsan build deps bench check fmt clean programs install uninstall deb \
    test-package test-vm
.DEFAULT_GOAL := build

deps:
	@missing=""; for package in $(BUILD_PACKAGES) $(RUN_PACKAGES); do \
	    dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	    echo "Installing$$missing"; \
	    $(SUDO) apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; \
	fi

build: deps
	$(SWIFT) build $(STATIC)

# What is installed: both programs, with what they say about themselves.
programs: deps
	$(SWIFT) build $(STATIC) --product neti-daemon
	$(SWIFT) build $(STATIC) --product neti-ctl
	$(SWIFT) build $(STATIC) --product neti-manual
	@rm -rf $(PACKAGE)/manual && mkdir -p $(PACKAGE)/manual
	$(RELEASE)/neti-ctl --experimental-dump-help >$(PACKAGE)/neti-ctl.json
	$(RELEASE)/neti-manual --date "$$($(COMMIT_DATE))" $(PACKAGE)/neti-ctl.json $(PACKAGE)/manual
	@for shell in bash zsh fish; do for program in neti-daemon neti-ctl; do \
	    mkdir -p $(PACKAGE)/$$shell && \
	    $(RELEASE)/$$program --generate-completion-script $$shell >$(PACKAGE)/$$shell/$$program.new && \
	    sed '1{/^#!/d}' $(PACKAGE)/$$shell/$$program.new >$(PACKAGE)/$$shell/$$program || exit 1; \
	done; done

# Never overwrites a configuration. With sudo, take the PATH along for Swift: sudo env "PATH=$$PATH" make install
install: programs
	install -D -s -m 755 -t $(DESTDIR)$(SBIN) $(RELEASE)/neti-daemon $(RELEASE)/neti-ctl
	@for file in systemd/neti.toml config/ipf.conf; do \
	    installed=$(DESTDIR)/etc/neti/$${file#*/}; [ -e $$installed ] || install -D -m 644 $$file $$installed; \
	done
	install -D -m 644 -t $(DESTDIR)$(SHARE)/doc/neti/examples config/neti.toml config/ipf.conf \
	    config/grafana-dashboard.json
	install -D -m 644 systemd/neti.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/neti.conf
	install -d $(DESTDIR)$(UNITS)
	sed 's|/usr/sbin/|$(SBIN)/|g' systemd/neti.service >$(DESTDIR)$(UNITS)/neti.service
	@for program in neti-daemon neti-ctl; do \
	    install -D -m 644 $(PACKAGE)/bash/$$program $(DESTDIR)$(SHARE)/bash-completion/completions/$$program; \
	    install -D -m 644 $(PACKAGE)/zsh/$$program $(DESTDIR)$(ZSH)/_$$program; \
	    install -D -m 644 $(PACKAGE)/fish/$$program $(DESTDIR)$(SHARE)/fish/vendor_completions.d/$$program.fish; \
	done
	install -D -m 644 -t $(DESTDIR)$(MANUAL)/man8 $(PACKAGE)/manual/*.8 systemd/neti-daemon.8
	install -D -m 644 -t $(DESTDIR)$(MANUAL)/man5 config/neti.toml.5 config/ipf.conf.5
	$(if $(DESTDIR),,@echo 'Then: systemd-sysusers; systemctl daemon-reload; systemctl enable --now neti')

# Leaves the configuration and /var/lib/neti.
uninstall:
	rm -rf $(DESTDIR)$(SHARE)/doc/neti
	rm -f $(DESTDIR)$(MANUAL)/man8/neti-*.8 $(DESTDIR)$(MANUAL)/man5/neti.toml.5 $(DESTDIR)$(MANUAL)/man5/ipf.conf.5
	rm -f $(addprefix $(DESTDIR),$(UNITS)/neti.service $(PREFIX)/lib/sysusers.d/neti.conf \
	    $(foreach program,neti-daemon neti-ctl,$(SBIN)/$(program) $(SHARE)/bash-completion/completions/$(program) \
	        $(ZSH)/_$(program) $(SHARE)/fish/vendor_completions.d/$(program).fish))

# A Debian package, for the release of Debian on which it is made.
deb: BUILD_PACKAGES += dpkg-dev
deb: deps
	rm -rf $(PACKAGE)/root .build/neti_*.deb
	$(MAKE) install PREFIX=/usr DESTDIR=$(CURDIR)/$(PACKAGE)/root
	config/debian/build $(PACKAGE)/root .build

# The package on a bare Debian 12 without Swift: installed, used, upgraded, removed, purged.
test-package: RUN_PACKAGES += mmdebstrap
test-package: deb
	$(SUDO) Tests/Package/bare-debian.sh .build/neti_*.deb .build/package-test

# The package on Debian's own kernel, in a virtual machine without hardware virtualisation: under five minutes.
test-vm: RUN_PACKAGES += cpio mmdebstrap qemu-system-x86
test-vm: deb
	$(SUDO) Tests/Package/virtual-machine.sh .build/neti_*.deb .build/package-test

# The daemon on real packets; removes what it makes, also on Ctrl-C.
demo: build
	@$(SUDO) $(RELEASE)/neti-demo

# A daemon that gets stuck, for the container that boots real systemd.
troubled: deps
	$(SWIFT) build $(STATIC) --product neti-troubled-daemon

# One test at a time: many of them count what is there, or run packets.
test: RUN_PACKAGES += $(TEST_PACKAGES)
test: deps prometheus deb troubled
	Tests/Conformance/coverage.sh
	$(SWIFT) build --build-tests
	$(SUDO) env "PATH=$$PATH" SWIFT="$(SWIFT)" Tests/run.sh --skip-build --no-parallel
	.build/debug/neti-fuzz --inputs 2000
	$(SUDO) Tests/Package/bare-debian.sh .build/neti_*.deb .build/package-test
	$(MAKE) gates tsan

# Debian's programs to test metrics with. The package is unpacked, not installed: that would start a service.
prometheus: .build/prometheus/usr/bin/prometheus

.build/prometheus/usr/bin/prometheus:
	mkdir -p $(@D)/../..
	cd .build/prometheus && apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb

# What threads share, watched by ThreadSanitizer: hooks, callbacks, modules, instances, kstats and interfaces that come
# and go, in memory and with real packets. Tests/CWatchedMutex tells it of Swift's Mutex, which it would misjudge.
# Left out: what is above the engine, which Package.swift doesn't instrument; InstancesInWaves, which measures memory, of
# which the sanitizer takes its own; and for time the other LiveTests, whose threads share no more than these.
tsan: deps
	$(TSAN) $(SWIFT) build --build-tests $(TSAN_OPTIONS)
	$(SUDO) env "PATH=$$PATH" $(TSAN) SWIFT="$(SWIFT)" Tests/run.sh --skip-build --no-parallel $(TSAN_OPTIONS) \
	    --filter '$(TSAN_TESTS)'

# What must hold of the release build: no allocation for a packet, no reference counting or lock on its path.
gates: deps
	$(SWIFT) build $(STATIC) --product neti-gate
	Tests/PumpGate/disassembly.sh $(RELEASE)/neti-gate $(PACKET_PATH)
	$(SUDO) $(RELEASE)/neti-gate

# QUICK=1, STRICT=1, JSON=FILE, BENCH='other options': see Benchmarks/runner/__main__.py.
bench: RUN_PACKAGES += gcc libc6-dev python3
bench: deps
	$(SWIFT) build $(STATIC) --product neti-daemon
	$(SWIFT) build $(STATIC) --product neti-injector
	$(MAKE) -s -C Benchmarks
	$(SUDO) /usr/bin/python3 -B Benchmarks/runner $(if $(QUICK),--quick) $(if $(STRICT),--strict) \
	    $(if $(JSON),--json $(JSON)) $(BENCH)
	$(SUDO) /usr/bin/python3 -B Benchmarks/runner/injection.py $(if $(QUICK),--rounds 1) $(if $(STRICT),--strict)
	$(SUDO) /usr/bin/python3 -B Benchmarks/runner/instances.py $(if $(QUICK),--count 100)

fmt:
	$(SWIFT) format -i -r Package.swift Sources Tests Benchmarks

check: deps
	$(SWIFT) format lint -r --strict Package.swift Sources Tests Benchmarks
	$(SWIFT) build $(STATIC)

clean:
	$(SWIFT) package clean
