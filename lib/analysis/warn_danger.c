/* warn_danger.c -- rules that allow more than their words look like. */
#include "analysis/warn.h"
#include "base/compat.h"
#include "policy/files.h"

/* Where anybody may have a name of their own. */
static const char *const shared[] = {
	"amazonaws.com", "s3.amazonaws.com", "cloudfront.net",
	"azurewebsites.net", "blob.core.windows.net", "azureedge.net",
	"cloudapp.net", "appspot.com", "run.app", "web.app",
	"firebaseapp.com", "firebaseio.com", "googleusercontent.com",
	"github.io", "githubusercontent.com", "gitlab.io", "herokuapp.com",
	"vercel.app", "netlify.app", "pages.dev", "workers.dev", "fly.dev",
	"onrender.com", "repl.co", "glitch.me", "ngrok.io", "ngrok.app",
	"ngrok-free.app", "trycloudflare.com", "loca.lt", "serveo.net",
	"blogspot.com", "wordpress.com", "tumblr.com", "readthedocs.io",
	"myshopify.com", "duckdns.org", "no-ip.org", "dyndns.org", "sslip.io",
	"nip.io", "co.uk", "org.uk", "ac.uk", "gov.uk", "com.au", "net.au",
	"org.au", "co.nz", "co.jp", "or.jp", "ne.jp", "co.kr", "co.in",
	"com.br", "com.cn", "com.mx", "com.tr", "com.tw", "com.sg", "co.za",
	"com.ar", "com.hk", "com.pl", "co.il", "eu.org",
};

/* Where what is sent acts in somebody's name. */
static const char *const credentialed[] = {
	"api.github.com", "github.com", "uploads.github.com", "gitlab.com",
	"bitbucket.org", "api.bitbucket.org", "upload.pypi.org", "crates.io",
	"hub.docker.com", "registry-1.docker.io", "ghcr.io", "rubygems.org",
	"slack.com", "api.slack.com", "discord.com", "api.telegram.org",
	"api.notion.com", "api.linear.app", "api.stripe.com",
	"api.cloudflare.com", "api.digitalocean.com", "management.azure.com",
	"graph.microsoft.com", "sts.amazonaws.com", "www.googleapis.com",
	"gmail.googleapis.com", "drive.googleapis.com", "huggingface.co",
};

static bool
is_one_of(struct str s, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqz(s, v[i]))
			return true;
	return false;
}

static void
warn_host(struct compile *c, const struct pol_rule *r)
{
	if (r->host.klass != HOST_ONE && r->host.klass != HOST_MORE)
		return;
	if (is_one_of(r->host.name, shared, NELEM(shared)))
		node_warning(c, r->at, "anybody may have a name under %.*s: "
		    "name the hosts that are meant", (int)r->host.name.len,
		    r->host.name.p);
}

static bool
is_inspected(const struct pol_rule *r)
{
	return (r->wire & (WIRE_TLS | WIRE_TCP)) == 0;
}

static void
warn_methods(struct compile *c, const struct pol_rule *r)
{
	if (r->methods == 0 && r->words.n == 0 && r->paths.n == 0 &&
	    is_inspected(r) && r->host.klass == HOST_EXACT &&
	    is_one_of(r->host.name, credentialed, NELEM(credentialed)))
		node_warning(c, r->at, "every method on %.*s: with a "
		    "credential, that is whatever its owner may do; name "
		    "methods or paths", (int)r->host.name.len, r->host.name.p);
}

static bool
has_port(const struct pol_rule *r, uint32_t port)
{
	for (uint32_t i = 0; i < r->nports; i++)
		if (port >= r->ports[i].lo && port <= r->ports[i].hi)
			return true;
	return false;
}

static void
warn_unseen(struct compile *c, const struct pol_rule *r)
{
	if ((r->wire & WIRE_TCP) != 0 && (has_port(r, 443) ||
		has_port(r, 80)))
		node_warning(c, r->at, "the bytes to %.*s pass unseen on a "
		    "port of the web: nothing says which requests are made",
		    (int)r->host.shown.len, r->host.shown.p);
}

static void
warn_network(struct compile *c)
{
	const struct policy *p = &c->pol;

	if (p->net_default.at != NULL && p->net_default.value == 1)
		node_warning(c, p->net_default.at, "every public host is "
		    "allowed that no deny names");
	for (const struct pol_rule *r = p->rules; r != NULL; r = r->next) {
		if ((r->flags & RULE_DENY) != 0)
			continue;
		warn_host(c, r);
		warn_methods(c, r);
		warn_unseen(c, r);
	}
}

/* ---- files */

/* What would run outside the sandbox later, if it were written there. */
static bool
is_protected(const struct book *none, struct str path)
{
	struct file_query q = { .path = path, .access = FILE_WRITE,
		.mounted = FILE_READ | FILE_WRITE };

	return (policy_file_judge(none->image, &q) & FILE_WRITE) == 0;
}

static void
warn_file(struct compile *c, const struct book *none,
    const struct pol_file *f)
{
	if (f->deny || f->at == NULL || (f->access & FILE_WRITE) == 0)
		return;
	if (f->tree && (str_eqz(f->path, "/") || f->path.len == 0))
		node_warning(c, f->at, "everything may be written");
	else if (!f->glob && is_protected(none, f->path))
		node_warning(c, f->at, "a program outside the sandbox may "
		    "obey what is written to %.*s", (int)f->path.len,
		    f->path.p);
}

static void
warn_files(struct compile *c)
{
	const struct pol_scalar *all = &c->pol.files.fallback;
	struct book none;

	if (all->at != NULL && all->value == 1)
		node_warning(c, all->at, "all that is shown, and in a mount "
		    "all that is in it, may be read and written but for what "
		    "is denied");
	if (book_open(NULL, 0, &none) == 0)
		for (const struct pol_file *f = c->pol.files.list; f != NULL;
		    f = f->next)
			warn_file(c, &none, f);
	book_close(&none);
}

void
warn_danger(struct book *b)
{
	struct compile *c = &b->checked->c;

	if (c->pol.mode.at != NULL && c->pol.mode.value != POLICY_ENFORCE)
		node_warning(c, c->pol.mode.at, "nothing is denied on the "
		    "network: what no rule allows passes, and is recorded");
	warn_network(c);
	warn_files(c);
}
