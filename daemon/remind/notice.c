#include "remind/notice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/strlist.h"
#include "store/store_message.h"
#include "store/store_notice.h"
#include "store/store_person.h"

static int notice_send(const struct planner *planner, struct store *store, const struct person *person,
		       const char *text, int64_t now_utc, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < planner->n_channels && status == 0; i++) {
		const struct planner_channel *channel = &planner->channels[i];
		int64_t message = 0;
		if (person_address(person, channel->name) == NULL)
			continue;
		status = store_message_add(store, person->id, channel->name, "notice", MESSAGE_PENDING, NULL, now_utc,
					   now_utc, channel->domain, 0, &message, err);
		if (status == 0)
			status = store_notice_add(store, message, text, err);
	}
	return status;
}

static void notice_log(const struct planner *planner, const char *text)
{
	if (planner->logged != NULL && strlist_has(planner->logged, text))
		return;
	log_warning("%s", text);
	if (planner->logged != NULL)
		strlist_add(planner->logged, text, strlen(text));
}

static int notice_tell(const struct planner *planner, struct store *store, const char *text, int64_t now_utc,
		       struct err *err)
{
	const char *operator_id = planner->operator_id;
	struct person person;
	notice_log(planner, text);
	if (operator_id == NULL)
		return 0;
	int status = store_person_load(store, operator_id, &person, err);
	if (status == -ENOENT) {
		log_error("operator = %s: there is no such person, so only the log says it", operator_id);
		return 0;
	}
	if (status < 0)
		return status;
	status = notice_send(planner, store, &person, text, now_utc, err);
	person_done(&person);
	return status;
}

int notice_once(const struct planner *planner, struct store *store, const char *key, const char *text, int64_t now_utc,
		struct err *err)
{
	char *name = mem_printf("notice %s", key), *said = NULL;
	int status = store_meta_load(store, name, &said, err);
	if (status == 0 && said == NULL) {
		status = store_meta_save(store, name, "said", err);
		if (status == 0)
			status = notice_tell(planner, store, text, now_utc, err);
	}
	free(said);
	free(name);
	return status;
}

int notice_again(const struct planner *planner, struct store *store, enum notice_span span, const struct zone *zone,
		 const char *key, const char *text, int64_t now_utc, struct err *err)
{
	const struct civil today = zone_to_civil(zone, now_utc);
	char day[CIVIL_DATE_SIZE];
	civil_format_date(&today, day);
	char *dated = mem_printf("%s %.*s", key, (int)span, day);
	int status = notice_once(planner, store, dated, text, now_utc, err);
	free(dated);
	return status;
}
