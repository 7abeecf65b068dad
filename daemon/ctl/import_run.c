#include "ctl/import_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strlist.h"
#include "channel/channel.h"
#include "ctl/fields.h"
#include "ctl/import_seen.h"
#include "ctl/known.h"
#include "ctl/output.h"
#include "ctl/prospect.h"
#include "ctl/sheet.h"
#include "remind/act.h"
#include "service/setup.h"
#include "store/store_person.h"

enum { IMPORT_SUGGESTIONS_MAX = 50 }; /* looking for the nearest of many names takes its time */

struct import_run {
	const struct conf *conf;
	int64_t now_utc;
	struct sheet *sheets;
	size_t n_sheets;
	struct catalog *catalog;     /* NULL when there is no sheet of people */
	struct calendars *calendars; /* NULL when none was needed, or there is none */
	struct channel **channels;   /* as in conf; NULL where no sheet has the column */
	struct import_seen people, tasks;
	bool is_blind; /* a sheet, of people as it may be, was refused as a whole: who there is, is not known */

	/* while writing */
	struct store *store;
	const struct sheet *sheet; /* the current one */
	struct problems *problems;
	struct import_summary summary;
	unsigned suggestions;
};

struct import_run *import_run_new(const struct conf *conf, int64_t now_utc)
{
	struct import_run *run = mem_zero(1, sizeof(*run));
	run->conf = conf;
	run->now_utc = now_utc;
	run->channels = mem_zero(conf->n_channels, sizeof(struct channel *));
	return run;
}

void import_run_free(struct import_run *run)
{
	if (run == NULL)
		return;
	for (size_t i = 0; i < run->n_sheets; i++)
		sheet_close(&run->sheets[i]);
	for (size_t i = 0; i < run->conf->n_channels; i++)
		channel_free(run->channels[i]);
	catalog_free(run->catalog);
	calendars_free(run->calendars);
	import_seen_done(&run->people);
	import_seen_done(&run->tasks);
	free(run->channels);
	free(run->sheets);
	free(run);
}

/* ---- opening ------------------------------------------------------------------------------------------------------
 */

static void import_run_prepare_people(struct import_run *run, const struct sheet *sheet, struct problems *conf_problems)
{
	if (run->catalog == NULL)
		run->catalog = catalog_load(run->conf->templates, run->conf->own_templates, conf_problems);
	if (run->calendars == NULL && sheet_field(sheet, "calendar") != NULL)
		run->calendars = setup_load_calendars(run->conf, conf_problems);
	for (size_t i = 0; i < run->conf->n_channels; i++)
		if (run->channels[i] == NULL && sheet_field(sheet, run->conf->channels[i]->name) != NULL)
			run->channels[i] = channel_new(run->conf, run->conf->channels[i], conf_problems);
}

int import_run_open(struct import_run *run, const char *const *files, size_t n, struct problems *problems,
		    struct problems *conf_problems, struct err *err)
{
	run->sheets = mem_zero(n, sizeof(*run->sheets));
	for (size_t i = 0; i < n; i++) {
		size_t n_before = problems->n;
		int status = sheet_open(files[i], run->conf, problems, &run->sheets[i], err);
		if (status < 0)
			return status;
		run->n_sheets++;
		bool may_be_people = run->sheets[i].kind == SHEET_PEOPLE || run->sheets[i].n_columns == 0;
		run->is_blind = run->is_blind || (may_be_people && problems->n != n_before);
		if (run->sheets[i].kind == SHEET_PEOPLE)
			import_run_prepare_people(run, &run->sheets[i], conf_problems);
	}
	return 0;
}

/* ---- reporting ----------------------------------------------------------------------------------------------------
 */

static void import_run_report(void *arg, const struct fields_problem *problem)
{
	const struct import_run *run = arg;
	sheet_report(run->sheet, run->problems, problem->column, problem->message);
}

static struct fields_rules import_run_rules(struct import_run *run)
{
	return (struct fields_rules){
		.conf = run->conf,
		.calendars = run->calendars,
		.now_utc = run->now_utc,
		.report = import_run_report,
		.arg = run,
	};
}

/* Checks the name in that column and that no other row has it. */
static bool import_run_check_name(struct import_run *run, const char *column, const char *name, size_t max,
				  struct import_seen *seen)
{
	struct fields_rules rules = import_run_rules(run);
	if (!fields_check_id(&rules, column, name, max))
		return false;
	const struct import_place *first = import_seen_add(seen, name, run->sheet->file, run->sheet->record.line);
	if (first == NULL)
		return true;
	fields_report(&rules, column, "'%s' is in line %u of %s too", name, first->line, first->file);
	return false;
}

static void import_run_count(struct import_counts *counts, enum store_change change)
{
	counts->by_change[change]++;
}

/* ---- people -------------------------------------------------------------------------------------------------------
 */

static bool import_run_apply_addresses(struct import_run *run, struct person *person)
{
	const struct conf *conf = run->conf;
	struct fields_rules rules = import_run_rules(run);
	bool is_right = true;
	for (size_t i = 0; i < conf->n_channels; i++) {
		const char *address = sheet_field(run->sheet, conf->channels[i]->name);
		if (address == NULL || address[0] == '\0')
			continue;
		is_right &= fields_check_address(&rules, run->channels[i], address);
		person_add_address(person, conf->channels[i]->name, address);
	}
	return is_right;
}

static int import_run_write_person(struct import_run *run, const struct person *person, struct err *err)
{
	const struct conf *conf = run->conf;
	const char **columns = mem_zero(conf->n_channels, sizeof(*columns));
	enum store_change change = STORE_UNCHANGED;
	size_t n = 0;
	for (size_t i = 0; i < conf->n_channels; i++)
		if (sheet_field(run->sheet, conf->channels[i]->name) != NULL)
			columns[n++] = conf->channels[i]->name;
	int status = store_person_put(run->store, person, columns, n, &change, err);
	if (status == 0)
		import_run_count(&run->summary.people, change);
	free(columns);
	return status;
}

/* Columns that the sheet does not have leave what the database says; addresses are written by column. */
static int import_run_base_person(struct import_run *run, const char *id, struct person *person, struct err *err)
{
	int status = store_person_load(run->store, id, person, err);
	if (status == -ENOENT) {
		fields_init_person(run->conf, id, person);
		return 0;
	}
	if (status == 0)
		person_clear_addresses(person);
	return status;
}

static int import_run_person(struct import_run *run, struct err *err)
{
	struct fields_rules rules = import_run_rules(run);
	struct fields_person given = {
		.name = sheet_field(run->sheet, "name"),
		.language = sheet_field(run->sheet, "language"),
		.zone = sheet_field(run->sheet, "zone"),
		.calendar = sheet_field(run->sheet, "calendar"),
		.quiet = sheet_field(run->sheet, "quiet"),
		.work = sheet_field(run->sheet, "work"),
		.digest = sheet_field(run->sheet, "digest"),
		.ceiling = sheet_field(run->sheet, "ceiling"),
		.channels = sheet_field(run->sheet, "channels"),
	};
	const char *id = sheet_field(run->sheet, "id");
	struct person person = {0};
	bool is_right = import_run_check_name(run, "id", id, PERSON_ID_MAX, &run->people);
	int status = import_run_base_person(run, id, &person, err);
	if (status == 0) {
		is_right &= fields_apply_person(&rules, &given, run->catalog, &person);
		is_right &= import_run_apply_addresses(run, &person);
		if (is_right && run->problems->n == 0)
			status = import_run_write_person(run, &person, err);
	}
	person_done(&person);
	return status;
}

/* ---- tasks --------------------------------------------------------------------------------------------------------
 */

static void import_run_report_person(struct import_run *run, const char *id)
{
	struct fields_rules rules = import_run_rules(run);
	struct strlist ids = {0};
	const char *nearest = NULL;
	if (run->suggestions++ < IMPORT_SUGGESTIONS_MAX) {
		for (size_t i = 0; i < run->people.n_slots; i++)
			if (run->people.slots[i].name != NULL)
				strlist_add(&ids, run->people.slots[i].name, strlen(run->people.slots[i].name));
		known_people(run->store, &ids);
		nearest = known_nearest(&ids, id);
	}
	if (nearest != NULL)
		fields_report(&rules, "people", "there is no '%s', did you mean '%s'?", id, nearest);
	else
		fields_report(&rules, "people", "there is no '%s': add a row to a file of people", id);
	strlist_done(&ids);
}

/* A person whose own row or sheet is wrong is no second problem here. */
static int import_run_check_people(struct import_run *run, const struct strlist *people, struct err *err)
{
	struct fields_rules rules = import_run_rules(run);
	for (size_t i = 0; i < people->n; i++) {
		const char *id;
		if (!fields_check_part(&rules, people->items[i], &id))
			continue;
		bool exists = run->is_blind || import_seen_find(&run->people, id) != NULL;
		int status = exists ? 0 : store_person_exists(run->store, id, &exists, err);
		if (status < 0)
			return status;
		if (!exists)
			import_run_report_person(run, id);
	}
	return 0;
}

static void import_run_remark(struct import_run *run, const struct task *task, bool is_without_people)
{
	struct import_summary *summary = &run->summary;
	const char *file = run->sheet->file;
	unsigned line = run->sheet->record.line;
	char date[OUTPUT_PERIOD_SIZE];
	struct civil until;
	output_period(&task->period, date);
	if (strcmp(task->status, "open") != 0) {
		import_remark_add(&summary->closed, file, line, task->uid, NULL);
		return;
	}
	if (import_remark_is_past(task, run->now_utc))
		import_remark_add(&summary->past, file, line, task->uid, date);
	if (is_without_people)
		import_remark_add(&summary->without_people, file, line, task->uid, NULL);
	if (prospect_find_bound(sheet_field(run->sheet, "when"), task, run->now_utc, &until))
		import_remark_add(&summary->bounded, file, line, task->uid, NULL);
}

/* people NULL: the sheet does not say who takes part. */
static int import_run_write_task(struct import_run *run, const struct task *task, const struct strlist *people,
				 struct err *err)
{
	enum store_change change = STORE_UNCHANGED;
	bool is_changed = false;
	int64_t id = 0;
	int status = act_put(run->store, task, run->now_utc, &id, &change, err);
	if (status == 0 && people != NULL)
		status = store_task_set_people(run->store, id, people, &is_changed, err);
	if (status < 0)
		return status;
	if (change == STORE_UNCHANGED && is_changed)
		change = STORE_CHANGED;
	import_run_count(&run->summary.tasks, change);
	if (change != STORE_UNCHANGED)
		import_run_remark(run, task, people != NULL ? people->n == 0 : change == STORE_ADDED);
	return 0;
}

/* As in the database, where it has the task and its row makes sense. */
static int import_run_base_task(struct import_run *run, const char *uid, struct task *task, struct err *err)
{
	int status = store_task_find(run->store, uid, task, err);
	if (status != -ENOENT && status != -EUCLEAN)
		return status;
	fields_init_task(run->conf, uid, task);
	return 0;
}

static int import_run_task(struct import_run *run, struct err *err)
{
	struct fields_rules rules = import_run_rules(run);
	struct fields_task given = {
		.title = sheet_field(run->sheet, "title"),
		.when = sheet_field(run->sheet, "when"),
		.zone = sheet_field(run->sheet, "zone"),
		.place = sheet_field(run->sheet, "place"),
		.policy = sheet_field(run->sheet, "policy"),
		.note = sheet_field(run->sheet, "note"),
		.priority = sheet_field(run->sheet, "priority"),
		.rrule = sheet_field(run->sheet, "rrule"),
	};
	const char *uid = sheet_field(run->sheet, "uid"), *ids = sheet_field(run->sheet, "people");
	struct task task = {0};
	struct strlist people = {0};
	(void)import_run_check_name(run, "uid", uid, TASK_UID_MAX, &run->tasks); /* noted in problems */
	int status = import_run_base_task(run, uid, &task, err);
	if (status == 0) {
		(void)fields_apply_task(&rules, &given, &task); /* likewise */
		strlist_add_words(&people, ids != NULL ? ids : "");
		status = import_run_check_people(run, &people, err);
	}
	if (status == 0 && run->problems->n == 0)
		status = import_run_write_task(run, &task, ids != NULL ? &people : NULL, err);
	strlist_done(&people);
	task_done(&task);
	return status;
}

/* A row that got another uid is a new task beside the old one, unless both have rows. */
static int import_run_add_double(void *arg, const char *uid, const char *other)
{
	struct import_run *run = arg;
	struct import_remark *remark = &run->summary.doubles;
	const struct import_place *place = import_seen_find(&run->tasks, uid);
	if (place == NULL || import_seen_find(&run->tasks, other) != NULL)
		return 0;
	char *detail = mem_printf("as %s", other);
	import_remark_add(remark, place->file, place->line, uid, detail);
	free(detail);
	return 0;
}

/* ---- all of it ----------------------------------------------------------------------------------------------------
 */

static int import_run_sheet(struct import_run *run, struct sheet *sheet, struct err *err)
{
	int status = 0;
	run->sheet = sheet;
	while (status == 0 && sheet_next(sheet, run->problems))
		status = sheet->kind == SHEET_PEOPLE ? import_run_person(run, err) : import_run_task(run, err);
	if (status < 0)
		err_prefix(err, "%s:%u", sheet->file, sheet->record.line);
	return status;
}

int import_run_write(struct import_run *run, struct store *store, struct problems *problems,
		     struct import_summary *ret_summary, struct err *err)
{
	static const enum sheet_kind order[] = {SHEET_PEOPLE, SHEET_TASKS};
	int64_t last = 0;
	int status = store_task_last(store, &last, err);
	run->store = store;
	run->problems = problems;
	run->summary = (struct import_summary){0};
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < run->n_sheets && status == 0; i++)
			if (run->sheets[i].kind == order[pass])
				status = import_run_sheet(run, &run->sheets[i], err);
	if (status == 0 && problems->n == 0)
		status = store_task_doubles(store, last, import_run_add_double, run, err);
	for (size_t i = 0; i < run->n_sheets; i++)
		*(run->sheets[i].kind == SHEET_PEOPLE ? &run->summary.people_sheets : &run->summary.task_sheets) += 1;
	if (status == 0)
		*ret_summary = run->summary;
	return status;
}
