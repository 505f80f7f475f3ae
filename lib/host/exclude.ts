// What is left out unless told otherwise, as in node_exporter 1.5 (Debian's package leaves out more).

import { Problem } from '../diag/problem.js'
import { flagOf } from '../option/table.js'
import { Pattern } from '../regex/pattern.js'

/** RE2 patterns, searched for in names. */
export const DEFAULT_EXCLUDES = {
  disk_exclude: '^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$',
  net_exclude: '^$',
  mount_exclude: '^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)',
  fs_type_exclude:
    '^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay' +
    '|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$',
} as const

/** Whether a name is left out by the pattern of an option; what is wrong with the pattern joins the problems. */
export function exclusion(
  key: keyof typeof DEFAULT_EXCLUDES,
  source: string,
  problems: Problem[],
): (name: string) => boolean {
  try {
    const pattern = Pattern.search(source)
    return (name) => pattern.test(name)
  } catch (error) {
    if (!(error instanceof Problem) || error.place === undefined) throw error
    problems.push(new Problem(error.message, { place: { ...error.place, file: flagOf(key) } }))
    return () => false
  }
}
