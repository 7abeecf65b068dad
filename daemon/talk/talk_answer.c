/* How people are answered: in their language, in private, and not without end. */
#include "store/store_notice.h"
#include "talk/talk_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "message/compose.h"
#include "store/store_message.h"
#include "store/store_talk.h"

/* For each person on each channel: no brake holds notices back, and the ledger keeps everything, so one account must not
 * fill the database. A date takes three: the question, the answer and yes. */
enum { ANSWERS_PER_HOUR = 60, PRESSES_PER_HOUR = 240 };

static struct compose_facts talk_facts(const struct talk *talk, const struct person *reader, int64_t now_utc,
				       const struct talk_words *words)
{
	return (struct compose_facts){
		.kind = "answer",
		.task = words->task,
		.person = reader,
		.default_language = talk->default_language,
		.now_utc = now_utc,
		.says = phrase_names[words->phrase],
		.answer_date = words->date,
	};
}

static void talk_log_problem(const struct err *problem)
{
	if (problem->text[0] != '\0')
		log_error("the built-in text is said: %s", problem->text);
}

static char *talk_line(const struct talk *talk, const struct person *reader, int64_t now_utc,
		       const struct talk_words *words)
{
	const struct compose_facts facts = talk_facts(talk, reader, now_utc, words);
	struct err problem = {0};
	char *line = compose_line(talk->catalog, &facts, &problem);
	talk_log_problem(&problem);
	return line;
}

char *talk_label(const struct talk *talk, const struct person *reader, enum phrase phrase, int64_t now_utc)
{
	return talk_line(talk, reader, now_utc, &(struct talk_words){.phrase = phrase});
}

void talk_toast(struct talk_ear *ear, const struct talk_words *words)
{
	free(ear->reply->toast);
	char *line = talk_line(ear->talk, &ear->self, ear->now_utc, words);
	line[utf8_prefix(line, TALK_TOAST_MAX, UTF8_UTF16)] = '\0';
	ear->reply->toast = line;
}

int talk_is_enough(struct talk_ear *ear, bool *ret_is, struct err *err)
{
	int64_t answers = 0;
	int status = store_answered_load(ear->talk->store, ear->self.id, ear->channel, ear->now_utc, &answers, err);
	if (status == 0)
		*ret_is = answers >= ANSWERS_PER_HOUR;
	return status;
}

int talk_count_one(struct talk_ear *ear, const char *person, bool *ret_is_enough, struct err *err)
{
	int64_t n = 0;
	int status = store_answered_add(ear->talk->store, person, ear->channel, STORE_ANSWERED_ANSWERS, ear->now_utc,
					&n, err);
	if (status == 0)
		*ret_is_enough = n > ANSWERS_PER_HOUR;
	return status;
}

int talk_count_press(struct talk_ear *ear, enum talk_room *ret_room, struct err *err)
{
	int64_t n = 0;
	int status = store_answered_add(ear->talk->store, ear->self.id, ear->channel, STORE_ANSWERED_PRESSES,
					ear->now_utc, &n, err);
	if (status < 0)
		return status;
	ear->is_counted = true;
	*ret_room = n <= PRESSES_PER_HOUR ? TALK_ROOM : n == PRESSES_PER_HOUR + 1 ? TALK_FULL_NOW : TALK_FULL;
	return 0;
}

static int talk_send(struct talk_ear *ear, const struct compose_text *text, const struct talk_buttons *buttons,
		     struct err *err)
{
	struct store *store = ear->talk->store;
	const struct planner_channel *channel = planner_find_channel(ear->talk->planner, ear->channel);
	int64_t message = 0;
	bool is_enough = false;
	if (channel == NULL || person_address(&ear->self, ear->channel) == NULL)
		return 0;
	int status = ear->is_counted ? 0 : talk_count_one(ear, ear->self.id, &is_enough, err);
	if (status < 0)
		return status;
	if (is_enough) {
		log_debug("person=%s channel=%s: not answered, %d times in this hour are enough", ear->self.id,
			  ear->channel, ANSWERS_PER_HOUR);
		return 0;
	}
	char *json = buttons != NULL ? talk_buttons_print(buttons) : mem_dup("");
	status = store_message_add(store, ear->self.id, ear->channel, "notice", MESSAGE_PENDING, NULL, ear->now_utc,
				   ear->now_utc, channel->domain, 0, &message, err);
	if (status == 0)
		status = store_notice_add_answer(store, message, text->subject, text->text, json, err);
	free(json);
	return status;
}

int talk_answer_facts(struct talk_ear *ear, const struct compose_facts *facts, const struct talk_buttons *buttons,
		      struct err *err)
{
	struct compose_text text;
	struct err problem = {0};
	compose(ear->talk->catalog, facts, &text, &problem);
	talk_log_problem(&problem);
	int status = talk_send(ear, &text, buttons, err);
	compose_text_done(&text);
	return status;
}

int talk_answer(struct talk_ear *ear, const struct talk_words *words, const struct talk_buttons *buttons,
		struct err *err)
{
	const struct compose_facts facts = talk_facts(ear->talk, &ear->self, ear->now_utc, words);
	return talk_answer_facts(ear, &facts, buttons, err);
}

void talk_say(struct talk_ear *ear, const struct person *reader, enum phrase phrase)
{
	const struct talk_words words = {.phrase = phrase};
	const struct compose_facts facts = talk_facts(ear->talk, reader, ear->now_utc, &words);
	struct compose_text text;
	struct err problem = {0};
	compose(ear->talk->catalog, &facts, &text, &problem);
	talk_log_problem(&problem);
	free(ear->reply->say);
	ear->reply->say = mem_printf("%s\n\n%s", text.subject, text.text);
	compose_text_done(&text);
}
