#include "service/folder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

char *folder_of(const char *path)
{
	size_t len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len <= 1 ? mem_dup("/") : mem_dup_n(path, len - 1);
}

bool folder_is_missing(const char *folder)
{
	struct stat status;
	return stat(folder, &status) < 0 && errno == ENOENT;
}

bool folder_is_of_systemd(const char *folder)
{
	return strcmp(folder, "/var/lib/deadlined") == 0; /* StateDirectory= */
}

char *folder_cure(const char *folder)
{
	return mem_printf(
		"the folder %s is missing: %smake it with install -d -m 0700, as the user that deadlined runs as",
		folder, folder_is_of_systemd(folder) ? "systemctl start deadlined makes it; or " : "");
}
