/* procmap_abi.h -- a question about /proc/PID/maps (Linux 6.11), which a build
 * machine's headers may not have yet. */
#ifndef JAIL_PROCMAP_ABI_H
#define JAIL_PROCMAP_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#ifndef PROCMAP_QUERY
struct procmap_query {
	__u64 size;
	__u64 query_flags;	/* 0: what covers query_addr, or ENOENT */
	__u64 query_addr;
	__u64 vma_start, vma_end, vma_flags, vma_page_size, vma_offset;
	__u64 inode;
	__u32 dev_major, dev_minor;
	__u32 vma_name_size, build_id_size;
	__u64 vma_name_addr, build_id_addr;
};
#define PROCMAP_QUERY _IOWR('f', 17, struct procmap_query)
#endif

#endif
