#include "store/store_reply.h"

#include <stdlib.h>

#include "store/store_priv.h"

void store_reply_done(struct store_reply *reply)
{
	free(reply->person);
	free(reply->name);
	free(reply->address);
	*reply = (struct store_reply){0};
}

int store_reply_find(struct store *store, int64_t task, const char *channel, struct store_reply *ret_reply,
		     struct err *err)
{
	static const char sql[] =
		"SELECT person.id, person.name, address.address FROM part JOIN person ON person.id = part.person"
		" JOIN address ON address.person = part.person AND address.channel = ?2"
		" WHERE part.task = ?1 AND part.role = 'responsible' AND person.active = 1"
		"  AND NOT EXISTS (SELECT 1 FROM suspension s WHERE s.person = part.person AND s.channel = ?2"
		"   AND s.reason IS NOT NULL) LIMIT 2";
	struct store_reply reply = {0};
	int status, n = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "it", task, channel);
	while ((status = store_row(store, stmt, "reading who is responsible", err)) == 1) {
		store_reply_done(&reply);
		if (++n == 1)
			reply = (struct store_reply){store_text(stmt, 0), store_text(stmt, 1), store_text(stmt, 2)};
	}
	if (status < 0) {
		store_reply_done(&reply);
		return status;
	}
	*ret_reply = reply;
	return 0;
}
