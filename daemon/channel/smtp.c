#include "channel/smtp.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/channel_mail.h"
#include "channel/smtp_settings.h"
#include "message/mail.h"

enum {
	SMTP_MAIL_MAX = 2 * 1024 * 1024,
	SMTP_AHEAD_MIN = 8, /* messages kept ready to follow: two for each connection, or this */
};

struct smtp_limits smtp_limits_default(void)
{
	return (struct smtp_limits){
		.connect_ms = 30 * 1000,
		.hello_ms = 300 * 1000,
		.command_ms = 300 * 1000,
		.data_ms = 120 * 1000,
		.text_ms = 180 * 1000,
		.dot_ms = 600 * 1000,
		.next_ms = 2 * 1000,
		.follow_ms = 10 * 1000,
		.idle_ms = 30 * 1000,
		.quit_ms = 10 * 1000,
		.messages = 100,
		.plain = 1000,
	};
}

void smtp_channel_set_limits(struct channel *channel, const struct smtp_limits *limits)
{
	((struct smtp_channel *)channel)->server.limits = *limits;
}

/* ---- links ---- */

static void smtp_on_outcome(void *arg, struct smtp_link *link, const struct smtp_outcome *outcome);
static struct smtp_job *smtp_follower(void *arg);

static void smtp_connect(struct smtp_channel *smtp, struct smtp_job *job, bool is_held)
{
	struct smtp_link *link =
		smtp_link_new(&smtp->server, smtp->channel.transfer, smtp_on_outcome, smtp_follower, smtp);
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

static size_t smtp_n_followers(const struct smtp_channel *smtp)
{
	size_t n = 0;
	for (size_t i = 0; i < smtp->n_links; i++)
		n += smtp_link_has_next(smtp->links[i]);
	return n;
}

/* ---- what waits for a link ---- */

static struct smtp_job *smtp_dequeue(struct smtp_channel *smtp, size_t i)
{
	struct smtp_job *job = smtp->queue[i];
	smtp->n_queue--;
	memmove(smtp->queue + i, smtp->queue + i + 1, (smtp->n_queue - i) * sizeof(struct smtp_job *));
	return job;
}

/* The idle link that was used last, so that the others grow old and close; NULL when there is none. */
static struct smtp_link *smtp_idle_link(const struct smtp_channel *smtp)
{
	for (size_t i = smtp->n_links; i > 0; i--)
		if (smtp_link_is_idle(smtp->links[i - 1]))
			return smtp->links[i - 1];
	return NULL;
}

static void smtp_enqueue(struct smtp_channel *smtp, struct smtp_job *job, size_t i)
{
	smtp->queue = mem_grow(smtp->queue, smtp->n_queue + 1, sizeof(struct smtp_job *));
	memmove(smtp->queue + i + 1, smtp->queue + i, (smtp->n_queue - i) * sizeof(struct smtp_job *));
	smtp->queue[i] = job;
	smtp->n_queue++;
}

static struct smtp_job *smtp_follower(void *arg)
{
	struct smtp_channel *smtp = arg;
	if (smtp->n_plain > 0) {
		smtp->n_plain--;
		return NULL;
	}
	return smtp->n_queue > 0 ? smtp_dequeue(smtp, 0) : NULL;
}

/* What was to follow on a connection that was lost goes first: on one that is idle, since no end of a message there would
 * fetch it. */
static void smtp_take_back(struct smtp_channel *smtp, struct smtp_job *job)
{
	struct smtp_link *idle = smtp_idle_link(smtp);
	if (idle != NULL)
		smtp_link_send(idle, job, true);
	else
		smtp_enqueue(smtp, job, 0);
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
static void smtp_give_back_job(struct smtp_channel *smtp, struct smtp_job *job, const char *why)
{
	struct channel_result result;
	channel_result_set(&result, CHANNEL_THROTTLED, CHANNEL_BLAME_MESSAGE, 0, why);
	smtp_end_job(smtp, job, &result);
}

static void smtp_give_back(struct smtp_channel *smtp, size_t i, const char *why)
{
	smtp_give_back_job(smtp, smtp_dequeue(smtp, i), why);
}

static void smtp_give_back_queue(struct smtp_channel *smtp, const char *why)
{
	while (smtp->n_queue > 0)
		smtp_give_back(smtp, 0, why);
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
		smtp_link_send(link, smtp_dequeue(smtp, 0), true);
	else if (smtp->n_queue > 0 && smtp_n_working(smtp) < (size_t)smtp->n_connections)
		smtp_connect(smtp, smtp_dequeue(smtp, 0), true);
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
	if (outcome->was_in_vain)
		smtp->n_plain = smtp->server.limits.plain;
	if (outcome->next != NULL && smtp->is_stopping)
		smtp_give_back_job(smtp, outcome->next, "not sent: the channel stops");
	else if (outcome->next != NULL && job == NULL)
		smtp_give_back_job(smtp, outcome->next, "not sent: the message before it is not answered");
	else if (outcome->next != NULL)
		smtp_take_back(smtp, outcome->next);
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

/* ---- the channel's operations ---- */

static bool smtp_check_address(const struct channel *channel, const char *address, struct err *err)
{
	(void)channel;
	return mail_check_address(address, err);
}

static struct mail smtp_mail(const struct smtp_channel *smtp, const struct channel_message *message)
{
	struct mail mail = channel_mail(&smtp->channel, message);
	mail.from_name = smtp->from_name;
	mail.from_address = smtp->from_address;
	mail.list_unsubscribe = smtp->list_unsubscribe;
	return mail;
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
		smtp_enqueue(smtp, job, smtp->n_queue);
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

/* Only a server that speaks with us has messages kept ready for it: asked for when half of them have left, so that not
 * every message is claimed by itself. */
static unsigned smtp_room(const struct channel *channel)
{
	const struct smtp_channel *smtp = (const struct smtp_channel *)channel;
	unsigned n = (unsigned)smtp->n_connections, ahead = 2 * n > SMTP_AHEAD_MIN ? 2 * n : SMTP_AHEAD_MIN;
	if (!smtp_has_connection(smtp))
		ahead = 0;
	bool has_enough = smtp->n_queue + smtp_n_followers(smtp) > ahead / 2;
	return !smtp->is_stopping && !has_enough && n + ahead > channel->in_flight ? n + ahead - channel->in_flight : 0;
}

static void smtp_recall(struct channel *channel, channel_recall_cb is_over, void *arg)
{
	struct smtp_channel *smtp = (struct smtp_channel *)channel;
	for (size_t i = smtp->n_queue; i > 0; i--)
		if (is_over(arg, smtp->queue[i - 1]->id))
			smtp_give_back(smtp, i - 1, SMTP_RECALLED);
	for (size_t i = 0; i < smtp->n_links; i++)
		smtp_link_recall(smtp->links[i], is_over, arg);
}

static bool smtp_may_have(const struct channel *channel, int64_t message_id)
{
	const struct smtp_channel *smtp = (const struct smtp_channel *)channel;
	for (size_t i = 0; i < smtp->n_links; i++)
		if (smtp_link_has_sent(smtp->links[i], message_id))
			return true;
	return false;
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
	.may_have = smtp_may_have,
	.stop = smtp_stop,
	.free = smtp_free,
};

/* ---- from the configuration ---- */

struct channel *smtp_channel_new(const struct conf *conf, const struct ini_section *section, struct problems *problems)
{
	size_t n_before = problems->n;
	struct smtp_channel *smtp = mem_zero(1, sizeof(*smtp));
	smtp->channel.ops = &smtp_ops;
	smtp_settings_read(smtp, conf, section, problems);
	if (problems->n != n_before) {
		channel_free(&smtp->channel);
		return NULL;
	}
	smtp->channel.sender_name = smtp->from_name;
	smtp->channel.sender_address = smtp->from_address;
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
