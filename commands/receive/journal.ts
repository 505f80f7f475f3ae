// receive journal: systemd's journal, to logs.

import { source } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'
import { LABEL_OPTION } from '../../lib/receive/line_options.js'
import type { JournalOptions } from '../../lib/receive/journal.js'
import { STATE_OPTIONS } from '../../lib/state/options.js'

const since = '0.1.0'

export default source({
  name: 'receive journal',
  summary: "read systemd's journal, from where the last run came to",
  description: `
    Follows the journal of this machine, or that of --directory, through journalctl(1), all boots and files of it
    together. MESSAGE becomes body, PRIORITY severity and severity_number, the time is that of the journal.
    --label-fields become labels; the other fields become attributes under their own names, all but those that begin
    with two underscores, or those of --attribute-fields. A value that is no text is {"$bytes":"…"} in base64.
    --internal-labels adds all fields as labels, __journal__systemd_unit and so on, for 'solder relabel'; sinks leave
    them out.

    MATCH is what journalctl takes as such: FIELD=VALUE, several of which are joined as it joins them.

    With --state it puts a checkpoint behind the entries that it read at once, with their cursor. A sink with the same
    --state commits it once everything before it is stored, and the next run goes on behind it. Without a cursor it
    begins with the oldest entry, or with --from end with the next one.

    An entry longer than --max-entry-bytes, a core dump say, is cut and marked with the attribute truncated.`,
  since,
  accepts: [],
  emits: ['log', 'checkpoint'],
  guarantee: `Every entry becomes a record. With --state here and at the sink each is stored at least once through any
    kill, as long as the journal keeps it; what arrives twice came after the last commit. Without it each run begins
    as --from says. What journald itself drops it tells of in the journal. What was cut off an entry is counted
    ('line_too_long').`,
  args: [{ name: 'MATCH', help: 'only entries with FIELD=VALUE', variadic: true }],
  options: {
    unit: { type: 'list', value: 'UNIT', help: 'only entries of this unit; may be given several times', since },
    directory: { type: 'path', value: 'DIR', help: "folder of journal files; the machine's journal if absent", since },
    from: {
      type: 'enum', values: ['start', 'end'], default: 'start', help: 'where to begin without a committed cursor',
      since,
    },
    once: { type: 'bool', help: 'end at the end of the journal, rather than follow it', since },
    ...LABEL_OPTION,
    label_fields: {
      type: 'list',
      default: ['unit=_SYSTEMD_UNIT', 'hostname=_HOSTNAME', 'identifier=SYSLOG_IDENTIFIER'],
      value: 'LABEL=FIELD',
      help: 'field that becomes a label; may be given several times; FIELD alone is a label of its name in lower case',
      since,
    },
    attribute_fields: {
      type: 'list', value: 'FIELD',
      help: 'field that becomes an attribute; may be given several times; all if absent', since,
    },
    internal_labels: { type: 'bool', help: 'add all fields as labels that begin with __journal_', since },
    ...STATE_OPTIONS,
    journalctl: {
      type: 'string', default: 'journalctl', value: 'PROGRAM', help: 'the program that reads the journal', since,
    },
    stop_timeout: {
      type: 'duration', default: '5s', max: '1h', help: 'time for journalctl to end after SIGTERM; then SIGKILL',
      since,
    },
    max_entry_bytes: {
      type: 'bytes', default: '1MiB', help: 'most bytes of an entry; what is more is cut, and marked', since,
      group: 'Bounds',
    },
    max_identities: { type: 'int', default: 100_000, min: 1, help: 'streams remembered', since, group: 'Bounds' },
  },
  async check({ options }) {
    throwAll(await wrong(options))
  },
  examples: [
    {
      command: 'solder receive journal --unit ssh.service --from end | solder view',
      about: 'what a unit says from now on', needs: 'a journal',
    },
    {
      command: 'solder receive journal PRIORITY=3 --state state | solder write file errors.ndjson --state state',
      about: 'keep all errors, each run from where the last one came to',
      needs: 'a journal',
    },
  ],
  async run({ args, options }, context) {
    throwAll(await wrong(options))
    const { JournalSource } = await import('../../lib/receive/journal.js')
    const { State } = await import('../../lib/state/state.js')
    const { tied } = await import('../../lib/pipeline/tied.js')
    const state = options.state === undefined ? null : new State(options.state)
    await new JournalSource(args, options, tied, state, context).run()
  },
})

async function wrong({ journalctl, label_fields }: JournalOptions): Promise<Problem[]> {
  const { exists } = await import('../../lib/pipeline/program.js')
  const { LABEL_FIELD } = await import('../../lib/receive/journal.js')
  const expected = 'FIELD or LABEL=FIELD, such as unit=_SYSTEMD_UNIT'
  const problems = label_fields
    .filter((text) => !LABEL_FIELD.test(text))
    .map((text) => new Problem(`--label-fields: '${text}' is not valid`, { expected }))
  if (await exists(journalctl)) return problems
  return [...problems, new Problem(`no program '${journalctl}'`, { hint: 'it comes with systemd' })]
}
