/* store_backup: whole copies of the database, and what tells a sound file from a damaged one.
 *
 * A copy is made by SQLite's backup API out of one read transaction, so it is the database as it was at one instant,
 * whoever writes meanwhile; nobody is kept from writing. It grows under another name beside its own, is checked from
 * end to end, and gets its name only when all of it is on the disk: what has the name is good.
 * Everything here blocks for as long as it takes, on connections of its own; it may run in a thread of its own. */
#ifndef DEADLINED_STORE_STORE_BACKUP_H
#define DEADLINED_STORE_STORE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* Asked every few milliseconds; true gives up with -ECANCELED. */
typedef bool (*store_cancel_cb)(void *arg);

struct store_copy {
	const char *from;
	const char *to;
	bool may_replace;             /* a regular file that is there */
	int64_t now_utc;              /* written into the copy, as from is: what it is a copy of */
	store_cancel_cb is_cancelled; /* may be NULL */
	void *arg;
};

struct store_copied {
	int64_t size;
	int schema;
	int64_t n_dangling; /* rows that refer to rows that are gone, in the original as in the copy */
};

/* Makes to a checked copy of from, mode 0600. Errors besides those of store.h: -EEXIST to is there, -EINVAL to is no
 * place for a copy (the database itself, a symbolic link, no regular file), -ECANCELED; -EUCLEAN the copy failed its
 * check. Nothing is left behind then. */
MUSTCHECK int store_copy(const struct store_copy *copy, struct store_copied *ret_copied, struct err *err);

/* The instant that the copy in the file is of; -1 when it does not say. */
MUSTCHECK int store_copy_time(const char *file, int64_t *ret_utc, struct err *err);

/* Which database a file is, or is a copy of; "" and NULL when it does not say. */
struct store_origin {
	char instance[STORE_INSTANCE_SIZE];
	char *database; /* where that was when the copy was made; owned */
};
/* The caller frees ret_origin->database. A file that cannot be read says nothing. */
void store_copy_origin(const char *file, struct store_origin *ret_origin);
/* Whether the file says that it is, or is a copy of, a database of another instance than this one, "" = unknown. */
bool store_copy_is_foreign(const char *file, const char *instance);
/* Whether the file says that it is a copy of a database at another path than this one, which need not be there. */
bool store_copy_is_elsewhere(const char *file, const char *database);

/* Looks through the whole file for damage: quick_check, or integrity_check, which looks at every index, too. Errors:
 * -EUCLEAN with what is wrong, -ECANCELED. */
MUSTCHECK int store_inspect(const char *file, bool is_quick, store_cancel_cb is_cancelled, void *arg, struct err *err);

/* Gives the file at temporary its name, durably. Errors: errno of rename(2), -EEXIST unless may_replace. */
MUSTCHECK int store_give_name(const char *temporary, const char *name, bool may_replace, struct err *err);

/* ---- what the database itself knows of its copies ---- */

/* When the last daily copy was made; -1 = never. */
MUSTCHECK int store_backup_last(struct store *store, int64_t *ret_utc, struct err *err);
MUSTCHECK int store_backup_note(struct store *store, int64_t utc, struct err *err);

#endif
