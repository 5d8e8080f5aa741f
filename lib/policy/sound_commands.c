/* sound_commands.c -- whether the commands in an image are sound. */
#include "policy/exec.h"
#include "policy/match.h"
#include "policy/sound.h"

static bool
texts_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->ncpats; i++)
		if (!text_ok(im, im->cpats[i]) ||
		    im->cpats[i].len > PATTERN_BYTES_MAX)
			return false;
	for (uint32_t i = 0; i < im->ncwatch; i++)
		if (!text_ok(im, im->cwatch[i]))
			return false;
	for (uint32_t i = 0; i < im->ncenvs; i++)
		if (!text_ok(im, im->cenvs[i].name) ||
		    im->cenvs[i].name.len == 0 ||
		    !text_ok(im, im->cenvs[i].value) ||
		    im->cenvs[i].pin > 1)
			return false;
	return true;
}

static bool
tokens_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nctokens; i++) {
		const struct f_ctoken *t = &im->ctokens[i];

		if (t->kind >= CTOKEN_KIND_COUNT ||
		    !span_ok(t->texts, im->ncpats) ||
		    !text_ok(im, t->prefix) || !text_ok(im, t->shown))
			return false;
	}
	return true;
}

static bool
refs_ok(const struct image *im, struct f_span s, uint32_t below)
{
	for (uint32_t i = 0; i < s.n; i++)
		if (im->crefs[s.first + i] >= below)
			return false;
	return true;
}

static bool
rules_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->ncrules; i++) {
		const struct f_crule *r = &im->crules[i];

		if ((r->flags & ~(uint32_t)CRULE_FLAGS) != 0 ||
		    !span_ok(r->envs, im->ncenvs) || r->pins > r->envs.n ||
		    !text_ok(im, r->profile) || r->under > PROFILES_MAX ||
		    !span_ok(r->tokens, im->ncrefs) ||
		    !refs_ok(im, r->tokens, im->nctokens) ||
		    !span_ok(r->needs, im->ncrefs) ||
		    r->options > r->needs.n || r->when > im->nconds ||
		    r->file >= im->ntexts ||
		    !text_ok(im, r->text))
			return false;
	}
	return true;
}

static bool
lists_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nclists; i++)
		if (!span_ok(im->clists[i], im->ncrefs))
			return false;
	return true;
}

/* Each list holds numbers below that. */
static bool
lists_hold(const struct image *im, struct f_span lists, uint32_t below)
{
	if (!span_ok(lists, im->nclists))
		return false;
	for (uint32_t i = 0; i < lists.n; i++)
		if (!refs_ok(im, im->clists[lists.first + i], below))
			return false;
	return true;
}

/* ---- automata */

/* Labels are looked up with care (list_of in exec_read.c): which of them a
 * walk from some state can reach is not known here. */
static bool
readers_ok(const struct image *im)
{
	if (!walk_sound(im->csteps, im->ncsteps) ||
	    !walk_labels_below(im->csteps, im->ncsteps, CLASSES_MAX))
		return false;
	for (uint32_t i = 0; i < im->ncreaders; i++) {
		const struct f_creader *r = &im->creaders[i];

		if (r->source >= READ_SOURCE_COUNT ||
		    !walk_is_state(im->ncsteps, r->walk) ||
		    !span_ok(r->lists, im->nclists))
			return false;
	}
	return true;
}

/* About the same argument only a later reader may be asked. */
static bool
to_ok(const struct image *im, uint32_t from, uint32_t to)
{
	uint32_t node = to & ~NODE_NEXT;

	return node < im->ncnodes && ((to & NODE_NEXT) != 0 ||
	    im->cnodes[node].reader > im->cnodes[from].reader);
}

static bool
nodes_ok(const struct image *im)
{
	if (im->ncnodes > 0 && (im->cnodes[0].other != NODE_NEXT ||
	    im->cnodes[0].reader != NODE_ANY || im->cnodes[0].list != 0))
		return false;
	for (uint32_t i = 0; i < im->ncnodes; i++) {
		const struct f_cnode *n = &im->cnodes[i];

		if ((n->reader >= READERS_MAX && n->reader != NODE_ANY) ||
		    !to_ok(im, i, n->other) ||
		    (n->label != 0 && !to_ok(im, i, n->to)) ||
		    n->list >= im->nclists ||
		    !refs_ok(im, im->clists[n->list], im->ncrules))
			return false;
	}
	return true;
}

static bool
ways_ok(const struct image *im)
{
	uint32_t used = 0;

	if (im->ncnodes == 0 && im->ncways == 0)
		return true;
	if (im->ncways < 4 || (im->ncways & (im->ncways - 1)) != 0)
		return false;
	for (uint32_t i = 0; i < im->ncways; i++) {
		const struct f_cway *w = &im->cways[i];

		if (w->from >= im->ncnodes || (w->from != 0 &&
		    !to_ok(im, w->from, w->to)))
			return false;
		used += w->from != 0;
	}
	return used <= im->ncways / 2;	/* some are free: a search ends */
}

/* ---- commands */

static bool
denies_ok(const struct image *im, const struct f_command *c)
{
	uint32_t words = c->keys.n;

	if (words > WORDS_MAX + 1 || !span_ok(c->words, im->ncreaders) ||
	    c->words.n > READERS_MAX ||
	    !lists_hold(im, c->keys, im->ncrules) ||
	    !span_ok(c->denies, im->ncrules))
		return false;
	for (uint32_t i = 0; i < c->words.n; i++)
		if (!lists_hold(im, im->creaders[c->words.first + i].lists,
			words))
			return false;
	return true;
}

/* What a key leads to is a deny of the same command: its words have numbers
 * that mean something there. */
static bool
keys_ok(const struct image *im, const struct f_command *c)
{
	for (uint32_t i = 0; i < c->keys.n; i++) {
		struct f_span l = im->clists[c->keys.first + i];

		for (uint32_t k = 0; k < l.n; k++) {
			uint32_t r = im->crefs[l.first + k];

			if (r < c->denies.first ||
			    r - c->denies.first >= c->denies.n)
				return false;
		}
	}
	for (uint32_t i = 0; i < c->denies.n; i++)
		if (!refs_ok(im, im->crules[c->denies.first + i].needs,
			c->keys.n))
			return false;
	return true;
}

static bool
command_ok(const struct image *im, const struct f_command *c)
{
	return text_ok(im, c->name) && c->name.len > 0 &&
	    (c->flags & ~(uint32_t)COMMAND_FLAGS) == 0 &&
	    span_ok(c->bare, im->ncrules) &&
	    span_ok(c->grants, im->ncrules) &&
	    span_ok(c->readers, im->ncreaders) &&
	    c->readers.n <= READERS_MAX && c->parts.n <= PARTS_MAX &&
	    span_ok(c->parts, im->ncrefs) &&
	    refs_ok(im, c->parts, im->ncnodes) && denies_ok(im, c) &&
	    keys_ok(im, c);
}

static bool
slots_ok(const struct image *im)
{
	uint32_t used = 0;

	if (im->ncnames == 0)
		return im->ncslots == 0;
	if (im->ncnames > (1U << 20) ||
	    im->ncslots != form_slots(im->ncnames))
		return false;
	for (uint32_t i = 0; i < im->ncslots; i++) {
		if (im->cslots[i] > im->ncnames)
			return false;
		used += im->cslots[i] != 0;
	}
	return used <= im->ncnames;	/* some are free: a search ends */
}

const char *
image_commands_fault(const struct image *im)
{
	if (im->ncommands > 1 || (im->ncommands == 1 &&
	    (im->commands->fallback > 1 || im->commands->made > MADE_ALLOW ||
	    im->commands->absolute > 1)))
		return "what it says of commands is damaged";
	if (!texts_ok(im) || !tokens_ok(im) || !lists_ok(im) ||
	    !rules_ok(im) || !readers_ok(im) || !nodes_ok(im) ||
	    !ways_ok(im) || !slots_ok(im))
		return "a rule of its commands is damaged";
	for (uint32_t i = 0; i < im->ncnames; i++)
		if (!command_ok(im, &im->cnames[i]))
			return "a command is damaged";
	return NULL;
}
