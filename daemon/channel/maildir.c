#include "channel/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "channel/channel_mail.h"
#include "message/mail.h"

enum { MAILDIR_MAIL_MAX = 2 * 1024 * 1024, MAILDIR_KEY_MAX = 64, MAILDIR_AT_ONCE = 64 };

static const char *const maildir_yes_words[] = {"no", "yes", NULL};

struct maildir_channel {
	struct channel channel;
	char *type, *path, *from, *list_unsubscribe; /* as configured */
	int html;
	char *from_name, *from_address;
	bool is_stopping;
};

/* clang-format off */
#define FIELD(member) offsetof(struct maildir_channel, member)
const struct option maildir_options[] = {
	{.key = "type", .type = OPTION_TEXT, .offset = FIELD(type), .min = 1, .max = 16, .flags = OPTION_REQUIRED,
	 .help = "maildir"},
	{.key = "path", .type = OPTION_PATH, .offset = FIELD(path), .flags = OPTION_REQUIRED,
	 .help = "the Maildir; made with mode 0700 when it is not there"},
	{.key = "from", .type = OPTION_TEXT, .offset = FIELD(from), .min = 3, .max = 512,
	 .preset = "deadlined@localhost", .help = "sender, as \"Name <address>\" or an address"},
	{.key = "html", .type = OPTION_WORD, .offset = FIELD(html), .words = maildir_yes_words, .preset = "yes",
	 .help = "yes: HTML and the date for calendars beside the text; no: text alone"},
	{.key = "list_unsubscribe", .type = OPTION_TEXT, .offset = FIELD(list_unsubscribe), .min = 1, .max = 500,
	 .help = "where readers may ask not to be written to: https://... or mailto:..., a link in many mail programs"},
	{.key = "rate", .type = OPTION_RATE, .offset = FIELD(channel.rate),
	 .help = "messages per time, like 30/m or 500/h; no limit when not given"},
	{.key = "rate_each", .type = OPTION_RATE, .offset = FIELD(channel.rate_each),
	 .help = "messages per time to one address, and one at a time; no limit when not given"},
};
/* clang-format on */
const size_t maildir_n_options = sizeof(maildir_options) / sizeof(maildir_options[0]);

/* ---- files ---- */

/* Opens the folder name in around_fd, made when it is missing. Who owns the folders around could put a link in its place:
 * none is followed. Returns a descriptor or -errno. */
static int maildir_open_folder(int around_fd, const char *name, struct err *err)
{
	if (mkdirat(around_fd, name, 0700) != 0 && errno != EEXIST)
		return err_set(err, -errno, "%s: %s", name, strerror(errno));
	int fd = openat(around_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return err_set(err, -errno, "%s: %s; a link is not followed, put a folder in its place", name,
			       strerror(ENOTDIR));
	return fd >= 0 ? fd : err_set(err, -errno, "%s: %s", name, strerror(errno));
}

static int maildir_write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd) != 0 ? -errno : 0;
}

/* The wire's CRLF becomes this system's line end, as in every Maildir: mailx takes a carriage return for a letter and then
 * finds no part of the mail. */
static void maildir_add_lines(struct buf *out, const struct buf *mail)
{
	const char *line = buf_str(mail), *end;
	for (; (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
		buf_add(out, line, (size_t)(end - line));
		buf_add_char(out, '\n');
	}
	buf_add_str(out, line);
}

/* What an interrupted attempt left under tmp/ is overwritten. */
static int maildir_write(int tmp_fd, const char *key, const struct buf *mail, struct err *err)
{
	int fd = openat(tmp_fd, key, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, -errno, "tmp/%s: %s", key, strerror(errno));
	int code = maildir_write_all(fd, buf_str(mail), mail->len);
	if (close(fd) != 0 && code == 0)
		code = -errno;
	return code != 0 ? err_set(err, code, "tmp/%s: %s", key, strerror(-code)) : 0;
}

/* The three folders of a Maildir, open. */
struct maildir_folders {
	int tmp_fd, new_fd, cur_fd;
};

static int maildir_open_in(int fd, struct maildir_folders *folders, struct err *err)
{
	if ((folders->tmp_fd = maildir_open_folder(fd, "tmp", err)) < 0)
		return folders->tmp_fd;
	if ((folders->new_fd = maildir_open_folder(fd, "new", err)) < 0)
		return folders->new_fd;
	folders->cur_fd = maildir_open_folder(fd, "cur", err);
	return folders->cur_fd < 0 ? folders->cur_fd : 0;
}

static int maildir_open(const char *path, struct maildir_folders *folders, struct err *err)
{
	*folders = (struct maildir_folders){-1, -1, -1};
	int fd = maildir_open_folder(AT_FDCWD, path, err);
	if (fd < 0)
		return fd;
	int code = maildir_open_in(fd, folders, err);
	if (code < 0)
		err_prefix(err, "%s", path);
	(void)close(fd);
	return code;
}

static void maildir_close(struct maildir_folders *folders)
{
	int fds[] = {folders->tmp_fd, folders->new_fd, folders->cur_fd};
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

/* True when a reader moved the mail from new/ to cur/ and added its flags, so that its whole name is not known. */
static bool maildir_was_read(const struct maildir_folders *folders, const char *key)
{
	int fd = openat(folders->cur_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL && fd >= 0)
		(void)close(fd);
	bool is_there = false;
	size_t len = strlen(key);
	const struct dirent *entry;
	while (dir != NULL && !is_there && (entry = readdir(dir)) != NULL)
		is_there = strncmp(entry->d_name, key, len) == 0 &&
			   (entry->d_name[len] == ':' || entry->d_name[len] == '\0');
	if (dir != NULL)
		(void)closedir(dir);
	return is_there;
}

/* True when the mail was delivered before. cur/ may hold years of mails; a first attempt has nothing to look for there. */
static bool maildir_has(const struct maildir_folders *folders, const char *key, int64_t attempt)
{
	return faccessat(folders->new_fd, key, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       (attempt != 1 && maildir_was_read(folders, key));
}

/* Syncs new/ even when the mail is there already: the attempt that put it there may have ended before it could. */
static int maildir_deliver(const struct maildir_folders *folders, const struct channel_message *message,
			   const struct buf *mail, struct err *err)
{
	const char *key = message->key;
	if (!maildir_has(folders, key, message->attempt)) {
		int code = maildir_write(folders->tmp_fd, key, mail, err);
		if (code != 0)
			return code;
		if (renameat(folders->tmp_fd, key, folders->new_fd, key) != 0)
			return err_set(err, -errno, "new/%s: %s", key, strerror(errno));
	}
	if (fsync(folders->new_fd) != 0)
		return err_set(err, -errno, "new: %s", strerror(errno));
	return 0;
}

/* ---- the channel's operations ---- */

static bool maildir_check_address(const struct channel *channel, const char *address, struct err *err)
{
	(void)channel;
	return mail_check_address(address, err);
}

/* As channel.h promises it; a name in a folder must be nothing else. */
static bool maildir_is_key(const char *key)
{
	size_t len = strspn(key, "0123456789abcdefghijklmnopqrstuvwxyz.-");
	return len >= 1 && len <= MAILDIR_KEY_MAX && key[len] == '\0' && key[0] != '.';
}

static int maildir_build(const struct maildir_channel *maildir, const struct channel_message *message, struct buf *out,
			 struct err *err)
{
	struct buf wire;
	if (!maildir_is_key(message->key))
		return err_set(err, -EINVAL, "key '%s' cannot be a file name", message->key);
	struct mail mail = channel_mail(&maildir->channel, message);
	mail.from_name = maildir->from_name;
	mail.from_address = maildir->from_address;
	mail.list_unsubscribe = maildir->list_unsubscribe;
	buf_init(&wire, MAILDIR_MAIL_MAX);
	int code = mail_build(&mail, &wire, err);
	if (code == 0)
		maildir_add_lines(out, &wire);
	buf_done(&wire);
	return code;
}

static void maildir_send(struct channel *channel, const struct channel_message *message)
{
	const struct maildir_channel *maildir = (const struct maildir_channel *)channel;
	struct maildir_folders folders = {-1, -1, -1};
	struct channel_result result;
	struct err err = {""};
	struct buf mail;
	buf_init(&mail, MAILDIR_MAIL_MAX);

	if (maildir_build(maildir, message, &mail, &err) != 0) {
		channel_result_set(&result, CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE, 0, err.text);
	} else if (maildir_open(maildir->path, &folders, &err) != 0 ||
		   maildir_deliver(&folders, message, &mail, &err) != 0) {
		channel_result_set(&result, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, 0, err.text);
	} else {
		channel_result_set(&result, CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE, 0, "delivered to the Maildir");
		(void)snprintf(result.remote_id, sizeof(result.remote_id), "%s", message->key);
	}
	maildir_close(&folders);
	buf_done(&mail);
	channel_finish(channel, message->id, &result);
}

static unsigned maildir_room(const struct channel *channel)
{
	return ((const struct maildir_channel *)channel)->is_stopping ? 0 : MAILDIR_AT_ONCE;
}

static void maildir_stop(struct channel *channel)
{
	((struct maildir_channel *)channel)->is_stopping = true;
}

static void maildir_free(struct channel *channel)
{
	struct maildir_channel *maildir = (struct maildir_channel *)channel;
	free(maildir->from_name);
	free(maildir->from_address);
	options_done(maildir_options, maildir_n_options, maildir);
	free(maildir);
}

static const struct channel_ops maildir_ops = {
	.type = "maildir",
	.is_local = true,
	.check_address = maildir_check_address,
	.send = maildir_send,
	.room = maildir_room,
	.stop = maildir_stop,
	.free = maildir_free,
};

/* ---- from the configuration ---- */

/* The sender's domain; without a sender the machine's name, because Message-IDs must be unique in the world. */
static char *maildir_domain(const char *from_address, bool is_given)
{
	char name[256] = "", *wire = NULL, *domain = NULL;
	if (!is_given && gethostname(name, sizeof(name) - 1) == 0) {
		char *address = mem_printf("deadlined@%s", name);
		if (mail_wire_address(address, &wire, NULL) == 0)
			domain = mem_dup(strrchr(wire, '@') + 1);
		free(address);
	}
	if (domain == NULL && mail_wire_address(from_address, &wire, NULL) == 0)
		domain = mem_dup(strrchr(wire, '@') + 1);
	free(wire);
	return domain;
}

/* With a slash behind it the name of a link would be followed. */
static void maildir_trim(char *path)
{
	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
}

/* A delivery follows no link: whoever may change one would choose where mails go. */
static void maildir_check_path(const struct ini_section *section, const char *path, struct problems *problems)
{
	struct stat info;
	if (path != NULL && lstat(path, &info) == 0 && S_ISLNK(info.st_mode))
		problems_add(problems, section->file, ini_find(section, "path")->line,
			     "path: %s is a symbolic link, which is not followed: write the folder it leads to", path);
}

struct channel *maildir_channel_new(const struct conf *conf, const struct ini_section *section,
				    struct problems *problems)
{
	size_t n_before = problems->n;
	struct maildir_channel *maildir = mem_zero(1, sizeof(*maildir));
	const struct ini_entry *from = ini_find(section, "from");
	struct err err;
	maildir->channel.ops = &maildir_ops;
	options_apply(maildir_options, maildir_n_options, section, conf->secrets_dir, maildir, problems);
	if (maildir->path != NULL)
		maildir_trim(maildir->path);
	maildir_check_path(section, maildir->path, problems);
	if (mail_split_address(maildir->from, &maildir->from_name, &maildir->from_address, &err) != 0)
		problems_add(problems, section->file, from != NULL ? from->line : section->line, "from: %s", err.text);
	if (maildir->list_unsubscribe != NULL && mail_check_unsubscribe(maildir->list_unsubscribe, &err) != 0)
		problems_add(problems, section->file, ini_find(section, "list_unsubscribe")->line,
			     "list_unsubscribe: %s", err.text);
	if (problems->n != n_before) {
		channel_free(&maildir->channel);
		return NULL;
	}
	maildir->channel.domain = maildir_domain(maildir->from_address, from != NULL);
	maildir->channel.sender_name = maildir->from_name;
	maildir->channel.sender_address = maildir->from_address;
	maildir->channel.wants_html = maildir->html != 0;
	maildir->channel.wants_reply_to = true;
	return &maildir->channel;
}
