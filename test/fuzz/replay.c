/* replay.c -- run a fuzz target over the files of some folders, once each. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static int
replay_file(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *text;
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	text = malloc(1 << 20);
	if (f == NULL || text == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(text, 1, 1 << 20, f);
	/* exactly as long as the input, so that a sanitizer sees overreads */
	text = realloc(text, n > 0 ? n : 1);
	(void)LLVMFuzzerTestOneInput(text, n);
	free(text);
	(void)fclose(f);
	return 1;
}

int
main(int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++) {
		struct dirent *entry;
		DIR *d = opendir(argv[i]);

		while (d != NULL && (entry = readdir(d)) != NULL)
			if (entry->d_name[0] != '.')
				n += replay_file(argv[i], entry->d_name);
		if (d != NULL)
			(void)closedir(d);
	}
	printf("%d inputs\n", n);
	return 0;
}
