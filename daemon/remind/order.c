#include "remind/order.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"

static const char order_first[] = "first that works";
enum { ORDER_FIRST_LEN = sizeof(order_first) - 1, ORDER_WORDS_MAX = 4096 };

/* ---- reading ------------------------------------------------------------------------------------------------------ */

/* What follows "first that works:"; NULL when the text does not begin so. */
static const char *order_skip_first(const char *text)
{
	text += strspn(text, " \t");
	if (strncmp(text, order_first, ORDER_FIRST_LEN) != 0)
		return NULL;
	text += ORDER_FIRST_LEN;
	text += strspn(text, " \t");
	return *text == ':' ? text + 1 : NULL;
}

static void order_cut(struct strlist *list, size_t n)
{
	while (list->n > n)
		free(list->items[--list->n]);
}

/* "next after 30m" at the end. */
static int order_take_span(struct order *order, struct err *err)
{
	struct strlist *list = &order->channels;
	for (size_t i = 0; i + 1 < list->n; i++) {
		if (strcmp(list->items[i], "next") != 0 || strcmp(list->items[i + 1], "after") != 0)
			continue;
		if (!order->is_first)
			return err_set(err, -EINVAL, "'next after' needs 'first that works:' in front of the channels");
		if (i + 3 != list->n)
			return err_set(err, -EINVAL, "'next after' stands last, with a span such as 30m behind it");
		struct err why = {0};
		if (num_parse_duration_s(list->items[i + 2], ORDER_SPAN_MIN_S, ORDER_SPAN_MAX_S, &order->next_after_s,
					 &why) < 0)
			return err_set(err, -EINVAL, "next after: %s", why.text);
		order_cut(list, i);
	}
	return 0;
}

static int order_check(const struct order *order, struct err *err)
{
	const struct strlist *list = &order->channels;
	if (order->is_first && list->n == 0)
		return err_set(err, -EINVAL, "name the channels behind 'first that works:'");
	for (size_t i = 0; i < list->n && order->is_first; i++)
		if (order_find(order, list->items[i]) != i)
			return err_set(err, -EINVAL, "channel '%s' is there twice", list->items[i]);
	return 0;
}

int order_parse(const char *text, struct order *ret_order, struct err *err)
{
	const char *rest = order_skip_first(text);
	struct order order = {.is_first = rest != NULL, .next_after_s = ORDER_NEXT_AFTER_S};
	if (rest == NULL)
		rest = text;
	if (strchr(rest, ':') != NULL)
		return err_set(err, -EINVAL,
			       "give channels, as in 'telegram, email' or 'first that works: telegram, email'");
	strlist_add_words(&order.channels, rest);
	int status = order_take_span(&order, err);
	if (status == 0)
		status = order_check(&order, err);
	if (status < 0)
		order_done(&order);
	else
		*ret_order = order;
	return status;
}

void order_done(struct order *order)
{
	strlist_done(&order->channels);
	*order = (struct order){0};
}

bool order_check_name(const char *channel, const struct conf *conf, struct err *err)
{
	if (ini_section(conf->ini, "channel", channel) != NULL)
		return true;
	const char **names = mem_zero(conf->n_channels, sizeof(*names));
	for (size_t i = 0; i < conf->n_channels; i++)
		names[i] = conf->channels[i]->name;
	const char *nearest = strlist_nearest(channel, names, conf->n_channels);
	(void)err_set(err, -EINVAL, "there is no [channel %s]%s%s%s", channel,
		      nearest != NULL ? ", did you mean '" : "", nearest != NULL ? nearest : "",
		      nearest != NULL ? "'?" : "");
	free(names);
	return false;
}

/* ---- asking ------------------------------------------------------------------------------------------------------- */

const struct order *order_of(const struct person *person, const struct order *other, struct order *own)
{
	struct err err;
	*own = (struct order){0};
	if (person->channels == NULL || person->channels[0] == '\0')
		return other;
	if (order_parse(person->channels, own, &err) == 0)
		return own;
	log_warning("person=%s channels '%s' make no sense, those of the policy are used: %s", person->id,
		    person->channels, err.text);
	return other;
}

bool order_has(const struct order *order, const char *channel)
{
	return order->channels.n == 0 || strlist_has(&order->channels, channel);
}

size_t order_find(const struct order *order, const char *channel)
{
	size_t i = 0;
	while (i < order->channels.n && strcmp(order->channels.items[i], channel) != 0)
		i++;
	return i;
}

int64_t order_turn_utc(const struct order *order, const char *channel, int64_t from_utc)
{
	bool has_next = order->is_first && order_find(order, channel) + 1 < order->channels.n;
	return has_next ? from_utc + order->next_after_s : 0;
}

/* In the largest unit in which it is whole. */
static void order_add_span(struct buf *words, int64_t span_s)
{
	if (span_s % 3600 == 0)
		buf_printf(words, "%" PRId64 "h", span_s / 3600);
	else if (span_s % 60 == 0)
		buf_printf(words, "%" PRId64 "m", span_s / 60);
	else
		buf_printf(words, "%" PRId64 "s", span_s);
}

char *order_words(const struct order *order)
{
	struct buf words;
	if (order->channels.n == 0)
		return mem_dup("every channel");
	buf_init(&words, ORDER_WORDS_MAX);
	if (order->is_first)
		buf_printf(&words, "%s: ", order_first);
	for (size_t i = 0; i < order->channels.n; i++)
		buf_printf(&words, "%s%s", i == 0 ? "" : order->is_first ? ", " : " ", order->channels.items[i]);
	if (order->is_first) {
		buf_add_str(&words, ", next after ");
		order_add_span(&words, order->next_after_s);
	}
	return buf_take(&words);
}
