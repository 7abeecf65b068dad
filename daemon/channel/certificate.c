#include "channel/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char certificate_field[] = "Expire date:";

bool certificate_watch(CURL *easy)
{
	return curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L) == CURLE_OK;
}

/* The first of the chain is the server's own. */
int64_t certificate_until_utc(CURL *easy)
{
	const struct curl_certinfo *chain = NULL;
	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL || chain->num_of_certs < 1)
		return 0;
	for (const struct curl_slist *line = chain->certinfo[0]; line != NULL; line = line->next) {
		size_t len = sizeof(certificate_field) - 1;
		if (strncmp(line->data, certificate_field, len) != 0)
			continue;
		int64_t until = (int64_t)curl_getdate(line->data + len, NULL);
		return until > 0 ? until : 0;
	}
	return 0;
}

static int certificate_read_all(FILE *file, const char *path, struct err *err)
{
	size_t n = 0;
	ERR_clear_error();
	for (X509 *one; (one = PEM_read_X509_AUX(file, NULL, NULL, NULL)) != NULL; n++)
		X509_free(one);
	bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	if (!is_end)
		return err_set(err, -EINVAL, "certificate %zu in %s is damaged: copy the file anew", n + 1, path);
	if (n == 0)
		return err_set(err, -EINVAL,
			       "%s holds no certificate: give a PEM file, with lines -----BEGIN CERTIFICATE-----",
			       path);
	return 0;
}

int certificate_check_file(const char *path, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe must not hold us up */
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	int status = 0;
	if (file == NULL)
		status = err_set(err, -errno, "%s cannot be read: %s", path, strerror(errno));
	else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		status = err_set(err, -EINVAL, "%s is not a regular file: give one PEM file of certificates", path);
	else
		status = certificate_read_all(file, path, err);
	if (file != NULL)
		(void)fclose(file); /* only read */
	else if (fd >= 0)
		(void)close(fd);
	return status;
}
