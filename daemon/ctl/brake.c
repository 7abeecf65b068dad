/* The brakes: what was sent in this hour, what is stopped, and the operator's decision about what waits. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/mem.h"
#include "base/num.h"
#include "ctl/command.h"
#include "ctl/known.h"
#include "ctl/output.h"
#include "remind/outbox.h"
#include "service/brake.h"
#include "store/store_ledger.h"
#include "store/store_person.h"

static const struct args_option brake_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--yes", NULL, "purge: cancel them; without it they are only counted"},
	{"--json", NULL, "show: print one JSON object a line"},
};

static const char *const brake_headings[] = {"SCOPE", "NAME", "SENT IN AN HOUR", "LIMIT", "STOPPED SINCE", "WAITING"};
enum { BRAKE_COLUMNS = sizeof(brake_headings) / sizeof(brake_headings[0]), BRAKE_SLICE = 256, BRAKE_SLICES = 4 };

/* Brakes, read at once: what is done about each may change the table. */
struct brake_list {
	struct session *session;
	struct store_brake *items;
	size_t n;
	bool only_stopped;
};

static void brake_add(struct brake_list *list, const struct store_brake *brake)
{
	list->items = mem_grow(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = *brake;
}

static int brake_collect(void *arg, const struct store_brake *brake)
{
	struct brake_list *list = arg;
	bool is_stopped = brake->tripped_utc != STORE_NEVER;
	if (is_stopped || (!list->only_stopped && brake_sent(brake, list->session->now_utc) > 0))
		brake_add(list, brake);
	return 0;
}

static int brake_read_all(struct brake_list *list)
{
	struct err err = {0};
	int status = store_brake_each(list->session->store, brake_collect, list, &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

/* ---- show --------------------------------------------------------------------------------------------------------- */

/* What a stopped scope holds back; of any other, nothing waits for a brake. */
static int brake_waiting(struct session *session, const struct store_brake *brake, int64_t *ret_n)
{
	struct err err = {0};
	*ret_n = 0;
	if (brake->tripped_utc == STORE_NEVER)
		return EX_OK;
	int status = store_brake_waiting(session->store, brake->scope, brake->name, session->now_utc, INT64_MAX, ret_n,
					 &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

static void brake_print_json(const struct session *session, const struct store_brake *brake, int64_t waiting)
{
	json_t *object = json_object();
	json_object_set_new(object, "scope", json_string(store_scope_name(brake->scope)));
	json_object_set_new(object, "name", output_json_text(brake->name));
	json_object_set_new(object, "sent", json_integer(brake_sent(brake, session->now_utc)));
	json_object_set_new(object, "limit", json_integer(brake_limit(session->conf, brake->scope)));
	json_object_set_new(object, "stopped_since", output_json_time(session->zone, brake->tripped_utc));
	json_object_set_new(object, "waiting", json_integer(waiting));
	output_json(object, stdout);
}

static void brake_print_row(const struct session *session, const struct store_brake *brake, int64_t waiting,
			    struct output_table *table)
{
	char sent[24], limit[24], since[OUTPUT_TIME_SIZE], wait[24];
	(void)snprintf(sent, sizeof(sent), "%" PRId64, brake_sent(brake, session->now_utc));
	(void)snprintf(limit, sizeof(limit), "%" PRId64, brake_limit(session->conf, brake->scope));
	(void)snprintf(wait, sizeof(wait), "%" PRId64, waiting);
	output_time(session->zone, brake->tripped_utc, since);
	const char *cells[BRAKE_COLUMNS] = {store_scope_name(brake->scope), brake->name, sent, limit, since, wait};
	output_table_add(table, cells);
}

static int brake_load(struct brake_list *list, enum store_scope scope, const char *name)
{
	struct store_brake brake;
	struct err err = {0};
	int status = store_brake_load(list->session->store, scope, name, &brake, &err);
	if (status < 0)
		return session_fail(status, &err);
	brake_add(list, &brake);
	return EX_OK;
}

/* The whole and every channel first, whether anything was sent or not; then what else the table has. */
static int brake_read_shown(struct brake_list *list)
{
	const struct conf *conf = list->session->conf;
	struct brake_list rest = {.session = list->session};
	int result = brake_load(list, STORE_SCOPE_ALL, "");
	for (size_t i = 0; i < conf->n_channels && result == EX_OK; i++)
		result = brake_load(list, STORE_SCOPE_CHANNEL, conf->channels[i]->name);
	if (result == EX_OK)
		result = brake_read_all(&rest);
	for (size_t i = 0; i < rest.n; i++) {
		size_t known = 0;
		while (known < list->n && (list->items[known].scope != rest.items[i].scope ||
					   strcmp(list->items[known].name, rest.items[i].name) != 0))
			known++;
		if (rest.items[i].scope == STORE_SCOPE_PERSON || known == list->n)
			brake_add(list, &rest.items[i]);
	}
	free(rest.items);
	return result;
}

static int brake_show(struct brake_list *list, bool is_json)
{
	struct output_table *table = is_json ? NULL : output_table_new(brake_headings, BRAKE_COLUMNS);
	int result = brake_read_shown(list);
	for (size_t i = 0; i < list->n && result == EX_OK; i++) {
		int64_t waiting = 0;
		result = brake_waiting(list->session, &list->items[i], &waiting);
		if (is_json)
			brake_print_json(list->session, &list->items[i], waiting);
		else
			brake_print_row(list->session, &list->items[i], waiting, table);
	}
	if (table != NULL)
		output_table_finish(table, "", stdout);
	return result;
}

/* ---- which ones --------------------------------------------------------------------------------------------------- */

static int brake_check_channel(const struct session *session, const char *name)
{
	struct strlist names = {0};
	for (size_t i = 0; i < session->conf->n_channels; i++)
		strlist_add(&names, session->conf->channels[i]->name, strlen(session->conf->channels[i]->name));
	const char *nearest = known_nearest(&names, name);
	bool exists = strlist_has(&names, name);
	if (!exists)
		output_complain("there is no channel '%s'%s%s%s", name, nearest != NULL ? ", did you mean '" : "",
				nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
	strlist_done(&names);
	return exists ? EX_OK : EX_DATAERR;
}

static int brake_check_person(struct session *session, const char *id)
{
	struct err err = {0};
	bool exists = false;
	int status = store_person_exists(session->store, id, &exists, &err);
	if (status < 0)
		return session_fail(status, &err);
	return exists ? EX_OK : known_fail_person(session->store, id);
}

/* A scope that is stopped may be named though its channel or person is gone. */
static int brake_check_name(struct session *session, const struct store_brake *brake)
{
	if (brake->tripped_utc != STORE_NEVER || brake->scope == STORE_SCOPE_ALL)
		return EX_OK;
	return brake->scope == STORE_SCOPE_CHANNEL ? brake_check_channel(session, brake->name)
						   : brake_check_person(session, brake->name);
}

/* Those that the operands name and that are stopped: all of them when nothing is named. */
static int brake_choose(struct brake_list *list, const struct args *args)
{
	enum store_scope scope;
	list->only_stopped = true;
	if (args->n_operands < 2)
		return brake_read_all(list);
	(void)store_scope_find(args->operands[1], &scope); /* brake_check_usage() has looked */
	int result = brake_load(list, scope, args->n_operands > 2 ? args->operands[2] : "");
	if (result == EX_OK && list->n > 0)
		result = brake_check_name(list->session, &list->items[0]);
	if (result == EX_OK && list->n > 0 && list->items[0].tripped_utc == STORE_NEVER)
		list->n = 0;
	return result;
}

static void brake_say(const struct store_brake *brake, const char *words)
{
	char *what = brake_describe(brake->scope, brake->name), *clean = output_clean(what);
	(void)printf("%s: %s\n", clean, words);
	free(clean);
	free(what);
}

/* ---- resume ------------------------------------------------------------------------------------------------------- */

static int brake_note(struct session *session, const char *action, const struct store_brake *brake, const char *detail)
{
	struct err err = {0};
	const char *person = brake->scope == STORE_SCOPE_PERSON ? brake->name : NULL;
	int status = store_ledger_add(session->store, action, NULL, person, detail, &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

static int brake_resume(struct brake_list *list)
{
	struct session *session = list->session;
	struct err err = {0};
	int result = EX_OK;
	for (size_t i = 0; i < list->n && result == EX_OK; i++) {
		const struct store_brake *brake = &list->items[i];
		char *what = brake_describe(brake->scope, brake->name);
		int status = store_brake_remove(session->store, brake->scope, brake->name, &err);
		result = status < 0 ? session_fail(status, &err) : brake_note(session, "resume", brake, what);
		free(what);
	}
	if (result == EX_OK)
		result = session_commit_edit(session);
	for (size_t i = 0; i < list->n && result == EX_OK; i++)
		brake_say(&list->items[i], "goes on");
	return result;
}

/* ---- purge -------------------------------------------------------------------------------------------------------- */

static int brake_purge_slice(struct session *session, const struct store_brake *brake, const char *reason,
			     size_t *ret_found, int64_t *n_purged)
{
	int64_t ids[BRAKE_SLICE];
	struct err err = {0};
	int status = store_brake_ids(session->store, brake->scope, brake->name, session->now_utc, ids, BRAKE_SLICE,
				     ret_found, &err);
	for (size_t i = 0; i < *ret_found && status == 0; i++) {
		bool is_purged = false;
		status = outbox_purge(session->store, ids[i], reason, &is_purged, &err);
		*n_purged += is_purged;
	}
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

/* A transaction of a bounded size: the daemon must not wait for long. */
static int brake_purge_some(struct session *session, const struct store_brake *brake, const char *reason,
			    int64_t *n_purged, bool *ret_is_over)
{
	int64_t n = 0;
	size_t found = BRAKE_SLICE;
	int result = session_begin_edit(session);
	for (int i = 0; i < BRAKE_SLICES && found == BRAKE_SLICE && result == EX_OK; i++)
		result = brake_purge_slice(session, brake, reason, &found, &n);
	char *what = brake_describe(brake->scope, brake->name);
	char *detail = mem_printf("%s: %" PRId64 " %s", what, n, num_word(n, "message", "messages"));
	if (result == EX_OK && n > 0)
		result = brake_note(session, "purge", brake, detail);
	if (result == EX_OK)
		result = session_commit_edit(session);
	free(detail);
	free(what);
	*n_purged += result == EX_OK ? n : 0;
	*ret_is_over = found < BRAKE_SLICE;
	return result;
}

static int brake_purge_one(struct session *session, const struct store_brake *brake, bool is_meant)
{
	char words[96], *user = session_user();
	char *reason = mem_printf("purged by the operator (%s)", user);
	int64_t n = 0;
	bool is_over = false;
	int result = is_meant ? EX_OK : brake_waiting(session, brake, &n);
	while (is_meant && result == EX_OK && !is_over)
		result = brake_purge_some(session, brake, reason, &n, &is_over);
	(void)snprintf(words, sizeof(words), "%" PRId64 " %s %s", n, num_word(n, "message", "messages"),
		       is_meant ? "cancelled; stopped until you resume it"
				: num_word(n, "would be cancelled; with --yes it is",
					   "would be cancelled; with --yes they are"));
	if (result == EX_OK)
		brake_say(brake, words);
	free(reason);
	free(user);
	return result;
}

static int brake_purge(struct brake_list *list, bool is_meant)
{
	int result = EX_OK;
	for (size_t i = 0; i < list->n && result == EX_OK; i++)
		result = brake_purge_one(list->session, &list->items[i], is_meant);
	return result;
}

/* ---- the command -------------------------------------------------------------------------------------------------- */

static bool brake_is_word(const struct args *args, const char *word)
{
	return args->n_operands > 0 && strcmp(args->operands[0], word) == 0;
}

static int brake_check_usage(const struct args *args)
{
	enum store_scope scope = STORE_SCOPE_ALL;
	bool is_act = brake_is_word(args, "resume") || brake_is_word(args, "purge");
	if (args->n_operands > 0 && !is_act && !brake_is_word(args, "show"))
		output_complain("brake: '%s' is none of show, resume and purge", args->operands[0]);
	else if (!is_act && args->n_operands > 1)
		output_complain("brake show takes no scope: it shows all of them");
	else if (args->n_operands > 1 && !store_scope_find(args->operands[1], &scope))
		output_complain("brake %s: '%s' is none of all, channel NAME and person ID", args->operands[0],
				args->operands[1]);
	else if (args->n_operands > 1 && (scope == STORE_SCOPE_ALL) != (args->n_operands == 2))
		output_complain("write: brake %s all, brake %s channel NAME, or brake %s person ID", args->operands[0],
				args->operands[0], args->operands[0]);
	else if (args_has(args, "--yes") && !brake_is_word(args, "purge"))
		output_complain("--yes goes with purge");
	else if (args_has(args, "--json") && is_act)
		output_complain("--json goes with show");
	else
		return EX_OK;
	return EX_USAGE;
}

static int brake_act(struct brake_list *list, const struct args *args)
{
	bool is_resume = brake_is_word(args, "resume");
	int result = is_resume ? session_begin_edit(list->session) : EX_OK;
	if (result == EX_OK)
		result = brake_choose(list, args);
	if (result != EX_OK)
		return result;
	if (list->n == 0)
		(void)puts(args->n_operands > 1 ? "That brake is not on." : "No brake is on.");
	else if (is_resume)
		return brake_resume(list);
	else
		return brake_purge(list, args_has(args, "--yes"));
	return EX_OK;
}

static int brake_run(struct session *session, const struct args *args)
{
	struct brake_list list = {.session = session};
	bool is_show = args->n_operands == 0 || brake_is_word(args, "show");
	int result = brake_check_usage(args);
	if (result == EX_OK)
		result = session_open(session, is_show ? SESSION_READ : SESSION_EDIT);
	if (result == EX_OK)
		result = is_show ? brake_show(&list, args_has(args, "--json")) : brake_act(&list, args);
	free(list.items);
	return result;
}

const struct command brake_command = {
	.name = "brake",
	.operands = "[show | resume | purge] [all | channel NAME | person ID]",
	.max_operands = 3,
	.summary = "Show what the brakes stopped, let it go on, or cancel it",
	.help = "A brake stops all messages, those of a channel or those to a person when more than the limit of [limits] would\n"
		"leave in an hour, until you resume it. Without a scope, resume and purge mean every brake that is on; 'all' is\n"
		"the one over all messages. What has been resumed may send as many as its limit at once.",
	COMMAND_OPTIONS(brake_options),
	.run = brake_run,
};
