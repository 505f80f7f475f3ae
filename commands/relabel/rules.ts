// relabel: Prometheus relabel rules over records of every type.

import { filter, type IdentityTransform } from '../../lib/component.js'
import { collect, type Problem, throwAll } from '../../lib/diag/problem.js'
import { readRuleFile } from '../../lib/io/rule_file.js'
import type { RuleConfig } from '../../lib/relabel/config.js'
import type { ShortForms } from '../../lib/relabel/short.js'

const since = '0.1.0'
const group = 'Short forms, applied after the files in this order'
const SAMPLE = `printf '%s\\n' '{"type":"metric","name":"up","labels":{"instance":"h:1","job":"node"},"ts":"1","value":1}'`

export default filter({
  name: 'relabel',
  summary: 'rewrite, keep or drop records by their labels, with Prometheus relabel rules',
  description: `
    Applies Prometheus relabel rules to the labels of every record, in order: the rules of the files, file by file, then the
    short forms. A file holds a list of rules, bare or under relabel_configs, metric_relabel_configs,
    write_relabel_configs or rules. All eleven actions work as in Prometheus 3: replace, keep, drop, keepequal, dropequal,
    hashmod, labelmap, labeldrop, labelkeep, lowercase and uppercase. Regular expressions have RE2's syntax, are anchored
    at both ends, and run in linear time.

    The name of a metric or profile is the label __name__. A metric left without name and labels is dropped. Metadata of a
    metric family is dropped when rules that look at __name__ alone drop all series that the family can have, and is renamed
    with them; no other rule touches it. Spans and checkpoints have no labels and pass as they are.

    Short forms of one kind apply in the order given; the kinds apply in the order listed below, wherever they stand on the
    command line. For another order use a file, or two relabels in a row. What is decided depends on the labels alone and is
    remembered for each label set, so that the number of rules hardly matters.`,
  since,
  accepts: ['any'],
  emits: ['same'],
  guarantee: "Records that rules drop are counted under 'relabel'; all others are passed on in order.",
  args: [{ name: 'RULES.yaml', help: 'files of relabel rules', variadic: true, path: true, readAtStart: true }],
  options: {
    keep: { type: 'list', value: 'LABEL=REGEX', help: 'keep only records whose label matches; LABEL,LABEL joins values with ;', since, group },
    drop: { type: 'list', value: 'LABEL=REGEX', help: 'drop records whose label matches; LABEL,LABEL joins values with ;', since, group },
    set: { type: 'map', value: 'LABEL=TEXT', help: 'set a label; ${other} is the value of another, $$ a dollar sign, empty removes it', since, group },
    rename: { type: 'map', value: 'OLD=NEW', help: 'give a label another name', since, group },
    labeldrop: { type: 'list', value: 'REGEX', help: 'remove labels whose name matches; the name of a metric stays', since, group },
    labelkeep: { type: 'list', value: 'REGEX', help: 'remove labels whose name does not match; the name of a metric stays', since, group },
    name_validation_scheme: {
      type: 'enum', values: ['utf8', 'legacy'], default: 'utf8', since,
      help: 'which label names are valid: any UTF-8 text, or letters, digits and underscores',
    },
  },
  async check(input) {
    await rulesOf(input)
  },
  examples: [
    { command: `${SAMPLE} | solder relabel --drop 'job=test|dev' --set site=eu`, about: 'drop two jobs, add a label' },
    { command: `${SAMPLE} | solder relabel --set 'host=\${job}@\${instance}' --labeldrop instance`, about: 'make a label of others' },
    { command: `${SAMPLE} | solder relabel --rename job=service --keep '__name__=up|node_.*'`, about: 'keep some metrics, rename a label' },
    {
      command: 'solder scrape http://127.0.0.1:9100/metrics --every 15s | solder relabel rules.yaml',
      about: "apply a file of Prometheus's metric_relabel_configs", needs: 'a target and a file',
    },
  ],
  async create(input): Promise<IdentityTransform> {
    const { keep, drop, set, rename, labeldrop, labelkeep } = input.options
    const short = keep.length + drop.length + set.size + rename.size + labeldrop.length + labelkeep.length
    // Without rules there is nothing to load.
    if (input.args.length + short === 0) return { identity: (id) => id, reason: 'relabel' }
    const rules = await rulesOf(input)
    return { identity: (id) => rules.identity(id), reason: 'relabel' }
  },
})

type Options = ShortForms & { readonly name_validation_scheme: 'utf8' | 'legacy' }

/** The rules of the files and of the short forms. Throws every Problem at once. */
async function rulesOf({ args, options }: { args: readonly string[]; options: Options }) {
  const { compileRules, RelabelRules } = await import('../../lib/relabel/rules.js')
  const { shortRules } = await import('../../lib/relabel/short.js')
  const scheme = options.name_validation_scheme
  const problems: Problem[] = []
  const fromFiles: RuleConfig[] = []
  for (const file of args)
    await collect(problems, async () => void fromFiles.push(...(await readRuleFile(file, scheme))))
  const steps = (await collect(problems, async () => shortRules(options, scheme)))?.steps
  throwAll(problems)
  return new RelabelRules([...compileRules(fromFiles, scheme).steps, ...steps!])
}
