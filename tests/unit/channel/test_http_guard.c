/* Which addresses are public; and that a name which leads to another is not connected to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "channel/http_guard.h"

static bool is_public(const char *text)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		memcpy(&storage, &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		memcpy(&storage, &v6, sizeof(v6));
	else
		fail_msg("%s", text);
	return http_guard_is_public((const struct sockaddr *)&storage);
}

static void http_guard__special_addresses__are_not_public(void **state)
{
	(void)state;
	static const char *const special[] = {
		"0.0.0.0",
		"10.0.0.1",
		"10.255.255.255",
		"100.64.0.1",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.1.2",
		"169.254.169.254",
		"172.16.0.1",
		"172.31.255.255",
		"192.0.0.8",
		"192.0.2.1",
		"192.168.1.1",
		"198.18.0.1",
		"198.19.255.255",
		"198.51.100.1",
		"203.0.113.9",
		"224.0.0.1",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"fc00::1",
		"fd12::1",
		"fe80::1",
		"ff02::1",
		"::ffff:10.0.0.1",
		"::ffff:127.0.0.1",
		"64:ff9b::10.0.0.1",
		"2002:a00:1::",
		"2001:db8::1",
		"::10.0.0.1",
	};
	static const char *const public[] = {
		"1.1.1.1",      "9.255.255.255",  "11.0.0.0",         "100.63.255.255", "100.128.0.1",
		"126.1.1.1",    "128.0.0.1",      "172.15.255.255",   "172.32.0.1",     "192.167.1.1",
		"192.169.1.1",  "198.17.1.1",     "198.20.1.1",       "223.255.255.1",  "2606:4700::1111",
		"2a00:1450::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::",
	};
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (is_public(special[i]))
			fail_msg("%s", special[i]);
	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++)
		if (!is_public(public[i]))
			fail_msg("%s", public[i]);
}

/* A name is given its address by hand, as a resolver would: nothing leaves this machine. */
static CURLcode call(const char *url, bool may_be_private, struct http_guard *ret_guard)
{
	CURL *easy = curl_easy_init();
	struct curl_slist *names = curl_slist_append(NULL, "inside.example.org:9:127.0.0.1");
	assert_non_null(easy);
	assert_int_equal(curl_easy_setopt(easy, CURLOPT_URL, url), CURLE_OK);
	assert_int_equal(curl_easy_setopt(easy, CURLOPT_RESOLVE, names), CURLE_OK);
	assert_int_equal(curl_easy_setopt(easy, CURLOPT_PROXY, ""), CURLE_OK);
	assert_true(http_guard_watch(ret_guard, easy, url, may_be_private));
	CURLcode code = curl_easy_perform(easy);
	curl_easy_cleanup(easy);
	curl_slist_free_all(names);
	return code;
}

static void http_guard__name_of_a_private_address__is_not_connected_to(void **state)
{
	(void)state;
	struct http_guard guard;
	assert_int_not_equal(call("http://inside.example.org:9/", false, &guard), CURLE_OK);
	assert_string_equal(guard.refused, "127.0.0.1");
	/* nobody listens on port 9, but it was tried */
	assert_int_equal(call("http://inside.example.org:9/", true, &guard), CURLE_COULDNT_CONNECT);
	assert_string_equal(guard.refused, "");
	assert_int_equal(call("http://127.0.0.1:9/", false, &guard), CURLE_COULDNT_CONNECT);
	assert_string_equal(guard.refused, "");
	assert_int_equal(call("http://localhost:9?x", false, &guard), CURLE_COULDNT_CONNECT);
	assert_string_equal(guard.refused, "");
	assert_int_equal(call("http://[::1]:9/", false, &guard), CURLE_COULDNT_CONNECT);
	assert_string_equal(guard.refused, "");
}

static void http_guard__no_descriptor_is_left__is_told_from_a_server_that_is_away(void **state)
{
	(void)state;
	struct rlimit before;
	struct http_guard guard;
	assert_int_equal(call("http://127.0.0.1:9/", false, &guard), CURLE_COULDNT_CONNECT);
	assert_false(guard.has_no_descriptor);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	CURLcode code = call("http://127.0.0.1:9/", false, &guard);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(code, CURLE_COULDNT_CONNECT);
	assert_true(guard.has_no_descriptor);
}

static void http_guard__link_local_address__is_never_meant(void **state)
{
	(void)state;
	static const char *const hosts[] = {"169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]",
					    "[fd00:ec2::254]"};
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct http_guard guard;
		char url[64];
		(void)snprintf(url, sizeof(url), "http://%s:9/", hosts[i]);
		assert_int_not_equal(call(url, false, &guard), CURLE_OK);
		assert_true(guard.refused[0] != '\0');
		assert_non_null(strstr(hosts[i], guard.refused));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_guard__special_addresses__are_not_public),
		cmocka_unit_test(http_guard__name_of_a_private_address__is_not_connected_to),
		cmocka_unit_test(http_guard__no_descriptor_is_left__is_told_from_a_server_that_is_away),
		cmocka_unit_test(http_guard__link_local_address__is_never_meant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
