/* Which addresses may be called. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "channel/preset_url.h"

static void preset_url__only_https_and_this_machine__are_called(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		bool is_good;
	} rows[] = {
		{"https://api.telegram.org", true},
		{"https://host:8443/a/b?c=d&e=%20", true},
		{"HTTPS://host", true},
		{"https://[2001:db8::1]:443/x", true},
		{"http://127.0.0.1:8081", true},
		{"http://127.8.9.1/", true},
		{"http://[::1]:80/", true},
		{"http://localhost", true},
		{"http://api.telegram.org", false},
		{"http://localhost.example.org/", false},
		{"http://127.0.0.1.example.org/", false},
		{"http://127.1/", false},
		{"http://2130706433/", false},
		{"http://0.0.0.0/", false},
		{"http://[::ffff:127.0.0.1]/", false},
		{"http://10.0.0.1/", false},
		{"http://127.0.0.1@evil.example/", false},
		{"https://user:pw@host/", false},
		{"https://host\\@evil/", false},
		{"https://host#x", false},
		{"https://host/a b", false},
		{"https://host/\r\nX: y", false},
		{"https://host/путь", false},
		{"https://пример.рф/", false},
		{"https://", false},
		{"https:///x", false},
		{"https://host:/", false},
		{"https://host:0/", false},
		{"https://host:65536/", false},
		{"https://host:443x/", false},
		{"https://[::1/", false},
		{"ftp://host/", false},
		{"file:///etc/passwd", false},
		{"host", false},
		{"", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};
		if (preset_url_check(rows[i].url, false, &err) != rows[i].is_good)
			fail_msg("%s: %s", rows[i].url, err.text);
		assert_int_equal(err.text[0] == '\0', rows[i].is_good);
	}
}

static void preset_url__secret_address__is_not_repeated(void **state)
{
	(void)state;
	struct err err = {0};
	assert_false(preset_url_check("http://hooks.example.org/geheim", true, &err));
	assert_null(strstr(err.text, "geheim"));
	assert_false(preset_url_check("http://hooks.example.org/offen", false, &err));
	assert_non_null(strstr(err.text, "offen"));
}

static void preset_url__proxy__is_checked(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		bool is_secret, is_good;
	} rows[] = {
		{"socks5h://127.0.0.1:1080", false, true},
		{"http://proxy:3128/", false, true},
		{"http://u:p@proxy:3128", false, false},
		{"http://u:p@proxy:3128", true, true},
		{"proxy:3128", false, false},
		{"socks4://proxy", false, false},
		{"http://proxy:3128/path", false, false},
		{"http://", false, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (preset_url_check_proxy(rows[i].url, rows[i].is_secret, NULL) != rows[i].is_good)
			fail_msg("%s", rows[i].url);
}

struct fixture {
	struct strlist names;
	bool is_url[PRESET_NAMES_LIMIT];
	struct preset_values values;
};

/* A setting "base" of kind url and one "part" of kind text. */
static int set_up(void **state)
{
	static struct fixture fixture;
	fixture = (struct fixture){0};
	preset_names_add(&fixture.names);
	strlist_add(&fixture.names, "base", 4);
	strlist_add(&fixture.names, "part", 4);
	fixture.is_url[PRESET_NAME_MAX] = true;
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	strlist_done(&((struct fixture *)*state)->names);
	return 0;
}

static void preset_url__template__keeps_names_out_of_the_host(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *source;
		bool is_good;
	} rows[] = {
		{"{{base}}", true},
		{"{{base}}/bot{{part}}/send", true},
		{"{{base}}?a={{part}}", true},
		{"https://host/{{part}}", true},
		{"https://host?x={{part}}", true},
		{"https://host", true},
		{"{{base}}.evil/", false},
		{"{{base}}{{part}}", false},
		{"https://{{part}}/", false},
		{"https://host{{part}}", false},
		{"https://host:{{part}}/", false},
		{"{{part}}/x", false},
		{"https://host/{{base}}", false},
		{"http://host/{{part}}", false},
		{"{{base}}/a b", false},
		{"{{base}}/#x", false},
		{"", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct preset_text text;
		assert_int_equal(preset_text_compile(rows[i].source, &fixture->names, &text, NULL), 0);
		if ((preset_url_check_template(&text, fixture->is_url, NULL) == 0) != rows[i].is_good)
			fail_msg("%s", rows[i].source);
		preset_text_done(&text);
	}
}

static void preset_url__values__cannot_leave_their_segment(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *source, *base, *part, *want; /* want NULL: refused */
	} rows[] = {
		{"{{base}}/bot{{part}}/send", "https://h", "12:AB_-", "https://h/bot12:AB_-/send"},
		{"{{base}}/bot{{part}}", "https://h/x//", "1", "https://h/x/bot1"},
		{"{{base}}", "https://h/x/", "", "https://h/x/"},
		{"{{base}}/{{part}}", "https://h", "a/../b", "https://h/a%2F..%2Fb"},
		{"{{base}}/{{part}}", "https://h", "..", NULL},
		{"{{base}}/{{part}}", "https://h", ".", NULL},
		{"{{base}}/{{part}}", "https://h", "", NULL},
		{"{{base}}?a={{part}}", "https://h", "..&b=:", "https://h?a=..%26b%3D%3A"},
		{"{{base}}?a={{part}}", "https://h", "", "https://h?a="},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct preset_text text;
		struct buf out;
		buf_init(&out, 1024);
		fixture->values.items[PRESET_NAME_MAX] = rows[i].base;
		fixture->values.items[PRESET_NAME_MAX + 1] = rows[i].part;
		assert_int_equal(preset_text_compile(rows[i].source, &fixture->names, &text, NULL), 0);
		int r = preset_url_add(&text, &fixture->values, fixture->is_url, &out, NULL);
		assert_int_equal(r == 0, rows[i].want != NULL);
		if (r == 0)
			assert_string_equal(buf_str(&out), rows[i].want);
		buf_done(&out);
		preset_text_done(&text);
	}
}

static void preset_url__refused__is_quoted_without_a_password(void **state)
{
	(void)state;
	static const struct {
		const char *url, *words;
	} rows[] = {
		{"https://u:hunter2@api.example/x",
		 "'https://***@api.example/x': user names in an address are refused"},
		{"https://hunter2@api.example", "'https://***@api.example': user names in an address are refused"},
		{"https://u:hun/ter2@api.example", "'https://***@api.example': the address has no valid host or port"},
		{"ftp://u:hunter2@h@api.example", "'ftp://***@api.example': the address must start with https://"},
		{"u:hunter2@api.example", "'***@api.example': the address must start with https://"},
		{"http://api.example/@x", "'http://***@x': plain http:// is only"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};
		assert_false(preset_url_check(rows[i].url, false, &err));
		if (strstr(err.text, rows[i].words) != err.text)
			fail_msg("row %zu: %s", i, err.text);
	}
	assert_true(preset_url_check("https://api.example/@desk", false, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(preset_url__refused__is_quoted_without_a_password),
		cmocka_unit_test(preset_url__only_https_and_this_machine__are_called),
		cmocka_unit_test(preset_url__secret_address__is_not_repeated),
		cmocka_unit_test(preset_url__proxy__is_checked),
		cmocka_unit_test_setup_teardown(preset_url__template__keeps_names_out_of_the_host, set_up, tear_down),
		cmocka_unit_test_setup_teardown(preset_url__values__cannot_leave_their_segment, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
