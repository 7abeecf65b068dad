#include "channel/smtp_settings.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "channel/certificate.h"
#include "message/mail.h"

enum {
	SMTP_CONNECTIONS_MAX = 50,
	SMTP_HOST_MAX = 255,
	SMTP_KEY_ROOM = 44, /* before the @, for a key and its "+": more than ten thousand million messages */
};

static const char *const smtp_tls_words[] = {"required", "off", NULL};
static const char *const smtp_yes_words[] = {"no", "yes", NULL};

/* clang-format off */
#define FIELD(member) offsetof(struct smtp_channel, member)
const struct option smtp_options[] = {
	{.key = "type", .type = OPTION_TEXT, .offset = FIELD(type), .min = 1, .max = 16, .flags = OPTION_REQUIRED,
	 .help = "smtp"},
	{.key = "url", .type = OPTION_TEXT, .offset = FIELD(url), .min = 1, .max = 512, .flags = OPTION_REQUIRED,
	 .help = "smtps://HOST[:PORT] (TLS from the start, port 465) or smtp://HOST[:PORT] (STARTTLS, often port 587)"},
	{.key = "from", .type = OPTION_TEXT, .offset = FIELD(from), .min = 3, .max = 512, .flags = OPTION_REQUIRED,
	 .help = "sender, as \"Name <address>\" or an address; also the envelope sender, so bounces go there"},
	{.key = "hostname", .type = OPTION_TEXT, .offset = FIELD(hostname), .min = 1, .max = SMTP_HOST_MAX,
	 .help = "how we introduce ourselves to the server (EHLO); the machine's own name when not given"},
	{.key = "username", .type = OPTION_TEXT, .offset = FIELD(username), .min = 1, .max = 255,
	 .help = "account at the server; without it nobody signs in"},
	{.key = "password", .type = OPTION_SECRET, .offset = FIELD(password),
	 .help = "password of the account, by reference: credential:NAME or file:/PATH"},
	{.key = "tls", .type = OPTION_WORD, .offset = FIELD(tls), .words = smtp_tls_words, .preset = "required",
	 .help = "required, or off for a relay that you trust the way to: never with a username"},
	{.key = "ca_file", .type = OPTION_PATH, .offset = FIELD(ca_file),
	 .help = "certificates (PEM) that the server's must lead to, instead of the system's"},
	{.key = "html", .type = OPTION_WORD, .offset = FIELD(html), .words = smtp_yes_words, .preset = "yes",
	 .help = "yes: HTML and the date for calendars beside the text; no: text alone"},
	{.key = "verp", .type = OPTION_WORD, .offset = FIELD(verp), .words = smtp_yes_words, .preset = "no",
	 .help = "yes: the envelope sender is LOCAL+KEY@DOMAIN, so that a bounce tells its message; the server must take "
		 "such addresses"},
	{.key = "list_unsubscribe", .type = OPTION_TEXT, .offset = FIELD(list_unsubscribe), .min = 1, .max = 500,
	 .help = "where readers may ask not to be written to: https://... or mailto:..., a link in many mail programs"},
	{.key = "connections", .type = OPTION_COUNT, .offset = FIELD(n_connections), .min = 1,
	 .max = SMTP_CONNECTIONS_MAX, .preset = "4", .help = "connections at a time"},
	{.key = "rate", .type = OPTION_RATE, .offset = FIELD(channel.rate),
	 .help = "messages per time, like 30/m or 500/h; no limit when not given"},
	{.key = "rate_each", .type = OPTION_RATE, .offset = FIELD(channel.rate_each),
	 .help = "messages per time to one address, and one at a time; no limit when not given"},
};
/* clang-format on */
const size_t smtp_n_options = sizeof(smtp_options) / sizeof(smtp_options[0]);

static unsigned smtp_line(const struct ini_section *section, const char *key)
{
	const struct ini_entry *entry = ini_find(section, key);
	return entry != NULL ? entry->line : section->line;
}

static const char smtp_url_help[] = "give smtps://HOST[:PORT] or smtp://HOST[:PORT]";

/* The parts that must not be there; NULL when all is well. */
static const char *smtp_url_problem(CURLU *url)
{
	char *part = NULL;
	const char *problem = NULL;
	if (curl_url_get(url, CURLUPART_SCHEME, &part, 0) == CURLUE_OK && strcmp(part, "smtp") != 0 &&
	    strcmp(part, "smtps") != 0)
		problem = "is neither smtp:// nor smtps://";
	curl_free(part);
	part = NULL;
	if (problem == NULL && curl_url_get(url, CURLUPART_PATH, &part, 0) == CURLUE_OK && strcmp(part, "/") != 0)
		problem = "has a path: the name for EHLO is 'hostname'";
	curl_free(part);
	part = NULL;
	if (problem == NULL && (curl_url_get(url, CURLUPART_QUERY, &part, 0) == CURLUE_OK ||
				curl_url_get(url, CURLUPART_FRAGMENT, &part, 0) == CURLUE_OK))
		problem = "has a '?' or '#'";
	curl_free(part);
	return problem;
}

/* The URL to dial: the configured one with the EHLO name as its path. */
static void smtp_read_url(struct smtp_channel *smtp, const struct ini_section *section, struct problems *problems)
{
	CURLU *url = curl_url();
	unsigned line = smtp_line(section, "url");
	CURLUcode code = curl_url_set(url, CURLUPART_URL, smtp->url, CURLU_DISALLOW_USER);
	const char *problem = code == CURLUE_OK ? smtp_url_problem(url) : NULL;
	char *dial = NULL;

	if (code == CURLUE_USER_NOT_ALLOWED)
		problems_add(problems, section->file, line, "url holds a user name: use 'username' and 'password'");
	else if (code != CURLUE_OK)
		problems_add(problems, section->file, line, "url '%s' cannot be understood: %s", smtp->url,
			     smtp_url_help);
	else if (problem != NULL)
		problems_add(problems, section->file, line, "url '%s' %s: %s", smtp->url, problem, smtp_url_help);
	else if (curl_url_set(url, CURLUPART_PATH, smtp->hostname, CURLU_URLENCODE) == CURLUE_OK &&
		 curl_url_get(url, CURLUPART_URL, &dial, 0) == CURLUE_OK)
		smtp->dial_url = mem_dup(dial);
	else
		problems_add(problems, section->file, line, "url '%s' cannot be used with hostname '%s'", smtp->url,
			     smtp->hostname);
	curl_free(dial);
	curl_url_cleanup(url);
}

/* A host name or an address literal (RFC 5321 4.1.1.1). */
static void smtp_read_hostname(struct smtp_channel *smtp, const struct ini_section *section, struct problems *problems)
{
	if (smtp->hostname == NULL) {
		char name[SMTP_HOST_MAX + 1] = "";
		if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
			memcpy(name, "localhost", sizeof("localhost"));
		smtp->hostname = mem_dup(name);
	}
	const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
	if (smtp->hostname[strspn(smtp->hostname, allowed)] != '\0')
		problems_add(problems, section->file, smtp_line(section, "hostname"),
			     "hostname '%s' is no host name: give one in ASCII like mail.example.org", smtp->hostname);
}

static void smtp_read_from(struct smtp_channel *smtp, const struct ini_section *section, struct problems *problems)
{
	struct err err;
	if (mail_split_address(smtp->from, &smtp->from_name, &smtp->from_address, &err) != 0 ||
	    mail_wire_address(smtp->from_address, &smtp->from_wire, &err) != 0) {
		problems_add(problems, section->file, smtp_line(section, "from"), "from: %s", err.text);
		return;
	}
	size_t local_len = strcspn(smtp->from_wire, "@");
	if (mail_needs_smtputf8(smtp->from_wire))
		problems_add(problems, section->file, smtp_line(section, "from"),
			     "from: address '%s' has a letter outside ASCII before the @, which many servers cannot "
			     "carry: give an ASCII address of the same mailbox",
			     smtp->from_address);
	if (smtp->verp != 0 && local_len > SMTP_LOCAL_MAX - SMTP_KEY_ROOM)
		problems_add(problems, section->file, smtp_line(section, "verp"),
			     "verp: '%s' has more than %d characters before the @, which leaves no room for the key",
			     smtp->from_address, SMTP_LOCAL_MAX - SMTP_KEY_ROOM);
	smtp->channel.domain = mem_dup(strrchr(smtp->from_wire, '@') + 1);
}

static void smtp_read_unsubscribe(const struct smtp_channel *smtp, const struct ini_section *section,
				  struct problems *problems)
{
	struct err err;
	if (smtp->list_unsubscribe != NULL && mail_check_unsubscribe(smtp->list_unsubscribe, &err) != 0)
		problems_add(problems, section->file, smtp_line(section, "list_unsubscribe"), "list_unsubscribe: %s",
			     err.text);
}

/* Nothing that is secret may go in the clear, and half an account is a mistake. */
static void smtp_check_security(const struct smtp_channel *smtp, const struct ini_section *section,
				struct problems *problems)
{
	const char *file = section->file;
	bool has_password = ini_find(section, "password") != NULL;
	struct err err;
	if (smtp->tls == SMTP_TLS_OFF && smtp->username != NULL)
		problems_add(
			problems, file, smtp_line(section, "tls"),
			"tls = off would send the password in the clear: remove 'tls', or 'username' and 'password'");
	if (smtp->tls == SMTP_TLS_OFF && smtp->url != NULL && strncasecmp(smtp->url, "smtps:", 6) == 0)
		problems_add(problems, file, smtp_line(section, "tls"),
			     "tls = off does not fit smtps://: remove one of them");
	if (smtp->username != NULL && !has_password)
		problems_add(problems, file, smtp_line(section, "username"),
			     "username without password: add password = credential:NAME or file:/PATH");
	if (smtp->username == NULL && has_password)
		problems_add(problems, file, smtp_line(section, "password"), "password without username: add username");
	if (smtp->ca_file != NULL && certificate_check_file(smtp->ca_file, &err) < 0)
		problems_add(problems, file, smtp_line(section, "ca_file"), "ca_file: %s", err.text);
}

void smtp_settings_read(struct smtp_channel *smtp, const struct conf *conf, const struct ini_section *section,
			struct problems *problems)
{
	options_apply(smtp_options, smtp_n_options, section, conf->secrets_dir, smtp, problems);
	smtp_read_hostname(smtp, section, problems);
	if (smtp->url != NULL)
		smtp_read_url(smtp, section, problems);
	if (smtp->from != NULL)
		smtp_read_from(smtp, section, problems);
	smtp_read_unsubscribe(smtp, section, problems);
	smtp_check_security(smtp, section, problems);
}
