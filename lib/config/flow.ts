// What flows between pipes and stages: names that exist, no circles, records that somebody takes.

import type { StageComponent } from '../component.js'
import { didYouMean, type Place, Problem } from '../diag/problem.js'
import { type Pipe, type PipeStage } from '../pipeline/model.js'
import { RECORD_TYPES, type RecordType } from '../record/type.js'
import type { LonePipe } from './pipe.js'

/** Types of the records that come somewhere; null where that is not known. */
type Types = ReadonlySet<RecordType> | null

/**
 * Joins pipes by their names.
 * @param names of all pipes, also of those that could not be read
 * @returns the pipes, each behind those that it reads; what is wrong is added to `problems`
 */
export function joinPipes(lone: readonly LonePipe[], names: readonly string[], problems: Problem[]): Pipe[] {
  const readersOf = (name: string) => lone.filter(({ reads }) => reads.includes(name)).map((pipe) => pipe.name)
  const pipes = lone.map((pipe): Pipe => ({ ...pipe, readers: readersOf(pipe.name) }))
  const byName = new Map(pipes.map((pipe) => [pipe.name, pipe]))
  for (const { from } of pipes) {
    for (const { pipe, place } of from) {
      if (pipe === null || names.includes(pipe)) continue
      const details = { place, expected: names.join(', '), hint: didYouMean(pipe, names) }
      problems.push(new Problem(`unknown pipe '${pipe}'`, details))
    }
  }
  const ordered = order(pipes, byName, problems)
  // A pipe that could not be read might have been the reader.
  if (lone.length === names.length) for (const pipe of pipes) unread(pipe, problems)
  checkTypes(ordered, problems)
  return ordered
}

function unread({ name, place, to, readers }: Pipe, problems: Problem[]): void {
  if (to.length > 0 || readers.length > 0) return
  const expected = `a sink as its last stage, or another pipe with 'pipe ${name}'`
  problems.push(new Problem(`nothing takes what comes out of pipe '${name}'`, { place, expected }))
}

/** Pipes behind those that they read; each circle is told once. */
function order(pipes: readonly Pipe[], byName: ReadonlyMap<string, Pipe>, problems: Problem[]): Pipe[] {
  const done = new Set<Pipe>()
  const ordered: Pipe[] = []
  const visit = (pipe: Pipe, path: readonly Pipe[], place: Place): void => {
    const from = path.indexOf(pipe)
    if (from >= 0) {
      const circle = [...path.slice(from), pipe].map(({ name }) => name).join(' -> ')
      problems.push(new Problem(`pipes read each other in a circle: ${circle}`, { place }))
      return
    }
    if (done.has(pipe)) return
    for (const inlet of pipe.from) {
      const read = inlet.pipe === null ? undefined : byName.get(inlet.pipe)
      if (read !== undefined) visit(read, [...path, pipe], inlet.place)
    }
    if (!done.has(pipe)) ordered.push(pipe)
    done.add(pipe)
  }
  for (const pipe of pipes) visit(pipe, [], pipe.place)
  return ordered
}

function checkTypes(pipes: readonly Pipe[], problems: Problem[]): void {
  const outOf = new Map<string, Types>()
  for (const { name, from, through, to } of pipes) {
    const merged = new Set<RecordType>()
    let known = true
    for (const { pipe, stages } of from) {
      const types = typesBehind(stages, pipe === null ? new Set() : (outOf.get(pipe) ?? null), problems)
      if (types === null) known = false
      else for (const type of types) merged.add(type)
    }
    const out = typesBehind(through, known ? merged : null, problems)
    outOf.set(name, out)
    for (const branch of to) typesBehind(branch, out, problems)
  }
}

/** Tells the stages of a row that get nothing that they take, whatever comes into it. */
export function checkRow(stages: readonly PipeStage[], problems: Problem[]): void {
  typesBehind(stages, null, problems)
}

/** The types behind stages; a stage that gets nothing that it takes is told. */
function typesBehind(stages: readonly PipeStage[], incoming: Types, problems: Problem[]): Types {
  let types = incoming
  for (const stage of stages) {
    if (stage.kind === 'program') {
      types = null
      continue
    }
    const { component, place } = stage
    if (takesNothing(component, types) && !(component.role === 'source' && stage.input().args.length > 0)) {
      problems.push(
        new Problem(`'${component.name}' gets no record that it takes`, {
          place,
          expected: component.accepts.join(', '),
          hint: `here come ${listed([...types!])}`,
        }),
      )
      return null
    }
    types = behind(component, types)
  }
  return types
}

function takesNothing({ accepts }: StageComponent, types: Types): boolean {
  if (types === null || accepts.length === 0 || accepts.includes('any')) return false
  return types.size > 0 && ![...types].some((type) => accepts.includes(type))
}

function behind({ role, accepts, emits }: StageComponent, types: Types): Types {
  const made = emits.filter((type) => type !== 'same')
  if (role === 'source') return emits.includes('same') ? null : new Set(made)
  if (types === null) return null
  // What a filter does not look at passes.
  const looksAt = (type: RecordType) => accepts.includes('any') || accepts.includes(type)
  const passed = [...types].filter((type) => emits.includes('same') || !looksAt(type))
  return new Set([...passed, ...made])
}

function listed(types: readonly RecordType[]): string {
  const sorted = RECORD_TYPES.filter((type) => types.includes(type) && type !== 'checkpoint')
  return sorted.length > 1
    ? `${sorted.slice(0, -1).join(', ')} and ${sorted[sorted.length - 1]} records`
    : `${sorted.join()} records`
}
