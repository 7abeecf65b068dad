#include "channel/preset_url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"

static const char preset_https[] = "https://";
static const char preset_http[] = "http://";

static const char *preset_after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);
	return strncasecmp(text, prefix, len) == 0 ? text + len : NULL;
}

bool preset_url_is_plain(const char *url)
{
	return preset_after(url, preset_http) != NULL;
}

/* Copies the host of "host:port/path" into host, without the brackets of an IPv6 address; the rest, from the colon or
 * slash on, is returned. NULL when it is no host. */
static const char *preset_url_host(const char *authority, char host[256])
{
	bool is_v6 = authority[0] == '[';
	const char *start = authority + is_v6;
	size_t len = strspn(start, is_v6 ? "0123456789abcdefABCDEF:."
					 : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
	if (len == 0 || len > 255 || (is_v6 && start[len] != ']'))
		return NULL;
	memcpy(host, start, len);
	host[len] = '\0';
	return start + len + is_v6;
}

/* True when text is ":1" to ":65535" or nothing; *text then stands behind it. */
static bool preset_url_port(const char **text)
{
	if (**text != ':')
		return true;
	char port[6] = "";
	size_t len = strspn(*text + 1, "0123456789");
	int64_t value;
	if (len == 0 || len > 5)
		return false;
	memcpy(port, *text + 1, len);
	*text += 1 + len;
	return num_parse(port, 1, 65535, &value, NULL) == 0;
}

static bool preset_url_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcasecmp(host, "localhost") == 0;
}

static bool preset_url_is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~' || strchr("#\\\"<>^`{|}", *text) != NULL)
			return false;
	return true;
}

/* What may follow the authority: a path, a query, in visible ASCII. */
static bool preset_url_check_rest(const char *rest, struct err *err)
{
	if (*rest != '\0' && *rest != '/' && *rest != '?') {
		(void)err_set(err, -EINVAL, "the host must be followed by nothing, ':PORT', '/' or '?'");
		return false;
	}
	if (!preset_url_is_clean(rest)) {
		(void)err_set(err, -EINVAL,
			      "the address holds a character that may not stand in one: write it as %%XX");
		return false;
	}
	return true;
}

static bool preset_url_check_parts(const char *url, struct err *err)
{
	char host[256];
	const char *authority = preset_after(url, preset_https);
	if (authority == NULL)
		authority = preset_after(url, preset_http);
	if (authority == NULL) {
		(void)err_set(err, -EINVAL, "the address must start with https://");
		return false;
	}
	if (memchr(authority, '@', strcspn(authority, "/?")) != NULL) {
		(void)err_set(err, -EINVAL, "user names in an address are refused: leave out what is before the '@'");
		return false;
	}
	const char *rest = preset_url_host(authority, host);
	if (rest == NULL || !preset_url_port(&rest)) {
		(void)err_set(
			err, -EINVAL,
			"the address has no valid host or port (a host in other letters is written in its xn-- form)");
		return false;
	}
	if (preset_url_is_plain(url) && !preset_url_is_loopback(host)) {
		(void)err_set(
			err, -EINVAL,
			"plain http:// is only allowed to this machine (127.0.0.0/8, ::1, localhost); use https://");
		return false;
	}
	return preset_url_check_rest(rest, err);
}

/* What is before the last '@' may be a password, wherever it was put. */
static void preset_url_quote(const char *url, struct err *err)
{
	const char *scheme = strstr(url, "://"), *start = scheme != NULL ? scheme + 3 : url;
	const char *at = strrchr(start, '@');
	if (at == NULL)
		err_prefix(err, "'%s'", url);
	else
		err_prefix(err, "'%.*s***%s'", (int)(start - url), url, at);
}

bool preset_url_check(const char *url, bool is_secret, struct err *err)
{
	bool is_good = preset_url_check_parts(url, err);
	if (!is_good && !is_secret)
		preset_url_quote(url, err);
	return is_good;
}

bool preset_url_check_proxy(const char *url, bool is_secret, struct err *err)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};
	const char *authority = NULL;
	for (size_t i = 0; authority == NULL && i < sizeof(schemes) / sizeof(schemes[0]); i++)
		authority = preset_after(url, schemes[i]);
	if (authority == NULL) {
		(void)err_set(err, -EINVAL, "a proxy starts with http://, https://, socks5:// or socks5h://");
		return false;
	}

	const char *at = strrchr(authority, '@');
	if (at != NULL && !is_secret) {
		(void)err_set(err, -EINVAL,
			      "a proxy with a password is a secret: refer to it by credential:NAME or file:/path");
		return false;
	}
	char host[256];
	const char *rest = preset_url_host(at != NULL ? at + 1 : authority, host);
	if (rest == NULL || !preset_url_port(&rest) || (strcmp(rest, "") != 0 && strcmp(rest, "/") != 0)) {
		(void)err_set(err, -EINVAL, "a proxy is written as in socks5h://host:1080");
		return false;
	}
	return true;
}

int preset_url_check_template(const struct preset_text *text, const bool is_url[PRESET_NAMES_LIMIT], struct err *err)
{
	const struct preset_part *first = text->n != 0 ? &text->parts[0] : NULL;
	if (first == NULL)
		return err_set(err, -EINVAL, "the address is empty");

	if (first->literal != NULL) {
		if (!preset_url_check(first->literal, false, err))
			return -EINVAL;
		const char *host = first->literal + strlen(preset_https);
		if (text->n > 1 && strpbrk(host, "/?") == NULL)
			return err_set(err, -EINVAL, "no {{name}} may be part of the host: put '/' behind it");
	} else if (!is_url[first->name]) {
		return err_set(err, -EINVAL, "the address must start with https:// or with a setting of kind url");
	} else if (text->n > 1 &&
		   (text->parts[1].literal == NULL || strchr("/?&", text->parts[1].literal[0]) == NULL)) {
		return err_set(err, -EINVAL, "a setting of kind url must be followed by nothing, '/', '?' or '&'");
	}

	for (size_t i = 1; i < text->n; i++) {
		if (text->parts[i].literal == NULL && is_url[text->parts[i].name])
			return err_set(err, -EINVAL, "a setting of kind url may only stand at the start of an address");
		if (text->parts[i].literal != NULL && !preset_url_is_clean(text->parts[i].literal))
			return err_set(err, -EINVAL,
				       "the address holds a character that may not stand in one: write it as %%XX");
	}
	return 0;
}

/* "https://host/" and "/path" make one slash. */
static void preset_url_join(struct buf *out, const struct preset_text *text)
{
	if (text->n > 1 && text->parts[1].literal != NULL && text->parts[1].literal[0] == '/')
		while (out->len != 0 && out->data[out->len - 1] == '/')
			out->data[--out->len] = '\0';
}

static bool preset_is_dots(const char *value)
{
	return strcmp(value, "") == 0 || strcmp(value, ".") == 0 || strcmp(value, "..") == 0;
}

int preset_url_add(const struct preset_text *text, const struct preset_values *values,
		   const bool is_url[PRESET_NAMES_LIMIT], struct buf *out, struct err *err)
{
	for (size_t i = 0; i < text->n; i++) {
		const struct preset_part *part = &text->parts[i];
		const char *value = part->literal != NULL ? part->literal : values->items[part->name];
		if (part->literal != NULL || is_url[part->name]) {
			buf_add_str(out, value);
			if (i == 0)
				preset_url_join(out, text);
			continue;
		}
		bool is_query = strchr(buf_str(out), '?') != NULL;
		if (!is_query && preset_is_dots(value))
			return err_set(err, -EINVAL, "'%s' cannot be part of the address that is called", value);
		preset_escape_add(out, value, is_query ? PRESET_QUERY : PRESET_PATH);
	}
	return 0;
}
