#include "logbook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void logbook_open(void)
{
	int fd = memfd_create("log", 0);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || close(fd) < 0) {
		perror("logbook");
		abort();
	}
}

bool logbook_has(const char *text)
{
	struct stat status;
	if (fflush(stderr) != 0 || fstat(STDERR_FILENO, &status) < 0)
		abort();
	size_t size = (size_t)status.st_size;
	if (size == 0)
		return false;
	char *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, STDERR_FILENO, 0);
	if (bytes == MAP_FAILED)
		abort();
	bool is_there = memmem(bytes, size, text, strlen(text)) != NULL;
	(void)munmap(bytes, size);
	if (ftruncate(STDERR_FILENO, 0) < 0 || lseek(STDERR_FILENO, 0, SEEK_SET) < 0)
		abort();
	return is_there;
}
