/* pipe: a program for each message, started without a shell; the text is on its standard input.
 *
 * Happy path: pipe_send() starts the program in a session of its own; its end is seen on a pidfd, and its exit status
 * is the verdict. What it prints is kept for the operator, the beginning of it.
 * Failure modes: one that cannot be started has certainly sent nothing; one that does not end in time is killed with
 * its whole process group, and nobody knows what it had done.
 * On shutdown: pipe_stop() lets what runs end; pipe_free() kills what is left. */
#include "channel/pipe.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "channel/pipe_command.h"
#include "channel/transfer.h"
#include "plan/person.h"

enum { PIPE_PROCESSES_MAX = 16, PIPE_TIMEOUT_MAX_S = 600, PIPE_OUTPUT_MAX = 4096, PIPE_READS_MAX = 16 };

struct pipe_channel;

/* A program that runs. */
struct pipe_job {
	struct pipe_channel *channel;
	int64_t message_id;
	pid_t pid; /* 0 = free */
	int pidfd, output_fd;
	struct transfer_watch *end, *output;
	struct buf said;
	bool is_timed_out;
};

struct pipe_channel {
	struct channel base;
	char *type, *command_text, *input; /* as configured */
	int64_t timeout_s, processes;
	struct pipe_command command;
	struct pipe_job *jobs;
	bool is_stopped;
};

/* clang-format off */
#define FIELD(member) offsetof(struct pipe_channel, member)
static const struct option pipe_options[] = {
	{.key = "type", .type = OPTION_TEXT, .offset = FIELD(type), .min = 1, .max = 16, .flags = OPTION_REQUIRED,
	 .help = "pipe"},
	{.key = "command", .type = OPTION_TEXT, .offset = FIELD(command_text), .min = 1, .flags = OPTION_REQUIRED,
	 .help = "program and arguments"},
	{.key = "input", .type = OPTION_TEXT, .offset = FIELD(input), .preset = "{{subject}}\\n\\n{{text}}\\n",
	 .help = "what is on its standard input"},
	{.key = "timeout", .type = OPTION_DURATION, .offset = FIELD(timeout_s), .min = 1, .max = PIPE_TIMEOUT_MAX_S,
	 .preset = "60s", .help = "time for one message; then it is killed"},
	{.key = "processes", .type = OPTION_COUNT, .offset = FIELD(processes), .min = 1, .max = PIPE_PROCESSES_MAX,
	 .preset = "2", .help = "how many may run at once"},
	{.key = "rate", .type = OPTION_RATE, .offset = FIELD(base.rate), .help = "messages per time"},
	{.key = "rate_each", .type = OPTION_RATE, .offset = FIELD(base.rate_each),
	 .help = "messages per time to one address, and one at a time"},
};
/* clang-format on */
enum { PIPE_OPTIONS = sizeof(pipe_options) / sizeof(pipe_options[0]) };

static bool pipe_check_address(const struct channel *base, const char *address, struct err *err)
{
	(void)base; /* any program */
	size_t len = strlen(address);
	bool is_good = len != 0 && len <= PERSON_ADDRESS_MAX && utf8_is_valid(address, len) &&
		       utf8_find_control(address, false) < 0;
	if (!is_good)
		(void)err_set(err, -EINVAL, "an address is 1 to %d bytes of text without control characters",
			      PERSON_ADDRESS_MAX);
	return is_good;
}

/* ---- starting -----------------------------------------------------------------------------------------------------
 * */

/* The input as a file in memory, at its beginning: nothing has to be fed while the program runs. */
static int pipe_input_open(const struct buf *input)
{
	int fd = memfd_create("message", MFD_CLOEXEC);
	for (size_t done = 0; fd >= 0 && done < input->len;) {
		ssize_t n = write(fd, input->data + done, input->len - done);
		if (n <= 0) {
			(void)close(fd); /* it failed already */
			return -EIO;
		}
		done += (size_t)n;
	}
	return fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 ? fd : -EIO;
}

/* A session of its own, signals as they are by default, the root folder, three descriptors and no other. */
static int pipe_spawn(const struct pipe_command *command, int input, int output, char *const *arguments,
		      char *const *environment, pid_t *ret_pid)
{
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	sigset_t none, all;
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	if (posix_spawnattr_init(&attributes) != 0)
		mem_lack();
	if (posix_spawn_file_actions_init(&actions) != 0)
		mem_lack();
	(void)posix_spawnattr_setflags(&attributes,
				       POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &all);
	int r = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (r == 0)
		r = posix_spawn_file_actions_addchdir_np(&actions, "/");
	if (r == 0)
		r = posix_spawn(ret_pid, command->program, &actions, &attributes, arguments, environment);
	(void)posix_spawn_file_actions_destroy(&actions); /* neither can fail */
	(void)posix_spawnattr_destroy(&attributes);
	return -r;
}

static char **pipe_vector(const struct strlist *list)
{
	char **vector = mem_zero(list->n + 1, sizeof(*vector));
	memcpy(vector, list->items, list->n * sizeof(*vector));
	return vector;
}

/* Starts the program for a message; pid and output_fd of the job are set then. Errors: -errno. */
static int pipe_start(struct pipe_job *job, const struct channel_message *message)
{
	const struct pipe_channel *channel = job->channel;
	struct strlist arguments = {0}, environment = {0};
	struct buf input;
	int output[2] = {-1, -1};
	pipe_command_render(&channel->command, message, channel->base.name, &arguments, &environment, &input);
	char **argv = pipe_vector(&arguments), **envp = pipe_vector(&environment);
	int input_fd = pipe_input_open(&input);
	int r = input_fd < 0 ? input_fd : 0;
	if (r == 0 && pipe2(output, O_CLOEXEC | O_NONBLOCK) < 0)
		r = -errno;
	if (r == 0 && fcntl(output[1], F_SETFL, 0) < 0) /* the program's end blocks, as it expects */
		r = -errno;
	if (r == 0)
		r = pipe_spawn(&channel->command, input_fd, output[1], argv, envp, &job->pid);
	if (input_fd >= 0)
		(void)close(input_fd); /* only read, and by the program */
	if (output[1] >= 0)
		(void)close(output[1]);
	if (r < 0 && output[0] >= 0)
		(void)close(output[0]);
	job->output_fd = output[0];
	free(argv);
	free(envp);
	strlist_done(&arguments);
	strlist_done(&environment);
	buf_done(&input);
	return r;
}

/* ---- while it runs, and its end -----------------------------------------------------------------------------------
 * */

/* Whatever the program has started is in its group, unless it took care to leave it. */
static void pipe_kill(const struct pipe_job *job)
{
	(void)kill(-job->pid, SIGKILL); /* the group has gone already when this fails */
	(void)kill(job->pid, SIGKILL);
}

/* A program that never stops talking must not keep the loop: there is another event for the rest. */
static void pipe_listen(struct pipe_job *job)
{
	char bytes[PIPE_OUTPUT_MAX];
	ssize_t n = 1;
	for (int i = 0; i < PIPE_READS_MAX && n > 0; i++) {
		n = read(job->output_fd, bytes, sizeof(bytes));
		size_t len = n > 0 ? (size_t)n : 0, room = PIPE_OUTPUT_MAX - job->said.len;
		buf_add(&job->said, bytes, len < room ? len : room);
	}
	if (n == 0) /* closed; EAGAIN otherwise */
		transfer_watch_socket(job->output, job->output_fd, 0);
}

static void pipe_on_output(void *arg, unsigned events)
{
	(void)events;
	pipe_listen(arg);
}

/* The process has ended and waits to be reaped, or is killed and soon will. Returns its status. */
static int pipe_reap(struct pipe_job *job)
{
	int status = 0;
	pipe_listen(job);
	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		;
	transfer_watch_free(job->end);
	transfer_watch_free(job->output);
	if (job->pidfd >= 0)
		(void)close(job->pidfd);
	(void)close(job->output_fd);
	job->pid = 0;
	return status;
}

static void pipe_on_end(void *arg, unsigned events)
{
	struct pipe_job *job = arg;
	if ((events & TRANSFER_READABLE) == 0) {
		job->is_timed_out = true;
		pipe_kill(job); /* its end will be seen */
		return;
	}
	struct channel_result result;
	int status = pipe_reap(job);
	pipe_command_judge(status, job->is_timed_out, buf_str(&job->said), &result);
	buf_done(&job->said);
	channel_finish(&job->channel->base, job->message_id, &result);
}

static void pipe_refuse(struct pipe_channel *channel, int64_t message_id, enum channel_verdict verdict, const char *why)
{
	struct channel_result result;
	char *words = mem_printf("%s: %s", channel->command.program, why);
	channel_result_set(&result, verdict, CHANNEL_BLAME_CHANNEL, 0, words);
	free(words);
	channel_finish(&channel->base, message_id, &result);
}

/* ---- the channel --------------------------------------------------------------------------------------------------
 * */

static struct pipe_job *pipe_free_job(const struct pipe_channel *channel)
{
	for (int64_t i = 0; i < channel->processes; i++)
		if (channel->jobs[i].pid == 0)
			return &channel->jobs[i];
	return NULL;
}

static void pipe_send(struct channel *base, const struct channel_message *message)
{
	struct pipe_channel *channel = (struct pipe_channel *)base;
	struct pipe_job *job = pipe_free_job(channel);
	assert(job != NULL); /* no more than pipe_room() said */
	*job = (struct pipe_job){.channel = channel, .message_id = message->id, .pidfd = -1, .output_fd = -1};
	int r = pipe_start(job, message);
	if (r < 0) {
		job->pid = 0;
		pipe_refuse(channel, message->id, CHANNEL_TEMPORARY, strerror(-r));
		return;
	}
	buf_init(&job->said, PIPE_OUTPUT_MAX);
	job->end = transfer_watch_new(base->transfer, pipe_on_end, job);
	job->output = transfer_watch_new(base->transfer, pipe_on_output, job);
	job->pidfd = (int)syscall(SYS_pidfd_open, job->pid, 0);
	if (job->pidfd < 0) {
		const char *why = strerror(errno);
		pipe_kill(job);
		(void)pipe_reap(job); /* nobody knows what it had done */
		buf_done(&job->said);
		pipe_refuse(channel, message->id, CHANNEL_UNKNOWN, why);
		return;
	}
	(void)fcntl(job->pidfd, F_SETFD, FD_CLOEXEC); /* it is set already since Linux 5.3 */
	transfer_watch_socket(job->end, job->pidfd, TRANSFER_READABLE);
	transfer_watch_timer(job->end, channel->timeout_s * 1000);
	transfer_watch_socket(job->output, job->output_fd, TRANSFER_READABLE);
}

static unsigned pipe_room(const struct channel *base)
{
	const struct pipe_channel *channel = (const struct pipe_channel *)base;
	unsigned n = 0;
	for (int64_t i = 0; i < channel->processes; i++)
		n += channel->jobs[i].pid == 0;
	return channel->is_stopped ? 0 : n;
}

/* Nobody knows what a program has done that was started. */
static bool pipe_may_have(const struct channel *base, int64_t message_id)
{
	const struct pipe_channel *channel = (const struct pipe_channel *)base;
	for (int64_t i = 0; i < channel->processes; i++)
		if (channel->jobs[i].pid != 0 && channel->jobs[i].message_id == message_id)
			return true;
	return false;
}

static void pipe_stop(struct channel *base)
{
	((struct pipe_channel *)base)->is_stopped = true;
}

static void pipe_free(struct channel *base)
{
	struct pipe_channel *channel = (struct pipe_channel *)base;
	for (int64_t i = 0; channel->jobs != NULL && i < channel->processes; i++) {
		struct pipe_job *job = &channel->jobs[i];
		if (job->pid == 0)
			continue;
		log_warning("channel=%s process=%d is killed: it has not ended",
			    base->name != NULL ? base->name : "pipe", (int)job->pid);
		pipe_kill(job);
		(void)pipe_reap(job); /* the outbox takes it for unknown */
		buf_done(&job->said);
	}
	free(channel->jobs);
	pipe_command_done(&channel->command);
	options_done(pipe_options, PIPE_OPTIONS, channel);
	free(channel);
}

static const struct channel_ops pipe_ops = {
	.type = "pipe",
	.is_local = false,
	.check_address = pipe_check_address,
	.send = pipe_send,
	.room = pipe_room,
	.may_have = pipe_may_have,
	.stop = pipe_stop,
	.free = pipe_free,
};

struct channel *pipe_channel_new(const struct conf *conf, const struct ini_section *section, struct problems *problems)
{
	size_t n = problems->n;
	struct err err;
	struct pipe_channel *channel = mem_zero(1, sizeof(*channel));
	channel->base.ops = &pipe_ops;
	options_apply(pipe_options, PIPE_OPTIONS, section, conf->secrets_dir, channel, problems);
	const struct ini_entry *command = ini_find(section, "command");
	if (problems->n == n &&
	    pipe_command_parse(channel->command_text, channel->input, conf->secrets_dir, &channel->command, &err) < 0)
		problems_add(problems, section->file, command->line, "command: %s", err.text);
	if (problems->n != n) {
		channel_free(&channel->base);
		return NULL;
	}
	channel->base.domain = mem_dup("deadlined.invalid");
	channel->jobs = mem_zero((size_t)channel->processes, sizeof(*channel->jobs));
	return &channel->base;
}
