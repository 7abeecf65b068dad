#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/output.h"
#include "service/folder.h"
#include "store/store_backup.h"

static const struct args_option backup_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--force", NULL, "replace FILE when it is there already"},
};

static bool backup_lacks_folder(const char *file)
{
	if (strchr(file, '/') == NULL)
		return false; /* this one */
	char *folder = folder_of(file);
	bool is_missing = folder_is_missing(folder);
	free(folder);
	return is_missing;
}

static int backup_fail(const char *file, int status, const struct err *err)
{
	if (status == -ENOENT && backup_lacks_folder(file)) {
		output_complain("%s", err->text);
		return EX_CANTCREAT;
	}
	if (status != -EEXIST && status != -EINVAL)
		return session_fail(status, err);
	output_complain("%s%s", err->text, status == -EEXIST ? "; --force replaces it" : "");
	return EX_CANTCREAT;
}

static int backup_run(struct session *session, const struct args *args)
{
	struct err err = {0};
	struct store_copied copied = {0};
	int status = session_read_conf(session);
	if (status != EX_OK)
		return status;
	const struct store_copy copy = {
		.from = session->conf->database,
		.to = args->operands[0],
		.may_replace = args_has(args, "--force"),
		.now_utc = session->now_utc,
	};
	status = store_copy(&copy, &copied, &err);
	if (status < 0)
		return backup_fail(args->operands[0], status, &err);
	(void)printf("%s: %" PRId64 " bytes, schema %d, checked\n", args->operands[0], copied.size, copied.schema);
	if (copied.n_dangling > 0)
		output_complain("%" PRId64
				" rows of the database refer to rows that are gone, in the copy, too: somebody "
				"deleted those with sqlite3, which does not look after that",
				copied.n_dangling);
	return EX_OK;
}

const struct command backup_command = {
	.name = "backup",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Copy the database, while deadlined runs, and check the copy",
	.help = "FILE appears only when it is complete, checked and on the disk. It holds names and addresses, and only\n"
		"its owner may read it. deadlined itself makes such a copy every day; see deadlined(8), BACKUP.",
	COMMAND_OPTIONS(backup_options),
	.run = backup_run,
};
