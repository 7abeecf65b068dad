#include "channel/certificate.h"

#include <string.h>

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
