# The verbs.  B is the build folder, SETUP what meson is told.
B ?= build
SETUP ?=

all: $(B)/build.ninja
	@ninja -C $(B)

$(B)/build.ninja:
	meson setup $(SETUP) $(B)

test: all
	meson test -C $(B) --print-errorlogs

asan:
	$(MAKE) test B=build-asan SETUP="-Db_sanitize=address,undefined -Db_lundef=false"

clang:
	CC=clang $(MAKE) test B=build-clang

install: all
	meson install -C $(B) --no-rebuild

# what continuous integration runs, and parts of it
check:
	./check

lint:
	./check --only lint

fuzz:
	./check --all --only fuzz

cover:
	$(MAKE) test B=build-cover SETUP=-Db_coverage=true
	gcovr -r . build-cover --filter 'lib/' --filter 'src/' --sort uncovered-percent

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

bench: all
	test/bench/run

clean:
	rm -rf build build-*

.PHONY: all test asan clang install check lint fuzz cover format bench clean
