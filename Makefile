# SPDX-License-Identifier: GPL-2.0-only
#
# make help

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

B := build
VERSION := $(shell scripts/version)

.PHONY: all module lib tools deps check check-debug check-all soak bench overhead \
	deb rpm check-install lint clean help FORCE
all: module lib tools	## the module for this host, the library, the tools

deps:			## install what is missing, with apt-get
	@scripts/deps build vm check

check:			## prove the promises: unit tests, then kselftests in the VM
	@scripts/deps build vm check
	@scripts/check $(if $(T),test $(T) $(K))

check-debug:		## attack the module on kernels with sanitizers; coverage
	@scripts/deps build vm check kernel
	@scripts/check debug

check-all:		## check, check-install and check-debug, as one sum
	@scripts/deps build vm check kernel package
	@scripts/check lint host vm install mutants debug

soak:			## the attacks of check-debug for longer, and the bugs they must find
	@scripts/deps build vm check kernel package
	@scripts/check soak
	@scripts/mutants

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

check-install:		## the packages in the VM: installed, used, purged
	@scripts/deps build vm check package
	@scripts/check install

lint:			## style, and all static analysers
	@scripts/deps build check
	@scripts/lint

clean:			## remove what was built
	rm -rf $(B)

help:			## this list
	@sed -n 's/^\([a-z_-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 23
	@echo "  T=NAME [K=KERNEL]    with check: one test, of any kind"
	@echo "  KDIR=DIR             with module, modules_install: the kernel to build for"
	@echo "  DESTDIR=DIR          with install: a root to put everything below"
	@echo "  PREFIX, LIBDIR, ...  with install: see the Makefile"
	@echo "  GRPC=no              with tools: the benchmark without gRPC"

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
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wextra -Werror -fPIC -pthread -MMD -MP \
	-Iinclude/uapi -Iuser/lib $(SAN) $(CFLAGS)
LINK = $(CC) $(ALL_CFLAGS) $(LDFLAGS)
U = $(B)/user

LIB_OBJS := $(patsubst %.c,$(U)/%.o,$(wildcard user/lib/*.c))
BENCH_OBJS := $(patsubst %.c,$(U)/%.o,\
	$(wildcard user/bench/*.c user/bench/transports/*.c))
BENCH_RPC := $(U)/user/bench/transports/bench_rpc
BENCH_RPC_C := $(patsubst %,$(BENCH_RPC)_%.c,xdr clnt svc)
BENCH_OBJS += $(BENCH_RPC_C:.c=.o)
BENCH_LIBS := -ljansson -lm -luring -lqb -lzmq -ltirpc

# gRPC is large: it is measured where it is installed, and needed by nobody. What
# is in a package is not left to chance: GRPC=no.
ifeq ($(origin GRPC),undefined)
GRPC := $(if $(shell pkg-config --exists grpc 2>/dev/null && echo y),yes,no)
endif
BENCH_LIBS += $(if $(filter yes,$(GRPC)),-lgrpc -lgpr)
LAB_OBJS := $(patsubst %.c,$(U)/%.o,$(wildcard user/lab/*.c))
# What the programs share with each other.
COMMON_OBJS := $(patsubst %.c,$(U)/%.o,$(wildcard user/common/*.c))
CMD_OBJS := $(patsubst %.c,$(U)/%.o,$(wildcard user/shmring/*.c))
CMD_COMMON := $(addprefix $(U)/user/common/,cli.o nearest.o units.o)
CMD_PARTS := $(filter-out %/main.o,$(CMD_OBJS)) $(CMD_COMMON)
CMD_LIBS := -lnl-genl-3 -lnl-3 -ljansson -lsmartcols -lpopt -lmicrohttpd \
	-lncursesw -ltinfo
EXAMPLES := $(patsubst user/%.c,$(U)/%,$(wildcard user/examples/*.c))
TESTS := $(patsubst tests/%.c,$(U)/tests/%,$(wildcard tests/test_*.c)) \
	$(patsubst tests/%.cc,$(U)/tests/%,$(wildcard tests/test_*.cc))
STORM := $(U)/tests/storm/shmring-storm
STORM_OBJS := $(patsubst %.c,$(U)/%.o,$(wildcard tests/storm/*.c))

# Each folder with a main.c is a program.
TOOLS := $(patsubst shmring-shmring,shmring,\
	$(patsubst user/%/main.c,shmring-%,$(wildcard user/*/main.c)))

lib: $(U)/libshmring.so $(U)/libshmring.a $(U)/shmring.pc	## libshmring
tools: lib $(addprefix $(U)/,$(TOOLS)) $(EXAMPLES)	## the programs and examples

# The first compile on a new machine finds nothing to compile with.
$(LIB_OBJS) $(COMMON_OBJS) $(BENCH_OBJS) $(LAB_OBJS) $(CMD_OBJS): | $(U)/deps
$(U)/deps:
	@scripts/deps build
	@mkdir -p $(@D) && touch $@

$(U)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(U)/user/bench/%.o: ALL_CFLAGS += -O3

# The stamp's name changes when gRPC comes or goes.
$(U)/user/bench/transports/grpc.o: ALL_CFLAGS += \
	$(if $(filter yes,$(GRPC)),-DHAVE_GRPC)
$(U)/user/bench/transports/grpc.o: $(U)/have-grpc-$(GRPC)
$(U)/have-grpc-%:
	@mkdir -p $(@D) && rm -f $(U)/have-grpc-* && touch $@

# Remote procedure calls: rpcgen writes code, which is not held to our warnings.
$(BENCH_RPC).h: KIND = h
$(BENCH_RPC)_xdr.c: KIND = c
$(BENCH_RPC)_clnt.c: KIND = l
$(BENCH_RPC)_svc.c: KIND = m
$(BENCH_RPC).h $(BENCH_RPC_C): user/bench/transports/bench_rpc.x | $(U)/deps
	@mkdir -p $(@D)
	cd $(<D) && rpcgen -C -M -$(KIND) $(<F) >$(abspath $@)

$(BENCH_RPC_C:.c=.o) $(U)/user/bench/transports/onc-rpc.o: ALL_CFLAGS += \
	-I$(dir $(BENCH_RPC)) $(shell pkg-config --cflags libtirpc 2>/dev/null)
$(BENCH_RPC_C:.c=.o): %.o: %.c $(BENCH_RPC).h
	$(CC) $(ALL_CFLAGS) -w -c $< -o $@
$(U)/user/bench/transports/onc-rpc.o: $(BENCH_RPC).h

# By the shell, since where it says nothing yet the packages come first.
NL_CFLAGS := $$(pkg-config --cflags libnl-genl-3.0)
$(U)/user/shmring/%.o: ALL_CFLAGS += $(NL_CFLAGS) -DVERSION='"$(VERSION)"'

$(U)/user/lib/version.o $(U)/user/common/cli.o: ALL_CFLAGS += -DVERSION='"$(VERSION)"'
$(U)/user/lib/version.o $(U)/user/common/cli.o: dkms.conf

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

$(U)/shmring-bench: $(BENCH_OBJS) $(COMMON_OBJS) $(U)/libshmring.a
	$(LINK) $^ $(BENCH_LIBS) -o $@

$(U)/user/bench/overhead/%.o: ALL_CFLAGS += -O3
$(U)/bench-bare: $(U)/user/bench/overhead/bare.o $(U)/libshmring.a
	$(LINK) $^ -o $@

$(U)/shmring-lab: $(LAB_OBJS) $(COMMON_OBJS)
	$(LINK) $^ -ljansson -lnuma -lm -o $@

$(U)/shmring: $(CMD_OBJS) $(CMD_COMMON) $(U)/libshmring.a
	$(LINK) $^ $(CMD_LIBS) -o $@

$(U)/examples/%: user/examples/%.c $(U)/libshmring.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(filter-out %.h,$^) -o $@

## Installing

BINDIR := $(DESTDIR)$(PREFIX)/bin
DATADIR := $(DESTDIR)$(PREFIX)/share
MANDIR := $(DATADIR)/man
DOCDIR := $(DATADIR)/doc/shmring
# What systemd and udev read; they know this place below /usr/local, too.
SYSDIR ?= $(PREFIX)/lib
INSTALL_DATA := install -m 644
# The folder that "shmring apply" reads.
CONFDIR := /etc/shmring.d
UNITS := $(patsubst scripts/%.in,$(U)/%,$(wildcard scripts/systemd/*.in))
MANS := $(wildcard user/man/*.[2-9] $(TOOLS:%=user/man/%.1))
COMPLETIONS := $(foreach t,$(TOOLS),$(U)/completions/bash/$t $(U)/completions/zsh/$t)
BASHDIR := $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions

.PHONY: install install-lib install-tools install-doc install-conf uninstall \
	modules_install dkms-source dkms-install dkms-remove completions

install: install-lib install-tools install-doc	## library, programs, manual pages
	@[ -n "$(DESTDIR)" ] || PATH=$$PATH:/usr/sbin:/sbin ldconfig

install-lib: lib
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/linux
	$(INSTALL_DATA) $(U)/libshmring.so.0 $(U)/libshmring.a $(DESTDIR)$(LIBDIR)
	ln -sf libshmring.so.0 $(DESTDIR)$(LIBDIR)/libshmring.so
	$(INSTALL_DATA) $(U)/shmring.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	$(INSTALL_DATA) user/lib/shmring.h $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL_DATA) include/uapi/linux/*.h $(DESTDIR)$(INCLUDEDIR)/linux

install-tools: tools completions $(UNITS)
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

	install -d $(DESTDIR)$(CONFDIR)
	install -D -m 644 -t $(DESTDIR)$(SYSDIR)/systemd/system $(UNITS)

# Anew each time, as shmring.pc.
$(U)/systemd/%: scripts/systemd/%.in FORCE
	@mkdir -p $(@D)
	sed -e 's|@BINDIR@|$(PREFIX)/bin|' $< > $@

# What the README points at. The kernel's Netlink client looks for specs in ynl.
install-doc:
	install -D -m 644 -t $(DOCDIR) README.md SECURITY.md
	install -D -m 644 -t $(DOCDIR)/examples user/examples/*.c \
		scripts/shmring.d/*
	install -D -m 644 -t $(DATADIR)/shmring user/bench/schema.json
	install -D -m 644 -t $(DATADIR)/shmring/trace scripts/trace/README.md
	install -t $(DATADIR)/shmring/trace scripts/trace/*.bt
	install -D -m 644 -t $(DATADIR)/ynl/specs include/uapi/linux/shmring.yaml

# What goes with the module: the group, who may create rings, when to load it,
# an example of its limits.
install-conf:
	@set -e; for dir in sysusers.d modules-load.d; do \
		install -D -m 644 -t $(DESTDIR)$(SYSDIR)/$$dir scripts/$$dir/*; \
	done
	install -D -m 644 -t $(DESTDIR)$(SYSDIR)/udev/rules.d scripts/udev/*.rules
	install -D -m 644 -t $(DOCDIR)/examples scripts/modprobe.d/*

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
	cp -r --preserve=timestamps --parents Kbuild dkms.conf kmod include \
		scripts/compiler $(DESTDIR)/usr/src/shmring-$(VERSION)

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

.PHONY: selftests
selftests:		## the kselftests, into build/selftests/
	@mkdir -p $(B)/selftests
	@source=$$(scripts/kernel source) && $(MAKE) -C selftests \
		KSFT_DIR=$$source/tools/testing/selftests \
		OUTPUT=$(abspath $(B)/selftests)

# Where "make uninstall" does not look: one folder, to be removed as a whole.
INSTALL_PATH ?= $(PREFIX)/libexec/shmring-selftests
.PHONY: kselftest-install
kselftest-install:	## the kselftests, with run_kselftest.sh, into INSTALL_PATH
	@scripts/deps build check
	@scripts/kselftest-install "$(DESTDIR)$(INSTALL_PATH)"

## Host tests: make tests B=build/asan SAN=-fsanitize=address,undefined

.PHONY: tests
tests: $(TESTS) $(STORM) fuzz-tests

$(STORM): $(STORM_OBJS) $(addprefix $(U)/user/common/,cli.o cpus.o nearest.o) \
		$(U)/libshmring.a
	$(LINK) $^ -o $@

$(U)/tests/test_bench_hist: $(U)/user/bench/hist.o
$(U)/tests/test_bench_sources: $(U)/user/bench/sources.o
$(U)/tests/test_bench_stats: $(U)/user/common/stats.o
$(U)/tests/test_bench_topology: $(U)/user/bench/topology.o
$(U)/tests/test_bench_units: $(U)/user/common/units.o
$(U)/tests/test_bench_watch: $(addprefix $(U)/user/bench/,watch.o trace.o) \
	$(COMMON_OBJS)
$(U)/tests/test_transports: $(filter-out %/main.o,$(BENCH_OBJS)) $(COMMON_OBJS)
$(U)/tests/test_transports: private LIBS = $(BENCH_LIBS)

# The engine, with transports of the test's own.
$(U)/tests/test_bench_pair: $(patsubst %,$(U)/user/bench/%.o,pair channel rounds \
	watch trace usage hist sources tests) $(COMMON_OBJS)
$(U)/tests/test_bench_survive: $(patsubst %,$(U)/user/bench/%.o,trial cast mover \
	leftover watch trace sources) $(COMMON_OBJS)
$(U)/tests/test_bench_compare: $(patsubst %,$(U)/user/bench/%.o,compare compare_print \
	doc tests) \
	$(COMMON_OBJS)

# What a program would load, and the example as users run it.
$(U)/tests/test_abi: | $(U)/libshmring.so
$(U)/tests/test_abi: private LIBS = -ldl
$(U)/tests/test_loop: | $(U)/examples/event-loop

# The whole program, as users run it.
$(U)/tests/test_bench_cli: | $(U)/shmring-bench

INCLUDES := -Iuser/bench
$(U)/tests/test_cmd_%: private INCLUDES = -Iuser/shmring $(NL_CFLAGS)
$(U)/tests/test_cmd_%: private LIBS = $(CMD_LIBS)
$(filter $(U)/tests/test_cmd_%,$(TESTS)): $(CMD_PARTS)

$(U)/tests/%: tests/%.c $(U)/libshmring.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(INCLUDES) \
		$(filter %.c,$^) $(filter %.o,$^) $(filter %.a,$^) \
		-lcmocka -ljansson -lm $(LIBS) -o $@

$(U)/tests/%: tests/%.cc $(U)/libshmring.a
	@mkdir -p $(@D)
	$(CXX) $(patsubst -std=%,-std=c++17,$(ALL_CFLAGS)) \
		$(filter-out %.h,$^) -o $@

## Fuzzers: of the module, to be run where it is loaded; of the library, by
## libFuzzer (make fuzzers) and, with any compiler, on files alone

FUZZ_OBJS := $(patsubst %.c,$(U)/%.o,$(wildcard tests/fuzz/module/*.c))
$(FUZZ_OBJS): ALL_CFLAGS += $(NL_CFLAGS)
$(U)/fuzz: $(FUZZ_OBJS)
	$(LINK) $^ -lnl-genl-3 -lnl-3 -o $@

FUZZ_LIB := $(U)/tests/fuzz/library
FUZZ_RING_OBJS := $(patsubst %,$(FUZZ_LIB)/%.o,ring victim flip signals)
FUZZ_LIB_OBJS := $(FUZZ_RING_OBJS) $(FUZZ_LIB)/address.o $(FUZZ_LIB)/replay.o
$(U)/fuzz-ring $(U)/fuzz-ring-replay: $(FUZZ_RING_OBJS)
$(U)/fuzz-address $(U)/fuzz-address-replay: $(FUZZ_LIB)/address.o
$(U)/fuzz-ring-replay $(U)/fuzz-address-replay: $(FUZZ_LIB)/replay.o $(U)/libshmring.a
	$(LINK) $(filter %.o,$^) $(U)/libshmring.a -o $@

$(U)/fuzz-ring $(U)/fuzz-address: $(U)/libshmring.a
	$(LINK) -fsanitize=fuzzer $(filter %.o,$^) $(U)/libshmring.a -o $@

.PHONY: fuzz-tests fuzzers
fuzz-tests: $(U)/fuzz $(U)/fuzz-ring-replay $(U)/fuzz-address-replay
fuzzers:		## libFuzzer's programs of the library, into build/fuzz/user/
	@$(MAKE) CC=clang B=build/fuzz \
		SAN=-fsanitize=fuzzer-no-link,address,undefined \
		build/fuzz/user/fuzz-ring build/fuzz/user/fuzz-address

-include $(FUZZ_OBJS:.o=.d) $(FUZZ_LIB_OBJS:.o=.d) \
	$(LIB_OBJS:.o=.d) $(COMMON_OBJS:.o=.d) $(BENCH_OBJS:.o=.d) \
	$(LAB_OBJS:.o=.d) $(CMD_OBJS:.o=.d) $(U)/user/bench/overhead/bare.d \
	$(STORM_OBJS:.o=.d) $(addsuffix .d,$(TESTS))
