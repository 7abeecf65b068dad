/* import_run: the rows of sheets become people and tasks of the database, all of them or none.
 *
 * Happy path: import_run_new(), import_run_open(), import_run_write() inside a transaction, import_run_free(). Rows are
 * written as they are read, people before tasks whatever the order of the files; from the first problem on they are
 * only checked, and the caller rolls back. */
#ifndef DEADLINED_CTL_IMPORT_RUN_H
#define DEADLINED_CTL_IMPORT_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "conf/problem.h"
#include "ctl/import_remark.h"
#include "store/store.h"
#include "store/store_task.h"

struct import_counts {
	size_t by_change[STORE_UNCHANGED + 1]; /* by enum store_change */
};

struct import_summary {
	struct import_counts people, tasks;
	size_t people_sheets, task_sheets;
	/* of the tasks added and changed: those that are open and wholly past, or open and said to have no people, or
	 * open and repeated to the end of a year that their phrase does not name, or closed */
	struct import_remark past, without_people, bounded, closed;
	struct import_remark
		doubles; /* added with the title and date of an open one that has another uid, and no row */
};

struct import_run;

/* conf is borrowed. Returns owned. */
struct import_run *import_run_new(const struct conf *conf, int64_t now_utc);
void import_run_free(struct import_run *run);

/* Opens the sheets and prepares what their checks need: the templates' languages, the channels. Wrong sheets are added
 * to problems, a wrong configuration to conf_problems. Errors: of sheet_open(). */
MUSTCHECK int import_run_open(struct import_run *run, const char *const *files, size_t n, struct problems *problems,
			      struct problems *conf_problems, struct err *err);

/* Checks and writes every row, inside the transaction that is open on store. When problems holds anything afterwards it
 * must be rolled back. Errors: those of the store. */
MUSTCHECK int import_run_write(struct import_run *run, struct store *store, struct problems *problems,
			       struct import_summary *ret_summary, struct err *err);

#endif
