/* replay: gives every file of the folders that are named to the target, each in memory of exactly its size. Says which
 * file before it starts with it, so that the last line of a run that broke names the culprit. */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "fuzz.h"

enum { REPLAY_FILE_MAX = 1024 * 1024, REPLAY_SECONDS = 20 };

static void replay_file(const char *path)
{
	char chunk[4096];
	struct buf text;
	size_t len;
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		fuzz_fail(path, 0, "the file can be read", path);
	buf_init(&text, REPLAY_FILE_MAX);
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(&text, chunk, len);
	(void)fclose(file);

	uint8_t *copy = mem_alloc(text.len);
	if (text.len != 0)
		memcpy(copy, text.data, text.len);
	(void)alarm(REPLAY_SECONDS); /* a parser that never ends is a failure too */
	(void)LLVMFuzzerTestOneInput(copy, text.len);
	(void)alarm(0);
	free(copy);
	buf_done(&text);
}

static int replay_is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, replay_is_visible, alphasort);
	for (int i = 0; i < n; i++) {
		char *path = mem_printf("%s/%s", folder, entries[i]->d_name);
		(void)printf("%s\n", path);
		(void)fflush(stdout);
		replay_file(path);
		free(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return n;
}

int main(int argc, char **argv)
{
	int n_files = 0;
	for (int i = 1; i < argc; i++) {
		int n = replay_folder(argv[i]);
		n_files += n > 0 ? n : 0;
	}
	if (n_files == 0)
		(void)fprintf(stderr, "no files to replay\n");
	return n_files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
