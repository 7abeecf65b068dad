#include "message/catalog_sample.h"

#include <string.h>

#include "message/phrase.h"

/* Titles and places as long as those of a real plan. */
static char sample_uid[] = "2025-spring-visit";
static char sample_title[] = "Visit of a delegation of schoolchildren and their teachers from the twin city, with a "
			     "concert & an exhibition";
static char sample_place[] = "Main hall of the House of Culture, 12 <Harbour> Street";
static char sample_note[] = "Agreed in the protocol of last year.\nThe programme is due two weeks before.";
static char sample_short[] = "Report";
static char sample_nothing[] = "";
static char sample_here[] = "Asia/Sakhalin", sample_there[] = "Asia/Shanghai";
static char sample_person[] = "Protocol desk", sample_tag[] = "";

enum { SAMPLE_NOW = 1744668000 }; /* 14 April 2025, 22:00 UTC: the 15th, 09:00 on Sakhalin */
enum { SAMPLE_LATE_S = 3 * 3600 };

enum { CATALOG_SAMPLES = 3 };

static const struct task sample_tasks[CATALOG_SAMPLES] = {
	{.uid = sample_uid,
	 .title = sample_title,
	 .place = sample_place,
	 .note = sample_note,
	 .zone = sample_there,
	 .period = {true, {2025, 4, 15, 14, 30, 0}, {2025, 4, 15, 14, 30, 0}, PERIOD_MINUTE}},
	{.uid = sample_uid,
	 .title = sample_short,
	 .place = sample_nothing,
	 .note = sample_nothing,
	 .zone = sample_here,
	 .period = {false, {0}, {2025, 4, 14, 0, 0, 0}, PERIOD_DAY}},
	{.uid = sample_uid,
	 .title = sample_title,
	 .place = sample_place,
	 .note = sample_note,
	 .zone = sample_there,
	 .period = {true, {2025, 6, 1, 0, 0, 0}, {2025, 6, 30, 0, 0, 0}, PERIOD_MONTH}},
};

static const char *const sample_names[] = {"Protocol desk", "Department of education", "Press office"};
static const struct period sample_before = {true, {2025, 4, 1, 10, 0, 0}, {2025, 4, 1, 10, 0, 0}, PERIOD_MINUTE};
static const struct person sample_reader = {
	.id = sample_uid, .name = sample_person, .language = sample_tag, .zone = sample_here};

#define SAMPLE_ITEM(n, of_kind, of_section)                                                                            \
	{                                                                                                              \
		.task = &sample_tasks[(n)], .kind = (of_kind), .section = (of_section), .responsible = sample_names,   \
		.n_responsible = 3, .holiday_event = "Labour Day", .deputy_for = "Press office",                       \
		.old_period = &sample_before, .due_utc = SAMPLE_NOW - SAMPLE_LATE_S, .n_overdue_dates = 12             \
	}

/* As many as there are forms of a noun to go with: 1, 2 and 5 are enough for any language. */
static const struct compose_item sample_items[] = {
	SAMPLE_ITEM(1, "overdue", COMPOSE_SECTION_OVERDUE), SAMPLE_ITEM(0, "moved", COMPOSE_SECTION_TODAY),
	SAMPLE_ITEM(0, "handoff", COMPOSE_SECTION_TODAY),   SAMPLE_ITEM(2, "fix_date", COMPOSE_SECTION_OPENING),
	SAMPLE_ITEM(0, "escalation", COMPOSE_SECTION_WEEK),
};
static const size_t sample_sizes[CATALOG_SAMPLES] = {5, 0, 2};

static const struct compose_unreachable sample_unreachable[] = {
	{"Department of education", "telegram", "403 Forbidden: bot was blocked by the user", true},
	{"Press <office>", "email", "550 5.1.1 no such user", false},
};

static bool sample_is_kind(const char *kind, const char *const *kinds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(kinds[i], kind) == 0)
			return true;
	return false;
}

unsigned catalog_samples(const char *kind)
{
	return strcmp(kind, "answer") == 0 ? PHRASE_MAX : CATALOG_SAMPLES;
}

static void catalog_sample_answer(unsigned sample, struct compose_facts *ret_facts)
{
	*ret_facts = (struct compose_facts){
		.kind = "answer",
		.task = &sample_tasks[0],
		.person = &sample_reader,
		.now_utc = SAMPLE_NOW,
		.says = phrase_names[sample],
		.answer_date = &sample_before,
	};
}

void catalog_sample(const char *kind, unsigned sample, struct compose_facts *ret_facts)
{
	static const char *const closings[CATALOG_SAMPLES] = {"done", "delete", "cancel"};
	if (strcmp(kind, "answer") == 0) {
		catalog_sample_answer(sample, ret_facts);
		return;
	}
	static const char *const lists[] = {"merged", "catch_up", "digest"}, *const bare[] = {"notice", "test"};
	bool is_list = sample_is_kind(kind, lists, 3), is_bare = sample_is_kind(kind, bare, 2), is_full = sample == 0;
	size_t n = sample_sizes[sample];
	if (is_list && n == 0 && strcmp(kind, "digest") != 0)
		n = 2; /* only a digest may have nothing to tell */
	*ret_facts = (struct compose_facts){
		.kind = kind,
		.task = is_list || is_bare ? NULL : &sample_tasks[sample],
		.person = &sample_reader,
		.step = "30d before start at 09:00",
		.now_utc = SAMPLE_NOW,
		.due_utc = is_list || is_bare ? 0
			   : sample == 1      ? SAMPLE_NOW
					      : SAMPLE_NOW - SAMPLE_LATE_S,
		.channel = "email",
		.items = is_list && n > 0 ? sample_items : NULL,
		.n_items = is_list ? n : 0,
		.max_items = sample == 2 ? 1 : 0, /* as if there were no room for two */
		.unreachable = sample_unreachable,
		.n_unreachable = is_list && is_full ? 2 : 0,
		.responsible = is_full ? sample_names : NULL,
		.n_responsible = is_full ? 3 : 0,
		.old_period = is_full ? &sample_before : NULL,
		.holiday_event = is_full ? "Labour Day" : NULL,
		.holiday_reader = is_full ? "Harbour Day" : NULL,
		.deputy_for = is_full ? "Press office" : NULL,
		.notice = strcmp(kind, "notice") == 0 ? "A channel is stopped.\nSee the log." : NULL,
		.is_held = sample == 2,
		.closed_how = closings[sample],
		.is_one_date = sample == 2,
		.closed_by = is_full ? sample_person : NULL,
		.closed_utc = is_full ? SAMPLE_NOW : 0,
	};
}
