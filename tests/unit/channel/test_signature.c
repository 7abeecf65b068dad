/* Signatures, against vectors that others published. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "channel/signature.h"

static void signature_hmac__published_vectors__match(void **state)
{
	(void)state;
	static const struct {
		const char *key, *data, *hex;
	} rows[] = {
		/* RFC 4231, test case 2; then the well-known one of nothing with nothing */
		{"Jefe", "what do ya want for nothing?",
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char mac[SIGNATURE_SIZE];
		struct buf out;
		buf_init(&out, 100);
		signature_hmac(rows[i].key, strlen(rows[i].key), rows[i].data, strlen(rows[i].data), mac);
		signature_add_hex(&out, mac, sizeof(mac));
		assert_string_equal(buf_str(&out), rows[i].hex);
		buf_done(&out);
	}
}

static void signature_add_base64__and_back__gives_the_same(void **state)
{
	(void)state;
	static const struct {
		const char *text, *base64;
	} rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}; /* RFC 4648 */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out;
		buf_init(&out, 100);
		signature_add_base64(&out, rows[i].text, strlen(rows[i].text));
		assert_string_equal(buf_str(&out), rows[i].base64);
		buf_clear(&out);
		assert_int_equal(signature_add_decoded(&out, rows[i].base64, NULL), 0);
		assert_int_equal(out.len, strlen(rows[i].text));
		assert_string_equal(buf_str(&out), rows[i].text);
		buf_done(&out);
	}
	static const char *const bad[] = {"Z", "Zg=", "Z===", "Zm9v!", "Zm 9", "Zm9v\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf out;
		buf_init(&out, 100);
		if (signature_add_decoded(&out, bad[i], NULL) == 0)
			fail_msg("%s was taken", bad[i]);
		buf_done(&out);
	}
}

static void signature_uuid__of_a_key__is_stable_and_well_formed(void **state)
{
	(void)state;
	char one[SIGNATURE_UUID_SIZE], same[SIGNATURE_UUID_SIZE], other[SIGNATURE_UUID_SIZE];
	signature_uuid("r.1", one);
	signature_uuid("r.1", same);
	signature_uuid("r.2", other);
	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
	assert_int_equal(strlen(one), SIGNATURE_UUID_SIZE - 1);
	assert_int_equal(one[14], '8');
	assert_non_null(strchr("89ab", one[19]));
	assert_int_equal(signature_int31("r.1"), signature_int31("r.1"));
	assert_true(signature_int31("r.1") > 0 && signature_int31("r.2") > 0);
	assert_int_not_equal(signature_int31("r.1"), signature_int31("r.2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signature_hmac__published_vectors__match),
		cmocka_unit_test(signature_add_base64__and_back__gives_the_same),
		cmocka_unit_test(signature_uuid__of_a_key__is_stable_and_well_formed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
