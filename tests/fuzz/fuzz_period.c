/* A phrase that is understood is printed in every language so that it is understood as the same again. */
#include "fuzz.h"
#include "period_print.h"

struct meaning {
	struct period period;
	char rrule[PERIOD_RRULE_SIZE];
};

static bool understand(const char *phrase, int default_year, struct meaning *ret_meaning)
{
	struct period_error error = {.offset = 0};
	if (period_parse_repeat(phrase, default_year, &ret_meaning->period, ret_meaning->rrule, &error) == 0)
		return true;
	FUZZ_NEED(error.err.text[0] != '\0', phrase);
	FUZZ_NEED(error.offset + error.length <= strlen(phrase), phrase);
	return false;
}

static bool is_same(const struct meaning *a, const struct meaning *b)
{
	const struct period *p = &a->period, *q = &b->period;
	return p->has_start == q->has_start && p->precision == q->precision &&
	       (!p->has_start || civil_compare(&p->start, &q->start) == 0) && civil_compare(&p->end, &q->end) == 0 &&
	       strcmp(a->rrule, b->rrule) == 0;
}

static void check_sane(const char *phrase, const struct meaning *meaning)
{
	const struct period *period = &meaning->period;
	FUZZ_NEED(civil_is_valid(&period->end), phrase);
	FUZZ_NEED(!period->has_start || civil_is_valid(&period->start), phrase);
	FUZZ_NEED(!period->has_start || civil_compare(&period->start, &period->end) <= 0, phrase);
	FUZZ_NEED(period->precision < PERIOD_PRECISION_MAX, phrase);
}

static void check_printed(const struct meaning *meaning)
{
	static const char *const languages[] = {"ru", "en", "zh", "iso"};
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		struct meaning again;
		struct buf text;
		buf_init(&text, 1000);
		period_print_repeat(&meaning->period, meaning->rrule, languages[i], &text);
		bool has_words = meaning->rrule[0] == '\0' || strstr(buf_str(&text), " RRULE:") == NULL;
		FUZZ_NEED(!has_words || understand(buf_str(&text), 0, &again), buf_str(&text));
		FUZZ_NEED(!has_words || is_same(meaning, &again), buf_str(&text));
		buf_done(&text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	char *phrase = fuzz_take_rest(&input);
	struct meaning named, meant;
	bool is_named = understand(phrase, 0, &named), is_meant = understand(phrase, 2025, &meant);
	FUZZ_NEED(!is_named || (is_meant && is_same(&named, &meant)), phrase); /* the year it names is the year */
	if (is_meant) {
		check_sane(phrase, &meant);
		check_printed(&meant);
	}
	free(phrase);
	return 0;
}
