/* api.h -- one conversation with the gateway, which starts if need be. */
#ifndef CLI_API_H
#define CLI_API_H

#include <jansson.h>
#include <stdbool.h>

#include "base/compat.h"
#include "base/paths.h"
#include "http.h"

struct err;

struct api {
	struct http http;
	struct paths paths;
};

enum api_how {
	API_IF_RUNNING,		/* zero: a gateway that is not there is an error */
	API_START,		/* it is started */
};

/* 0, or the exit code after saying why not. api_close() it either way. */
int api_open(struct api *a, enum api_how how);
void api_close(struct api *a);
#define CLEAN_API __attribute__((cleanup(api_close)))

/* Is a gateway running? Never says anything. */
bool api_is_there(void);
/* Starts it in the background and waits until it serves. */
int api_start_gateway(struct err *e);

struct ask {
	const char *method;
	const char *path;	/* from api_path() */
	json_t *body;		/* or NULL; stays the caller's */
	const char *doing;	/* "creating the sandbox": if it takes long */
	int passed;		/* out: the descriptor that came, or -1; yours */
	int status;		/* out */
	bool quiet;		/* nothing is said of what goes wrong */
	const char *about;	/* put before what the sandbox refused */
};

/* The answer's body in *out (json_decref it), which may be NULL. The exit
 * code: 0, or what went wrong has been said, with the next thing to do. */
int api_ask(struct api *a, struct ask *q, json_t **out);
/* For answers that never end: sends and reads the head; errors are said. */
int api_ask_stream(struct api *a, struct ask *q);

/* "/v1/sandboxes/NAME/TAIL", heap; name NULL is the last one used. */
char *api_path(const char *name, const char *tail) MUST_USE;

static inline void
clean_json(json_t **v)
{
	json_decref(*v);
}
#define CLEAN_JSON __attribute__((cleanup(clean_json)))

/* What is at key, or "" / 0 when it is missing, null or of another type. */
const char *json_text(const json_t *v, const char *key);
int64_t json_number(const json_t *v, const char *key);

#endif
