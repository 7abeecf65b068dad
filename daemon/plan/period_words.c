#include "plan/period_phrase.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "plan/period_repeat.h"

struct period_entry {
	enum period_word word;
	int value;
	const char *forms; /* separated by blanks; lower case, е for ё */
};

static const struct period_entry period_entries[] = {
	{WORD_MONTH, 1, "январь января январю январем январе янв january jan"},
	{WORD_MONTH, 2, "февраль февраля февралю февралем феврале фев февр february feb"},
	{WORD_MONTH, 3, "март марта марту мартом марте мар march mar"},
	{WORD_MONTH, 4, "апрель апреля апрелю апрелем апреле апр april apr"},
	{WORD_MONTH, 5, "май мая маю маем мае may"},
	{WORD_MONTH, 6, "июнь июня июню июнем июне июн june jun"},
	{WORD_MONTH, 7, "июль июля июлю июлем июле июл july jul"},
	{WORD_MONTH, 8, "август августа августу августом августе авг august aug"},
	{WORD_MONTH, 9, "сентябрь сентября сентябрю сентябрем сентябре сен сент september sep sept"},
	{WORD_MONTH, 10, "октябрь октября октябрю октябрем октябре окт october oct"},
	{WORD_MONTH, 11, "ноябрь ноября ноябрю ноябрем ноябре ноя нояб november nov"},
	{WORD_MONTH, 12, "декабрь декабря декабрю декабрем декабре дек december dec"},

	{WORD_WEEKDAY, 1, "понедельник понедельника понедельнику понедельником пн monday mon 星期一 周一"},
	{WORD_WEEKDAY, 2, "вторник вторника вторнику вторником вт tuesday tue 星期二 周二"},
	{WORD_WEEKDAY, 3, "среда среды среде среду средой ср wednesday wed 星期三 周三"},
	{WORD_WEEKDAY, 4, "четверг четверга четвергу четвергом чт thursday thu 星期四 周四"},
	{WORD_WEEKDAY, 5, "пятница пятницы пятнице пятницу пятницей пт friday fri 星期五 周五"},
	{WORD_WEEKDAY, 6, "суббота субботы субботе субботу субботой сб saturday sat 星期六 周六"},
	{WORD_WEEKDAY, 7, "воскресенье воскресенья воскресенью воскресеньем вс sunday sun 星期日 星期天 周日 周天"},

	{WORD_SEASON, 1, "весна весны весне весну весной spring 春季 春天 春"},
	{WORD_SEASON, 2, "лето лета лету летом лете summer 夏季 夏天 夏"},
	{WORD_SEASON, 3, "осень осени осенью autumn fall 秋季 秋天 秋"},
	{WORD_SEASON, 4, "зима зимы зиме зиму зимой winter 冬季 冬天 冬"},

	{WORD_ORDINAL, 1, "первый первая первое первого первой первом первую первому first"},
	{WORD_ORDINAL, 2, "второй вторая второе второго втором вторую второму second"},
	{WORD_ORDINAL, 3, "третий третья третье третьего третьей третьем третью третьему third"},
	{WORD_ORDINAL, 4, "четвертый четвертая четвертое четвертого четвертой четвертом четвертую четвертому fourth"},
	{WORD_ORDINAL, 5, "пятый пятая пятое пятого пятой пятом пятую пятому fifth"},
	{WORD_ORDINAL, PERIOD_LAST, "последний последняя последнее последней последнюю последнего последнем last 最后"},

	{WORD_QUARTER, 0,
	 "квартал квартала кварталу кварталом квартале кварталы кварталов кварталах кв quarter quarters 季度"},
	{WORD_HALF, 0,
	 "полугодие полугодия полугодию полугодием полугодии половина половины половине половину half 半年"},
	{WORD_THE_HALF, 1, "上半年"},
	{WORD_THE_HALF, 2, "下半年"},
	{WORD_WEEK, 0, "неделя недели неделе неделю неделей нед week weeks 周 星期"},
	{WORD_DECADE, 0, "декада декады декаде декаду декадой"},
	{WORD_THE_DECADE, 1, "上旬"},
	{WORD_THE_DECADE, 2, "中旬"},
	{WORD_THE_DECADE, 3, "下旬"},
	{WORD_THE_STRETCH, STRETCH_FIRST_HALF, "上半月"},
	{WORD_THE_STRETCH, STRETCH_SECOND_HALF, "下半月"},
	{WORD_THE_STRETCH, STRETCH_FIRST_DECADES, "上中旬"},
	{WORD_THE_STRETCH, STRETCH_LAST_DECADES, "中下旬"},
	{WORD_EDGE, 1, "начало начала началу начале началом early beginning start 初"},
	{WORD_EDGE, 2, "середина середины середине середину серединой mid middle"},
	{WORD_EDGE, 3, "конец конца концу конце концом late end 底 末"},

	{WORD_YEAR, 0, "год года году годом годе годы годов годах гг г year years 年 年度"},
	{WORD_YEAR, 1, "全年 年内"},
	{WORD_MONTH_UNIT, 0, "месяц месяца месяце month 月 月份"},
	{WORD_DAY_UNIT, 0, "число числа числу числом числе 日 号"},
	{WORD_DAY, 0, "день дня дню днем дне day 天"},
	{WORD_Q, 0, "q"},
	{WORD_H, 0, "h"},
	{WORD_W, 0, "w"},
	{WORD_T, 0, "t"},

	{WORD_IN, 0, "на за in on at for 在 于"},
	{WORD_IN, 1, "в во"}, /* an hour may follow */
	{WORD_THE, 0, "the"},
	{WORD_OF, 0, "of"},
	{WORD_FROM, 0, "с со c from 从 自"}, /* the third is the Latin letter, which typists mix up */
	{WORD_TO, 0, "по to through thru 至 到"},
	{WORD_UNTIL, 0, "до к ко by until till 截至 截止 截止到 不晚于 不迟于 最迟 最迟于"},
	{WORD_BEFORE, 0, "前 之前 以前 前完成"},
	{WORD_BEFORE, 1, "止 为止"}, /* of a range as well */
	{WORD_AND, 0, "и and 和"},
	{WORD_NEXT_YEAR, 0, "次年 翌年"},
	{WORD_PIECE, 0, "个"},
	{WORD_NOT, 0, "не no not"},
	{WORD_LATER, 0, "позднее позже later"},
	{WORD_THAN, 0, "чем than"},
	{WORD_SPAN, 0, "течение протяжении during throughout"},
	{WORD_FRAME, 0, "срок период period"},
	{WORD_INCLUSIVE, 0, "включительно inclusive"},
	{WORD_HOUR_UNIT, 0, "ч час часа часов 点 时"},
	{WORD_HOUR_UNIT, 30, "点半"},
	{WORD_MINUTE_UNIT, 0, "мин минут минута минуты 分"},
	{WORD_HALF_DAY, 0, "am"},
	{WORD_HALF_DAY, 12, "pm"},
	{WORD_DAY_PART, 6, "凌晨"},
	{WORD_DAY_PART, 12, "上午 早上"},
	{WORD_DAY_PART, 1113, "中午"},
	{WORD_DAY_PART, 1219, "下午"},
	{WORD_DAY_PART, 1723, "晚上"},
	{WORD_NTH, 0, "第"},
	{WORD_ONCE, 0, "一次"},
	{WORD_TIMES, 0, "раз"},
	{WORD_REPEAT, REPEAT_DAY, "ежедневно daily"},
	{WORD_REPEAT, REPEAT_WEEK, "еженедельно weekly"},
	{WORD_REPEAT, REPEAT_MONTH, "ежемесячно monthly"},
	{WORD_REPEAT, REPEAT_QUARTER, "ежеквартально quarterly"},
	{WORD_REPEAT, REPEAT_YEAR, "ежегодно yearly annually"},
	{WORD_EVERY, 0, "каждый каждая каждое каждую каждые каждого каждой каждом каждому every each 每"},
	{WORD_WEEKDAYS, 1, "понедельникам mondays"},
	{WORD_WEEKDAYS, 2, "вторникам tuesdays"},
	{WORD_WEEKDAYS, 3, "средам wednesdays"},
	{WORD_WEEKDAYS, 4, "четвергам thursdays"},
	{WORD_WEEKDAYS, 5, "пятницам fridays"},
	{WORD_WEEKDAYS, 6, "субботам saturdays"},
	{WORD_WEEKDAYS, 7, "воскресеньям sundays"},
};

enum {
	PERIOD_WORD_MAX = 48,    /* no known word is longer */
	PERIOD_HINT_LETTERS = 5, /* shorter words are alike by chance */
};

/* The next of the forms, or NULL behind the last; *ret_len is its length. */
static const char *period_words_next(const char *form, size_t *ret_len)
{
	form += strcspn(form, " ");
	form += strspn(form, " ");
	*ret_len = strcspn(form, " ");
	return *form != '\0' ? form : NULL;
}

bool period_words_find(const char *text, size_t len, enum period_word *ret_word, int *ret_value)
{
	for (size_t i = 0; i < sizeof(period_entries) / sizeof(period_entries[0]); i++) {
		size_t form_len = strcspn(period_entries[i].forms, " ");
		for (const char *form = period_entries[i].forms; form != NULL;
		     form = period_words_next(form, &form_len))
			if (form_len == len && memcmp(form, text, len) == 0) {
				*ret_word = period_entries[i].word;
				*ret_value = period_entries[i].value;
				return true;
			}
	}
	return false;
}

static unsigned period_words_distance(const char *form, size_t form_len, const char *text, size_t len, unsigned limit)
{
	char a[PERIOD_WORD_MAX + 1], b[PERIOD_WORD_MAX + 1];
	if (form_len >= len + limit || len >= form_len + limit)
		return limit; /* so many letters are missing already */
	assert(form_len <= PERIOD_WORD_MAX && len <= PERIOD_WORD_MAX);
	memcpy(a, form, form_len);
	a[form_len] = '\0';
	memcpy(b, text, len);
	b[len] = '\0';
	return num_edit_distance(a, b, limit);
}

static size_t period_words_letters(const char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += (text[i] & 0xc0) != 0x80;
	return n;
}

const char *period_words_nearest(const char *text, size_t len, size_t *ret_len)
{
	unsigned best = (unsigned)len / 6 + 1; /* bytes, most letters having two: a third of the word at most */
	const char *nearest = NULL;
	if (period_words_letters(text, len) < PERIOD_HINT_LETTERS || len > PERIOD_WORD_MAX)
		return NULL;
	for (size_t i = 0; i < sizeof(period_entries) / sizeof(period_entries[0]); i++) {
		size_t form_len = strcspn(period_entries[i].forms, " ");
		for (const char *form = period_entries[i].forms; form != NULL;
		     form = period_words_next(form, &form_len)) {
			unsigned distance = period_words_distance(form, form_len, text, len, best + 1);
			if (distance < best || (distance == best && nearest == NULL)) {
				best = distance;
				nearest = form;
				*ret_len = form_len;
			}
		}
	}
	return nearest;
}
