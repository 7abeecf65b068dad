#include "channel/pipe_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "channel/preset_value.h"

enum { PIPE_WORD_MAX = 16 * 1024, PIPE_WORDS_MAX = 64, PIPE_INPUT_MAX = 512 * 1024 };

/* ---- reading ------------------------------------------------------------------------------------------------------
 * */

/* Takes the next word off text; NULL at its end. Errors: -EINVAL a quote that does not end. */
static int pipe_word(const char **text, char **ret_word, struct err *err)
{
	struct buf word;
	const char *p = *text + strspn(*text, " \t");
	bool is_quoted = false;
	*ret_word = NULL;
	if (*p == '\0')
		return 0;
	buf_init(&word, PIPE_WORD_MAX);
	for (; *p != '\0' && (is_quoted || (*p != ' ' && *p != '\t')); p++) {
		if (*p == '"')
			is_quoted = !is_quoted;
		else
			buf_add_char(&word, *p);
	}
	if (is_quoted) {
		buf_done(&word);
		return err_set(err, -EINVAL, "a double quote is not closed");
	}
	*text = p;
	*ret_word = buf_take(&word);
	return 0;
}

/* The names a program can be told: those of the message. */
static void pipe_names(struct strlist *names)
{
	preset_names_add(names);
	while (names->n > PRESET_NOW_S)
		free(names->items[--names->n]);
}

/* Where systemd, or without it an administrator, keeps the file of "credential:NAME"; else the word itself. Returns
 * owned. */
static char *pipe_credential(char *word, const char *secrets_dir)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY"); /* no thread changes the environment */
	const char *name = strncmp(word, "credential:", 11) == 0 ? word + 11 : NULL;
	if (name == NULL || strchr(name, '/') != NULL)
		return word;
	char *path = mem_printf("%s/%s", directory != NULL ? directory : secrets_dir, name);
	if (directory != NULL && access(path, F_OK) < 0) {
		free(path);
		path = mem_printf("%s/secrets_%s", directory, name);
	}
	free(word);
	return path;
}

/* may_begin: whether a value may stand at the start of a word; true behind "--". */
static int pipe_command_add(struct pipe_command *command, const char *source, const struct strlist *names,
			    bool *may_begin, struct err *err)
{
	struct preset_text text;
	if (command->n_words == PIPE_WORDS_MAX)
		return err_set(err, -EINVAL, "more than %d words", PIPE_WORDS_MAX);
	int r = preset_text_compile(source, names, &text, err);
	if (r < 0)
		return r;
	if (!*may_begin && text.n != 0 && text.parts[0].literal == NULL) {
		preset_text_done(&text);
		return err_set(
			err, -EINVAL,
			"'%s' may begin with '-' and be taken for an option: write it as in --title={{subject}}, "
			"or put -- before it",
			source);
	}
	command->words = mem_grow(command->words, command->n_words + 1, sizeof(*command->words));
	command->words[command->n_words++] = text;
	*may_begin = *may_begin || strcmp(source, "--") == 0;
	return 0;
}

static int pipe_command_read(struct pipe_command *command, const char *text, const char *secrets_dir,
			     const struct strlist *names, struct err *err)
{
	bool may_begin = false;
	char *word;
	int r = pipe_word(&text, &word, err);
	while (r == 0 && word != NULL) {
		word = pipe_credential(word, secrets_dir);
		r = pipe_command_add(command, word, names, &may_begin, err);
		free(word);
		if (r == 0)
			r = pipe_word(&text, &word, err);
	}
	return r;
}

static int pipe_command_check(struct pipe_command *command, struct err *err)
{
	const struct preset_text *first = command->n_words != 0 ? &command->words[0] : NULL;
	if (first == NULL || first->n != 1 || first->parts[0].literal == NULL || first->parts[0].literal[0] != '/')
		return err_set(err, -EINVAL,
			       "a command starts with the whole path of a program, as in /usr/bin/apprise");
	command->program = mem_dup(first->parts[0].literal);
	struct stat st;
	int status = stat(command->program, &st) < 0 || access(command->program, X_OK) < 0 ? -errno : 0;
	if (status == 0 && (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0))
		status = -EACCES; /* root is told that it may run anything */
	if (status < 0)
		(void)err_set(err, status, "%s cannot be run: %s%s", command->program, strerror(-status),
			      status == -EACCES ? "; under systemd ExecPaths= must name it, see deadlined.ini(5)" : "");
	return status;
}

int pipe_command_parse(const char *text, const char *input, const char *secrets_dir, struct pipe_command *ret_command,
		       struct err *err)
{
	struct pipe_command command = {0};
	struct strlist names = {0};
	pipe_names(&names);
	int r = pipe_command_read(&command, text, secrets_dir, &names, err);
	if (r == 0)
		r = pipe_command_check(&command, err);
	if (r == 0) {
		r = preset_text_compile(input, &names, &command.input, err);
		if (r < 0)
			err_prefix(err, "input");
	}
	strlist_done(&names);
	if (r < 0)
		pipe_command_done(&command);
	else
		*ret_command = command;
	return r;
}

void pipe_command_done(struct pipe_command *command)
{
	for (size_t i = 0; i < command->n_words; i++)
		preset_text_done(&command->words[i]);
	free(command->words);
	preset_text_done(&command->input);
	free(command->program);
	*command = (struct pipe_command){0};
}

/* ---- for a message ------------------------------------------------------------------------------------------------
 * */

static void pipe_add_variable(struct strlist *environment, const char *name, const char *value)
{
	char *text = mem_printf("%s=%s", name, value != NULL ? value : "");
	strlist_add(environment, text, strlen(text));
	free(text);
}

/* What a program finds, whatever the daemon was started with. */
static void pipe_environment(const struct preset_values *values, struct strlist *environment)
{
	static const struct {
		const char *variable;
		size_t name;
	} rows[] = {
		{"DEADLINED_TO", PRESET_TO_ADDRESS},     {"DEADLINED_TO_NAME", PRESET_TO_NAME},
		{"DEADLINED_PERSON", PRESET_PERSON},     {"DEADLINED_SUBJECT", PRESET_SUBJECT},
		{"DEADLINED_LANGUAGE", PRESET_LANGUAGE}, {"DEADLINED_KEY", PRESET_KEY},
		{"DEADLINED_KIND", PRESET_KIND},         {"DEADLINED_TASK", PRESET_TASK_UID},
		{"DEADLINED_CHANNEL", PRESET_CHANNEL},
	};
	const char *credentials = getenv("CREDENTIALS_DIRECTORY"); /* no thread changes the environment */
	pipe_add_variable(environment, "PATH", "/usr/local/bin:/usr/bin:/bin");
	pipe_add_variable(environment, "LC_ALL", "C.UTF-8");
	pipe_add_variable(environment, "HOME", "/nonexistent");
	if (credentials != NULL)
		pipe_add_variable(environment, "CREDENTIALS_DIRECTORY", credentials);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		pipe_add_variable(environment, rows[i].variable, values->items[rows[i].name]);
}

void pipe_command_render(const struct pipe_command *command, const struct channel_message *message, const char *channel,
			 struct strlist *ret_arguments, struct strlist *ret_environment, struct buf *ret_input)
{
	struct preset_values values;
	preset_fill_values(&values, message, channel);
	for (size_t i = 0; i < command->n_words; i++) {
		struct buf word;
		buf_init(&word, PIPE_WORD_MAX);
		preset_text_add(&command->words[i], &values, PRESET_PLAIN, &word);
		strlist_add(ret_arguments, buf_str(&word), word.len);
		buf_done(&word);
	}
	pipe_environment(&values, ret_environment);
	buf_init(ret_input, PIPE_INPUT_MAX);
	preset_text_add(&command->input, &values, PRESET_PLAIN, ret_input);
}

/* ---- its end ------------------------------------------------------------------------------------------------------
 * */

struct pipe_end {
	int status;
	enum channel_verdict verdict;
	enum channel_blame blame;
	const char *remark;
};

static struct pipe_end pipe_end_of(int code)
{
	static const char settings[] = "the channel's settings must be corrected";
	static const struct pipe_end ends[] = {
		{EX_OK, CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE, NULL},
		{EX_USAGE, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, settings},
		{EX_DATAERR, CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE, NULL},
		{EX_NOINPUT, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, settings},
		{EX_NOUSER, CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT, NULL},
		{EX_NOHOST, CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT, NULL},
		{EX_OSFILE, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, settings},
		{EX_NOPERM, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, settings},
		{EX_CONFIG, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, settings},
		{126, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, settings}, /* a shell cannot run or find something */
		{127, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, settings},
	};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i].status == code)
			return ends[i];
	return (struct pipe_end){code, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, NULL}; /* EX_TEMPFAIL and the rest */
}

void pipe_command_judge(int status, bool is_timed_out, const char *output, struct channel_result *ret_result)
{
	struct pipe_end end = {0, CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL, NULL};
	char *how = NULL;
	if (is_timed_out) {
		how = mem_dup("it did not end in time and was killed; it may have sent the message");
	} else if (WIFSIGNALED(status)) {
		how = mem_printf("it was killed by signal %d; it may have sent the message", WTERMSIG(status));
	} else {
		end = pipe_end_of(WEXITSTATUS(status));
		how = mem_printf("exit status %d", WEXITSTATUS(status));
	}
	char *words =
		mem_printf("%s%s%s%s%s%s", how, end.remark != NULL ? " (" : "", end.remark != NULL ? end.remark : "",
			   end.remark != NULL ? ")" : "", output[0] != '\0' ? ": " : "", output);
	channel_result_set(ret_result, end.verdict, end.blame, 0, words);
	free(words);
	free(how);
}
