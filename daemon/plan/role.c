#include "plan/role.h"

#include <string.h>

static const char *const role_names[] = {"responsible", "participant", "supervisor", "watcher"};

const char *role_name(enum role role)
{
	return role_names[role];
}

bool role_find(const char *name, enum role *ret_role)
{
	for (unsigned i = 0; i < ROLE_MAX; i++)
		if (strcmp(role_names[i], name) == 0) {
			*ret_role = (enum role)i;
			return true;
		}
	return false;
}

bool role_split(const char *word, enum role *ret_role, const char **ret_id)
{
	const char *colon = strchr(word, ':');
	if (colon == NULL) {
		*ret_role = ROLE_PARTICIPANT;
		*ret_id = word;
		return true;
	}
	for (unsigned i = 0; i < ROLE_MAX; i++)
		if (strlen(role_names[i]) == (size_t)(colon - word) &&
		    strncmp(role_names[i], word, (size_t)(colon - word)) == 0) {
			*ret_role = (enum role)i;
			*ret_id = colon + 1;
			return true;
		}
	return false;
}
