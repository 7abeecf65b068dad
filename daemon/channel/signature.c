#include "channel/signature.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void signature_hmac(const void *key, size_t key_len, const void *data, size_t len,
		    unsigned char ret_mac[SIGNATURE_SIZE])
{
	static const unsigned char none[1] = {0};
	if (HMAC(EVP_sha256(), key_len != 0 ? key : none, (int)key_len, len != 0 ? data : none, len, ret_mac, NULL) ==
	    NULL)
		mem_lack(); /* the only way it fails */
}

void signature_add_base64(struct buf *out, const void *bytes, size_t len)
{
	unsigned char *text = mem_alloc(len / 3 * 4 + 5);
	int n = EVP_EncodeBlock(text, bytes, (int)len);
	buf_add(out, text, (size_t)n);
	mem_free_secret((char *)text);
}

void signature_add_hex(struct buf *out, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_printf(out, "%02x", bytes[i]);
}

void signature_hash(const char *text, char ret_hash[SIGNATURE_HASH_SIZE])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct buf hex;
	(void)SHA256((const unsigned char *)text, strlen(text), digest); /* returns digest */
	buf_init(&hex, SIGNATURE_HASH_SIZE);
	signature_add_hex(&hex, digest, sizeof(digest));
	(void)snprintf(ret_hash, SIGNATURE_HASH_SIZE, "%s", buf_str(&hex));
	buf_done(&hex);
}

int signature_add_decoded(struct buf *out, const char *text, struct err *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text), used = strspn(text, letters), padding = len - used;
	if (len % 4 != 0 || padding > 2 || strspn(text + used, "=") != padding)
		return err_set(err, -EINVAL, "the key is not base64");

	unsigned char *bytes = mem_alloc(len / 4 * 3 + 1);
	int n = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len); /* takes all that passed the check */
	buf_add(out, bytes, (size_t)n - padding);
	OPENSSL_cleanse(bytes, len / 4 * 3);
	free(bytes);
	return 0;
}

void signature_uuid(const char *text, char ret_uuid[SIGNATURE_UUID_SIZE])
{
	unsigned char b[SHA256_DIGEST_LENGTH];
	(void)SHA256((const unsigned char *)text, strlen(text), b); /* returns b */
	b[6] = (unsigned char)(0x80 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	(void)snprintf(ret_uuid, SIGNATURE_UUID_SIZE,
		       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
		       b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

int32_t signature_int31(const char *text)
{
	unsigned char b[SHA256_DIGEST_LENGTH];
	(void)SHA256((const unsigned char *)text, strlen(text), b); /* returns b */
	int32_t number = (b[0] & 0x7f) << 24 | b[1] << 16 | b[2] << 8 | b[3];
	return number != 0 ? number : 1;
}
