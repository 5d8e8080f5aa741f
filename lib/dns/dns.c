#include "dns/dns.h"

#include <ares.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/must.h"
#include "dns/cache.h"

#define DNS_TRY_MS	2000
#define DNS_TRIES	3
#define DNS_SOCKETS_MAX 32

struct dns_socket { /* one of c-ares's, watched; fd -1: free */
	struct dns *d;
	struct loop_io io;
};

struct dns {
	struct loop *loop;
	ares_channel channel;
	struct loop_timer timer;
	struct dns_socket sockets[DNS_SOCKETS_MAX];
	TAILQ_HEAD(lookups, lookup) lookups;	/* in flight */
	unsigned nlookups;
	struct dns_cache cache;
	bool ending;
};

/* A name in flight, for all who ask for it meanwhile. */
struct lookup {
	struct dns *d;
	TAILQ_ENTRY(lookup) link;
	TAILQ_HEAD(askers, dns_query) askers;
	char name[HOST_BYTES_MAX + 2];
};

struct dns_query {
	struct lookup *of;
	TAILQ_ENTRY(dns_query) link;
	struct dns_query **slot;	/* the asker's */
	void (*on_answer)(const struct dns_answer *a, void *arg);
	void *arg;
};

/* ---- c-ares on the loop ---- */

/* c-ares says when it must be called again; nothing asked, no timer. */
static void
timer_arm(struct dns *d)
{
	struct timeval tv, *next;

	if (d->ending)
		return;
	next = ares_timeout(d->channel, NULL, &tv);
	if (next == NULL) {
		loop_timer_stop(d->loop, &d->timer);
		return;
	}
	loop_timer_set(d->loop, &d->timer, (struct usec){
	    (int64_t)next->tv_sec * 1000000 + next->tv_usec + 1000 });
}

static void
on_time(struct loop *l, void *arg)
{
	struct dns *d = arg;

	(void)l;
	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	timer_arm(d);
}

static void
on_socket(struct loop *l, unsigned events, void *arg)
{
	struct dns_socket *s = arg;
	struct dns *d = s->d;
	int fd = s->io.fd;

	(void)l;
	ares_process_fd(d->channel,
	    (events & (LOOP_READ | LOOP_HANGUP)) != 0 ? fd : ARES_SOCKET_BAD,
	    (events & LOOP_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
	timer_arm(d);
}

static struct dns_socket *
socket_find(struct dns *d, int fd)
{
	for (int i = 0; i < DNS_SOCKETS_MAX; i++)
		if (d->sockets[i].io.fd == fd)
			return &d->sockets[i];
	return NULL;
}

/* c-ares opened a socket, changed what it waits for, or closes it. One that
 * does not fit the table is not watched: its query runs into its time. */
static void
on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns *d = arg;
	struct dns_socket *s = socket_find(d, fd);
	unsigned want = (readable != 0 ? LOOP_READ : 0U) |
	    (writable != 0 ? LOOP_WRITE : 0U);

	if (want == LOOP_NONE) {
		if (s != NULL) {
			loop_unwatch(d->loop, &s->io);
			s->io.fd = -1;
		}
		return;
	}
	if (s != NULL) {
		loop_want(d->loop, &s->io, want);
		return;
	}
	s = socket_find(d, -1);
	if (s == NULL)
		return;
	s->io = (struct loop_io){ .fd = fd, .want = want,
		.on_io = on_socket, .arg = s };
	if (loop_watch(d->loop, &s->io, NULL) == -1)
		s->io.fd = -1;
}

/* ---- life ---- */

static int
channel_open(struct dns *d, struct err *e)
{
	static char lookups[] = "b"; /* the network only */
	struct ares_options o = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = DNS_TRY_MS,
		.tries = DNS_TRIES,
		.lookups = lookups,
		.sock_state_cb = on_state,
		.sock_state_cb_data = d,
	};
	int rc = ares_library_init(ARES_LIB_INIT_ALL);

	if (rc == ARES_SUCCESS)
		rc = ares_init_options(&d->channel, &o,
		    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		    ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
	if (rc != ARES_SUCCESS)
		return err_set(e, ERR_STATE, "start the resolver: %s",
		    ares_strerror(rc));
	return 0;
}

int
dns_new(struct loop *l, struct dns **out, struct err *e)
{
	struct dns *d = mem_alloc(1, sizeof(*d));

	d->loop = l;
	TAILQ_INIT(&d->lookups);
	d->timer.on_time = on_time;
	d->timer.arg = d;
	for (int i = 0; i < DNS_SOCKETS_MAX; i++)
		d->sockets[i] = (struct dns_socket){ .d = d, .io.fd = -1 };
	if (channel_open(d, e) == -1) {
		free(d);
		return -1;
	}
	*out = d;
	return 0;
}

void
dns_free(struct dns *d)
{
	if (d == NULL)
		return;
	d->ending = true;
	loop_timer_stop(d->loop, &d->timer);
	ares_destroy(d->channel);
	cache_fini(&d->cache);
	free(d);
}

/* ---- queries ---- */

static void
answer_add(struct dns_answer *a, const struct sockaddr *sa)
{
	struct in6_addr *to = &a->addrs[a->n];

	if (a->n == DNS_ADDRS_MAX)
		return;
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		*to = (struct in6_addr){ .s6_addr = { [10] = 0xFF,
		    [11] = 0xFF } };
		memcpy(&to->s6_addr[12], &in->sin_addr, 4);
		a->n++;
	} else if (sa->sa_family == AF_INET6) {
		*to = ((const struct sockaddr_in6 *)(const void *)sa)
			  ->sin6_addr;
		a->n++;
	}
}

/* IPv4 first: a host without IPv6 fails at once on the other, while one with
 * a broken IPv6 would make every connection wait. */
static void
answer_fill(struct dns_answer *a, const struct ares_addrinfo *info)
{
	static const int order[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < NELEM(order); i++)
		for (const struct ares_addrinfo_node *n = info->nodes;
		    n != NULL; n = n->ai_next)
			if (n->ai_family == order[i])
				answer_add(a, n->ai_addr);
	if (a->n == 0)
		a->why = "the name has no address";
}

/* As long as the shortest of all that led here. */
static uint32_t
lifetime(const struct ares_addrinfo *info)
{
	int least = INT_MAX;

	for (const struct ares_addrinfo_node *n = info->nodes; n != NULL;
	     n = n->ai_next)
		if (n->ai_ttl < least)
			least = n->ai_ttl;
	for (const struct ares_addrinfo_cname *n = info->cnames; n != NULL;
	     n = n->next)
		if (n->ttl < least)
			least = n->ttl;
	return least > 0 ? (uint32_t)least : 0;
}

static struct dns_query *
query_new(struct lookup *of)
{
	struct dns_query *q = mem_alloc(1, sizeof(*q));

	q->of = of;
	TAILQ_INSERT_TAIL(&of->askers, q, link);
	return q;
}

static void
query_free(struct dns_query *q)
{
	*q->slot = NULL;
	TAILQ_REMOVE(&q->of->askers, q, link);
	free(q);
}

/* Who is told may ask anew, which is another lookup, or cancel for others. */
static void
on_info(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct lookup *l = arg;
	struct dns_answer a = { .why = ares_strerror(status) };
	struct dns_query *q;

	(void)timeouts;
	TAILQ_REMOVE(&l->d->lookups, l, link);
	l->d->nlookups--;
	if (status == ARES_SUCCESS) {
		answer_fill(&a, info);
		cache_put(&l->d->cache, str_c(l->name), &a, lifetime(info),
		    loop_now(l->d->loop));
	}
	if (info != NULL)
		ares_freeaddrinfo(info);
	while ((q = TAILQ_FIRST(&l->askers)) != NULL) {
		struct dns_query told = *q;

		query_free(q);
		if (!l->d->ending)
			told.on_answer(&a, told.arg);
	}
	free(l);
}

static struct lookup *
lookup_find(struct dns *d, const char *name)
{
	struct lookup *l;

	TAILQ_FOREACH(l, &d->lookups, link)
		if (strcmp(l->name, name) == 0)
			break;
	return l;
}

static struct lookup *
lookup_new(struct dns *d, const char *name)
{
	struct lookup *l = mem_alloc(1, sizeof(*l));

	l->d = d;
	TAILQ_INIT(&l->askers);
	must(str_copy(str_c(name), l->name, sizeof(l->name)));
	TAILQ_INSERT_HEAD(&d->lookups, l, link);
	d->nlookups++;
	return l;
}

bool
dns_ask(struct dns *d, struct str host, struct dns_query **slot,
    void (*on_answer)(const struct dns_answer *a, void *arg), void *arg)
{
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = ARES_AI_NOSORT };
	char name[HOST_BYTES_MAX + 2];
	const struct dns_answer *known;
	struct lookup *l;
	bool asked;

	if (host.len > HOST_BYTES_MAX)
		return false;
	known = cache_find(&d->cache, host, loop_now(d->loop));
	if (known != NULL) {
		struct dns_answer a = *known; /* the asker may forget it */

		*slot = NULL;
		on_answer(&a, arg);
		return true;
	}
	must(str_copy(host, name, sizeof(name)));
	l = lookup_find(d, name);
	asked = l != NULL;
	if (!asked && d->nlookups >= DNS_LOOKUPS_MAX)
		return false;
	if (!asked)
		l = lookup_new(d, name);
	*slot = query_new(l);
	(*slot)->slot = slot;
	(*slot)->on_answer = on_answer;
	(*slot)->arg = arg;
	if (!asked) {
		ares_getaddrinfo(d->channel, name, NULL, &hints, on_info, l);
		timer_arm(d);
	}
	return true;
}

void
dns_forget(struct dns *d, struct str host)
{
	cache_forget(&d->cache, host);
}

void
dns_cancel(struct dns_query **slot)
{
	if (*slot != NULL)
		query_free(*slot);
}
