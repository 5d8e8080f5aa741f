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

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

bench: all
	test/bench/run

clean:
	rm -rf build build-*

.PHONY: all test asan clang format bench clean
