# deadlined: `make demo` shows it at work, `make check` tests it. `make help` lists the rest.
#
# A folder of daemon/ is a layer and becomes an archive; a program or test links its own layer and the lower ones, so a
# file that reaches upwards does not even link. `make layers` checks the includes.

VERSION  := 0.1.0
BUILD    ?= build
PREFIX   ?= /usr
SYSCONFDIR ?= /etc
DEMO_DIR ?= $(BUILD)/demo

LAYERS   := base conf plan store remind message channel talk service ctl
PACKAGES := libevent_core libcurl sqlite3 inih libical icu-i18n icu-uc jansson libidn2 libcrypto

CC       ?= cc
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wformat=2 -Wundef
OPTIMIZE ?= -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
FUZZ_CC  ?= clang
CFLAGS   ?= $(OPTIMIZE)
LDFLAGS  ?= -pie -Wl,-z,relro,-z,now
SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

ifneq ($(shell command -v pkg-config 2>/dev/null),)
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
endif
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Idaemon $(WARNINGS) $(PKG_CFLAGS) -MMD -MP \
             -DDEADLINED_VERSION='"$(VERSION)"' -DDEADLINED_DATADIR='"$(PREFIX)/share/deadlined"' \
             -DDEADLINED_SYSCONFDIR='"$(SYSCONFDIR)/deadlined"'

PROGRAMS := $(BUILD)/deadlined $(BUILD)/deadlinectl

.PHONY: FORCE all check oom sim sim-bugs unit unit-programs test-programs replay-programs fuzz integration contract torture demo lint layers install clean format help deps-build deps-check deps-lint deps-fuzz deps-analyze deps-bench deps-smoke tidy uninstall bench bench-programs bench-scale valgrind tsan smoke
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS)

# ---- objects and archives, plain and sanitized --------------------------------------------------------------------------
sources  = $(sort $(wildcard daemon/$(1)/*.c))
objects  = $(patsubst daemon/%.c,$(BUILD)/$(2)/%.o,$(call sources,$(1)))
# The archives of a layer and all lower ones, highest first: the order a linker wants.
reverse  = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
up_to    = $(if $(filter $(1),$(firstword $(2))),$(1),$(firstword $(2)) $(call up_to,$(1),$(wordlist 2,$(words $(2)),$(2))))
archives = $(foreach l,$(call reverse,$(strip $(call up_to,$(1),$(LAYERS)))),$(if $(call sources,$(l)),$(BUILD)/$(2)/lib$(l).a))

# What the objects are compiled with, PREFIX and SYSCONFDIR among it: when it changes, they are made again.
FLAGS = $(CC) $(FUZZ_CC) $(ALL_CFLAGS) $(CFLAGS) $(LDFLAGS)
ifneq ($(file <$(BUILD)/flags),$(FLAGS))
$(BUILD)/flags: FORCE
endif
$(BUILD)/flags:
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@

FORCE:

$(BUILD)/obj/%.o: daemon/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CFLAGS) -c $< -o $@

$(BUILD)/asan/%.o: daemon/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SANITIZE) -c $< -o $@

$(BUILD)/fuzz/%.o: daemon/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(FUZZ_CC) $(ALL_CFLAGS) $(SANITIZE) -fsanitize=fuzzer-no-link -c $< -o $@

define archive
$$(BUILD)/$(2)/lib$(1).a: $$(call objects,$(1),$(2))
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(foreach v,obj asan fuzz,$(eval $(call archive,$(l),$(v)))))

$(BUILD)/deadlined: $(BUILD)/obj/main.o $(call archives,service,obj)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

$(BUILD)/deadlinectl: $(call archives,ctl,obj)
	$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--whole-archive $(BUILD)/obj/libctl.a -Wl,--no-whole-archive \
		$(filter-out %/libctl.a,$^) $(PKG_LIBS) -o $@

# ---- unit tests: tests/unit/<layer>/test_<module>.c, one cmocka program each, under ASan and UBSan --------------------
UNIT_SOURCES  := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_PROGRAMS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SOURCES))

define unit_program
$$(BUILD)/unit/$(1)/test_%: tests/unit/$(1)/test_%.c $$(call archives,$(1),asan)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(SANITIZE) -Itests/lib $$(filter %.c,$$^) $$(filter %.a,$$^) $$(PKG_LIBS) -lcmocka -o $$@
endef
$(foreach l,$(LAYERS),$(eval $(call unit_program,$(l))))

# What is understood is printed, and understood as the same again.
PRINTER := tests/lib/period_print.c tests/lib/period_language.c
$(BUILD)/unit/plan/test_period_print $(BUILD)/unit/plan/test_period_parse: $(PRINTER)

# ---- the simulated world: tests/sim, without sanitizers for its speed; its disk is tested with and without them --------
SIM_DISK := vfs vfs_disk

$(BUILD)/sim/%.o: tests/sim/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CFLAGS) -c $< -o $@

DISK_TESTS := test_vfs test_wal
UNIT_PROGRAMS += $(foreach t,$(DISK_TESTS),$(BUILD)/sim/$(t) $(BUILD)/unit/sim/$(t))
$(DISK_TESTS:%=$(BUILD)/sim/%): $(BUILD)/sim/%: $(BUILD)/sim/%.o $(patsubst %,$(BUILD)/sim/%.o,test_work $(SIM_DISK)) $(call archives,store,obj)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -lcmocka -o $@

$(DISK_TESTS:%=$(BUILD)/unit/sim/%): $(BUILD)/unit/sim/%: tests/sim/%.c $(patsubst %,tests/sim/%.c,test_work $(SIM_DISK)) $(call archives,store,asan)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SANITIZE) -DVFS_STRIDE=5 $(filter %.c %.a,$^) $(PKG_LIBS) -lcmocka -o $@

unit-programs: $(UNIT_PROGRAMS)

SIM_SOURCES := $(filter-out tests/sim/test_%,$(sort $(wildcard tests/sim/*.c)))
SIM_OBJECTS := $(patsubst tests/sim/%.c,$(BUILD)/sim/%.o,$(SIM_SOURCES))

$(BUILD)/sim/sim: $(SIM_OBJECTS) $(call archives,service,obj)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

# The same with a bug planted: the file that has it comes before the archives, so theirs is left out.
$(BUILD)/sim/bugs/%/sim: tests/sim/bugs/%.patch tests/sim/plant.sh $(SIM_OBJECTS) $(call archives,service,obj)
	@rm -f $@
	@tests/sim/plant.sh $< $(@D)/planted.c
	$(CC) $(ALL_CFLAGS) $(CFLAGS) -c $(@D)/planted.c -o $(@D)/planted.o
	$(CC) $(CFLAGS) $(LDFLAGS) $(SIM_OBJECTS) $(@D)/planted.o $(call archives,service,obj) $(PKG_LIBS) -o $@

# MINUTES of fresh seeds on every processor; or one SEED, YEARS long; or a BUG that is to be found.
MINUTES ?= 60
YEARS ?= 1
sim: deps-build
	@$(MAKE) --no-print-directory $(if $(BUG),$(BUILD)/sim/bugs/$(BUG)/sim,$(BUILD)/sim/sim)
ifneq ($(BUG),)
	@$(BUILD)/sim/bugs/$(BUG)/sim --seed $(or $(SEED),1) --seeds 200 --years $(YEARS) --first
else ifneq ($(SEED),)
	@$(BUILD)/sim/sim --seed $(SEED) --years $(YEARS) --twice
else
	@BUILD=$(BUILD) tests/sim/run.sh $(MINUTES)
endif

sim-bugs: deps-build
	@$(MAKE) --no-print-directory $(BUILD)/sim/sim
	@BUILD=$(BUILD) tests/sim/bugs.sh

# ---- fuzz targets: tests/fuzz/fuzz_<name>.c around one parser each; replayed from tests/fuzz/corpus, or fuzzed ----------
FUZZ_SOURCES  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_REPLAYS  := $(patsubst tests/fuzz/%.c,$(BUILD)/replay/%,$(FUZZ_SOURCES))
FUZZ_PROGRAMS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzzer/%,$(FUZZ_SOURCES))

$(BUILD)/replay/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c tests/fuzz/fuzz.h $(call archives,ctl,asan)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SANITIZE) -Itests/lib $(filter %.c,$^) $(filter %.a,$^) $(PKG_LIBS) -o $@

$(BUILD)/fuzzer/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h $(call archives,ctl,fuzz)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(ALL_CFLAGS) $(SANITIZE) -fsanitize=fuzzer -Itests/lib $(filter %.c,$^) $(filter %.a,$^) $(PKG_LIBS) -o $@

$(foreach p,period recur,$(BUILD)/replay/fuzz_$(p) $(BUILD)/fuzzer/fuzz_$(p)): $(PRINTER)

replay-programs: $(FUZZ_REPLAYS)

# ---- small programs that integration tests talk to --------------------------------------------------------------------
TEST_PROGRAMS := $(BUILD)/recur-dump $(BUILD)/preset-judge $(BUILD)/channel-talk

$(BUILD)/recur-dump: tests/lib/recur_dump.c $(call archives,plan,obj)
	$(CC) $(ALL_CFLAGS) $(CFLAGS) $(LDFLAGS) $(filter %.c %.a,$^) $(PKG_LIBS) -o $@

$(BUILD)/preset-judge: tests/lib/preset_judge.c $(call archives,channel,obj)
	$(CC) $(ALL_CFLAGS) $(CFLAGS) $(LDFLAGS) $(filter %.c %.a,$^) $(PKG_LIBS) -o $@

$(BUILD)/channel-talk: tests/lib/channel_talk.c $(call archives,channel,obj)
	$(CC) $(ALL_CFLAGS) $(CFLAGS) $(LDFLAGS) $(filter %.c %.a,$^) $(PKG_LIBS) -o $@

# ---- an allocation fails: tests/oom/fail.c, preloaded into the daemon --------------------------------------------------
TEST_PROGRAMS += $(BUILD)/oom/fail.so
$(BUILD)/oom/fail.so: tests/oom/fail.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -fPIC -shared $< -o $@

# ---- a text that kills, a clock that nothing has set, and one that is set back: preloaded likewise -----------------------
PRELOADED := $(BUILD)/poison.so $(BUILD)/unset_clock.so $(BUILD)/step_clock.so
TEST_PROGRAMS += $(PRELOADED)
$(PRELOADED): $(BUILD)/%.so: tests/lib/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -fPIC -shared $< -o $@

test-programs: $(TEST_PROGRAMS)

oom: deps-check
	@$(MAKE) --no-print-directory all test-programs
	@BUILD=$(BUILD) /usr/bin/python3 -B tests/oom/run.py

unit: unit-programs
	@tests/lib/run-unit.sh $(UNIT_PROGRAMS)

# ---- everything a newcomer runs -------------------------------------------------------------------------------------------
deps-build deps-check deps-lint deps-fuzz deps-analyze deps-bench deps-smoke:
	@tests/lib/deps.sh $(@:deps-%=%)

# Make must see what was just installed, so the work is done by a second make.
check: deps-check
	@$(MAKE) --no-print-directory all unit-programs test-programs replay-programs $(BUILD)/sim/sim
	@BUILD=$(BUILD) tests/lib/check.sh $(UNIT_PROGRAMS)

# The delivery contract, fault by fault, with the tests that prove it and their results.
contract: deps-check
	@$(MAKE) --no-print-directory all unit-programs test-programs replay-programs $(BUILD)/sim/sim
	@BUILD=$(BUILD) tests/lib/contract.py run

integration: all test-programs
	@BUILD=$(BUILD) tests/lib/check.sh

# The long form, about an hour; make check runs the short one.
torture: deps-check
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tests/torture/run.sh long

# ---- how fast it is, beside its peers ----------------------------------------------------------------------------------
BENCH_PROGRAMS := $(BUILD)/bench/sink $(BUILD)/bench/ticks.so

$(BUILD)/bench/sink: $(wildcard tests/bench/sink*.c) tests/bench/sink.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(CFLAGS) $(LDFLAGS) $(filter %.c,$^) -o $@

$(BUILD)/bench/ticks.so: tests/bench/ticks.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(CFLAGS) -fPIC -shared $< -ldl -o $@

bench-programs: $(BENCH_PROGRAMS)

# RUNS of each row; ONLY=smtp50,scan for some rows; BENCH="--n 2000 ..." for what else tests/bench/bench.py --help says.
RUNS ?= 5
bench: deps-bench
	@$(MAKE) --no-print-directory all bench-programs
	@BUILD=$(BUILD) /usr/bin/python3 -B tests/bench/bench.py --runs $(RUNS) --only "$(ONLY)" $(BENCH)

# Up to LIMIT tasks.
LIMIT ?= 1000000
bench-scale: deps-bench
	@$(MAKE) --no-print-directory all bench-programs
	@BUILD=$(BUILD) /usr/bin/python3 -B tests/bench/scale.py --limit $(LIMIT)

demo: deps-build
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) DEMO_DIR=$(DEMO_DIR) config/examples/demo.sh

# Against programs of others, which npm brings.
smoke: deps-smoke
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tests/smoke/run.sh

# T seconds in all, split over the targets.
T ?= 60
fuzz: deps-fuzz
	@$(MAKE) --no-print-directory $(FUZZ_PROGRAMS)
	@BUILD=$(BUILD) tests/lib/fuzz.sh $(T) $(FUZZ_PROGRAMS)

lint: deps-lint
	@tests/lib/lint.sh

# What clang-tidy says of each file; a header that changes makes it look at all of them again.
TIDY := $(patsubst daemon/%.c,$(BUILD)/tidy/%.ok,$(wildcard daemon/*.c daemon/*/*.c))
$(BUILD)/tidy/%.ok: daemon/%.c .clang-tidy $(wildcard daemon/*/*.h)
	@mkdir -p $(@D)
	clang-tidy --quiet $< -- $(ALL_CFLAGS) 2>/dev/null
	@touch $@

tidy: $(TIDY)

# Valgrind sees what ASan cannot: values that were never set. TSan watches the two threads there are, our own of the
# upkeep and libcurl's that resolves a name.
valgrind tsan: deps-analyze
	@BUILD=$(BUILD) tests/lib/analyze.sh $@

layers:
	@tests/lib/layers.sh $(LAYERS)

format:
	clang-format -i $$(git ls-files 'daemon/*.[ch]' 'tests/*.[ch]')

clean:
	rm -rf $(BUILD)

help:
	@echo "make            build build/deadlined and build/deadlinectl"
	@echo "make demo       install what is missing, build, rehearse the example year 2025 (DEMO_DIR=build/demo)"
	@echo "make check      install what the tests need and run them all"
	@echo "make unit       unit tests only            make integration   tests against real servers only"
	@echo "make torture    the real daemon under real faults, for an hour; a table of what was measured"
	@echo "make contract   what is promised, fault by fault, with the tests that prove it and their results"
	@echo "make oom        the real daemon, one of its allocations failing: every place that allocates, some hours"
	@echo "make fuzz T=60  new inputs for every parser, 60 seconds in all, until one breaks"
	@echo "make sim        an hour of simulated years in which everything goes wrong (MINUTES=60, or SEED=1 YEARS=1)"
	@echo "make sim-bugs   shows that they find the bugs planted into the daemon (make sim BUG=normal-sync for one)"
	@echo "make bench      how fast it is, beside its peers; forty minutes (RUNS=5 ONLY=smtp50,scan for some of it)"
	@echo "make bench-scale  what each cost is at 1000 to 1000000 tasks, with a picture (LIMIT=1000000)"
	@echo "make smoke      against telegram-test-api, an emulator of Telegram by others (needs npm's registry)"
	@echo "make lint       static checks              make layers        includes go downwards only"
	@echo "make valgrind   unit tests and a daemon under valgrind             make tsan   a daemon under ThreadSanitizer"
	@echo "make install    DESTDIR= PREFIX=$(PREFIX) SYSCONFDIR=$(SYSCONFDIR)"
	@echo "make uninstall  removes what make install put there, never configuration or data"
	@echo "make format     clang-format               make clean"

# ---- installation ------------------------------------------------------------------------------------------------------------
install: all
	tests/lib/install.sh "$(BUILD)" "$(DESTDIR)" "$(PREFIX)" "$(SYSCONFDIR)"

uninstall:
	tests/lib/uninstall.sh "$(DESTDIR)" "$(PREFIX)" "$(SYSCONFDIR)"

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)
