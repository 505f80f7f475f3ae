// From the text of a pipe to stages that can run: every component found, every word of it checked.

import { type CatalogueEntry, type Component, type Input, loadComponent, type StageComponent } from '../component.js'
import { collect, Problem, problemsOf, throwAll } from '../diag/problem.js'
import type { OptionTable } from '../option/table.js'
import { problemAt, type Source } from './source.js'
import { splitPipe, type Stage, type Word } from './words.js'

export interface Planned {
  readonly component: StageComponent
  readonly input: Input<OptionTable>
}

/** What the words of a command mean. */
export interface Language {
  /** Finds the component that the first words name; the rest are its own. */
  find(words: readonly string[]): { entry: CatalogueEntry; rest: readonly string[] }
  /** Validates its arguments and options. */
  parse(component: Component, words: readonly string[]): Input<OptionTable>
}

/** Reads a whole pipe. Throws the problems of all stages at once, each with its place in the text. */
export async function planPipe(source: Source, language: Language): Promise<Planned[]> {
  const stages = splitPipe(source)
  const problems: Problem[] = []
  const planned: Planned[] = []
  for (const [index, stage] of stages.entries()) {
    const position: Position = { first: index === 0, last: index === stages.length - 1 }
    const found = await collect(problems, () => planStage(source, stage, position, language))
    if (found !== undefined) planned.push(found)
  }
  throwAll(problems)
  return planned
}

/** Where a stage stands in its pipe. */
interface Position {
  first: boolean
  last: boolean
}

async function planStage(source: Source, stage: Stage, position: Position, language: Language): Promise<Planned> {
  const { entry, rest } = find(source, stage, language)
  const component = await loadComponent(entry)
  const name = nameIn(stage, stage.length - rest.length)
  if (component.role === 'tool') {
    const hint = `run it by itself: solder ${component.name}`
    throw problemAt(source, name, new Problem(`'${component.name}' is no stage of a pipe`, { hint }))
  }
  const problems: Problem[] = []
  const misplaced = misplacement(component, position)
  if (misplaced !== null) problems.push(problemAt(source, name, misplaced))
  for (const word of unmatched(component, stage)) problems.push(patternProblem(source, word))
  const wrong: Problem[] = []
  const input = await collect(wrong, () => language.parse(component, rest))
  for (const problem of wrong) problems.push(place(source, stage, name, problem))
  throwAll(problems)
  return { component, input: input! }
}

function find(source: Source, stage: Stage, language: Language): ReturnType<Language['find']> {
  const [first] = stage
  try {
    return language.find(stage.map((word) => word.text))
  } catch (error) {
    const [problem] = problemsOf(error)
    if (/^\w+=/.test(first.text)) {
      const hint = `set it for the whole command: ${first.text} solder run …`
      throw problemAt(source, first, new Problem('a variable needs a shell, and none runs this pipe', { hint }))
    }
    if (problem.hint !== undefined || !problem.message.startsWith('unknown command')) throw problemAt(source, first, problem)
    const hint = 'another program is joined by the shell: solder run -e … | PROGRAM | solder run -e …'
    throw problemAt(source, first, new Problem(`'${first.text}' is no command of solder`, { hint }))
  }
}

/** Why a component cannot stand there, or null. */
function misplacement({ name, role, accepts }: StageComponent, { first, last }: Position): Problem | null {
  if (role === 'sink' && !last) {
    return new Problem(`nothing comes out of '${name}'`, { expected: 'it as the last stage of the pipe' })
  }
  if (role === 'source' && !first && accepts.length === 0) {
    return new Problem(`'${name}' reads no records`, { expected: 'it as the first stage of the pipe' })
  }
  return null
}

/** Words that a shell would have replaced by names of files, for a component that looks for none itself. */
function unmatched({ args }: StageComponent, stage: Stage): Word[] {
  const names = args.some((arg) => arg.path === true && arg.name !== 'GLOB')
  return names ? stage.filter((word) => word.pattern && !word.text.startsWith('-')) : []
}

function patternProblem(source: Source, word: Word): Problem {
  const hint = 'name the files, or quote it if one is called so'
  return problemAt(source, word, new Problem(`pattern '${word.text}' needs a shell, and none runs this pipe`, { hint }))
}

/** The words that name the component, as one. */
function nameIn(stage: Stage, count: number): Word {
  const [first] = stage
  const last = stage[count - 1]
  return last.line === first.line ? { ...first, length: last.column + last.length - first.column } : first
}

/** A problem of a stage at the option that it is about, or at the stage's name. */
function place(source: Source, stage: Stage, name: Word, problem: Problem): Problem {
  const about = stage.find(({ text }) => text.startsWith('--') && names(problem.message, text.split('=')[0]))
  return problem.place === undefined ? problemAt(source, about ?? name, problem) : problem
}

function names(message: string, flag: string): boolean {
  return message.split(/[\s:'=]+/).includes(flag)
}
