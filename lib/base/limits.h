/* limits.h -- every bound that more than one file must agree on. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define HOST_BYTES_MAX		253	/* RFC 1035: a name without its root dot */
#define LABEL_BYTES_MAX		63	/* RFC 1035 */
#define ERR_BYTES_MAX		512	/* one sentence, with the place and the fix */
#define NAME_BYTES_MAX		63	/* a sandbox's name: one DNS label */
#define ID_BYTES_MAX		26	/* a sandbox's id: a ULID in text */
#define HASH_HEX_BYTES		64	/* SHA-256 in hex */

#define MSG_BYTES_MAX		131072	/* fits a default SEQPACKET send buffer */
#define MSG_FDS_MAX		12	/* descriptors in one message */

#define ARG_COUNT_MAX		4096	/* argv or environment strings of a command */
#define ARGS_BYTES_MAX		98304	/* all of them together, in one message */
#define MOUNT_COUNT_MAX		64	/* --mount, per sandbox */
#define PATH_BYTES_MAX		4096	/* PATH_MAX */

#define POLICY_BYTES_MAX	1048576	/* one YAML document (spec/policy.md) */
#define POLICY_FILES_MAX	64	/* documents merged into one policy */
#define IMAGE_BYTES_MAX		16777216 /* a compiled policy */

#define HTTP_HEAD_BYTES_MAX	32768	/* request or response line and fields */
#define HTTP_FIELDS_MAX		128	/* header fields in one message */
#define HTTP_TARGET_BYTES_MAX	8192	/* request target */

#define AUDIT_SEGMENT_BYTES_MAX	67108864 /* then the log goes on in a new file */
#define AUDIT_PENDING_BYTES_MAX	1048576	/* lines not written yet: read no more */
#define AUDIT_FLIGHT_MAX	64	/* unacknowledged messages of one speaker */
#define AUDIT_HELD_BYTES_MAX	1048576	/* unacknowledged records of one speaker */
#define AUDITOR_IDLE_S		5	/* an auditor nobody speaks to ends: the
					 * next gateway starts another */

#define SANDBOX_COUNT_MAX	1024	/* per gateway */
#define BOX_PIDS_MAX		8192	/* processes and threads in one sandbox */
#define BOX_FILES_MAX		65536	/* open files of one process in it */
#define APPROVAL_S_DEFAULT	600	/* that a person has to answer a proposal */
#define SESSION_COUNT_MAX	256	/* live sessions per sandbox */
#define REPLAY_BYTES_MAX	262144	/* last output kept for a reattach */

#endif
