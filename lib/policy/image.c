/* image.c -- believes nothing of an image before it has looked at all of
 * it, and everything after. */
#include "policy/image.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "policy/detail.h"
#include "policy/cond.h"
#include "policy/exec.h"
#include "policy/rates.h"
#include "policy/sound.h"

static int
refuse(struct err *e, const char *what)
{
	return err_set(e, ERR_INPUT, "policy image refused: %s", what);
}

static bool
section_ok(const struct f_head *h, enum form_section s, size_t record)
{
	size_t bytes;

	return h->sections[s].first % FORM_ALIGN == 0 &&
	    h->sections[s].first >= sizeof(*h) &&
	    h->sections[s].first <= h->size &&
	    !__builtin_mul_overflow(h->sections[s].n, record, &bytes) &&
	    bytes <= h->size - h->sections[s].first;
}

static int
sections_find(struct image *im, struct err *e)
{
	const char *base = (const char *)im->head;

#define SECTION(name, record)						\
	if (!section_ok(im->head, FORM_##name, sizeof(record)))		\
		return refuse(e, "its " #name " are out of bounds");	\
	im->name = (const record *)(const void *)			\
	    (base + im->head->sections[FORM_##name].first);		\
	im->n##name = im->head->sections[FORM_##name].n;
	FORM_SECTIONS(SECTION)
#undef SECTION
	return 0;
}

static int
head_check(const struct f_head *h, struct str bytes, struct err *e)
{
	unsigned char hash[SHA256_BYTES];

	if (memcmp(h->magic, FORM_MAGIC, sizeof(h->magic)) != 0)
		return refuse(e, "it does not begin as one");
	if (h->version != FORM_VERSION)
		return refuse(e, "it was made by another version");
	if (h->size != bytes.len)
		return refuse(e, "its size is not what it says");
	sha256(str_from(bytes, FORM_HASHED), hash);
	if (memcmp(hash, h->hash, sizeof(hash)) != 0)
		return refuse(e, "its hash does not agree with its content");
	if (h->mode > POLICY_PERMISSIVE || h->system > POLICY_SYSTEM_LAYERED ||
	    (h->flags & ~(uint32_t)FORM_FLAGS) != 0 || h->zero != 0)
		return refuse(e, "its header holds an unknown value");
	return 0;
}

static void
info_fill(struct image *im)
{
	struct image_info *info = &im->info;

	for (size_t i = 0; i < SHA256_BYTES; i++)
		(void)snprintf(info->hash + 2 * i, 3, "%02x",
		    im->head->hash[i]);
	info->mode = (enum policy_mode)im->head->mode;
	info->system = (enum policy_system)im->head->system;
	info->files = im->nfiles;
	info->needs_file_gate = (im->fpaths->flags & FPATHS_GATE) != 0;
	info->needs_exec_gate = im->ncommands > 0;
	/* what a script's interpreter reads is to be what a person saw */
	info->needs_file_gate |= im->ncommands > 0 &&
	    im->commands->made == MADE_ASK;
	info->file_hide = (im->fpaths->flags & FPATHS_HIDE) != 0;
	for (uint32_t i = 0; i < im->nfrules; i++)
		if ((im->frules[i].flags & FRULE_HIDE) != 0)
			info->file_hide = true;
	info->has_network = (im->head->flags & FORM_DEFAULT_ALLOW) != 0;
	for (uint32_t i = 0; i < im->nrules; i++) {
		if ((im->rules[i].flags & RULE_DENY) == 0)
			info->has_network = true;
		if (im->rules[i].exes.n > 0 || (cond_facts(im,
			im->rules[i].when) & (FACT_BIT(FACT_EXE) |
			FACT_BIT(FACT_CALLERS))) != 0)
			info->needs_who = true;
	}
	for (uint32_t i = 0; i < im->nneeds; i++)
		if (im->needs[i].detail == DETAIL_HEADER)
			info->needs_fields = true;
		else if ((DETAILS_OF_BODY >> im->needs[i].detail & 1) != 0)
			info->needs_body = true;
}

/* The one that shows less, and lets less be written. */
static enum policy_system
system_least(enum policy_system a, enum policy_system b)
{
	if (a == POLICY_SYSTEM_NONE || b == POLICY_SYSTEM_NONE)
		return POLICY_SYSTEM_NONE;
	return a == POLICY_SYSTEM_LAYERED ? b : a;
}

/* The image within is checked as any other; one within that is not taken. */
static int
maximum_take(struct image *im, struct err *e)
{
	const struct f_head *h = (const void *)im->maximum;

	if (im->nmaximum >= sizeof(*h) && h->sections[FORM_maximum].n != 0)
		return refuse(e, "its maximum has one of its own");
	if (im->nmaximum >= sizeof(*h) && h->sections[FORM_profiles].n != 0)
		return refuse(e, "its maximum has profiles");
	if (image_of(str_of(im->maximum, im->nmaximum), &im->max, e) == -1)
		return err_wrap(e, "its maximum");
	if (((im->head->flags ^ im->max->head->flags) & FORM_CHECK_ONLY) != 0)
		return refuse(e, "its maximum is of another stage");
	im->own = mem_alloc(1, sizeof(*im->own));
	*im->own = *im;
	im->own->owned = NULL;
	im->own->mapped = 0;
	im->own->max = NULL;
	im->own->own = NULL;
	im->info.has_network &= im->max->info.has_network;
	im->info.needs_who |= im->max->info.needs_who;
	im->info.needs_fields |= im->max->info.needs_fields;
	im->info.needs_body |= im->max->info.needs_body;
	im->info.needs_file_gate |= im->max->info.needs_file_gate;
	im->info.needs_exec_gate |= im->max->info.needs_exec_gate;
	im->info.bounded = im->max->info.mode == POLICY_ENFORCE;
	im->info.file_hide |= im->max->info.file_hide;
	im->info.system = system_least(im->info.system,
	    im->max->info.system);
	im->max->bounds = true;
	im->max->first = im->ncnames;
	return 0;
}

/* ---- profiles */

static bool
profile_record_ok(const struct image *im, uint32_t i)
{
	const struct f_profile *p = &im->profiles[i];
	struct str name;

	if (!text_ok(im, p->name) || p->name.len == 0 ||
	    p->name.len > PROFILE_BYTES_MAX ||
	    p->image.first % FORM_ALIGN != 0 ||
	    !span_ok(p->image, im->ninner) ||
	    p->image.n < sizeof(struct f_head))
		return false;
	name = form_text(im, p->name);
	for (uint32_t k = 0; k < i; k++)
		if (str_eq(form_text(im, im->profiles[k].name), name))
			return false;
	return true;
}

/* It is no further than that, either. */
static int
profile_take(struct image *im, uint32_t i, struct err *e)
{
	const struct f_span at = im->profiles[i].image;
	const struct f_head *h = (const void *)(im->inner + at.first);
	struct image *p;

	if (h->sections[FORM_maximum].n != 0 ||
	    h->sections[FORM_profiles].n != 0)
		return refuse(e, "a profile has a maximum, or profiles");
	if (image_of(str_of(im->inner + at.first, at.n), &im->under[i], e) ==
	    -1)
		return err_wrap(e, "a profile");
	p = im->under[i];
	if (((im->head->flags ^ p->head->flags) & FORM_CHECK_ONLY) != 0 ||
	    im->head->mode != p->head->mode)
		return refuse(e, "a profile is of another stage or mode");
	p->bounds = true;
	im->info.needs_who |= p->info.needs_who;
	im->info.needs_fields |= p->info.needs_fields;
	im->info.needs_body |= p->info.needs_body;
	im->info.file_hide |= p->info.file_hide;
	p->profile = i + 1;
	return 0;
}

/* Those of profiles are counted behind the policy's own. */
static bool
rates_take(struct image *im)
{
	uint32_t n = im->nrates;

	for (uint32_t i = 0; i < im->nprofiles; i++) {
		struct image *p = im->under[i];

		p->rate = n;
		n += p->nrates;
		if (n > RATES_MAX)
			return false;
		for (uint32_t k = 0; k < p->nrates; k++)
			if (p->rates[k].whole != 0)
				p->whole_rates |= UINT64_C(1) << (p->rate + k);
	}
	return true;
}

/* Which profile a rule leads to is of this image's, also in the profiles'. */
static bool
unders_ok(const struct image *im, const struct image *one)
{
	for (uint32_t i = 0; i < one->ncrules; i++)
		if (one->crules[i].under > im->nprofiles)
			return false;
	return true;
}

static int
profiles_take(struct image *im, struct err *e)
{
	uint32_t first = im->ncnames +
	    (im->max == NULL ? 0 : im->max->ncnames);

	if (im->nprofiles > PROFILES_MAX || (im->nprofiles == 0 &&
	    im->ninner != 0))
		return refuse(e, "its profiles are damaged");
	im->under = im->nprofiles == 0 ? NULL :
	    mem_alloc(im->nprofiles, sizeof(struct image *));
	for (uint32_t i = 0; i < im->nprofiles; i++) {
		if (!profile_record_ok(im, i))
			return refuse(e, "its profiles are damaged");
		if (profile_take(im, i, e) == -1)
			return -1;
		if (!unders_ok(im, im->under[i]))
			return refuse(e, "a profile is not there");
		im->under[i]->first = first;
		first += im->under[i]->ncnames;
	}
	if (im->nprofiles > 0 && !unders_ok(im, im))
		return refuse(e, "a profile is not there");
	if (!rates_take(im))
		return refuse(e, "its profiles have too many limits");
	if (im->nprofiles > 0)
		im->info.needs_who = im->info.needs_file_gate = true;
	return 0;
}

static int
image_check(struct image *im, struct str bytes, struct err *e)
{
	const char *fault;

	if (head_check(im->head, bytes, e) == -1 ||
	    sections_find(im, e) == -1)
		return -1;
	fault = image_net_fault(im);
	if (fault == NULL)
		fault = image_files_fault(im);
	if (fault == NULL)
		fault = image_conds_fault(im);
	if (fault == NULL)
		fault = image_models_fault(im);
	if (fault == NULL)
		fault = image_limits_fault(im);
	if (fault == NULL)
		fault = image_labels_fault(im);
	if (fault == NULL)
		fault = image_commands_fault(im);
	if (fault != NULL)
		return refuse(e, fault);
	info_fill(im);
	if (im->nmaximum != 0 && maximum_take(im, e) == -1)
		return -1;
	return profiles_take(im, e);
}

int
image_of(struct str bytes, struct image **out, struct err *e)
{
	struct image *im;
	const char *p = bytes.p;

	*out = NULL;
	if (bytes.len < sizeof(struct f_head))
		return refuse(e, "it is too short");
	if (bytes.len > IMAGE_BYTES_MAX)
		return refuse(e, "it is too long");
	im = mem_alloc(1, sizeof(*im));
	if ((uintptr_t)p % FORM_ALIGN != 0) {
		im->owned = mem_alloc(1, bytes.len);
		p = memcpy(im->owned, p, bytes.len);
	}
	im->head = (const struct f_head *)(const void *)p;
	if (image_check(im, str_of(p, bytes.len), e) == -1) {
		image_free(im);
		return -1;
	}
	*out = im;
	return 0;
}

/* What is mapped must not change any more, or checking it was for nothing. */
static int
seals_check(int fd, struct err *e)
{
	const int want = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals == -1)
		return err_sys(e, "policy image refused: it is not a memfd");
	if ((seals & want) != want)
		return refuse(e, "it is not sealed");
	return 0;
}

int
image_open(int fd, struct image **out, struct err *e)
{
	struct stat st;
	void *p;

	if (seals_check(fd, e) == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		return err_sys(e, "stat of the policy image");
	if (st.st_size < (off_t)sizeof(struct f_head) ||
	    st.st_size > IMAGE_BYTES_MAX)
		return refuse(e, "its size is out of bounds");
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_sys(e, "map the policy image");
	/* The mapping is page-aligned, so image_of() makes no copy. */
	if (image_of(str_of(p, (size_t)st.st_size), out, e) == -1) {
		(void)munmap(p, (size_t)st.st_size); /* ours, just mapped */
		return -1;
	}
	(*out)->owned = p;
	(*out)->mapped = (size_t)st.st_size;
	if (((*out)->head->flags & FORM_CHECK_ONLY) != 0) {
		image_free(*out);
		*out = NULL;
		return refuse(e, "it was compiled to be checked, not to be "
		    "enforced");
	}
	return 0;
}

void
image_free(struct image *im)
{
	if (im == NULL)
		return;
	image_free(im->max);
	for (uint32_t i = 0; im->under != NULL && i < im->nprofiles; i++)
		image_free(im->under[i]);
	free(im->under);
	free(im->own);
	if (im->mapped != 0)
		(void)munmap(im->owned, im->mapped); /* ours, so it works */
	else
		free(im->owned);
	free(im);
}

const struct image_info *
image_info(const struct image *im)
{
	return &im->info;
}

void
image_file(const struct image *im, uint32_t i, struct file_grant *out)
{
	const struct f_file *f;

	must(i < im->nfiles);
	f = &im->files[i];
	out->path = form_text(im, f->path);
	out->access = f->access;
	out->tree = (f->flags & FORM_FILE_TREE) != 0;
	out->deny = (f->flags & FORM_FILE_DENY) != 0;
}
