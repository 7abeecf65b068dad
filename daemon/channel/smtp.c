#include "channel/smtp.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "message/mail.h"

enum {
	SMTP_MAIL_MAX = 2 * 1024 * 1024,
	SMTP_CONNECTIONS_MAX = 50,
	SMTP_HOST_MAX = 255,
	SMTP_LOCAL_MAX = 64, /* RFC 5321 4.5.3.1.1 */
	SMTP_KEY_ROOM = 44,  /* of them, for a key and its "+": more than ten thousand million messages */
	SMTP_ROOM_EACH = 2,  /* messages for a connection: the one on it, and one to follow at once */
};

enum smtp_tls { SMTP_TLS_REQUIRED, SMTP_TLS_OFF };
static const char *const smtp_tls_words[] = {"required", "off", NULL};
static const char *const smtp_yes_words[] = {"no", "yes", NULL};

struct smtp_channel {
	struct channel channel;
	char *type, *url, *from, *hostname, *username, *password, *ca_file, *list_unsubscribe; /* as configured */
	int tls, html, verp;
	int64_t n_connections;

	char *dial_url; /* url with the EHLO name */
	char *from_name, *from_address, *from_wire;
	struct smtp_server server;
	struct smtp_link **links; /* busy, idle, and those that say QUIT */
	size_t n_links;
	struct smtp_job **queue; /* for the links that become free first; empty when one is idle */
	size_t n_queue;
	bool is_stopping;
};

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
	 .help = "required, or off for a relay on this machine: never with a username"},
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
};
/* clang-format on */
const size_t smtp_n_options = sizeof(smtp_options) / sizeof(smtp_options[0]);

struct smtp_limits smtp_limits_default(void)
{
	return (struct smtp_limits){
		.connect_ms = 30 * 1000,
		.hello_ms = 300 * 1000,
		.command_ms = 300 * 1000,
		.data_ms = 120 * 1000,
		.text_ms = 180 * 1000,
		.dot_ms = 600 * 1000,
		.idle_ms = 30 * 1000,
		.quit_ms = 10 * 1000,
		.messages = 100,
	};
}

void smtp_channel_set_limits(struct channel *channel, const struct smtp_limits *limits)
{
	((struct smtp_channel *)channel)->server.limits = *limits;
}

/* ---- links ---- */

static void smtp_on_outcome(void *arg, struct smtp_link *link, const struct smtp_outcome *outcome);

static void smtp_connect(struct smtp_channel *smtp, struct smtp_job *job, bool is_held)
{
	struct smtp_link *link = smtp_link_new(&smtp->server, smtp->channel.transfer, smtp_on_outcome, smtp);
	smtp->links = mem_grow(smtp->links, smtp->n_links + 1, sizeof(struct smtp_link *));
	smtp->links[smtp->n_links++] = link;
	smtp_link_connect(link, job, is_held);
}

static void smtp_drop_link(struct smtp_channel *smtp, struct smtp_link *link)
{
	for (size_t i = 0; i < smtp->n_links; i++) {
		if (smtp->links[i] == link) {
			smtp->links[i] = smtp->links[--smtp->n_links];
			smtp_link_free(link);
			return;
		}
	}
}

static size_t smtp_n_working(const struct smtp_channel *smtp)
{
	size_t n = 0;
	for (size_t i = 0; i < smtp->n_links; i++)
		n += smtp_link_is_working(smtp->links[i]);
	return n;
}

/* ---- what waits for a link ---- */

static struct smtp_job *smtp_dequeue(struct smtp_channel *smtp)
{
	struct smtp_job *job = smtp->queue[0];
	memmove(smtp->queue, smtp->queue + 1, --smtp->n_queue * sizeof(struct smtp_job *));
	return job;
}

static void smtp_end_job(struct smtp_channel *smtp, struct smtp_job *job, const struct channel_result *result)
{
	int64_t id = job->id;
	smtp_job_free(job);
	channel_finish(&smtp->channel, id, result);
}

static bool smtp_has_connection(const struct smtp_channel *smtp)
{
	for (size_t i = 0; i < smtp->n_links; i++)
		if (smtp_link_is_up(smtp->links[i]))
			return true;
	return false;
}

static bool smtp_is_out_of_reach(const struct channel_result *result)
{
	return result->blame == CHANNEL_BLAME_CHANNEL && result->verdict != CHANNEL_ACCEPTED &&
	       result->verdict != CHANNEL_UNKNOWN;
}

/* Nothing of it was sent, so this was no attempt. */
static void smtp_give_back_queue(struct smtp_channel *smtp, const char *why)
{
	struct channel_result result;
	channel_result_set(&result, CHANNEL_THROTTLED, CHANNEL_BLAME_MESSAGE, 0, why);
	while (smtp->n_queue > 0)
		smtp_end_job(smtp, smtp_dequeue(smtp), &result);
}

/* A connection failed. What waits is left to the others, and goes back when there are none. */
static void smtp_lose_link(struct smtp_channel *smtp)
{
	if (!smtp_has_connection(smtp))
		smtp_give_back_queue(smtp, "not sent: the connection failed that it waited for");
}

/* A message ended: the next goes in its place, as far as it may before that end is recorded. link: that is free now, or
 * NULL. */
static void smtp_take_next(struct smtp_channel *smtp, struct smtp_link *link)
{
	bool is_free = link != NULL && smtp_link_is_idle(link);
	if (smtp->n_queue > 0 && is_free)
		smtp_link_send(link, smtp_dequeue(smtp), true);
	else if (smtp->n_queue > 0 && smtp_n_working(smtp) < (size_t)smtp->n_connections)
		smtp_connect(smtp, smtp_dequeue(smtp), true);
	else if (smtp->is_stopping && is_free)
		smtp_link_retire(link);
}

static void smtp_on_outcome(void *arg, struct smtp_link *link, const struct smtp_outcome *outcome)
{
	struct smtp_channel *smtp = arg;
	struct smtp_job *job = outcome->job;
	if (outcome->is_closed) {
		smtp_drop_link(smtp, link);
		link = NULL;
	}
	if (job == NULL)
		return;
	if (outcome->can_repeat && !job->is_repeat) {
		job->is_repeat = true; /* the server had grown tired of the old connection, not of the message */
		smtp_connect(smtp, job, outcome->is_held);
		return;
	}
	smtp_end_job(smtp, job, &outcome->result);
	if (outcome->is_closed && smtp_is_out_of_reach(&outcome->result))
		smtp_lose_link(smtp);
	else
		smtp_take_next(smtp, link);
}

/* The idle link that was used last, so that the others grow old and close; NULL when there is none. */
static struct smtp_link *smtp_idle_link(const struct smtp_channel *smtp)
{
	for (size_t i = smtp->n_links; i > 0; i--)
		if (smtp_link_is_idle(smtp->links[i - 1]))
			return smtp->links[i - 1];
	return NULL;
}

/* ---- the channel's operations ---- */

static bool smtp_check_address(const struct channel *channel, const char *address, struct err *err)
{
	(void)channel;
	return mail_check_address(address, err);
}

static struct mail smtp_mail(const struct smtp_channel *smtp, const struct channel_message *message)
{
	return (struct mail){
		.from_name = smtp->from_name,
		.from_address = smtp->from_address,
		.to_name = message->to_name,
		.to_address = message->to_address,
		.subject = message->subject,
		.text = message->text,
		.html = message->html,
		.calendar = message->calendar,
		.calendar_method = message->calendar_method,
		.reply_to_name = message->reply_to_name,
		.reply_to_address = message->reply_to_address,
		.list_domain = smtp->channel.domain,
		.list_unsubscribe = smtp->list_unsubscribe,
		.is_urgent = message->is_urgent,
		.language = message->language,
		.message_id = message->message_id,
		.thread_id = message->thread_id,
		.date_utc = message->date_utc,
		.date_offset_s = message->date_offset_s,
	};
}

/* LOCAL+KEY@DOMAIN: a bounce that tells nothing else tells by its address which message it is of. A key that there is no
 * room for leaves the sender as it is. Returned owned; NULL likewise. */
static char *smtp_verp_sender(const struct smtp_channel *smtp, const char *key)
{
	size_t local_len = strcspn(smtp->from_wire, "@");
	if (smtp->verp == 0 || local_len + strlen("+") + strlen(key) > SMTP_LOCAL_MAX)
		return NULL;
	return mem_printf("%.*s+%s%s", (int)local_len, smtp->from_wire, key, smtp->from_wire + local_len);
}

static struct smtp_job *smtp_job_new(const struct smtp_channel *smtp, const struct channel_message *message,
				     struct err *err)
{
	struct mail mail = smtp_mail(smtp, message);
	struct smtp_job *job = mem_zero(1, sizeof(*job));
	job->id = message->id;
	job->key = mem_dup(message->key);
	job->from = smtp_verp_sender(smtp, message->key);
	buf_init(&job->mail, SMTP_MAIL_MAX);
	if (mail_wire_address(message->to_address, &job->to, err) != 0 || mail_build(&mail, &job->mail, err) != 0) {
		smtp_job_free(job);
		return NULL;
	}
	return job;
}

static void smtp_send(struct channel *channel, const struct channel_message *message)
{
	struct smtp_channel *smtp = (struct smtp_channel *)channel;
	struct err err = {""};
	struct smtp_job *job = smtp_job_new(smtp, message, &err);
	if (job == NULL) {
		struct channel_result result;
		channel_result_set(&result, CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE, 0, err.text);
		channel_finish(channel, message->id, &result);
		return;
	}
	struct smtp_link *link = smtp_idle_link(smtp);
	if (link != NULL) {
		smtp_link_send(link, job, false);
	} else if (smtp_n_working(smtp) < (size_t)smtp->n_connections) {
		smtp_connect(smtp, job, false);
	} else {
		smtp->queue = mem_grow(smtp->queue, smtp->n_queue + 1, sizeof(struct smtp_job *));
		smtp->queue[smtp->n_queue++] = job;
	}
}

/* From the end, here and below: a link that closes is replaced by the last one. */
static void smtp_resume(struct channel *channel)
{
	struct smtp_channel *smtp = (struct smtp_channel *)channel;
	for (size_t i = smtp->n_links; i > 0; i--)
		if (i <= smtp->n_links)
			smtp_link_go_on(smtp->links[i - 1]);
}

/* Only a server that speaks with us has messages kept ready for it. */
static unsigned smtp_room(const struct channel *channel)
{
	const struct smtp_channel *smtp = (const struct smtp_channel *)channel;
	unsigned each = smtp_has_connection(smtp) ? SMTP_ROOM_EACH : 1;
	unsigned limit = smtp->is_stopping ? 0 : (unsigned)smtp->n_connections * each;
	return limit > channel->in_flight ? limit - channel->in_flight : 0;
}

static void smtp_recall(struct channel *channel)
{
	smtp_give_back_queue((struct smtp_channel *)channel, "not sent: it is looked at anew, something was changed");
}

static void smtp_stop(struct channel *channel)
{
	struct smtp_channel *smtp = (struct smtp_channel *)channel;
	smtp->is_stopping = true;
	smtp_give_back_queue(smtp, "not sent: the channel stops");
	for (size_t i = smtp->n_links; i > 0; i--)
		if (smtp_link_is_idle(smtp->links[i - 1]))
			smtp_link_retire(smtp->links[i - 1]);
}

static void smtp_free(struct channel *channel)
{
	struct smtp_channel *smtp = (struct smtp_channel *)channel;
	for (size_t i = 0; i < smtp->n_links; i++)
		smtp_link_free(smtp->links[i]);
	for (size_t i = 0; i < smtp->n_queue; i++)
		smtp_job_free(smtp->queue[i]);
	free(smtp->queue);
	free(smtp->links);
	free(smtp->dial_url);
	free(smtp->from_name);
	free(smtp->from_address);
	free(smtp->from_wire);
	options_done(smtp_options, smtp_n_options, smtp);
	free(smtp);
}

static const struct channel_ops smtp_ops = {
	.type = "smtp",
	.is_local = false,
	.check_address = smtp_check_address,
	.send = smtp_send,
	.room = smtp_room,
	.resume = smtp_resume,
	.recall = smtp_recall,
	.stop = smtp_stop,
	.free = smtp_free,
};

/* ---- from the configuration ---- */

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
	if (smtp->ca_file != NULL && access(smtp->ca_file, R_OK) != 0)
		problems_add(problems, file, smtp_line(section, "ca_file"), "ca_file %s: %s", smtp->ca_file,
			     strerror(errno));
}

struct channel *smtp_channel_new(const struct conf *conf, const struct ini_section *section, struct problems *problems)
{
	size_t n_before = problems->n;
	struct smtp_channel *smtp = mem_zero(1, sizeof(*smtp));
	smtp->channel.ops = &smtp_ops;
	options_apply(smtp_options, smtp_n_options, section, conf->secrets_dir, smtp, problems);
	smtp_read_hostname(smtp, section, problems);
	if (smtp->url != NULL)
		smtp_read_url(smtp, section, problems);
	if (smtp->from != NULL)
		smtp_read_from(smtp, section, problems);
	smtp_read_unsubscribe(smtp, section, problems);
	smtp_check_security(smtp, section, problems);
	if (problems->n != n_before) {
		channel_free(&smtp->channel);
		return NULL;
	}
	smtp->channel.wants_html = smtp->html != 0;
	smtp->channel.wants_reply_to = true;
	smtp->server = (struct smtp_server){
		.url = smtp->dial_url,
		.needs_tls = smtp->tls == SMTP_TLS_REQUIRED,
		.username = smtp->username,
		.password = smtp->password,
		.ca_file = smtp->ca_file,
		.from = smtp->from_wire,
		.limits = smtp_limits_default(),
	};
	return &smtp->channel;
}
