/* audit_priv: what the files of the audit share: audit.c is its course and its end, audit_look.c what it looks at. */
#ifndef DEADLINED_SERVICE_AUDIT_PRIV_H
#define DEADLINED_SERVICE_AUDIT_PRIV_H

#include "service/audit.h"
#include "service/audit_plan.h"

enum { AUDIT_ROWS_AN_HOUR = 65536 }; /* of each table */

enum audit_stage {
	AUDIT_RESTS,
	AUDIT_TABLES,
	AUDIT_PEOPLE,
	AUDIT_WORK,
	AUDIT_SOON_BEFORE, /* what was to fall due since the last audit */
	AUDIT_ANY_TASKS,
	AUDIT_SOON, /* what will until the next */
	AUDIT_END,
	AUDIT_ENDED, /* and not known to be committed */
};

struct audit {
	enum audit_stage stage;
	int64_t start_utc, next_utc;
	struct store_audit known; /* as in the database */
	struct store_audit fresh; /* being made */
	bool is_known;

	int table;
	int64_t cursors[STORE_AUDIT_TABLES], rows_left;
	/* What waited longest at the last audit, and when that was. Two audits must find the same: by the clock alone a
	 * machine that was asleep would look like a daemon that was. */
	struct store_audit_wait edited, due, digest;
	int64_t *ready; /* a message for each channel, 0 = none was */
	size_t n_ready;
	int64_t sending; /* under way for long */
	int64_t waited_utc;
	struct store_audit_task at_task;
	size_t n_tasks; /* looked at in this audit */
	struct audit_steps soon;
	size_t at_step;
};

/* The next slice of what there is to look at, which moves the stage on, up to AUDIT_END. */
MUSTCHECK int audit_look(struct audit *audit, const struct audit_view *view, struct err *err);

#endif
