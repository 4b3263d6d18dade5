// SPDX-License-Identifier: MIT
/* Programs that are kept in files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

static bool load_file(struct fuzz_shared *shared, const char *path)
{
	FILE *f = fopen(path, "re");
	int found = 1;

	if (!f) {
		fprintf(stderr, "fuzz: cannot open %s: %s\n", path,
			strerror(errno));
		return false;
	}
	while (found > 0 && shared->loaded < FUZZ_CORPUS) {
		found = fuzz_parse(f, path, &shared->corpus[shared->loaded]);
		if (found > 0 && shared->corpus[shared->loaded].n)
			shared->loaded++;
	}
	fclose(f);
	return found >= 0;
}

static bool load_dir(struct fuzz_shared *shared, const char *path)
{
	struct dirent **entry;
	int i, n = scandir(path, &entry, NULL, alphasort);
	bool ok = true;
	char file[4096];

	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entry[i]->d_name);
		if (entry[i]->d_name[0] != '.')
			ok &= load_file(shared, file);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	return ok;
}

bool fuzz_load(struct fuzz_shared *shared, char **files)
{
	int fd;

	for (; files && *files; files++) {
		fd = open(*files, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
		if (fd >= 0 ? !load_dir(shared, *files) :
			      !load_file(shared, *files))
			return false;
	}
	atomic_store(&shared->corpus_n, shared->loaded);
	if (!shared->replay || shared->loaded)
		return true;
	fprintf(stderr, "fuzz: --replay wants files with programs\n");
	return false;
}
