#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "channel/certificate.h"
#include "scratch.h"

/* Files that a channel is told to trust. */

/* openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test -days 3650 */
static const char pem[] = "-----BEGIN CERTIFICATE-----\n"
			  "MIIBdDCCARmgAwIBAgIUXG0zvOk/lTPAl43O4wKoYEbaOvcwCgYIKoZIzj0EAwIw\n"
			  "DzENMAsGA1UEAwwEdGVzdDAeFw0yNjExMjMxNTI1NDdaFw0zNjExMjAxNTI1NDda\n"
			  "MA8xDTALBgNVBAMMBHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATmRizV\n"
			  "hMjitLfyPqDgz2lV7WwkubXfveaBhDnhW3+Jq7K7Ehr0BH6U9vlFO1Q0fEf2fwbm\n"
			  "M/DM0Bx4b0aQUXKJo1MwUTAdBgNVHQ4EFgQUXcSeDE+p08eZpzO2KuSG9JA3yBIw\n"
			  "HwYDVR0jBBgwFoAUXcSeDE+p08eZpzO2KuSG9JA3yBIwDwYDVR0TAQH/BAUwAwEB\n"
			  "/zAKBggqhkjOPQQDAgNJADBGAiEA+NJu9jldO64Gmdgo2NfJ1LSPhyFnO1zt2ok9\n"
			  "jWNwPkQCIQCju7v9hJmaRKsKqbKJ4sHfi3ROhF3Xx/yVoxNc4YuVlA==\n"
			  "-----END CERTIFICATE-----\n";

static struct scratch scratch;

static int make_scratch(void **state)
{
	(void)state;
	scratch_make(&scratch);
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static void assert_judged(const char *text, int status, const char *words)
{
	const char *path = scratch_path(&scratch, "ca.pem");
	struct err err = {0};
	scratch_write(path, text, strlen(text));
	assert_int_equal(certificate_check_file(path, &err), status);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void certificate_check_file__pem__is_good(void **state)
{
	(void)state;
	assert_judged(pem, 0, "");
	char *two = mem_printf("# ours\n%s\n# theirs\n%s", pem, pem);
	assert_judged(two, 0, "");
	free(two);
}

static void certificate_check_file__no_certificate__is_refused(void **state)
{
	(void)state;
	assert_judged("", -EINVAL, "holds no certificate: give a PEM file");
	assert_judged("deadlined\n", -EINVAL, "holds no certificate");
	assert_judged("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", -EINVAL,
		      "holds no certificate");
}

static void certificate_check_file__damaged__says_which(void **state)
{
	(void)state;
	char *damaged = mem_printf("%s%.*s", pem, (int)strlen(pem) - 60, pem);
	assert_judged(damaged, -EINVAL, "certificate 2 in ");
	free(damaged);
	assert_judged("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", -EINVAL, "certificate 1 in ");
}

static void certificate_check_file__no_file__is_refused_and_a_pipe_does_not_hold_us_up(void **state)
{
	(void)state;
	struct err err = {0};
	const char *path = scratch_path(&scratch, "pipe");
	assert_int_equal(certificate_check_file("/nonexistent/ca.pem", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/ca.pem cannot be read: No such file"));
	assert_int_equal(certificate_check_file("/tmp", &err), -EINVAL);
	assert_non_null(strstr(err.text, "/tmp is not a regular file"));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(certificate_check_file(path, &err), -EINVAL);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)
	const struct CMUnitTest tests[] = {
		ROW(certificate_check_file__pem__is_good),
		ROW(certificate_check_file__no_certificate__is_refused),
		ROW(certificate_check_file__damaged__says_which),
		ROW(certificate_check_file__no_file__is_refused_and_a_pipe_does_not_hold_us_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
