/* role: how a person takes part in a task, and so which steps speak to them. */
#ifndef DEADLINED_PLAN_ROLE_H
#define DEADLINED_PLAN_ROLE_H

#include <stdbool.h>

enum role { ROLE_RESPONSIBLE, ROLE_PARTICIPANT, ROLE_SUPERVISOR, ROLE_WATCHER, ROLE_MAX };

/* "responsible", "participant", "supervisor", "watcher": as in the schema's CHECK */
const char *role_name(enum role role);
bool role_find(const char *name, enum role *ret_role);

/* "supervisor:anna" is anna as a supervisor, "anna" as a participant. *ret_id lies in word. False for an unknown role;
 * nothing is set then. */
bool role_split(const char *word, enum role *ret_role, const char **ret_id);

/* A set of roles. */
#define ROLE_BIT(role) (1u << (role))

#endif
