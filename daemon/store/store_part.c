/* Who takes part in a task, and as what. */
#include "store/store_task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/role.h"
#include "store/store_priv.h"

/* A part as one word, "participant:anna". Returns owned. */
static char *store_part_word(enum role role, const char *person)
{
	return mem_printf("%s:%s", role_name(role), person);
}

static int store_part_list(struct store *store, const char *sql, int64_t task, struct strlist *ret_words,
			   struct err *err)
{
	struct strlist words = {0};
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", task);
	while ((status = store_row(store, stmt, "reading who takes part", err)) == 1) {
		const char *word = (const char *)sqlite3_column_text(stmt, 0);
		strlist_add(&words, word, strlen(word));
	}
	if (status < 0)
		strlist_done(&words);
	else
		*ret_words = words;
	return status;
}

int store_task_people(struct store *store, int64_t task, struct strlist *ret_people, struct err *err)
{
	static const char sql[] = "SELECT DISTINCT person FROM part WHERE task = ?1 ORDER BY person";
	return store_part_list(store, sql, task, ret_people, err);
}

int store_task_parts(struct store *store, int64_t task, struct strlist *ret_parts, struct err *err)
{
	static const char sql[] = "SELECT role || ':' || person FROM part WHERE task = ?1 ORDER BY person, role";
	return store_part_list(store, sql, task, ret_parts, err);
}

static int store_part_change(struct store *store, const char *sql, int64_t task, const char *word, struct err *err)
{
	enum role role = ROLE_PARTICIPANT;
	const char *person = word;
	if (!role_split(word, &role, &person))
		return err_set(err, -EINVAL, "'%s' names no role that there is", word);
	return store_exec(store, sql, "changing who takes part", err, "itt", task, person, role_name(role));
}

/* The words with the role in each of them. *ret_is_complete: they speak of every role. */
static int store_part_spell(const struct strlist *people, struct strlist *ret_words, bool *ret_is_complete,
			    struct err *err)
{
	*ret_is_complete = people->n == 0;
	for (size_t i = 0; i < people->n; i++) {
		enum role role;
		const char *person;
		if (!role_split(people->items[i], &role, &person))
			return err_set(err, -EINVAL, "'%s' names no role that there is", people->items[i]);
		char *word = store_part_word(role, person);
		strlist_add(ret_words, word, strlen(word));
		free(word);
		*ret_is_complete = *ret_is_complete || person != people->items[i];
	}
	return 0;
}

static int store_part_replace(struct store *store, int64_t task, const struct strlist *old,
			      const struct strlist *wanted, bool *ret_changed, struct err *err)
{
	static const char add[] = "INSERT INTO part (task, person, role) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
	static const char drop[] = "DELETE FROM part WHERE task = ?1 AND person = ?2 AND role = ?3";
	bool is_changed = false;
	int status = 0;
	/* First who comes, then who goes: who only changes role is never without a part, and keeps what waits. */
	for (size_t i = 0; i < wanted->n && status == 0; i++)
		if (!strlist_has(old, wanted->items[i])) {
			is_changed = true;
			status = store_part_change(store, add, task, wanted->items[i], err);
		}
	for (size_t i = 0; i < old->n && status == 0; i++)
		if (!strlist_has(wanted, old->items[i])) {
			is_changed = true;
			status = store_part_change(store, drop, task, old->items[i], err);
		}
	if (status == 0)
		*ret_changed = is_changed;
	return status;
}

int store_task_set_people(struct store *store, int64_t task, const struct strlist *people, bool *ret_changed,
			  struct err *err)
{
	static const char participants[] =
		"SELECT role || ':' || person FROM part WHERE task = ?1 AND role = 'participant' ORDER BY person";
	struct strlist old = {0}, wanted = {0};
	bool is_complete = false;
	int status = store_part_spell(people, &wanted, &is_complete, err);
	if (status == 0)
		status = is_complete ? store_task_parts(store, task, &old, err)
				     : store_part_list(store, participants, task, &old, err);
	if (status == 0)
		status = store_part_replace(store, task, &old, &wanted, ret_changed, err);
	strlist_done(&old);
	strlist_done(&wanted);
	return status;
}
