// Short forms of rules for a shell: --keep job=api|web, --set site=${zone}-1, --rename code=status …

import { Problem, throwAll } from '../diag/problem.js'
import { Pattern } from '../regex/pattern.js'
import { isLabelName, type NameScheme } from './name.js'
import { RelabelRules } from './rules.js'
import type { Step } from './step.js'

export interface ShortForms {
  /** `LABEL=REGEX` or `LABEL,LABEL=REGEX` */
  keep: readonly string[]
  drop: readonly string[]
  /** Label to text, in which `${label}` is another label's value and `$$` a dollar sign. */
  set: ReadonlyMap<string, string>
  /** Old name to new name. */
  rename: ReadonlyMap<string, string>
  /** Patterns of label names; the metric's own name is none. */
  labeldrop: readonly string[]
  labelkeep: readonly string[]
}

const NAME = '__name__'

/** Rules of the short forms, in the order of the interface's keys. Throws every Problem at once. */
export function shortRules(forms: ShortForms, scheme: NameScheme = 'utf8'): RelabelRules {
  const problems: Problem[] = []
  const steps: Step[] = []
  const add = (make: () => Step) => {
    try {
      steps.push(make())
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      problems.push(error)
    }
  }
  for (const text of forms.keep) add(() => decision('--keep', text, true))
  for (const text of forms.drop) add(() => decision('--drop', text, false))
  for (const [name, text] of forms.set) add(() => assignment(checked('--set', name, scheme), text))
  for (const [from, to] of forms.rename) add(() => renaming(from, checked('--rename', to, scheme)))
  for (const text of forms.labeldrop) add(() => selection('--labeldrop', text, false))
  for (const text of forms.labelkeep) add(() => selection('--labelkeep', text, true))
  throwAll(problems)
  return new RelabelRules(steps)
}

function checked(flag: string, name: string, scheme: NameScheme): string {
  if (isLabelName(name, scheme)) return name
  throw new Problem(`${flag}: ${JSON.stringify(name)} is not a label name`, {
    expected: scheme === 'legacy' ? 'letters, digits and _' : 'a UTF-8 name',
  })
}

/** A pattern within the text of a flag, whose faults are shown there. */
function patternIn(flag: string, text: string, from: number): Pattern {
  try {
    return Pattern.anchored(text.slice(from))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { column = 1, length } = error.place ?? {}
    throw new Problem(error.message, { place: { file: flag, line: 1, column: column + from, length, source: text } })
  }
}

function decision(flag: string, text: string, keep: boolean): Step {
  const equals = text.indexOf('=')
  if (equals < 1) throw new Problem(`${flag}: '${text}' is not valid`, { expected: 'LABEL=REGEX or LABEL,LABEL=REGEX' })
  const names = text.slice(0, equals).split(',')
  const pattern = patternIn(flag, text, equals + 1)
  return {
    apply: (labels) => pattern.test(names.map((name) => labels.get(name)).join(';')) === keep,
    reads: names,
    writes: null,
    drops: true,
  }
}

function assignment(name: string, text: string): Step {
  const pieces: ({ text: string } | { label: string })[] = []
  for (const [whole, label] of text.matchAll(/\$\$|\$\{([^}]*)\}|[^$]+|\$/g)) {
    pieces.push(label === undefined ? { text: whole === '$$' ? '$' : whole } : { label })
  }
  return {
    apply: (labels) => {
      labels.set(name, pieces.map((piece) => ('text' in piece ? piece.text : labels.get(piece.label))).join(''))
      return true
    },
    reads: pieces.flatMap((piece) => ('label' in piece ? [piece.label] : [])),
    writes: name,
    drops: false,
  }
}

function renaming(from: string, to: string): Step {
  return {
    apply: (labels) => {
      const value = labels.get(from)
      if (value === '' || from === to) return true
      labels.delete(from)
      labels.set(to, value)
      return true
    },
    reads: [from],
    writes: null,
    drops: false,
  }
}

function selection(flag: string, text: string, keep: boolean): Step {
  const pattern = patternIn(flag, text, 0)
  return {
    apply: (labels) => {
      for (const [name] of labels.entries()) {
        if (name !== NAME && pattern.test(name) !== keep) labels.delete(name)
      }
      return true
    },
    reads: null,
    writes: null,
    drops: false,
  }
}
