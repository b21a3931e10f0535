# SPDX-License-Identifier: Apache-2.0
# make demo    the main job on real packets       make test    everything, real packets included
# make build   release build                      make bench   ratios against C programs
# make check   formatting, warnings, gates        make fmt     apply the formatting

SWIFT   ?= swift
SUDO    := $(if $(filter 0,$(shell id -u)),,sudo)
RELEASE := .build/release
STATIC  := -c release --static-swift-stdlib

# Debian's packages: what the build links with, what tests and the demo call.
BUILD_PACKAGES := libmnl-dev libnetfilter-queue-dev libnfnetlink-dev libnftnl-dev pkg-config
RUN_PACKAGES   := iproute2 nftables procps util-linux

.PHONY: demo test build deps bench check fmt clean
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

clean:
	$(SWIFT) package clean
