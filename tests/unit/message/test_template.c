#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "message/template.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* The partials of a case: an object of texts, compiled when first asked for. */
struct partials {
	const json_t *texts;
	struct template *compiled[8];
	const char *names[8];
	size_t n;
};

static const struct template *find_partial(void *arg, const char *name)
{
	struct partials *partials = arg;
	for (size_t i = 0; i < partials->n; i++)
		if (strcmp(partials->names[i], name) == 0)
			return partials->compiled[i];
	const json_t *text = json_object_get(partials->texts, name);
	if (text == NULL)
		return NULL;
	struct err err = {""};
	assert_true(partials->n < COUNT(partials->compiled));
	if (template_compile(json_string_value(text), &partials->compiled[partials->n], NULL, &err) < 0)
		fail_msg("partial %s: %s", name, err.text);
	partials->names[partials->n] = json_object_iter_key(json_object_iter_at((json_t *)partials->texts, name));
	return partials->compiled[partials->n++];
}

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text != NULL ? text : "{}", JSON_DECODE_ANY, &error);
	if (json == NULL)
		fail_msg("%s: %s", text, error.text);
	return json;
}

static struct template *compile(const char *text)
{
	struct template *template = NULL;
	struct err err = {""};
	if (template_compile(text, &template, NULL, &err) < 0)
		fail_msg("'%s': %s", text, err.text);
	return template;
}

/* Renders text with data and partials (both JSON, NULL for {}); owned by the caller. */
static char *render(const char *text, const char *data, const char *partial_texts, enum escape escape)
{
	struct buf out;
	struct err err = {""};
	json_t *json = parse(data), *texts = parse(partial_texts);
	struct partials partials = {.texts = texts};
	struct template *template = compile(text);
	buf_init(&out, 4096);
	int r = template_render(template, json, escape, find_partial, &partials, &out, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	for (size_t i = 0; i < partials.n; i++)
		template_free(partials.compiled[i]);
	template_free(template);
	json_decref(json);
	json_decref(texts);
	return buf_take(&out);
}

struct row {
	const char *template, *data, *partials, *expected;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *text = render(rows[i].template, rows[i].data, rows[i].partials, ESCAPE_HTML);
		if (strcmp(text, rows[i].expected) != 0)
			fail_msg("row %zu: '%s' gave '%s', not '%s'", i, rows[i].template, text, rows[i].expected);
		free(text);
	}
}

static void template__interpolation(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"", NULL, NULL, ""},
		{"no tags, {single} braces } } {", NULL, NULL, "no tags, {single} braces } } {"},
		{"Dear {{name}}!\n", "{\"name\": \"Li\"}", NULL, "Dear Li!\n"},
		{"{{a}}{{b}}{{a}}", "{\"a\": \"x\", \"b\": \"y\"}", NULL, "xyx"},
		{"{{a}}", "{\"a\": \"{{b}}\", \"b\": \"no\"}", NULL, "{{b}}"},
		{"{{t}}", "{\"t\": \"<b> & 'x' \\\"y\\\"\"}", NULL, "&lt;b&gt; &amp; &#39;x&#39; &quot;y&quot;"},
		{"{{{t}}} {{&t}}", "{\"t\": \"<&'\\\">\"}", NULL, "<&'\"> <&'\">"},
		{"{{ t }}|{{{ t }}}|{{& t }}|{{\nt\n}}", "{\"t\": 1}", NULL, "1|1|1|1"},
		{"[{{gone}}{{{gone}}}{{&gone}}]", NULL, NULL, "[]"},
		{"[{{t}}]", "{\"t\": null}", NULL, "[]"},
		{"{{i}} {{n}} {{z}}", "{\"i\": 85, \"n\": -3, \"z\": 0}", NULL, "85 -3 0"},
		{"{{big}}", "{\"big\": 9007199254740993}", NULL, "9007199254740993"},
		{"{{a}} {{b}} {{c}} {{d}}", "{\"a\": 1.50, \"b\": 0.1, \"c\": 3.0, \"d\": -2.5}", NULL,
		 "1.5 0.1 3 -2.5"},
		{"{{a}} {{b}}", "{\"a\": 0.30000000000000004, \"b\": 1e300}", NULL, "0.30000000000000004 1e+300"},
		{"{{t}} {{f}}", "{\"t\": true, \"f\": false}", NULL, "true false"},
		{"[{{o}}{{l}}]", "{\"o\": {\"a\": 1}, \"l\": [1, 2]}", NULL, "[]"},
		{"{{a.b.c}}", "{\"a\": {\"b\": {\"c\": \"deep\"}}}", NULL, "deep"},
		{"[{{a.b.x}}{{a.x.c}}{{x.b.c}}]", "{\"a\": {\"b\": {\"c\": 1}}}", NULL, "[]"},
		{"[{{a.b.c}}]", "{\"a\": {\"b\": \"text\"}}", NULL, "[]"},
		{"{{a.b}}", "{\"a.b\": \"flat\", \"a\": {\"b\": \"walked\"}}", NULL, "walked"},
		{"[{{a.b}}]", "{\"a.b\": \"flat\"}", NULL, "[]"},
		/* the first part decides where the rest is looked up, even when it is not there */
		{"[{{#in}}{{a.b}}{{/in}}]", "{\"a\": {\"b\": \"outer\"}, \"in\": {\"a\": {}}}", NULL, "[]"},
		{"{{.}}", "\"<whole>\"", NULL, "&lt;whole&gt;"},
		{"{{{.}}} {{&.}}", "\"<w>\"", NULL, "<w> <w>"},
		{"{{дата}} {{名}}", "{\"дата\": \"1 мая\", \"名\": \"李\"}", NULL, "1 мая 李"},
		{"  {{t}}\n", "{\"t\": \"x\"}", NULL, "  x\n"}, /* never standalone */
		{"  {{{t}}}\n {{&gone}} \n", "{\"t\": \"x\"}", NULL, "  x\n  \n"},
	};
	check_rows(rows, COUNT(rows));
}

static void template__comments_and_delimiters(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"a{{! gone }}b", NULL, NULL, "ab"},
		{"a {{! over\ntwo lines }}b", NULL, NULL, "a b"},
		{"a\n{{! alone }}\nb\n", NULL, NULL, "a\nb\n"},
		{"a\n\t {{! alone, with blanks }}  \nb\n", NULL, NULL, "a\nb\n"},
		{"a\r\n{{! alone }}\r\nb", NULL, NULL, "a\r\nb"},
		{"  {{! first line }}\nb", NULL, NULL, "b"},
		{"a\n  {{! last line }}", NULL, NULL, "a\n"},
		{"a\n  {{!\n many\n lines\n }}\nb", NULL, NULL, "a\nb"},
		{"a {{! not alone }}\nb", NULL, NULL, "a \nb"},
		{"{{!a}} {{!b}}\n", NULL, NULL, " \n"},
		{"{{!}}x{{! {{name }}y", NULL, NULL, "xy"},
		{"{{!name}}{{! name }}{{!! name}}", "{\"name\": 1, \"! name\": 2}", NULL, ""},

		{"{{=<% %>=}}<%a%> {{a}}", "{\"a\": 1}", NULL, "1 {{a}}"},
		{"{{= | | =}}|a|", "{\"a\": 1}", NULL, "1"},
		{"{{=[ ]=}}[a] [&b] [{b}]", "{\"a\": 1, \"b\": \"<\"}", NULL, "1 < <"},
		{"{{=| |=}}|#s||a||/s|", "{\"s\": [{\"a\": 1}, {\"a\": 2}]}", NULL, "12"},
		{"{{a}}{{=<% %>=}}<%a%><%={{ }}=%>{{a}}", "{\"a\": 1}", NULL, "111"},
		{"{{#s}}{{a}}{{=<% %>=}}<%/s%><%a%>", "{\"s\": true, \"a\": 1}", NULL, "11"},
		{"x\n  {{=@ @=}} \ny@a@", "{\"a\": 1}", NULL, "x\ny1"},
		{"x {{=@ @=}}\n@a@", "{\"a\": 1}", NULL, "x \n1"},
		{"|\r\n{{=@ @=}}\r\n|", NULL, NULL, "|\r\n|"},
		{"{{=@ @=}}\nx", NULL, NULL, "x"},
		{"x\n{{=@ @=}}", NULL, NULL, "x\n"},
		{"{{=<% %>=}}<%>p%>", "{\"a\": 1}", "{\"p\": \"{{a}} <%a%>\"}", "1 <%a%>"},
		{"{{>p}} {{a}} |a|", "{\"a\": 1}", "{\"p\": \"{{=| |=}}|a|\"}", "1 1 |a|"},
		{"{{=дд чч=}}ддaчч", "{\"a\": 1}", NULL, "1"},
	};
	check_rows(rows, COUNT(rows));
}

static void template__sections(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", "{\"t\": true}", NULL, "[yes]"},
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", "{\"t\": false}", NULL, "[no]"},
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", "{\"t\": null}", NULL, "[no]"},
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", NULL, NULL, "[no]"},
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", "{\"t\": []}", NULL, "[no]"},
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", "{\"t\": \"\"}", NULL, "[no]"},
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", "{\"t\": 0}", NULL, "[no]"},
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", "{\"t\": 0.0}", NULL, "[no]"},
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", "{\"t\": {}}", NULL, "[yes]"},
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", "{\"t\": \"x\"}", NULL, "[yes]"},
		{"[{{#t}}yes{{/t}}{{^t}}no{{/t}}]", "{\"t\": 0.5}", NULL, "[yes]"},
		{"{{#who}}{{name}} of {{city}}{{/who}}", "{\"city\": \"Heihe\", \"who\": {\"name\": \"Li\"}}", NULL,
		 "Li of Heihe"},
		{"{{#who}}{{name}}{{/who}}", "{\"name\": \"outer\", \"who\": {\"name\": \"inner\"}}", NULL, "inner"},
		{"{{#l}}{{n}},{{/l}}", "{\"l\": [{\"n\": 1}, {\"n\": 2}, {\"n\": 3}]}", NULL, "1,2,3,"},
		{"{{#l}}{{n}}{{m}},{{/l}}", "{\"m\": \"x\", \"l\": [{\"n\": 1}, {\"m\": 2}]}", NULL, "1x,2,"},
		{"{{#l}}<{{.}}>{{/l}}", "{\"l\": [\"a\", 2, 2.5, \"&\"]}", NULL, "<a><2><2.5><&amp;>"},
		{"{{#l}}({{#.}}{{.}}{{/.}}){{/l}}", "{\"l\": [[1, 2], [], [3]]}", NULL, "(12)()(3)"},
		{"{{#.}}{{n}} {{/.}}", "[{\"n\": 1}, {\"n\": 2}]", NULL, "1 2 "},
		{"{{#s}}[{{.}}]{{/s}}", "{\"s\": \"text\"}", NULL, "[text]"},
		{"{{#a}}{{#b}}{{#c}}{{x}}{{y}}{{z}}{{/c}}{{/b}}{{/a}}",
		 "{\"a\": {\"x\": 1}, \"b\": {\"y\": 2}, \"c\": {\"z\": 3}}", NULL, "123"},
		{"{{#a}}1{{#b}}2{{/b}}3{{/a}}", "{\"a\": true, \"b\": false}", NULL, "13"},
		{"{{#a}}x{{/a}}{{#b}}y{{/b}}{{#a}}z{{/a}}", "{\"a\": true}", NULL, "xz"},
		{"{{#a.b}}{{c}}{{/a.b}}", "{\"a\": {\"b\": {\"c\": 1}}}", NULL, "1"},
		{"[{{#a.x}}no{{/a.x}}{{^a.x}}none{{/a.x}}]", "{\"a\": {}}", NULL, "[none]"},
		{"{{# a }}x{{/ a }}{{^ b }}y{{/\tb}}", "{\"a\": true}", NULL, "xy"},
		{"{{^l}}{{a}}{{/l}}", "{\"a\": 1, \"l\": []}", NULL, "1"},
		{"{{^a}}1{{^b}}2{{/b}}3{{/a}}", "{\"b\": true}", NULL, "13"},
		/* alone in its line */
		{"a\n{{#t}}\nb\n{{/t}}\nc\n", "{\"t\": true}", NULL, "a\nb\nc\n"},
		{"a\n  {{#t}}  \nb\n\t{{/t}}\t\nc\n", "{\"t\": true}", NULL, "a\nb\nc\n"},
		{"a\n{{^t}}\nb\n{{/t}}\nc\n", NULL, NULL, "a\nb\nc\n"},
		{"a\r\n{{#t}}\r\nb\r\n{{/t}}\r\nc", "{\"t\": true}", NULL, "a\r\nb\r\nc"},
		{"{{#t}}\nb\n{{/t}}", "{\"t\": true}", NULL, "b\n"},
		{"{{#l}}\n- {{.}}\n{{/l}}\nend\n", "{\"l\": [1, 2]}", NULL, "- 1\n- 2\nend\n"},
		{"{{#t}}\n{{#u}}\nx\n{{/u}}\n{{/t}}\n", "{\"t\": true, \"u\": true}", NULL, "x\n"},
		/* not alone */
		{" | {{#t}}\t|\t{{/t}} | \n", "{\"t\": true}", NULL, " | \t|\t | \n"},
		{" {{#t}}a{{/t}}\n {{#t}}b{{/t}}\n", "{\"t\": true}", NULL, " a\n b\n"},
		{"{{#t}} {{/t}}\n", "{\"t\": true}", NULL, " \n"},
		{"{{#t}}\n{{/t}} x", "{\"t\": true}", NULL, " x"},
		{"a {{#t}}\nb\n{{/t}}\n", "{\"t\": true}", NULL, "a \nb\n"},
	};
	check_rows(rows, COUNT(rows));
}

static void template__partials_and_dynamic_names(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"[{{>p}}]", NULL, "{\"p\": \"from afar\"}", "[from afar]"},
		{"[{{> p }}]", NULL, "{\"p\": \"x\"}", "[x]"},
		{"[{{>gone}}]", NULL, NULL, "[]"},
		{"{{>p}}", "{\"a\": \"<\"}", "{\"p\": \"{{a}}{{{a}}}\"}", "&lt;<"},
		{"{{#l}}{{>p}}{{/l}}", "{\"l\": [{\"a\": 1}, {\"a\": 2}]}", "{\"p\": \"({{a}})\"}", "(1)(2)"},
		{"{{>a}}", "{\"x\": 1}", "{\"a\": \"a{{>b}}a\", \"b\": \"b{{x}}b\"}", "ab1ba"},
		{"{{>tree}}", "{\"v\": 1, \"kids\": [{\"v\": 2, \"kids\": []}, {\"v\": 3, \"kids\": []}]}",
		 "{\"tree\": \"{{v}}<{{#kids}}{{>tree}}{{/kids}}>\"}", "1<2<>3<>>"},
		{"{{>a.b/c}}", NULL, "{\"a.b/c\": \"a name, not a walk\"}", "a name, not a walk"},
		/* indentation of a partial alone in its line */
		{"a\n  {{>p}}\nb\n", NULL, "{\"p\": \"1\\n2\\n\"}", "a\n  1\n  2\nb\n"},
		{"a\n  {{>p}}\nb", NULL, "{\"p\": \"1\\n2\"}", "a\n  1\n  2b"},
		{"a\n \t{{>p}}", NULL, "{\"p\": \"1\\n\\n2\"}", "a\n \t1\n \t\n \t2"},
		{"a\r\n  {{>p}}\r\nb", NULL, "{\"p\": \"1\\r\\n2\\r\\n\"}", "a\r\n  1\r\n  2\r\nb"},
		{"  {{>p}}\n", "{\"t\": \"x\\ny\"}", "{\"p\": \"{{{t}}}\\n{{{t}}}!\\n\"}", "  x\ny\n  x\ny!\n"},
		{"  {{>p}}\n", NULL, "{\"p\": \"1\\n {{>q}}\\n3\\n\", \"q\": \"2a\\n2b\\n\"}",
		 "  1\n   2a\n   2b\n  3\n"},
		{"  {{>p}}\n", NULL, "{\"p\": \"1 {{>q}}\\n3\\n\", \"q\": \"2a\\n2b\"}", "  1 2a\n2b\n  3\n"},
		{"  {{>p}}\n", "{\"l\": [1, 2]}", "{\"p\": \"{{#l}}\\n{{.}}\\n{{/l}}\\n{{!x}}end\\n\"}",
		 "  1\n  2\n  end\n"},
		{"  {{>p}}\n", "{\"t\": true}", "{\"p\": \"a{{#t}}\\n{{/t}}b\\n\"}", "  a\n  b\n"},
		{"  {{>p}}\n", NULL, "{\"p\": \"{{#gone}}x{{/gone}}\\n\"}", "  \n"},
		{"  {{>gone}}\nx", NULL, NULL, "x"},
		{"a {{>p}} b\n", NULL, "{\"p\": \"1\\n2\"}", "a 1\n2 b\n"},
		{" {{>p}} {{>p}}\n", NULL, "{\"p\": \"1\\n2\"}", " 1\n2 1\n2\n"},

		{"[{{>*which}}]", "{\"which\": \"p\"}", "{\"p\": \"x\", \"which\": \"no\"}", "[x]"},
		{"[{{> * which }}]", "{\"which\": \"p\"}", "{\"p\": \"x\"}", "[x]"},
		{"[{{>*a.b}}]", "{\"a\": {\"b\": \"p\"}}", "{\"p\": \"x\"}", "[x]"},
		{"[{{>*gone}}{{>*empty}}{{>*list}}]", "{\"empty\": \"\", \"list\": [1]}",
		 "{\"gone\": \"x\", \"\": \"y\"}", "[]"},
		{"[{{>*which}}]", "{\"which\": \"absent\"}", NULL, "[]"},
		{"[{{>*n}}]", "{\"n\": 7}", "{\"7\": \"seven\"}", "[seven]"},
		{"[{{>**which}}]", "{\"which\": \"p\", \"p\": \"q\"}", "{\"p\": \"x\", \"q\": \"y\"}", "[]"},
		{"{{#l}}{{>*k}}{{/l}}", "{\"l\": [{\"k\": \"p\", \"v\": 1}, {\"k\": \"q\", \"v\": 2}]}",
		 "{\"p\": \"p{{v}}\", \"q\": \"q{{v}}\"}", "p1q2"},
		{"a\n  {{>*which}}\nb\n", "{\"which\": \"p\"}", "{\"p\": \"1\\n2\\n\"}", "a\n  1\n  2\nb\n"},
		{"{{<*which}}{{$a}}mine{{/a}}{{/*which}}", "{\"which\": \"p\"}", "{\"p\": \"[{{$a}}{{/a}}]\"}",
		 "[mine]"},
	};
	check_rows(rows, COUNT(rows));
}

static void template__inheritance(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"{{$t}}default {{a}}{{/t}}\n", "{\"a\": 1}", NULL, "default 1\n"},
		{"{{$t}}x{{/t}}", "{\"t\": \"data\"}", NULL, "x"},
		{"{{<p}}{{/p}}", NULL, "{\"p\": \"[{{$t}}default{{/t}}]\"}", "[default]"},
		{"{{<p}}{{$t}}mine{{/t}}{{/p}}", NULL, "{\"p\": \"[{{$t}}default{{/t}}]\"}", "[mine]"},
		{"{{<p}}{{$u}}mine{{/u}}{{/p}}", NULL, "{\"p\": \"{{$t}}1{{/t}}{{$u}}2{{/u}}{{$t}}3{{/t}}\"}",
		 "1mine3"},
		{"{{<gone}}{{$t}}mine{{/t}}{{/gone}}|", NULL, NULL, "|"},
		{"{{<p}} not {{a}} seen {{$t}}mine{{/t}} {{#a}}nor this{{/a}}{{/p}}", "{\"a\": true}",
		 "{\"p\": \"[{{$t}}{{/t}}]\"}", "[mine]"},
		{"{{<p}}{{#a}}{{$t}}no argument in here{{/t}}{{/a}}{{/p}}", "{\"a\": true}",
		 "{\"p\": \"[{{$t}}default{{/t}}]\"}", "[default]"},
		/* values are those of the place where the argument is put */
		{"{{<p}}{{$t}}{{v}}{{/t}}{{/p}}", "{\"v\": \"out\", \"s\": {\"v\": \"in\"}}",
		 "{\"p\": \"{{#s}}{{$t}}{{/t}}{{/s}}\"}", "in"},
		{"{{<p}}{{$t}}{{.}}{{/t}}{{/p}}", "{\"l\": [1, 2]}", "{\"p\": \"{{#l}}<{{$t}}{{/t}}>{{/l}}\"}",
		 "<1><2>"},
		/* the outermost wins, through parents and partials */
		{"{{<p}}{{$t}}A{{/t}}{{/p}}", NULL, "{\"p\": \"{{<q}}{{$t}}B{{/t}}{{/q}}\", \"q\": \"{{$t}}C{{/t}}\"}",
		 "A"},
		{"{{<p}}{{/p}}", NULL, "{\"p\": \"{{<q}}{{$t}}B{{/t}}{{/q}}\", \"q\": \"{{$t}}C{{/t}}\"}", "B"},
		{"{{<p}}{{$t}}A{{/t}}{{/p}}", NULL, "{\"p\": \"{{>q}}\", \"q\": \"{{$t}}C{{/t}}\"}", "A"},
		{"{{<p}}{{$t}}A{{/t}}{{/p}}{{>q}}", NULL, "{\"p\": \"{{>q}}\", \"q\": \"{{$t}}C{{/t}}\"}", "AC"},
		/* a block in an argument is a position of its own */
		{"{{<p}}{{$t}}A{{/t}}{{/p}}", NULL,
		 "{\"p\": \"{{<q}}{{$u}}[{{$t}}B{{/t}}]{{/u}}{{/q}}\", \"q\": \"({{$u}}{{/u}})\"}", "([A])"},
		{"{{<p}}{{$t}}[{{$t}}inner{{/t}}]{{/t}}{{/p}}", NULL, "{\"p\": \"{{$t}}{{/t}}\"}", "[inner]"},
		{"{{<p}}{{$a}}1{{/a}}{{/p}}", NULL,
		 "{\"p\": \"{{$a}}x{{/a}}-{{$b}}{{<q}}{{/q}}{{/b}}\", \"q\": "
		 "\"{{$a}}y{{/a}}-{{<p}}{{$b}}stop{{/b}}{{/p}}\"}",
		 "1-1-1-stop"},
		/* lines and indentation */
		{"a\n  {{<p}}{{/p}}\nb\n", NULL, "{\"p\": \"1\\n2\\n\"}", "a\n  1\n  2\nb\n"},
		{"a\n  {{<p}}\n  {{$t}}x{{/t}}\n  {{/p}}\nb\n", NULL, "{\"p\": \"1\\n{{$t}}{{/t}}2\\n\"}",
		 "a\n  1\n  x2\nb\n"},
		{"a {{<p}}{{/p}} b\n", NULL, "{\"p\": \"1\\n2\"}", "a 1\n2 b\n"},
		{"  {{<p}}{{/p}} b\n", NULL, "{\"p\": \"1\\n2\"}", "  1\n2 b\n"},
		{"{{<p}}{{$t}}\none\n\ntwo\n{{/t}}{{/p}}", NULL, "{\"p\": \"{{$t}}x{{/t}}\"}", "one\n\ntwo\n"},
		{"{{<p}}{{$t}}x{{/t}}{{/p}}", NULL, "{\"p\": \"a\\n  {{$t}}default{{/t}}\\n\"}", "a\n  x\n"},
		{"{{<p}}{{$t}}\n      1\n        2\n{{/t}}{{/p}}", NULL, "{\"p\": \"a\\n  {{$t}}{{/t}}b\\n\"}",
		 "a\n  1\n    2\nb\n"},
		{"{{<p}}\n  {{$t}}\n    1\n    2\n  {{/t}}\n{{/p}}\n", NULL,
		 "{\"p\": \"a\\n {{$t}}\\n {{/t}}\\nb\\n\"}", "a\n 1\n 2\nb\n"},
		{"{{<p}}{{$t}}\n1\n2\n{{/t}}{{/p}}\n", NULL, "{\"p\": \"a\\n{{$t}}\\n   x\\n{{/t}}\\nb\\n\"}",
		 "a\n   1\n   2\nb\n"},
		{"{{<p}}{{$t}}1\n2\n{{/t}}{{/p}}\n", NULL, "{\"p\": \"a\\n{{$t}}\\n   x\\n{{/t}}\\nb\\n\"}",
		 "a\n   1\n   2\nb\n"},
		{"{{<p}}{{$t}}\n1\n2\n{{/t}}{{/p}}", NULL, "{\"p\": \"a {{$t}}{{/t}}b\"}", "a 1\n2\nb"},
		{"{{<p}}{{$t}}{{/t}}{{/p}}", NULL, "{\"p\": \"a\\n  {{$t}}\\n  x\\n  {{/t}}\\nb\\n\"}", "a\nb\n"},
		{" {{<p}}{{$t}}\n1\n2\n{{/t}}{{/p}}\n", NULL, "{\"p\": \"a\\n {{$t}}\\n x\\n {{/t}}\\nb\\n\"}",
		 " a\n  1\n  2\n b\n"},
		{"{{<p}}{{$t}}\n  {{>q}}\n  2\n{{/t}}{{/p}}\n", NULL, "{\"p\": \" {{$t}}{{/t}}\", \"q\": \"q\\nq\\n\"}",
		 " q\n q\n 2\n"},
		{"{{<p}}{{$t}}\n  {{#l}}\n  {{.}}\n  {{/l}}\n{{/t}}{{/p}}\n", "{\"l\": [1, 2]}",
		 "{\"p\": \" {{$t}}{{/t}}\"}", " 1\n 2\n"},
		{"{{<p}}{{$t}}\n    1\n{{/t}}{{/p}}\n    after\n", NULL, "{\"p\": \"{{$t}}{{/t}}\"}", "1\n    after\n"},
		{"  {{>o}}\n", NULL, "{\"o\": \" {{<p}}{{/p}}\\n\", \"p\": \"1\\n2\\n\"}", "   1\n   2\n"},
		{"{{<p}}{{$t}}\n    a\n    {{<q}}{{$u}}\n  x\n    y\n{{/u}}{{/q}}\n{{/t}}{{/p}}", NULL,
		 "{\"p\": \"{{$t}}{{/t}}\", \"q\": \"{{$u}}{{/u}}\"}", "a\nx\ny\n"},
		{"{{<p}}{{$n}}\nthree\n{{/n}}{{/p}}\n", NULL,
		 "{\"p\": \"{{<q}}{{$t}}\\n  one\\n  {{$n}}\\n    two\\n  {{/n}}\\n  four\\n{{/t}}{{/q}}\\n\","
		 " \"q\": \"{{$t}}{{/t}}\"}",
		 "one\n  three\nfour\n"},
	};
	check_rows(rows, COUNT(rows));
}

static void template_render__escape__fits_the_place(void **state)
{
	(void)state;
	static const struct {
		enum escape escape;
		const char *text, *expected;
	} rows[] = {
		{ESCAPE_PLAIN, "<a> & 'b'\\n\\\"", "<a> & 'b'\n\""},
		{ESCAPE_HTML, "<a> & 'b' \\\"", "&lt;a&gt; &amp; &#39;b&#39; &quot;"},
		{ESCAPE_TELEGRAM_HTML, "<a> & 'b' \\\"", "&lt;a&gt; &amp; 'b' &quot;"},
		{ESCAPE_HEADER, "a\\r\\nBcc: b\\u0001\\u007f\\u2028\\u202e\\u0085Ж", "a  Bcc: b     Ж"},
		{ESCAPE_URL, "aZ09-._~ /?&=%+Ж\\n", "aZ09-._~%20%2F%3F%26%3D%25%2B%D0%96%0A"},
		{ESCAPE_URL, "", ""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *data = mem_printf("{\"t\": \"%s\"}", rows[i].text);
		char *text = render("{{t}}", data, NULL, rows[i].escape);
		assert_string_equal(text, rows[i].expected);
		free(text);
		free(data);
	}
	char *raw = render("{{{t}}}{{&t}}<", "{\"t\": \"<\"}", NULL, ESCAPE_TELEGRAM_HTML);
	assert_string_equal(raw, "<<<");
	free(raw);
}

static void template_compile__bad_template__says_where(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line, column;
		const char *words;
	} rows[] = {
		{"{{name", 1, 1, "the tag is not closed: }} is missing"},
		{"one\n  {{name }", 2, 3, "not closed"},
		{"{{{name}} x", 1, 1, "}}} is missing"},
		{"{{=<% %>}}", 1, 1, "=}} is missing"},
		{"{{=<% %>=}}<%name}}", 1, 12, "%> is missing"},
		{"{{!comment", 1, 1, "not closed"},
		{"Привет, {{}}", 1, 9, "no name"}, /* columns count characters */
		{"{{ }}", 1, 1, "no name"},
		{"{{# }}{{/ }}", 1, 1, "no name"},
		{"{{>}}", 1, 1, "no name"},
		{"{{>*}}", 1, 1, "no name"},
		{"{{/}}", 1, 1, "no name"},
		{"a\r\nb {{first name}}", 2, 3, "'first name' has a blank"},
		{"{{.a}}", 1, 1, "misplaced dot"},
		{"{{a.}}", 1, 1, "misplaced dot"},
		{"{{#a..b}}{{/a..b}}", 1, 1, "misplaced dot"},
		{"{{>*a..b}}", 1, 1, "misplaced dot"},
		{"{{=<%=}}", 1, 1, "two delimiters"},
		{"{{=}}=}}", 1, 1, "two delimiters"},
		{"{{= =}}", 1, 1, "two delimiters"},
		{"{{=a b c=}}", 1, 1, "a delimiter may not"},
		{"{{=<= =>=}}", 1, 1, "a delimiter may not"},
		{"x{{/a}}", 1, 2, "'a' is closed here but was not opened"},
		{"{{#a}}\n {{#b}}{{/a}}{{/b}}", 2, 8, "'a' is closed here, but 'b' of line 2, column 2 is still open"},
		{"{{#a}}{{/A}}", 1, 7, "'a' of line 1, column 1"},
		{"{{<*a}}{{/a}}", 1, 8, "still open"},
		{"\n\n {{#a}}{{^b}}{{/b}}", 3, 2, "'a' is opened here and never closed"},
		{"{{$a}}", 1, 1, "never closed"},
		{"{{<a}}", 1, 1, "never closed"},
		{"a\nb\xff", 2, 2, "UTF-8"},
		{"\xed\xa0\x80", 1, 1, "UTF-8"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct template *template = NULL;
		struct template_place place = {0};
		struct err err = {""};
		assert_int_equal(template_compile(rows[i].text, &template, &place, &err), -EINVAL);
		assert_null(template);
		if (place.line != rows[i].line || place.column != rows[i].column ||
		    strstr(err.text, rows[i].words) == NULL)
			fail_msg("'%s': %u:%u '%s'", rows[i].text, place.line, place.column, err.text);
	}
}

static void template_compile__nesting__has_a_limit(void **state)
{
	(void)state;
	for (int depth = 63; depth <= 66; depth++) {
		struct buf text;
		buf_init(&text, 4096);
		for (int i = 0; i < depth; i++)
			buf_add_str(&text, "{{#a}}");
		buf_add_str(&text, "x");
		for (int i = 0; i < depth; i++)
			buf_add_str(&text, "{{/a}}");

		struct template *template = NULL;
		struct template_place place;
		struct err err;
		int r = template_compile(buf_str(&text), &template, &place, &err);
		assert_int_equal(r, depth <= 64 ? 0 : -EINVAL);
		if (r == 0) {
			char *out = render(buf_str(&text), "{\"a\": true}", NULL, ESCAPE_PLAIN);
			assert_string_equal(out, "x");
			free(out);
		} else {
			assert_int_equal(place.column, 64 * 6 + 1);
		}
		template_free(template);
		buf_done(&text);
	}
}

static const struct template *find_itself(void *arg, const char *name)
{
	(void)name;
	return arg;
}

static void template_render__endless_partial__ends(void **state)
{
	(void)state;
	static const char *const texts[] = {"x{{>p}}", "x{{<p}}{{/p}}", "x{{<p}}{{$a}}{{<p}}{{/p}}{{/a}}{{/p}}",
					    "x{{$a}}{{/a}}{{<p}}{{$a}}{{>p}}{{/a}}{{/p}}", "x\n  {{>p}}\n"};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct template *template = compile(texts[i]);
		struct buf out;
		struct err err = {""};
		buf_init(&out, 100000);
		int r = template_render(template, NULL, ESCAPE_PLAIN, find_itself, template, &out, &err);
		assert_int_equal(r, -ELOOP);
		assert_non_null(strstr(err.text, "50"));
		size_t n = 0;
		for (size_t j = 0; j < out.len; j++)
			n += out.data[j] == 'x';
		assert_int_equal(n, 51);
		buf_done(&out);
		template_free(template);
	}
}

static void template_render__lists_within_lists__end(void **state)
{
	(void)state;
	static const char *const bodies[] = {"", "{{gone}}"};
	json_t *data = parse("{\"l\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}");
	for (size_t i = 0; i < COUNT(bodies); i++) {
		char text[1000] = "";
		for (int depth = 0; depth < 40; depth++)
			(void)snprintf(text + strlen(text), 20, "{{#l}}");
		(void)snprintf(text + strlen(text), 20, "%s", bodies[i]);
		for (int depth = 0; depth < 40; depth++)
			(void)snprintf(text + strlen(text), 20, "{{/l}}");
		struct template *template = compile(text);
		struct buf out;
		struct err err = {""};
		buf_init(&out, 1000);
		assert_int_equal(template_render(template, data, ESCAPE_PLAIN, NULL, NULL, &out, &err), -ELOOP);
		assert_non_null(strstr(err.text, "200000"));
		buf_done(&out);
		template_free(template);
	}
	json_decref(data);
}

static void template_render__over_the_cap__stops(void **state)
{
	(void)state;
	json_t *data = parse("{\"l\": [1, 2, 3, 4, 5], \"t\": \"long text\"}");
	struct template *template = compile("ab{{#l}}{{.}}{{/l}}{{t}}");
	for (size_t max = 0; max <= 17; max++) {
		struct buf out;
		struct err err = {""};
		buf_init(&out, max);
		int r = template_render(template, data, ESCAPE_PLAIN, NULL, NULL, &out, &err);
		assert_int_equal(r, max < 16 ? -E2BIG : 0);
		assert_int_equal(err.text[0] != '\0', max < 16);
		assert_true(strncmp(buf_str(&out), "ab12345long text", out.len) == 0);
		buf_done(&out);
	}
	template_free(template);
	json_decref(data);
}

static void template_render__nothing_given__renders_the_text(void **state)
{
	(void)state;
	struct template *template = compile("a{{b}}{{.}}{{#b}}x{{/b}}{{^b}}c{{/b}}{{>p}}{{<p}}{{/p}}");
	struct buf out;
	buf_init(&out, 100);
	buf_add_str(&out, "before ");
	assert_int_equal(template_render(template, NULL, ESCAPE_HTML, NULL, NULL, &out, NULL), 0);
	assert_string_equal(buf_str(&out), "before ac");
	buf_done(&out);
	template_free(template);
	template_free(NULL);
}

static void add_use(void *arg, const struct template_use *use)
{
	static const char marks[] = {[TEMPLATE_USE_VALUE] = '=',
				     [TEMPLATE_USE_SECTION] = '#',
				     [TEMPLATE_USE_INVERTED] = '^',
				     [TEMPLATE_USE_PARTIAL] = '>'};
	buf_printf(arg, "%c%s%s ", marks[use->kind], use->is_dynamic ? "*" : "", use->name);
}

static void template_uses__lists_what_is_named(void **state)
{
	(void)state;
	struct template *template =
		compile("{{a}} {{{b.c}}} {{&d}} {{#e}}{{.}}{{f}}{{/e}} {{^g}}{{/g}} {{>p}} {{>*h.i}} "
			"{{<q}}{{$r}}{{j}}{{/r}}{{/q}} {{<*k}}{{/*k}} {{!m}} {{=<% %>=}}<%\na\n%>");
	struct buf uses;
	buf_init(&uses, 1000);
	template_uses(template, add_use, &uses);
	assert_string_equal(buf_str(&uses), "=a =b.c =d #e =. =f ^g >p >*h.i >q =j >*k =a ");
	buf_done(&uses);
	template_free(template);
}

static void add_place(void *arg, const struct template_use *use)
{
	buf_printf(arg, "%s:%u:%u:%zu ", use->name, use->place.line, use->place.column, use->within);
}

/* What "within" numbers matters to nobody, but that it is the same for b, c, e and f, and another for d, for i and for
 * the others. */
static void template_uses__tells_place_and_surroundings(void **state)
{
	(void)state;
	struct template *template =
		compile("{{#a}}{{b}}{{#c}}{{d}}{{/c}}{{e}}{{#f}}{{/f}}{{/a}}\nю {{g}}{{^h}}{{i}}{{/h}}");
	struct buf uses;
	buf_init(&uses, 1000);
	template_uses(template, add_place, &uses);
	assert_string_equal(buf_str(&uses), "a:1:4:0 b:1:9:2 c:1:15:2 d:1:20:4 e:1:31:2 f:1:37:2 "
					    "g:2:5:0 h:2:11:0 i:2:16:10 ");
	buf_done(&uses);
	template_free(template);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(template__interpolation),
		cmocka_unit_test(template__comments_and_delimiters),
		cmocka_unit_test(template__sections),
		cmocka_unit_test(template__partials_and_dynamic_names),
		cmocka_unit_test(template__inheritance),
		cmocka_unit_test(template_render__escape__fits_the_place),
		cmocka_unit_test(template_compile__bad_template__says_where),
		cmocka_unit_test(template_compile__nesting__has_a_limit),
		cmocka_unit_test(template_render__endless_partial__ends),
		cmocka_unit_test(template_render__lists_within_lists__end),
		cmocka_unit_test(template_render__over_the_cap__stops),
		cmocka_unit_test(template_render__nothing_given__renders_the_text),
		cmocka_unit_test(template_uses__lists_what_is_named),
		cmocka_unit_test(template_uses__tells_place_and_surroundings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
