/* One or two sheets ("--" in a line of its own between them) into a database that has two people and a task. All rows
 * arrive or none does; the same sheets once more change nothing at all. */
#include <glob.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "ctl/import_run.h"
#include "fuzz.h"
#include "scratch_file.h"

#define NOW_UTC INT64_C(1750000000) /* 2025-06-15 */
#define MARK "\n--\n"

enum { SHEETS_MAX = 2, DUMP_MAX = 16 * 1024 * 1024, DATABASE_MAX = 16 * 1024 * 1024 };

static const char config[] = "[daemon]\nzone = Asia/Sakhalin\nlanguage = en\ntemplates = templates\n"
			     "[channel email]\ntype = maildir\npath = mail\n"
			     "[channel chat]\ntype = maildir\npath = chat\n"
			     "[policy visit]\nremind = 1d before start\n";
static const char people[] = "id,name,email\ndesk,Desk,desk@example.org\nschool,School,\n";
static const char tasks[] = "uid,title,when,people\nold,Visit,June 2025,desk\n";

static struct conf *conf;
static struct store *store;
static sqlite3 *witness; /* another process that looks on */

/* ---- the database ---- */

static void open_database(void)
{
	struct err err = {""};
	char *path = scratch_file("plan.db");
	FUZZ_NEED(store_open(path, STORE_WRITE, 0, &store, &err) == 0, err.text);
	FUZZ_NEED(sqlite3_open_v2(path, &witness, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK, path);
	free(path);
}

static void close_database(void)
{
	(void)sqlite3_close(witness);
	store_close(store);
	witness = NULL;
	store = NULL;
}

/* Counts up when anybody has committed. */
static int64_t data_version(void)
{
	sqlite3_stmt *statement = NULL;
	FUZZ_NEED(sqlite3_prepare_v2(witness, "PRAGMA data_version", -1, &statement, NULL) == SQLITE_OK, "");
	FUZZ_NEED(sqlite3_step(statement) == SQLITE_ROW, "");
	int64_t version = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return version;
}

static int dump_row(void *arg, int n, char **values, char **names)
{
	struct buf *out = arg;
	for (int i = 0; i < n; i++)
		buf_printf(out, "%s=%s|", names[i], values[i] != NULL ? values[i] : "NULL");
	buf_add_char(out, '\n');
	return 0;
}

static int dump_table(void *arg, int n, char **values, char **names)
{
	(void)n;
	(void)names;
	char *query = mem_printf("SELECT * FROM \"%s\"", values[0]);
	int status = sqlite3_exec(witness, query, dump_row, arg, NULL);
	free(query);
	return status;
}

/* Every row of every table; owned. */
static char *dump_database(void)
{
	struct buf out;
	buf_init(&out, DUMP_MAX);
	FUZZ_NEED(sqlite3_exec(witness, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", dump_table,
			       &out, NULL) == SQLITE_OK,
		  sqlite3_errmsg(witness));
	FUZZ_NEED(!out.is_over, "");
	return buf_take(&out);
}

/* ---- an import as deadlinectl does it ---- */

struct outcome {
	bool is_accepted;
	struct import_summary summary;
};

static void import_write(struct import_run *run, struct problems *problems, struct outcome *outcome)
{
	struct err err = {""};
	FUZZ_NEED(store_begin(store, &err) == 0, err.text);
	FUZZ_NEED(import_run_write(run, store, problems, &outcome->summary, &err) == 0, err.text);
	outcome->is_accepted = problems->n == 0;
	if (outcome->is_accepted)
		FUZZ_NEED(store_commit(store, &err) == 0, err.text);
	else
		store_rollback(store);
}

static struct outcome import_sheets(const char *const *files, size_t n)
{
	struct problems problems = {0}, conf_problems = {0};
	struct outcome outcome = {0};
	struct err err = {""};
	struct import_run *run = import_run_new(conf, NOW_UTC);
	if (import_run_open(run, files, n, &problems, &conf_problems, &err) == 0)
		import_write(run, &problems, &outcome);
	problems_print(&conf_problems, stderr);
	FUZZ_NEED(conf_problems.n == 0, config);
	for (size_t i = 0; i < problems.n; i++)
		FUZZ_NEED(problems.items[i].line > 0 && problems.items[i].text[0] != '\0', problems.items[i].text);
	problems_done(&problems);
	import_run_free(run);
	return outcome;
}

/* ---- the checks ---- */

static size_t count_lines(const uint8_t *data, size_t size)
{
	size_t n = 1;
	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n' || data[i] == '\r';
	return n;
}

static size_t changed(const struct import_counts *counts)
{
	return counts->by_change[STORE_ADDED] + counts->by_change[STORE_CHANGED];
}

static size_t all(const struct import_counts *counts)
{
	return changed(counts) + counts->by_change[STORE_UNCHANGED];
}

static void check_again(const char *const *files, size_t n, const struct outcome *first)
{
	char *before = dump_database();
	struct outcome again = import_sheets(files, n);
	char *after = dump_database();
	FUZZ_NEED(again.is_accepted, before);
	FUZZ_NEED(changed(&again.summary.people) == 0 && changed(&again.summary.tasks) == 0, before);
	FUZZ_NEED(all(&again.summary.people) == all(&first->summary.people), before);
	FUZZ_NEED(all(&again.summary.tasks) == all(&first->summary.tasks), before);
	FUZZ_NEED(strcmp(before, after) == 0, after);
	free(before);
	free(after);
}

/* The database as it was before the first input. */
static void copy_database(const char *from_name, const char *to_name)
{
	char *from = scratch_file(from_name), *to = scratch_file(to_name), *bytes = mem_alloc(DATABASE_MAX);
	FILE *file = fopen(from, "rbe");
	FUZZ_NEED(file != NULL, from);
	size_t len = fread(bytes, 1, DATABASE_MAX, file);
	FUZZ_NEED(len > 0 && len < DATABASE_MAX, from);
	(void)fclose(file);
	scratch_write(to, bytes, len);
	free(bytes);
	free(from);
	free(to);
}

static void release(void)
{
	close_database();
	conf_free(conf);
}

/* One language, to be quick, and what all of them share. */
static void link_templates(void)
{
	glob_t found = {0};
	char *folder = scratch_file("templates");
	FUZZ_NEED(mkdir(folder, 0700) == 0 && glob("config/templates/*.mustache", 0, NULL, &found) == 0 &&
			  glob("config/templates/en", GLOB_APPEND, NULL, &found) == 0,
		  "run from the top of the tree");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *source = realpath(found.gl_pathv[i], NULL),
		     *link = mem_printf("%s%s", folder, strrchr(found.gl_pathv[i], '/'));
		FUZZ_NEED(source != NULL && symlink(source, link) == 0, link);
		free(source);
		free(link);
	}
	globfree(&found);
	free(folder);
}

static void prepare(void)
{
	struct problems problems = {0};
	char *file = scratch_file("deadlined.ini");
	link_templates();
	scratch_write(file, config, sizeof(config) - 1);
	conf = conf_read(file, &problems);
	FUZZ_NEED(conf != NULL && problems.n == 0, config);
	free(file);

	char *sheets[] = {scratch_file("people.csv"), scratch_file("tasks.csv")};
	scratch_write(sheets[0], people, sizeof(people) - 1);
	scratch_write(sheets[1], tasks, sizeof(tasks) - 1);
	open_database();
	FUZZ_NEED(import_sheets((const char *const *)sheets, 2).is_accepted, tasks);
	close_database();
	copy_database("plan.db", "first.db");
	open_database();
	free(sheets[0]);
	free(sheets[1]);
	FUZZ_NEED(atexit(release) == 0, "");
}

static void check_sheets(const char *const *files, size_t n, size_t n_lines)
{
	int64_t version = data_version();
	struct outcome outcome = import_sheets(files, n);
	if (!outcome.is_accepted) {
		FUZZ_NEED(data_version() == version, "what is refused leaves nothing behind");
		return;
	}
	FUZZ_NEED(all(&outcome.summary.people) + all(&outcome.summary.tasks) <= n_lines, "a row has a line at least");
	check_again(files, n, &outcome);
	close_database();
	copy_database("first.db", "plan.db");
	open_database();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (conf == NULL)
		prepare();
	char *files[SHEETS_MAX] = {scratch_file("0.csv"), scratch_file("1.csv")};
	const uint8_t *mark = memmem(data, size, MARK, strlen(MARK));
	size_t first_len = mark != NULL ? (size_t)(mark - data) + 1 : size;
	scratch_write(files[0], data, first_len);
	if (mark != NULL)
		scratch_write(files[1], mark + strlen(MARK), size - first_len - strlen(MARK) + 1);
	check_sheets((const char *const *)files, mark != NULL ? 2 : 1, count_lines(data, size));
	free(files[0]);
	free(files[1]);
	return 0;
}
