#include "supervisor/environ.h"

#include <stdbool.h>

#include "base/compat.h"
#include "tls/jks.h"

#define PROXY	"http://127.0.0.1:3128"
#define OURS	"localhost,127.0.0.1,::1"
#define CA	"/etc/openshell/ca.pem"
#define BUNDLE	"/etc/openshell/bundle.pem"
#define TRUST	"/etc/openshell/truststore.jks"

/* Nothing of the host's environment: it may hold secrets, sockets and paths
 * that mean something else here. */
static const char *const ours[] = {
	"PATH=/home/sandbox/.local/bin:/usr/local/sbin:/usr/local/bin:"
	    "/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/home/sandbox", "USER=sandbox", "LOGNAME=sandbox",
	"SHELL=/bin/bash", "TMPDIR=/tmp", "LANG=C.UTF-8",
	"TERM=xterm-256color", "OPENSHELL_SANDBOX=1",
	/* so that `npm install -g' needs no rights on /usr */
	"NPM_CONFIG_PREFIX=/home/sandbox/.local",
	/* its templates are hooks, which are protected names */
	"GIT_TEMPLATE_DIR=",

	/* every client's word for "go through the proxy" */
	"HTTP_PROXY=" PROXY, "http_proxy=" PROXY,
	"HTTPS_PROXY=" PROXY, "https_proxy=" PROXY,
	"ALL_PROXY=" PROXY, "all_proxy=" PROXY, "grpc_proxy=" PROXY,
	"NO_PROXY=" OURS, "no_proxy=" OURS,
	"NODE_USE_ENV_PROXY=1",	/* node from 22.21 and 24.5 */

	/* and for "trust these authorities". Bundles replace the client's own
	 * list; the others add to it. */
	"SSL_CERT_FILE=" BUNDLE, "CURL_CA_BUNDLE=" BUNDLE,
	"REQUESTS_CA_BUNDLE=" BUNDLE, "PIP_CERT=" BUNDLE,
	"GIT_SSL_CAINFO=" BUNDLE, "CARGO_HTTP_CAINFO=" BUNDLE,
	"AWS_CA_BUNDLE=" BUNDLE, "NIX_SSL_CERT_FILE=" BUNDLE,
	"NODE_EXTRA_CA_CERTS=" CA, "DENO_CERT=" CA,
	"JAVA_TOOL_OPTIONS=-Dhttps.proxyHost=127.0.0.1 "
	    "-Dhttps.proxyPort=3128 -Dhttp.proxyHost=127.0.0.1 "
	    "-Dhttp.proxyPort=3128 -Djavax.net.ssl.trustStore=" TRUST " "
	    "-Djavax.net.ssl.trustStoreType=JKS "
	    "-Djavax.net.ssl.trustStorePassword=" JKS_PASSWORD,
	NULL,
};

static size_t
count(char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

/* Does list set the variable that kv sets? */
static bool
has(char *const *list, const char *kv)
{
	size_t name = str_index(str_c(kv), '=') + 1;

	for (; list != NULL && *list != NULL; list++)
		if (strncmp(*list, kv, name) == 0)
			return true;
	return false;
}

char **
environ_merge(struct arena *a, char *const *base, char *const *over)
{
	size_t n = 0, nover = count(over);
	char **out = arena_alloc(a, count(base) + nover + 1, sizeof(*out));

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < nover; i++)
		out[n++] = over[i];
	for (; *base != NULL; base++)
		if (!has(over, *base))
			out[n++] = *base;
	return out;
}

char **
environ_make(struct arena *a, char *const *over)
{
	char **base = arena_alloc(a, NELEM(ours), sizeof(*base));

	for (size_t i = 0; base != NULL && ours[i] != NULL; i++) {
		base[i] = arena_strdup(a, str_c(ours[i]));
		if (base[i] == NULL)
			return NULL;
	}
	return base == NULL ? NULL : environ_merge(a, base, over);
}
