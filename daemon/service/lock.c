#include "service/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "service/folder.h"

enum {
	LOCK_FILE_MODE = 0600,
	LOCK_PID_SIZE = 16,
	LOCK_MARK_AT = LOCK_PID_SIZE,       /* one letter: 'C' a daemon crashed */
	LOCK_TROUBLE_AT = LOCK_MARK_AT + 1, /* a line: since when, in seconds, and the words */
	LOCK_PID_LAST = 1 << 22             /* PID_MAX_LIMIT of Linux */
};

static struct flock lock_whole_file(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* The pid in the file; 0 when a holder has not written it yet. */
static pid_t lock_read_pid(int fd)
{
	char text[LOCK_PID_SIZE];
	int64_t pid = 0;
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return num_parse(text, 1, LOCK_PID_LAST, &pid, NULL) < 0 ? 0 : (pid_t)pid;
}

/* All of its field at once; the mark behind it stays. */
static int lock_write_pid(int fd)
{
	char text[LOCK_PID_SIZE + 1];
	int len = snprintf(text, sizeof(text), "%ld", (long)getpid());
	memset(text + len, '\n', LOCK_PID_SIZE - (size_t)len);
	ssize_t written = pwrite(fd, text, LOCK_PID_SIZE, 0);
	return written == LOCK_PID_SIZE ? 0 : written < 0 ? -errno : -ENOSPC;
}

static int lock_take_file(int fd, const char *path, pid_t *ret_holder, struct err *err)
{
	struct flock whole = lock_whole_file();
	if (fcntl(fd, F_OFD_SETLK, &whole) < 0) {
		if (errno != EAGAIN && errno != EACCES)
			return err_set(err, -errno, "locking %s: %s", path, strerror(errno));
		*ret_holder = lock_read_pid(fd);
		return err_set(err, -EBUSY, "another deadlined (pid %ld) works on this database: %s is locked",
			       (long)*ret_holder, path);
	}

	lock_note_trouble(fd, NULL, 0); /* of a holder before */
	int status = lock_write_pid(fd);
	return status < 0 ? err_set(err, status, "writing %s: %s", path, strerror(-status)) : 0;
}

static int lock_fail_open(const char *database, const char *path, int code, struct err *err)
{
	char *folder = folder_of(database);
	int status = err_set(err, code, "opening %s: %s", path, strerror(-code));
	if (code == -ENOENT && folder_is_missing(folder)) {
		char *cure = folder_cure(folder);
		(void)err_set(err, code, "database: %s", cure);
		free(cure);
	}
	free(folder);
	return status;
}

int lock_take(const char *database, int *ret_fd, pid_t *ret_holder, struct err *err)
{
	char *path = mem_printf("%s.lock", database);
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, LOCK_FILE_MODE);
	int status = fd < 0 ? lock_fail_open(database, path, -errno, err) : lock_take_file(fd, path, ret_holder, err);
	if (status == 0)
		*ret_fd = fd;
	else if (fd >= 0)
		(void)close(fd); /* nothing of worth was written */
	free(path);
	return status;
}

/* ---- the mark of a crash ------------------------------------------------------------------------------------------ */

static volatile sig_atomic_t lock_mark_fd = -1;

/* Raised again, the signal ends the process as if there were no handler. */
static void lock_on_crash(int number)
{
	ssize_t written = pwrite(lock_mark_fd, "C", 1, LOCK_MARK_AT);
	(void)written; /* without the mark the next start thinks better of what was in flight */
	(void)raise(number);
}

void lock_mark_crashes(int fd)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	const struct sigaction action = {.sa_handler = lock_on_crash, .sa_flags = (int)SA_RESETHAND};
	lock_mark_fd = fd;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaction(numbers[i], &action, NULL); /* fails only for a number that is no signal */
}

bool lock_take_crash(int fd)
{
	char mark = 0;
	bool had_crash = pread(fd, &mark, 1, LOCK_MARK_AT) == 1 && mark == 'C';
	ssize_t written = had_crash ? pwrite(fd, "-", 1, LOCK_MARK_AT) : 0;
	(void)written; /* with the mark the next start thinks worse of what was in flight */
	return had_crash;
}

/* ---- for others --------------------------------------------------------------------------------------------------- */

static int lock_open_to_read(const char *database)
{
	char *path = mem_printf("%s.lock", database);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	free(path);
	return fd;
}

/* The file has its block from the pid on, so a full disk keeps nothing from being noted. */
void lock_note_trouble(int fd, const char *words, int64_t since_utc)
{
	char line[LOCK_TROUBLE_SIZE];
	int failed = ftruncate(fd, LOCK_TROUBLE_AT);
	(void)snprintf(line, sizeof(line), "%lld %s", (long long)since_utc, words != NULL ? words : "");
	ssize_t written = failed == 0 && words != NULL ? pwrite(fd, line, strlen(line), LOCK_TROUBLE_AT) : 0;
	(void)written; /* the log and the service manager are told, too */
}

bool lock_read_trouble(const char *database, char ret_words[LOCK_TROUBLE_SIZE], int64_t *ret_since_utc)
{
	char line[LOCK_TROUBLE_SIZE];
	int fd = lock_open_to_read(database);
	ssize_t len = fd < 0 ? -1 : pread(fd, line, sizeof(line) - 1, LOCK_TROUBLE_AT);
	if (fd >= 0)
		(void)close(fd); /* only read */
	if (len <= 0)
		return false;
	line[len] = '\0';
	char *space = strchr(line, ' ');
	if (space == NULL)
		return false;
	*space = '\0';
	if (num_parse(line, 0, INT64_MAX, ret_since_utc, NULL) < 0)
		return false;
	(void)snprintf(ret_words, LOCK_TROUBLE_SIZE, "%s", space + 1);
	return true;
}

bool lock_is_held(const char *database, pid_t *ret_holder)
{
	struct flock whole = lock_whole_file();
	int fd = lock_open_to_read(database);
	if (fd < 0)
		return false;

	bool is_held = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
	if (is_held)
		*ret_holder = lock_read_pid(fd);
	(void)close(fd); /* only read */
	return is_held;
}
