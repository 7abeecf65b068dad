#include "period_language.h"

#include <string.h>

#define ISO_DAYS "%y-%o-%a/%Y-%O-%A"
#define ISO_ABOUT "%y-%o-%a~/%Y-%O-%A~"

static const struct period_language period_language_none = {
	.name = "iso",
	.shapes =
		{
			[SHAPE_MINUTE] = "%y-%o-%aT%t",
			[SHAPE_DAY] = "%y-%o-%a",
			[SHAPE_WEEK] = "%i-W%k",
			[SHAPE_MONTH] = "%y-%o",
			[SHAPE_QUARTER] = "%y-Q%u",
			[SHAPE_HALF_YEAR] = "%y-H%u",
			[SHAPE_YEAR] = "%y",
			[SHAPE_YEARS] = ISO_DAYS,
			[SHAPE_MONTHS] = ISO_DAYS,
			[SHAPE_MONTHS_ACROSS] = ISO_DAYS,
			[SHAPE_MONTH_DAYS] = ISO_DAYS,
			[SHAPE_DAYS] = ISO_DAYS,
			[SHAPE_DAYS_ACROSS] = ISO_DAYS,
			[SHAPE_STRETCH] = ISO_ABOUT,
			[SHAPE_STRETCHES] = ISO_ABOUT,
			[SHAPE_LIMIT_DAY] = "../%y-%o-%a",
			[SHAPE_LIMIT_MINUTE] = "../%y-%o-%aT%t",
		},
};

static const struct period_language period_language_russian = {
	.name = "ru",
	.shapes =
		{
			[SHAPE_MINUTE] = "%d %g %y года в %t",
			[SHAPE_DAY] = "%d %g %y года",
			[SHAPE_WEEK] = "неделя с %d %g %y года",
			[SHAPE_MONTH] = "%n %y года",
			[SHAPE_QUARTER] = "%r квартал %y года",
			[SHAPE_HALF_YEAR] = "%r полугодие %y года",
			[SHAPE_YEAR] = "%y год",
			[SHAPE_YEARS] = "%y–%Y годы",
			[SHAPE_MONTHS] = "%n–%N %y года",
			[SHAPE_MONTHS_ACROSS] = "%n %y года – %N %Y года",
			[SHAPE_MONTH_DAYS] = "%d–%D %g %y года",
			[SHAPE_DAYS] = "%d %g – %D %G %y года",
			[SHAPE_DAYS_ACROSS] = "%d %g %y года – %D %G %Y года",
			[SHAPE_STRETCH] = "%s %g %y года",
			[SHAPE_STRETCHES] = "%s %g %y года – %S %G %Y года",
			[SHAPE_LIMIT_DAY] = "не позднее %d %g %y года",
			[SHAPE_LIMIT_MINUTE] = "не позднее %d %g %y года в %t",
		},
	.stretches = {"начало", "середина", "конец", "первая половина", "вторая половина"},
	.names = {"январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь",
		  "ноябрь", "декабрь"},
	.genitives = {"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября",
		      "ноября", "декабря"},
	.prepositionals = {"январе", "феврале", "марте", "апреле", "мае", "июне", "июле", "августе", "сентябре",
			   "октябре", "ноябре", "декабре"},
	.clauses =
		{
			[CLAUSE_DAY] = "ежедневно",
			[CLAUSE_WEEK] = "еженедельно",
			[CLAUSE_MONTH] = "ежемесячно",
			[CLAUSE_QUARTER] = "ежеквартально",
			[CLAUSE_HALF] = "каждое полугодие",
			[CLAUSE_YEAR] = "ежегодно",
			[CLAUSE_ON_DAY] = "%d числа каждого месяца",
			[CLAUSE_UNTIL_DAY] = "не позднее %d числа каждого месяца",
			[CLAUSE_ON_LAST_DAY] = "в последний день каждого месяца",
			[CLAUSE_UNTIL_LAST_DAY] = "не позднее последнего дня каждого месяца",
			[CLAUSE_OF_MONTH] = " каждого месяца",
			[CLAUSE_TIME] = " в %t",
			[CLAUSE_BESIDE_DATE] = ", ежегодно",
		},
	.weekdays = {"каждый понедельник", "каждый вторник", "каждую среду", "каждый четверг", "каждую пятницу",
		     "каждую субботу", "каждое воскресенье"},
	.nths = {{"в первый ", "в первую ", "в первое "},
		 {"во второй ", "во вторую ", "во второе "},
		 {"в третий ", "в третью ", "в третье "},
		 {"в четвёртый ", "в четвёртую ", "в четвёртое "},
		 {"в последний ", "в последнюю ", "в последнее "}},
	.days = {"понедельник", "вторник", "среду", "четверг", "пятницу", "субботу", "воскресенье"},
	.genders = {0, 0, 1, 0, 1, 1, 2},
	.windows =
		{
			[SHAPE_MONTH] = " в %p %y года",
			[SHAPE_YEAR] = " в %y году",
			[SHAPE_YEARS] = " в %y–%Y годах",
			[SHAPE_MONTHS] = " с %g по %N %y года",
			[SHAPE_MONTHS_ACROSS] = " с %g %y года по %N %Y года",
			[SHAPE_MONTH_DAYS] = " с %d по %D %g %y года",
			[SHAPE_DAYS] = " с %d %g по %D %G %y года",
			[SHAPE_DAYS_ACROSS] = " с %d %g %y года по %D %G %Y года",
		},
};

static const struct period_language period_language_english = {
	.name = "en",
	.shapes =
		{
			[SHAPE_MINUTE] = "%d %n %y at %t",
			[SHAPE_DAY] = "%d %n %y",
			[SHAPE_WEEK] = "the week of %d %n %y",
			[SHAPE_MONTH] = "%n %y",
			[SHAPE_QUARTER] = "Q%u %y",
			[SHAPE_HALF_YEAR] = "H%u %y",
			[SHAPE_YEAR] = "%y",
			[SHAPE_YEARS] = "%y–%Y",
			[SHAPE_MONTHS] = "%n–%N %y",
			[SHAPE_MONTHS_ACROSS] = "%n %y – %N %Y",
			[SHAPE_MONTH_DAYS] = "%d–%D %n %y",
			[SHAPE_DAYS] = "%d %n – %D %N %y",
			[SHAPE_DAYS_ACROSS] = "%d %n %y – %D %N %Y",
			[SHAPE_STRETCH] = "%s%n %y",
			[SHAPE_STRETCHES] = "%s%n %y – %S%N %Y",
			[SHAPE_LIMIT_DAY] = "by %d %n %y",
			[SHAPE_LIMIT_MINUTE] = "by %d %n %y at %t",
		},
	.stretches = {"early ", "mid-", "late ", "the first half of ", "the second half of "},
	.names = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
		  "November", "December"},
	.clauses =
		{
			[CLAUSE_DAY] = "every day",
			[CLAUSE_WEEK] = "every week",
			[CLAUSE_MONTH] = "every month",
			[CLAUSE_QUARTER] = "every quarter",
			[CLAUSE_HALF] = "every half-year",
			[CLAUSE_YEAR] = "every year",
			[CLAUSE_ON_DAY] = "on the %e of every month",
			[CLAUSE_UNTIL_DAY] = "by the %e of every month",
			[CLAUSE_ON_LAST_DAY] = "on the last day of every month",
			[CLAUSE_UNTIL_LAST_DAY] = "by the last day of every month",
			[CLAUSE_OF_MONTH] = " of every month",
			[CLAUSE_TIME] = " at %t",
			[CLAUSE_BESIDE_DATE] = ", every year",
		},
	.weekdays = {"every Monday", "every Tuesday", "every Wednesday", "every Thursday", "every Friday",
		     "every Saturday", "every Sunday"},
	.nths = {{"on the first "}, {"on the second "}, {"on the third "}, {"on the fourth "}, {"on the last "}},
	.days = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
	.windows =
		{
			[SHAPE_MONTH] = " in %n %y",
			[SHAPE_YEAR] = " in %y",
			[SHAPE_YEARS] = " in %y–%Y",
			[SHAPE_MONTHS] = " from %n to %N %y",
			[SHAPE_MONTHS_ACROSS] = " from %n %y to %N %Y",
			[SHAPE_MONTH_DAYS] = " from %d to %D %n %y",
			[SHAPE_DAYS] = " from %d %n to %D %N %y",
			[SHAPE_DAYS_ACROSS] = " from %d %n %y to %D %N %Y",
		},
};

static const struct period_language period_language_chinese = {
	.name = "zh",
	.shapes =
		{
			[SHAPE_MINUTE] = "%y年%m月%d日%t",
			[SHAPE_DAY] = "%y年%m月%d日",
			[SHAPE_WEEK] = "%i年第%w周",
			[SHAPE_MONTH] = "%y年%m月",
			[SHAPE_QUARTER] = "%y年第%u季度",
			[SHAPE_HALF_YEAR] = "%y年%x半年",
			[SHAPE_YEAR] = "%y年",
			[SHAPE_YEARS] = "%y年至%Y年",
			[SHAPE_MONTHS] = "%y年%m月至%M月",
			[SHAPE_MONTHS_ACROSS] = "%y年%m月至%Y年%M月",
			[SHAPE_MONTH_DAYS] = "%y年%m月%d日至%D日",
			[SHAPE_DAYS] = "%y年%m月%d日至%M月%D日",
			[SHAPE_DAYS_ACROSS] = "%y年%m月%d日至%Y年%M月%D日",
			[SHAPE_STRETCH] = "%y年%m月%s",
			[SHAPE_STRETCHES] = "%y年%m月%s至%Y年%M月%S",
			[SHAPE_LIMIT_DAY] = "不晚于%y年%m月%d日",
			[SHAPE_LIMIT_MINUTE] = "不晚于%y年%m月%d日%t",
		},
	.stretches = {"上旬", "中旬", "下旬", "上半月", "下半月"},
	.clauses =
		{
			[CLAUSE_DAY] = "每天",
			[CLAUSE_WEEK] = "每周",
			[CLAUSE_MONTH] = "每月",
			[CLAUSE_QUARTER] = "每季度",
			[CLAUSE_HALF] = "每半年",
			[CLAUSE_YEAR] = "每年",
			[CLAUSE_ON_DAY] = "每月%d日",
			[CLAUSE_UNTIL_DAY] = "每月不晚于%d日",
			[CLAUSE_ON_LAST_DAY] = "每月最后一天",
			[CLAUSE_UNTIL_LAST_DAY] = "每月不晚于最后一天",
			[CLAUSE_OF_MONTH] = "",
			[CLAUSE_TIME] = "%t",
			[CLAUSE_BESIDE_DATE] = "，每年",
		},
	.weekdays = {"每周一", "每周二", "每周三", "每周四", "每周五", "每周六", "每周日"},
	.nths = {{"每月第一个"}, {"每月第二个"}, {"每月第三个"}, {"每月第四个"}, {"每月最后一个"}},
	.days = {"周一", "周二", "周三", "周四", "周五", "周六", "周日"},
	.windows =
		{
			[SHAPE_MONTH] = "%y年%m月",
			[SHAPE_YEAR] = "%y年",
			[SHAPE_YEARS] = "%y年至%Y年",
			[SHAPE_MONTHS] = "%y年%m月至%M月",
			[SHAPE_MONTHS_ACROSS] = "%y年%m月至%Y年%M月",
			[SHAPE_MONTH_DAYS] = "%y年%m月%d日至%D日",
			[SHAPE_DAYS] = "%y年%m月%d日至%M月%D日",
			[SHAPE_DAYS_ACROSS] = "%y年%m月%d日至%Y年%M月%D日",
		},
	.is_window_first = true,
};

const struct period_language *period_language_iso(void)
{
	return &period_language_none;
}

const struct period_language *period_language_find(const char *name)
{
	static const struct period_language *const languages[] = {&period_language_russian, &period_language_english,
								  &period_language_chinese};
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
		if (strcmp(languages[i]->name, name) == 0)
			return languages[i];
	return &period_language_none;
}
