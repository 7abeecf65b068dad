#include "conf/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

#define SECRET_NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

enum { SECRET_PART_MIN = 12 }; /* bytes; a shorter part may be an ordinary word */

/* systemd lets another user than root read a credential by an access list, whose mask shows up as the group's bits. */
enum { SECRET_MODE_REFUSED = 077, SECRET_MODE_REFUSED_OF_SYSTEMD = 037 };

static int secret_check_file(int fd, const char *path, mode_t refused, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "%s cannot be read: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is not a regular file", path);
	if ((st.st_mode & refused) != 0)
		return err_set(err, -EACCES, "%s can be used by others (mode %04o): chmod 0600 it", path,
			       (unsigned)st.st_mode & 07777);
	return 0;
}

/* What a shell needs to make the file. */
#define SECRET_CURE "install -m 0600 /dev/stdin %s (type the secret, Enter, Ctrl-D)"
#define SECRET_KEY_CURE "install -m 0600 KEYFILE %s (KEYFILE: where the key is now)"

/* A key has lines, and is repeated by nobody. */
enum secret_form { SECRET_LINE, SECRET_KEY };

static size_t secret_max(enum secret_form form)
{
	return form == SECRET_KEY ? SECRET_KEY_MAX : SECRET_MAX;
}

static int secret_lacks(const char *path, enum secret_form form, struct err *err)
{
	if (form == SECRET_KEY)
		return err_set(err, -ENOENT, "there is no file %s: make it with " SECRET_KEY_CURE, path, path);
	return err_set(err, -ENOENT, "there is no file %s: make it with " SECRET_CURE, path, path);
}

static bool secret_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* What editors put around a secret, and nobody sees; NULL when there is nothing. */
static const char *secret_find_dressing(const char *text, size_t len)
{
	static const char *const marks[] = {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"};
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (len >= strlen(marks[i]) && memcmp(text, marks[i], strlen(marks[i])) == 0)
			return "begins with a byte order mark";
	if (len > 0 && text[len - 1] == '\r')
		return "ends its line with CR LF, as on Windows";
	if (len > 0 && (secret_is_blank(text[0]) || secret_is_blank(text[len - 1])))
		return "begins or ends with a blank";
	return NULL;
}

/* Checks len bytes of text, which has room for a 0 behind them, and terminates it without its last newline. */
static int secret_check_text(char *text, size_t len, const char *path, struct err *err)
{
	if (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	if (len == 0)
		return err_set(err, -EINVAL, "%s is empty", path);
	const char *dressing = secret_find_dressing(text, len);
	if (dressing != NULL)
		return err_set(err, -EINVAL, "%s %s: write it anew with " SECRET_CURE, path, dressing, path);
	if (strlen(text) != len || utf8_find_control(text, false) >= 0)
		return err_set(err, -EINVAL,
			       "%s holds a control character or a second line: give the secret in one line", path);
	return 0;
}

/* Reads fd to its end, or until size bytes are full. */
static int secret_read_bytes(int fd, char *text, size_t size, size_t *ret_len)
{
	size_t len = 0;
	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

/* Of ID:KEY, as the token of a bot, the key alone gives nearly all away; peers and proxies quote it without the id. */
static void secret_hide(const char *value)
{
	const char *colon = strchr(value, ':');
	log_hide(value);
	if (colon != NULL && strlen(colon + 1) >= SECRET_PART_MIN)
		log_hide(colon + 1);
}

static int secret_take(char *text, size_t len, enum secret_form form, const char *path, char **ret_value,
		       struct err *err)
{
	bool is_key = form == SECRET_KEY && len > 0;
	if (len > secret_max(form))
		return err_set(err, -EINVAL, "%s holds more than %zu bytes", path, secret_max(form));
	int code = is_key ? 0 : secret_check_text(text, len, path, err);
	if (code < 0)
		return code;
	*ret_value = mem_dup(text);
	if (!is_key)
		secret_hide(*ret_value);
	return 0;
}

static int secret_read_file(const char *path, mode_t refused, enum secret_form form, char **ret_value, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe must not hold us up */
	if (fd < 0 && errno == ENOENT)
		return secret_lacks(path, form, err);
	if (fd < 0)
		return err_set(err, -errno, "%s cannot be read: %s", path, strerror(errno));

	const size_t size = secret_max(form) + 1; /* one more than allowed shows that there is too much */
	char *text = mem_zero(size + 1, 1);
	size_t len = 0;
	int code = secret_check_file(fd, path, refused, err);
	if (code == 0) {
		code = secret_read_bytes(fd, text, size, &len);
		if (code < 0)
			(void)err_set(err, code, "%s cannot be read: %s", path, strerror(-code));
	}
	if (code == 0)
		code = secret_take(text, len, form, path, ret_value, err);
	explicit_bzero(text, size);
	free(text);
	(void)close(fd); /* only read */
	return code;
}

static bool secret_is_name(const char *name)
{
	size_t len = strspn(name, SECRET_NAME_CHARS);
	return len > 0 && name[len] == '\0' && name[0] != '.';
}

static int secret_read_credential(const char *name, const char *secrets_dir, enum secret_form form, char **ret_value,
				  struct err *err)
{
	if (!secret_is_name(name))
		return err_set(err, -EINVAL,
			       "the name after 'credential:' may hold letters, digits, '_', '-' and '.' only");

	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	bool is_systemd = dir != NULL && dir[0] == '/';
	mode_t refused = is_systemd ? SECRET_MODE_REFUSED_OF_SYSTEMD : SECRET_MODE_REFUSED;
	char *path = mem_printf("%s/%s", is_systemd ? dir : secrets_dir, name);
	int code = secret_read_file(path, refused, form, ret_value, err);
	if (code == -ENOENT && is_systemd) {
		char *second = mem_printf("%s/secrets_%s", dir, name);
		code = secret_read_file(second, refused, form, ret_value, err);
		if (code == -ENOENT)
			(void)err_set(err, code, "systemd gave no credential '%s': put the file %s into %s and restart",
				      name, name, secrets_dir);
		free(second);
	}
	free(path);
	return code;
}

static const char secret_credential[] = "credential:", secret_file[] = "file:";

bool secret_is_reference(const char *value)
{
	return strncmp(value, secret_credential, strlen(secret_credential)) == 0 ||
	       strncmp(value, secret_file, strlen(secret_file)) == 0;
}

static int secret_read_form(const char *reference, const char *secrets_dir, enum secret_form form, char **ret_value,
			    struct err *err)
{
	const char *path = reference + strlen(secret_file);
	if (!secret_is_reference(reference))
		return err_set(err, -EINVAL,
			       "a secret must not stand in this file: write credential:NAME or file:/path");
	if (reference[0] == secret_credential[0])
		return secret_read_credential(reference + strlen(secret_credential), secrets_dir, form, ret_value, err);
	if (path[0] != '/')
		return err_set(err, -EINVAL, "the path after 'file:' must start with '/'");
	return secret_read_file(path, SECRET_MODE_REFUSED, form, ret_value, err);
}

int secret_read(const char *reference, const char *secrets_dir, char **ret_value, struct err *err)
{
	return secret_read_form(reference, secrets_dir, SECRET_LINE, ret_value, err);
}

int secret_read_key(const char *reference, const char *secrets_dir, char **ret_value, struct err *err)
{
	return secret_read_form(reference, secrets_dir, SECRET_KEY, ret_value, err);
}
