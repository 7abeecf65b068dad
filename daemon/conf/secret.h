/* secret: passwords and tokens by reference, never in the INI itself.
 *
 * "credential:NAME" is a file in $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=), by the name NAME or
 * "secrets_NAME" (what LoadCredential=secrets:DIR makes of DIR/NAME). Without that variable, as when an administrator
 * runs deadlinectl, it is NAME in the folder "secrets" beside the configuration. "file:/path" is that file. */
#ifndef DEADLINED_CONF_SECRET_H
#define DEADLINED_CONF_SECRET_H

#include <stdbool.h>

#include "base/err.h"

enum { SECRET_MAX = 16 * 1024, SECRET_KEY_MAX = 64 * 1024 };

/* Reads the secret that reference names, without its last newline, into *ret_value (the caller frees it with
 * mem_free_secret()) and registers it with log_hide(). secrets_dir: the folder for "credential:" when there is no
 * $CREDENTIALS_DIRECTORY. Errors, with words in err that never hold the value:
 * -EINVAL  not a reference (a secret in the clear), empty, over SECRET_MAX, with control characters, blanks at its ends
 * or a byte
 *          order mark;
 * -EACCES  the file can be read or written by group or others (mode & 077), or not by us;
 * -ENOENT and others: errno of open(2) and read(2). */
MUSTCHECK int secret_read(const char *reference, const char *secrets_dir, char **ret_value, struct err *err);

/* The same for a private key in PEM, which has lines, and its chain behind it: up to SECRET_KEY_MAX. It is not
 * registered: nobody repeats it. */
MUSTCHECK int secret_read_key(const char *reference, const char *secrets_dir, char **ret_value, struct err *err);

/* True when value begins as a reference does. */
bool secret_is_reference(const char *value);

#endif
