#include "service/account.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "service/folder.h"

/* A file of root in a folder of another account may have been moved there by that account. */
struct account account_of_database(const char *database)
{
	struct stat file;
	struct account account = {0, 0};
	if (lstat(database, &file) == 0)
		account = (struct account){file.st_uid, file.st_gid};
	char *folder = folder_of(database);
	if (account.uid == 0 && stat(folder, &file) == 0)
		account = (struct account){file.st_uid, file.st_gid};
	free(folder);
	return account;
}

/* Of all that root may, at most CAP_DAC_READ_SEARCH is left. A program that is started gets nothing of it. */
static int account_limit_capabilities(bool may_search)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	if (syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	uint32_t wanted = may_search ? sets[0].permitted & (1U << CAP_DAC_READ_SEARCH) : 0;
	memset(sets, 0, sizeof(sets));
	sets[0].permitted = sets[0].effective = wanted;
	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

/* An account that is only a number, as a DynamicUser's while its service is stopped, has the group of its files. */
static int account_set_groups(const struct account *account)
{
	const struct passwd *entry = getpwuid(account->uid);
	gid_t gid = entry != NULL ? entry->pw_gid : account->gid;
	int code = entry != NULL ? initgroups(entry->pw_name, gid) : setgroups(0, NULL);
	return code < 0 || setresgid(gid, gid, gid) < 0 ? -errno : 0;
}

static int account_become(const struct account *account, bool may_search)
{
	if (prctl(PR_SET_KEEPCAPS, 1L) < 0)
		return -errno;
	int code = account_set_groups(account);
	if (code == 0 && setresuid(account->uid, account->uid, account->uid) < 0)
		code = -errno;
	if (code == 0)
		code = account_limit_capabilities(may_search);
	return code == 0 && setuid(0) == 0 ? -EPERM : code;
}

int account_become_owner(const char *database, bool may_search, struct err *err)
{
	const struct account account = account_of_database(database);
	if (geteuid() != 0 || account.uid == 0)
		return 0;
	int code = account_become(&account, may_search);
	return code == 0 ? 0
			 : err_set(err, code,
				   "cannot go on as the owner of the database (uid %lu): %s; run this as that user",
				   (unsigned long)account.uid, strerror(-code));
}
