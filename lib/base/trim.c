/* trim.c -- MADV_DONTNEED on a private mapping of a file throws away what was
 * written to it (madvise(2)), so only segments that are not writable in the
 * file are touched: relocations are all in writable ones. */
#include "base/trim.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static int
trim_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + ph->p_vaddr;
		uintptr_t to = (from + ph->p_filesz) & ~(page - 1);

		from = (from + page - 1) & ~(page - 1);
		if (ph->p_type != PT_LOAD || (ph->p_flags & PF_W) != 0 ||
		    from >= to)
			continue;
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void
trim_code(void)
{
	(void)dl_iterate_phdr(trim_object, NULL);
}
