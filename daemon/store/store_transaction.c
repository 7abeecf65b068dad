/* Transactions, their parts, and whether the disk has them; declared in store.h. */
#include <errno.h>

#include "base/log.h"
#include "store/store_priv.h"
#include "store/store_wal.h"

/* Damage that was met once, whatever its finder made of it, ends all writing: what stands beside it may be wrong, too. */
static int store_refuse_damage(struct store *store, struct err *err)
{
	store_rollback(store);
	return err_set(err, -EUCLEAN, "the database is damaged, so nothing more is written to it: %s", store->damage);
}

static int store_end_doubt(struct store *store, struct err *err)
{
	int status = store->is_doubtful ? store_shrink_log(store, err) : 0;
	store->is_doubtful = store->is_doubtful && status < 0;
	return status;
}

int store_begin(struct store *store, struct err *err)
{
	if (store->damage[0] != '\0')
		return store_refuse_damage(store, err);
	int status = store_end_doubt(store, err);
	if (status < 0)
		return status;
	store->bound_utc = 0;
	return store_exec(store, "BEGIN IMMEDIATE", "starting a transaction", err, "");
}

int store_begin_reading(struct store *store, struct err *err)
{
	return store_exec(store, "BEGIN", "starting to read", err, "");
}

void store_end_reading(struct store *store)
{
	struct err err;
	if (store_exec(store, "COMMIT", "ending to read", &err, "") < 0)
		store_rollback(store);
}

int store_commit(struct store *store, struct err *err)
{
	if (store->damage[0] != '\0')
		return store_refuse_damage(store, err);
	store->bound_utc = 0;
	int status = store_exec(store, "COMMIT", "committing", err, "");
	if (status < 0)
		store_rollback(store);
	return status;
}

int store_commit_ahead(struct store *store, struct err *err)
{
	store_wal_leave_sync(store->db, true);
	int status = store_commit(store, err);
	store_wal_leave_sync(store->db, false);
	return status;
}

bool store_is_durable(const struct store *store)
{
	return store_wal_is_synced(store->db);
}

int store_make_durable(struct store *store, struct err *err)
{
	int rc = store_wal_end_sync(store->db);
	if (rc == SQLITE_OK)
		return 0;
	log_warning("the write-ahead log could not be synced (%s): it is brought into the database",
		    sqlite3_errstr(rc));
	store->is_doubtful = true;
	return store_end_doubt(store, err);
}

/* What was read or bound before is of no use after what was written is taken back. */
static void store_forget(struct store *store)
{
	store->bound_utc = 0;
	for (size_t i = 0; i < STORE_STATEMENTS; i++)
		if (store->statements[i].stmt != NULL)
			(void)sqlite3_reset(store->statements[i].stmt);
}

void store_rollback(struct store *store)
{
	store_forget(store);
	if (sqlite3_get_autocommit(store->db) == 0)
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL); /* what fails here is undone by closing */
}

int store_savepoint(struct store *store, struct err *err)
{
	return store_exec(store, "SAVEPOINT part", "starting a part", err, "");
}

/* Some errors have undone the whole transaction by now. */
static int store_undo_part(struct store *store, struct err *err)
{
	store_forget(store);
	return sqlite3_get_autocommit(store->db) != 0
		       ? 0
		       : store_exec(store, "ROLLBACK TO part", "undoing a part", err, "");
}

int store_savepoint_end(struct store *store, int status, struct err *err)
{
	struct err other = {0};
	int r = status < 0 ? store_undo_part(store, &other) : 0;
	if (r == 0 && sqlite3_get_autocommit(store->db) == 0)
		r = store_exec(store, "RELEASE part", "ending a part", &other, "");
	if (r < 0)
		*err = other;
	return r < 0 ? r : status;
}
