/* t_policy_addr.c -- where a name may lead. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compat.h"
#include "base/err.h"
#include "policy/addr.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/image.h"

static const struct {
	const char *what, *addr;
	int special;
} addresses[] = {
	{ "a public address is ordinary", "93.184.216.34", 0 },
	{ "a public IPv6 address is ordinary", "2606:4700::1111", 0 },
	{ "the last before 10/8", "9.255.255.255", 0 },
	{ "10/8 is private", "10.0.0.0", 1 },
	{ "its last too", "10.255.255.255", 1 },
	{ "the first after it", "11.0.0.0", 0 },
	{ "172.16/12 begins", "172.16.0.0", 1 },
	{ "and ends", "172.31.255.255", 1 },
	{ "and is over", "172.32.0.0", 0 },
	{ "192.168/16 is private", "192.168.1.1", 1 },
	{ "0.0.0.0 is this host", "0.0.0.0", 1 },
	{ "all of 0/8 is", "0.1.2.3", 1 },
	{ "127.0.0.1 is loopback", "127.0.0.1", 1 },
	{ "all of 127/8 is", "127.255.255.254", 1 },
	{ "link-local", "169.254.1.1", 1 },
	{ "the metadata address", "169.254.169.254", 1 },
	{ "ECS's metadata", "169.254.170.2", 1 },
	{ "Azure's wire server, in public space", "168.63.129.16", 1 },
	{ "its neighbour is ordinary", "168.63.129.17", 0 },
	{ "Alibaba's metadata", "100.100.100.200", 1 },
	{ "the carriers' shared space", "100.64.0.1", 1 },
	{ "before it", "100.63.255.255", 0 },
	{ "after it", "100.128.0.0", 0 },
	{ "Oracle's metadata", "192.0.0.192", 1 },
	{ "protocol assignments", "192.0.0.8", 1 },
	{ "TEST-NET-1", "192.0.2.1", 1 },
	{ "TEST-NET-2", "198.51.100.1", 1 },
	{ "TEST-NET-3", "203.0.113.1", 1 },
	{ "benchmarking", "198.19.255.255", 1 },
	{ "6to4 relays", "192.88.99.1", 1 },
	{ "AS112", "192.175.48.1", 1 },
	{ "multicast", "224.0.0.1", 1 },
	{ "reserved", "240.0.0.1", 1 },
	{ "broadcast", "255.255.255.255", 1 },
	{ "unspecified", "::", 1 },
	{ "loopback", "::1", 1 },
	{ "IPv4-compatible", "::7f00:1", 1 },
	{ "IPv4-compatible of a public address", "::5db8:d822", 1 },
	{ "mapped loopback", "::ffff:127.0.0.1", 1 },
	{ "mapped metadata", "::ffff:169.254.169.254", 1 },
	{ "mapped public is ordinary", "::ffff:93.184.216.34", 0 },
	{ "translated (SIIT)", "::ffff:0:127.0.0.1", 1 },
	{ "NAT64 of metadata", "64:ff9b::a9fe:a9fe", 1 },
	{ "NAT64 of anything", "64:ff9b::5db8:d822", 1 },
	{ "local NAT64", "64:ff9b:1::1", 1 },
	{ "discard", "100::1", 1 },
	{ "Teredo", "2001::1", 1 },
	{ "ORCHIDv2", "2001:20::1", 1 },
	{ "benchmarking", "2001:2::1", 1 },
	{ "documentation", "2001:db8::1", 1 },
	{ "the first allocation after the assignments", "2001:200::1", 0 },
	{ "6to4 of loopback", "2002:7f00:1::1", 1 },
	{ "6to4 of anything", "2002:5db8:d822::1", 1 },
	{ "new documentation", "3fff::1", 1 },
	{ "beyond it", "3fff:1000::1", 0 },
	{ "segment routing", "5f00::1", 1 },
	{ "not assigned", "4000::1", 1 },
	{ "unique local", "fc00::1", 1 },
	{ "unique local", "fdff::1", 1 },
	{ "AWS's metadata", "fd00:ec2::254", 1 },
	{ "link-local", "fe80::1", 1 },
	{ "its end", "febf::1", 1 },
	{ "site-local", "fec0::1", 1 },
	{ "multicast", "ff02::1", 1 },
};

static void
special_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(addresses); i++) {
		unsigned char a[16];

		assert_true(addr_parse(str_c(addresses[i].addr), a));
		if ((addr_special(a) != NULL) != addresses[i].special)
			fail_msg("%s: %s", addresses[i].what,
			    addresses[i].addr);
	}
}

/* The IANA special-purpose registries, whole: the first and the last address
 * of each row. What they call globally reachable is refused as well, but what
 * a later row of ours says. */
static const char *const registry[][2] = {
	{ "0.0.0.0", "0.255.255.255" }, { "10.0.0.0", "10.255.255.255" },
	{ "100.64.0.0", "100.127.255.255" },
	{ "127.0.0.0", "127.255.255.255" },
	{ "169.254.0.0", "169.254.255.255" },
	{ "172.16.0.0", "172.31.255.255" }, { "192.0.0.0", "192.0.0.255" },
	{ "192.0.0.0", "192.0.0.7" }, { "192.0.0.8", "192.0.0.10" },
	{ "192.0.0.170", "192.0.0.171" }, { "192.0.2.0", "192.0.2.255" },
	{ "192.31.196.0", "192.31.196.255" },
	{ "192.52.193.0", "192.52.193.255" },
	{ "192.88.99.0", "192.88.99.255" }, { "192.168.0.0", "192.168.255.255" },
	{ "192.175.48.0", "192.175.48.255" },
	{ "198.18.0.0", "198.19.255.255" },
	{ "198.51.100.0", "198.51.100.255" },
	{ "203.0.113.0", "203.0.113.255" }, { "224.0.0.0", "239.255.255.255" },
	{ "240.0.0.0", "255.255.255.255" }, { "::", "::1" },
	{ "::ffff:0:0", "::ffff:0.255.255.255" },
	{ "64:ff9b::", "64:ff9b::ffff:ffff" },
	{ "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff" },
	{ "100::", "100::ffff:ffff:ffff:ffff" },
	{ "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff" },
	{ "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:1::1", "2001:1::3" },
	{ "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:20::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff" },
	{ "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	/* not handed out */
	{ "4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "6000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

static void
all_of_the_registries_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(registry); i++)
		for (size_t k = 0; k < 2; k++) {
			unsigned char a[16];

			assert_true(addr_parse(str_c(registry[i][k]), a));
			if (addr_special(a) == NULL)
				fail_msg("%s", registry[i][k]);
		}
}

/* Where clouds hand out credentials: said as what it is. */
static const char *const metadata[] = {
	"169.254.169.254", "::ffff:169.254.169.254",	/* nearly all */
	"169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23",
	"fd20:ce::254",					/* Google */
	"168.63.129.16",				/* Azure */
	"100.100.100.200",				/* Alibaba */
	"192.0.0.192", "fd00:c1::a9fe:a9fe",		/* Oracle */
	"169.254.42.42", "fd00:42::42",			/* Scaleway */
	"fd00:a9fe:a9fe::1",				/* Linode */
	"169.254.0.23",					/* Tencent */
};

static void
metadata_is_called_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(metadata); i++) {
		unsigned char a[16];
		const char *what;

		assert_true(addr_parse(str_c(metadata[i]), a));
		what = addr_special(a);
		if (what == NULL ||
		    strcmp(what, "a cloud metadata address") != 0)
			fail_msg("%s", metadata[i]);
	}
}

static const struct {
	const char *what, *text;
	int ok, special, within;
} prefixes[] = {
	{ "a range", "10.0.0.0/8", 1, 1, 1 },
	{ "a part of one", "10.1.0.0/16", 1, 1, 1 },
	{ "an address", "10.1.2.3", 1, 1, 1 },
	{ "a public range", "93.184.216.0/24", 1, 0, 0 },
	{ "everything holds more than one kind", "0.0.0.0/0", 1, 1, 0 },
	{ "half of everything too", "128.0.0.0/1", 1, 1, 0 },
	{ "all of IPv6 too", "::/0", 1, 1, 0 },
	{ "all mapped addresses too", "::ffff:0:0/96", 1, 1, 0 },
	{ "global unicast holds special ones", "2000::/3", 1, 1, 0 },
	{ "a public IPv6 range", "2606:4700::/32", 1, 0, 0 },
	{ "unique local", "fd12::/16", 1, 1, 1 },
	{ "bits beyond the prefix are refused", "10.0.0.1/8", 0, 0, 0 },
	{ "too many bits", "10.0.0.0/33", 0, 0, 0 },
	{ "no bits", "10.0.0.0/", 0, 0, 0 },
	{ "a leading zero", "10.0.0.0/08", 0, 0, 0 },
	{ "octal", "010.0.0.1", 0, 0, 0 },
	{ "hex", "0x7f.1", 0, 0, 0 },
	{ "a short form", "127.1", 0, 0, 0 },
	{ "a number", "2130706433", 0, 0, 0 },
	{ "a zone", "fe80::1%eth0", 0, 0, 0 },
	{ "brackets", "[::1]", 0, 0, 0 },
	{ "a name", "localhost", 0, 0, 0 },
	{ "nothing", "", 0, 0, 0 },
};

static void
prefix_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(prefixes); i++) {
		struct prefix p;
		bool within = false;
		int ok = prefix_parse(str_c(prefixes[i].text), &p);

		if (ok != prefixes[i].ok)
			fail_msg("%s: %s", prefixes[i].what,
			    prefixes[i].text);
		if (!ok)
			continue;
		if ((prefix_special(&p, &within) != NULL) !=
		    prefixes[i].special || within != prefixes[i].within)
			fail_msg("%s: %s", prefixes[i].what,
			    prefixes[i].text);
	}
}

static const struct {
	const char *what, *yaml, *host, *addr;
	int may;
} reaches[] = {
#define PLAIN "network: {allow: [{endpoint: a.test}]}"
	{ "a name may lead to a public address", PLAIN, "a.test",
	    "93.184.216.34", 1 },
	{ "not to loopback", PLAIN, "a.test", "127.0.0.1", 0 },
	{ "not to metadata", PLAIN, "a.test", "169.254.169.254", 0 },
	{ "not to what is mapped", PLAIN, "a.test", "::ffff:10.0.0.1", 0 },
	{ "not to what is translated", PLAIN, "a.test",
	    "64:ff9b::a9fe:a9fe", 0 },
#define IPS "network: {allow: [{endpoint: a.test, " \
	"allowed_ips: [10.1.0.0/16]}, {endpoint: b.test}]}"
	{ "allowed_ips lets it lead there", IPS, "a.test", "10.1.2.3", 1 },
	{ "and no further", IPS, "a.test", "10.2.0.1", 0 },
	{ "not to public addresses either: the list is the whole of it", IPS,
	    "a.test", "93.184.216.34", 0 },
	{ "and says nothing of another entry", IPS, "b.test", "10.1.2.3",
	    0 },
	{ "loopback can be asked for by name", "network: {allow: [{endpoint:"
	    " a.test, allowed_ips: [127.0.0.1]}]}", "a.test", "127.0.0.1",
	    1 },
	{ "http entries too, whatever is spoken", "network: {allow: "
	    "[{endpoint: a.test, protocols: [http], allowed_ips: "
	    "[10.0.0.0/8]}]}", "a.test", "93.184.216.34", 0 },
	{ "two entries add up", "network: {allow: [{endpoint: a.test}, "
	    "{endpoint: a.test, allowed_ips: [10.0.0.0/8]}]}", "a.test",
	    "10.0.0.1", 1 },
	{ "an entry that is an address leads to it", "network: {allow: "
	    "[{endpoint: \"10.0.0.1\"}]}", "10.0.0.1", "10.0.0.1", 1 },
	{ "and to nothing else", "network: {allow: [{endpoint: "
	    "\"10.0.0.1\"}]}", "10.0.0.1", "10.0.0.2", 0 },
	{ "a range leads to each of its addresses", "network: {allow: "
	    "[{endpoint: 10.0.0.0/8}]}", "10.0.0.1", "10.0.0.1", 1 },
	{ "a denied range is denied to every name", "network: {allow: "
	    "[{endpoint: a.test}], deny: [{endpoint: 93.184.0.0/16}]}",
	    "a.test", "93.184.216.34", 0 },
	{ "whatever allowed_ips says", "network: {allow: [{endpoint: a.test,"
	    " allowed_ips: [10.0.0.0/8]}], deny: [{endpoint: "
	    "10.0.0.0/24}]}", "a.test", "10.0.0.1", 0 },
	{ "audit does not open the inside", "policy_mode: audit", "a.test",
	    "169.254.169.254", 0 },
	{ "default_policy does not either", "network: {default_policy: "
	    "allow}", "a.test", "10.0.0.1", 0 },
	{ "but the outside", "network: {default_policy: allow}", "a.test",
	    "93.184.216.34", 1 },
	{ "an endpoint without host goes by its addresses", "version: 1\n"
	    "network_policies: {r: {binaries: [{path: /bin/x}], endpoints: "
	    "[{port: 443, allowed_ips: [10.0.0.0/8]}]}}", "any.test",
	    "10.0.0.1", 1 },
	{ "and by no others", "version: 1\n"
	    "network_policies: {r: {binaries: [{path: /bin/x}], endpoints: "
	    "[{port: 443, allowed_ips: [10.0.0.0/8]}]}}", "any.test",
	    "93.184.216.34", 0 },
};

static void
reach(size_t i)
{
	struct policy_file f = { "p.yaml", str_c(reaches[i].yaml) };
	struct str exe = STR("/bin/x");
	struct net_query q = { .host = str_c(reaches[i].host), .port = 443,
		.tls = true, .who = { &exe, 1 } };
	struct diags d = { 0 };
	struct err e = { 0 };
	struct in6_addr addr;
	struct image *im;
	char *bytes, why[256] = "";
	size_t len;

	if (policy_compile(&f, 1, POLICY_STAGE_ENFORCE, &bytes, &len, &d) ==
	    -1)
		fail_msg("%s: %s", reaches[i].what, diags_print(&d, false));
	assert_int_equal(image_of(str_of(bytes, len), &im, &e), 0);
	assert_true(addr_parse(str_c(reaches[i].addr), addr.s6_addr));
	if (policy_address(im, &q, &addr, why, sizeof(why)) !=
	    (reaches[i].may != 0))
		fail_msg("%s: %s", reaches[i].what, why);
	if (!reaches[i].may && strstr(why, reaches[i].host) == NULL)
		fail_msg("%s: why is \"%s\"", reaches[i].what, why);
	image_free(im);
	free(bytes);
	diags_fini(&d);
}

static void
reach_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(reaches); i++)
		reach(i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(special_addresses),
		cmocka_unit_test(all_of_the_registries_is_refused),
		cmocka_unit_test(metadata_is_called_so),
		cmocka_unit_test(prefix_cases),
		cmocka_unit_test(reach_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
