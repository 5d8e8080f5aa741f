/* t_policy.c -- what a policy's words mean for a request. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compat.h"
#include "base/err.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/image.h"

static struct image *
image_made(const char *yaml, char **bytes)
{
	struct policy_file f = { "p.yaml", str_c(yaml) };
	struct diags d = { 0 };
	struct image *im = NULL;
	struct err e = { 0 };
	size_t len;

	if (policy_compile(&f, 1, POLICY_STAGE_ENFORCE, bytes, &len, &d) ==
	    -1)
		fail_msg("%s\n%s", yaml, diags_print(&d, false));
	diags_fini(&d);
	if (image_of(str_of(*bytes, len), &im, &e) == -1)
		fail_msg("%s", e.text);
	return im;
}

#define DENY VERDICT_DENY
#define ALLOW VERDICT_ALLOW
#define TLS true
#define CLEAR false

/* method "": about the connection; WEBSOCKET: the GET with which one begins.
 * exe: "" is not known. */
static const struct {
	const char *what, *yaml;
	const char *method, *host;
	uint16_t port;
	bool tls;
	const char *path, *exe;
	enum verdict want;
	enum treatment treat;
	const char *reason; /* part of it, or NULL */
} cases[] = {
	/* ---- hosts */
#define ONE "network: {allow: [{endpoint: api.example.com}]}"
	{ "an empty policy denies", "", "GET", "a.example.com", 443, TLS,
	    "/", "", DENY, 0, "no rule names a.example.com" },
	{ "a policy without network denies", "policy_mode: enforce", "GET",
	    "a.example.com", 443, TLS, "/", "", DENY, 0, NULL },
	{ "a named host is allowed", ONE, "GET", "api.example.com", 443, TLS,
	    "/", "", ALLOW, TREAT_HTTP, "allowed by p.yaml:1" },
	{ "its connection too", ONE, "", "api.example.com", 443, TLS, "", "",
	    ALLOW, TREAT_HTTP, NULL },
	{ "its parent is another host", ONE, "GET", "example.com", 443, TLS,
	    "/", "", DENY, 0, "nearest is p.yaml:1" },
	{ "what stands below it is another host", ONE, "GET",
	    "x.api.example.com", 443, TLS, "/", "", DENY, 0, NULL },
	{ "a longer label that ends the same is another host", ONE, "GET",
	    "evilapi.example.com", 443, TLS, "/", "", DENY, 0, NULL },
	{ "the name followed by another domain is another host", ONE, "GET",
	    "api.example.com.evil.test", 443, TLS, "/", "", DENY, 0, NULL },
	{ "a final dot is not canonical, so it matches nothing", ONE, "GET",
	    "api.example.com.", 443, TLS, "/", "", DENY, 0, NULL },
	{ "upper case is not canonical either", ONE, "GET",
	    "API.example.com", 443, TLS, "/", "", DENY, 0, NULL },
	{ "a NUL ends no comparison", ONE, "GET", "api.example.com%00x", 443,
	    TLS, "/", "", DENY, 0, NULL },
	{ "the empty host is nobody", ONE, "GET", "", 443, TLS, "/", "",
	    DENY, 0, NULL },
	{ "a lone dot is nobody", ONE, "GET", ".", 443, TLS, "/", "", DENY,
	    0, NULL },
	{ "upper case in the policy is the same name",
	    "network: {allow: [{endpoint: API.Example.COM}]}", "GET",
	    "api.example.com", 443, TLS, "/", "", ALLOW, 0, NULL },
	{ "destination is the same key",
	    "network: {egress: [{destination: api.example.com}]}", "GET",
	    "api.example.com", 443, TLS, "/", "", ALLOW, 0, NULL },
	{ "a single label can be named",
	    "network: {allow: [{endpoint: intranet}]}", "GET", "intranet",
	    443, TLS, "/", "", ALLOW, 0, NULL },
#define STAR "network: {allow: [{endpoint: \"*.example.com\"}]}"
	{ "a star is one further label", STAR, "GET", "a.example.com", 443,
	    TLS, "/", "", ALLOW, 0, NULL },
	{ "a star is not two labels", STAR, "GET", "a.b.example.com", 443,
	    TLS, "/", "", DENY, 0, NULL },
	{ "a star is not the name itself", STAR, "GET", "example.com", 443,
	    TLS, "/", "", DENY, 0, NULL },
	{ "a star is a whole label", STAR, "GET", "evilexample.com", 443,
	    TLS, "/", "", DENY, 0, NULL },
	{ "an empty label is no label", STAR, "GET", "..example.com", 443,
	    TLS, "/", "", DENY, 0, NULL },
#define STARS "network: {allow: [{endpoint: \"**.example.com\"}]}"
	{ "two stars are one label", STARS, "GET", "a.example.com", 443, TLS,
	    "/", "", ALLOW, 0, NULL },
	{ "two stars are many labels", STARS, "GET", "a.b.c.example.com",
	    443, TLS, "/", "", ALLOW, 0, NULL },
	{ "two stars are not the name itself", STARS, "GET", "example.com",
	    443, TLS, "/", "", DENY, 0, NULL },

	/* ---- when */
#define WHEN "network: {allow: [{endpoint: a.test, when: \"path" \
	".startsWith('/v1/') && !(method in ['DELETE', 'PUT'])\"}]}"
	{ "a condition that holds", WHEN, "GET", "a.test", 443, TLS, "/v1/x",
	    "", ALLOW, 0, NULL },
	{ "one that does not, and what it asks", WHEN, "PUT", "a.test", 443,
	    TLS, "/v1/x", "", DENY, 0, "it is only when "
	    "path.startsWith(\"/v1/\") && !(method in [\"DELETE\"" },
	{ "in its other part", WHEN, "GET", "a.test", 443, TLS, "/v2/x", "",
	    DENY, 0, NULL },
	{ "a connection on which a request may hold it", WHEN, "", "a.test",
	    443, TLS, "", "", ALLOW, 0, NULL },
#define WHEN_WHO "network: {allow: [{endpoint: a.test, when: " \
	"\"exe.endsWith('/git')\"}]}"
	{ "the program that asks", WHEN_WHO, "GET", "a.test", 443, TLS, "/",
	    "/usr/bin/git", ALLOW, 0, NULL },
	{ "another program", WHEN_WHO, "GET", "a.test", 443, TLS, "/",
	    "/usr/bin/curl", DENY, 0, NULL },
	{ "a program that is not known grants nothing", WHEN_WHO, "GET",
	    "a.test", 443, TLS, "/", "", DENY, 0, NULL },
	{ "nor a connection", WHEN_WHO, "", "a.test", 443, TLS, "", "", DENY,
	    0, NULL },
#define WHEN_DENY "network: {allow: [{endpoint: a.test}], deny: [" \
	"{endpoint: a.test, when: \"exe.endsWith('/curl')\"}]}"
	{ "a deny of a program", WHEN_DENY, "GET", "a.test", 443, TLS, "/",
	    "/usr/bin/curl", DENY, 0, "denied by p.yaml:1" },
	{ "is not one of others", WHEN_DENY, "GET", "a.test", 443, TLS, "/",
	    "/usr/bin/git", ALLOW, 0, NULL },
	{ "and is one of what is not known", WHEN_DENY, "GET", "a.test", 443,
	    TLS, "/", "", DENY, 0, NULL },
#define WHEN_PATH "network: {allow: [{endpoint: a.test, ports: [443]}], " \
	"deny: [{endpoint: a.test, when: \"path.contains('secret')\"}]}"
	{ "a deny of requests leaves the connection", WHEN_PATH, "",
	    "a.test", 443, TLS, "", "", ALLOW, TREAT_HTTP, NULL },
	{ "and denies them", WHEN_PATH, "GET", "a.test", 443, TLS,
	    "/x/secrets", "", DENY, 0, NULL },
	{ "a port of another condition", "network: {allow: [{endpoint: "
	    "a.test, ports: [443, 8443], when: 'port > 8000'}]}", "GET",
	    "a.test", 443, TLS, "/", "", DENY, 0, NULL },
	{ "two entries with conditions add up", "network: {allow: [{endpoint:"
	    " a.test, when: \"path.startsWith('/a')\"}, {endpoint: a.test, "
	    "when: \"path.startsWith('/b')\"}]}", "GET", "a.test", 443, TLS,
	    "/b", "", ALLOW, 0, NULL },

	/* ---- denies */
#define WITH_DENY "network: {allow: [{endpoint: \"**.example.com\"}, " \
	"{endpoint: example.com}], deny: [{endpoint: \"*.evil.example.com\"}]}"
	{ "a deny beats an allow", WITH_DENY, "GET", "a.evil.example.com",
	    443, TLS, "/", "", DENY, 0, "denied by p.yaml:1: *.evil" },
	{ "a deny's star is any depth", WITH_DENY, "GET",
	    "a.b.evil.example.com", 443, TLS, "/", "", DENY, 0, NULL },
	{ "a deny's star is the name itself", WITH_DENY, "GET",
	    "evil.example.com", 443, TLS, "/", "", DENY, 0, NULL },
	{ "a deny says nothing of its neighbours", WITH_DENY, "GET",
	    "notevil.example.com", 443, TLS, "/", "", ALLOW, 0, NULL },
	{ "a deny beats an allow that stands after it",
	    "network: {deny: [{endpoint: a.example.com}], "
	    "allow: [{endpoint: a.example.com}]}", "GET", "a.example.com",
	    443, TLS, "/", "", DENY, 0, NULL },
	{ "a deny without ports is of all ports",
	    "network: {allow: [{endpoint: a.example.com, ports: [8443]}], "
	    "deny: [{endpoint: a.example.com}]}", "GET", "a.example.com",
	    8443, TLS, "/", "", DENY, 0, NULL },
	{ "a deny closes the connection",
	    "network: {allow: [{endpoint: a.example.com}], "
	    "deny: [{endpoint: a.example.com}]}", "", "a.example.com", 443,
	    TLS, "", "", DENY, 0, NULL },
#define DENY_STAR "network: {allow: [{endpoint: a.example.com}], " \
	"deny: [{endpoint: \"*\"}]}"
	{ "a deny of * alone overrides nothing", DENY_STAR, "GET",
	    "a.example.com", 443, TLS, "/", "", ALLOW, 0, NULL },
	{ "and is the default", DENY_STAR, "GET", "b.example.com", 443, TLS,
	    "/", "", DENY, 0, NULL },
	{ "a deny of * that says more is a deny",
	    "network: {allow: [{endpoint: a.example.com}], "
	    "deny: [{endpoint: \"*\", methods: [DELETE]}]}", "DELETE",
	    "a.example.com", 443, TLS, "/", "", DENY, 0, NULL },
	{ "of what it says and no more",
	    "network: {allow: [{endpoint: a.example.com}], "
	    "deny: [{endpoint: \"*\", methods: [DELETE]}]}", "GET",
	    "a.example.com", 443, TLS, "/", "", ALLOW, 0, NULL },
	{ "a deny of a method leaves the connection open",
	    "network: {allow: [{endpoint: a.example.com}], "
	    "deny: [{endpoint: a.example.com, methods: [DELETE]}]}", "",
	    "a.example.com", 443, TLS, "", "", ALLOW, 0, NULL },
	{ "a deny of GET is one of HEAD",
	    "network: {allow: [{endpoint: a.example.com}], "
	    "deny: [{endpoint: a.example.com, methods: [GET]}]}", "HEAD",
	    "a.example.com", 443, TLS, "/", "", DENY, 0, NULL },

	/* ---- default_policy */
#define OPEN "network: {default_policy: allow, deny: [{endpoint: b.test}]}"
	{ "default_policy allow lets requests out", OPEN, "GET", "a.test",
	    443, TLS, "/", "", ALLOW, TREAT_HTTP, "default_policy" },
	{ "a deny holds against it", OPEN, "GET", "b.test", 443, TLS, "/", "",
	    DENY, 0, NULL },
	{ "what cannot be inspected it does not let out", OPEN, "",
	    "a.test", 443, TLS, "", "", ALLOW, TREAT_HTTP, NULL },

	/* ---- ports and protocols */
	{ "a rule without ports is for 443", ONE, "GET", "api.example.com",
	    80, CLEAR, "/", "", DENY, 0, "port 80 is not in [443]" },
	{ "443 is https: clear text is refused", ONE, "GET",
	    "api.example.com", 443, CLEAR, "/", "", DENY, 0,
	    "this is not TLS" },
	{ "a named port is that port",
	    "network: {allow: [{endpoint: a.test, ports: [80]}]}", "GET",
	    "a.test", 80, CLEAR, "/", "", ALLOW, TREAT_HTTP, NULL },
	{ "80 is http: TLS there is refused",
	    "network: {allow: [{endpoint: a.test, ports: [80]}]}", "GET",
	    "a.test", 80, TLS, "/", "", DENY, 0, "http in clear" },
	{ "an odd port is http or https, inspected",
	    "network: {allow: [{endpoint: a.test, ports: [8000]}]}", "",
	    "a.test", 8000, CLEAR, "", "", ALLOW, TREAT_HTTP, NULL },
	{ "a range holds its ends",
	    "network: {allow: [{endpoint: a.test, ports: [8000-8010]}]}",
	    "GET", "a.test", 8010, TLS, "/", "", ALLOW, 0, NULL },
	{ "and no more",
	    "network: {allow: [{endpoint: a.test, ports: [8000-8010]}]}",
	    "GET", "a.test", 8011, TLS, "/", "", DENY, 0, "8000-8010" },
	{ "22 is ssh, which passes",
	    "network: {allow: [{endpoint: a.test, ports: [22]}]}", "",
	    "a.test", 22, CLEAR, "", "", ALLOW, TREAT_PASS, NULL },
	{ "a request is never judged by a rule for ssh",
	    "network: {allow: [{endpoint: a.test, ports: [22]}]}", "GET",
	    "a.test", 22, CLEAR, "/", "", DENY, 0, "not for HTTP" },
	{ "smtps is TLS whose name is looked at",
	    "network: {allow: [{endpoint: a.test, ports: [465], "
	    "protocols: [smtps]}]}", "", "a.test", 465, TLS, "", "", ALLOW,
	    TREAT_TLS, NULL },
	{ "smtps without TLS is refused",
	    "network: {allow: [{endpoint: a.test, ports: [587], "
	    "protocols: [smtps]}]}", "", "a.test", 587, CLEAR, "", "", DENY,
	    0, NULL },
	{ "tcp passes on any port",
	    "network: {allow: [{endpoint: a.test, protocols: [tcp]}]}", "",
	    "a.test", 443, TLS, "", "", ALLOW, TREAT_PASS, NULL },
	{ "of two rules the one that inspects is taken",
	    "network: {allow: [{endpoint: a.test, protocols: [tcp]}, "
	    "{endpoint: a.test, methods: [GET]}]}", "", "a.test", 443, TLS,
	    "", "", ALLOW, TREAT_HTTP, NULL },
	{ "and then the one that passes allows no request",
	    "network: {allow: [{endpoint: a.test, protocols: [tcp]}, "
	    "{endpoint: a.test, methods: [GET]}]}", "POST", "a.test", 443,
	    TLS, "/", "", DENY, 0, NULL },
	{ "methods on a port of a protocol that passes are still looked at",
	    "network: {allow: [{endpoint: a.test, ports: [5432], "
	    "methods: [GET]}]}", "", "a.test", 5432, CLEAR, "", "", ALLOW,
	    TREAT_HTTP, NULL },
	{ "a deny of one protocol leaves the other",
	    "network: {allow: [{endpoint: a.test, protocols: [https, tcp]}],"
	    " deny: [{endpoint: a.test, protocols: [https]}]}", "",
	    "a.test", 443, TLS, "", "", ALLOW, TREAT_PASS, NULL },

#define UNSEEN "network: {allow: [{endpoint: a.test, ports: [443, 22], " \
	"protocols: [tcp]}], deny: [{endpoint: a.test, paths: [/x/*]}]}"
	{ "a deny of some requests closes what passes unseen", UNSEEN, "",
	    "a.test", 443, TLS, "", "", DENY, 0, "denied by" },
	{ "but not where no requests are to be expected", UNSEEN, "",
	    "a.test", 22, CLEAR, "", "", ALLOW, TREAT_PASS, NULL },

	/* ---- methods */
#define GETS "network: {allow: [{endpoint: a.test, methods: [GET]}]}"
	{ "GET includes HEAD", GETS, "HEAD", "a.test", 443, TLS, "/", "",
	    ALLOW, 0, NULL },
	{ "and nothing else", GETS, "POST", "a.test", 443, TLS, "/", "",
	    DENY, 0, "method POST is not in [GET, HEAD]" },
	{ "OPTIONS is not implied", GETS, "OPTIONS", "a.test", 443, TLS, "/",
	    "", DENY, 0, NULL },
	{ "a method's case counts", GETS, "get", "a.test", 443, TLS, "/", "",
	    DENY, 0, NULL },
	{ "a method that only begins so is another", GETS, "GETX", "a.test",
	    443, TLS, "/", "", DENY, 0, NULL },
	{ "HEAD does not include GET",
	    "network: {allow: [{endpoint: a.test, methods: [HEAD]}]}", "GET",
	    "a.test", 443, TLS, "/", "", DENY, 0, NULL },
	{ "a star is every method",
	    "network: {allow: [{endpoint: a.test, methods: [\"*\"]}]}",
	    "BREW", "a.test", 443, TLS, "/", "", ALLOW, 0, NULL },
	{ "a method of one's own can be named",
	    "network: {allow: [{endpoint: a.test, methods: [BREW]}]}",
	    "BREW", "a.test", 443, TLS, "/", "", ALLOW, 0, NULL },
	{ "and then no other is allowed",
	    "network: {allow: [{endpoint: a.test, methods: [BREW]}]}",
	    "GET", "a.test", 443, TLS, "/", "", DENY, 0, "[BREW]" },
	{ "entries for one host add up",
	    "network: {allow: [{endpoint: a.test, methods: [GET]}, "
	    "{endpoint: a.test, methods: [POST], paths: [/in]}]}", "POST",
	    "a.test", 443, TLS, "/in", "", ALLOW, 0, NULL },
	{ "but do not lend each other their parts",
	    "network: {allow: [{endpoint: a.test, methods: [GET]}, "
	    "{endpoint: a.test, methods: [POST], paths: [/in]}]}", "POST",
	    "a.test", 443, TLS, "/out", "", DENY, 0,
	    "path /out is not in [/in]" },

	/* ---- paths */
#define PATHS "network: {allow: [{endpoint: a.test, paths: [/repos/*, " \
	"/zen, /u/*/x, /d/**/y]}]}"
	{ "an exact path", PATHS, "GET", "a.test", 443, TLS, "/zen", "",
	    ALLOW, 0, NULL },
	{ "an exact path has nothing after it", PATHS, "GET", "a.test", 443,
	    TLS, "/zen/x", "", DENY, 0, NULL },
	{ "not even a slash", PATHS, "GET", "a.test", 443, TLS, "/zen/", "",
	    DENY, 0, NULL },
	{ "nor anything before it", PATHS, "GET", "a.test", 443, TLS,
	    "/x/zen", "", DENY, 0, NULL },
	{ "a path's case counts", PATHS, "GET", "a.test", 443, TLS, "/Zen",
	    "", DENY, 0, NULL },
	{ "a final star covers everything below", PATHS, "GET", "a.test",
	    443, TLS, "/repos/a/b/c", "", ALLOW, 0, NULL },
	{ "an allow of what is below is not one of the thing", PATHS, "GET",
	    "a.test", 443, TLS, "/repos", "", DENY, 0, NULL },
	{ "the stem must end there", PATHS, "GET", "a.test", 443, TLS,
	    "/reposx/a", "", DENY, 0, NULL },
	{ "a star in the middle is one segment", PATHS, "GET", "a.test", 443,
	    TLS, "/u/bob/x", "", ALLOW, 0, NULL },
	{ "and not two", PATHS, "GET", "a.test", 443, TLS, "/u/b/o/x", "",
	    DENY, 0, NULL },
	{ "two stars span", PATHS, "GET", "a.test", 443, TLS, "/d/a/b/y", "",
	    ALLOW, 0, NULL },
	{ "none too", PATHS, "GET", "a.test", 443, TLS, "/d/y", "", ALLOW, 0,
	    NULL },
	{ "but whole segments", PATHS, "GET", "a.test", 443, TLS, "/d/xy",
	    "", DENY, 0, NULL },
	{ "no path at all is no path of the list", PATHS, "GET", "a.test",
	    443, TLS, "", "", DENY, 0, NULL },
	{ "a slash and a star are every path",
	    "network: {allow: [{endpoint: a.test, paths: [/*]}]}", "GET",
	    "a.test", 443, TLS, "/", "", ALLOW, 0, NULL },
#define DENY_PATH "network: {allow: [{endpoint: a.test}], " \
	"deny: [{endpoint: a.test, paths: [/x/*, /y/**, /z]}]}"
	{ "a deny of what is below covers it", DENY_PATH, "GET", "a.test",
	    443, TLS, "/x/1/2", "", DENY, 0, NULL },
	{ "and the thing itself", DENY_PATH, "GET", "a.test", 443, TLS, "/x",
	    "", DENY, 0, NULL },
	{ "with two stars as well", DENY_PATH, "GET", "a.test", 443, TLS,
	    "/y", "", DENY, 0, NULL },
	{ "a deny of a path covers its spelling with a slash", DENY_PATH,
	    "GET", "a.test", 443, TLS, "/z/", "", DENY, 0, NULL },
	{ "and not what is below", DENY_PATH, "GET", "a.test", 443, TLS,
	    "/z/1", "", ALLOW, 0, NULL },
	{ "and not its neighbour", DENY_PATH, "GET", "a.test", 443, TLS,
	    "/xx", "", ALLOW, 0, NULL },

	/* ---- who */
#define WHO "network: {allow: [{endpoint: a.test, " \
	"binaries: [curl, /usr/bin/git, /opt/**/node]}]}"
	{ "a bare name is any program of that name", WHO, "GET", "a.test",
	    443, TLS, "/", "/usr/local/bin/curl", ALLOW, 0, NULL },
	{ "and not one that ends so", WHO, "GET", "a.test", 443, TLS, "/",
	    "/usr/bin/xcurl", DENY, 0, "the program is /usr/bin/xcurl" },
	{ "a path is that file", WHO, "GET", "a.test", 443, TLS, "/",
	    "/usr/bin/git", ALLOW, 0, NULL },
	{ "and not one of its name", WHO, "GET", "a.test", 443, TLS, "/",
	    "/tmp/git", DENY, 0, NULL },
	{ "a pattern spans directories", WHO, "GET", "a.test", 443, TLS, "/",
	    "/opt/a/b/node", ALLOW, 0, NULL },
	{ "a rule for some programs needs to know who asks", WHO, "GET",
	    "a.test", 443, TLS, "/", "", DENY, 0, "not known" },
	{ "a deny for some programs holds when nobody knows who asks",
	    "network: {allow: [{endpoint: a.test}], "
	    "deny: [{endpoint: a.test, binaries: [curl]}]}", "GET",
	    "a.test", 443, TLS, "/", "", DENY, 0, NULL },
	{ "and not for another program",
	    "network: {allow: [{endpoint: a.test}], "
	    "deny: [{endpoint: a.test, binaries: [curl]}]}", "GET",
	    "a.test", 443, TLS, "/", "/usr/bin/git", ALLOW, 0, NULL },

	/* ---- addresses as hosts */
#define ADDR "network: {allow: [{endpoint: 192.0.2.0/24}, " \
	"{endpoint: \"2001:db8::1\"}]}"
	{ "an address is allowed by its range", ADDR, "GET", "192.0.2.9",
	    443, TLS, "/", "", ALLOW, 0, NULL },
	{ "and not beyond it", ADDR, "GET", "192.0.3.9", 443, TLS, "/", "",
	    DENY, 0, NULL },
	{ "an IPv6 address is itself", ADDR, "GET", "2001:db8::1", 443, TLS,
	    "/", "", ALLOW, 0, NULL },
	{ "the mapped form is the IPv4 address", ADDR, "GET",
	    "::ffff:192.0.2.9", 443, TLS, "/", "", ALLOW, 0, NULL },
	{ "a name permits no address", STARS, "GET", "1.2.3.4", 443, TLS,
	    "/", "", DENY, 0, NULL },
	{ "an address permits no name", ADDR, "GET", "192.0.2.9.nip.test",
	    443, TLS, "/", "", DENY, 0, NULL },
	{ "octal is not an address, and no name",
	    "network: {allow: [{endpoint: 10.0.0.1}]}", "GET", "012.0.0.1",
	    443, TLS, "/", "", DENY, 0, NULL },
	{ "nor is a number",
	    "network: {allow: [{endpoint: 10.0.0.1}]}", "GET", "167772161",
	    443, TLS, "/", "", DENY, 0, NULL },
	{ "a deny of a range is of its addresses",
	    "network: {allow: [{endpoint: 192.0.2.0/24}], "
	    "deny: [{endpoint: 192.0.2.128/25}]}", "GET", "192.0.2.200", 443,
	    TLS, "/", "", DENY, 0, NULL },

	/* ---- WebSockets */
#define WEBSOCKET "websocket"
#define WSS "network: {allow: [{endpoint: a.test, protocols: [wss]}]}"
#define READS "network: {allow: [{endpoint: a.test, methods: [GET]}]}"
	{ "an entry that leaves the methods open takes a WebSocket", ONE,
	    WEBSOCKET, "api.example.com", 443, TLS, "/", "", ALLOW,
	    TREAT_HTTP, NULL },
	{ "an entry that lets read does not: a WebSocket also writes", READS,
	    WEBSOCKET, "a.test", 443, TLS, "/", "", DENY, 0,
	    "it narrows the methods and does not name the protocol wss" },
	{ "unless it names the protocol",
	    "network: {allow: [{endpoint: a.test, methods: [GET], "
	    "protocols: [https, wss]}]}", WEBSOCKET, "a.test", 443, TLS, "/",
	    "", ALLOW, TREAT_HTTP, NULL },
	{ "wss is judged by the path",
	    "network: {allow: [{endpoint: a.test, protocols: [wss], "
	    "paths: [/live/*]}]}", WEBSOCKET, "a.test", 443, TLS, "/other",
	    "", DENY, 0, "path /other is not in [/live/*]" },
	{ "and begins with a GET",
	    "network: {allow: [{endpoint: a.test, protocols: [wss], "
	    "methods: [POST]}]}", WEBSOCKET, "a.test", 443, TLS, "/", "",
	    DENY, 0, "method GET is not in [POST]" },
	{ "wss takes a WebSocket", WSS, WEBSOCKET, "a.test", 443, TLS, "/x",
	    "", ALLOW, TREAT_HTTP, NULL },
	{ "and its connection", WSS, "", "a.test", 443, TLS, "", "", ALLOW,
	    TREAT_HTTP, NULL },
	{ "wss takes nothing else", WSS, "GET", "a.test", 443, TLS, "/x", "",
	    DENY, 0, "it is for WebSockets alone" },
	{ "wss is not ws", WSS, WEBSOCKET, "a.test", 443, CLEAR, "/", "",
	    DENY, 0, NULL },
	{ "ws is in clear",
	    "network: {allow: [{endpoint: a.test, ports: [80], "
	    "protocols: [ws]}]}", WEBSOCKET, "a.test", 80, CLEAR, "/", "",
	    ALLOW, TREAT_HTTP, NULL },
	{ "a deny of wss leaves requests",
	    "network: {allow: [{endpoint: a.test}], "
	    "deny: [{endpoint: a.test, protocols: [wss]}]}", "GET", "a.test",
	    443, TLS, "/", "", ALLOW, TREAT_HTTP, NULL },
	{ "and no WebSocket",
	    "network: {allow: [{endpoint: a.test}], "
	    "deny: [{endpoint: a.test, protocols: [wss]}]}", WEBSOCKET,
	    "a.test", 443, TLS, "/", "", DENY, 0, "denied by p.yaml:1" },
	{ "a deny of https is of WebSockets too",
	    "network: {allow: [{endpoint: a.test}], "
	    "deny: [{endpoint: a.test, protocols: [https], "
	    "paths: [/x/*]}]}", WEBSOCKET, "a.test", 443, TLS, "/x/y", "",
	    DENY, 0, "denied by p.yaml:1" },

	/* ---- HTTP/2 alone */
#define GRPC "grpc"
#define H2C "h2c"
#define CALLS "network: {allow: [{endpoint: a.test, protocols: [grpc], " \
	"paths: [/pkg.Svc/*]}]}"
	{ "grpc takes a call", CALLS, GRPC, "a.test", 443, TLS,
	    "/pkg.Svc/Get", "", ALLOW, TREAT_HTTP, NULL },
	{ "of its paths", CALLS, GRPC, "a.test", 443, TLS, "/pkg.Other/Get",
	    "", DENY, 0, "path /pkg.Other/Get is not in [/pkg.Svc/*]" },
	{ "and nothing else", CALLS, "POST", "a.test", 443, TLS,
	    "/pkg.Svc/Get", "", DENY, 0, "it is for gRPC alone" },
	{ "https takes a call, too: it is a POST",
	    "network: {allow: [{endpoint: a.test, methods: [POST]}]}", GRPC,
	    "a.test", 443, TLS, "/x/y", "", ALLOW, TREAT_HTTP, NULL },
	{ "where POST may be",
	    "network: {allow: [{endpoint: a.test, methods: [GET]}]}", GRPC,
	    "a.test", 443, TLS, "/x/y", "", DENY, 0,
	    "method POST is not in [GET, HEAD]" },
	{ "a deny of https is of calls",
	    "network: {allow: [{endpoint: a.test, protocols: [grpc]}], "
	    "deny: [{endpoint: a.test, protocols: [https], "
	    "paths: [/x/*]}]}", GRPC, "a.test", 443, TLS, "/x/y", "",
	    DENY, 0, "denied by p.yaml:1" },
	{ "a deny of grpc leaves requests",
	    "network: {allow: [{endpoint: a.test}], "
	    "deny: [{endpoint: a.test, protocols: [grpc]}]}", "POST",
	    "a.test", 443, TLS, "/x/y", "", ALLOW, TREAT_HTTP, NULL },
	{ "grpc is not in clear",
	    "network: {allow: [{endpoint: a.test, ports: [80], "
	    "protocols: [grpc]}]}", "POST", "a.test", 80, CLEAR, "/x/y", "",
	    DENY, 0, NULL },
	{ "h2c is HTTP/2 in clear",
	    "network: {allow: [{endpoint: a.test, ports: [80], "
	    "protocols: [h2c]}]}", H2C, "a.test", 80, CLEAR, "/", "", ALLOW,
	    TREAT_HTTP, NULL },
	{ "http is not",
	    "network: {allow: [{endpoint: a.test, ports: [80], "
	    "protocols: [http]}]}", H2C, "a.test", 80, CLEAR, "/", "", DENY,
	    0, "it does not name the protocol h2c" },
	{ "h2c is not http",
	    "network: {allow: [{endpoint: a.test, ports: [80], "
	    "protocols: [h2c]}]}", "GET", "a.test", 80, CLEAR, "/", "", DENY,
	    0, "it is for HTTP/2 in clear alone" },
	{ "a deny of http is of h2c",
	    "network: {allow: [{endpoint: a.test, ports: [80], "
	    "protocols: [h2c]}], deny: [{endpoint: a.test, ports: [80], "
	    "protocols: [http], paths: [/x]}]}", H2C, "a.test", 80, CLEAR,
	    "/x", "", DENY, 0, "denied by p.yaml:1" },

	/* ---- modes */
	{ "audit lets pass", "policy_mode: audit", "GET", "a.test", 443, TLS,
	    "/", "", ALLOW, TREAT_HTTP, "no rule names" },
	{ "and passes what ports say is not HTTP", "policy_mode: permissive",
	    "", "a.test", 22, CLEAR, "", "", ALLOW, TREAT_PASS, NULL },
};

static void
decide(size_t i, struct image *im)
{
	struct str exe = str_c(cases[i].exe);
	bool websocket = strcmp(cases[i].method, WEBSOCKET) == 0;
	bool grpc = strcmp(cases[i].method, GRPC) == 0;
	bool h2c = strcmp(cases[i].method, H2C) == 0;
	struct net_query q = { .host = str_c(cases[i].host),
		.port = cases[i].port, .tls = cases[i].tls,
		.websocket = websocket,
		.grpc = grpc, .h2c = h2c,
		.method = str_c(websocket || h2c ? "GET" :
			grpc ? "POST" : cases[i].method),
		.path = str_c(cases[i].path),
		.who = { &exe, exe.len > 0 } };
	struct net_answer a;

	policy_network(im, &q, &a);
	if (a.verdict != cases[i].want ||
	    (a.verdict == ALLOW && a.treat != cases[i].treat))
		fail_msg("%s: got %s, treat %d: %s", cases[i].what,
		    a.verdict == ALLOW ? "allow" : "deny", (int)a.treat,
		    a.reason);
	if (cases[i].reason != NULL &&
	    strstr(a.reason, cases[i].reason) == NULL)
		fail_msg("%s: the reason is \"%s\"", cases[i].what, a.reason);
	if (a.reason[0] == '\0')
		fail_msg("%s: no reason", cases[i].what);
}

static void
network_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		char *bytes = NULL;
		struct image *im = image_made(cases[i].yaml, &bytes);

		decide(i, im);
		image_free(im);
		free(bytes);
	}
}

/* ---- the older schema */

#define V1 "version: 1\nnetwork_policies:\n  r:\n    name: rule-r\n" \
	"    binaries: [{path: /usr/bin/curl}, {path: /usr/local/**}]\n" \
	"    endpoints:\n"

static const struct {
	const char *what, *yaml, *method, *host;
	uint16_t port;
	const char *path;
	enum verdict want, judged;
} v1_cases[] = {
	{ "read-only is GET, HEAD, OPTIONS", V1 "    - {host: a.test, "
	    "port: 443, protocol: rest, access: read-only}", "OPTIONS",
	    "a.test", 443, "/x", ALLOW, ALLOW },
	{ "and not POST", V1 "    - {host: a.test, port: 443, "
	    "protocol: rest, access: read-only}", "POST", "a.test", 443,
	    "/x", DENY, DENY },
	{ "read-write has no DELETE", V1 "    - {host: a.test, port: 443, "
	    "protocol: rest, access: read-write}", "DELETE", "a.test", 443,
	    "/x", DENY, DENY },
	{ "full is everything", V1 "    - {host: a.test, port: 443, "
	    "protocol: rest, access: full}", "DELETE", "a.test", 443, "/x",
	    ALLOW, ALLOW },
	{ "enforcement left out is enforce", V1 "    - {host: a.test, "
	    "port: 443, protocol: rest, access: read-only}", "POST",
	    "a.test", 443, "/", DENY, DENY },
	{ "a method's case does not count here", V1 "    - {host: a.test, "
	    "port: 443, protocol: rest, rules: [{allow: {method: get, "
	    "path: /a}}]}", "GET", "a.test", 443, "/a", ALLOW, ALLOW },
	{ "two stars below a directory are not the directory", V1 "    - "
	    "{host: a.test, port: 443, protocol: rest, rules: [{allow: "
	    "{method: GET, path: /a/**}}]}", "GET", "a.test", 443, "/a",
	    DENY, DENY },
	{ "a final star of an allow stays in its segment", V1 "    - {host: "
	    "a.test, port: 443, protocol: rest, rules: [{allow: {method: "
	    "GET, path: /a/*}}]}", "GET", "a.test", 443, "/a/b/c", DENY,
	    DENY },
	{ "braces are alternatives", V1 "    - {host: a.test, port: 443, "
	    "protocol: rest, rules: [{allow: {method: GET, path: "
	    "\"/{a,b}/x\"}}]}", "GET", "a.test", 443, "/b/x", ALLOW, ALLOW },
	{ "a question mark is one character", V1 "    - {host: a.test, port: "
	    "443, protocol: rest, rules: [{allow: {method: GET, path: "
	    "\"/v?/x\"}}]}", "GET", "a.test", 443, "/v1/x", ALLOW, ALLOW },
	{ "and not a slash", V1 "    - {host: a.test, port: 443, protocol: "
	    "rest, rules: [{allow: {method: GET, path: \"/v?x\"}}]}", "GET",
	    "a.test", 443, "/v/x", DENY, DENY },
	{ "deny_rules beat rules", V1 "    - {host: a.test, port: 443, "
	    "protocol: rest, access: full, deny_rules: [{method: \"*\", "
	    "path: /s/**}]}", "GET", "a.test", 443, "/s", DENY, DENY },
	{ "an audited endpoint lets pass and says so", V1 "    - {host: "
	    "a.test, port: 443, protocol: rest, enforcement: audit, access: "
	    "read-only}", "POST", "a.test", 443, "/x", ALLOW, DENY },
	{ "what it allows it allows", V1 "    - {host: a.test, port: 443, "
	    "protocol: rest, enforcement: audit, access: read-only}", "GET",
	    "a.test", 443, "/x", ALLOW, ALLOW },
	{ "its denies only record too", V1 "    - {host: a.test, port: 443, "
	    "protocol: rest, enforcement: audit, access: full, deny_rules: "
	    "[{method: GET, path: /x}]}", "GET", "a.test", 443, "/x", ALLOW,
	    DENY },
	{ "another host is still denied", V1 "    - {host: a.test, port: "
	    "443, protocol: rest, enforcement: audit, access: read-only}",
	    "POST", "b.test", 443, "/x", DENY, DENY },
	{ "an endpoint without protocol does not narrow requests", V1
	    "    - {host: a.test, port: 443}", "DELETE", "a.test", 443, "/x",
	    ALLOW, ALLOW },
	{ "a star in a label is part of one label", V1 "    - {host: "
	    "\"*-api.x.test\", port: 443}", "GET", "t-api.x.test", 443, "/",
	    ALLOW, ALLOW },
	{ "and not of two", V1 "    - {host: \"*-api.x.test\", port: 443}",
	    "GET", "a.b-api.x.test", 443, "/", DENY, DENY },
	{ "each star is one label", V1 "    - {host: \"*.s3.*.aws.test\", "
	    "port: 443}", "GET", "b.s3.eu.aws.test", 443, "/", ALLOW,
	    ALLOW },
	{ "no more than one", V1 "    - {host: \"*.s3.*.aws.test\", port: "
	    "443}", "GET", "b.s3.e.u.aws.test", 443, "/", DENY, DENY },
	{ "an endpoint's path narrows its preset", V1 "    - {host: a.test, "
	    "port: 443, protocol: rest, access: full, path: /v1/**}", "GET",
	    "a.test", 443, "/v2/x", DENY, DENY },
	{ "a rule without binaries matches no program", "version: 1\n"
	    "network_policies: {r: {endpoints: [{host: a.test, port: 443}]}}",
	    "GET", "a.test", 443, "/", DENY, DENY },
};

static void
v1_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(v1_cases); i++) {
		char *bytes = NULL;
		struct image *im = image_made(v1_cases[i].yaml, &bytes);
		struct str exe[] = { STR("/bin/sh"), STR("/usr/bin/curl") };
		struct net_query q = { .host = str_c(v1_cases[i].host),
			.port = v1_cases[i].port, .tls = true,
			.method = str_c(v1_cases[i].method),
			.path = str_c(v1_cases[i].path), .who = { exe, 2 } };
		struct net_answer a;

		policy_network(im, &q, &a);
		if (a.verdict != v1_cases[i].want ||
		    a.judged != v1_cases[i].judged)
			fail_msg("%s: %s", v1_cases[i].what, a.reason);
		image_free(im);
		free(bytes);
	}
}

static void
merged_files_add_up(void **state)
{
	const struct policy_file f[] = {
		{ "a.yaml", STR("network: {allow: [{endpoint: a.test}]}") },
		{ "b.yaml", STR("network:\n  allow: [{endpoint: b.test}]\n"
		    "  deny: [{endpoint: \"*.a.test\"}]\n") },
	};
	struct diags d = { 0 };
	struct net_query q = { .host = STR("b.test"), .port = 443,
		.tls = true };
	struct net_answer a;
	struct image *im;
	struct err e = { 0 };
	char *bytes;
	size_t len;

	(void)state;
	assert_int_equal(policy_compile(f, 2, POLICY_STAGE_ENFORCE, &bytes,
	    &len, &d), 0);
	assert_int_equal(image_of(str_of(bytes, len), &im, &e), 0);
	policy_network(im, &q, &a);
	assert_int_equal(a.verdict, ALLOW);
	assert_true(str_eqz(a.rule.file, "b.yaml"));
	assert_int_equal(a.rule.line, 2);
	assert_true(str_eqz(a.rule.policy, "network.allow"));
	q.host = STR("a.test");
	policy_network(im, &q, &a);
	assert_int_equal(a.verdict, DENY);
	image_free(im);
	free(bytes);
	diags_fini(&d);
}

/* ---- names alone */

static const struct {
	const char *what, *yaml, *host;
	bool want;
} names[] = {
	{ "a name that an entry has", ONE, "api.example.com", true },
	{ "on whatever port", "network: {allow: [{endpoint: a.test, "
	    "ports: [22, 9000-9010], protocols: [tcp]}]}", "a.test", true },
	{ "for whatever program", "network: {allow: [{endpoint: a.test, "
	    "binaries: [/bin/x]}]}", "a.test", true },
	{ "with whatever path", "network: {allow: [{endpoint: a.test, "
	    "methods: [POST], paths: [/x]}]}", "a.test", true },
	{ "one below it", ONE, "x.api.example.com", false },
	{ "its parent", ONE, "example.com", false },
	{ "none at all", "", "a.test", false },
	{ "one that a star takes", "network: {allow: "
	    "[{endpoint: \"*.example.com\"}]}", "x.example.com", true },
	{ "two labels where it takes one", "network: {allow: "
	    "[{endpoint: \"*.example.com\"}]}", "x.y.example.com", false },
	{ "one that is only denied", "network: {deny: [{endpoint: a.test}]}",
	    "a.test", false },
	{ "an address is no name", "network: {allow: "
	    "[{endpoint: 192.0.2.1}]}", "192.0.2.1", false },
	{ "an entry for addresses names nothing", "network: {allow: "
	    "[{endpoint: 192.0.2.0/24}]}", "a.test", false },
	{ "every name where allow is the default",
	    "network: {default_policy: allow}", "a.test", true },
	{ "every name where nothing is enforced", "policy_mode: audit",
	    "a.test", true },
};

static void
names_that_some_connection_may_have(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(names); i++) {
		char *bytes = NULL;
		struct image *im = image_made(names[i].yaml, &bytes);

		if (policy_name(im, str_c(names[i].host)) != names[i].want)
			fail_msg("%s", names[i].what);
		image_free(im);
		free(bytes);
	}
}

#define DENY_WHO "network: {allow: [{endpoint: a.test}], deny: " \
	"[{endpoint: a.test, binaries: [curl]}]}"
/* What counts is what all who hold it have in common; a deny counts each. */
static void
a_shared_connection_is_of_all_who_hold_it(void **state)
{
	static const struct {
		const char *what, *policy, *exe;
		bool others;
		enum verdict want;
	} rows[] = {
		{ "what all come from may be allowed", WHO, "/bin/curl", true,
		    ALLOW },
		{ "what they do not share is not", WHO, NULL, true, DENY },
		{ "a deny is for any of them", DENY_WHO, "/bin/sh", true,
		    DENY },
		{ "and not for another alone", DENY_WHO, "/bin/sh", false,
		    ALLOW },
		{ "a condition does not know them", WHEN_WHO, "/usr/bin/git",
		    true, DENY },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		char *bytes = NULL;
		struct image *im = image_made(rows[i].policy, &bytes);
		struct str exe = str_c(rows[i].exe);
		struct net_query q = { .host = STR("a.test"), .port = 443,
			.tls = true, .method = STR("GET"), .path = STR("/"),
			.who = { &exe, exe.len > 0, rows[i].others } };
		struct net_answer a;

		policy_network(im, &q, &a);
		if (a.verdict != rows[i].want)
			fail_msg("%s: %s", rows[i].what, a.reason);
		image_free(im);
		free(bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(network_cases),
		cmocka_unit_test(v1_table),
		cmocka_unit_test(a_shared_connection_is_of_all_who_hold_it),
		cmocka_unit_test(merged_files_add_up),
		cmocka_unit_test(names_that_some_connection_may_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
