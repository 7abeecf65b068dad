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
