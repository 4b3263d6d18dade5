# SPDX-License-Identifier: GPL-2.0-only
#
# make help

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

B := build
VERSION := $(shell scripts/version)

.PHONY: all module lib tools deps check bench overhead deb rpm check-install \
	lint clean help FORCE
all: module lib tools	## the module for this host, the library, the tools

deps:			## install what is missing, with apt-get
	@scripts/deps build vm check

check:			## prove the promises: unit tests, then kselftests in the VM
	@scripts/deps build vm check
	@scripts/check

bench: tools		## measure on this host, then with the device in the VM
	@scripts/deps build vm
	@scripts/bench

overhead: tools $(B)/user/bench-bare	## what the benchmark adds to what it measures
	@scripts/bench-overhead

deb:			## Debian packages, into build/deb/
	@scripts/deps build package
	@scripts/deb

rpm:			## RPM packages, into build/rpm/
	@scripts/deps build package
	@scripts/rpm

check-install: deb	## the packages in the VM: installed, used, purged
	@scripts/deps vm check
	@scripts/check install

lint:			## W=1, sparse and checkpatch on 6.1 and 6.12
	@scripts/deps build check
	@scripts/lint

clean:			## remove what was built
	rm -rf $(B)

help:			## this list
	@sed -n 's/^\([a-z_-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 23
	@echo "  KDIR=DIR             with module, modules_install: the kernel to build for"
	@echo "  DESTDIR=DIR          with install: a root to put everything below"
	@echo "  PREFIX, LIBDIR, ...  with install: see the Makefile"

## The module

RUNNING := /lib/modules/$(shell uname -r)/build
NEWEST := $(lastword $(shell ls -dv /usr/src/linux-headers-*-amd64 2>/dev/null))
KDIR ?= $(if $(wildcard $(RUNNING)/Makefile),$(RUNNING),$(NEWEST))

module:			## the module, against KDIR=/lib/modules/RELEASE/build
ifeq ($(KDIR),)
	@scripts/deps build
	@$(MAKE) module
else
	@scripts/module $(KDIR) W=1
	@[ "$(KDIR)" != "$(NEWEST)" ] || echo "module: no headers of the running" \
		"$(shell uname -r); this is for the newest that are installed"
endif

## User space

CFLAGS ?= -O2 -g
SAN :=
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fPIC -pthread -MMD -MP \
	-Iinclude/uapi -Iuser/lib $(SAN) $(CFLAGS)
LINK = $(CC) $(ALL_CFLAGS) $(LDFLAGS)
U = $(B)/user

LIB_OBJS := $(patsubst %.c,$(U)/%.o,$(wildcard user/lib/*.c))
BENCH_OBJS := $(patsubst %.c,$(U)/%.o,\
	$(wildcard user/bench/*.c user/bench/transports/*.c))
# What the laboratory shares with the benchmark.
LAB_OBJS := $(patsubst %.c,$(U)/%.o,$(wildcard user/lab/*.c)) \
	$(addprefix $(U)/user/bench/,cpus.o progress.o stats.o units.o)
TESTS := $(patsubst tests/%.c,$(U)/tests/%,$(wildcard tests/test_*.c)) \
	$(patsubst tests/%.cc,$(U)/tests/%,$(wildcard tests/test_*.cc))

# Each folder with a main.c is a program.
TOOLS := $(patsubst shmring-shmring,shmring,\
	$(patsubst user/%/main.c,shmring-%,$(wildcard user/*/main.c)))

lib: $(U)/libshmring.so $(U)/libshmring.a $(U)/shmring.pc	## libshmring
tools: lib $(addprefix $(U)/,$(TOOLS))	## the programs: shmring-bench and others

# The first compile on a new machine finds nothing to compile with.
$(LIB_OBJS) $(BENCH_OBJS) $(LAB_OBJS): | $(U)/deps
$(U)/deps:
	@scripts/deps build
	@mkdir -p $(@D) && touch $@

$(U)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(U)/user/bench/%.o: ALL_CFLAGS += -O3

$(U)/libshmring.a: $(LIB_OBJS)
	$(AR) rcs $@ $^

$(U)/libshmring.so.0: $(LIB_OBJS) user/lib/libshmring.map
	$(LINK) -shared -Wl,-soname,libshmring.so.0 \
		-Wl,--version-script,user/lib/libshmring.map \
		$(LIB_OBJS) -o $@

$(U)/libshmring.so: $(U)/libshmring.so.0
	ln -sf libshmring.so.0 $@

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib/$(shell $(CC) -print-multiarch)
INCLUDEDIR ?= $(PREFIX)/include
# Anew each time: the folders may have been given otherwise the last time.
$(U)/shmring.pc: user/lib/shmring.pc.in dkms.conf FORCE
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' $< > $@

$(U)/shmring-bench: $(BENCH_OBJS) $(U)/libshmring.a
	$(LINK) $^ -ljansson -lm -o $@

$(U)/user/bench/overhead/%.o: ALL_CFLAGS += -O3
$(U)/bench-bare: $(U)/user/bench/overhead/bare.o $(U)/libshmring.a
	$(LINK) $^ -o $@

$(U)/shmring-lab: $(LAB_OBJS)
	$(LINK) $^ -ljansson -lnuma -lm -o $@

## Installing

BINDIR := $(DESTDIR)$(PREFIX)/bin
DATADIR := $(DESTDIR)$(PREFIX)/share
MANDIR := $(DATADIR)/man
# What systemd and udev read; they know this place below /usr/local, too.
SYSDIR ?= $(PREFIX)/lib
INSTALL_DATA := install -m 644
MANS := $(wildcard user/man/*.[2-9] $(TOOLS:%=user/man/%.1))
COMPLETIONS := $(foreach t,$(TOOLS),$(U)/completions/bash/$t $(U)/completions/zsh/$t)
BASHDIR := $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions

.PHONY: install install-lib install-tools install-conf uninstall \
	modules_install dkms-source dkms-install dkms-remove completions

install: install-lib install-tools	## library, programs, manual pages
	@[ -n "$(DESTDIR)" ] || PATH=$$PATH:/usr/sbin:/sbin ldconfig

install-lib: lib
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/linux
	$(INSTALL_DATA) $(U)/libshmring.so.0 $(U)/libshmring.a $(DESTDIR)$(LIBDIR)
	ln -sf libshmring.so.0 $(DESTDIR)$(LIBDIR)/libshmring.so
	$(INSTALL_DATA) $(U)/shmring.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	$(INSTALL_DATA) user/lib/shmring.h $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL_DATA) include/uapi/linux/*.h $(DESTDIR)$(INCLUDEDIR)/linux

install-tools: tools completions
	install -d $(BINDIR) $(BASHDIR) $(DESTDIR)$(ZSHDIR)
	install $(addprefix $(U)/,$(TOOLS)) $(BINDIR)
	$(INSTALL_DATA) $(addprefix $(U)/completions/bash/,$(TOOLS)) $(BASHDIR)
	@set -e; for tool in $(TOOLS); do \
		$(INSTALL_DATA) $(U)/completions/zsh/$$tool \
			$(DESTDIR)$(ZSHDIR)/_$$tool; \
	done
	@set -e; for page in $(MANS); do \
		install -D -m 644 -t $(MANDIR)/man$${page##*.} $$page; \
	done

# What goes with the module: the group, who may create rings, when to load it,
# an example of its limits.
install-conf:
	@set -e; for dir in sysusers.d modules-load.d; do \
		install -D -m 644 -t $(DESTDIR)$(SYSDIR)/$$dir scripts/$$dir/*; \
	done
	install -D -m 644 -t $(DESTDIR)$(SYSDIR)/udev/rules.d scripts/udev/*.rules
	install -D -m 644 -t $(DATADIR)/doc/shmring/examples scripts/modprobe.d/*

# What an installation into an empty folder makes is what has to go.
PARTS := install install-conf
uninstall:		## remove what "make install" with the same variables made
	@rm -rf $(B)/image
	@$(MAKE) $(PARTS) DESTDIR=$(abspath $(B)/image) >/dev/null
	@cd $(B)/image && find . ! -type d -printf '$(DESTDIR)/%P\0' | \
		xargs -0 rm -fv
	@cd $(B)/image && find . -depth -path '*/shmring*' -type d \
		-printf '$(DESTDIR)/%P\0' | \
		xargs -0r rmdir --ignore-fail-on-non-empty 2>/dev/null || true

modules_install: module install-conf	## the module, into /lib/modules/RELEASE/updates
	@scripts/module $(KDIR) --install "$(DESTDIR)"

dkms-source:		# what the module needs, where DKMS looks for it
	install -d $(DESTDIR)/usr/src/shmring-$(VERSION)
	cp -r --preserve=timestamps Kbuild dkms.conf kmod include \
		$(DESTDIR)/usr/src/shmring-$(VERSION)

dkms-install:		## the module, by DKMS, for all installed kernels and later ones
	@scripts/dkms install
	@$(MAKE) install-conf

dkms-remove:		## undo that
	@scripts/dkms remove
	@$(MAKE) uninstall PARTS=install-conf

completions: $(COMPLETIONS)
$(U)/completions/bash/%: $(U)/% scripts/completion
	@mkdir -p $(@D)
	scripts/completion bash $< > $@
$(U)/completions/zsh/%: $(U)/% scripts/completion
	@mkdir -p $(@D)
	scripts/completion zsh $< > $@

# Where "make uninstall" does not look: one folder, to be removed as a whole.
INSTALL_PATH ?= $(PREFIX)/libexec/shmring-selftests
.PHONY: kselftest-install
kselftest-install:	## the kselftests, with run_kselftest.sh, into INSTALL_PATH
	@scripts/deps build check
	@scripts/kselftest-install "$(DESTDIR)$(INSTALL_PATH)"

## Host tests: make tests B=build/asan SAN=-fsanitize=address,undefined

.PHONY: tests
tests: $(TESTS)

$(U)/tests/test_bench_hist: $(U)/user/bench/hist.o
$(U)/tests/test_bench_sources: $(U)/user/bench/sources.o
$(U)/tests/test_bench_stats: $(U)/user/bench/stats.o
$(U)/tests/test_bench_topology: $(U)/user/bench/topology.o
$(U)/tests/test_bench_units: $(U)/user/bench/units.o

# The engine, with transports of the test's own.
$(U)/tests/test_bench_pair: $(patsubst %,$(U)/user/bench/%.o,pair channel rounds \
	watch trace usage hist sources cpus progress tests)
$(U)/tests/test_bench_compare: $(patsubst %,$(U)/user/bench/%.o,compare doc tests units)

# The whole program, as users run it.
$(U)/tests/test_bench_cli: | $(U)/shmring-bench

$(U)/tests/%: tests/%.c $(U)/libshmring.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iuser/bench $(filter-out %.h,$^) -lcmocka -ljansson -lm -o $@

$(U)/tests/%: tests/%.cc $(U)/libshmring.a
	@mkdir -p $(@D)
	$(CXX) $(patsubst -std=%,-std=c++17,$(ALL_CFLAGS)) \
		$(filter-out %.h,$^) -o $@

-include $(LIB_OBJS:.o=.d) $(BENCH_OBJS:.o=.d) $(LAB_OBJS:.o=.d) \
	$(U)/user/bench/overhead/bare.d $(addsuffix .d,$(TESTS))
